import type { Stored } from './examples-run.ts';

/** What the examples of the parameters of all resources, and of what is returned, search in. */

const loinc = 'http://loinc.org';
const acme = 'http://acme.org';

const to = (reference: string) => ({ reference });
const resource = (resourceType: string, id: string, more: object): Stored => ({ resourceType, id, ...more });
const coded = (code: string, system?: string) => ({ coding: [{ ...(system !== undefined && { system }), code }] });
const told = (words: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${words}</div>`,
});

const patients = [
  resource('Patient', '23', {
    text: told('Peter, of no note'),
    identifier: [{ system: `${acme}/mrn`, value: 'm23' }],
    active: true,
    name: [{ family: 'Chalmers', given: ['Peter'] }],
    gender: 'male',
    birthDate: '2014-10-10',
    managingOrganization: to('Organization/clinic'),
  }),
  resource('Patient', '24', {
    name: [{ family: 'petrov', given: ['Peterkin'] }],
    gender: 'female',
    birthDate: '2014-10-09',
  }),
  resource('Patient', '42', {
    name: [{ family: 'Repeta', given: ['Anna', 'Zoe'] }],
    gender: 'female',
    birthDate: '2016',
  }),
  resource('Organization', 'clinic', { name: 'Clinic' }),
];

const condition = (id: string, text: string, note: string, more: object = {}) =>
  resource('Condition', id, {
    text: told(text),
    clinicalStatus: coded('active', 'http://terminology.hl7.org/CodeSystem/condition-clinical'),
    subject: to('Patient/23'),
    onsetDateTime: '2010',
    note: [{ text: note }],
    ...more,
  });

const conditions = [
  condition('bone', 'Bone metastases found', 'scan'),
  condition('liver', 'Metastases of the liver', 'scan'),
  condition('lung', 'Metastases of the lung', 'no bone'),
  condition('bone-alone', 'A broken bone', 'metastases excluded', {
    meta: {
      tag: [{ system: `${acme}/codes`, code: 'needs-review' }],
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
    },
  }),
];

const report = (id: string, profile: string) =>
  resource('DiagnosticReport', id, { meta: { profile: [profile] }, status: 'final', code: { text: 'lipids' } });

const observation = (id: string, status: string, date: string | undefined, category: string, more: object = {}) =>
  resource('Observation', id, {
    status,
    category: [coded(category, 'http://terminology.hl7.org/CodeSystem/observation-category')],
    code: coded('1234-5', loinc),
    ...(date !== undefined && { effectiveDateTime: date }),
    ...more,
  });

const observations = [
  observation('b1', 'final', '2020-01-01', 'vital-signs', { subject: to('Patient/23') }),
  observation('b2', 'amended', '2020-01-01', 'vital-signs', {
    subject: to('Patient/24'),
    hasMember: [to('Observation/b3')],
  }),
  observation('b3', 'final', '2021-01-01', 'survey', { subject: to('Patient/42'), hasMember: [to('Observation/b4')] }),
  observation('b4', 'final', '2020-01-01', 'laboratory', {
    code: coded('777-7', loinc),
    hasMember: [to('Observation/absent')],
  }),
  observation('b5', 'final', undefined, 'laboratory', { code: coded('777-7', loinc) }),
];

const medication = coded('abc', `${acme}/medications`);
const formulation = {
  resourceType: 'Medication',
  id: 'm1',
  ingredient: [{ itemCodeableConcept: medication }],
};
const prescription = (id: string, more: object) =>
  resource('MedicationRequest', id, { status: 'active', intent: 'order', subject: to('Patient/23'), ...more });

const medications = [
  resource('Medication', 'stocked', { ingredient: [{ itemCodeableConcept: medication }] }),
  resource('Medication', 'other', { ingredient: [{ itemCodeableConcept: coded('def', `${acme}/medications`) }] }),
  prescription('contains', { contained: [formulation], medicationReference: to('#m1') }),
  prescription('refers', { medicationReference: to('Medication/stocked'), requester: to('Practitioner/doctor') }),
  prescription('unrelated', { medicationReference: to('Medication/other'), subject: to('Patient/24') }),
  resource('Practitioner', 'doctor', { name: [{ family: 'Li' }] }),
  resource('MedicationDispense', 'dispensed', {
    status: 'completed',
    medicationReference: to('Medication/stocked'),
    authorizingPrescription: [to('MedicationRequest/refers')],
  }),
  resource('Provenance', 'origin', {
    target: [to('MedicationRequest/refers')],
    recorded: '2020-01-01T00:00:00Z',
    agent: [{ who: to('Practitioner/doctor') }],
  }),
];

const procedure = (id: string, patient: string, day: string) =>
  resource('Procedure', id, { status: 'completed', subject: to(`Patient/${patient}`), performedDateTime: day });

const allergy = (id: string, patient: string) =>
  resource('AllergyIntolerance', id, {
    patient: to(`Patient/${patient}`),
    clinicalStatus: coded('active', 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical'),
  });

const place = (id: string, longitude: number, latitude: number) =>
  resource('Location', id, { name: id, position: { longitude, latitude } });

const document = (id: string, more: object = {}) =>
  resource('DocumentReference', id, { status: 'current', content: [{ attachment: { title: id } }], ...more });
const relates = (code: string, id: string) => ({ code, target: to(`DocumentReference/${id}`) });

const trait = (code: string, value: string) => ({
  code: coded(code),
  valueCodeableConcept: coded(value),
  exclude: false,
});

export const results: readonly Stored[] = [
  ...patients,
  ...conditions,
  report('of-hl7', 'http://hl7.org/fhir/StructureDefinition/lipid'),
  report('of-local', '{base}/Profile/lipid'),
  report('of-here', '{base}/StructureDefinition/lipid'),
  ...observations,
  ...medications,
  procedure('in-2009', '23', '2009-12-31'),
  procedure('in-2010', '23', '2010-01-01'),
  procedure('in-2011', '23', '2011-12-31'),
  procedure('in-2012', '23', '2012-01-01'),
  procedure('of-24', '24', '2010-06-01'),
  ...[allergy('allergy-42', '42'), allergy('allergy-23', '23')],
  resource('List', '42', {
    status: 'current',
    mode: 'working',
    entry: [to('Patient/23'), to('Patient/24'), to('Observation/b1')].map((item) => ({ item })),
  }),
  // Boston's centre, a place about 4 km from it, and one about 300 km from it.
  ...[place('near', -71.0589, 42.3601), place('nearer', -71.1, 42.373), place('far', -74.006, 40.7128)],
  resource('HealthcareService', 'service', { location: [to('Location/nearer')] }),
  document('first'),
  document('second', { relatesTo: [relates('replaces', 'first')] }),
  document('third', { relatesTo: [relates('appends', 'first'), relates('replaces', 'second')] }),
  resource('Group', 'mixed', {
    type: 'animal',
    actual: false,
    characteristic: [trait('gender', 'mixed'), trait('owner', 'Eve')],
  }),
  resource('Group', 'crossed', {
    type: 'animal',
    actual: false,
    characteristic: [trait('gender', 'Eve'), trait('owner', 'mixed')],
  }),
  resource('CodeSystem', 'tree', {
    url: `${acme}/medications`,
    status: 'active',
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'drug', concept: [{ code: 'abc' }, { code: 'def' }] }],
  }),
  resource('ValueSet', 'summarized', {
    text: told('of no note'),
    url: `${acme}/fhir/ValueSet/1`,
    status: 'active',
    purpose: 'none',
    compose: { include: [{ system: loinc }] },
  }),
];
