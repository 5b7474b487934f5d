import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { Plan } from '#search/model/filter.ts';
import type { Query } from '#search/model/query.ts';
import { includePlans, type PageResource } from '#search/plan.ts';
import { pages } from '#storage/pages.ts';
import type { Page, Version } from '#storage/store.ts';
import { mapInBatches } from '#threads/yielding.ts';
import type { Find } from '../lookups/time-limit.ts';
import type { Caller, Context } from '../request/context.ts';

/** What a page includes, and the pages that the store was asked for on the way. */
export interface Included {
  readonly versions: readonly Version[];
  readonly pages: readonly Page[];
}

/**
 * What `_include` and `_revinclude` add to a page (R4 search.html#include): each resource once, none that matched. Rounds
 * after the first apply the includes with `:iterate` to what was included.
 */
export async function findIncluded(
  context: Context,
  caller: Caller,
  query: Query,
  matches: readonly Version[],
  find: Find,
): Promise<Outcome<Included>> {
  const { maxIncludes } = query;
  const known = new Set(matches.map(keyOf));
  const versions: Version[] = [];
  const asked: Page[] = [];
  let includes = query.includes;
  let round = matches;
  while (includes.length > 0 && round.length > 0) {
    const resources = await mapInBatches(round, foundOf(context));
    const plans = includePlans(includes, resources, caller.rights.search, maxIncludes + 1);
    if (plans === undefined) {
      const text = `The page refers to more than ${maxIncludes} resources (HUFHIR_MAX_INCLUDES); ask for a smaller _count, or without _include.`;
      return fail('too-costly', { text });
    }
    const most = known.size + maxIncludes;
    const explained = plans.map((p) => (query.explain ? { ...p, explain: true } : p));
    const found = await mapInBatches(explained, (p) => findUpTo(find, p, most));
    const fresh: Version[] = [];
    for (const one of found) {
      if (one instanceof Failure) return one;
      asked.push(...one);
      const more = one.flatMap((page) => page.found);
      fresh.push(...more.filter((v) => !known.has(keyOf(v)) && known.add(keyOf(v))));
    }
    versions.push(...fresh);
    if (versions.length > maxIncludes) {
      const text = `The page includes more than ${maxIncludes} resources (HUFHIR_MAX_INCLUDES); ask for a smaller _count.`;
      return fail('too-costly', { text });
    }
    includes = query.includes.filter((i) => i.iterate);
    round = fresh;
  }
  return { versions, pages: asked };
}

/** All that a plan finds, page by page; it stops where there are more than that. */
async function findUpTo(find: Find, plan: Plan, most: number): Promise<Outcome<readonly Page[]>> {
  const asked: Page[] = [];
  let found = 0;
  for await (const page of pages(find, plan)) {
    if (page instanceof Failure) return page;
    asked.push(page);
    found += page.found.length;
    if (found > most) break;
  }
  return asked;
}

function keyOf(version: Version): string {
  return `${version.type}/${version.id}`;
}

function foundOf(context: Context): (version: Version) => PageResource {
  return ({ type, id, content }) => {
    const entries = content === undefined ? [] : context.index(JSON.parse(content) as Resource).entries;
    return { type, id, entries };
  };
}
