import type { Needs } from '#storage/store.ts';
import type { Task } from '#threads/task.ts';
import type { EvaluationRun, MeasureSource, PatientResults, TranslatedMeasures } from './engine.ts';

/** Measures to be evaluated over residents that the thread reads from the store by itself. */
export interface Evaluation {
  /** The same for the same measures: what a thread linked for it is used again. */
  readonly key: string;
  readonly measures: readonly MeasureSource[];
  readonly translated: TranslatedMeasures;
  readonly run: EvaluationRun;
  /** Which residents, and what the caller may read of them; the types are those of `translated`. */
  readonly needs: Pick<Needs, 'patients' | 'rights'>;
}

/** CQL to ELM: takes seconds, and blocks its thread meanwhile. */
export const translateTask: Task<readonly MeasureSource[], TranslatedMeasures> = { name: 'translate-measures' };

/** The residents for whom any population of any measure holds, in the order of the store; every one if evidence is asked for. */
export const evaluateTask: Task<Evaluation, readonly PatientResults[]> = { name: 'evaluate-measures' };
