import type { Compare, Filter, Test } from '#search/model/filter.ts';
import { disjuncts, type FilterOf } from '#search/model/filter-visitor.ts';

/** Conjunction of disjunctions of conjunctions: what one range must satisfy. */
export type Conditions = readonly (readonly (readonly Compare[])[])[];

/** Tests with the same key are answered together; undefined: each alone. */
export function formOf(filter: FilterOf<'match'>): string | undefined {
  const { param, test } = filter;
  switch (test.kind) {
    case 'token':
      return test.code === undefined || test.below === true
        ? undefined
        : JSON.stringify([param, 'token', test.system ?? null]);
    case 'reference':
      return test.version === undefined ? JSON.stringify([param, 'reference']) : undefined;
    case 'string':
      return test.how === 'contains' || test.how === 'ends' ? undefined : JSON.stringify([param, 'string']);
    case 'date':
    case 'number':
      return JSON.stringify([param, test.kind]);
    case 'uri':
      return test.how === 'equals' ? JSON.stringify([param, 'uri']) : undefined;
    default:
      return undefined;
  }
}

/** The same for composites whose second component alone differs, and there in its range alone. */
export function pairKey(filter: Filter): string | undefined {
  if (filter.op !== 'tuple' || filter.tests.length !== 2) return undefined;
  const [first, second] = filter.tests;
  if (first?.kind !== 'token' || !['date', 'number', 'quantity'].includes(second?.kind ?? '')) return undefined;
  return JSON.stringify([filter.param, first, { ...second, where: [] }]);
}

/** The tests among what is enough by itself. */
export function alternatives(filter: Filter): readonly FilterOf<'match'>[] {
  return disjuncts(filter).filter((part) => part.op === 'match');
}

/** The comparisons of a test of a date or number. */
export function whereOf(test: Test): readonly Compare[] {
  return test.kind === 'date' || test.kind === 'number' ? test.where : [];
}
