import type { Stored } from './examples-run.ts';

/** What the examples of reference, chains, composites, missing data and escapes search in. */

const loinc = 'http://loinc.org';
const ucum = 'http://unitsofmeasure.org';
const acme = 'http://acme.org';

const to = (reference: string) => ({ reference });
const resource = (resourceType: string, id: string, more: object): Stored => ({ resourceType, id, ...more });
const coded = (code: string, system?: string) => ({ coding: [{ ...(system !== undefined && { system }), code }] });
const observation = (id: string, code: string, more: object = {}) =>
  resource('Observation', id, { status: 'final', code: coded(code, loinc), ...more });

const mrn = (value: string) => ({ system: `${acme}/fhir/identifier/mrn`, value });
const speaks = (...languages: readonly string[]) => ({
  communication: languages.map((l) => ({ language: coded(l, 'urn:ietf:bcp:47') })),
});

const people = [
  resource('Patient', '23', {
    identifier: [mrn('m23')],
    name: [{ family: 'Chalmers', given: ['Peter'] }],
    gender: 'male',
    birthDate: '1950-01-01',
    generalPractitioner: [to('Practitioner/joe'), to('Practitioner/jane')],
    ...speaks('FR', 'NL', 'EN'),
  }),
  resource('Patient', '24', {
    identifier: [mrn('m24')],
    name: [{ family: 'Peterson' }],
    gender: 'female',
    generalPractitioner: [to('Practitioner/jane')],
    ...speaks('NL'),
  }),
  resource('Patient', '25', {
    name: [{ family: 'Petrov' }],
    // Elements that have an extension and no value.
    _gender: {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
    },
    ...speaks('FR', 'EN'),
  }),
  resource('Patient', '26', { name: [{ family: 'Zhang' }], ...speaks('DE', 'EN') }),
  resource('Patient', '27', {
    identifier: [mrn('m27')],
    name: [{ family: 'Wang' }],
    gender: 'female',
    ...speaks('DE'),
  }),
  resource('Group', '23', { type: 'person', actual: true, quantity: 2 }),
  resource('Practitioner', 'joe', { name: [{ given: ['Joe'] }], address: [{ state: 'CA' }] }),
  resource('Practitioner', 'jane', { name: [{ given: ['Jane'] }], address: [{ state: 'MN' }] }),
  resource('Practitioner', 'MyUserId', {}),
];

const subjects = [
  observation('of-patient', '1234-5', { subject: to('Patient/23') }),
  observation('of-patient-absolute', '9999-9', { subject: to('{base}/Patient/23') }),
  observation('of-group', '1234-5', { subject: to('Group/23') }),
  observation('of-24', '1234-5', { subject: to('Patient/24') }),
  observation('of-24-too', '456', { subject: to('Patient/24') }),
  observation('of-elsewhere', '1234-5', { subject: to('http://example.org/fhir/Patient/23') }),
  observation('of-identifier', '1234-5', { subject: { identifier: mrn('123456') } }),
  // Its patient is here, yet it names no more than the identifier.
  observation('of-identifier-known', '1000-0', { subject: { identifier: mrn('m27') } }),
  observation('of-nobody', '1234-5'),
];

const event = (id: string, what: string, who: string, altId: string) =>
  resource('AuditEvent', id, {
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110106' },
    recorded: '2020-01-01T00:00:00Z',
    agent: [{ who: to(who), altId, requestor: true }],
    source: { observer: { display: 'x' } },
    entity: [{ what: to(what) }],
  });

const reports = [
  resource('DiagnosticReport', 'report-23', {
    status: 'final',
    code: { text: 'x' },
    subject: to('Patient/23'),
    result: [to('Observation/potassium-5.5')],
  }),
  resource('DiagnosticReport', 'report-24', {
    status: 'final',
    code: { text: 'x' },
    subject: to('Patient/24'),
    result: [to('Observation/potassium-5.3'), to('Observation/sodium-151')],
  }),
  resource('DiagnosticReport', 'report-26', {
    status: 'final',
    code: { text: 'x' },
    subject: to('Patient/26'),
    result: [to('Observation/potassium-6-mg')],
  }),
  resource('DiagnosticReport', 'report-nobody', { status: 'final', code: { text: 'x' } }),
];

const amount = (value: number, code = 'mmol/L') => ({ valueQuantity: { value, unit: code, system: ucum, code } });
const pressure = (id: string, systolic: number, diastolic: number) =>
  observation(id, '85354-9', {
    component: [
      { code: coded('8480-6', loinc), ...amount(systolic, 'mm[Hg]') },
      { code: coded('8462-4', loinc), ...amount(diastolic, 'mm[Hg]') },
    ],
  });

