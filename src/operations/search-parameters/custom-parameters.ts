import { createHash } from 'node:crypto';
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import type { Issue } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import { everything } from '#search/model/filter.ts';
import { findAll } from '#storage/pages.ts';
import { type Store, StoreUnavailable, type Transaction } from '#storage/store.ts';
import { isIndexOurs } from './index-version.ts';
import { type IndexingPass, passSetting, progressOf } from './indexing-pass.ts';
import { type Custom, checkSearchParameter, customOf, entriesOf } from './search-parameters.ts';

/** By the id of a SearchParameter, a hash of what its entries depend on. */
export type Hashes = Readonly<Record<string, string>>;

/** The setting that names the parameters by which all resources are indexed. It changes with the revision alone. */
const readySetting = 'search-parameters';

export interface CustomOptions {
  readonly store: Store;
  readonly definitions: Definitions;
  /** Where something went wrong of which no client is told. */
  readonly log: Logger;
}

/**
 * The search parameters that SearchParameter resources of the store define, as this thread knows them: those of one revision of the
 * store. They are in force from the commit that writes them: what is written from then on is indexed by them, since a transaction that
 * was prepared with an older revision is not made. Searches use them when what stood there before is indexed too.
 */
export class CustomParameters {
  readonly #options: CustomOptions;
  #resources: readonly SearchParameter[] = [];
  #custom: readonly Custom[] = [];
  #ready: Hashes = {};
  #refreshing: Promise<unknown> = Promise.resolve();
  #onChange: () => void = () => undefined;
  readonly #told = new Set<string>();

  constructor(options: CustomOptions) {
    this.#options = options;
  }

