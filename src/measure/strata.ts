import type { CodeableConcept } from '@medplum/fhirtypes';
import type { Attribution, MeasureDefinition } from './definition.ts';
import { type Counts, count, type MeasureMember, withOfficial } from './populations.ts';

/** An Organization that has a stratum. */
export interface StratumOrganization {
  readonly id: string;
  readonly name: string;
  /** By which the stratum names it. */
  readonly identifier?: { readonly system: string; readonly value: string };
  /** Id of the Organization that it is part of. */
  readonly partOf?: string;
  /** Codes of the areas that it serves. */
  readonly areas: readonly string[];
}

/** The Organizations that an Attribution names. */
export interface AttributedOrganizations {
  readonly organizations: readonly StratumOrganization[];
  /** The systems of the areas' codes; none if no areas are known. */
  readonly areaSystems: ReadonlySet<string>;
}

/** Where initial population and denominator come from. */
export type DenominatorSource = 'groups' | 'patients';

/** Residents that are counted together. */
export interface Counted {
  readonly counts: Counts;
  readonly denominatorUsed: DenominatorSource;
}

export interface Stratum extends Counted {
  readonly value: CodeableConcept;
}

/** A measure's residents, or those of some Organizations, with their strata. */
export interface StratifiedCounts extends Counted {
  readonly members: readonly MeasureMember[];
  /** By stratifier; undefined where it would say again whose residents are counted. */
  readonly strata: readonly (readonly Stratum[] | undefined)[];
}

/** What residents are divided by. */
interface Division {
  readonly definition: MeasureDefinition;
  readonly attributed: AttributedOrganizations;
  /** The official population by area, if it is the denominator. */
  readonly official: ReadonlyMap<string, number> | undefined;
}

/** Counts the members of `within`, or everybody, and each of their strata. */
export function stratify(
  division: Division,
  members: readonly MeasureMember[],
  within?: readonly StratumOrganization[],
): StratifiedCounts {
  const { definition, attributed, official } = division;
  const at = definition.stratifiers.findIndex((s) => s.attribution !== undefined);
  const attribution = definition.stratifiers[at]?.attribution;
  const ownerOf = attribution === undefined ? () => null : ownership(attribution, attributed.organizations);
  const owner = (m: MeasureMember) => ownerOf(m.strata[at] ?? null);
  const chosen: ReadonlySet<unknown> = new Set(within);
  const found = within === undefined ? members : members.filter((m) => chosen.has(owner(m)));
  const areas = within === undefined ? [...(official?.keys() ?? [])] : within.flatMap((o) => o.areas);
  const strata = definition.stratifiers.map((_, i) => {
    if (i !== at) return valueStrata(definition, found, i);
    if (within?.length === 1) return undefined;
    return organizationStrata(division, Map.groupBy(found, owner), within ?? attributed.organizations);
  });
  const known = within === undefined || attributed.areaSystems.size > 0;
  return { ...counted(definition, found, known ? official : undefined, areas), members: found, strata };
}

/** Whose a resident with that value is: an Organization's, else that of the value itself. */
function ownership(
  { values }: Attribution,
  organizations: readonly StratumOrganization[],
): (value: string | null) => StratumOrganization | string | null {
  const known = new Map(
    organizations.flatMap((o) => (values === 'area' ? o.areas : [o.id]).map((value) => [value, o] as const)),
  );
  return (value) => {
    const key = values === 'area' ? value : (value?.replace(/^Organization\//, '') ?? null);
    return key === null ? null : (known.get(key) ?? key);
  };
}

/** Every Organization, then whoever else residents are attributed to, so that the strata sum up. */
function organizationStrata(
  { definition, attributed, official }: Division,
  members: ReadonlyMap<StratumOrganization | string | null, readonly MeasureMember[]>,
  organizations: readonly StratumOrganization[],
): Stratum[] {
  const known = attributed.areaSystems.size > 0 ? official : undefined;
  const others = [...members.keys()].filter((key) => key === null || typeof key === 'string');
  return [
    ...organizations.map((o) => ({
      value: { ...(o.identifier !== undefined && { coding: [codingOf(o.identifier)] }), text: o.name },
      ...counted(definition, members.get(o) ?? [], known, o.areas),
    })),
    ...inOrder(others).map((other) => ({
      value: { text: other ?? nobody },
      ...counted(definition, members.get(other) ?? [], known, other === null ? [] : [other]),
    })),
  ];
}

/** The strata of a stratifier that stands for nothing but its values: the official population is not known by them. */
function valueStrata(definition: MeasureDefinition, members: readonly MeasureMember[], at: number): Stratum[] {
  const byValue = Map.groupBy(members, (m) => m.strata[at] ?? null);
  return inOrder([...byValue.keys()]).map((value) => ({
    value: { text: value ?? nobody },
    ...counted(definition, byValue.get(value) ?? [], undefined, []),
  }));
}

const nobody = '未归属 Not attributed';

function inOrder(values: readonly (string | null)[]): (string | null)[] {
  return values.toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1));
}

function codingOf({ system, value }: { readonly system: string; readonly value: string }) {
  return { system, code: value };
}

function counted(
  definition: MeasureDefinition,
  members: readonly MeasureMember[],
  official: ReadonlyMap<string, number> | undefined,
  areas: readonly string[],
): Counted {
  const counts = count(definition, members);
  if (official === undefined) return { counts, denominatorUsed: 'patients' };
  const population = areas.reduce((sum, area) => sum + (official.get(area) ?? 0), 0);
  return { counts: withOfficial(definition, counts, population), denominatorUsed: 'groups' };
}
