/**
 * What the store files beside this one hold, and what a fresh store is filled with to be compared with them: synthetic, and not to be
 * changed, since the files cannot follow.
 */

type Json = Readonly<Record<string, unknown>>;

/** A request, in the order of which default results come. A body that is a list is a JSON Patch. */
export type Step = readonly [method: 'PUT' | 'PATCH' | 'DELETE' | 'POST', path: string, body?: Json | readonly Json[]];

const meta = { tag: [{ system: 'urn:example:tags', code: 'synthetic' }] };
const ucum = 'http://unitsofmeasure.org';
const loinc = 'http://loinc.org';
const icd = 'http://hl7.org/fhir/sid/icd-10';

const put = (resourceType: string, id: string, more: Json): Step => [
  'PUT',
  `/${resourceType}/${id}`,
  { resourceType, id, meta, ...more },
];
const to = (reference: string) => ({ reference });
/** A reference by identifier alone. */
const known = (type: string, value: string) => ({ type, identifier: { system: 'urn:example:record', value } });
const record = (value: string) => [{ system: 'urn:example:record', value }];
const coded = (system: string, code: string, text?: string) => ({ coding: [{ system, code }], ...(text && { text }) });
const quantity = (value: number, code: string) => ({ value, unit: code, system: ucum, code });
const narrative = (text: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
});

const places: readonly Step[] = [
  put('Organization', 'hospital', { name: '合成医院', identifier: record('ORG-1'), active: true }),
  put('Organization', 'centre-1', {
    name: '第一合成社区中心',
    alias: ['Centre One'],
    partOf: to('Organization/hospital'),
    type: [coded('urn:example:kinds', 'centre')],
  }),
  put('Organization', 'centre-2', { name: '第二合成社区中心', partOf: to('Organization/hospital'), active: false }),
  put('Practitioner', 'doctor-1', {
    name: [{ family: '丁', given: ['医生'], text: '丁医生' }],
    identifier: record('D-1'),
  }),
  put('Practitioner', 'doctor-2', { name: [{ family: 'Example', given: ['Ann'] }], gender: 'female' }),
  put('Location', 'west', { status: 'active', name: '西', position: { longitude: 121.4, latitude: 31.2 } }),
  put('Location', 'east', { status: 'suspended', name: '东', position: { longitude: 121.8, latitude: 31.1 } }),
];

const patient = (id: string, text: string, gender: string, birthDate: string, more: Json = {}): Step =>
  put('Patient', id, { identifier: record(`R-${id}`), name: [{ text }], gender, birthDate, ...more });
const wed = (code: string) => ({ maritalStatus: coded('urn:example:marital', code) });
const at = (centre: string, doctor: string) => ({
  managingOrganization: to(`Organization/${centre}`),
  generalPractitioner: [to(`Practitioner/${doctor}`)],
});

const twoNames = {
  name: [
    { family: '单', given: ['小雨'], text: '单小雨' },
    { family: 'Müller', given: ['Zoë'] },
  ],
};
const dead = { deceasedDateTime: '2020-03-04T05:06:07+08:00' };

