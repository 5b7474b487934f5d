import { type Failure, fail, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import type { Filter } from '../model/filter.ts';
import { type FilterOf, type FilterVisitor, visitFilter } from '../model/filter-visitor.ts';

/** A test takes up to eight values of a store's statement. */
const maxTests = limits['search-conditions'].most;

/** Bounds what one search may be read into, while it is read. */
export class SearchBudget {
  #work = 0;

  /** The filter, unless it, or all that was read so far, is too much. */
  accept(filter: Filter): Outcome<Filter> {
    const size = sizeOf(filter);
    this.#work += size;
    if (size <= maxTests && this.#work <= limits['search-work'].most) return filter;
    return size > maxTests ? tooMany(size, 'search-conditions') : tooMany(this.#work, 'search-work');
  }
}

export function tooMany(found: number, limit: 'search-conditions' | 'search-work'): Failure {
  return fail('too-costly', {
    text: `The search has ${found} values and conditions in all; expected ${atMost(limit)}.`,
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
