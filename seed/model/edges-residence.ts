import { CENTRES } from '../district.ts';
import { random } from '../random.ts';
import { draftHome } from './draft.ts';
import type { Edge, EdgeCase } from './edge.ts';
import type { Home } from './types.ts';

/** Signed for two years, so that whether someone is a resident decides measures 1 and 11 alike. */
function signed(edge: Edge): void {
  edge.sign(edge.on(1, 1), edge.on(12, 31, 1));
}

function housed(edge: Edge, change: Partial<Home>): void {
  signed(edge);
  edge.person.homes = edge.person.homes.map((home) => ({ ...home, ...change }));
}

/** A home in the street of the next centre but four. */
function elsewhere(edge: Edge): Home {
  const at = CENTRES.findIndex(({ id }) => id === edge.person.registrar);
  return draftHome(random('elsewhere', edge.person.key), CENTRES[(at + 5) % CENTRES.length]?.street);
}

export const RESIDENCE: readonly EdgeCase[] = [
  { fact: 'signed, with a file, resident', expected: ['1n', '11n'], make: signed },
  {
    fact: 'died in the last second of the period',
    expected: [],
    make: (edge) => {
      signed(edge);
      edge.person.death = { kind: 'instant', at: edge.lastSecond };
    },
  },
  {
    fact: 'died in the first second after the period',
    expected: ['1n', '11n'],
    make: (edge) => {
      signed(edge);
      edge.person.death = { kind: 'instant', at: edge.period.end };
    },
  },
  {
    fact: 'died on 30 June, no time known',
    expected: [],
    make: (edge) => {
      signed(edge);
      edge.person.death = { kind: 'day', day: edge.on(6, 30) };
    },
  },
  {
    fact: 'deceased, no date known',
    expected: [],
    make: (edge) => {
      signed(edge);
      edge.person.death = { kind: 'flag' };
    },
  },
  {
    fact: 'a record replaced by that of the same person under another number',
    expected: [],
    make: (edge) => {
      signed(edge);
      edge.withoutId = true;
      edge.person.replacedBy = edge.companion();
    },
  },
  {
    fact: 'lives here but is not a resident',
    expected: [],
    make: (edge) => {
      signed(edge);
      edge.person.residency = 'non-resident';
    },
  },
  {
    fact: 'type of residency not recorded',
    expected: ['1n', '11n'],
    make: (edge) => {
      signed(edge);
      edge.person.residency = undefined;
    },
  },
  {
    fact: 'resident, registered elsewhere',
    expected: ['1n', '11n'],
    make: (edge) => {
      signed(edge);
      edge.person.residency = 'unregistered';
    },
  },
  {
    fact: 'moved out, last day here the day before the last day of the period',
    expected: [],
    make: (edge) => housed(edge, { to: edge.period.last - 1 }),
  },
  {
    fact: 'moved out, last day here the last day of the period',
    expected: ['1n', '11n'],
    make: (edge) => housed(edge, { to: edge.period.last }),
  },
  {
    fact: 'moved in on the last day of the period',
    expected: ['1n', '11n'],
    make: (edge) => housed(edge, { from: edge.period.last }),
  },
  {
    fact: 'moved in on the day after the period',
    expected: [],
    make: (edge) => housed(edge, { from: edge.period.last + 1 }),
  },
  {
    fact: 'moved from one street to another on 1 July: counts where the new home is',
    expected: ['1n', '11n'],
    make: (edge) => {
      housed(edge, { to: edge.on(6, 30) });
      edge.person.homes.push({ ...elsewhere(edge), from: edge.on(7, 1) });
    },
  },
  { fact: 'works in the district only', expected: [], make: (edge) => housed(edge, { use: 'work' }) },
  { fact: 'lives outside the district', expected: [], make: (edge) => housed(edge, { street: undefined }) },
  {
    fact: 'signed, without a file',
    expected: ['1n'],
    make: (edge) => {
      signed(edge);
      edge.person.archiveNumber = undefined;
    },
  },
  {
    fact: 'newborn without ID number, with a file',
    expected: ['11n'],
    make: (edge) => {
      edge.person.birth = edge.on(12, 20);
      edge.withoutId = true;
    },
  },
];

export const SIGNING: readonly EdgeCase[] = [
  {
    fact: 'signing finished, last day the last day of the period',
    expected: ['1n', '11n'],
    make: (edge) => edge.sign(edge.on(1, 1), edge.period.last, 'finished'),
  },
  {
    fact: 'signing ended the day before the last day of the period',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.on(1, 1), edge.period.last - 1, 'finished'),
  },
  {
    fact: 'signing begins on the last day of the period',
    expected: ['1n', '11n'],
    make: (edge) => edge.sign(edge.period.last, edge.period.last + 364),
  },
  {
    fact: 'signing begins on the day after the period',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.period.last + 1, edge.period.last + 365),
  },
  {
    fact: 'signing of no end',
    expected: ['1n', '11n'],
    make: (edge) => edge.sign(edge.on(5, 5, -4), undefined),
  },
  {
    fact: 'signing cancelled',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.on(1, 1), edge.on(12, 31, 1), 'cancelled'),
  },
  {
    fact: 'signing entered in error',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.on(1, 1), edge.on(12, 31, 1), 'entered-in-error'),
  },
  {
    fact: 'signing planned',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.on(12, 1), edge.on(12, 31, 1), 'planned'),
  },
  {
    fact: 'signing on hold',
    expected: ['1n', '11n'],
    make: (edge) => edge.sign(edge.on(1, 1), edge.on(12, 31, 1), 'onhold'),
  },
  {
    fact: 'signing still called active, ended on 30 June',
    expected: ['11n'],
    make: (edge) => edge.sign(edge.on(7, 1, -1), edge.on(6, 30)),
  },
  {
    fact: 'signing ended on 30 June and renewed from 1 July',
    expected: ['1n', '11n'],
    make: (edge) => {
      edge.sign(edge.on(7, 1, -1), edge.on(6, 30), 'finished');
      edge.sign(edge.on(7, 1), edge.on(6, 30, 1));
    },
  },
  {
    fact: 'two signings live at once: counted once',
    expected: ['1n', '11n'],
    make: (edge) => {
      edge.sign(edge.on(1, 1), edge.on(12, 31, 1));
      edge.sign(edge.on(9, 1), edge.on(8, 31, 1));
    },
  },
  {
    fact: 'signed with the CHC of another street: counts where the home is',
    expected: ['1n', '11n'],
    make: (edge) => {
      const other = CENTRES.find(({ id }) => id !== edge.person.registrar)?.id;
      edge.sign(edge.on(1, 1), edge.on(12, 31, 1), 'active', other);
    },
  },
];
