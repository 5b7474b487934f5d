import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Failure, type Outcome } from '#errors';
import type { MeasureSource, Membership, ResidentInput, Run } from './engine.ts';
import type { Answer, Question } from './worker.ts';

/** Measures that are ready to be evaluated. */
export interface Prepared {
  /** A hash of everything that decides on the result, apart from run and data. */
  readonly key: string;
  /** The resource types that the residents must bring, Patient aside. */
  readonly types: readonly string[];
}

/**
 * Evaluates measures in a thread of its own, so that the server keeps answering. The thread is started when first needed
 * and again if it dies; it keeps no process alive while it is idle.
 */
export class Evaluator {
  #worker: Worker | undefined;
  #next = 0;
  readonly #open = new Map<number, PromiseWithResolvers<Answer>>();

  /** Translates the measures, unless the thread has them ready. Fails with everything that the translator says. */
  async prepare(measures: readonly MeasureSource[]): Promise<Outcome<Prepared>> {
    const key = createHash('sha256').update(JSON.stringify(measures)).digest('hex');
    const answer = await this.#ask({ kind: 'prepare', set: key, measures });
    if ('issues' in answer) return new Failure(answer.issues);
    if ('types' in answer) return { key, types: answer.types };
    throw new Error('defect' in answer ? answer.defect : 'the measure thread answered out of turn');
  }

  /**
   * Memberships of the residents, in their order, chunk by chunk; the next chunk is read while one is evaluated. The
   * measures must have been prepared.
   */
  async *evaluate(
    { key }: Prepared,
    run: Run,
    residents: AsyncIterable<readonly ResidentInput[]>,
  ): AsyncGenerator<Outcome<readonly Membership[]>> {
    const pending: Promise<Answer>[] = [];
    for await (const chunk of residents) {
      const asked = this.#ask({ kind: 'evaluate', set: key, run, residents: chunk });
      // It is awaited later; until then a rejection must not count as unhandled.
      asked.catch(() => undefined);
      pending.push(asked);
      if (pending.length > 1) yield membershipsOf(await pending.shift());
    }
    for (const rest of pending) yield membershipsOf(await rest);
  }

  /** Stops the thread; questions that are open fail. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(question: Question): Promise<Answer> {
    const worker = this.#started();
    const id = this.#next++;
    const open = Promise.withResolvers<Answer>();
    this.#open.set(id, open);
    worker.ref();
    worker.postMessage({ id, question });
    return open.promise;
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    worker.on('message', ({ id, answer }: { id: number; answer: Answer }) => {
      this.#open.get(id)?.resolve(answer);
      this.#open.delete(id);
      if (this.#open.size === 0) worker.unref();
    });
    const ended = (reason: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const error = reason instanceof Error ? reason : new Error(`the measure thread ended with code ${reason}`);
      for (const open of this.#open.values()) open.reject(error);
      this.#open.clear();
    };
    worker.on('error', ended);
    worker.on('exit', ended);
    this.#worker = worker;
    return worker;
  }
}

function membershipsOf(answer: Answer | undefined): Outcome<readonly Membership[]> {
  if (answer !== undefined && 'issues' in answer) return new Failure(answer.issues);
  if (answer !== undefined && 'memberships' in answer) return answer.memberships;
  throw new Error(
    answer !== undefined && 'defect' in answer ? answer.defect : 'the measure thread answered out of turn',
  );
}
