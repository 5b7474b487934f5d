import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Definitions, isBase } from '#fhir/model/definitions.ts';
import { unrestricted } from '#security/rights.ts';
import type { Lease, Store } from '#storage/store.ts';
import type { CustomParameters } from './custom-parameters.ts';
import { firstPlace, type Indexing, type IndexingPass, indexAnew, passSetting } from './indexing-pass.ts';

/** Milliseconds that one process indexes before it must say that it still does. */
const leased = 10_000;

/** Milliseconds between two looks at the store, and at most after failures. */
const lookInterval = 500;
const longestInterval = 60_000;

export interface IndexerOptions extends Pick<Indexing, 'index'> {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly parameters: CustomParameters;
  readonly log: Logger;
}

/**
 * Makes the parameters ready that are not, in the background, of whichever process they came; one process at a time. It goes on after a
 * restart where it was, and after an error a while later.
 */
export class Indexer {
  readonly #options: IndexerOptions;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.parameters.watch(() => this.#wake());
    this.#working = this.#work();
  }

  /** It goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { parameters, log } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        await parameters.refresh();
        if (parameters.building.length > 0) await this.#index();
        failures = 0;
      } catch (error) {
        failures += 1;
        log.error({ err: error }, 'Indexing by new search parameters failed, and goes on in a while');
      }
      await this.#wait(Math.min(longestInterval, lookInterval * 2 ** failures));
    }
  }

  /** Until then, or until other parameters come. */
  async #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (this.#stopping.signal.aborted) return;
    const waiting = new AbortController();
    await Promise.race([
      promise,
      setTimeout(ms, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined),
    ]);
    waiting.abort();
  }

  /** One pass, if no other process makes one. */
  async #index(): Promise<void> {
    const { store, parameters } = this.#options;
    const lease = await store.shelf.lease(passSetting, this.#owner, leased);
    const pass = await this.#noted();
    if (lease === undefined) {
      parameters.showProgress(pass);
      return;
    }
    try {
      await this.#pass(lease, pass);
    } finally {
      await store.shelf.release(lease);
    }
  }

  async #noted(): Promise<IndexingPass | undefined> {
    const text = await this.#options.store.shelf.setting(passSetting);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Over the resources of all types that have one of the parameters. */
  async #pass(lease: Lease, noted: IndexingPass | undefined): Promise<void> {
    const pass = (await this.#resumed(noted)) ?? (await this.#begun());
    let { place } = pass;
    for (let isDone = false; !isDone; ) {
      const over = await this.#pages(lease, { ...pass, place });
      if (over.place === undefined) return;
      place = over.place;
      isDone = over.isDone;
      // Other parameters came: what is left is made with them.
      if (!isDone) await this.#options.parameters.refresh();
    }
    await this.#end(lease, pass);
  }

  /** A pass makes entries by all parameters, so one that came after it had begun needs another. */
  async #resumed(noted: IndexingPass | undefined): Promise<IndexingPass | undefined> {
    return noted !== undefined && this.#isWanted(noted) ? noted : undefined;
  }

  #isWanted({ parameters }: IndexingPass): boolean {
    const { building, hashes } = this.#options.parameters;
    return building.some(({ id }) => parameters[id] === hashes[id]);
  }

  async #begun(): Promise<IndexingPass> {
    const { store, definitions, parameters } = this.#options;
    const { building, hashes } = parameters;
    const types = [...definitions.resourceTypes].filter((type) => building.some((c) => isBase(c.base, type)));
    const own = building.map(({ id }) => [id, hashes[id] ?? ''] as const);
    return { parameters: Object.fromEntries(own), place: await firstPlace(store, types) };
  }

  /** Where it ended; without a place it is not to go on. */
  async #pages(
    lease: Lease,
    pass: IndexingPass,
  ): Promise<{ readonly place?: IndexingPass['place']; readonly isDone: boolean }> {
    const { store, index, definitions, parameters } = this.#options;
    const indexing = { store, index, conditions: () => ({ lease, revision: definitions.revision }) };
    const made = indexAnew(indexing, pass.place);
    let { place } = pass;
    for (;;) {
      const next = await made.next();
      if (next.done === true) {
        if (next.value?.conflict === 'lease') return { isDone: false };
        return { place, isDone: next.value === undefined };
      }
      place = next.value;
      const now = { ...pass, place };
      parameters.showProgress(now);
      const kept = await this.#keep(lease, { settings: { [passSetting]: JSON.stringify(now) } });
      const extended = await store.shelf.lease(lease.name, lease.owner, leased);
      const isOurs = kept && extended?.fence === lease.fence;
      if (!isOurs || this.#stopping.signal.aborted || !this.#isWanted(pass)) return { isDone: false };
    }
  }

  /** They are ready, in every process that sees the revision. */
  async #end(lease: Lease, { parameters: hashes }: IndexingPass): Promise<void> {
    const { parameters, definitions } = this.#options;
    for (;;) {
      const { revision } = definitions;
      if (await this.#keep(lease, { ...parameters.madeReady(hashes), revision })) break;
      await parameters.refresh();
      if (definitions.revision === revision) return;
    }
    await parameters.refresh();
  }

  async #keep(lease: Lease, kept: object): Promise<boolean> {
    const nothing = { guards: [], writes: [], references: 'lenient', rights: unrestricted } as const;
    const made = await this.#options.store.transact({ ...nothing, ...kept, lease });
    if ('conflict' in made && made.conflict === 'unavailable') throw new Error(made.reason);
    return !('conflict' in made);
  }
}
