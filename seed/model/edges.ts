import type { Period } from '../calendar.ts';
import { CENTRES } from '../district.ts';
import { random } from '../random.ts';
import { Edge, type EdgeCase } from './edge.ts';
import { DIABETES } from './edges-diabetes.ts';
import { EXAMS } from './edges-exams.ts';
import { ENROLMENT, FOLLOW_UPS } from './edges-hypertension.ts';
import { RESIDENCE, SIGNING } from './edges-residence.ts';
import { TWO_WEEKS } from './edges-two-weeks.ts';
import type { Numbers } from './numbers.ts';
import type { EdgeResident, Person } from './types.ts';

const CASES: readonly EdgeCase[] = [
  ...RESIDENCE,
  ...SIGNING,
  ...EXAMS,
  ...ENROLMENT,
  ...FOLLOW_UPS,
  ...TWO_WEEKS,
  ...DIABETES,
];

/** The edge residents, spread over the centres in turn. */
export function drawEdges(
  seed: number,
  period: Period,
  numbers: Numbers,
): { edges: EdgeResident[]; households: Person[][] } {
  const made = CASES.map(({ fact, expected, make }, index) => {
    const at = CENTRES[index % CENTRES.length]?.id ?? '';
    const edge = new Edge(`edge-${index + 1}`, at, period, random(seed, 'edge', index), numbers);
    make(edge);
    edge.settle();
    return { household: edge.household, resident: { person: edge.person, fact, expected } };
  });
  return { edges: made.map(({ resident }) => resident), households: made.map(({ household }) => household) };
}