const patients: readonly Step[] = [
  patient('p01', '张三', 'male', '1950-01-02', { ...at('centre-1', 'doctor-1'), ...wed('M') }),
  patient('p02', '李四', 'female', '1962-11', { ...at('centre-2', 'doctor-2'), ...wed('S') }),
  patient('p03', '王五', 'male', '1971', { ...at('centre-1', 'doctor-2'), active: true }),
  patient('p04', '赵六', 'female', '1988-08-08', {
    text: narrative('住在苏州河边 lives by the river'),
    address: [{ city: '上海', district: '长宁区', postalCode: '200000', use: 'home' }],
  }),
  patient('p05', '欧阳明', 'male', '1990-05-05', { telecom: [{ system: 'phone', value: '555-0105' }] }),
  patient('p06', '单小雨', 'female', '1990-05-06', twoNames),
  // A parameter of the store's own, between the Patients that it is about.
  [
    'PUT',
    '/SearchParameter/marital',
    {
      resourceType: 'SearchParameter',
      id: 'marital',
      meta,
      url: 'https://synthetic.example/SearchParameter/marital',
      name: 'Marital',
      status: 'active',
      description: 'Marital status',
      code: 'marital',
      base: ['Patient'],
      type: 'token',
      expression: 'Patient.maritalStatus',
    },
  ],
  patient('p07', '吕晓', 'other', '2001-02-28', { ...at('centre-2', 'doctor-1'), ...wed('M') }),
  patient('p08', '钱七', 'unknown', '2010', dead),
  patient('p09', '孙八', 'male', '1949-10', { link: [{ other: to('Patient/p01'), type: 'seealso' }] }),
  patient('p10', '周九', 'female', '1935-12-31', { deceasedBoolean: false, ...wed('W') }),
  patient('p11', '吴十', 'female', '1977-07-07', at('centre-1', 'doctor-1')),
  // Refers to what never arrives, literally and by identifier.
  patient('p12', '郑一', 'male', '1966-06-06', {
    managingOrganization: to('Organization/never'),
    generalPractitioner: [known('Practitioner', 'D-9')],
  }),
];

const encounter = (id: string, subject: object, start: string, more: Json = {}): Step =>
  put('Encounter', id, {
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject,
    period: { start, end: start.replace('T08', 'T09') },
    serviceProvider: to('Organization/centre-1'),
    ...more,
  });

const encounters: readonly Step[] = [
  encounter('e01', to('Patient/p01'), '2024-01-10T08:00:00+08:00', { length: quantity(45, 'min') }),
  encounter('e02', to('Patient/p01'), '2024-03-10T08:00:00+08:00', {
    participant: [{ individual: to('Practitioner/doctor-1') }],
    location: [{ location: to('Location/west') }],
  }),
  encounter('e03', to('Patient/p02'), '2024-02-10T08:00:00+08:00', { partOf: to('Encounter/e02') }),
  encounter('e04', known('Patient', 'R-p04'), '2025-01-10T08:00:00+08:00', { length: quantity(2, 'h') }),
  encounter('e05', to('Patient/never'), '2025-02-10T08:00:00+08:00', { status: 'cancelled' }),
];

const observation = (id: string, code: string, subject: object, effectiveDateTime: string, more: Json): Step =>
  put('Observation', id, { status: 'final', code: coded(loinc, code), subject, effectiveDateTime, ...more });
const pressure = (id: string, subject: object, day: string, systolic: number, diastolic: number, more: Json = {}) =>
  observation(id, '85354-9', subject, day, {
    component: [
      { code: coded(loinc, '8480-6'), valueQuantity: quantity(systolic, 'mm[Hg]') },
      { code: coded(loinc, '8462-4'), valueQuantity: quantity(diastolic, 'mm[Hg]') },
    ],
    ...more,
  });
const glucose = (id: string, subject: object, day: string, value: number, unit: string, more: Json = {}) =>
  observation(id, '15074-8', subject, day, { valueQuantity: quantity(value, unit), ...more });

