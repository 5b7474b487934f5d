import type { List } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { isValidId, parseReference } from '#fhir/values/references.ts';
import { atMost, limits } from '#limits';
import { and, everything, type Filter, type LookupSet, nothing, or } from '#search/model/filter.ts';
import { type FilterVisitor, mapFilter, visitFilter } from '#search/model/filter-visitor.ts';
import { findResources } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';
import { codesAround, codesOfValueSet, type LookupContext, type LookupRequest, type LookupResult } from './codes.ts';
import { hierarchicalTypes, hierarchyOfResource } from './hierarchies.ts';
import { createTerminologyLibrary } from './terminology-library.ts';

/** Codes and resources that the lookups of one search may give together. */
const { most } = limits['search-lookups'];

/**
 * Replaces what a filter leaves to be looked up (`lookup`: `:in`, `:not-in`, `:above`, `:below`, `_list`) by tests that a store
 * knows. Where the types that are searched are given, the tests are fewer. A failure names every lookup that cannot be made.
 */
export async function resolveLookups(
  context: Context,
  caller: Caller,
  filter: Filter,
  types?: readonly string[],
): Promise<Outcome<Filter>> {
  const all = new Map<string, LookupRequest>();
  const gather = (wanted: LookupRequest): Filter => {
    all.set(keyOf(wanted), wanted);
    return everything;
  };
  replaceLookups(filter, { types, instead: gather });
  if (all.size === 0) return filter;
  const lookup = { context, caller, library: createTerminologyLibrary(context, caller), most };
  const found = new Map<string, Filter>();
  const issues = new Issues();
  let size = 0;
  for (const [key, wanted] of all) {
    const looked = await look(lookup, wanted);
    if (looked instanceof Failure) issues.addAll(looked.issues);
    else {
      found.set(key, looked.filter);
      size += looked.size;
    }
    if (issues.full || size > most) break;
  }
  const [first, ...rest] = issues.list;
  if (first !== undefined) return new Failure([first, ...rest]);
  const instead = (wanted: LookupRequest): Filter => found.get(keyOf(wanted)) ?? nothing;
  if (size <= most) return replaceLookups(filter, { types, instead });
  const text = `The value sets, hierarchies and lists of the search have more codes and resources together; expected ${atMost('search-lookups')}: name narrower ones.`;
  return fail('too-costly', { text });
}

function keyOf(wanted: LookupRequest): string {
  return JSON.stringify(wanted);
}

/** In the context of which types a lookup is made, and what stands for it. */
interface LookupScope {
  readonly types: readonly string[] | undefined;
  readonly instead: (wanted: LookupRequest) => Filter;
}

/** The filter with every lookup replaced; chains lead to other types. */
function replaceLookups(filter: Filter, scope: LookupScope): Filter {
  return visitFilter(filter, replacing, scope);
}

function replaceWithin(filter: Filter, types: readonly string[] | undefined, { instead }: LookupScope): Filter {
  return mapFilter(filter, replaceLookups, { types, instead });
}

const replacing: FilterVisitor<Filter, LookupScope> = {
  lookup: ({ set }, { types, instead }) => instead({ set, types }),
  and: (filter, scope) => replaceWithin(filter, filter.of.reduce(narrow, scope.types), scope),
  chain: (filter, scope) => replaceWithin(filter, filter.types, scope),
  contained: (filter, scope) => replaceWithin(filter, [filter.type], scope),
  has: (filter, scope) => replaceWithin(filter, [filter.type], scope),
  default: (filter, scope) => mapFilter(filter, replaceLookups, scope),
};

/** The types that are left where a part of a conjunction holds. */
function narrow(types: readonly string[] | undefined, part: Filter): readonly string[] | undefined {
  return part.op === 'type' ? part.types.filter((type) => types?.includes(type) !== false) : types;
}

function look(lookup: LookupContext, { set, types }: LookupRequest): Promise<Outcome<LookupResult>> {
  switch (set.by) {
    case 'valueSet':
      return codesOfValueSet(lookup, { set, types });
    case 'code':
      return codesAround(lookup, { set, types });
    case 'hierarchy':
      return resourcesAround(lookup, set);
    case 'list':
      return members(lookup, set.id);
  }
}

async function resourcesAround(
  { context, caller }: LookupContext,
  { param, how, type, id }: Extract<LookupSet, { readonly by: 'hierarchy' }>,
): Promise<Outcome<LookupResult>> {
  const ids = await hierarchyOfResource(context, caller, how, type, id);
  if (ids instanceof Failure) return ids;
  if (ids === undefined) {
    const expected = `with :${how} a type that has a hierarchy (${hierarchicalTypes})`;
    return fail('bad-parameter-value', { found: `${type}/${id}`, parameter: param, expected });
  }
  const tests = ids.map((at): Filter => ({ op: 'match', param, test: { kind: 'reference', type, id: at } }));
  return { filter: or(tests), size: tests.length };
}

/** R4 search.html#list: what a List refers to, and does not mark as deleted. */
async function members({ context, caller }: LookupContext, id: string): Promise<Outcome<LookupResult>> {
  if (!isValidId(id)) {
    const expected = 'the id of a List; lists by their function ($current-…) are not supported';
    return fail('bad-parameter-value', { found: id, parameter: '_list', expected });
  }
  const byType = new Map<string, Set<string>>();
  const [list] = await findResources<List>(context, caller, 'List', { op: 'id', ids: [id] });
  if (list === undefined) return fail('unknown-list', { found: `List/${id}` });
  for (const { item, deleted } of list.entry ?? []) {
    const target = parseReference(item?.reference ?? '', context.config.baseUrl);
    if (target?.kind !== 'local' || deleted === true) continue;
    const ids = byType.get(target.type) ?? new Set();
    byType.set(target.type, ids.add(target.id));
  }
  const parts = [...byType].map(([type, ids]) =>
    and([
      { op: 'type', types: [type] },
      { op: 'id', ids: [...ids] },
    ]),
  );
  return { filter: or(parts), size: byType.values().reduce((sum, ids) => sum + ids.size, 0) };
}
