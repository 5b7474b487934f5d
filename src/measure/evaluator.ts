import { createHash } from 'node:crypto';
import { Failure, fail, type Outcome } from '#errors';
import type { EvaluationRun, MeasureSource, PatientResults, ResidentInput } from './engine.ts';
import { Thread } from './thread.ts';
import type { WorkerAnswer } from './worker.ts';

/** Measures that are ready to be evaluated. */
export interface Prepared {
  /** A hash of everything that decides on the result, apart from run and data. */
  readonly key: string;
  /** The resource types that the residents must bring, Patient aside. */
  readonly types: readonly string[];
  /**
   * Memberships of the residents, in their order, chunk by chunk; the next chunk is read while one is evaluated. Fails with
   * 'timeout' when the limit has passed since the first chunk was asked for.
   */
  evaluate(
    run: EvaluationRun,
    residents: AsyncIterable<readonly ResidentInput[]>,
  ): AsyncGenerator<Outcome<readonly PatientResults[]>>;
}

/**
 * Evaluates measures in a thread of its own, so that the server keeps answering. The thread is started when first needed,
 * and again if it ended. Nothing but its end stops CQL that runs on, so whatever shares the thread then fails as well.
 */
export class Evaluator {
  /** Milliseconds that a translation, or the evaluation of all residents, may take. */
  readonly #limit: number;
  #thread: Thread | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Translates the measures, unless the thread has them ready. Fails with everything that the translator says. */
  async prepare(measures: readonly MeasureSource[]): Promise<Outcome<Prepared>> {
    if (this.#thread === undefined || this.#thread.ended) this.#thread = new Thread();
    const thread = this.#thread;
    const key = createHash('sha256').update(JSON.stringify(measures)).digest('hex');
    const timer = this.#expire(thread);
    const answer = await thread.ask({ kind: 'prepare', set: key, measures }).finally(() => clearTimeout(timer));
    if ('issues' in answer) return new Failure(answer.issues);
    if (!('types' in answer)) throw outOfTurn(answer);
    return { key, types: answer.types, evaluate: (run, residents) => this.#evaluate(thread, key, run, residents) };
  }

  async *#evaluate(
    thread: Thread,
    set: string,
    run: EvaluationRun,
    residents: AsyncIterable<readonly ResidentInput[]>,
  ): AsyncGenerator<Outcome<readonly PatientResults[]>> {
    const timer = this.#expire(thread);
    try {
      const pending: Promise<WorkerAnswer>[] = [];
      for await (const chunk of residents) {
        const asked = thread.ask({ kind: 'evaluate', set, run, residents: chunk });
        // It is awaited later; until then a rejection must not count as unhandled.
        asked.catch(() => undefined);
        pending.push(asked);
        if (pending.length > 1) yield membershipsOf(await pending.shift());
      }
      for (const rest of pending) yield membershipsOf(await rest);
    } finally {
      clearTimeout(timer);
    }
  }

  #expire(thread: Thread): NodeJS.Timeout {
    return setTimeout(() => thread.end(fail('timeout', { expected: this.#limit })), this.#limit);
  }
}

function membershipsOf(answer: WorkerAnswer | undefined): Outcome<readonly PatientResults[]> {
  if (answer !== undefined && 'issues' in answer) return new Failure(answer.issues);
  if (answer !== undefined && 'memberships' in answer) return answer.memberships;
  throw outOfTurn(answer);
}

function outOfTurn(answer: WorkerAnswer | undefined): Error {
  const defect = answer !== undefined && 'defect' in answer ? answer.defect : 'the measure thread answered out of turn';
  return new Error(defect);
}
