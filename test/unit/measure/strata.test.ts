import t from 'tap';
import type { Attribution, MeasureDefinition } from '#measure/definition.ts';
import type { MeasureMember } from '#measure/populations.ts';
import { type AttributedOrganizations, type StratumOrganization, stratify } from '#measure/strata.ts';

/** Initial population, denominator and numerator are bits 1, 2 and 4. */
const definition = (...attributions: (Attribution['values'] | undefined)[]): MeasureDefinition => ({
  id: 'm',
  url: 'https://example.org/Measure/m',
  version: undefined,
  title: undefined,
  improvementNotation: undefined,
  library: '',
  group: { id: undefined, code: undefined },
  populations: ['initial-population', 'denominator', 'numerator'].map((code) => ({
    code,
    text: undefined,
    id: undefined,
    expression: code,
  })),
  stratifiers: attributions.map((values) => ({
    code: undefined,
    expression: '',
    attribution: values && { values, organizations: { map: '' } },
  })),
  targets: [],
  officialPopulation: undefined,
  parameters: [],
});

const one: StratumOrganization = {
  id: 'c1',
  name: 'One',
  identifier: { system: 'urn:orgs', value: '1' },
  areas: ['a1', 'a4'],
};
const two: StratumOrganization = { id: 'c2', name: 'Two', areas: ['a2'] };
const three: StratumOrganization = { id: 'c3', name: 'Three', areas: ['a3'] };
const attributed: AttributedOrganizations = { organizations: [one, two, three], areaSystems: new Set(['urn:areas']) };
const none: AttributedOrganizations = { organizations: [], areaSystems: new Set() };
const official = new Map([
  ['a1', 100],
  ['a2', 50],
  ['a4', 7],
  ['a9', 5],
]);

const member = (patient: string, bits: number, ...strata: (string | null)[]): MeasureMember => ({
  patient,
  bits,
  strata,
});
const byArea = [
  member('p1', 7, 'a1'),
  member('p2', 3, 'a1'),
  member('p3', 7, 'a2'),
  member('p4', 3, 'a9'),
  member('p5', 7, null),
];
const byOrganization = byArea.map(({ strata: [area], ...m }) => ({
  ...m,
  strata: [area === null ? null : area === 'a1' ? 'Organization/c1' : area === 'a2' ? 'Organization/c2' : 'elsewhere'],
}));
const byAreaAndSex = byArea.map((m, i) => ({ ...m, strata: [...m.strata, ['f', 'm', 'm', 'f', null][i] ?? null] }));

type Division = Parameters<typeof stratify>[0];

interface Case {
  readonly what: string;
  readonly division: Division;
  readonly members: readonly MeasureMember[];
  readonly within?: readonly StratumOrganization[];
  /** Initial population and numerator; `*` where they are counted from the official population. */
  readonly whole: string;
  readonly strata: readonly (readonly string[] | undefined)[];
}

const nobody = '未归属 Not attributed';
const area: Division = { definition: definition('area'), attributed, official: undefined };

const cases: readonly Case[] = [
  {
    what: 'no stratifier',
    division: { definition: definition(), attributed: none, official: undefined },
    members: byArea.map((m) => ({ ...m, strata: [] })),
    whole: '5 3',
    strata: [],
  },
  {
    what: 'no stratifier, against the official population of every area',
    division: { definition: definition(), attributed: none, official },
    members: byArea.map((m) => ({ ...m, strata: [] })),
    whole: '162* 3',
    strata: [],
  },
  {
    what: 'by the areas that Organizations serve: one nobody lives in, one nobody serves, and no area',
    division: area,
    members: byArea,
    whole: '5 3',
    strata: [['One|1 2 1', 'Two 1 1', 'Three 0 0', `${nobody} 1 1`, 'a9 1 0']],
  },
  {
    what: 'the same against the official population: an area that nobody serves has its own',
    division: { ...area, official },
    members: byArea,
    whole: '162* 3',
    strata: [['One|1 107* 1', 'Two 50* 1', 'Three 0* 0', `${nobody} 0* 1`, 'a9 5* 0']],
  },
  {
    what: 'by Organization',
    division: { ...area, definition: definition('organization') },
    members: byOrganization,
    whole: '5 3',
    strata: [['One|1 2 1', 'Two 1 1', 'Three 0 0', `${nobody} 1 1`, 'elsewhere 1 0']],
  },
  {
    what: 'by Organizations of which no areas are known: their strata are counted from the Patients',
    division: {
      definition: definition('organization'),
      attributed: { ...attributed, areaSystems: new Set() },
      official,
    },
    members: byOrganization,
    whole: '162* 3',
    strata: [['One|1 2 1', 'Two 1 1', 'Three 0 0', `${nobody} 1 1`, 'elsewhere 1 0']],
  },
  {
    what: 'two stratifiers: the values of the other one are in order, and counted from the Patients',
    division: { definition: definition('area', undefined), attributed, official },
    members: byAreaAndSex,
    whole: '162* 3',
    strata: [
      ['One|1 107* 1', 'Two 50* 1', 'Three 0* 0', `${nobody} 0* 1`, 'a9 5* 0'],
      [`${nobody} 1 1`, 'f 2 1', 'm 2 1'],
    ],
  },
  {
    what: 'the report of one Organization: its own stratum is not said again',
    division: { definition: definition('area', undefined), attributed, official },
    members: byAreaAndSex,
    within: [one],
    whole: '107* 1',
    strata: [undefined, ['f 1 1', 'm 1 0']],
  },
  {
    what: 'the report of an Organization that two are part of',
    division: { ...area, official },
    members: byArea,
    within: [one, two],
    whole: '157* 2',
    strata: [['One|1 107* 1', 'Two 50* 1']],
  },
  {
    what: 'the report of one Organization of which no areas are known',
    division: {
      definition: definition('organization'),
      attributed: { ...attributed, areaSystems: new Set() },
      official,
    },
    members: byOrganization,
    within: [two],
    whole: '1 1',
    strata: [undefined],
  },
];

t.test('who is counted, and in which stratum', async (t) => {
  for (const { what, division, members, within, whole, strata } of cases) {
    const text = (c: { counts: readonly number[]; denominatorUsed: string }): string =>
      `${c.counts[0]}${c.denominatorUsed === 'groups' ? '*' : ''} ${c.counts[2]}`;
    const found = stratify(division, members, within);
    t.equal(text(found), whole, what);
    t.same(
      found.strata.map((of) =>
        of?.map((s) => `${[s.value.text, ...(s.value.coding ?? []).map((c) => c.code)].join('|')} ${text(s)}`),
      ),
      strata,
      what,
    );
  }
});

t.test('the members of some Organizations, in the order of the residents', async (t) => {
  const found = (within?: readonly StratumOrganization[]) =>
    stratify(area, byArea, within).members.map((m) => m.patient);
  t.same(found(), ['p1', 'p2', 'p3', 'p4', 'p5']);
  t.same(found([two, one]), ['p1', 'p2', 'p3']);
  t.same(found([three]), []);
});