const observations: readonly Step[] = [
  pressure('o01', to('Patient/p01'), '2024-01-10', 150, 95, { encounter: to('Encounter/e01') }),
  pressure('o02', to('Patient/p01'), '2024-03-10', 138, 88, { encounter: to('Encounter/e02'), status: 'amended' }),
  pressure('o03', to('Patient/p02'), '2024-02', 120, 80, { performer: [to('Practitioner/doctor-2')] }),
  glucose('o04', to('Patient/p01'), '2024-01-10', 7.8, 'mmol/L'),
  glucose('o05', to('Patient/p02'), '2024-06-01T10:30:00+08:00', 99, 'mg/dL'),
  // By identifier: of one Patient, of one that loses it later, of nobody.
  glucose('o06', known('Patient', 'R-p03'), '2025', 5.5, 'mmol/L', { performer: [known('Practitioner', 'D-1')] }),
  glucose('o07', known('Patient', 'R-p05'), '2024-12-31', 6.1, 'mmol/L'),
  glucose('o08', known('Patient', 'R-p99'), '2024-12-30', 6.2, 'mmol/L'),
  observation('o09', '11331-6', to('Patient/p03'), '2023-05-05', {
    valueCodeableConcept: coded('urn:example:answers', 'never', '从不饮酒 never drinks'),
    note: [{ text: '患者自述,下次随访复查' }],
  }),
  put('Observation', 'o10', {
    status: 'preliminary',
    code: { text: '自由文本 free text' },
    subject: to('Patient/p04'),
    effectivePeriod: { start: '2023-01-01', end: '2024-12-31' },
    valueString: '合成的结果',
    derivedFrom: [to('Observation/o01'), to('Observation/never')],
  }),
  glucose('o11', to('Patient/p11'), '2024-08-08', 11.1, 'mmol/L'),
  glucose('o12', to('Patient/p07'), '2024-09-09', 4.4, 'mmol/L'),
];

const others: readonly Step[] = [
  ...(
    [
      ['c01', to('Patient/p01'), 'I10', '高血压', { onsetDateTime: '2015', recordedDate: '2015-06-01' }],
      ['c02', to('Patient/p02'), 'E11', '2型糖尿病', { onsetAge: quantity(55, 'a') }],
      ['c03', known('Patient', 'R-p04'), 'I10', '高血压', { encounter: to('Encounter/e04') }],
      ['c04', to('Patient/p07'), 'J00', '感冒 cold', { recordedDate: '2024-05-06' }],
    ] as const
  ).map(([id, subject, code, text, more]) =>
    put('Condition', id, {
      clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active'),
      code: coded(icd, code, text),
      subject,
      ...more,
    }),
  ),
  put('MedicationRequest', 'm01', {
    status: 'active',
    intent: 'order',
    medicationReference: to('#drug'),
    contained: [{ resourceType: 'Medication', id: 'drug', code: coded('urn:example:drugs', 'amlodipine') }],
    subject: to('Patient/p01'),
    requester: to('Practitioner/doctor-1'),
    authoredOn: '2024-01-10T08:30:00+08:00',
  }),
  put('MedicationRequest', 'm02', {
    status: 'stopped',
    intent: 'plan',
    medicationCodeableConcept: coded('urn:example:drugs', 'metformin'),
    subject: to('Patient/p02'),
    encounter: to('Encounter/e03'),
  }),
  ...([0.1, 0.25, 0.8] as const).map((probabilityDecimal, i) =>
    put('RiskAssessment', `r0${i + 1}`, {
      status: 'final',
      subject: to(`Patient/p0${i + 1}`),
      prediction: [{ probabilityDecimal }],
    }),
  ),
  ...['a', 'a/b', 'a/b/c', 'ab'].map((path, i) =>
    put('NamingSystem', `n0${i + 1}`, {
      name: `N${i + 1}`,
      status: 'draft',
      kind: 'identifier',
      date: '2024',
      uniqueId: [{ type: 'uri', value: `https://synthetic.example/${path}` }],
    }),
  ),
  ...['a', 'a/b', 'ab'].map((path, i) =>
    put('ConceptMap', `map-${i + 1}`, { url: `https://synthetic.example/${path}`, version: `${i}`, status: 'draft' }),
  ),
  put('DocumentReference', 'd01', { status: 'superseded', content: [{ attachment: { title: '旧' } }] }),
  put('DocumentReference', 'd02', {
    status: 'current',
    content: [{ attachment: { title: '新', contentType: 'text/plain' } }],
    relatesTo: [{ code: 'replaces', target: to('DocumentReference/d01') }],
    subject: to('Patient/p03'),
  }),
  put('Group', 'g01', {
    type: 'person',
    actual: true,
    member: [{ entity: to('Patient/p01') }, { entity: to('Patient/p02') }],
    characteristic: [{ code: coded('urn:example:traits', 'smoker'), valueBoolean: true, exclude: false }],
  }),
];

