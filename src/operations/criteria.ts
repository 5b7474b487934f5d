import { Failure, fail, type Outcome } from '#errors';
import type { Filter } from '#search/filter.ts';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import type { Guard } from '#storage/store.ts';
import type { Caller, Context } from './context.ts';

/** The matches of a criterion when it was looked up, and the guard that holds the commit to them. */
export interface Matches {
  /** At most two; two mean several. */
  readonly ids: readonly string[];
  readonly guard: Guard;
}

/**
 * Looks up a search that stands for a resource: If-None-Exist, a conditional update, delete or reference (R4
 * http.html#cond-update). Result parameters are not criteria; a criterion that filters nothing is refused.
 */
export async function lookUp(
  context: Context,
  caller: Caller,
  type: string,
  query: string,
  expression?: string,
): Promise<Outcome<Matches>> {
  const pairs = [...new URLSearchParams(query)].filter(([name]) => !name.startsWith('_') || criteria.has(name));
  const parsed = parseSearch(type, pairs, searchOptions(context, false));
  if (parsed instanceof Failure) return parsed;
  const shown = shownCriteria(type, query);
  if (pairs.length === 0 || isEverything(parsed.where)) return fail('criteria-empty', { found: shown }, expression);
  const found = { ...plan(parsed, caller.rights.read), limit: 2, total: 'none' as const };
  const page = await context.store.find(found);
  const ids = page.found.map((v) => v.id).sort();
  return { ids, guard: { plan: found, expect: ids } };
}

const criteria: ReadonlySet<string> = new Set([
  '_id',
  '_lastUpdated',
  '_tag',
  '_profile',
  '_security',
  '_source',
  '_has',
]);

function isEverything(where: Filter): boolean {
  return where.op === 'all' || (where.op === 'and' && where.of.length === 0);
}

/** The criteria as an error text may show them: names, no values, since values may be a resident's. */
export function shownCriteria(type: string, query: string): string {
  return `${type}?${[...new URLSearchParams(query).keys()].map((name) => `${name}=…`).join('&')}`;
}

/** How this server reads a search. */
export function searchOptions(context: Context, lenient: boolean) {
  const { definitions, config } = context;
  const { timeZone, baseUrl, defaultCount, maxCount, maxIncludes } = config;
  return { definitions, timeZone, baseUrl, lenient, defaultCount, maxCount, maxIncludes, ignore: presentation };
}

/** Parameters of the answer's form, which http and the conductors read themselves. */
const presentation: ReadonlySet<string> = new Set(['_format', '_pretty', '_after']);
