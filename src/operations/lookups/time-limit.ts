import { fail, type Outcome } from '#errors';
import type { Plan } from '#search/model/filter.ts';
import type { Page } from '#storage/store.ts';
import type { Context } from '../request/context.ts';

/** Asks the store for a page, in what is left of the time of the search that the plan is a part of. */
export type Find = (plan: Plan) => Promise<Outcome<Page>>;

/**
 * Begins a search: all that is found through it has HUFHIR_SEARCH_TIMEOUT together, without its waiting for others. Its plans are made by the definitions of this
 * revision; a store that has others by now shows another state than they ask for.
 */
export function timedFind({ config, store }: Pick<Context, 'config' | 'store'>, revision: number): Find {
  const expected = config.searchTimeout;
  let left = expected;
  return async (plan) => {
    const page = await store.find({ ...plan, timeout: Math.max(1, Math.ceil(left)) });
    left -= page.spent ?? 0;
    if (page.exceeded !== undefined) return fail('search-too-slow', { expected, found: page.exceeded });
    return page.revision === revision ? page : fail('definitions-changed', {});
  };
}