/** Versions beside the first: updates, a patch, deletions, one of which is taken back, and identifiers that move. */
const changes: readonly Step[] = [
  patient('p03', '王伍', 'male', '1971-04-05', { ...at('centre-2', 'doctor-2'), active: false }),
  [
    'PATCH',
    '/Patient/p03',
    [{ op: 'add', path: '/telecom', value: [{ system: 'email', value: 'p03@synthetic.example' }] }],
  ],
  patient('p05', '欧阳明', 'male', '1990-05-05', { identifier: record('R-moved') }),
  patient('p06', '单小雨', 'female', '1990-05-06', { ...twoNames, identifier: record('R-p05') }),
  // From now on two carry it, and what names it waits.
  patient('p08', '钱七', 'unknown', '2010', { ...dead, identifier: record('R-p03') }),
  ['DELETE', '/Observation/o11'],
  ['DELETE', '/Patient/p11'],
  ['DELETE', '/Condition/c04'],
  put('Condition', 'c04', { code: coded(icd, 'J06', '又感冒了'), subject: to('Patient/p07') }),
  ['DELETE', '/RiskAssessment/r03'],
  glucose('o12', to('Patient/p07'), '2024-09-09', 4.6, 'mmol/L', { status: 'corrected' }),
  ['DELETE', '/Organization/centre-2'],
];

/** Of each transaction, and how many there are. */
const bulk = 200;
const transactions = 5;

/**
 * So many resources that to index them takes a while: they have texts, since reading words takes longer than anything else, and few
 * other entries, so that the file stays small.
 */
const bulks: readonly Step[] = Array.from({ length: transactions }, (_, i) => {
  const entry = Array.from({ length: bulk }, (_, j) => {
    const [method, path, resource] = put('Basic', `b${i}-${j}`, {
      code: coded('urn:example:kinds', `bulk-${i}`),
      subject: to(`Patient/p0${1 + i}`),
      text: narrative('合成的随访记录,只为占用索引时间 a synthetic note, which is here to be indexed '.repeat(3)),
    });
    return { request: { method, url: path.slice(1) }, resource };
  });
  return ['POST', '', { resourceType: 'Bundle', type: 'transaction', entry }];
});

/** What the files hold, in its order. */
export const steps: readonly Step[] = [
  ...places,
  ...patients,
  ...encounters,
  ...observations,
  ...others,
  ...changes,
  ...bulks,
];

/**
 * What is done to a store that today's program has opened: old entries have to go, and new ones have to meet old references. What was
 * awaited arrives, identifiers move again, and resources change, go and come back.
 */
export const laterSteps: readonly Step[] = [
  patient('p03', '王伍', 'male', '1971-04-05', { identifier: record('R-other'), ...wed('M') }),
  patient('never', '后到', 'female', '1999-09-09'),
  patient('p99', '迟来', 'male', '1980-01-01', { identifier: record('R-p99') }),
  put('Practitioner', 'late', { name: [{ text: '晚到医生' }], identifier: record('D-9') }),
  put('Organization', 'never', { name: '迟到社区中心' }),
  patient('p01', '张三丰', 'female', '1951-01-02', at('centre-1', 'doctor-2')),
  patient('p11', '吴十', 'male', '1977-07-08'),
  ['DELETE', '/Patient/p04'],
  ['DELETE', '/Observation/o01'],
  ['DELETE', '/Basic/b3-7'],
  glucose('o11', known('Patient', 'R-p03'), '2024-08-09', 10.1, 'mmol/L'),
  glucose('o04', to('Patient/p02'), '2024-01-11', 6.8, 'mmol/L'),
  encounter('e01', known('Patient', 'R-p99'), '2024-01-10T08:00:00+08:00'),
];
