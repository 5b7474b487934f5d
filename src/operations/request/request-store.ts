import type { Commit, Conflict, HistoryQuery, Page, ReadOptions, Store, Transaction, Version } from '#storage/store.ts';
import { throwIfInterrupted, uninterrupted } from '#threads/interruption.ts';
import type { Caller, Context } from './context.ts';
import type { WorkBound } from './work-bound.ts';

/** The context of one request: its store knows who asks, until when, and what the thread can bear. */
export function requestContext(context: Context, caller: Caller, bound?: WorkBound): Context {
  const store = new RequestStore(context.store, caller, bound);
  return bound === undefined ? { ...context, store } : { ...context, store, bound };
}

/** The store as one request sees it. */
class RequestStore implements Store {
  readonly #store: Store;
  readonly #bound: WorkBound | undefined;
  readonly #caller: Caller;

  constructor(store: Store, caller: Caller, bound: WorkBound | undefined) {
    this.#store = store;
    this.#bound = bound;
    this.#caller = caller;
  }

  get jobs(): Store['jobs'] {
    return this.#store.jobs;
  }

  get shelf(): Store['shelf'] {
    return this.#store.shelf;
  }

  async read(type: string, id: string, version?: number): Promise<Version | undefined> {
    throwIfInterrupted();
    // It is over before anybody could leave, and a signal of its own costs a good part of it.
    const { client } = this.#caller;
    const found = await this.#store.read(type, id, version, this.#bounded({ client }));
    this.#bound?.take(found?.content?.length ?? 0);
    return found;
  }

  async history(query: HistoryQuery): Promise<Page> {
    return this.#brought(await this.#store.history(query, this.#asked()));
  }

  async find(plan: Parameters<Store['find']>[0]): Promise<Page> {
    return this.#brought(await this.#store.find(plan, this.#asked()));
  }

  async transact(transaction: Transaction): Promise<Commit | Conflict> {
    const made = await uninterrupted(() => this.#store.transact(transaction, optionsOf(this.#caller)));
    if (!('conflict' in made)) this.#bound?.lift();
    return made;
  }

  reindex(...asked: Parameters<Store['reindex']>): ReturnType<Store['reindex']> {
    return this.#store.reindex(...asked);
  }

  changes(after: number, limit: number, wait?: number): Promise<readonly Version[]> {
    return this.#store.changes(after, limit, wait, this.#asked());
  }

  touched(after: number, limit: number): ReturnType<Store['touched']> {
    return this.#store.touched(after, limit, this.#asked());
  }

  scan(needs: Parameters<Store['scan']>[0]): ReturnType<Store['scan']> {
    return this.#store.scan(needs, this.#asked());
  }

  results(key: string, limit: number, after?: string): ReturnType<Store['results']> {
    return this.#store.results(key, limit, after, this.#asked());
  }

  audit(after: number, limit: number): ReturnType<Store['audit']> {
    return this.#store.audit(after, limit);
  }

  pending(limit: number, after?: string): ReturnType<Store['pending']> {
    return this.#store.pending(limit, after, this.#asked());
  }

  lastSeq(): Promise<number> {
    return this.#store.lastSeq();
  }

  revision(): Promise<number> {
    return this.#store.revision();
  }

  stats(): ReturnType<Store['stats']> {
    return this.#store.stats();
  }

  probe(): ReturnType<Store['probe']> {
    return this.#store.probe();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** How the next read is asked for. */
  #asked(): ReadOptions {
    throwIfInterrupted();
    return new Asked(this.#caller, this.#bound);
  }

  #bounded(options: ReadOptions): ReadOptions {
    const most = this.#bound?.left ?? Number.POSITIVE_INFINITY;
    return most === Number.POSITIVE_INFINITY ? options : { ...options, most };
  }

  #brought(page: Page): Page {
    if (this.#bound === undefined) return page;
    let bytes = 0;
    for (const { content } of page.found) bytes += content?.length ?? 0;
    this.#bound.take(bytes);
    return page;
  }
}

/** How a read is asked for. The signal is made when the store asks for it, which it does not for a quick read. */
class Asked implements ReadOptions {
  readonly client: string;
  readonly most: number | undefined;
  readonly #caller: Caller;

  constructor(caller: Caller, bound: WorkBound | undefined) {
    const most = bound?.left;
    this.client = caller.client;
    this.most = most === Number.POSITIVE_INFINITY ? undefined : most;
    this.#caller = caller;
  }

  get signal(): AbortSignal | undefined {
    return this.#caller.signal;
  }
}

function optionsOf({ client, signal }: Caller): ReadOptions {
  return signal === undefined ? { client } : { client, signal };
}
