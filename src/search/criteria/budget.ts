import { type Failure, fail, type Outcome } from '#errors';
import type { Filter } from '../model/filter.ts';
import { type FilterOf, type FilterVisitor, visitFilter } from '../model/filter-visitor.ts';

/** Of all parameters together: a store's statement takes some 32,000 values, and a test up to eight. */
export const maxTests = 2_000;
/** Tests that may be read before those that say the same are put together. */
const maxWork = 200_000;

/** Bounds what one search may be read into, while it is read. */
export class SearchBudget {
  #work = 0;

  /** The filter, unless it, or all that was read so far, is too much. */
  accept(filter: Filter): Outcome<Filter> {
    const size = sizeOf(filter);
    this.#work += size;
    if (size <= maxTests && this.#work <= maxWork) return filter;
    return tooMany(size > maxTests ? size : this.#work, size > maxTests ? maxTests : maxWork);
  }
}

export function tooMany(found: number, most: number): Failure {
  return fail('too-costly', {
    text: `The search has ${found} values and conditions in all; at most ${most} are allowed.`,
  });
}

/** The tests and links of a filter. */
export function sizeOf(filter: Filter): number {
  return visitFilter(filter, sizing, undefined);
}

function sizesOf(filters: readonly Filter[]): number {
  return filters.reduce((sum, f) => sum + sizeOf(f), 0);
}

const link = (filter: FilterOf<'contained' | 'chain' | 'has'>): number => 1 + sizeOf(filter.where);

const sizing: FilterVisitor<number> = {
  and: ({ of }) => sizesOf(of),
  or: ({ of }) => {
    // A chain asks the same of what the resource contains.
    const isChain = of.some((f) => f.op === 'chain');
    return sizesOf(isChain ? of.filter((f) => f.op !== 'contained') : of);
  },
  not: ({ of }) => sizeOf(of),
  tuple: ({ tests }) => tests.length,
  words: ({ words }) => words.length,
  contained: link,
  chain: link,
  has: link,
  default: () => 1,
};
