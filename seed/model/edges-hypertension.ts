import { CENTRES } from '../district.ts';
import { days, type Edge, type EdgeCase, form, pressure } from './edge.ts';
import type { Exam, FollowUp, Member } from './types.ts';

const NONE: readonly Member[] = ['11n'];
const MANAGED: readonly Member[] = ['11n', '14d'];
const STANDARD: readonly Member[] = ['11n', '14d', '14n'];

type Options = Parameters<Edge['manage']>[1];

/** Managed with four good follow-ups (or fewer) and an exam. */
function managed(edge: Edge, options?: Options, count = 4): void {
  edge.followUps([edge.manage('hypertension', options)], count);
  edge.plainExam();
}

/** Managed with three good follow-ups, an exam, and a fourth follow-up that is special. */
function fourth(edge: Edge, exceptions: Partial<FollowUp>, start = edge.at(11, 10)): void {
  const episode = edge.manage('hypertension');
  edge.followUps([episode], 3);
  edge.followUp([episode], start, exceptions);
  edge.plainExam();
}

/** Managed, with an exam and follow-ups at these distances in days from 5 January. */
function paced(edge: Edge, ...offsets: readonly number[]): void {
  const episode = edge.manage('hypertension');
  for (const offset of offsets) edge.followUp([episode], edge.at(1, 5) + days(offset));
  edge.plainExam();
}

function examined(edge: Edge, exceptions: Partial<Exam>): void {
  edge.followUps([edge.manage('hypertension')]);
  edge.plainExam(exceptions);
}

const lacking = (item: 'drugs' | 'salt') => ({ forms: [form('hypertension', { absent: [item] })] });

