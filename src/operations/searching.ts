import { Failure, fail, issue, type Outcome } from '#errors';
import { readSubset, type Subset } from '#fhir/subset.ts';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import type { Query } from '#search/query.ts';
import type { Links, SearchSet } from './answer.ts';
import type { Caller, Context } from './context.ts';
import { searchOptions } from './criteria.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { included } from './including.ts';
import { type Pairs, pageToken } from './parameters.ts';
import type { Request } from './request.ts';

/** R4 search.html on one type; without one, on those of `_type` or on all. The parameters are those of the URL and of a form body. */
export async function search(
  context: Context,
  caller: Caller,
  type: string | undefined,
  { query, lenient }: Pick<Request, 'query' | 'lenient'>,
): Promise<Outcome<SearchSet>> {
  const token = pageToken(query);
  if (token instanceof Failure) return token;
  const at = type ?? '';
  const cursor = token === undefined ? { pairs: query, lenient } : await openCursor<Cursor>(context, at, token);
  return cursor instanceof Failure ? cursor : page(context, caller, at, cursor);
}

/** What a page link carries, encrypted: the search itself (its values may be a resident's) and where to go on. */
interface Cursor {
  readonly pairs: Pairs;
  readonly lenient: boolean;
  readonly after?: string;
}

/** `at` is the type, or the empty path of all. */
async function page(context: Context, caller: Caller, at: string, cursor: Cursor): Promise<Outcome<SearchSet>> {
  const read = readSearch(context, at, cursor);
  if (read instanceof Failure) return read;
  const { query, subset } = read;
  const found = await context.store.find(plan(query, caller.rights.read, cursor.after));
  const also = await included(context, caller, query, found.found);
  if (also instanceof Failure) return also;
  const links = await linksOf(context, at, query, cursor, found.next);
  if (links instanceof Failure) return links;
  return {
    kind: 'searchset',
    status: 200,
    matches: found.found,
    included: also,
    ...(found.total !== undefined && { total: found.total }),
    links,
    ...(subset !== undefined && { subset }),
    notes: query.ignored.map((name) => issue('ignored-parameter', { found: name }, undefined, 'warning')),
  };
}

interface Search {
  readonly query: Query;
  readonly subset: Subset | undefined;
}

/** Both parts of a search that can be wrong, and all that is wrong with them. */
function readSearch(context: Context, at: string, { pairs, lenient }: Cursor): Outcome<Search> {
  const types = at === '' ? typesIn(context, pairs) : [at];
  if (types instanceof Failure) return types;
  const subset = readSubset(pairs, types);
  const options = searchOptions(context, lenient);
  const query = parseSearch(types, at === '' ? pairs.filter(([name]) => name !== '_type') : pairs, options);
  if (query instanceof Failure || subset instanceof Failure) {
    const failures = [query, subset].filter((part) => part instanceof Failure);
    const [first, ...rest] = failures.flatMap((failure) => failure.issues);
    if (first === undefined) throw new Error('a failure without issues');
    return new Failure([first, ...rest]);
  }
  const typed = at === '' ? pairs.filter(([name]) => name === '_type') : [];
  const applied = { ...query, applied: [...typed, ...query.applied] };
  return { query: applied, subset: subset === 'count' ? undefined : subset };
}

/** R4 search.html#all: the types of `_type`, which stands once. */
function typesIn({ definitions }: Context, pairs: Pairs): Outcome<readonly string[]> {
  const [asked, ...more] = pairs.filter(([name]) => name === '_type');
  if (asked === undefined) return [...definitions.resourceTypes];
  const [, found] = asked;
  const types = [...new Set(found.split(','))];
  const unknown = types.find((type) => !definitions.resourceTypes.has(type));
  if (unknown === undefined && more.length === 0) return types;
  const expected = more.length > 0 ? 'the parameter once, with its types between commas' : 'resource types of R4';
  return fail('bad-parameter-value', { parameter: '_type', found: unknown ?? found, expected });
}

async function linksOf(
  context: Context,
  at: string,
  query: Query,
  { lenient, after }: Cursor,
  next: string | undefined,
): Promise<Outcome<Links>> {
  // What was ignored has no place in later pages.
  const applied = { pairs: query.applied, lenient };
  const self = await selfLink(context, at, query, { ...applied, ...(after !== undefined && { after }) });
  if (next === undefined) return { self };
  const link = await sealed(context, at, { ...applied, after: next });
  // Later pages may go on from a longer place, and must not fail for it.
  const most = context.config.maxUrl * (after === undefined ? 0.9 : 1);
  if (lengthOf(context, link) <= most) return { self, next: link };
  const text = `The link to the next page would exceed ${context.config.maxUrl} characters (HUFHIR_MAX_URL), since it carries the parameters of the search; give fewer values, or a larger _count.`;
  return fail('too-costly', { text });
}

/** As HUFHIR_MAX_URL counts: without the origin. */
function lengthOf({ config }: Context, link: string): number {
  return new URL(config.baseUrl).pathname.length + 1 + link.length;
}

async function sealed(context: Context, at: string, cursor: Cursor): Promise<string> {
  return `${at}?_after=${await sealCursor(context, at, cursor)}`;
}

/** Tells what was applied (R4 search.html#conformance); a later page names its own link. Values that may identify a
 * resident stay out of URLs, and what is too long for one is shortened if it can be. */
async function selfLink(context: Context, at: string, query: Query, cursor: Cursor): Promise<string> {
  if (cursor.after !== undefined || query.applied.some(([, value]) => identifying.test(value))) {
    return sealed(context, at, cursor);
  }
  const text = query.applied.map(([name, value]) => `${encodeURIComponent(name)}=${encode(value)}`).join('&');
  const plain = text === '' ? at : `${at}?${text}`;
  return lengthOf(context, plain) <= context.config.maxUrl ? plain : sealed(context, at, cursor);
}

const identifying = /\d{15}/;

/** As encodeURIComponent, but for what a query may hold and reads better plain. */
function encode(value: string): string {
  return encodeURIComponent(value).replace(/%(2C|3A|2F|24|40)/g, (hex) => decodeURIComponent(hex));
}
