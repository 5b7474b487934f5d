import type { Stored } from './examples-run.ts';

/** What the examples of number, date, string, uri, token and quantity search in. */

const ucum = 'http://unitsofmeasure.org';
const acme = 'http://acme.org';
const snomed = 'http://snomed.info/sct';
const clinical = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const subject = { reference: 'Patient/nobody' };

const resource = (resourceType: string, id: string, more: object): Stored => ({ resourceType, id, ...more });
const table = <T>(rows: Readonly<Record<string, T>>, make: (id: string, value: T) => Stored): readonly Stored[] =>
  Object.entries(rows).map(([id, value]) => make(id, value));

const factors = table(
  {
    n89: 89,
    'n94.9': 94.9,
    n95: 95,
    'n99.4': 99.4,
    'n99.5': 99.5,
    'n99.995': 99.995,
    n100: 100,
    'n100.004': 100.004,
    'n100.4': 100.4,
    'n100.5': 100.5,
    'n104.9': 104.9,
    n105: 105,
    n111: 111,
  },
  (id, factorOverride) =>
    resource('ChargeItem', id, { status: 'billed', code: { text: 'fee' }, subject, factorOverride }),
);

const percent = (value: number) => ({ value, unit: '%', system: ucum, code: '%' });
const probabilities = table(
  {
    'p0.79': { probabilityDecimal: 0.79 },
    'p0.8': { probabilityDecimal: 0.8 },
    'p0.81': { probabilityDecimal: 0.81 },
    // Of a Range, which R4 has in percent: a part of it lies above 80, a part below.
    'p70-90': { probabilityRange: { low: percent(70), high: percent(90) } },
  },
  (id, probability) => resource('RiskAssessment', id, { status: 'final', subject, prediction: [probability] }),
);

const windows = table({ w99: 99, w100: 100, w101: 101, w106: 106 }, (id, windowStart) =>
  resource('MolecularSequence', id, {
    coordinateSystem: 0,
    referenceSeq: { referenceSeqString: 'ACGT', windowStart, windowEnd: 200 },
  }),
);

const moments = table(
  {
    '14T00': '2013-01-14T00:00:00+08:00',
    '14T10': '2013-01-14T10:00:00+08:00',
    '15T00': '2013-01-15T00:00:00+08:00',
    '14': '2013-01-14',
    // 10:00 of the 14th in Shanghai, written in the zone of another place.
    '14T02Z': '2013-01-14T02:00:00Z',
    y2000: '2000',
    'm2000-04': '2000-04',
    'd2000-04-30': '2000-04-30T23:59:59+08:00',
    'd2000-12-31': '2000-12-31T23:59:59+08:00',
    'd2001-01-01': '2001-01-01T00:00:00+08:00',
  },
  (id, recordedDate) => resource('Condition', id, { subject, recordedDate }),
);

const periods = table(
  {
    'from-21-Jan': { start: '2013-01-21' },
    'from-15-Mar': { start: '2013-03-15' },
    'until-21-Jan': { end: '2013-01-21' },
    'on-14-Mar': { start: '2013-03-14', end: '2013-03-14' },
    'in-Jun-2015': { start: '2015-06-15', end: '2015-06-15' },
  },
  (id, period) =>
    resource('Encounter', id, {
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      period,
    }),
);

const timings = table(
  {
    'every-second-day': { boundsPeriod: { start: '2013-01-31', end: '2013-03-24' }, period: 2, periodUnit: 'd' },
    'in-April': { boundsPeriod: { start: '2013-04-01', end: '2013-04-24' }, period: 2, periodUnit: 'd' },
  },
  (id, repeat) =>
    resource('ServiceRequest', id, { status: 'active', intent: 'order', subject, occurrenceTiming: { repeat } }),
);

const instants = table({ i10: '2013-01-14T10:00:00.000+08:00', i11: '2013-01-14T11:00:00.000+08:00' }, (id, recorded) =>
  resource('AuditEvent', id, {
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110106' },
    recorded,
    agent: [{ requestor: true }],
    source: { observer: { display: 'x' } },
  }),
);

export const names: readonly Stored[] = table(
  {
    Eve: { given: ['Eve'] },
    Evelyn: { given: ['Evelyn'] },
    Severine: { given: ['Severine'] },
    'eve-small': { given: ['eve'] },
    'eve-large': { given: ['EVE'] },
    'eve-accent': { given: ['Ève'] },
    second: { given: ['Adam', 'Eve'] },
    'Mary-Ann': { given: ['Mary  Ann'] },
    OBrien: { family: "O'Brien", use: 'official' },
    Carreno: { family: 'Carreno Quinones' },
    prefix: { prefix: ['Dr.'], text: 'Dr. Who' },
  },
  (id, name) =>
    resource('Patient', id, { name: [name], address: [{ use: 'home', line: ['1 Main St'], city: 'Ames' }] }),
);

const valueSets = table(
  {
    v123: { url: `${acme}/fhir/ValueSet/123`, version: '1.0' },
    'v123-2': { url: `${acme}/fhir/ValueSet/123`, version: 'Beta' },
    'v123-history': { url: `${acme}/fhir/ValueSet/123/_history/5` },
    v1234: { url: `${acme}/fhir/ValueSet/1234` },
    v124: { url: `${acme}/fhir/ValueSet/124` },
    'v124-comma': { url: `${acme}/fhir/ValueSet/124,125` },
    'v-other': { url: 'http://other.org/fhir/ValueSet/123' },
    'v-oid': { url: 'urn:oid:1.2.3.4.5' },
    cardiac: {
      url: `${acme}/fhir/ValueSet/cardiac-conditions`,
      compose: { include: [{ system: `${acme}/conditions/codes`, concept: [{ code: 'ha125' }] }] },
    },
  },
  (id, more) => resource('ValueSet', id, { status: 'active', ...more }),
);