  /** Every problem of a resource as a definition of a search parameter; none if it is no SearchParameter. */
  check(resource: Resource): readonly Issue[] {
    if (!isSearchParameter(resource)) return [];
    return checkSearchParameter(resource, { definitions: this.#options.definitions, custom: this.#custom });
  }

  /** Brings what the store defines now into force, if that has changed. Rejects with StoreUnavailable if another program indexes it. */
  refresh(): Promise<void> {
    const refreshed = this.#refreshing.catch(() => undefined).then(() => this.#refresh());
    this.#refreshing = refreshed;
    return refreshed;
  }

  /** Calls this whenever other parameters came into force. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** For a new store, at its revision: the parameters of what it will hold first are ready with the transaction that brings them. */
  adopt(resources: readonly Resource[], revision: number): void {
    this.#resources = resources.filter(isSearchParameter);
    this.#custom = customsOf(this.#resources, this.#options);
    this.#ready = hashesOf(this.#custom);
    this.#define(revision, undefined);
  }

  /**
   * What a transaction keeps that writes these SearchParameters, by id (undefined: deletes), and was prepared with this revision: a
   * parameter that goes, or comes to mean something else, is ready no more, since what is written meanwhile is not indexed by it. For
   * the same reason a pass that makes such a parameter ready goes on no more, also where the parameter comes again before it looks.
   */
  changedBy(changes: ReadonlyMap<string, Resource | undefined>): Pick<Transaction, 'settings' | 'raises'> {
    const known = new Map<string, Resource | undefined>(
      this.#resources.map((resource) => [String(resource.id), resource]),
    );
    for (const [id, resource] of changes) known.set(id, resource && { ...resource, id });
    const quiet = { definitions: this.#options.definitions };
    const then = hashesOf(customsOf([...known.values()].filter(isSearchParameter), quiet));
    const kept = Object.entries(this.#readyNow()).filter(([id, hash]) => then[id] === hash);
    const ready = { [readySetting]: JSON.stringify({ ready: Object.fromEntries(kept) }) };
    const isPassOff = this.building.some((one) => then[one.id] !== hashOf(one));
    return { settings: { ...ready, ...(isPassOff && { [passSetting]: undefined }) }, raises: true };
  }

  /** What a transaction keeps by which all resources are indexed by these parameters too, if they still are as they were. */
  madeReady(hashes: Hashes): Pick<Transaction, 'settings' | 'raises'> {
    const now = hashesOf(this.#custom);
    const same = Object.entries(hashes).filter(([id, hash]) => now[id] === hash);
    const ready = { ...this.#readyNow(), ...Object.fromEntries(same) };
    return { settings: { [readySetting]: JSON.stringify({ ready }), [passSetting]: undefined }, raises: true };
  }

  /** All that are in force. */
  get hashes(): Hashes {
    return hashesOf(this.#custom);
  }

  /** Those in force by which not all resources are indexed. */
  get building(): readonly Custom[] {
    return this.#custom.filter((custom) => this.#ready[custom.id] !== hashOf(custom));
  }

  /** How far an indexing pass is, for those who ask for what is not ready. */
  showProgress(pass: IndexingPass | undefined): void {
    this.#define(this.#options.definitions.revision, pass);
  }

  async #refresh(): Promise<void> {
    const { store, definitions } = this.#options;
    for (;;) {
      const revision = await store.revision();
      if (revision === definitions.revision) return;
      if (!(await isIndexOurs(store)))
        throw new StoreUnavailable('another version of this program indexes the store now; start that one');
      const resources = await searchParametersIn(store);
      const ready = await store.shelf.setting(readySetting);
      const pass = await store.shelf.setting(passSetting);
      // What was read belongs together if nothing changed meanwhile.
      if ((await store.revision()) !== revision) continue;
      this.#resources = resources;
      this.#custom = customsOf(resources, { definitions, told: (line) => this.#tell(line) });
      this.#ready = ready === undefined ? {} : JSON.parse(ready).ready;
      this.#define(revision, pass === undefined ? undefined : JSON.parse(pass));
      this.#onChange();
      return;
    }
  }

  /** Each once, whenever the parameters are read. */
  #tell(line: string): void {
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.#options.log.warn(line);
  }

  #readyNow(): Hashes {
    return Object.fromEntries(Object.entries(this.hashes).filter(([id, hash]) => this.#ready[id] === hash));
  }

  #define(revision: number, pass: IndexingPass | undefined): void {
    const progress = (custom: Custom): number | undefined => {
      const hash = hashOf(custom);
      if (this.#ready[custom.id] === hash) return undefined;
      return pass?.parameters[custom.id] === hash ? progressOf(pass.place) : 0;
    };
    this.#options.definitions.define(
      this.#custom.map((c) => ({ parameter: c.parameter, base: c.base, progress: progress(c) })),
      revision,
    );
  }
}

function isSearchParameter(resource: Resource | undefined): resource is SearchParameter {
  return resource?.resourceType === 'SearchParameter';
}

async function searchParametersIn(store: Store): Promise<readonly SearchParameter[]> {
  const plan = { types: ['SearchParameter'], where: everything, sort: [], limit: 200, total: 'none' } as const;
  const found = await Array.fromAsync(findAll(store, plan));
  return found.flatMap(({ content }): SearchParameter[] => (content === undefined ? [] : [JSON.parse(content)]));
}

/** The first of two that claim the same place has it. Composites come last, since they are made of others. */
function customsOf(
  resources: readonly SearchParameter[],
  { definitions, told }: Pick<CustomOptions, 'definitions'> & { readonly told?: (line: string) => void },
): readonly Custom[] {
  const custom: Custom[] = [];
  const composites = resources.filter((r) => r.type === 'composite');
  for (const resource of [...resources.filter((r) => r.type !== 'composite'), ...composites]) {
    const known = { definitions, custom };
    const one = customOf(resource, known);
    if (one !== undefined) custom.push(one);
    else if (told !== undefined)
      for (const { text } of checkSearchParameter(resource, known))
        told(`SearchParameter/${resource.id} is not in force: ${text}`);
  }
  return custom;
}

const hashCache = new WeakMap<Custom, string>();

function hashOf(custom: Custom): string {
  const known = hashCache.get(custom) ?? createHash('sha256').update(entriesOf(custom)).digest('base64url');
  hashCache.set(custom, known);
  return known;
}

function hashesOf(custom: readonly Custom[]): Hashes {
  return Object.fromEntries(custom.map((one) => [one.id, hashOf(one)]));
}
