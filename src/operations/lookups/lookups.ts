import type { List } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { isValidId, parseReference } from '#fhir/values/references.ts';
import { and, everything, type Filter, type LookupSet, nothing, or } from '#search/model/filter.ts';
import type { Caller, Context } from '../request/context.ts';
import { codesAround, codesOfValueSet, type LookupContext, type LookupRequest, type LookupResult } from './codes.ts';
import { hierarchicalTypes, hierarchyOfResource } from './hierarchies.ts';
import { createTerminologyLibrary, findAll } from './terminology-library.ts';

/** Codes and resources that the lookups of one search may give together. */
const most = 10_000;

/**
 * Replaces what a filter leaves to be looked up (`among`: `:in`, `:not-in`, `:above`, `:below`, `_list`) by tests that a store
 * knows. Where the types that are searched are given, the tests are fewer. A failure names every lookup that cannot be made.
 */
export async function resolveLookups(
  context: Context,
  caller: Caller,
  filter: Filter,
  types?: readonly string[],
): Promise<Outcome<Filter>> {
  const all = new Map<string, LookupRequest>();
  walk(filter, types, (wanted) => {
    all.set(keyOf(wanted), wanted);
    return everything;
  });
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
  if (size <= most) return walk(filter, types, (wanted) => found.get(keyOf(wanted)) ?? nothing);
  const text = `The value sets, hierarchies and lists of the search have more than ${most} codes and resources together; name narrower ones.`;
  return fail('too-costly', { text });
}

function keyOf(wanted: LookupRequest): string {
  return JSON.stringify(wanted);
}

/** The filter with every `among` replaced; chains lead to other types. */
function walk(
  filter: Filter,
  types: readonly string[] | undefined,
  instead: (wanted: LookupRequest) => Filter,
): Filter {
  switch (filter.op) {
    case 'lookup':
      return instead({ set: filter.set, types });
    case 'and': {
      const narrowed = filter.of.reduce(narrow, types);
      return and(filter.of.map((part) => walk(part, narrowed, instead)));
    }
    case 'or':
      return or(filter.of.map((part) => walk(part, types, instead)));
    case 'not':
      return { op: 'not', of: walk(filter.of, types, instead) };
    case 'chain':
      return { ...filter, where: walk(filter.where, filter.types, instead) };
    case 'contained':
    case 'has':
      return { ...filter, where: walk(filter.where, [filter.type], instead) };
    default:
      return filter;
  }
}

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
  let list: List | undefined;
  for await (const { content } of findAll(context, caller, 'List', { op: 'id', ids: [id] })) {
    if (content !== undefined) list = JSON.parse(content);
  }
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