const neoplasms = resource('CodeSystem', 'snomed-part', {
  url: snomed,
  status: 'active',
  content: 'fragment',
  hierarchyMeaning: 'is-a',
  concept: [
    {
      code: '126851005',
      display: 'Neoplasm of liver',
      concept: [{ code: '93870000', concept: [{ code: '109841003' }] }],
    },
    { code: '38341003' },
  ],
});

const mr = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }], text: 'Record no.' };
const patients = table(
  {
    acme: { identifier: [{ system: `${acme}/patient`, value: '2345' }], gender: 'male', active: true },
    elsewhere: { identifier: [{ system: 'http://other.org/patient', value: '2345' }], gender: 'female', active: false },
    systemless: { identifier: [{ value: '2345' }], telecom: [{ system: 'phone', value: '555-1234' }] },
    'acme-other': { identifier: [{ system: `${acme}/patient`, value: '9' }], gender: 'male' },
    record: { identifier: [{ system: 'http://hospital.org', type: mr, value: '446053' }], gender: 'other' },
    'root-as-system': { identifier: [{ system: 'urn:oid:2.16.1', value: '7' }], gender: 'unknown' },
    'root-as-value': { identifier: [{ value: 'urn:oid:2.16.1' }], gender: 'unknown' },
    'root-as-both': { identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.16.1' }], gender: 'unknown' },
  },
  (id, more) => resource('Patient', id, more),
);

const conditions = table<object>(
  {
    ha125: { coding: [{ system: `${acme}/conditions/codes`, code: 'ha125' }] },
    'ha125-other': { coding: [{ system: 'http://other.org/codes', code: 'ha125' }] },
    'ha125-none': { coding: [{ code: 'ha125' }] },
    'two-codings': {
      coding: [
        { system: snomed, code: '38341003' },
        { system: `${acme}/conditions/codes`, code: 'ha125' },
      ],
    },
    'headache-text': { text: 'Headache since Monday' },
    'headache-display': { coding: [{ system: snomed, code: '25064002', display: 'Headache' }] },
    'no-headache': { text: 'Toothache' },
    liver: { coding: [{ system: snomed, code: '126851005' }] },
    'liver-child': { coding: [{ system: snomed, code: '93870000' }] },
    'liver-grandchild': { coding: [{ system: snomed, code: '109841003' }] },
    hypertension: { coding: [{ system: snomed, code: '38341003' }] },
  },
  (id, code) =>
    resource('Condition', id, { clinicalStatus: { coding: [{ system: clinical, code: 'active' }] }, subject, code }),
);

const section = (code: string) => ({
  title: code,
  entry: [subject],
  code: { coding: [{ system: 'http://loinc.org', code }] },
});
const compositions = table(
  {
    allergies: [section('48765-2')],
    'allergies-and-more': [section('48765-2'), section('11450-4')],
    problems: [section('11450-4')],
    sectionless: undefined,
  },
  (id, sections) =>
    resource('Composition', id, {
      status: 'final',
      type: { text: 'summary' },
      date: '2020-01-01',
      author: [{ display: 'x' }],
      title: 'Summary',
      ...(sections !== undefined && { section: sections }),
    }),
);

const documents = table(
  { xml: 'text/xml', 'xml-utf8': 'text/xml; charset=UTF-8', plain: 'text/plain', xmlish: 'text/xml-external' },
  (id, contentType) =>
    resource('DocumentReference', id, { status: 'current', content: [{ attachment: { contentType } }] }),
);

const units = (value: number, code: string) => ({ value, unit: code, system: ucum, code });
const quantities = table<object>(
  {
    '5.4mg': units(5.4, 'mg'),
    '5.36mg': units(5.36, 'mg'),
    '5.44mg': units(5.44, 'mg'),
    '5.46mg': units(5.46, 'mg'),
    '5mg': units(5, 'mg'),
    '4mg': units(4, 'mg'),
    '5.9mg': units(5.9, 'mg'),
    '6.5mg': units(6.5, 'mg'),
    '0.0054g': units(0.0054, 'g'),
    '0.0056g': units(0.0056, 'g'),
    '5.4kg': units(5.4, 'kg'),
    '5.4-printed-mg': { value: 5.4, unit: 'mg' },
    '5.4-of-others': { value: 5.4, unit: 'milligram', system: 'http://other.org/units', code: 'mg' },
    '5.4-bare': { value: 5.4 },
    '23mm-per-hour': units(23, 'mm/h'),
    '24mm-per-hour': units(24, 'mm/h'),
  },
  (id, valueQuantity) => resource('Observation', id, { status: 'final', code: { text: 'x' }, valueQuantity }),
);

export const values: readonly Stored[] = [
  ...factors,
  ...probabilities,
  ...windows,
  ...moments,
  ...periods,
  ...timings,
  ...instants,
  ...valueSets,
  neoplasms,
  ...patients,
  ...conditions,
  ...compositions,
  ...documents,
  ...quantities,
];
