import { type Compartment, compartmentMembers } from '#fhir/model/compartments.ts';
import type { Definitions } from '#fhir/model/definitions.ts';
import { and, everything, type Filter, or } from '#search/model/filter.ts';
import type { Interaction } from '../request/route.ts';

/** Where a search looks: a type or all of them, everywhere or in one compartment (R4 http.html#vsearch). */
export interface SearchScope {
  /** One type; absent for all that the place has. */
  readonly type?: string;
  readonly compartment?: { readonly type: Compartment; readonly id: string };
}

type SearchInteraction = Extract<
  Interaction,
  { readonly code: 'search-type' | 'search-system' | 'search-compartment' }
>;

export function searchScopeOf(asked: SearchInteraction): SearchScope {
  switch (asked.code) {
    case 'search-type':
      return { type: asked.type };
    case 'search-system':
      return {};
    case 'search-compartment': {
      const { type, compartment, id } = asked;
      return { ...(type !== undefined && { type }), compartment: { type: compartment, id } };
    }
  }
}

/** The path behind the base. */
export function scopePath({ type, compartment }: SearchScope): string {
  return compartment === undefined ? (type ?? '') : `${compartment.type}/${compartment.id}/${type ?? '*'}`;
}

/** The types that the place has. */
export function typesInScope({ type, compartment }: SearchScope, definitions: Definitions): readonly string[] {
  if (type !== undefined) return [type];
  if (compartment === undefined) return [...definitions.resourceTypes];
  return [...compartmentMembers(compartment.type).keys()];
}

/**
 * What the place asks of resources of these types. A compartment is what refers to its resource by one of its parameters,
 * and the resource itself. It need not have arrived: who may not read it learns nothing, and what came before it is found.
 */
export function scopeFilter({ compartment }: SearchScope, types: readonly string[]): Filter {
  if (compartment === undefined) return everything;
  const { type: target, id } = compartment;
  const byParam = new Map<string, string[]>();
  const members = compartmentMembers(target);
  for (const type of types) {
    for (const param of members.get(type) ?? []) byParam.set(param, [...(byParam.get(param) ?? []), type]);
  }
  // One test a parameter, however many types share it: each is one range of the index.
  const referring = [...byParam].map(([param, of]) =>
    and([ofTypes(of, types), { op: 'match', param, test: { kind: 'reference', type: target, id } }]),
  );
  const itself = types.includes(target) ? [and([ofTypes([target], types), { op: 'id', ids: [id] }])] : [];
  return or([...itself, ...referring]);
}

/** A test of the type where it can fail. */
function ofTypes(types: readonly string[], searched: readonly string[]): Filter {
  return searched.every((type) => types.includes(type)) ? everything : { op: 'type', types };
}
