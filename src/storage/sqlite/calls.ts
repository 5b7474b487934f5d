import { Worker } from 'node:worker_threads';

/** The functions that a worker offers: one argument, which is copied, and a result that is copied back. */
export type Methods = Record<string, (argument: never) => unknown>;

/** Number of the call, method, argument. The calls of one turn travel in one message. */
export type Call = readonly [id: number, method: string, argument: unknown];

/** Number of the call, whether it went well, result or error. */
export type Answer = readonly [id: number, ok: boolean, value: unknown];

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The caller's end of a worker thread. If the thread dies, every call waiting fails with the reason, and the next one starts
 * another thread: the workers of this store keep no state that is not in the file.
 */
export class Calls<M extends Methods> {
  readonly #start: () => Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** Undefined once it is lost. */
  #worker: Worker | undefined;
  #outbox: Call[] = [];
  #last = 0;
  #ended = false;

  constructor(script: URL, workerData: unknown) {
    // Flags of the main thread (a test runner's loaders, an inspector) are not for the workers.
    // A small young generation: what passes through is short-lived, and each thread would keep 50 MB for it otherwise.
    const options = { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 16 } };
    this.#start = () => this.#listen(new Worker(script, options));
    this.#worker = this.#start();
  }

  #listen(worker: Worker): Worker {
    const lose = (reason: Error): void => {
      if (this.#worker === worker) this.#lose(reason);
    };
    worker.on('message', (answers: readonly Answer[]) => {
      for (const answer of answers) this.#answered(answer);
    });
    worker.on('error', (error) => lose(error instanceof Error ? error : new Error(String(error))));
    worker.on('messageerror', (error) => {
      lose(error);
      void worker.terminate();
    });
    worker.on('exit', (code) => lose(new Error(`A thread of the store ended by itself (${code}).`)));
    return worker;
  }

  /** The calls not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  call<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error('The store is closed.'));
        return;
      }
      this.#worker ??= this.#start();
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: (value) => resolve(value as Awaited<ReturnType<M[K]>>), reject });
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push([id, method, argument]);
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    const worker = this.#worker;
    this.#lose(new Error('The store is closed.'));
    await worker?.terminate();
  }

  #send(): void {
    const calls = this.#outbox;
    this.#outbox = [];
    const worker = this.#worker;
    if (worker === undefined || calls.length === 0) return;
    try {
      worker.postMessage(calls);
    } catch (error) {
      // An argument that cannot be copied: a bug of its caller, who hears of it; the rest is sent again, one by one.
      const [call] = calls;
      if (calls.length === 1 && call !== undefined) this.#answered([call[0], false, error]);
      else for (const one of calls) this.#sendOne(worker, one);
    }
  }

  #sendOne(worker: Worker, call: Call): void {
    try {
      worker.postMessage([call]);
    } catch (error) {
      this.#answered([call[0], false, error]);
    }
  }

  #answered([id, ok, value]: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(value);
    else waiting?.reject(value instanceof Error ? value : new Error(String(value)));
  }

  #lose(reason: Error): void {
    this.#worker = undefined;
    this.#outbox = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }
}
