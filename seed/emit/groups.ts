import type { BundleEntry } from '@medplum/fhirtypes';
import { instantText } from '../calendar.ts';
import { HOSPITALS } from '../district.ts';
import { isElderly } from '../model/residence.ts';
import type { District, Episode, Person } from '../model/types.ts';
import { type Random, random } from '../random.ts';
import { LOINC, ORGANIZATION_CODE, RESIDENT_ID, recordNumberSystem } from '../systems.ts';
import { usesConditionalReferences, writeEpisode } from './episode.ts';
import { writeTest } from './observation.ts';
import { centrePatient, hospitalPatient, recordNumber } from './patient.ts';
import { isOf, providerRef, writeExam, writeFollowUp, writeVisit } from './records.ts';
import { conditional, hl7, literal, logical, type Ref, Writer } from './writer.ts';

/** What one source knows of one resident: it stays together in one bundle. */
export interface Group {
  /** Before the CHC has sent the Patient, with it, or after. */
  readonly stage: 'early' | 'main' | 'late';
  readonly source: string;
  readonly entries: readonly BundleEntry[];
  /** Each entry is sent by itself, not in a bundle. */
  readonly single?: boolean;
}

export function groupsOf(person: Person, district: District): Group[] {
  const groups = [
    ...centreGroups(person, district),
    ...HOSPITALS.flatMap(({ id, code }) => hospitalGroups(person, district, id, code)),
    ...stationGroups(person, district),
  ];
  return groups.filter(({ entries }) => entries.length > 0);
}

function centreGroups(person: Person, district: District): Group[] {
  const { patientId, registrar } = person;
  if (patientId === undefined) return [];
  const draw = random(district.seed, 'send', person.key, registrar);
  const writer = centreWriter(registrar, draw);
  const subject = writer.put(patientId, centrePatient(person), { profile: 'cn-sh-patient' });
  const episodes = writeEpisodes(writer, person, registrar, subject);
  const groups: Group[] = [{ stage: 'main', source: registrar, entries: writer.entries }];
  if (draw.chance(0.15)) {
    const early = centreWriter(registrar, draw);
    writeFollowUps(early, draw, person, district, registrar, literal('Patient', patientId), new Map());
    groups.push({ stage: 'early', source: registrar, entries: early.entries });
  } else {
    writeFollowUps(writer, draw, person, district, registrar, subject, episodes);
  }
  writeExamsAndVisits(writer, draw, person, registrar, subject);
  groups.push(...otherCentres(person).map((other) => otherCentreGroup(person, district, other)));
  groups.push({ stage: 'late', source: registrar, entries: writeConsents(person, patientId, draw), single: true });
  return groups;
}

function centreWriter(source: string, draw: Random): Writer {
  return new Writer(source, usesConditionalReferences(source) ? 'uuids' : 'own-ids', draw);
}

function writeEpisodes(writer: Writer, person: Person, at: string, subject: Ref): Map<Episode, Ref> {
  const own = person.episodes.filter((episode) => episode.centre === at);
  return new Map(own.map((episode) => [episode, writeEpisode(writer, episode, subject)]));
}

function writeFollowUps(
  writer: Writer,
  draw: Random,
  person: Person,
  { period }: District,
  at: string,
  subject: Ref,
  episodes: ReadonlyMap<Episode, Ref>,
): void {
  const limit = isElderly(person, period) ? 150 : 140;
  person.followUps.forEach((followUp, index) => {
    if (followUp.centre !== at) return;
    const id = `${at}-follow-up-${person.key}-${index + 1}`;
    const frame = { writer, draw, id, subject, serviceProvider: providerRef(at) };
    writeFollowUp(frame, followUp, limit, (episode) => episodes.get(episode) ?? literal('EpisodeOfCare', episode.id));
  });
}

function writeExamsAndVisits(writer: Writer, draw: Random, person: Person, at: string, subject: Ref): void {
  person.exams.forEach((exam, index) => {
    if (!isOf(exam.provider, at)) return;
    const id = `${at}-exam-${person.key}-${index + 1}`;
    writeExam({ writer, draw, id, subject, serviceProvider: providerRef(exam.provider) }, exam);
  });
  person.visits.forEach((visit, index) => {
    if (!isOf(visit.provider, at)) return;
    const id = `${at}-visit-${person.key}-${index + 1}`;
    writeVisit({ writer, draw, id, subject, serviceProvider: providerRef(visit.provider) }, visit);
  });
}

