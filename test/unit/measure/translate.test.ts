import t from 'tap';
import { Failure } from '#errors';
import { type MeasureSource, prepare } from '#measure/engine.ts';
import { translate } from '#measure/translate.ts';

const library = (name: string, body: string) => ({
  name,
  version: '1',
  text: `library ${name} version '1'\nusing FHIR version '4.0.1'\n${body}`,
});

t.test('errors come with library, line and column, those of included libraries too', async (t) => {
  const included = library('Included', 'context Patient\ndefine "Men": Patient.gendre = \'male\'\n');
  const main = library(
    'Main',
    'include Included version \'1\'\ncontext Patient\ndefine "A": [Encouter]\ndefine "B": 1 + \'x\'\n',
  );
  const [found] = await translate([main], [main, included]);
  t.same(found?.libraries, []);
  const errors = found?.issues.filter((i) => i.severity === 'error').map((i) => i.text) ?? [];
  t.match(errors, [/^CQL Included 4:23: .*gendre/, /^CQL Main 5:13: .*Encouter/, /^CQL Main 6:13: /]);
  t.ok(errors.every((text) => !text.includes('undefined')));
});

t.test('a library that is not there', async (t) => {
  const main = library('Main', 'include Nowhere version \'1\'\ncontext Patient\ndefine "A": true\n');
  const [found] = await translate([main], [main]);
  t.match(found?.issues[0], { severity: 'error', code: 'measure-not-evaluable', text: /Main 3:1: .*Nowhere/ });
});

t.test('FHIRHelpers: implicit conversions of codes, concepts, quantities, periods and dates', async (t) => {
  const main = library(
    'Main',
    `include FHIRHelpers version '4.0.1'
codesystem "LOINC": 'http://loinc.org'
code "Glucose": '14771-0' from "LOINC"
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Initial Population": Patient.gender = 'female' and Patient.birthDate before Today()
define "Denominator": exists ([Encounter] E where E.status = 'finished' and E.period starts during "Measurement Period")
define "Numerator": exists ([Observation: "Glucose"] O where (O.value as FHIR.Quantity) >= 7.0 'mmol/L' and O.code ~ "Glucose")
define "Centre": First(Patient.identifier I return all I.value.value)
`,
  );
  const engine = await prepare([source(main)]);
  if (engine instanceof Failure) throw new Error(engine.issues.map((i) => i.text).join('\n'));
  t.same(engine.types, ['Encounter', 'Observation']);
  const observation = {
    resourceType: 'Observation',
    id: 'o',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '14771-0' }] },
    valueQuantity: { value: 7.0, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
  };
  const encounter = {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    period: { start: '2025-01-01T00:00:00+08:00', end: '2025-01-01T01:00:00+08:00' },
  };
  const patient = {
    resourceType: 'Patient',
    id: 'p',
    gender: 'female',
    birthDate: '1980-01-01',
    identifier: [{ value: 'x' }],
  };
  const found = await engine.evaluate(
    {
      period: { start: Date.parse('2025-01-01T00:00:00+08:00'), end: Date.parse('2026-01-01T00:00:00+08:00') },
      offset: 8,
      baseUrl: 'http://localhost/fhir',
      parameters: [{}],
      evidence: true,
    },
    [
      {
        patient: { id: 'p', content: JSON.stringify(patient) },
        records: [observation, encounter].map((r) => ({ type: r.resourceType, id: r.id, content: JSON.stringify(r) })),
      },
    ],
  );
  t.same(found, [
    { patient: 'p', byMeasure: [{ bits: 7, strata: ['x'], evidence: ['Patient/p', 'Encounter/e', 'Observation/o'] }] },
  ]);
});

const source = (main: ReturnType<typeof library>): MeasureSource => ({
  url: 'https://example.org/Measure/m',
  library: main,
  texts: [main],
  populations: ['Initial Population', 'Denominator', 'Numerator'],
  stratifiers: ['Centre'],
});

t.test('what a measure lacks is named', async (t) => {
  const main = library(
    'Main',
    `valueset "Set": 'https://example.org/ValueSet/s'
context Patient
define "Initial Population": exists [Condition: "Set"]
define "Denominator": true
define "Centre": 'x'
`,
  );
  const engine = await prepare([source(main)]);
  t.ok(engine instanceof Failure);
  if (!(engine instanceof Failure)) return;
  t.equal(engine.status, 422);
  t.match(
    engine.issues.filter((i) => i.severity === 'error').map((i) => i.text),
    [/Main does not define "Numerator"/, /value set "Set"/],
  );
});

t.test('a resident has one stratum for each stratifier: the text of a simple value, of a code, or none', async (t) => {
  const main = library(
    'Main',
    `codesystem "LOINC": 'http://loinc.org'
code "Glucose": '14771-0' from "LOINC"
context Patient
define "Initial Population": true
define "Denominator": true
define "Numerator": true
define "String": 'x'
define "Boolean": 1 < 2
define "Integer": 65
define "Decimal": 1.5
define "Code": "Glucose"
define "FHIR code": Patient.gender
define "FHIR date": Patient.birthDate
define "Null": Patient.birthDate.value + 1 month < null
define "Empty": ''
define "Absent": Patient.maritalStatus
define "List": Patient.name
`,
  );
  const strata = async (stratifiers: readonly string[]) => {
    const engine = await prepare([{ ...source(main), stratifiers }]);
    if (engine instanceof Failure) throw new Error(engine.issues.map((i) => i.text).join('\n'));
    const content = JSON.stringify({ resourceType: 'Patient', id: 'p', gender: 'female', birthDate: '1980' });
    const period = { start: 0, end: 1 };
    const run = { period, offset: 8, baseUrl: 'http://localhost/fhir', parameters: [{}], evidence: false };
    const found = await engine.evaluate(run, [{ patient: { id: 'p', content }, records: [] }]);
    return found instanceof Failure ? found.issues.map((i) => i.text) : found[0]?.byMeasure[0]?.strata;
  };
  for (const [names, expected] of [
    [[], []],
    [['String'], ['x']],
    [
      ['Boolean', 'Integer', 'Decimal'],
      ['true', '65', '1.5'],
    ],
    [
      ['Code', 'FHIR code', 'FHIR date'],
      ['14771-0', 'female', '1980'],
    ],
    [
      ['Null', 'String', 'Empty', 'Absent'],
      [null, 'x', null, null],
    ],
    [
      ['List'],
      ['https://example.org/Measure/m: Patient/p: the stratifier "List" gives neither a simple value nor a code'],
    ],
  ] as const) {
    t.same(await strata(names), expected, names.join(', '));
  }
  await t.rejects(strata(['Nothing']), /Main does not define "Nothing"/);
});

t.test(
  'what nests deeper than the stack holds is refused by the name of its library, and the next is translated',
  async (t) => {
    const source = (body: string): MeasureSource => {
      const main = library('Deep', `context Patient\n${body}`);
      return { url: 'urn:deep', library: main, texts: [main], populations: ['A'], stratifiers: [] };
    };
    for (const body of [
      `define "A": ${Array.from({ length: 5_000 }, () => 'true').join(' and ')}`,
      `define "A": ${'if true then false else '.repeat(5_000)}true`,
    ]) {
      const refused = await prepare([source(body)]);
      t.match(refused, { issues: [{ code: 'measure-not-evaluable', text: /^CQL Deep: .* deeper than this server/ }] });
    }
    t.notOk((await prepare([source('define "A": true')])) instanceof Failure);
  },
);
