import { days, type Edge, type EdgeCase, form, glucose, pressure } from './edge.ts';
import type { FollowUp, Member } from './types.ts';

const MANAGED: readonly Member[] = ['11n', '15d'];
const STANDARD: readonly Member[] = ['11n', '15d', '15n'];

/** Managed with three good follow-ups, an exam, and a fourth that is special; then perhaps a fifth. */
function fourth(edge: Edge, exceptions: Partial<FollowUp>, after?: number): void {
  const episode = edge.manage('diabetes2');
  edge.followUps([episode], 3);
  edge.plainExam();
  edge.followUp([episode], edge.at(11, 10), exceptions);
  if (after !== undefined) edge.followUp([episode], edge.at(11, 10) + after);
}

/** Managed for both diseases, every follow-up for both, the fourth special. */
function both(edge: Edge, exceptions: Partial<FollowUp>): void {
  const episodes = [edge.manage('hypertension'), edge.manage('diabetes2', { from: edge.on(6, 1, -1) })];
  edge.followUps(episodes, 3);
  edge.plainExam();
  edge.followUp(episodes, edge.at(11, 10), exceptions);
}

export const DIABETES: readonly EdgeCase[] = [
  { fact: 'diabetes: four follow-ups and an exam', expected: STANDARD, make: (edge) => fourth(edge, {}) },
  {
    fact: 'diabetes: fourth follow-up with capillary glucose',
    expected: STANDARD,
    make: (edge) => fourth(edge, { glucoses: [glucose(6.2, 'capillary')] }),
  },
  {
    fact: 'diabetes: fourth follow-up with random glucose',
    expected: MANAGED,
    make: (edge) => fourth(edge, { glucoses: [glucose(6.2, 'random')] }),
  },
  {
    fact: 'diabetes: fourth follow-up without glucose',
    expected: MANAGED,
    make: (edge) => fourth(edge, { glucoses: [] }),
  },
  {
    fact: 'diabetes: fourth follow-up with a preliminary glucose',
    expected: MANAGED,
    make: (edge) => fourth(edge, { glucoses: [{ ...glucose(6.2), status: 'preliminary' }] }),
  },
  {
    fact: 'diabetes: fourth follow-up with the form of hypertension',
    expected: MANAGED,
    make: (edge) => fourth(edge, { forms: [form('hypertension')] }),
  },
  {
    fact: 'diabetes: exercise missing on the form of the fourth follow-up',
    expected: MANAGED,
    make: (edge) => fourth(edge, { forms: [form('diabetes2', { absent: ['exercise'] })] }),
  },
  {
    fact: 'diabetes: fourth follow-up by telephone',
    expected: MANAGED,
    make: (edge) => fourth(edge, { class: 'VR' }),
  },
  {
    fact: 'diabetes: 7.0, not followed',
    expected: MANAGED,
    make: (edge) => fourth(edge, { glucoses: [glucose(7)] }),
  },
  {
    fact: 'diabetes: 6.9, not followed',
    expected: STANDARD,
    make: (edge) => fourth(edge, { glucoses: [glucose(6.9)] }),
  },
  {
    fact: 'diabetes: 7.0, followed after exactly 14 days',
    expected: STANDARD,
    make: (edge) => fourth(edge, { glucoses: [glucose(7)] }, days(14)),
  },
  {
    fact: 'diabetes: 7.0, followed after 14 days and a second',
    expected: MANAGED,
    make: (edge) => fourth(edge, { glucoses: [glucose(7)] }, days(14) + 1000),
  },
  {
    fact: 'diabetes: blood pressure 170/100, not followed: not asked here',
    expected: STANDARD,
    make: (edge) => fourth(edge, { pressures: [pressure(170, 100)] }),
  },
  {
    fact: 'diabetes: 35th birthday on the last day of the period',
    expected: STANDARD,
    make: (edge) => {
      edge.person.birth = edge.on(12, 31, -35);
      fourth(edge, {});
    },
  },
  {
    fact: 'diabetes: 35th birthday on the day after the period',
    expected: ['11n'],
    make: (edge) => {
      edge.person.birth = edge.on(1, 1, -34);
      fourth(edge, {});
    },
  },
  {
    fact: 'both diseases: four follow-ups for both',
    expected: ['11n', '14d', '14n', '15d', '15n'],
    make: (edge) => both(edge, {}),
  },
  {
    fact: 'both diseases: the fourth with 170/100, not followed',
    expected: ['11n', '14d', '15d', '15n'],
    make: (edge) => both(edge, { pressures: [pressure(170, 100)] }),
  },
  {
    fact: 'both diseases: the fourth has the form of hypertension alone',
    expected: ['11n', '14d', '14n', '15d'],
    make: (edge) => both(edge, { forms: [form('hypertension')] }),
  },
  {
    fact: 'both diseases: 7.0 in the fourth, followed within 14 days by a visit for hypertension alone',
    expected: ['11n', '14d', '14n', '15d'],
    make: (edge) => {
      both(edge, { glucoses: [glucose(7)] });
      const hypertension = edge.person.episodes.filter(({ type }) => type === 'hypertension');
      edge.followUp(hypertension, edge.at(11, 20));
    },
  },
];
