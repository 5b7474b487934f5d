import type { CodeableConcept, Encounter, EpisodeOfCare, Patient, Resource } from '@medplum/fhirtypes';

/** Hand-written records by the conventions of profiles/README.md: complete and counting unless a test changes them. */

const base = 'https://fhir.changning.example';
const loinc = 'http://loinc.org';
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });
const local = (system: string, code: string): CodeableConcept => concept(`${base}/CodeSystem/${system}`, code);
const ref = (reference: string) => ({ reference });
const subject = ref('Patient/p');

export const streetExtension = (code: string) => ({
  url: `${base}/StructureDefinition/cn-sh-street`,
  valueCoding: { system: `${base}/CodeSystem/cn-sh-street-cs`, code },
});

export const residency = (valueCode: string) => ({
  url: `${base}/StructureDefinition/cn-sh-residency-type`,
  valueCode,
});

export function patient(change: Partial<Patient> = {}): Patient {
  return {
    resourceType: 'Patient',
    id: 'p',
    birthDate: '1950-05-05',
    extension: [residency('registered')],
    identifier: [{ system: 'urn:oid:2.16.156.10011.1.2', value: '31010500100100001' }],
    address: [{ use: 'home', extension: [streetExtension('310105001')] }],
    ...change,
  };
}

export function episode(type: string, change: Partial<EpisodeOfCare> = {}): EpisodeOfCare {
  return {
    resourceType: 'EpisodeOfCare',
    id: type,
    status: 'active',
    type: [local('cn-sh-episode-type-cs', type)],
    patient: { reference: 'Patient/p' },
    managingOrganization: { reference: 'Organization/chc-01' },
    period: { start: '2020-01-01' },
    ...change,
  };
}

/** What may be wrong with a follow-up. */
export interface FollowUp {
  readonly at: string;
  readonly mode?: 'AMB' | 'HH' | 'VR';
  readonly status?: Encounter['status'];
  readonly systolic?: number | undefined;
  readonly diastolic?: number | undefined;
  readonly glucose?: number;
  readonly glucoseCode?: string;
  readonly observationStatus?: 'final' | 'preliminary' | 'entered-in-error';
  readonly formStatus?: 'completed' | 'in-progress';
  readonly without?: string;
  readonly of?: string;
}

const quantity = (value: number, code: string) => ({ value, unit: code, system: 'http://unitsofmeasure.org', code });

/** A follow-up with its measurements and form; `type` is that of the episode. */
export function followUp(type: 'hypertension' | 'diabetes2', f: FollowUp): Resource[] {
  const id = `${type}-${f.at.replaceAll(/\D/g, '')}`;
  const encounter = ref(`Encounter/${id}`);
  const answered = (linkId: string) =>
    linkId === f.without ? { linkId } : { linkId, answer: [{ valueString: '无' }] };
  const component = (code: string, value: number | undefined) =>
    value === undefined ? [] : [{ code: concept(loinc, code), valueQuantity: quantity(value, 'mm[Hg]') }];
  const measurement =
    type === 'hypertension'
      ? {
          code: concept(loinc, '85354-9'),
          component: [
            ...component('8480-6', 'systolic' in f ? f.systolic : 130),
            ...component('8462-4', 'diastolic' in f ? f.diastolic : 80),
          ],
        }
      : { code: concept(loinc, f.glucoseCode ?? '14771-0'), valueQuantity: quantity(f.glucose ?? 6.1, 'mmol/L') };
  return [
    {
      resourceType: 'Encounter',
      id,
      status: f.status ?? 'finished',
      class: { system: actCode, code: f.mode ?? 'AMB' },
      type: [local('cn-sh-encounter-type-cs', 'follow-up')],
      subject,
      episodeOfCare: [ref(`EpisodeOfCare/${f.of ?? type}`)],
      period: { start: f.at },
    },
    {
      resourceType: 'Observation',
      id: `${id}-o`,
      status: f.observationStatus ?? 'final',
      subject,
      encounter,
      ...measurement,
    },
    {
      resourceType: 'QuestionnaireResponse',
      id: `${id}-q`,
      status: f.formStatus ?? 'completed',
      questionnaire: `${base}/Questionnaire/${type === 'hypertension' ? 'hypertension' : 'diabetes'}-follow-up`,
      subject,
      encounter,
      item: [
        answered('drugs'),
        { linkId: 'lifestyle', item: ['smoking', 'drinking', 'exercise', 'salt'].map(answered) },
        { linkId: 'next-date', answer: [{ valueDate: '2025-12-31' }] },
      ],
    },
  ];
}

export interface Exam {
  readonly at?: string;
  readonly provider?: string;
  readonly status?: Encounter['status'];
  readonly formStatus?: 'completed' | 'in-progress';
  readonly without?: string;
  readonly guidance?: 'completed' | 'in-progress' | 'none' | 'elsewhere';
}

const examItems = 'self-care lifestyle vitals blood-count urine liver kidney glucose lipids ecg ultrasound'.split(' ');

export function exam(e: Exam = {}): Resource[] {
  const encounter = ref('Encounter/exam');
  const guided = e.guidance ?? 'completed';
  const records: Resource[] = [
    {
      resourceType: 'Encounter',
      id: 'exam',
      status: e.status ?? 'finished',
      class: { system: actCode, code: 'AMB' },
      type: [local('cn-sh-encounter-type-cs', 'exam')],
      subject,
      period: { start: e.at ?? '2025-06-10T08:00:00+08:00' },
      serviceProvider: { reference: e.provider ?? 'Organization/chc-01' },
    },
    {
      resourceType: 'QuestionnaireResponse',
      id: 'exam-q',
      status: e.formStatus ?? 'completed',
      questionnaire: `${base}/Questionnaire/elderly-exam`,
      subject,
      encounter,
      item: examItems.filter((i) => i !== e.without).map((linkId) => ({ linkId, answer: [{ valueString: '正常' }] })),
    },
  ];
  if (guided === 'none') return records;
  return [
    ...records,
    {
      resourceType: 'Communication',
      id: 'exam-c',
      status: guided === 'in-progress' ? guided : 'completed',
      category: [local('cn-sh-communication-category-cs', 'health-guidance')],
      subject,
      encounter: guided === 'elsewhere' ? ref('Encounter/other') : encounter,
    },
  ];
}

export function consent(
  dateTime: string,
  status: 'active' | 'inactive' = 'active',
  scope = 'patient-privacy',
): Resource {
  return {
    resourceType: 'Consent',
    id: 'consent',
    status,
    scope: concept('http://terminology.hl7.org/CodeSystem/consentscope', scope),
    category: [concept(loinc, '59284-0')],
    patient: subject,
    dateTime,
  };
}

/** Noon of these days, in Shanghai. */
export const noon = (...days: string[]): string[] => days.map((d) => `${d}T12:00:00+08:00`);
