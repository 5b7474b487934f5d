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

/** The caller's end of a worker thread. If the thread dies, every call waiting and to come fails with the reason. */
export class Calls<M extends Methods> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: Call[] = [];
  #last = 0;
  #lost: Error | undefined;

  /** `beforeAnswers` runs whenever answers have come, before anyone hears of them. */
  constructor(script: URL, workerData: unknown, beforeAnswers: () => void = () => {}) {
    // Flags of the main thread (a test runner's loaders, an inspector) are not for the workers.
    // A small young generation: what passes through is short-lived, and each thread would keep 50 MB for it otherwise.
    this.#worker = new Worker(script, { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 16 } });
    this.#worker.on('message', (answers: readonly Answer[]) => {
      beforeAnswers();
      for (const answer of answers) this.#answered(answer);
    });
    this.#worker.on('error', (error) => this.#lose(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('exit', (code) => this.#lose(new Error(`A thread of the store ended by itself (${code}).`)));
  }

  /** The calls not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  call<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: (value) => resolve(value as Awaited<ReturnType<M[K]>>), reject });
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push([id, method, argument]);
    });
  }

  async end(): Promise<void> {
    this.#lose(new Error('The store is closed.'));
    await this.#worker.terminate();
  }

  #send(): void {
    const calls = this.#outbox;
    this.#outbox = [];
    if (this.#lost !== undefined) return;
    try {
      this.#worker.postMessage(calls);
    } catch (error) {
      // An argument that cannot be copied: a bug of its caller, who hears of it; the rest is sent again, one by one.
      const [call] = calls;
      if (calls.length === 1 && call !== undefined) this.#answered([call[0], false, error]);
      else for (const one of calls) this.#sendOne(one);
    }
  }

  #sendOne(call: Call): void {
    try {
      this.#worker.postMessage([call]);
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
    this.#lost ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}
