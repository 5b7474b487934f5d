import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Failure, fail, type Outcome } from '#errors';
import { Exceeded, type TaskBounds } from '#threads/bounds.ts';
import type { RunOptions, ThreadPool } from '#threads/pool.ts';
import { SharedRun } from '#threads/shared-run.ts';
import type { Task } from '#threads/task.ts';
import type { EvaluationRun, MeasureSource, PatientResults, TranslatedMeasures } from './engine.ts';
import { type Evaluation, evaluateTask, translateTask } from './tasks.ts';

/** Measures that are ready to be evaluated. */
export interface Prepared {
  /** A hash of everything that decides on the result, apart from run and data. */
  readonly key: string;
  readonly measures: readonly MeasureSource[];
  readonly translated: TranslatedMeasures;
}

/** Sets of measures whose translations are kept: texts of some hundred thousand characters each. */
const maxTranslations = 8;

/** What a translation, or an evaluation, may take. */
export type MeasureBounds = Required<Pick<TaskBounds, 'time' | 'memory'>>;

/** Has measures translated and evaluated in the pool, within bounds that hold for each: nothing else stops CQL. */
export class Evaluator {
  readonly #pool: ThreadPool;
  /** Of a translation, or of the evaluation of all residents. */
  readonly #bounds: MeasureBounds;
  readonly #translations = new LRUCache<string, SharedRun<Outcome<TranslatedMeasures>>>({ max: maxTranslations });

  constructor(pool: ThreadPool, bounds: MeasureBounds) {
    this.#pool = pool;
    this.#bounds = bounds;
  }

  /**
   * Translates the measures, unless that was done before. Fails with everything that the translator says. Requests for the same share one
   * translation, which ends when all of them are given up.
   */
  async prepare(
    { client, signal }: Pick<RunOptions, 'client' | 'signal'>,
    measures: readonly MeasureSource[],
  ): Promise<Outcome<Prepared>> {
    const key = createHash('sha256').update(JSON.stringify(measures)).digest('hex');
    const known = this.#translations.get(key);
    const shared =
      known === undefined || known.aborted
        ? new SharedRun((ended) => this.#run(translateTask, measures, { client, signal: ended, lane: key }))
        : known;
    if (shared !== known) this.#keep(key, shared);
    const translated = await shared.join(signal);
    return translated instanceof Failure ? translated : { key, measures, translated };
  }

  /**
   * The results of all residents for whom any population holds; of every one, if the run asks for evidence. Rejects with the signal's
   * reason where it is aborted.
   */
  evaluate(
    asking: Pick<RunOptions, 'client' | 'signal'>,
    prepared: Prepared,
    run: EvaluationRun,
    needs: Evaluation['needs'],
  ): Promise<Outcome<readonly PatientResults[]>> {
    return this.#run(evaluateTask, { ...prepared, run, needs }, { ...asking, lane: prepared.key });
  }

  /** What failed is tried again when it is next asked for: the next time the thread may be less busy, or the library there. */
  #keep(key: string, made: SharedRun<Outcome<TranslatedMeasures>>): void {
    this.#translations.set(key, made);
    const drop = (): void => {
      if (this.#translations.peek(key) === made) this.#translations.delete(key);
    };
    made.result.then((outcome) => outcome instanceof Failure && drop(), drop);
  }

  async #run<Input, Result>(task: Task<Input, Result>, input: Input, options: RunOptions): Promise<Outcome<Result>> {
    const { time, memory } = this.#bounds;
    try {
      return await this.#pool.run(task, input, { ...options, bounds: this.#bounds });
    } catch (error) {
      if (!(error instanceof Exceeded)) throw error;
      return error.what === 'time'
        ? fail('timeout', { expected: time })
        : fail('measure-too-large', { expected: memory });
    }
  }
}
