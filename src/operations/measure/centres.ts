import type { ConceptMap, Group, Organization } from '@medplum/fhirtypes';
import { or } from '#search/model/filter.ts';
import type { Caller, Context } from '../request/context.ts';
import { findResources } from './sources.ts';

const base = 'https://fhir.changning.example';
const organizationCode = 'urn:oid:2.16.156.10011.1.5';
const streets = `${base}/CodeSystem/cn-sh-street-cs`;
const populationCodes = `${base}/CodeSystem/cn-sh-population-cs`;

/** A community health centre. */
export interface Centre {
  readonly id: string;
  readonly name: string;
  /** Organisation code. */
  readonly code: string;
  /** Codes of the streets whose residents it serves. */
  readonly streets: readonly string[];
}

/** The centres of the ConceptMap cn-sh-street-to-chc whose Organizations the store holds, in the map's order. */
export async function loadCentres(context: Context, caller: Caller): Promise<readonly Centre[]> {
  const value = `${base}/ConceptMap/cn-sh-street-to-chc`;
  const [map] = await findResources<ConceptMap>(context, caller, 'ConceptMap', {
    op: 'match',
    param: 'url',
    test: { kind: 'uri', how: 'equals', value },
  });
  const served = new Map<string, string[]>();
  for (const group of map?.group ?? []) {
    if (group.source !== streets || group.target !== organizationCode) continue;
    for (const { code, target } of group.element ?? []) {
      const to = target?.[0]?.code;
      if (code !== undefined && to !== undefined) served.set(to, [...(served.get(to) ?? []), code]);
    }
  }
  const codes = [...served.keys()];
  const organizations = await findResources<Organization>(
    context,
    caller,
    'Organization',
    or(
      codes.map((code) => ({
        op: 'match',
        param: 'identifier',
        test: { kind: 'token', system: organizationCode, code },
      })),
    ),
  );
  return codes.flatMap((code): Centre[] => {
    const found = organizations.find((o) =>
      o.identifier?.some((i) => i.system === organizationCode && i.value === code),
    );
    if (found?.id === undefined) return [];
    return [{ id: found.id, name: found.name ?? found.id, code, streets: served.get(code) ?? [] }];
  });
}

/** The official population by street. */
export type Official = ReadonlyMap<string, number>;

/** The official population of that year and age band, from the Groups; undefined if there is none for the year. */
export async function officialPopulation(
  context: Context,
  caller: Caller,
  year: number,
): Promise<(ageBand: string) => Official | undefined> {
  const groups = await findResources<Group>(context, caller, 'Group', {
    op: 'match',
    param: 'characteristic',
    test: { kind: 'token', system: populationCodes, code: 'year' },
  });
  const ofYear = groups.filter((g) => g.type === 'person' && g.actual && characteristic(g, 'year')?.text === `${year}`);
  return (ageBand) => {
    const byStreet = new Map<string, number>();
    for (const group of ofYear) {
      const band = characteristic(group, 'age-band')?.coding?.find((c) => c.system === populationCodes)?.code;
      const street = characteristic(group, 'area')?.coding?.find((c) => c.system === streets)?.code;
      if (band !== ageBand || street === undefined || group.quantity === undefined) continue;
      byStreet.set(street, (byStreet.get(street) ?? 0) + group.quantity);
    }
    return byStreet.size === 0 ? undefined : byStreet;
  };
}

function characteristic(group: Group, code: string) {
  const found = group.characteristic?.find(
    (c) => !c.exclude && c.code?.coding?.some((k) => k.system === populationCodes && k.code === code),
  );
  return found?.valueCodeableConcept;
}
