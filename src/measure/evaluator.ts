import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Failure, fail, type Outcome } from '#errors';
import type { RunOptions, ThreadPool } from '#threads/pool.ts';
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

/** Has measures translated and evaluated in the pool. What takes longer than the limit loses its thread, since nothing else stops CQL. */
export class Evaluator {
  readonly #pool: ThreadPool;
  /** Milliseconds that a translation, or the evaluation of all residents, may take. */
  readonly #limit: number;
  readonly #translations = new LRUCache<string, Promise<Outcome<TranslatedMeasures>>>({ max: maxTranslations });

  constructor(pool: ThreadPool, limit: number) {
    this.#pool = pool;
    this.#limit = limit;
  }

  /** Translates the measures, unless that was done before. Fails with everything that the translator says. */
  async prepare(client: string, measures: readonly MeasureSource[]): Promise<Outcome<Prepared>> {
    const key = createHash('sha256').update(JSON.stringify(measures)).digest('hex');
    const known = this.#translations.get(key);
    const made = known ?? this.#run(translateTask, measures, { client });
    if (known === undefined) this.#keep(key, made);
    const translated = await made;
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
    return this.#run(evaluateTask, { ...prepared, run, needs }, { ...asking, long: true });
  }

  /** What failed is tried again when it is next asked for: the next time the thread may be less busy, or the library there. */
  #keep(key: string, made: Promise<Outcome<TranslatedMeasures>>): void {
    this.#translations.set(key, made);
    const drop = (): void => {
      if (this.#translations.peek(key) === made) this.#translations.delete(key);
    };
    made.then((outcome) => outcome instanceof Failure && drop(), drop);
  }

  async #run<Input, Result>(task: Task<Input, Result>, input: Input, options: RunOptions): Promise<Outcome<Result>> {
    const limit = AbortSignal.timeout(this.#limit);
    const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
    try {
      return await this.#pool.run(task, input, { ...options, signal });
    } catch (error) {
      if (limit.aborted && options.signal?.aborted !== true) return fail('timeout', { expected: this.#limit });
      throw error;
    }
  }
}
