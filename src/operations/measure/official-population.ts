import type { CodeableConcept, Coding, Group } from '@medplum/fhirtypes';
import type { OfficialPopulation } from '#measure/definition.ts';
import type { AttributedOrganizations } from '#measure/strata.ts';
import { findResources } from '../read/find-readable.ts';
import type { Caller, Context } from '../request/context.ts';

/**
 * The official population of the year, by the code of the area, from the Groups that the Measure means; undefined if there are
 * none. Of an area's codes the one that the measure's Organizations are known by is taken.
 */
export async function loadOfficialPopulation(
  context: Context,
  caller: Caller,
  { ageBand, characteristics }: OfficialPopulation,
  year: number,
  { areaSystems }: AttributedOrganizations,
): Promise<ReadonlyMap<string, number> | undefined> {
  const { system, code = '' } = characteristics.year;
  const groups = await findResources<Group>(context, caller, 'Group', {
    op: 'match',
    param: 'characteristic',
    test: { kind: 'token', ...(system !== undefined && { system }), code },
  });
  const byArea = new Map<string, number>();
  for (const group of groups) {
    if (group.type !== 'person' || !group.actual || group.quantity === undefined) continue;
    if (characteristic(group, characteristics.year)?.text !== `${year}`) continue;
    if (!has(characteristic(group, characteristics.ageBand), ageBand)) continue;
    const codings = characteristic(group, characteristics.area)?.coding ?? [];
    const area = codings.find((c) => areaSystems.size === 0 || areaSystems.has(c.system ?? ''))?.code;
    if (area !== undefined) byArea.set(area, (byArea.get(area) ?? 0) + group.quantity);
  }
  return byArea.size === 0 ? undefined : byArea;
}

function characteristic(group: Group, code: Coding): CodeableConcept | undefined {
  return group.characteristic?.find((c) => !c.exclude && has(c.code, code))?.valueCodeableConcept;
}

/** Whether the concept has that code; a coding without a system is found in any. */
function has(concept: CodeableConcept | undefined, { system, code }: Coding): boolean {
  return concept?.coding?.some((c) => c.code === code && (system === undefined || c.system === system)) === true;
}
