import type { Resource } from '@medplum/fhirtypes';
import { isSubtype } from '#fhir/model/model.ts';
import { type IndexRecord, referredBy } from '../model/entry.ts';
import { and, everything, type Filter, nothing, or } from '../model/filter.ts';
import { everyTerm, type FilterOf, type FilterVisitor, mapFilter, visitFilter } from '../model/filter-visitor.ts';
import { inside, matches } from './matches.ts';

/** Whether resources of a type may contain others (R4 references.html#contained). */
export function mayContain(type: string): boolean {
  return isSubtype(type, 'DomainResource');
}

/**
 * Turns a search for resources of some types into one for what contains such resources, and with `both` for these resources
 * too (R4 search.html#contained).
 */
export function containing(where: Filter, types: readonly string[], mode: 'true' | 'both'): Filter {
  const contained = types.map((type): Filter => {
    const inside = asContained(where, type);
    return inside.op === 'none' ? nothing : { op: 'contained', type, where: inside };
  });
  const alone = and([{ op: 'type', types }, where]);
  return or(mode === 'both' ? [alone, ...contained] : contained);
}

/**
 * What a chain over a reference parameter asks of the contained resources of a type (R4 references.html#contained); nothing
 * where their entries do not tell, or where an id is asked for: that of a contained resource has no meaning outside.
 */
export function referredTo(param: string, type: string, where: Filter): Filter {
  if (!isDecidedInside(where) || asksForId(where)) return nothing;
  const inside = asContained(where, type);
  if (inside.op === 'none') return nothing;
  const isReferred: Filter = {
    op: 'match',
    param: referredBy(param),
    test: { kind: 'token', system: '', code: param },
  };
  return { op: 'contained', type, where: and([isReferred, inside]) };
}

function asksForId(filter: Filter): boolean {
  return !everyTerm(filter, (term) => term.op !== 'id');
}

/** Whether the entries of a contained resource tell if it passes. Its time, its words and what refers to it are not known. */
export function isDecidedInside(filter: Filter): boolean {
  return everyTerm(filter, (term) => visitFilter(term, decidedInside, undefined));
}

const yes = (): boolean => true;

const decidedInside: FilterVisitor<boolean> = {
  all: yes,
  none: yes,
  type: yes,
  id: yes,
  match: yes,
  // The components of composites stay with resources of their own.
  present: ({ param }) => !/\.\d+$/.test(param),
  lookup: ({ set }) => set.by !== 'list',
  default: () => false,
};

/** A contained resource has one type, and its id is an entry of it. */
function asContained(filter: Filter, type: string): Filter {
  return visitFilter(filter, insideContainer, type);
}

const same = (filter: Filter): Filter => filter;

const insideContainer: FilterVisitor<Filter, string> = {
  type: ({ types }, type) => (types.includes(type) ? everything : nothing),
  id: ({ ids }) => or(ids.map((code) => ({ op: 'match', param: '_id', test: { kind: 'token', code } }))),
  // What these lead to is another resource, of which nothing changes.
  chain: same,
  has: same,
  contained: same,
  default: (filter, type) => mapFilter(filter, asContained, type),
};

/** What a found resource shows of a search with `_containedType=contained`. */
export interface ContainedMatches {
  /** It was found for itself too. */
  readonly itself: boolean;
  /** The contained resources that it was found for. */
  readonly contained: readonly Resource[];
}

/** Takes apart why a resource was found by a filter that `containing` made. */
export function containedMatches(
  filter: Filter,
  resource: Resource,
  index: (resource: Resource) => IndexRecord,
): ContainedMatches {
  const { resourceType: type, id = '' } = resource;
  const { entries } = index(resource);
  const { contained = [] } = resource as { readonly contained?: readonly Resource[] };
  const asked = containedIn(filter);
  const passes = (one: Resource, place: number) => {
    const of = inside(entries, one.resourceType).get(place) ?? [];
    const candidate = { type: one.resourceType, id: one.id ?? '', entries: of };
    // Where a reference by identifier leads, only the store knew.
    return asked.some((f) => f.type === one.resourceType && matches(f.where, candidate) !== false);
  };
  const itself = matches(withoutContained(filter), { type, id, entries }) !== false;
  return { itself, contained: contained.filter(passes) };
}

function containedIn(filter: Filter): readonly FilterOf<'contained'>[] {
  if (filter.op === 'contained') return [filter];
  return filter.op === 'and' || filter.op === 'or' ? filter.of.flatMap(containedIn) : [];
}

function withoutContained(filter: Filter): Filter {
  if (filter.op === 'contained') return nothing;
  return filter.op === 'and' || filter.op === 'or' ? mapFilter(filter, withoutContained, undefined) : filter;
}
