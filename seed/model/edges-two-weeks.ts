import type { Instant } from '../calendar.ts';
import { days, type Edge, type EdgeCase, form, pressure } from './edge.ts';
import type { FollowUp, Member } from './types.ts';

const MANAGED: readonly Member[] = ['11n', '14d'];
const STANDARD: readonly Member[] = ['11n', '14d', '14n'];

interface Reading {
  readonly systolic?: number;
  readonly diastolic?: number;
  readonly start?: Instant;
  readonly exceptions?: Partial<FollowUp>;
}

/** All is well but for one more follow-up with this reading (160/100 if nothing is said), then perhaps another. */
function reading(
  edge: Edge,
  { systolic = 160, diastolic = 100, start = edge.at(3, 15), exceptions }: Reading,
  then?: { readonly after: number; readonly exceptions?: Partial<FollowUp> },
): void {
  const episode = edge.manage('hypertension');
  edge.followUps([episode]);
  edge.plainExam();
  edge.followUp([episode], start, { pressures: [pressure(systolic, diastolic)], ...exceptions });
  if (then) edge.followUp([episode], start + then.after, then.exceptions);
}

function aged(edge: Edge, birth: number, read: Reading): void {
  edge.person.birth = birth;
  reading(edge, read);
}

const MINUTE = 60_000;

/** The two-week rule of hypertension. */
export const TWO_WEEKS: readonly EdgeCase[] = [
  { fact: '160/100, not followed', expected: MANAGED, make: (edge) => reading(edge, {}) },
  {
    fact: '140/80 at 50, not followed',
    expected: MANAGED,
    make: (edge) => reading(edge, { systolic: 140, diastolic: 80 }),
  },
  {
    fact: '139/89 at 50, not followed',
    expected: STANDARD,
    make: (edge) => reading(edge, { systolic: 139, diastolic: 89 }),
  },
  {
    fact: '130/90 at 50, not followed',
    expected: MANAGED,
    make: (edge) => reading(edge, { systolic: 130, diastolic: 90 }),
  },
  {
    fact: '149/89 at 70, not followed',
    expected: STANDARD,
    make: (edge) => aged(edge, edge.on(3, 3, -70), { systolic: 149, diastolic: 89 }),
  },
  {
    fact: '150/80 at 70, not followed',
    expected: MANAGED,
    make: (edge) => aged(edge, edge.on(3, 3, -70), { systolic: 150, diastolic: 80 }),
  },
  {
    fact: '130/90 at 70, not followed',
    expected: MANAGED,
    make: (edge) => aged(edge, edge.on(3, 3, -70), { systolic: 130, diastolic: 90 }),
  },
  {
    fact: '145/80, 65th birthday on the last day of the period, not followed',
    expected: STANDARD,
    make: (edge) => aged(edge, edge.on(12, 31, -65), { systolic: 145, diastolic: 80 }),
  },
  {
    fact: '145/80, 65th birthday on the day after the period, not followed',
    expected: MANAGED,
    make: (edge) => aged(edge, edge.on(1, 1, -64), { systolic: 145, diastolic: 80 }),
  },
  {
    fact: 'followed after exactly 14 days',
    expected: STANDARD,
    make: (edge) => reading(edge, {}, { after: days(14) }),
  },
  {
    fact: 'followed after 14 days and a minute',
    expected: MANAGED,
    make: (edge) => reading(edge, {}, { after: days(14) + MINUTE }),
  },
  {
    fact: 'followed by telephone',
    expected: STANDARD,
    make: (edge) => reading(edge, {}, { after: days(7), exceptions: { class: 'VR', pressures: [], forms: [] } }),
  },
  {
    fact: 'followed by a visit that was entered in error',
    expected: MANAGED,
    make: (edge) => reading(edge, {}, { after: days(7), exceptions: { status: 'entered-in-error' } }),
  },
  {
    fact: 'followed by a visit that belongs to no episode',
    expected: MANAGED,
    make: (edge) => reading(edge, {}, { after: days(7), exceptions: { episodes: [] } }),
  },
  {
    fact: 'followed by a visit with 160/100 again, which is not followed',
    expected: MANAGED,
    make: (edge) => reading(edge, {}, { after: days(7), exceptions: { pressures: [pressure(160, 100)] } }),
  },
  {
    fact: '160/100 in a visit 20 days after another, which the 30-day rule does not count, not followed',
    expected: MANAGED,
    make: (edge) => reading(edge, { start: edge.at(3, 2) }),
  },
  {
    fact: '160/100 in a visit whose form lacks salt, not followed: the visit does not count, so nothing is asked',
    expected: STANDARD,
    make: (edge) => reading(edge, { exceptions: { forms: [form('hypertension', { absent: ['salt'] })] } }),
  },
  {
    fact: '160/100 by telephone with a complete form, not followed: the visit does not count, so nothing is asked',
    expected: STANDARD,
    make: (edge) => reading(edge, { exceptions: { class: 'VR' } }),
  },
  {
    fact: '160/100 entered in error beside a good reading, not followed',
    expected: STANDARD,
    make: (edge) => {
      const pressures = [{ ...pressure(160, 100), status: 'entered-in-error' as const }, pressure(128, 78)];
      reading(edge, { exceptions: { pressures } });
    },
  },
  {
    fact: '160/100 fourteen days before the end of the period to the second, not followed',
    expected: STANDARD,
    make: (edge) => reading(edge, { start: edge.period.end - days(14) }),
  },
  {
    fact: '160/100 fourteen days and a second before the end of the period, not followed',
    expected: MANAGED,
    make: (edge) => reading(edge, { start: edge.period.end - days(14) - 1000 }),
  },
];
