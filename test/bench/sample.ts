import type { Encounter, Patient, Resource } from '@medplum/fhirtypes';
import { pinyin } from 'pinyin-pro';
import { RESIDENT_ID } from '#seed/systems.ts';
import { block, type District, visitNumber } from './district.ts';

/** A resident whom searches ask for. */
export interface Resident {
  readonly id: string;
  readonly residentId: string;
  readonly name: string;
  /** The reading of the name, as one would type it. */
  readonly reading: string;
  readonly gender: string;
  readonly birthDate: string;
  /** The number of one visit. */
  readonly visit: string;
}

/** Blocks that the residents are drawn from: some from each, so that they stand all over the store. */
const blocks = 8;

/** Residents drawn. */
const size = 240;

/** Residents of one kind, whatever the size of the district: known by ID number, with 20 to 60 observations and a form. */
export function drawSample(district: District): readonly Resident[] {
  const all = district.residents / district.block;
  const chosen = Array.from({ length: Math.min(blocks, all) }, (_, i) => Math.floor((i * all) / Math.min(blocks, all)));
  const found = chosen.map((number) => residentsOf(block(district, number)));
  const each = Math.ceil(size / chosen.length);
  const turns = Array.from({ length: each }, (_, turn) => found.flatMap((residents) => residents[turn] ?? []));
  const drawn = turns.flat();
  if (drawn.length === 0) throw new Error(`no resident of ${district.residents} is of the kind that searches ask for`);
  return drawn;
}

interface Known {
  readonly patient: Patient;
  observations: number;
  forms: number;
  visit?: string;
}

function residentsOf(resources: Iterable<Resource>): readonly Resident[] {
  const known = new Map<string, Known>();
  // The records of some come before the Patient.
  for (const resource of [...resources].toSorted((a, b) => order(a) - order(b))) {
    if (resource.resourceType === 'Patient') {
      known.set(`Patient/${resource.id}`, { patient: resource, observations: 0, forms: 0 });
    } else note(known, resource);
  }
  // A block begins with those who stand on the boundaries of definitions, many of one age.
  return [...known.values()].reverse().flatMap(toResident);
}

const order = ({ resourceType }: Resource): number => (resourceType === 'Patient' ? 0 : 1);

function note(known: ReadonlyMap<string, Known>, resource: Resource): void {
  const { resourceType } = resource;
  if (resourceType !== 'Observation' && resourceType !== 'QuestionnaireResponse' && resourceType !== 'Encounter')
    return;
  const of = known.get(resource.subject?.reference ?? '');
  if (of === undefined) return;
  if (resourceType === 'Observation') of.observations++;
  if (resourceType === 'QuestionnaireResponse') of.forms++;
  if (resourceType === 'Encounter') of.visit = visitOf(resource) ?? '';
}

const visitOf = ({ identifier }: Encounter): string | undefined =>
  identifier?.find(({ system }) => system === visitNumber)?.value;

function toResident({ patient, observations, forms, visit }: Known): readonly Resident[] {
  const { id, identifier, name, gender, birthDate } = patient;
  const residentId = identifier?.find(({ system }) => system === RESIDENT_ID)?.value;
  const text = name?.[0]?.text;
  const kind = observations >= 20 && observations <= 60 && forms > 0;
  if (!kind || id === undefined || residentId === undefined || text === undefined) return [];
  if (gender === undefined || birthDate === undefined || visit === undefined) return [];
  const reading = pinyin(text, { toneType: 'none', type: 'array', surname: 'head' }).join('');
  return [{ id, residentId, name: text, reading, gender, birthDate, visit }];
}
