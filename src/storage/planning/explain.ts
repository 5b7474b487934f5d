import { describe } from '#search/model/describe.ts';
import type { ExplainedStep } from '../store.ts';
import type { IndexedCriterion } from './cost.ts';

/** A criterion that was considered, or started from: `estimated` rows were reckoned with, `rows` there are. */
export function explainedCriterion(
  { filters }: IndexedCriterion,
  isStart: boolean,
  estimated: number,
  rows: number,
  milliseconds: number,
): ExplainedStep {
  const part = filters.map(describe).join(' and ');
  return { step: isStart ? 'start' : 'considered', part, estimated, rows, milliseconds };
}