/** Who is managed, and how many follow-ups are required of the centre. */
export const ENROLMENT: readonly EdgeCase[] = [
  { fact: 'hypertension: four follow-ups and an exam', expected: STANDARD, make: (edge) => managed(edge) },
  { fact: 'hypertension: three follow-ups', expected: MANAGED, make: (edge) => managed(edge, {}, 3) },
  {
    fact: 'hypertension: 35th birthday on the last day of the period',
    expected: STANDARD,
    make: (edge) => {
      edge.person.birth = edge.on(12, 31, -35);
      managed(edge);
    },
  },
  {
    fact: 'hypertension: 35th birthday on the day after the period',
    expected: NONE,
    make: (edge) => {
      edge.person.birth = edge.on(1, 1, -34);
      managed(edge);
    },
  },
  {
    fact: 'hypertension: enrolled 1 January, four required',
    expected: MANAGED,
    make: (edge) => managed(edge, { from: edge.on(1, 1) }, 3),
  },
  {
    fact: 'hypertension: enrolled in February, eleven months: four required, three made',
    expected: MANAGED,
    make: (edge) => managed(edge, { from: edge.on(2, 1) }, 3),
  },
  {
    fact: 'hypertension: enrolled 30 April, nine months: three required, three made',
    expected: STANDARD,
    make: (edge) => {
      const episode = edge.manage('hypertension', { from: edge.on(4, 30) });
      edge.followUps([episode]);
      edge.plainExam();
    },
  },
  {
    fact: 'hypertension: enrolled 30 June, seven months: three required, two made',
    expected: MANAGED,
    make: (edge) => managed(edge, { from: edge.on(6, 30) }),
  },
  {
    fact: 'hypertension: enrolled 1 July, six months: two required, two made',
    expected: STANDARD,
    make: (edge) => managed(edge, { from: edge.on(7, 1) }),
  },
  {
    fact: 'hypertension: enrolled in October, three months: one required, one made',
    expected: STANDARD,
    make: (edge) => managed(edge, { from: edge.on(10, 31) }),
  },
  {
    fact: 'hypertension: enrolled on the last day, seen in its last second',
    expected: STANDARD,
    make: (edge) => {
      edge.followUp([edge.manage('hypertension', { from: edge.period.last })], edge.lastSecond);
      edge.plainExam();
    },
  },
  {
    fact: 'hypertension: enrolled on the last day, seen the day before',
    expected: MANAGED,
    make: (edge) => {
      edge.followUp([edge.manage('hypertension', { from: edge.period.last })], edge.at(12, 30));
      edge.plainExam();
    },
  },
  {
    fact: 'hypertension: enrolled on the day after the period',
    expected: NONE,
    make: (edge) => managed(edge, { from: edge.period.last + 1 }),
  },
  {
    fact: 'hypertension: management finished on the last day of the period',
    expected: STANDARD,
    make: (edge) => managed(edge, { to: edge.period.last, status: 'finished' }),
  },
  {
    fact: 'hypertension: management finished on the day before the last day of the period',
    expected: NONE,
    make: (edge) => managed(edge, { to: edge.period.last - 1, status: 'finished' }),
  },
  { fact: 'hypertension: on hold', expected: STANDARD, make: (edge) => managed(edge, { status: 'onhold' }) },
  { fact: 'hypertension: planned', expected: NONE, make: (edge) => managed(edge, { status: 'planned' }) },
  { fact: 'hypertension: cancelled', expected: NONE, make: (edge) => managed(edge, { status: 'cancelled' }) },
  {
    fact: 'hypertension: entered in error',
    expected: NONE,
    make: (edge) => managed(edge, { status: 'entered-in-error' }),
  },
  {
    fact: 'hypertension: managed by one CHC until 30 June, by another from 1 July: two required there, two made',
    expected: STANDARD,
    make: (edge) => {
      const at = CENTRES.findLast(({ id }) => id !== edge.person.registrar)?.id ?? '';
      const before = edge.manage('hypertension', { to: edge.on(6, 30), status: 'finished' });
      const after = edge.manage('hypertension', { from: edge.on(7, 1), at });
      for (const [month, episode] of [
        [2, before],
        [5, before],
        [8, after],
        [11, after],
      ] as const) {
        edge.followUp([episode], edge.at(month, 10));
      }
      edge.plainExam();
    },
  },
  {
    fact: 'hypertension: two live episodes, the follow-ups belong to the older one',
    expected: MANAGED,
    make: (edge) => {
      managed(edge);
      edge.manage('hypertension', { from: edge.on(9, 1) });
    },
  },
  {
    fact: 'hypertension: lives outside the district',
    expected: ['14d', '14n'],
    make: (edge) => {
      edge.person.homes = edge.person.homes.map((home) => ({ ...home, street: undefined }));
      managed(edge);
    },
  },
  {
    fact: 'hypertension: died in the last second of the period',
    expected: [],
    make: (edge) => {
      managed(edge);
      edge.person.death = { kind: 'instant', at: edge.lastSecond };
    },
  },
];

