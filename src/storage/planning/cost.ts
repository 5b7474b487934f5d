import type { Filter } from '#search/model/filter.ts';
import { few } from './remembered-counts.ts';

/** What leads to the resources with a value, as far as the choice rests on it; each engine adds what it asks its index by. */
export interface AccessPath {
  /** All of them pass: nothing has to be checked again. */
  readonly exact: boolean;
  /** They come in the order of creation, so that a page can stop early; each comes once. */
  readonly ordered: boolean;
  /** Rows that are reckoned with, where they need not be counted. */
  readonly rows?: number;
  /** Look-ups that it takes to find its rows, however few those are: of a set of concepts, one for each. */
  readonly seeks?: number;
}

/** Some of the conditions that a search AND-s, with the index rows that answer them. */
export interface IndexedCriterion<Path extends AccessPath = AccessPath> {
  /** The conditions that the source stands for. */
  readonly filters: readonly Filter[];
  readonly source: Path;
}

/** What a search starts for: a page in the order of creation, which may stop early, or all that pass. */
export type Purpose = { readonly page: number } | 'all';

/** What a check costs, in rows of an index. */
const check = 25;

/** What it costs to collect a row before the page begins. */
const collect = 0.3;

/**
 * The place of the criterion that makes the least work; undefined to look at each resource of the types, of which there are
 * `all`. `rows` has the rows of each criterion, `filters` all conditions: those that the criterion does not answer are checked
 * resource by resource.
 */
export function choose(
  filters: readonly Filter[],
  found: readonly IndexedCriterion[],
  rows: readonly number[],
  all: number,
  purpose: Purpose,
): number | undefined {
  const work = found.map(({ source: { seeks = 0 } }, i) => (rows[i] ?? 0) + seeks);
  const least = work.indexOf(Math.min(...work));
  if (least < 0) return undefined;
  const total = Math.max(1, all);
  // A set may have more concepts than there are resources to look at.
  if (purpose === 'all') return (work[least] ?? 0) > total * check ? undefined : least;
  if ((work[least] ?? 0) < few) return least;
  const matches = Math.max(reckon(rows, all), 1e-3);
  const costs = found.map(({ source, filters: own }, i) => {
    const n = rows[i] ?? 0;
    const checked = filters.length > own.length || !source.exact ? check : 1;
    // In the order of creation the page is full after a share of the rows.
    const visited = source.ordered ? Math.min(n, (purpose.page * n) / Math.min(n, matches)) : n;
    return visited * checked + (source.ordered ? 0 : collect * n) + (source.seeks ?? 0);
  });
  const best = costs.indexOf(Math.min(...costs));
  const walked = Math.min(total, (purpose.page * total) / Math.min(total, matches)) * check;
  return walked < (costs[best] ?? 0) ? undefined : best;
}

/** Resources of `all` that are reckoned to pass, as if the criteria had nothing to do with each other. */
export function reckon(rows: readonly number[], all: number): number {
  if (rows.length === 0) return all;
  const total = Math.max(1, all);
  return rows.reduce((share, n) => share * Math.min(1, n / total), 1) * total;
}

/** The conditions that are left to check where a search starts from a criterion, or from none. */
export function unanswered(filters: readonly Filter[], criterion: IndexedCriterion | undefined): readonly Filter[] {
  return criterion?.source.exact === true ? filters.filter((f) => !criterion.filters.includes(f)) : filters;
}

/**
 * Whether looking at resources in the order asked for fills a page with less work than collecting all matches from their
 * `rows`. Of `all` resources `matches` are reckoned to pass.
 */
export function isFullSoon(limit: number, all: number, matches: number, rows: number): boolean {
  return (limit * all) / Math.max(matches, 1) < rows;
}
