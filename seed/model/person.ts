import { ageOn, type Period } from '../calendar.ts';
import { CENTRES, centre } from '../district.ts';
import { type Random, random } from '../random.ts';
import { draftHome, workingTime } from './draft.ts';
import { personName } from './names.ts';
import type { Numbers } from './numbers.ts';
import { ratesOf } from './rates.ts';
import type { Person } from './types.ts';

/** Who the person is, whether alive and where at home, and who keeps a record. */
export function settlePerson(person: Person, seed: number, period: Period, numbers: Numbers): void {
  const draw = random(seed, 'person', person.key);
  const age = ageOn(person.birth, period.last);
  describe(person, draw, age);
  if (draw.chance(mortality(age))) die(person, draw, period);
  else if (draw.chance(0.05)) move(person, draw, period);
  const newborn = age === 0;
  if (!newborn || draw.chance(0.5)) person.residentId = numbers.residentId(person.birth, person.gender);
  if (draw.chance(0.5)) person.insuranceCard = numbers.insuranceCard();
  register(person, draw, age, numbers);
}

function describe(person: Person, draw: Random, age: number): void {
  person.name = personName(draw, person.gender);
  person.ethnicity = draw.chance(0.982) ? '01' : draw.pick(['02', '03', '05', '06', '08', '10', '11', '15']);
  person.residency = draw.weighted([
    ['registered', 73],
    ['unregistered', 22],
    ['non-resident', 3],
    [undefined, 2],
  ] as const);
  person.hukou = draw.weighted([
    ['non-agricultural', 62],
    ['resident', 26],
    ['agricultural', person.residency === 'registered' ? 4 : 30],
  ] as const);
  if (age >= 14) person.phone = `000${String(draw.int(0, 99_999_999)).padStart(8, '0')}`;
}

/** The shares that died in the year or the years before, as far as records of them remain. */
function mortality(age: number): number {
  if (age >= 85) return 0.1;
  return age >= 65 ? 0.025 : 0.002;
}

function die(person: Person, draw: Random, period: Period): void {
  const first = Math.max(person.birth, draw.chance(0.3) ? period.first - 400 : period.first);
  const on = draw.int(first, Math.max(first, period.last + 20));
  person.death = draw.weighted([
    [{ kind: 'day', day: on } as const, 60],
    [{ kind: 'instant', at: workingTime(draw, on) } as const, 30],
    [{ kind: 'flag' } as const, 10],
  ]);
}

function move(person: Person, draw: Random, period: Period): void {
  const [home] = person.homes;
  if (!home) return;
  const on = draw.int(Math.max(period.first, person.birth + 1), period.last + 30);
  const elsewhere = draftHome(draw, undefined);
  const inDistrict = draftHome(draw, draw.pick(CENTRES).street);
  person.homes = draw.weighted([
    [[{ ...home, to: on }], 30],
    [[{ ...home, from: on }], 35],
    [
      [
        { ...home, to: on },
        { ...elsewhere, from: on + 1 },
      ],
      15,
    ],
    [
      [
        { ...home, to: on },
        { ...inDistrict, from: on + 1 },
      ],
      20,
    ],
  ]);
}

/** A file has an archive number. Of those without, some went to the CHC all the same, the others to hospitals only. */
function register(person: Person, draw: Random, age: number, numbers: Numbers): void {
  const [home] = person.homes;
  const rates = ratesOf(person.registrar);
  const filed =
    rates.archive * (age >= 65 ? 1.06 : age < 18 ? 1.02 : 0.97) * (person.residency === 'non-resident' ? 0.4 : 1);
  if (home && draw.chance(filed)) {
    person.archiveNumber = numbers.archiveNumber(centre(person.registrar).street, home.committee);
  }
  if (person.archiveNumber !== undefined || draw.chance(0.5)) person.patientId = numbers.patientId(person.registrar);
}