/** Which follow-ups and exams count. */
export const FOLLOW_UPS: readonly EdgeCase[] = [
  {
    fact: 'fourth follow-up exactly 30 days after the third',
    expected: STANDARD,
    make: (edge) => paced(edge, 0, 90, 180, 210),
  },
  {
    fact: 'fourth follow-up one minute less than 30 days after the third',
    expected: MANAGED,
    make: (edge) => paced(edge, 0, 90, 180, 210 - 1 / 1440),
  },
  {
    fact: 'days 0, 20, 40, 130, 220: the third is 40 days after the last counted',
    expected: STANDARD,
    make: (edge) => paced(edge, 0, 20, 40, 130, 220),
  },
  {
    fact: 'days 0, 25, 50, 75, 100: three count',
    expected: MANAGED,
    make: (edge) => paced(edge, 0, 25, 50, 75, 100),
  },
  { fact: 'fourth follow-up by telephone', expected: MANAGED, make: (edge) => fourth(edge, { class: 'VR' }) },
  { fact: 'fourth follow-up at home', expected: STANDARD, make: (edge) => fourth(edge, { class: 'HH' }) },
  {
    fact: 'fourth follow-up in the last second of the period',
    expected: STANDARD,
    make: (edge) => fourth(edge, {}, edge.lastSecond),
  },
  {
    fact: 'fourth follow-up in the first second after the period',
    expected: MANAGED,
    make: (edge) => fourth(edge, {}, edge.period.end),
  },
  {
    fact: 'fourth follow-up in the first second of the period',
    expected: STANDARD,
    make: (edge) => fourth(edge, {}, edge.period.start),
  },
  {
    fact: 'fourth follow-up in the last second before the period',
    expected: MANAGED,
    make: (edge) => fourth(edge, {}, edge.period.start - 1000),
  },
  {
    fact: 'fourth follow-up without blood pressure',
    expected: MANAGED,
    make: (edge) => fourth(edge, { pressures: [] }),
  },
  {
    fact: 'fourth follow-up without diastolic pressure',
    expected: MANAGED,
    make: (edge) => fourth(edge, { pressures: [pressure(128, undefined)] }),
  },
  {
    fact: 'fourth follow-up with a preliminary blood pressure',
    expected: MANAGED,
    make: (edge) => fourth(edge, { pressures: [{ ...pressure(128, 78), status: 'preliminary' }] }),
  },
  {
    fact: 'fourth follow-up with a high reading entered in error and a good final one',
    expected: STANDARD,
    make: (edge) =>
      fourth(edge, { pressures: [{ ...pressure(178, 98), status: 'entered-in-error' }, pressure(128, 78)] }),
  },
  { fact: 'fourth follow-up without form', expected: MANAGED, make: (edge) => fourth(edge, { forms: [] }) },
  {
    fact: 'fourth follow-up with the form of the other disease',
    expected: MANAGED,
    make: (edge) => fourth(edge, { forms: [form('diabetes2')] }),
  },
  {
    fact: 'fourth follow-up, drugs missing on the form',
    expected: MANAGED,
    make: (edge) => fourth(edge, lacking('drugs')),
  },
  {
    fact: 'fourth follow-up, salt missing on the form',
    expected: MANAGED,
    make: (edge) => fourth(edge, lacking('salt')),
  },
  {
    fact: 'fourth follow-up, smoking on the form without an answer',
    expected: MANAGED,
    make: (edge) => fourth(edge, { forms: [form('hypertension', { unanswered: ['smoking'] })] }),
  },
  {
    fact: 'fourth follow-up, form in progress',
    expected: MANAGED,
    make: (edge) => fourth(edge, { forms: [form('hypertension', { status: 'in-progress' })] }),
  },
  {
    fact: 'fourth follow-up in progress',
    expected: MANAGED,
    make: (edge) => fourth(edge, { status: 'in-progress' }),
  },
  {
    fact: 'fourth follow-up entered in error',
    expected: MANAGED,
    make: (edge) => fourth(edge, { status: 'entered-in-error' }),
  },
  {
    fact: 'fourth follow-up cancelled',
    expected: MANAGED,
    make: (edge) => fourth(edge, { status: 'cancelled' }),
  },
  {
    fact: 'fourth follow-up belongs to no episode',
    expected: MANAGED,
    make: (edge) => fourth(edge, { episodes: [] }),
  },
  {
    fact: 'four follow-ups, no exam',
    expected: MANAGED,
    make: (edge) => edge.followUps([edge.manage('hypertension')]),
  },
  {
    fact: 'four follow-ups, exam in progress',
    expected: MANAGED,
    make: (edge) => examined(edge, { status: 'in-progress' }),
  },
  {
    fact: 'four follow-ups, exam in the last second before the period',
    expected: MANAGED,
    make: (edge) => examined(edge, { start: edge.period.start - 1000 }),
  },
  {
    fact: 'four follow-ups, exam in the last second of the period',
    expected: STANDARD,
    make: (edge) => examined(edge, { start: edge.lastSecond }),
  },
  {
    fact: 'four follow-ups, exam in a hospital without consent',
    expected: STANDARD,
    make: (edge) => examined(edge, { provider: 'hospital-2' }),
  },
];
