import { Failure, issue, type Outcome } from '#errors';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import type { Query } from '#search/query.ts';
import type { SearchSet } from './answer.ts';
import type { Caller, Context } from './context.ts';
import { searchOptions } from './criteria.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { included } from './including.ts';
import { type Pairs, pageToken } from './parameters.ts';

/** R4 search.html on one type. `pairs` are the decoded parameters, of the URL and of a form body together. */
export async function search(
  context: Context,
  caller: Caller,
  type: string,
  pairs: Pairs,
  lenient: boolean,
): Promise<Outcome<SearchSet>> {
  const token = pageToken(pairs);
  if (token instanceof Failure) return token;
  if (token !== undefined) return nextPage(context, caller, type, token);
  return page(context, caller, type, { pairs, lenient });
}

/** What a page link carries, encrypted: the search itself (its values may be a resident's) and where to go on. */
interface Cursor {
  readonly pairs: Pairs;
  readonly lenient: boolean;
  readonly after?: string;
}

async function nextPage(context: Context, caller: Caller, type: string, token: string): Promise<Outcome<SearchSet>> {
  const cursor = await openCursor<Cursor>(context, type, token);
  return cursor instanceof Failure ? cursor : page(context, caller, type, cursor);
}

async function page(context: Context, caller: Caller, type: string, cursor: Cursor): Promise<Outcome<SearchSet>> {
  const query = parseSearch(type, cursor.pairs, searchOptions(context, cursor.lenient));
  if (query instanceof Failure) return query;
  const found = await context.store.find(plan(query, caller.rights.read, cursor.after));
  const also = await included(context, caller, query, found.found);
  if (also instanceof Failure) return also;
  const links = {
    self: await selfLink(context, type, query, cursor),
    ...(found.next !== undefined && { next: await link(context, type, { ...cursor, after: found.next }) }),
  };
  return {
    kind: 'searchset',
    status: 200,
    matches: found.found,
    included: also,
    ...(found.total !== undefined && { total: found.total }),
    links,
    notes: query.ignored.map((name) => issue('ignored-parameter', { found: name }, undefined, 'warning')),
  };
}

async function link(context: Context, type: string, cursor: Cursor): Promise<string> {
  return `${type}?_after=${await sealCursor(context, type, cursor)}`;
}

/** Tells what was applied (R4 search.html#conformance); a later page names its own link. Values that may identify a
 * resident stay out of URLs. */
async function selfLink(context: Context, type: string, query: Query, cursor: Cursor): Promise<string> {
  if (cursor.after !== undefined || query.applied.some(([, value]) => identifying.test(value))) {
    return link(context, type, cursor);
  }
  const text = query.applied.map(([name, value]) => `${encodeURIComponent(name)}=${encode(value)}`).join('&');
  return text === '' ? type : `${type}?${text}`;
}

const identifying = /\d{15}/;

/** As encodeURIComponent, but for what a query may hold and reads better plain. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|2F|24|40)/g, (hex) => decodeURIComponent(hex));
}
