import { type Day, type Instant, instant } from '../calendar.ts';
import type { Random } from '../random.ts';
import type { Gender, Home, Person } from './types.ts';

/** A person with nothing recorded yet. */
export function draftPerson(key: string, registrar: string, gender: Gender, birth: Day, homes: Home[]): Person {
  return {
    key,
    patientId: undefined,
    registrar,
    name: '',
    gender,
    birth,
    residentId: undefined,
    archiveNumber: undefined,
    insuranceCard: undefined,
    phone: undefined,
    ethnicity: '01',
    hukou: 'resident',
    residency: undefined,
    homes,
    death: undefined,
    replacedBy: undefined,
    episodes: [],
    followUps: [],
    exams: [],
    consents: [],
    visits: [],
    measurements: [],
  };
}

const ROADS = ['一', '二', '三', '四', '五', '六', '七', '八'];

/** A home on an invented road of the street. */
export function draftHome(draw: Random, street: string | undefined): Home {
  return {
    use: 'home',
    street,
    committee: String(draw.int(1, 12)).padStart(3, '0'),
    line: `演示${draw.pick(ROADS)}路${draw.int(1, 900)}弄${draw.int(1, 60)}号${draw.int(1, 18)}0${draw.int(1, 6)}室`,
    from: undefined,
    to: undefined,
  };
}

/** A time of a working day. */
export function workingTime(draw: Random, on: Day): Instant {
  return instant(on, draw.int(8, 16), draw.int(0, 59));
}
