import { Failure, fail, issue, type Outcome } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import { readSubset, type Subset } from '#fhir/model/subset.ts';
import { and } from '#search/model/filter.ts';
import type { Query } from '#search/model/query.ts';
import { parseSearch } from '#search/parse.ts';
import { plan } from '#search/plan.ts';
import { searchOptions } from '../lookups/criteria.ts';
import { resolveLookups } from '../lookups/lookups.ts';
import { timedFind } from '../lookups/time-limit.ts';
import type { SearchSet } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { openCursor } from '../request/cursor.ts';
import { type Pairs, pageToken } from '../request/parameters.ts';
import type { Request } from '../request/request.ts';
import { shownMatches } from './contained.ts';
import { explanationOf } from './explain.ts';
import { findIncluded } from './include.ts';
import { type Cursor, orderOf, pageLinks } from './paging.ts';
import { type SearchScope, scopeFilter, scopePath, typesInScope } from './search-scope.ts';

/** R4 search.html: on a type, over several or all, in a compartment. The parameters are those of the URL and of a form body. */
export async function search(
  context: Context,
  caller: Caller,
  place: SearchScope,
  { query, lenient }: Pick<Request, 'query' | 'lenient'>,
): Promise<Outcome<SearchSet>> {
  const token = pageToken(query);
  if (token instanceof Failure) return token;
  const cursor =
    token === undefined ? { pairs: query, lenient } : await openCursor<Cursor>(context, scopePath(place), token);
  return cursor instanceof Failure ? cursor : page(context, caller, place, cursor);
}

async function page(context: Context, caller: Caller, place: SearchScope, cursor: Cursor): Promise<Outcome<SearchSet>> {
  const { revision } = context.definitions;
  const read = readSearch(context, place, cursor);
  if (read instanceof Failure) return read;
  // What is known to be heavy is not begun here to be given up.
  if (read.query.count > manyResources) context.bound?.exceed();
  if (cursor.after !== undefined && orderOf(read.query) !== (cursor.order ?? '')) return fail('bad-cursor', {});
  const where = await resolveLookups(context, caller, read.query.where, read.query.types);
  if (where instanceof Failure) return where;
  const query = { ...read.query, where };
  const { subset } = read;
  const find = timedFind(context, revision);
  const found = await find(plan(query, caller.rights.search, cursor.after));
  if (found instanceof Failure) return found;
  const also = await findIncluded(context, caller, query, found.found, find);
  if (also instanceof Failure) return also;
  const links = await pageLinks(context, scopePath(place), query, cursor, found.next);
  if (links instanceof Failure) return links;
  return {
    kind: 'searchset',
    status: 200,
    matches: shownMatches(context, query, found.found),
    included: also.versions,
    ...(found.total !== undefined && { total: found.total }),
    links,
    ...(subset !== undefined && { subset }),
    ...(query.explain && { explanation: explanationOf(query, found, also.pages) }),
    notes: query.ignored.map((name) => issue('ignored-parameter', { found: name }, undefined, 'warning')),
  };
}

/** Resources of a page that hardly ever fit into what a request may bring to the thread that speaks HTTP. */
const manyResources = 200;

interface ReadSearch {
  readonly query: Query;
  readonly subset: Subset | undefined;
}

/** Both parts of a search that can be wrong, and all that is wrong with them. */
function readSearch(context: Context, place: SearchScope, { pairs, lenient }: Cursor): Outcome<ReadSearch> {
  const { definitions } = context;
  const several = place.type === undefined;
  // R4 search.html#errors: a parameter without a value may be passed over.
  const passedOver = ([, value]: Pairs[number]) => lenient && value === '';
  const given = pairs.filter((pair) => !passedOver(pair));
  const types = several ? typesIn(definitions, place, given) : typesInScope(place, definitions);
  if (types instanceof Failure) return types;
  const subset = readSubset(given, types);
  const others = several ? pairs.filter((pair) => pair[0] !== '_type' || passedOver(pair)) : pairs;
  const query = parseSearch(types, others, searchOptions(context, lenient));
  if (query instanceof Failure || subset instanceof Failure) {
    const failures = [query, subset].filter((part) => part instanceof Failure);
    const [first, ...rest] = failures.flatMap((failure) => failure.issues);
    if (first === undefined) throw new Error('a failure without issues');
    return new Failure([first, ...rest]);
  }
  const typed = several ? given.filter(([name]) => name === '_type') : [];
  const where = and([scopeFilter(place, query.types), query.where]);
  const applied = { ...query, where, applied: [...typed, ...query.applied] };
  return { query: applied, subset: subset === 'count' ? undefined : subset };
}

/** R4 search.html#all: the types of `_type`, which stands once. */
function typesIn(definitions: Definitions, place: SearchScope, pairs: Pairs): Outcome<readonly string[]> {
  const [asked, ...more] = pairs.filter(([name]) => name === '_type');
  const able = typesInScope(place, definitions);
  if (asked === undefined) return able;
  const [, found] = asked;
  const types = [...new Set(found.split(','))];
  const unknown = types.find((type) => !able.includes(type));
  if (unknown === undefined && more.length === 0) return types;
  const own = place.compartment === undefined ? 'resource types of R4' : `types of the compartment: ${able.join(', ')}`;
  const expected = more.length > 0 ? 'the parameter once, with its types between commas' : own;
  return fail('bad-parameter-value', { parameter: '_type', found: unknown ?? found, expected });
}
