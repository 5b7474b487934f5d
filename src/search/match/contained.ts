import type { Resource } from '@medplum/fhirtypes';
import { isSubtype } from '#fhir/model/model.ts';
import { type IndexRecord, referredBy } from '../model/entry.ts';
import { and, everything, type Filter, nothing, or } from '../model/filter.ts';
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
  if (filter.op === 'and' || filter.op === 'or') return filter.of.some(asksForId);
  return filter.op === 'not' ? asksForId(filter.of) : filter.op === 'id';
}

/** Whether the entries of a contained resource tell if it passes. Its time, its words and what refers to it are not known. */
export function isDecidedInside(filter: Filter): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.every(isDecidedInside);
    case 'not':
      return isDecidedInside(filter.of);
    case 'lookup':
      return filter.set.by !== 'list';
    case 'all':
    case 'none':
    case 'type':
    case 'id':
    case 'match':
      return true;
    case 'present':
      // The components of composites stay with resources of their own.
      return !/\.\d+$/.test(filter.param);
    default:
      return false;
  }
}

/** A contained resource has one type, and its id is an entry of it. */
function asContained(filter: Filter, type: string): Filter {
  switch (filter.op) {
    case 'and':
      return and(filter.of.map((f) => asContained(f, type)));
    case 'or':
      return or(filter.of.map((f) => asContained(f, type)));
    case 'not': {
      const of = asContained(filter.of, type);
      return of.op === 'all' ? nothing : of.op === 'none' ? everything : { op: 'not', of };
    }
    case 'type':
      return filter.types.includes(type) ? everything : nothing;
    case 'id':
      return or(filter.ids.map((code) => ({ op: 'match', param: '_id', test: { kind: 'token', code } })));
    default:
      return filter;
  }
}

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

type Contained = Extract<Filter, { readonly op: 'contained' }>;

function containedIn(filter: Filter): readonly Contained[] {
  if (filter.op === 'contained') return [filter];
  return filter.op === 'and' || filter.op === 'or' ? filter.of.flatMap(containedIn) : [];
}

function withoutContained(filter: Filter): Filter {
  switch (filter.op) {
    case 'contained':
      return nothing;
    case 'and':
      return and(filter.of.map(withoutContained));
    case 'or':
      return or(filter.of.map(withoutContained));
    default:
      return filter;
  }
}
