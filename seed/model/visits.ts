import { ageOn, type Period } from '../calendar.ts';
import { centre, HOSPITALS } from '../district.ts';
import { type Random, random } from '../random.ts';
import { workingTime } from './draft.ts';
import { dayOfDeath } from './residence.ts';
import type { Person, SelfMeasurement, Visit } from './types.ts';

/** ICD-10 code, from which age on, weight, and the tests that go with it. */
const DIAGNOSES: readonly (readonly [string, number, number, readonly string[]])[] = [
  ['J06.9', 0, 20, ['temperature', 'white-cells']],
  ['J20.9', 0, 8, ['temperature', 'white-cells']],
  ['K29.5', 18, 9, ['haemoglobin']],
  ['M54.5', 25, 9, []],
  ['L30.9', 0, 5, []],
  ['I10', 40, 16, ['pressure', 'creatinine']],
  ['E11.9', 40, 8, ['glucose', 'hba1c']],
  ['E78.5', 35, 9, ['cholesterol', 'alt']],
  ['I25.1', 55, 8, ['pressure', 'cholesterol']],
  ['J44.9', 50, 3, ['white-cells']],
  ['N39.0', 18, 4, ['white-cells']],
  ['M17.9', 55, 6, []],
  ['H52.1', 6, 4, []],
  ['S93.4', 10, 2, []],
];

/** Visits to the CHC, if it knows the person, and to hospitals. */
export function drawVisits(person: Person, seed: number, period: Period): void {
  const draw = random(seed, 'visits', person.key);
  const age = ageOn(person.birth, period.last);
  const atCentre = person.patientId !== undefined;
  // A hospital finds a person whom the CHC knows by the resident ID number alone.
  const atHospital = person.residentId !== undefined || !atCentre;
  for (let left = drawCount(draw, age, atCentre, person); left > 0; left--) {
    const hospital = atHospital && (!atCentre || draw.chance(0.4));
    person.visits.push(drawVisit(draw, person, hospital, age, period));
  }
}

function drawCount(draw: Random, age: number, atCentre: boolean, person: Person): number {
  const most = age >= 65 ? 6 : age >= 45 ? 3 : 2;
  const recorded = atCentre && person.archiveNumber !== undefined;
  return draw.int(recorded ? 0 : 1, most);
}

function drawVisit(draw: Random, person: Person, hospital: boolean, age: number, period: Period): Visit {
  const [diagnosis, tests] = draw.weighted(
    DIAGNOSES.filter(([, from]) => age >= from).map(
      ([code, , weight, tests]) => [[code, tests] as const, weight] as const,
    ),
  );
  const last = Math.min(period.last, dayOfDeath(person) ?? period.last);
  const first = Math.max(person.birth, Math.min(period.first, last) - 60);
  return {
    provider: hospital ? draw.pick(HOSPITALS).id : person.registrar,
    type: hospital && draw.chance(0.15) ? 'emergency' : 'outpatient',
    start: workingTime(draw, draw.int(first, last)),
    diagnosis,
    tests: hospital ? tests : tests.slice(0, 1),
  };
}

/** What some residents measure on themselves in a station of their CHC. */
export function drawMeasurements(person: Person, seed: number, period: Period): void {
  const draw = random(seed, 'measurements', person.key);
  const age = ageOn(person.birth, period.last);
  if (person.residentId === undefined || person.patientId === undefined || age < 30) return;
  if (!draw.chance(age >= 60 ? 0.25 : 0.08)) return;
  const station = draw.pick(centre(person.registrar).stations).id;
  for (let left = draw.int(3, 10); left > 0; left--) {
    const kind = draw.weighted<SelfMeasurement['kind']>([
      ['pressure', 6],
      ['glucose', 2],
      ['heart-rate', 2],
    ]);
    person.measurements.push({ station, at: workingTime(draw, draw.int(period.first, period.last)), kind });
  }
}
