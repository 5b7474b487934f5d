import { fail, type Outcome } from '#errors';
import { mask } from '#resident-numbers';
import type { Query } from '#search/model/query.ts';
import type { Links } from '../request/answer.ts';
import type { Context } from '../request/context.ts';
import { sealCursor } from '../request/cursor.ts';
import type { Pairs } from '../request/parameters.ts';

/** What a page link carries, encrypted: the search itself (its values may be a resident's) and where the page begins. */
export interface Cursor {
  readonly pairs: Pairs;
  readonly lenient: boolean;
  /** The store's own word for where the page begins; absent for the first page. */
  readonly after?: string;
  /** Where the pages before it begin, the nearest last; `''` is the first page. */
  readonly before?: readonly string[];
  /** By what its place is told (see orderOf): a parameter may come to mean something else. */
  readonly order?: string;
}

/** The keys that a search is sorted by, with their kinds. */
export function orderOf({ sort }: Query): string {
  return sort.map(({ param, kind }) => `${param}:${kind}`).join();
}

/** Pages that one can go back from a page. */
const maxPrevious = 20;

/** R4 http.html#paging: `path` is that of the search, `next` where the page ended, if more follow. */
export async function pageLinks(
  context: Context,
  path: string,
  query: Query,
  { lenient, after, before = [] }: Cursor,
  next: string | undefined,
): Promise<Outcome<Links>> {
  // What was ignored has no place in later pages.
  const order = orderOf(query);
  const start: Cursor = { pairs: query.applied, lenient, ...(order !== '' && { order }) };
  const link = (cursor: Cursor) => linkTo(context, path, query, cursor);
  if (after === undefined && next === undefined) return { self: await link(start) };
  const self = await link(after === undefined ? start : { ...start, after, before });
  const first = after === undefined ? self : await link(start);
  const place = before.at(-1);
  const back =
    place === ''
      ? first
      : await link({ ...start, ...(place !== undefined && { after: place }), before: before.slice(0, -1) });
  const previous = place === undefined ? {} : { previous: back };
  if (next === undefined) return { self, first, ...previous };
  const onward = await nextLink(context, path, {
    ...start,
    after: next,
    before: [...before, after ?? ''].slice(-maxPrevious),
  });
  if (onward !== undefined) return { self, first, ...previous, next: onward };
  const text = `The link to the next page would exceed ${context.config.maxUrl} characters (HUFHIR_MAX_URL), since it carries the parameters of the search; give fewer values, or a larger _count.`;
  return fail('too-costly', { text });
}

/** With as many of the places before it as there is room for; undefined if there is none for the link itself. */
async function nextLink(context: Context, path: string, cursor: Cursor): Promise<string | undefined> {
  const { maxUrl } = context.config;
  const { before = [] } = cursor;
  for (let keep = before.length; keep > 0; keep = Math.floor(keep / 2)) {
    const link = await sealed(context, path, { ...cursor, before: before.slice(-keep) });
    if (lengthOf(context, link) <= maxUrl * room) return link;
  }
  const link = await sealed(context, path, { ...cursor, before: [] });
  // Later pages may go on from a longer place, and must not fail for it.
  const isFirst = before.length === 1 && before[0] === '';
  return lengthOf(context, link) <= maxUrl * (isFirst ? room : 1) ? link : undefined;
}

/** The part of HUFHIR_MAX_URL that the link to a second page may fill. */
const room = 0.9;

/** As HUFHIR_MAX_URL counts: without the origin. */
function lengthOf({ config }: Context, link: string): number {
  return new URL(config.baseUrl).pathname.length + 1 + link.length;
}

async function sealed(context: Context, path: string, cursor: Cursor): Promise<string> {
  return `${path}?_after=${await sealCursor(context, path, cursor)}`;
}

/** The first page tells what was applied (R4 search.html#conformance), a later one names itself. Values that may identify a
 * resident stay out of URLs, and what is too long for one is shortened if it can be. */
async function linkTo(context: Context, path: string, query: Query, cursor: Cursor): Promise<string> {
  if (cursor.after !== undefined || query.applied.some((pair) => pair.some((text) => mask(text) !== text))) {
    return sealed(context, path, cursor);
  }
  const text = query.applied.map(([name, value]) => `${encodeURIComponent(name)}=${encode(value)}`).join('&');
  const plain = text === '' ? path : `${path}?${text}`;
  return lengthOf(context, plain) <= context.config.maxUrl ? plain : sealed(context, path, cursor);
}

/** As encodeURIComponent, but for what a query may hold and reads better plain. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|2F|24|40)/g, (hex) => decodeURIComponent(hex));
}
