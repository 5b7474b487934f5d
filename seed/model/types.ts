import type { Day, Instant, Period } from '../calendar.ts';

/** The district as it is, before anyone writes it down as FHIR. Truth is counted from this and nothing else. */
export interface District {
  readonly seed: number;
  readonly period: Period;
  readonly households: readonly (readonly Person[])[];
  readonly persons: readonly Person[];
  readonly official: readonly OfficialPopulation[];
  readonly edges: readonly EdgeResident[];
}

export interface OfficialPopulation {
  readonly street: string;
  readonly all: number;
  readonly elderly: number;
}

/** A person made for one boundary of a definition, with the memberships that the definition gives them. */
export interface EdgeResident {
  readonly person: Person;
  readonly fact: string;
  readonly expected: readonly Member[];
}

/** A population of a measure that a person belongs to; `n` the numerator, `d` the denominator. */
export type Member = '1n' | '10n' | '11n' | '14d' | '14n' | '15d' | '15n';

export type Gender = 'male' | 'female';
export type Disease = 'hypertension' | 'diabetes2';
export type Residency = 'registered' | 'unregistered' | 'non-resident';

export interface Person {
  readonly key: string;
  /** The FHIR id of the Patient that the CHC writes; undefined for a person whom only hospitals know. */
  patientId: string | undefined;
  /** The CHC that writes the Patient, and where a person known to hospitals only would go. */
  registrar: string;
  name: string;
  gender: Gender;
  birth: Day;
  residentId: string | undefined;
  archiveNumber: string | undefined;
  insuranceCard: string | undefined;
  phone: string | undefined;
  ethnicity: string;
  hukou: 'agricultural' | 'non-agricultural' | 'resident';
  residency: Residency | undefined;
  homes: Home[];
  death: Death | undefined;
  /** The person of the record that replaces this one. */
  replacedBy: Person | undefined;
  readonly episodes: Episode[];
  readonly followUps: FollowUp[];
  readonly exams: Exam[];
  readonly consents: Consent[];
  readonly visits: Visit[];
  readonly measurements: SelfMeasurement[];
}

export interface Home {
  readonly use: 'home' | 'work';
  /** Undefined outside the district. */
  readonly street: string | undefined;
  readonly committee: string;
  readonly line: string;
  /** First and last day there. */
  readonly from: Day | undefined;
  readonly to: Day | undefined;
}

export type Death =
  | { readonly kind: 'flag' }
  | { readonly kind: 'day'; readonly day: Day }
  | { readonly kind: 'instant'; readonly at: Instant };

export type EpisodeStatus = 'planned' | 'active' | 'onhold' | 'finished' | 'cancelled' | 'entered-in-error';

/** A signing (family-doctor) or the management of a disease. */
export interface Episode {
  readonly id: string;
  readonly type: 'family-doctor' | Disease;
  readonly centre: string;
  readonly doctor: string;
  readonly status: EpisodeStatus;
  readonly from: Day;
  /** The last day. */
  readonly to: Day | undefined;
}

export type EncounterStatus = 'planned' | 'in-progress' | 'finished' | 'cancelled' | 'entered-in-error';
export type ObservationStatus = 'preliminary' | 'final' | 'entered-in-error';
export type FormStatus = 'in-progress' | 'completed';

export interface FollowUp {
  readonly centre: string;
  readonly episodes: readonly Episode[];
  readonly status: EncounterStatus;
  /** AMB and HH are face to face, VR is by telephone. */
  readonly class: 'AMB' | 'HH' | 'VR';
  readonly start: Instant;
  readonly pressures: readonly Pressure[];
  readonly glucoses: readonly Glucose[];
  readonly forms: readonly FollowUpForm[];
}

/** mm[Hg] */
export interface Pressure {
  readonly status: ObservationStatus;
  readonly systolic: number | undefined;
  readonly diastolic: number | undefined;
}

/** mmol/L. Venous and capillary are fasting ones, random is neither. */
export interface Glucose {
  readonly status: ObservationStatus;
  readonly kind: 'venous' | 'capillary' | 'random';
  readonly value: number;
}

export const LIFESTYLE = ['smoking', 'drinking', 'exercise', 'salt'] as const;
export type FollowUpItem = 'drugs' | (typeof LIFESTYLE)[number];

export interface FollowUpForm {
  readonly disease: Disease;
  readonly status: FormStatus;
  readonly absent: readonly FollowUpItem[];
  /** Present on the form, without an answer. */
  readonly unanswered: readonly FollowUpItem[];
}

export const EXAM_ITEMS = [
  'self-care',
  'lifestyle',
  'vitals',
  'blood-count',
  'urine',
  'liver',
  'kidney',
  'glucose',
  'lipids',
  'ecg',
  'ultrasound',
] as const;
export type ExamItem = (typeof EXAM_ITEMS)[number];

export interface Exam {
  /** The id of a CHC, a station or a hospital. */
  readonly provider: string;
  readonly status: EncounterStatus;
  readonly start: Instant;
  readonly form: ExamForm | undefined;
  readonly guidance: Guidance | undefined;
}

export interface ExamForm {
  readonly status: FormStatus;
  readonly absent: readonly ExamItem[];
  readonly unanswered: readonly ExamItem[];
}

export interface Guidance {
  readonly status: 'preparation' | 'completed' | 'entered-in-error';
  readonly category: 'health-guidance' | 'report-feedback';
  /** Whether it names the exam that it came from. */
  readonly linked: boolean;
}

export interface Consent {
  readonly status: 'active' | 'inactive';
  readonly at: Instant;
}

export interface Visit {
  /** The id of a CHC or a hospital. */
  readonly provider: string;
  readonly type: 'outpatient' | 'emergency';
  readonly start: Instant;
  /** ICD-10. */
  readonly diagnosis: string;
  readonly tests: readonly string[];
}

export interface SelfMeasurement {
  readonly station: string;
  readonly at: Instant;
  readonly kind: 'pressure' | 'glucose' | 'heart-rate';
}
