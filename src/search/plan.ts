import type { Entry } from './entry.ts';
import { and, everything, type Filter, nothing, or, type Plan } from './filter.ts';
import type { Include, Query } from './query.ts';

/** What a store is asked for a search: the caller's rights hold for what is found and for whatever chains pass through.
 * `after` is the store's own word for where the page before ended. */
export function plan(query: Query, rights: Filter, after?: string): Plan {
  const { types, sort, count: limit, total } = query;
  const where = and([restrict(query.where, rights), rights]);
  const first = { types, where, sort, limit, total };
  return after === undefined ? first : { ...first, after };
}

/** Simplifies the filter, and adds the rights to every resource that it looks at besides the one found: else a chain would
 * tell what the caller may not read. */
export function restrict(filter: Filter, rights: Filter): Filter {
  switch (filter.op) {
    case 'and':
      return and(distinct(filter.of.map((f) => restrict(f, rights))));
    case 'or':
      return or(distinct(filter.of.map((f) => restrict(f, rights))));
    case 'not':
      return negate(restrict(filter.of, rights));
    case 'chain':
    case 'has': {
      const where = and([restrict(filter.where, rights), rights]);
      return where.op === 'none' ? nothing : { ...filter, where };
    }
    default:
      return filter;
  }
}

function negate(filter: Filter): Filter {
  if (filter.op === 'not') return filter.of;
  if (filter.op === 'all') return nothing;
  return filter.op === 'none' ? everything : { op: 'not', of: filter };
}

function distinct(filters: readonly Filter[]): Filter[] {
  return [...new Map(filters.map((f) => [JSON.stringify(f), f])).values()];
}

/** A resource of a page, with the index entries that its references are read from. */
export interface Found {
  readonly type: string;
  readonly id: string;
  readonly entries: readonly Entry[];
}

/**
 * The plans that find what `includes` ask for, given the resources found; at most one a type for `_include`, one for each
 * `_revinclude`. They may find resources that are on the page already. For `:iterate`, ask again with what they found.
 */
export function includePlans(
  includes: readonly Include[],
  found: readonly Found[],
  rights: Filter,
  limit: number,
): readonly Plan[] {
  const wanted = new Map<string, Filter[]>();
  const add = (types: readonly string[], filter: Filter): void => {
    for (const type of types) wanted.set(type, [...(wanted.get(type) ?? []), filter]);
  };
  for (const include of includes.filter((i) => i.direction === 'include')) forward(include, found, add);
  const backward = includes.filter((i) => i.direction === 'revinclude').flatMap((i) => revinclude(i, found));
  return [...[...wanted].map(([type, filters]) => ({ types: [type], where: or(mergeIds(filters)) })), ...backward].map(
    ({ types, where }) => ({ types, where: and([restrict(where, rights), rights]), sort: [], limit, total: 'none' }),
  );
}

function forward(include: Include, found: readonly Found[], add: (types: readonly string[], filter: Filter) => void) {
  for (const { type, entries } of found) {
    if (type !== include.type) continue;
    for (const e of entries) {
      if (e.param !== include.param) continue;
      if (e.kind === 'reference' && include.targets.includes(e.type)) add([e.type], { op: 'id', ids: [e.id] });
      if (e.kind === 'logical') {
        const test = { kind: 'token', system: e.system, code: e.value } as const;
        add(
          e.types.filter((t) => include.targets.includes(t)),
          { op: 'match', param: 'identifier', test },
        );
      }
    }
  }
}

function mergeIds(filters: readonly Filter[]): Filter[] {
  const ids = new Set(filters.flatMap((f) => (f.op === 'id' ? f.ids : [])));
  const others = distinct(filters.filter((f) => f.op !== 'id'));
  return ids.size === 0 ? others : [{ op: 'id', ids: [...ids] }, ...others];
}

function revinclude({ type, param, targets }: Include, found: readonly Found[]) {
  const chains = targets.flatMap((target): Filter[] => {
    const ids = [...new Set(found.filter((f) => f.type === target).map((f) => f.id))];
    return ids.length === 0 ? [] : [{ op: 'chain', param, types: [target], where: { op: 'id', ids } }];
  });
  return chains.length === 0 ? [] : [{ types: [type], where: or(chains) }];
}
