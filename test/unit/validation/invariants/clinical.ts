import { of, type Row } from './resources.ts';

const hl7 = 'http://terminology.hl7.org/CodeSystem';
const coded = (system: string, code: string) => ({ coding: [{ system: `${hl7}/${system}`, code }] });

const condition = (rest: object) => of('Condition', rest);
const observation = (rest: object) => of('Observation', rest);
const coding = (code: string, display?: string) => ({ coding: [{ system: 'http://loinc.org', code, display }] });
const consent = (code: string, rest: object = {}) => of('Consent', { scope: coded('consentscope', code), ...rest });
const team = (member: object) => of('CareTeam', { participant: [{ member, onBehalfOf: { display: 'x' } }] });
const patient = { patient: { display: 'x' } };
const home = { use: 'home' };

export const clinical: readonly Row[] = [
  [
    'ait-1',
    'AllergyIntolerance',
    of('AllergyIntolerance', { clinicalStatus: coded('allergyintolerance-clinical', 'active') }),
    of('AllergyIntolerance'),
  ],
  [
    'ait-2',
    'AllergyIntolerance',
    of('AllergyIntolerance', { verificationStatus: coded('allergyintolerance-verification', 'entered-in-error') }),
    of('AllergyIntolerance', {
      clinicalStatus: coded('allergyintolerance-clinical', 'active'),
      verificationStatus: coded('allergyintolerance-verification', 'entered-in-error'),
    }),
  ],
  [
    'app-1',
    'Appointment.participant[0]',
    of('Appointment'),
    of('Appointment', { participant: [{ status: 'accepted' }] }),
  ],
  [
    'app-2',
    'Appointment',
    of('Appointment', { status: 'proposed', start: undefined, end: undefined }),
    of('Appointment', { status: 'proposed', end: undefined }),
  ],
  [
    'app-3',
    'Appointment',
    of('Appointment', { status: 'waitlist', start: undefined, end: undefined }),
    of('Appointment', { start: undefined, end: undefined }),
  ],
  [
    'app-4',
    'Appointment',
    of('Appointment', { status: 'noshow', cancelationReason: { text: 'x' } }),
    of('Appointment', { cancelationReason: { text: 'x' } }),
  ],
  ['apr-1', 'AppointmentResponse', of('AppointmentResponse'), of('AppointmentResponse', { actor: undefined })],
  [
    'ces-1',
    'CoverageEligibilityResponse.insurance[0].item[0]',
    of('CoverageEligibilityResponse', {
      insurance: [{ coverage: { display: 'x' }, item: [{ category: { text: 'x' } }] }],
    }),
    of('CoverageEligibilityResponse', { insurance: [{ coverage: { display: 'x' }, item: [{ name: 'x' }] }] }),
  ],
  [
    'cmp-1',
    'Composition.section[0]',
    of('Composition', { section: [{ entry: [{ display: 'x' }] }] }),
    of('Composition', { section: [{ title: 'x' }] }),
  ],
  [
    'cmp-2',
    'Composition.section[0]',
    of('Composition', {
      section: [{ text: { status: 'empty', div: '<div>x</div>' }, emptyReason: { text: 'x' } }],
    }),
    of('Composition', { section: [{ entry: [{ display: 'x' }], emptyReason: { text: 'x' } }] }),
  ],
  [
    'con-1',
    'Condition.stage[0]',
    condition({ stage: [{ summary: { text: 'x' } }] }),
    condition({ stage: [{ type: { text: 'x' } }] }),
  ],
  [
    'con-2',
    'Condition.evidence[0]',
    condition({ evidence: [{ code: [{ text: 'x' }] }] }),
    condition({ evidence: [{ id: 'x', extension: [{ url: 'http://x.example/e', valueCode: 'x' }] }] }),
  ],
  [
    'con-3',
    'Condition',
    condition({ category: [coded('condition-category', 'encounter-diagnosis')] }),
    condition({ category: [{ text: 'x' }, coded('condition-category', 'problem-list-item')] }),
  ],
  [
    'con-3',
    'Condition',
    condition({
      category: [coded('condition-category', 'problem-list-item')],
      verificationStatus: coded('condition-ver-status', 'entered-in-error'),
    }),
    condition({
      category: [coded('condition-category', 'problem-list-item')],
      verificationStatus: coded('condition-ver-status', 'confirmed'),
    }),
  ],
  [
    'con-4',
    'Condition',
    condition({ abatementDateTime: '2025', clinicalStatus: coded('condition-clinical', 'resolved') }),
    condition({ abatementDateTime: '2025', clinicalStatus: coded('condition-clinical', 'active') }),
  ],
  [
    'con-5',
    'Condition',
    condition({ verificationStatus: coded('condition-ver-status', 'entered-in-error') }),
    condition({
      verificationStatus: coded('condition-ver-status', 'entered-in-error'),
      clinicalStatus: coded('condition-clinical', 'active'),
    }),
  ],
  [
    'cpl-3',
    'CarePlan.activity[0]',
    of('CarePlan', { activity: [{ reference: { display: 'x' } }] }),
    of('CarePlan', { activity: [{ reference: { display: 'x' }, detail: { status: 'scheduled' } }] }),
  ],
  ['ctm-1', 'CareTeam.participant[0]', team({ reference: 'Practitioner/p' }), team({ reference: 'Patient/p' })],
  [
    'ctm-1',
    'CareTeam.participant[0]',
    team({ reference: 'urn:uuid:5f66ecbb-b445-4290-8b55-9fc3ddfd569e' }),
    team({ type: 'Patient', display: 'x' }),
  ],
  [
    'fhs-1',
    'FamilyMemberHistory',
    of('FamilyMemberHistory', { ageString: 'x' }),
    of('FamilyMemberHistory', { ageString: 'x', bornString: 'x' }),
  ],
  [
    'fhs-2',
    'FamilyMemberHistory',
    of('FamilyMemberHistory', { ageString: 'x', estimatedAge: true }),
    of('FamilyMemberHistory', { estimatedAge: true }),
  ],
  [
    'gol-1',
    'Goal.target[0]',
    of('Goal', { target: [{ measure: { text: 'x' }, detailString: 'x' }] }),
    of('Goal', { target: [{ detailString: 'x' }] }),
  ],
  [
    'grp-1',
    'Group',
    of('Group', { member: [{ entity: { display: 'x' } }] }),
    of('Group', { actual: false, member: [{ entity: { display: 'x' } }] }),
  ],
  [
    'imm-1',
    'Immunization.education[0]',
    of('Immunization', { education: [{ documentType: 'x' }] }),
    of('Immunization', { education: [{ publicationDate: '2025' }] }),
  ],
  [
    'imr-1',
    'ImmunizationRecommendation.recommendation[0]',
    of('ImmunizationRecommendation', {
      recommendation: [{ forecastStatus: { text: 'x' }, targetDisease: { text: 'x' } }],
    }),
    of('ImmunizationRecommendation', { recommendation: [{ forecastStatus: { text: 'x' } }] }),
  ],
  ['ipn-1', 'InsurancePlan', of('InsurancePlan', { name: 'x' }), of('InsurancePlan', { status: 'draft' })],
  [
    'lnk-1',
    'Linkage',
    of('Linkage', {
      item: [
        { type: 'source', resource: { display: 'x' } },
        { type: 'alternate', resource: { display: 'y' } },
      ],
    }),
    of('Linkage', { item: [{ type: 'source', resource: { display: 'x' } }] }),
  ],
  [
    'lst-1',
    'List',
    of('List', { emptyReason: { text: 'x' } }),
    of('List', { emptyReason: { text: 'x' }, entry: [{ item: { display: 'x' } }] }),
  ],
  [
    'lst-2',
    'List',
    of('List', { mode: 'changes', entry: [{ item: { display: 'x' }, deleted: true }] }),
    of('List', { mode: 'working', entry: [{ item: { display: 'x' }, deleted: true }] }),
  ],
  [
    'lst-3',
    'List',
    of('List', { mode: 'working', entry: [{ item: { display: 'x' }, date: '2025' }] }),
    of('List', { entry: [{ item: { display: 'x' }, date: '2025' }] }),
  ],
  [
    'mad-1',
    'MedicationAdministration.dosage',
    of('MedicationAdministration', { dosage: { dose: { value: 1 } } }),
    of('MedicationAdministration', { dosage: { text: 'x' } }),
  ],
  [
    'mdd-1',
    'MedicationDispense',
    of('MedicationDispense', { whenPrepared: '2025-01-02', whenHandedOver: '2025-01' }),
    of('MedicationDispense', { whenPrepared: '2025-01-02', whenHandedOver: '2025-01-01' }),
  ],
  [
    'mrp-1',
    'MeasureReport',
    of('MeasureReport', { group: [{ code: { text: 'x' } }] }),
    of('MeasureReport', { type: 'data-collection', group: [{ code: { text: 'x' } }] }),
  ],
  [
    'mrp-2',
    'MeasureReport',
    of('MeasureReport', { group: [{ stratifier: [{ stratum: [{ value: { text: 'x' } }] }] }] }),
    of('MeasureReport', { group: [{ stratifier: [{ stratum: [{ measureScore: { value: 1 } }] }] }] }),
  ],
  ['msq-3', 'MolecularSequence', of('MolecularSequence'), of('MolecularSequence', { coordinateSystem: 2 })],
  [
    'msq-5',
    'MolecularSequence.referenceSeq',
    of('MolecularSequence', { referenceSeq: { chromosome: { text: 'x' }, genomeBuild: 'x' } }),
    of('MolecularSequence', { referenceSeq: { chromosome: { text: 'x' }, referenceSeqString: 'x' } }),
  ],
  [
    'msq-6',
    'MolecularSequence.referenceSeq',
    of('MolecularSequence', { referenceSeq: { referenceSeqString: 'x' } }),
    of('MolecularSequence', { referenceSeq: { windowStart: 1 } }),
  ],
  ['nor-1', 'NutritionOrder', of('NutritionOrder'), of('NutritionOrder', { supplement: undefined })],
  [
    'obs-3',
    'Observation.referenceRange[0]',
    observation({ referenceRange: [{ text: 'x' }] }),
    observation({ referenceRange: [{ type: { text: 'x' } }] }),
  ],
  [
    'obs-6',
    'Observation',
    observation({ dataAbsentReason: { text: 'x' } }),
    observation({ dataAbsentReason: { text: 'x' }, valueString: 'x' }),
  ],
  [
    'obs-7',
    'Observation',
    observation({ code: coding('1'), component: [{ code: coding('1') }] }),
    observation({ code: coding('1'), valueString: 'x', component: [{ code: coding('1') }] }),
  ],
  [
    'obs-7',
    'Observation',
    observation({
      code: { coding: [{ display: 'x' }] },
      valueString: 'x',
      component: [{ code: { coding: [{ display: 'x' }] } }],
    }),
    observation({ code: coding('1', 'x'), valueString: 'x', component: [{ code: coding('1', 'y') }] }),
  ],
  [
    'obs-7',
    'Observation',
    observation({
      code: { coding: [{ system: 'http://a.example', code: '1' }] },
      valueQuantity: { value: 1 },
      component: [{ code: { coding: [{ system: 'http://b.example', code: '1' }] } }],
    }),
    observation({
      code: { coding: [{ code: '0' }, { code: '1' }] },
      valueBoolean: false,
      component: [{ code: { coding: [{ code: '2' }] } }, { code: { coding: [{ code: '3' }, { code: '1' }] } }],
    }),
  ],
  ['org-1', 'Organization', of('Organization'), of('Organization', { name: undefined, active: true })],
  [
    'org-2',
    'Organization.address[0]',
    of('Organization', { address: [{ use: 'work' }] }),
    of('Organization', { address: [home] }),
  ],
  [
    'org-3',
    'Organization.telecom[0]',
    of('Organization', { telecom: [{ use: 'work' }] }),
    of('Organization', { telecom: [home] }),
  ],
  [
    'pat-1',
    'Patient.contact[0]',
    of('Patient', { contact: [{ name: { text: 'x' } }] }),
    of('Patient', { contact: [{ gender: 'male' }] }),
  ],
  [
    'ppc-1',
    'Consent',
    of('Consent', { policyRule: undefined, policy: [{ uri: 'a:b' }] }),
    of('Consent', { policyRule: undefined }),
  ],
  ['ppc-2', 'Consent', consent('patient-privacy', patient), consent('patient-privacy')],
  ['ppc-3', 'Consent', consent('research', patient), consent('research')],
  ['ppc-4', 'Consent', consent('adr', patient), consent('adr')],
  ['ppc-5', 'Consent', consent('treatment', patient), consent('treatment')],
  [
    'prr-1',
    'ServiceRequest',
    of('ServiceRequest', { code: { text: 'x' }, orderDetail: [{ text: 'x' }] }),
    of('ServiceRequest', { orderDetail: [{ text: 'x' }] }),
  ],
  [
    'ras-1',
    'RiskAssessment.prediction[0].probability',
    of('RiskAssessment', { prediction: [{ probabilityRange: { low: percent(1), high: percent(2) } }] }),
    of('RiskAssessment', { prediction: [{ probabilityRange: { low: { value: 1 }, high: percent(2) } }] }),
  ],
  [
    'ras-2',
    'RiskAssessment.prediction[0]',
    of('RiskAssessment', { prediction: [{ probabilityDecimal: 100 }] }),
    of('RiskAssessment', { prediction: [{ probabilityDecimal: 100.5 }] }),
  ],
  [
    'rqg-1',
    'RequestGroup.action[0]',
    of('RequestGroup', { action: [{ resource: { display: 'x' } }] }),
    of('RequestGroup', { action: [{ title: 'x' }] }),
  ],
  [
    'sev-1',
    'AuditEvent.entity[0]',
    of('AuditEvent', { entity: [{ query: 'QUJD' }] }),
    of('AuditEvent', { entity: [{ name: 'x', query: 'QUJD' }] }),
  ],
  [
    'inv-1',
    'Task',
    of('Task', { authoredOn: '2025-01-02', lastModified: '2025-01' }),
    of('Task', { authoredOn: '2025-01-02', lastModified: '2024-12' }),
  ],
  [
    'inv-1',
    'Task',
    of('Task', { authoredOn: '2025-01-01T10:00:00+08:00', lastModified: '2025-01-01T03:00:00Z' }),
    of('Task', { authoredOn: '2025-01-01T10:00:00+08:00', lastModified: '2025-01-01T01:00:00Z' }),
  ],
];

function percent(value: number): object {
  return { value, code: '%', system: 'http://unitsofmeasure.org' };
}
