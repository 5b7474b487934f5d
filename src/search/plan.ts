import type { Entry } from './model/entry.ts';
import { and, type Filter, nothing, or, type Plan } from './model/filter.ts';
import { type FilterOf, type FilterVisitor, mapFilter, visitFilter } from './model/filter-visitor.ts';
import type { Include, Query } from './model/query.ts';

/** What of a search a store is asked. */
type SearchedQuery = Pick<Query, 'types' | 'where' | 'sort' | 'count' | 'total' | 'explain'>;

/** What a store is asked for a search: the caller's rights hold for what is found and for whatever chains pass through.
 * `after` is the store's own word for where the page before ended. */
export function plan(query: SearchedQuery, rights: Filter, after?: string): Plan {
  const { types, sort, count: limit, total, explain } = query;
  const where = and([restrict(query.where, rights), rights]);
  return {
    types,
    where,
    sort,
    limit,
    total,
    ...(after !== undefined && { after }),
    ...(explain && { explain }),
  };
}

/** Simplifies the filter, and adds the rights to every resource that it looks at besides the one found: else a chain would
 * tell what the caller may not read. */
export function restrict(filter: Filter, rights: Filter): Filter {
  return visitFilter(filter, restricting, rights);
}

const restricting: FilterVisitor<Filter, Filter> = {
  and: (filter, rights) => and(distinct(filter.of.map((f) => restrict(f, rights)))),
  or: (filter, rights) => or(distinct(filter.of.map((f) => restrict(f, rights)))),
  chain: throughLink,
  has: throughLink,
  // Who may read a resource may read what it contains.
  contained: (filter, rights) => linkWith(filter, restrict(filter.where, rights)),
  default: (filter, rights) => mapFilter(filter, restrict, rights),
};

function throughLink(filter: FilterOf<'chain' | 'has'>, rights: Filter): Filter {
  return linkWith(filter, and([restrict(filter.where, rights), rights]));
}

/** What nothing passes leads nowhere. */
function linkWith(filter: FilterOf<'chain' | 'has' | 'contained'>, where: Filter): Filter {
  return where.op === 'none' ? nothing : { ...filter, where };
}

function distinct(filters: readonly Filter[]): Filter[] {
  return [...new Map(filters.map((f) => [JSON.stringify(f), f])).values()];
}

/** A resource of a page, with the index entries that its references are read from. */
export interface PageResource {
  readonly type: string;
  readonly id: string;
  readonly entries: readonly Entry[];
}

/** Targets that one plan asks for, so that no statement of a store grows with the page. */
const slice = 500;

/**
 * The plans that find what `includes` ask for, given the resources found: for `_include` by type, in slices, and one for each
 * type that `_revinclude` looks at. They may find resources that are on the page already. For `:iterate`, ask again with what
 * they found. Undefined if `_include` names `limit` targets or more.
 */
export function includePlans(
  includes: readonly Include[],
  found: readonly PageResource[],
  rights: Filter,
  limit: number,
): readonly Plan[] | undefined {
  const wanted = new Map<string, IncludeTargets>();
  const byType = Map.groupBy(found, (f) => f.type);
  for (const include of includes) {
    if (include.direction === 'include') forward(include, byType.get(include.type) ?? [], wanted);
  }
  const targets = [...wanted.values()];
  const identifiers = new Set(targets.flatMap((w) => [...w.identified.keys()])).size;
  if (targets.reduce((sum, w) => sum + w.ids.size, identifiers) >= limit) return undefined;
  const asked = [
    ...[...wanted].flatMap(([type, of]) => slices(of).map((where) => ({ types: [type], where }))),
    ...backward(includes, byType),
  ];
  return asked.map(({ types, where }) => {
    return { types, where: and([restrict(where, rights), rights]), sort: [], limit, total: 'none' };
  });
}

/** The targets of one type: ids, and identifiers by what tells them apart. */
interface IncludeTargets {
  readonly ids: Set<string>;
  readonly identified: Map<string, Filter>;
}

function forward(include: Include, found: readonly PageResource[], wanted: Map<string, IncludeTargets>): void {
  const of = (type: string): IncludeTargets => {
    const known = wanted.get(type) ?? { ids: new Set(), identified: new Map() };
    wanted.set(type, known);
    return known;
  };
  for (const { type, id, entries } of found) {
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

function slices({ ids, identified }: IncludeTargets): Filter[] {
  const all = [...ids];
  const others = [...identified.values()];
  const length = Math.ceil(Math.max(all.length, others.length) / slice);
  return Array.from({ length }, (_, i) => {
    const part = all.slice(i * slice, (i + 1) * slice);
    const first: Filter[] = part.length === 0 ? [] : [{ op: 'id', ids: part }];
    return or([...first, ...others.slice(i * slice, (i + 1) * slice)]);
  });
}

/** For each type what refers to the found with one of its parameters. */
function backward(includes: readonly Include[], found: ReadonlyMap<string, readonly PageResource[]>) {
  const ids = new Map([...found].map(([type, of]) => [type, [...new Set(of.map((f) => f.id))]]));
  const reverse = includes.filter((i) => i.direction === 'revinclude');
  return [...Map.groupBy(reverse, (i) => i.type)].flatMap(([type, of]) => {
    const chains = of.flatMap(({ param, targets }) =>
      targets.flatMap((target): Filter[] => {
        const to = ids.get(target);
        return to === undefined ? [] : [{ op: 'chain', param, types: [target], where: { op: 'id', ids: to } }];
      }),
    );
    return chains.length === 0 ? [] : [{ types: [type], where: or(chains) }];
  });
}
