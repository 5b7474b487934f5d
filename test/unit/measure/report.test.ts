import { readFileSync } from 'node:fs';
import type { Measure } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { emptyIn } from '#fhir/patch/edit.ts';
import { type MeasureDefinition, readMeasure } from '#measure/definition.ts';
import { localDateTime, offsetAt } from '#measure/period.ts';
import { count, populationsOf, ratio, withOfficial } from '#measure/populations.ts';
import { measureReport, type ReportContent } from '#measure/report.ts';
import type { Stratum } from '#measure/strata.ts';

const root = new URL('../../../', import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const held: Measure = json('profiles/Measure-cn-sh-14-hypertension-management.json');

const definition = (measure: Measure): MeasureDefinition => {
  const read = readMeasure(measure);
  if (read instanceof Failure) throw new Error(read.issues.map((i) => i.text).join('\n'));
  return read;
};
const measure = definition(held);

t.test('a Measure is read with its targets and parameters', async (t) => {
  t.same(measure.parameters, [
    { name: 'Follow-up interval', value: { value: 30, unit: 'd' } },
    { name: 'Uncontrolled follow-up limit', value: { value: 14, unit: 'd' } },
    { name: 'Count telephone follow-ups', value: false },
  ]);
  t.match(measure.targets, [{ comparator: 'ge', value: { value: 64 } }]);
});

t.test('a Measure says what its strata stand for, and which Groups count the official population', async (t) => {
  const map = 'https://fhir.changning.example/ConceptMap/cn-sh-street-to-chc';
  t.match(measure.stratifiers, [
    { expression: 'Centre', attribution: { values: 'organization', organizations: { map } } },
  ]);
  t.equal(measure.officialPopulation, undefined);
  const elderly = definition(json('profiles/Measure-cn-sh-10-elderly-health-management.json'));
  t.match(elderly.stratifiers, [{ expression: 'Centre', attribution: { values: 'area', organizations: { map } } }]);
  const system = 'https://fhir.changning.example/CodeSystem/cn-sh-population-cs';
  t.same(elderly.officialPopulation, {
    ageBand: { system, code: '65-plus' },
    characteristics: {
      year: { system, code: 'year' },
      ageBand: { system, code: 'age-band' },
      area: { system, code: 'area' },
    },
  });
});

t.test('stratifiers: none, one, several, and what is refused of them', async (t) => {
  const criteria = (expression: string) => ({ language: 'text/cql-identifier', expression });
  const attribution = (...parts: object[]) => [
    { url: 'https://fhir.changning.example/StructureDefinition/cn-sh-attribution', extension: parts },
  ];
  const area = { url: 'values', valueCode: 'area' };
  const map = { url: 'map', valueCanonical: 'https://example.org/ConceptMap/m' };
  const query = { url: 'query', valueString: 'Location?identifier=s|' };
  const [group] = held.group ?? [];
  const at = (i: number, element: string) => `Measure.group[0].stratifier[${i}].${element}`;
  const cases: readonly [string, readonly object[] | undefined, readonly (string | undefined)[]][] = [
    ['none', undefined, []],
    ['one', [{ criteria: criteria('Sex') }], ['Sex']],
    ['several', [{ criteria: criteria('Sex') }, { criteria: criteria('Band') }], ['Sex', 'Band']],
    ['by Locations', [{ extension: attribution(area, query), criteria: criteria('Centre') }], ['Centre']],
    ['without criteria', [{}], [at(0, 'criteria')]],
    ['of components', [{ component: [{ criteria: criteria('Sex') }] }], [at(0, 'component')]],
    [
      'values of another kind',
      [{ extension: attribution({ ...area, valueCode: 'x' }, map), criteria: criteria('Centre') }],
      [at(0, 'extension')],
    ],
    [
      'a map and a query',
      [{ extension: attribution(area, map, query), criteria: criteria('C') }],
      [at(0, 'extension')],
    ],
    ['neither', [{ extension: attribution(area), criteria: criteria('Centre') }], [at(0, 'extension')]],
    [
      'two that attribute',
      ['A', 'B'].map((name) => ({ extension: attribution(area, map), criteria: criteria(name) })),
      ['Measure.group[0].stratifier'],
    ],
  ];
  for (const [name, stratifier, expected] of cases) {
    const read = readMeasure({ ...held, group: [{ ...group, stratifier }] } as Measure);
    const found =
      read instanceof Failure ? read.issues.map((i) => i.expression) : read.stratifiers.map((s) => s.expression);
    t.same(found, expected, name);
  }
});

t.test('a denominator from Groups names the age band and the characteristics', async (t) => {
  const url = 'https://fhir.changning.example/StructureDefinition/cn-sh-denominator-source';
  const read = readMeasure({ ...held, extension: [{ url, extension: [{ url: 'source', valueCode: 'groups' }] }] });
  t.ok(read instanceof Failure);
  const texts = read instanceof Failure ? read.issues.map((i) => i.text.replace(/.* /, '')) : [];
  t.same(texts, ['ageBand.', 'yearCharacteristic.', 'ageBandCharacteristic.', 'areaCharacteristic.']);
});

t.test('what cannot be evaluated is named, all of it', async (t) => {
  const read = readMeasure({
    ...held,
    scoring: { coding: [{ code: 'ratio' }] },
    library: [],
    group: [{ population: [{ criteria: { language: 'text/fhirpath', expression: 'true' } }] }],
  });
  t.ok(read instanceof Failure);
  if (!(read instanceof Failure)) return;
  t.same(
    read.issues.map((i) => i.expression),
    [
      'Measure.scoring',
      'Measure.library',
      'Measure.group[0].population[0].code',
      'Measure.group[0].population[0].criteria',
      'Measure.group[0]',
      'Measure.group[0]',
      'Measure.group[0]',
    ],
  );
});

const codes = [
  'initial-population',
  'denominator',
  'denominator-exclusion',
  'numerator',
  'numerator-exclusion',
  'denominator-exception',
];
const full: MeasureDefinition = {
  ...measure,
  populations: codes.map((code) => ({ code, text: undefined, id: undefined, expression: code })),
};

t.test('populations nest as those of a proportion do', async (t) => {
  const cases: readonly [string, string][] = [
    ['100000', '100000'],
    ['010100', '000000'],
    ['110100', '110100'],
    ['100100', '100000'],
    ['111100', '111000'],
    ['110110', '110110'],
    ['110010', '110000'],
    ['110001', '110001'],
    ['110101', '110100'],
    ['111001', '111000'],
  ];
  for (const [holds, counted] of cases) {
    const bits = [...holds].reduce((sum, c, i) => sum + Number(c) * 2 ** i, 0);
    t.equal(populationsOf(full, bits).map(Number).join(''), counted, holds);
  }
});

t.test('the ratio leaves out exclusions and exceptions, and is nothing where nobody is left', async (t) => {
  t.same(ratio(full, [20, 18, 2, 9, 1, 4]), { numerator: 8, denominator: 12 });
  t.equal(ratio(full, [2, 2, 2, 0, 0, 0]), undefined);
  t.equal(ratio(full, [0, 0, 0, 0, 0, 0]), undefined);
});

t.test('the official population takes the place of initial population and denominator', async (t) => {
  const members = ['a', 'b', 'c'].map((patient, i) => ({ patient, bits: i === 0 ? 3 : 7, strata: [null] }));
  t.same(count(measure, members), [3, 3, 2]);
  t.same(withOfficial(measure, count(measure, members), 100), [100, 100, 2]);
});

t.test('local time', async (t) => {
  const midnight = Date.parse('2025-01-01T00:00:00+08:00');
  t.equal(localDateTime(midnight, 'Asia/Shanghai'), '2025-01-01T00:00:00+08:00');
  t.equal(localDateTime(midnight - 1, 'Asia/Shanghai'), '2024-12-31T23:59:59.999+08:00');
  t.equal(offsetAt('UTC', midnight), 0);
  t.equal(localDateTime(midnight, 'America/New_York'), '2024-12-31T11:00:00-05:00');
  t.equal(offsetAt('Asia/Kolkata', midnight), 5.5);
});

const stratum = (text: string, code: string, counts: readonly number[]): Stratum => ({
  value: { coding: [{ system: 'urn:oid:2.16.156.10011.1.5', code }], text },
  counts,
  denominatorUsed: 'patients',
});

t.test('a whole report: 16 of 25 reach 64 %, 15 of 24 do not, of none nothing is said', async (t) => {
  const report = measureReport(measure, {
    type: 'summary',
    counts: [49, 49, 31],
    denominatorUsed: 'patients',
    period: { start: '2025-01-01T00:00:00+08:00', end: '2025-12-31T23:59:59.999+08:00' },
    date: '2026-01-05T09:00:00+08:00',
    reporter: { reference: 'Organization/changning', display: '长宁区卫生健康委员会' },
    strata: [
      [
        stratum('华阳中心', 'CHC00001X31010511B1001', [25, 25, 16]),
        stratum('江苏中心', 'CHC00002831010511B1001', [24, 24, 15]),
        stratum('新华中心', 'CHC00004431010511B1001', [0, 0, 0]),
      ],
    ],
  });
  t.same(report, json('test/golden/measure-report.json'));
});

t.test('a report of nobody has no empty list and no empty object (R4 json.html)', async (t) => {
  const content: ReportContent = {
    type: 'subject-list',
    counts: [0, 0, 0],
    denominatorUsed: 'patients',
    period: { start: '2025-01-01T00:00:00+08:00', end: '2025-12-31T23:59:59.999+08:00' },
    date: '2026-01-05T09:00:00+08:00',
    strata: [[]],
    subjects: [[], [], []],
    evaluated: [],
  };
  const report = measureReport(measure, content);
  t.strictSame([...emptyIn(report)], []);
  t.strictSame(report.group?.[0]?.stratifier, [{ code: [measure.stratifiers[0]?.code] }]);
  const stratifiers = measure.stratifiers.map((s) => ({ ...s, code: undefined }));
  const bare = measureReport({ ...measure, stratifiers }, content);
  t.strictSame([...emptyIn(bare)], []);
  t.notOk(Object.hasOwn(bare.group?.[0] ?? {}, 'stratifier'));
});
