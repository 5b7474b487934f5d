import { day } from '../calendar.ts';
import { CENTRES } from '../district.ts';
import { type Random, random } from '../random.ts';
import { draftHome, draftPerson } from './draft.ts';
import { ratesOf } from './rates.ts';
import type { Gender, Person } from './types.ts';

type Kind = 'elder-couple' | 'elder' | 'couple' | 'family' | 'single' | 'grown-family' | 'elders-with-child';

/** Weights that give about a third of the residents an age of 65 or more, and a tenth one under 18. [K] */
const KINDS: readonly (readonly [Kind, number])[] = [
  ['elder-couple', 23],
  ['elder', 15],
  ['couple', 15],
  ['family', 17],
  ['single', 13],
  ['grown-family', 11],
  ['elders-with-child', 8],
];

/** The first age of each band of elders, and its weight. [K] */
const ELDER_AGES: readonly (readonly [number, number])[] = [
  [65, 32],
  [70, 29],
  [75, 18],
  [80, 11],
  [85, 7],
  [90, 3],
];

interface Member {
  readonly age: number;
  readonly gender: Gender;
}

/** Households of `count` persons in all, in no street's order. The same seed begins with the same households. */
export function drawHouseholds(seed: number, count: number, year: number): Person[][] {
  const households: Person[][] = [];
  let persons = 0;
  while (persons < count) {
    const draw = random(seed, 'household', households.length);
    const household = drawHousehold(draw, `h${households.length + 1}`, year).slice(0, count - persons);
    households.push(household);
    persons += household.length;
  }
  return households;
}

function drawHousehold(draw: Random, key: string, year: number): Person[] {
  const centre = draw.weighted(CENTRES.map((each) => [each, ratesOf(each.id).size] as const));
  const home = draftHome(draw, centre.street);
  return drawMembers(draw, draw.weighted(KINDS)).map(({ age, gender }, index) => {
    const birth = day(year - age, 1, 1) + draw.int(0, 364);
    return draftPerson(`${key}-${index + 1}`, centre.id, gender, birth, [home]);
  });
}

function drawMembers(draw: Random, kind: Kind): Member[] {
  switch (kind) {
    case 'elder-couple':
      return couple(draw, elderAge(draw));
    case 'elder':
      return [{ age: elderAge(draw), gender: draw.chance(0.66) ? 'female' : 'male' }];
    case 'couple':
      return couple(draw, draw.int(30, 64));
    case 'family':
      return family(draw);
    case 'single':
      return [{ age: draw.int(20, 64), gender: anyGender(draw) }];
    case 'grown-family': {
      const age = draw.int(50, 62);
      return [...couple(draw, age), { age: age - draw.int(25, 32), gender: anyGender(draw) }];
    }
    case 'elders-with-child': {
      const age = elderAge(draw);
      const parents = draw.chance(0.7) ? couple(draw, age) : [{ age, gender: 'female' as const }];
      return [...parents, { age: age - draw.int(24, 32), gender: anyGender(draw) }];
    }
  }
}

function family(draw: Random): Member[] {
  const age = draw.int(28, 46);
  const first = Math.max(0, age - draw.int(26, 34));
  const members = [...couple(draw, age), { age: first, gender: anyGender(draw) }];
  if (draw.chance(0.22)) members.push({ age: Math.max(0, first - draw.int(2, 5)), gender: anyGender(draw) });
  if (draw.chance(0.15)) members.push({ age: age + draw.int(25, 32), gender: 'female' });
  return members;
}

function couple(draw: Random, age: number): Member[] {
  return [
    { age, gender: 'male' },
    { age: Math.max(age >= 65 ? 65 : 22, age - draw.int(-2, 4)), gender: 'female' },
  ];
}

function elderAge(draw: Random): number {
  const from = draw.weighted(ELDER_AGES);
  return draw.int(from, from >= 90 ? from + 9 : from + 4);
}

const anyGender = (draw: Random): Gender => (draw.chance(0.5) ? 'male' : 'female');
