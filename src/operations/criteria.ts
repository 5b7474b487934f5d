import { Failure, fail, type Outcome } from '#errors';
import { and, type Filter, type Plan } from '#search/filter.ts';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import { isResultParameter } from '#search/result.ts';
import type { Guard, Version } from '#storage/store.ts';
import type { Caller, Context } from './context.ts';
import { presentation } from './parameters.ts';

/** A search that stands for a resource. */
export interface Criterion {
  readonly type: string;
  /** As it came: with or without `?` or `Patient?` before it. */
  readonly query: string;
  /** `Type/id` of what the same transaction deletes; R4 deletes first, so these match nothing. */
  readonly deleted: ReadonlySet<string>;
}

/** The matches of a criterion when it was looked up, and the guard that holds the commit to them. */
export interface Matches {
  /** At most two; two mean several. */
  readonly found: readonly Version[];
  readonly guard: Guard;
}

/**
 * Looks up a search that stands for a resource: If-None-Exist, a conditional update, delete or reference (R4
 * http.html#cond-update). Result parameters are not criteria; a criterion that filters nothing is refused.
 */
export async function lookUp(context: Context, caller: Caller, criterion: Criterion): Promise<Outcome<Matches>> {
  const { type, deleted } = criterion;
  const parsed = parseSearch(type, pairsOf(criterion), searchOptions(context, false));
  if (parsed instanceof Failure) return parsed;
  if (isEverything(parsed.where)) return fail('criteria-empty', { found: shownCriteria(criterion) });
  const planned = { ...plan(parsed, caller.rights.read), limit: 2, total: 'none' as const };
  const matches = await find(context, planned);
  if (!matches.found.some((v) => deleted.has(`${type}/${v.id}`))) return matches;
  const ids = [...deleted].filter((d) => d.startsWith(`${type}/`)).map((d) => d.slice(type.length + 1));
  return find(context, { ...planned, where: and([planned.where, { op: 'not', of: { op: 'id', ids } }]) });
}

async function find(context: Context, planned: Plan): Promise<Matches> {
  let page = await context.store.find(planned);
  let { found } = page;
  // A page of very large resources may end before its limit.
  while (page.next !== undefined && found.length < planned.limit) {
    page = await context.store.find({ ...planned, limit: planned.limit - found.length, after: page.next });
    found = [...found, ...page.found];
  }
  return { found, guard: { plan: planned, expect: found.map((v) => v.id).sort() } };
}

function pairsOf({ type, query }: Criterion): [string, string][] {
  const start = [`${type}?`, '?'].find((prefix) => query.startsWith(prefix)) ?? '';
  return [...new URLSearchParams(query.slice(start.length))].filter(([name]) => !isResultParameter(name));
}

/** The same for criteria that ask the same, however they are written. */
export function criterionKey(criterion: Criterion): string {
  const pairs = pairsOf(criterion).map((pair) => JSON.stringify(pair));
  return [criterion.type, ...new Set(pairs.sort())].join(' ');
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