function otherCentres(person: Person): string[] {
  const centres = new Set([...person.episodes, ...person.followUps].map(({ centre }) => centre));
  centres.delete(person.registrar);
  return [...centres];
}

/** A CHC that did not register the person finds the Patient by resident ID number. */
function otherCentreGroup(person: Person, district: District, at: string): Group {
  const draw = random(district.seed, 'send', person.key, at);
  const writer = centreWriter(at, draw);
  const subject = conditional('Patient', RESIDENT_ID, knownId(person));
  const episodes = writeEpisodes(writer, person, at, subject);
  writeFollowUps(writer, draw, person, district, at, subject, episodes);
  return { stage: 'late', source: at, entries: writer.entries };
}

function writeConsents(person: Person, patientId: string, draw: Random): BundleEntry[] {
  const writer = new Writer(person.registrar, 'own-ids', draw);
  person.consents.forEach(({ status, at }, index) => {
    writer.put(`${person.registrar}-consent-${person.key}-${index + 1}`, {
      resourceType: 'Consent',
      status,
      scope: hl7('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: LOINC, code: '59284-0' }] }],
      patient: literal('Patient', patientId),
      dateTime: instantText(at),
      policyRule: hl7('consentpolicycodes', 'cric'),
    });
  });
  return writer.entries;
}

/**
 * A hospital that comes after the CHC asks for the Patient to be created unless it is there; one that comes before names
 * the person by resident ID number alone.
 */
function hospitalGroups(person: Person, district: District, hospital: string, code: string): Group[] {
  const exams = person.exams.filter(({ provider }) => provider === hospital);
  const visits = person.visits.filter(({ provider }) => provider === hospital);
  if (exams.length + visits.length === 0) return [];
  const draw = random(district.seed, 'send', person.key, hospital);
  const writer = new Writer(hospital, 'uuids', draw);
  const early = person.patientId !== undefined && draw.chance(0.25);
  const serviceProvider =
    hospital === 'hospital-1' ? conditional('Organization', ORGANIZATION_CODE, code) : providerRef(hospital);
  const subject = early
    ? logical('Patient', RESIDENT_ID, knownId(person))
    : writer.createIfNone(criterion(person, hospital), hospitalPatient(person, hospital, serviceProvider), {
        profile: 'cn-sh-patient',
      });
  const frame = { writer, draw, subject, serviceProvider };
  for (const [index, exam] of exams.entries()) writeExam({ ...frame, id: `exam-${index + 1}` }, exam);
  for (const [index, visit] of visits.entries()) writeVisit({ ...frame, id: `visit-${index + 1}` }, visit);
  return [{ stage: early ? 'early' : 'late', source: hospital, entries: writer.entries }];
}

function criterion(person: Person, hospital: string): string {
  const [system, value] =
    person.residentId === undefined
      ? [recordNumberSystem(hospital), recordNumber(person)]
      : [RESIDENT_ID, person.residentId];
  return `identifier=${system}|${value}`;
}

function stationGroups(person: Person, district: District): Group[] {
  const [first] = person.measurements;
  if (!first) return [];
  const { station } = first;
  const draw = random(district.seed, 'send', person.key, station);
  const writer = new Writer(station, 'own-ids', draw);
  const subject = logical('Patient', RESIDENT_ID, knownId(person));
  const early = draw.chance(0.3);
  person.measurements.forEach(({ at, kind }, index) => {
    const about = { subject, at, performer: subject, device: literal('Device', deviceId(station)) };
    const test = kind === 'glucose' ? 'random-glucose' : kind;
    writeTest(writer, `${station}-${person.key}-${index + 1}`, test, draw, about, true);
  });
  return [{ stage: early ? 'early' : 'late', source: station, entries: writer.entries }];
}

export const deviceId = (station: string): string => `${station}-device-1`;

function knownId(person: Person): string {
  if (person.residentId === undefined) throw new Error(`${person.key} has no resident ID number to be found by`);
  return person.residentId;
}
