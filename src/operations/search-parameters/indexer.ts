import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Definitions, isBase } from '#fhir/model/definitions.ts';
import { unrestricted } from '#security/rights.ts';
import type { Lease } from '#storage/shelf.ts';
import type { ChangeConditions, Store, Transaction } from '#storage/store.ts';
import type { CustomParameters } from './custom-parameters.ts';
import {
  firstPlace,
  type IndexingPass,
  type IndexPage,
  indexAnew,
  type PassPlace,
  passSetting,
} from './indexing-pass.ts';

/** Milliseconds that one process indexes before it must say that it still does. */
const leased = 10_000;

/** Milliseconds between two looks at the store, and at most after failures. */
const lookInterval = 500;
const longestInterval = 60_000;

export interface IndexerOptions {
  readonly store: Store;
  readonly indexPage: IndexPage;
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
    if (lease === undefined) {
      parameters.showProgress(await this.#noted());
      return;
    }
    try {
      await this.#pass(lease);
    } finally {
      await store.shelf.release(lease);
    }
  }

  async #noted(): Promise<IndexingPass | undefined> {
    const text = await this.#options.store.shelf.setting(passSetting);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /**
   * Over the resources of all types that have one of the parameters. Where others change definitions meanwhile, what is left is made
   * with those, unless they took the note of the pass away.
   */
  async #pass(lease: Lease): Promise<void> {
    const { definitions, parameters } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await parameters.refresh();
      if (parameters.building.length === 0) return;
      // Read before the note: a revision that took it away afterwards is met as a conflict.
      const conditions = { lease, revision: definitions.revision };
      const pass = (await this.#resumed()) ?? (await this.#begun());
      if (await this.#isMade(pass, conditions)) {
        await parameters.refresh();
        return;
      }
      if (!(await this.#isExtended(lease))) return;
    }
  }

  /** A pass makes entries by all parameters, so one that came after it had begun needs another. */
  async #resumed(): Promise<IndexingPass | undefined> {
    const { building, hashes } = this.#options.parameters;
    const noted = await this.#noted();
    return building.some(({ id }) => noted?.parameters[id] === hashes[id]) ? noted : undefined;
  }

  async #begun(): Promise<IndexingPass> {
    const { store, definitions, parameters } = this.#options;
    const { building, hashes } = parameters;
    const types = [...definitions.resourceTypes].filter((type) => building.some((c) => isBase(c.base, type)));
    const own = building.map(({ id }) => [id, hashes[id] ?? ''] as const);
    return { parameters: Object.fromEntries(own), place: await firstPlace(store, types) };
  }

  /** Whether it came to its end: the parameters are ready then, in every process that sees the revision. */
  async #isMade(pass: IndexingPass, conditions: Required<ChangeConditions>): Promise<boolean> {
    const { indexPage, parameters } = this.#options;
    const made = indexAnew(indexPage, conditions, pass.place);
    for (let place: PassPlace = pass.place; ; ) {
      const now = { ...pass, place };
      parameters.showProgress(now);
      if (!(await this.#isKept({ settings: { [passSetting]: JSON.stringify(now) }, ...conditions }))) return false;
      if (!(await this.#isExtended(conditions.lease)) || this.#stopping.signal.aborted) return false;
      const next = await made.next();
      if (next.done === true) break;
      place = next.value;
    }
    return this.#isKept({ ...parameters.madeReady(pass.parameters), ...conditions });
  }

  async #isExtended({ name, owner, fence }: Lease): Promise<boolean> {
    return (await this.#options.store.shelf.lease(name, owner, leased))?.fence === fence;
  }

  async #isKept(kept: Pick<Transaction, 'settings' | 'raises'> & ChangeConditions): Promise<boolean> {
    const nothing = { guards: [], writes: [], references: 'lenient', rights: unrestricted } as const;
    const made = await this.#options.store.transact({ ...nothing, ...kept });
    if ('conflict' in made && made.conflict === 'unavailable') throw new Error(made.reason);
    return !('conflict' in made);
  }
}
