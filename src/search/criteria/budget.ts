import { type Failure, fail, type Outcome } from '#errors';
import type { Filter } from '../model/filter.ts';

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

function sizesOf(filters: readonly Filter[]): number {
  return filters.reduce((sum, f) => sum + sizeOf(f), 0);
}

/** The tests and links of a filter. */
export function sizeOf(filter: Filter): number {
  switch (filter.op) {
    case 'and':
      return sizesOf(filter.of);
    case 'or': {
      // A chain asks the same of what the resource contains.
      const isChain = filter.of.some((f) => f.op === 'chain');
      return sizesOf(isChain ? filter.of.filter((f) => f.op !== 'contained') : filter.of);
    }
    case 'not':
      return sizeOf(filter.of);
    case 'tuple':
      return filter.tests.length;
    case 'words':
      return filter.words.length;
    case 'contained':
    case 'chain':
    case 'has':
      return 1 + sizeOf(filter.where);
    default:
      return 1;
  }
}
