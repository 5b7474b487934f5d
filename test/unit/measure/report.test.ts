import { readFileSync } from 'node:fs';
import type { Measure } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { emptyIn } from '#fhir/patch/edit.ts';
import { type MeasureDefinition, readMeasure } from '#measure/definition.ts';
import { localDateTime, offsetAt } from '#measure/period.ts';
import { count, populationsOf, ratio, withOfficial } from '#measure/populations.ts';
import { measureReport, type ReportContent } from '#measure/report.ts';

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
  t.match(measure, { attribution: 'managing-organization', targets: [{ comparator: 'ge', value: { value: 64 } }] });
  t.equal(measure.officialAgeBand, undefined);
  t.equal(definition(json('profiles/Measure-cn-sh-10-elderly-health-management.json')).officialAgeBand, '65-plus');
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
      'Measure.group[0].stratifier',
      'Measure.group[0].stratifier[0].criteria',
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
  const members = ['a', 'b', 'c'].map((patient, i) => ({ patient, bits: i === 0 ? 3 : 7, centre: null }));
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

t.test('a whole report: 16 of 25 reach 64 %, 15 of 24 do not, of none nothing is said', async (t) => {
  const report = measureReport(measure, {
    type: 'summary',
    counts: [49, 49, 31],
    denominatorUsed: 'patients',
    period: { start: '2025-01-01T00:00:00+08:00', end: '2025-12-31T23:59:59.999+08:00' },
    date: '2026-01-05T09:00:00+08:00',
    reporter: { reference: 'Organization/changning', display: '长宁区卫生健康委员会' },
    centres: [
      { name: '华阳中心', code: 'CHC00001X31010511B1001', counts: [25, 25, 16] },
      { name: '江苏中心', code: 'CHC00002831010511B1001', counts: [24, 24, 15] },
      { name: '新华中心', code: 'CHC00004431010511B1001', counts: [0, 0, 0] },
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
    centres: [],
    subjects: [[], [], []],
    evaluated: [],
  };
  const report = measureReport(measure, content);
  t.strictSame([...emptyIn(report)], []);
  t.strictSame(report.group?.[0]?.stratifier, [{ code: [measure.centre.code] }]);
  const bare = measureReport({ ...measure, centre: { ...measure.centre, code: undefined } }, content);
  t.strictSame([...emptyIn(bare)], []);
  t.notOk(Object.hasOwn(bare.group?.[0] ?? {}, 'stratifier'));
});