const trait = (code: string, value: string) => ({
  code: coded(code),
  valueCodeableConcept: { ...coded(value), text: value },
  exclude: false,
});
const group = (id: string, ...characteristic: readonly object[]) =>
  resource('Group', id, { type: 'animal', actual: false, characteristic });

const context = (id: string, type: string, code: string) =>
  resource('Questionnaire', id, {
    status: 'active',
    useContext: [
      {
        code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: type },
        valueCodeableConcept: coded(code, 'http://snomed.info/sct'),
      },
    ],
  });

const composites = [
  observation('potassium-5.5', '2823-3', amount(5.5)),
  observation('potassium-5.3', '2823-3', amount(5.3)),
  observation('potassium-6-mg', '2823-3', amount(6, 'mg')),
  observation('sodium-151', '2951-2', amount(151)),
  observation('sodium-140', '2951-2', amount(140)),
  pressure('pressure-55', 55, 40),
  // The number that is below 60 is the other one's.
  pressure('pressure-120', 120, 55),
  group('mixed', trait('gender', 'mixed')),
  group('eves', trait('owner', 'Eve')),
  group('crossed', trait('gender', 'Eve'), trait('owner', 'mixed')),
  context('focus', 'focus', '408934002'),
  context('venue', 'venue', '408934002'),
  context('focus-other', 'focus', '1'),
];

const measured = (id: string, measure: string) =>
  resource('MeasureReport', id, {
    status: 'complete',
    type: 'summary',
    measure,
    period: { start: '2020', end: '2020' },
  });

const place = (id: string, within?: string) =>
  resource('Location', id, { name: `Room ${id}`, ...(within !== undefined && { partOf: to(`Location/${within}`) }) });
const visit = (id: string, within?: string) =>
  resource('Encounter', id, {
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    ...(within !== undefined && { partOf: to(`Encounter/${within}`) }),
  });
const procedure = (id: string, location: string) =>
  resource('Procedure', id, { status: 'completed', subject: to('Patient/26'), location: to(`Location/${location}`) });
const dose = (id: string, encounter: string) =>
  resource('MedicationAdministration', id, {
    status: 'completed',
    medicationCodeableConcept: { text: 'x' },
    subject: to('Patient/26'),
    context: to(`Encounter/${encounter}`),
    effectiveDateTime: '2020-01-01',
  });

const hierarchies = [
  ...[place('42'), place('43', '42'), place('44', '43'), place('41'), place('45', '41')],
  ...[procedure('in-42', '42'), procedure('in-43', '43'), procedure('in-44', '44'), procedure('in-45', '45')],
  ...[visit('20'), visit('21', '20'), visit('22', '21'), visit('19')],
  ...[dose('during-20', '20'), dose('during-21', '21'), dose('during-22', '22'), dose('during-19', '19')],
];

const allergy = (id: string, status?: string) =>
  resource('AllergyIntolerance', id, {
    patient: to('Patient/23'),
    ...(status !== undefined && {
      clinicalStatus: coded(status, 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical'),
    }),
    ...(status === undefined && {
      verificationStatus: coded(
        'entered-in-error',
        'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',
      ),
    }),
  });

export const references: readonly Stored[] = [
  ...people,
  ...subjects,
  event('seen-by-me', 'Observation/of-24', 'Practitioner/MyUserId', 'MyUserId'),
  event('seen-by-joe', 'Observation/of-patient', 'Practitioner/joe', 'joe'),
  ...reports,
  ...composites,
  measured('of-1.0', 'http://acme.com/some-profile|1.0'),
  measured('of-1.1', 'http://acme.com/some-profile|1.1'),
  measured('of-2.0', 'http://acme.com/some-profile|2.0'),
  measured('of-another', 'http://acme.com/some-profile-2|1.0'),
  ...hierarchies,
  resource('Condition', 'evident', {
    subject: to('Patient/26'),
    clinicalStatus: coded('active', 'http://terminology.hl7.org/CodeSystem/condition-clinical'),
    evidence: [{ detail: [to('Observation/of-patient/_history/1')] }],
  }),
  allergy('allergy-active', 'active'),
  allergy('allergy-resolved', 'resolved'),
  allergy('allergy-unknown'),
  ...['a', 'b', 'a,b', 'xx$xx', 'xx\\xx', 'x|y'].map((code, i) =>
    resource('Observation', `escape-${i}`, { status: 'final', code: coded(code) }),
  ),
  resource('ValueSet', 'v123', { status: 'active', url: `${acme}/fhir/ValueSet/123` }),
  resource('ValueSet', 'v124', { status: 'active', url: `${acme}/fhir/ValueSet/124` }),
  resource('ValueSet', 'v124-comma', { status: 'active', url: `${acme}/fhir/ValueSet/124,125` }),
];
