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

/** Targets that one plan asks for, so that no statement of a store grows with the page. */
const slice = 500;

/**
 * The plans that find what `includes` ask for, given the resources found: for `_include` by type, in slices, and one for each
 * `_revinclude`. They may find resources that are on the page already. For `:iterate`, ask again with what they found.
 * Undefined if `_include` names `limit` targets or more.
 */
export function includePlans(
  includes: readonly Include[],
  found: readonly Found[],
  rights: Filter,
  limit: number,
): readonly Plan[] | undefined {
  const wanted = new Map<string, Wanted>();
  for (const include of includes) if (include.direction === 'include') forward(include, found, wanted);
  const targets = [...wanted.values()];
  const distinct = new Set(targets.flatMap((w) => [...w.identified.keys()])).size;
  if (targets.reduce((sum, w) => sum + w.ids.size, distinct) >= limit) return undefined;
  const asked = [
    ...[...wanted].flatMap(([type, of]) => slices(of).map((where) => ({ types: [type], where }))),
    ...includes.filter((i) => i.direction === 'revinclude').flatMap((i) => revinclude(i, found)),
  ];
  return asked.map(({ types, where }) => {
    return { types, where: and([restrict(where, rights), rights]), sort: [], limit, total: 'none' };
  });
}

/** The targets of one type: ids, and identifiers by what tells them apart. */
interface Wanted {
  readonly ids: Set<string>;
  readonly identified: Map<string, Filter>;
}

function forward(include: Include, found: readonly Found[], wanted: Map<string, Wanted>): void {
  const of = (type: string): Wanted => {
    const known = wanted.get(type) ?? { ids: new Set(), identified: new Map() };
    wanted.set(type, known);
    return known;
  };
  for (const { type, id, entries } of found) {
    if (type !== include.type) continue;
    for (const e of entries) {
      if (e.param !== include.param) continue;
      if (e.kind === 'reference' && include.targets.includes(e.type)) of(e.type).ids.add(e.id);
      if (e.kind !== 'logical') continue;
      const test = { kind: 'token', system: e.system, code: e.value } as const;
      for (const target of e.types.filter((t) => include.targets.includes(t))) {
        // An identifier of several resources names none of them; the store knows where the reference leads.
        const led: Filter = { op: 'has', type, param: e.param, where: { op: 'id', ids: [id] } };
        of(target).identified.set(JSON.stringify(test), and([{ op: 'match', param: 'identifier', test }, led]));
      }
    }
  }
}

function slices({ ids, identified }: Wanted): Filter[] {
  const all = [...ids];
  const others = [...identified.values()];
  const length = Math.ceil(Math.max(all.length, others.length) / slice);
  return Array.from({ length }, (_, i) => {
    const part = all.slice(i * slice, (i + 1) * slice);
    const first: Filter[] = part.length === 0 ? [] : [{ op: 'id', ids: part }];
    return or([...first, ...others.slice(i * slice, (i + 1) * slice)]);
  });
}

function revinclude({ type, param, targets }: Include, found: readonly Found[]) {
  const chains = targets.flatMap((target): Filter[] => {
    const ids = [...new Set(found.filter((f) => f.type === target).map((f) => f.id))];
    return ids.length === 0 ? [] : [{ op: 'chain', param, types: [target], where: { op: 'id', ids } }];
  });
  return chains.length === 0 ? [] : [{ types: [type], where: or(chains) }];
}
