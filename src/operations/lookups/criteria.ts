import { Failure, fail, type Outcome } from '#errors';
import { isResultParameter } from '#search/criteria/result.ts';
import type { Filter } from '#search/model/filter.ts';
import { parseSearch, type SearchOptions } from '#search/parse.ts';
import type { Guard, Version } from '#storage/store.ts';
import type { Caller, Context } from '../request/context.ts';
import { type Pairs, presentation } from '../request/parameters.ts';
import { readQuery } from '../request/query.ts';
import { resolveLookups } from './lookups.ts';

/** A search that stands for a resource. */
export interface Criterion {
  readonly type: string;
  readonly pairs: Pairs;
  /** `Type/id` of what counts as not stored: what the same transaction deletes, since R4 deletes first. */
  readonly without: ReadonlySet<string>;
  /** Where a reference among the values leads that names an entry of the same transaction. */
  readonly references: SearchOptions['references'] & {};
}

/** The parameters of criteria in a text: with or without `?` or `Patient?` before them. */
export function criteriaIn(type: string, text: string, expression?: string): Outcome<Pairs> {
  const start = [`${type}?`, '?'].find((prefix) => text.startsWith(prefix)) ?? '';
  return readQuery(text.slice(start.length), expression);
}

/** The matches of a criterion when it was looked up, and the guard that holds the commit to them. */
export interface Matches {
  /** At most as many as were asked for: the last one means that there may be more. */
  readonly found: readonly Version[];
  readonly guard: Guard;
  readonly criterion: Criterion;
  /** What the criterion asks of a resource. */
  readonly where: Filter;
}

/**
 * What a criterion asks of a resource. Result parameters are not criteria; a criterion that filters nothing is refused.
 */
export async function readCriteria(context: Context, caller: Caller, criterion: Criterion): Promise<Outcome<Filter>> {
  const { type, references } = criterion;
  const parsed = parseSearch(type, pairsOf(criterion), { ...searchOptions(context, false), references });
  if (parsed instanceof Failure) return parsed;
  if (isEverything(parsed.where)) return fail('criteria-empty', { found: shownCriteria(criterion) });
  return resolveLookups(context, caller, parsed.where, [type]);
}

function pairsOf({ pairs }: Criterion): Pairs {
  return pairs.filter(([name]) => !isResultParameter(name) && !presentation.has(name));
}

/** The same for criteria that ask the same, however they are written. */
export function criterionKey(criterion: Criterion): string {
  const pairs = pairsOf(criterion).map((pair) => JSON.stringify(pair));
  return [criterion.type, ...new Set(pairs.toSorted())].join(' ');
}

function isEverything(where: Filter): boolean {
  return where.op === 'all' || (where.op === 'and' && where.of.length === 0);
}

/** The criteria as an error text may show them: names, no values, since values may be a resident's. */
export function shownCriteria(criterion: Criterion): string {
  return `${criterion.type}?${pairsOf(criterion)
    .map(([name]) => `${name}=…`)
    .join('&')}`;
}

/** How this server reads a search. */
export function searchOptions(context: Context, lenient: boolean) {
  const { definitions, config } = context;
  const { timeZone, baseUrl, defaultCount, maxCount, maxIncludes } = config;
  return { definitions, timeZone, baseUrl, lenient, defaultCount, maxCount, maxIncludes, ignore: presentation };
}
