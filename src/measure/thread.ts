import { Worker } from 'node:worker_threads';
import type { Failure } from '#errors';
import type { Question, WorkerAnswer } from './worker.ts';

/** One thread that evaluates measures, from its start to its end. It keeps no process alive while it is idle. */
export class Thread {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url));
  readonly #open = new Map<number, PromiseWithResolvers<WorkerAnswer>>();
  #next = 0;
  /** Why it ended: what every question that is open then, and every later one, is answered or rejected with. */
  #ended: Failure | Error | undefined;

  constructor() {
    this.#worker.on('message', ({ id, answer }: { id: number; answer: WorkerAnswer }) => {
      this.#open.get(id)?.resolve(answer);
      this.#open.delete(id);
      if (this.#open.size === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', (code) => this.#end(new Error(`the measure thread ended with code ${code}`)));
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  ask(question: Question): Promise<WorkerAnswer> {
    const id = this.#next++;
    const open = Promise.withResolvers<WorkerAnswer>();
    this.#open.set(id, open);
    if (this.#ended !== undefined) this.#settle(this.#ended);
    else {
      this.#worker.ref();
      this.#worker.postMessage({ id, question });
    }
    return open.promise;
  }

  /** Ends it, whatever it is at. */
  async end(reason: Failure | Error): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #end(reason: Failure | Error): void {
    this.#ended ??= reason;
    this.#settle(this.#ended);
  }

  #settle(reason: Failure | Error): void {
    for (const open of this.#open.values()) {
      if (reason instanceof Error) open.reject(reason);
      else open.resolve({ issues: reason.issues });
    }
    this.#open.clear();
  }
}
