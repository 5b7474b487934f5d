import type { Resource } from '@medplum/fhirtypes';
import { fail, type Outcome } from '#errors';
import type { Plan } from '#search/filter.ts';
import { type Found, includePlans } from '#search/plan.ts';
import type { Query } from '#search/query.ts';
import type { Page, Version } from '#storage/store.ts';
import type { Caller, Context } from './context.ts';

/**
 * What `_include` and `_revinclude` add to a page (R4 search.html#include): each resource once, none that matched. Rounds
 * after the first apply the includes with `:iterate` to what was included.
 */
export async function included(
  context: Context,
  caller: Caller,
  query: Query,
  matches: readonly Version[],
): Promise<Outcome<readonly Version[]>> {
  const { maxIncludes } = query;
  const known = new Set(matches.map(keyOf));
  const added: Version[] = [];
  let includes = query.includes;
  let round = matches;
  while (includes.length > 0 && round.length > 0) {
    const plans = includePlans(includes, round.map(foundOf(context)), caller.rights.read, maxIncludes + 1);
    if (plans === undefined) {
      const text = `The page refers to more than ${maxIncludes} resources (HUFHIR_MAX_INCLUDES); ask for a smaller _count, or without _include.`;
      return fail('too-costly', { text });
    }
    const most = known.size + maxIncludes;
    const found = await Promise.all(plans.map((p) => findUpTo(context, p, most)));
    const fresh = found.flat().filter((v) => !known.has(keyOf(v)) && known.add(keyOf(v)));
    added.push(...fresh);
    if (added.length > maxIncludes) {
      const text = `The page includes more than ${maxIncludes} resources (HUFHIR_MAX_INCLUDES); ask for a smaller _count.`;
      return fail('too-costly', { text });
    }
    includes = query.includes.filter((i) => i.iterate);
    round = fresh;
  }
  return added;
}

/** All that a plan finds, page by page; it stops where there are more than that. */
async function findUpTo(context: Context, plan: Plan, most: number): Promise<readonly Version[]> {
  const found: Version[] = [];
  for (let asked: Plan | undefined = plan; asked !== undefined && found.length <= most; ) {
    const page: Page = await context.store.find(asked);
    found.push(...page.found);
    asked = page.next === undefined ? undefined : { ...plan, after: page.next };
  }
  return found;
}

function keyOf(version: Version): string {
  return `${version.type}/${version.id}`;
}

function foundOf(context: Context): (version: Version) => Found {
  return ({ type, id, content }) => {
    const entries = content === undefined ? [] : context.index(JSON.parse(content) as Resource).entries;
    return { type, id, entries };
  };
}
