import { createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import type { Issue } from '#errors';
import { type Definitions, isBase } from '#fhir/model/definitions.ts';
import { everything } from '#search/model/filter.ts';
import { findAll } from '#storage/pages.ts';
import type { Commit, Store } from '#storage/store.ts';
import { beginPass, type Indexing, type Pass, progressOf, reindexChanges, reindexPass } from './reindex.ts';
import { type Custom, checkSearchParameter, customOf, entriesOf } from './search-parameters.ts';

/** What the store notes: for which parameters all resources are indexed, and how far the others are. Both by the id of the
 * SearchParameter, with a hash of what its entries depend on. */
interface Noted {
  readonly ready: Readonly<Record<string, string>>;
  readonly pass?: { readonly parameters: Readonly<Record<string, string>>; readonly place: Pass };
}

const note = 'search-parameters';

/** Milliseconds that one process indexes before it must say that it still does. */
const lease = 10_000;

/** Milliseconds between two looks of a process that finds another at work. */
const patience = 1_000;

export interface CustomOptions extends Indexing {
  readonly definitions: Definitions;
  /** Where something went wrong of which no client is told. */
  readonly log: Logger;
  /** Whether this thread indexes; the others only follow. */
  readonly indexes: boolean;
}

/**
 * The search parameters that SearchParameter resources of the store define. They are in force from the commit that writes them: what is
 * written from then on is indexed by them. Searches use them when what stood there before is indexed too, which is made in the
 * background and goes on after a restart.
 */
export class CustomParameters {
  readonly #options: CustomOptions;
  readonly #owner = randomUUID();
  /** Writes that may have been indexed before the parameters changed. */
  readonly #underway = new Set<Promise<unknown>>();
  #custom: readonly Custom[] = [];
  #noted: Noted | undefined;
  /** What the list of parameters was made from. */
  #seen = '';
  #refreshing: Promise<void> = Promise.resolve();
  #working: Promise<void> | undefined;
  #running = false;

  constructor(options: CustomOptions) {
    this.#options = options;
  }

  /** Every problem of a resource as a definition of a search parameter; none if it is no SearchParameter. */
  check(resource: Resource): readonly Issue[] {
    if (resource.resourceType !== 'SearchParameter') return [];
    return checkSearchParameter(resource, { definitions: this.#options.definitions, custom: this.#custom });
  }

  /** To be told of every write that this thread or one that it leads makes: until it is over, no parameter gets ready. */
  track<T>(write: Promise<T>): Promise<T> {
    this.#underway.add(write);
    const over = () => this.#underway.delete(write);
    write.then(over, over);
    return write;
  }

  /** What a commit of this thread wrote takes effect. */
  async committed({ versions }: Commit): Promise<void> {
    if (versions.some((version) => version?.type === 'SearchParameter')) await this.refresh();
  }

  /** Reads the parameters from the store if they may have changed there. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refresh());
    return this.#refreshing;
  }

  /** For a new store: the parameters of what it will hold first are ready, as there is nothing to index. */
  async adopt(resources: readonly Resource[]): Promise<void> {
    this.#custom = customsOf(resources.filter(isSearchParameter), this.#options);
    await this.ready();
  }

  /** All resources are indexed by all parameters. */
  async ready(): Promise<void> {
    this.#noted = { ready: Object.fromEntries(this.#custom.map((c) => [c.id, hashOf(c)])) };
    this.#define();
    await this.#save();
  }

  /** Indexes by the parameters that are not ready, from now on whenever there are some. */
  start(): void {
    this.#running = true;
    if (this.#working !== undefined || this.#building.length === 0) return;
    this.#working = this.#work().then(
      () => {
        this.#working = undefined;
        // What came while it ended.
        if (this.#running) this.start();
      },
      (error: unknown) => {
        this.#working = undefined;
        this.#options.log.error(
          { err: error },
          'Indexing by new search parameters failed, and begins again with the next one',
        );
      },
    );
  }

  /** Stops indexing; it goes on at the next start. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#working;
  }

  get #building(): readonly Custom[] {
    return this.#custom.filter((c) => this.#noted?.ready[c.id] !== hashOf(c));
  }

  async #refresh(): Promise<void> {
    const { store, indexes } = this.#options;
    const [last] = (await store.history({ type: 'SearchParameter', limit: 1, rights: everything })).found;
    // The thread that indexes knows better than what it noted.
    const text = indexes && this.#noted !== undefined ? '' : ((await store.note(note)) ?? '');
    const seen = `${last?.seq ?? 0} ${text}`;
    if (seen === this.#seen) return;
    if (!indexes || this.#noted === undefined) this.#noted = text === '' ? { ready: {} } : JSON.parse(text);
    this.#custom = customsOf(await searchParametersIn(store), this.#options);
    this.#seen = seen;
    await this.#forget();
    this.#define();
    if (this.#running) this.start();
  }

  /** A parameter that goes is ready no more: what is written meanwhile is not indexed by it. */
  async #forget(): Promise<void> {
    const { ready = {}, ...rest } = this.#noted ?? {};
    const kept = this.#custom.filter((c) => ready[c.id] === hashOf(c)).map((c) => [c.id, hashOf(c)]);
    if (!this.#options.indexes || kept.length === Object.keys(ready).length) return;
    this.#noted = { ...rest, ready: Object.fromEntries(kept) };
    await this.#save();
  }

  #save(): Promise<void> {
    return this.#options.store.setNote(note, JSON.stringify(this.#noted));
  }

  #define(): void {
    const { ready = {}, pass } = this.#noted ?? {};
    const progress = (custom: Custom): number | undefined => {
      const hash = hashOf(custom);
      if (ready[custom.id] === hash) return undefined;
      return pass?.parameters[custom.id] === hash ? progressOf(pass.place) : 0;
    };
    this.#options.definitions.define(
      this.#custom.map((c) => ({ parameter: c.parameter, base: c.base, progress: progress(c) })),
    );
  }

  async #work(): Promise<void> {
    const { store } = this.#options;
    while (this.#running && this.#building.length > 0) {
      if (await store.lease(note, this.#owner, lease)) await this.#pass();
      else await this.#wait();
    }
    await store.lease(note, this.#owner, 0);
  }

  /** Another process indexes: what it notes holds here too. */
  async #wait(): Promise<void> {
    await setTimeout(patience);
    const text = await this.#options.store.note(note);
    if (text !== undefined) this.#noted = JSON.parse(text);
    this.#define();
  }

  /** One pass over the resources of all types that have one of the parameters. */
  async #pass(): Promise<void> {
    const { store, definitions } = this.#options;
    const building = this.#building;
    const noted = this.#noted?.pass;
    const resumed = building.some((c) => noted?.parameters[c.id] === hashOf(c)) ? noted : undefined;
    const types = [...definitions.resourceTypes].filter((type) => building.some((c) => isBase(c.base, type)));
    const { parameters, place } = resumed ?? {
      parameters: Object.fromEntries(building.map((c) => [c.id, hashOf(c)])),
      place: await beginPass(store, types),
    };
    for await (const at of reindexPass(this.#options, place)) {
      if (!this.#running || !this.#building.some((c) => parameters[c.id] === hashOf(c))) return;
      this.#noted = { ready: this.#noted?.ready ?? {}, pass: { parameters, place: at } };
      this.#define();
      await this.#save();
      if (!(await store.lease(note, this.#owner, lease))) return;
    }
    await Promise.allSettled(this.#underway);
    await reindexChanges(this.#options, place);
    const done = this.#custom.filter((c) => parameters[c.id] === hashOf(c)).map((c) => [c.id, hashOf(c)]);
    this.#noted = { ready: { ...this.#noted?.ready, ...Object.fromEntries(done) } };
    await this.#save();
    this.#define();
  }
}

function isSearchParameter(resource: Resource): resource is SearchParameter {
  return resource.resourceType === 'SearchParameter';
}

async function searchParametersIn(store: Store): Promise<readonly SearchParameter[]> {
  const plan = { types: ['SearchParameter'], where: everything, sort: [], limit: 200, total: 'none' } as const;
  const found = await Array.fromAsync(findAll(store, plan));
  return found.flatMap(({ content }): SearchParameter[] => (content === undefined ? [] : [JSON.parse(content)]));
}

/** The first of two that claim the same place has it. Composites come last, since they are made of others. */
function customsOf(
  resources: readonly SearchParameter[],
  { definitions, log }: Pick<CustomOptions, 'definitions' | 'log'>,
): readonly Custom[] {
  const custom: Custom[] = [];
  const composites = resources.filter((r) => r.type === 'composite');
  for (const resource of [...resources.filter((r) => r.type !== 'composite'), ...composites]) {
    const known = { definitions, custom };
    const one = customOf(resource, known);
    if (one !== undefined) custom.push(one);
    else
      for (const { text } of checkSearchParameter(resource, known))
        log.warn(`SearchParameter/${resource.id} is not in force: ${text}`);
  }
  return custom;
}

const hashes = new WeakMap<Custom, string>();

function hashOf(custom: Custom): string {
  const known = hashes.get(custom) ?? createHash('sha256').update(entriesOf(custom)).digest('base64url');
  hashes.set(custom, known);
  return known;
}
