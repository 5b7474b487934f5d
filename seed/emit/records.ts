import type { QuestionnaireResponseItem } from '@medplum/fhirtypes';
import { dayOf, dayText, instantText } from '../calendar.ts';
import { centreOfProvider } from '../district.ts';
import {
  type Episode,
  EXAM_ITEMS,
  type Exam,
  type FollowUp,
  type FollowUpForm,
  type FollowUpItem,
  LIFESTYLE,
  type Visit,
} from '../model/types.ts';
import type { Random } from '../random.ts';
import { codeSystem, ICD10, questionnaireUrl } from '../systems.ts';
import { encounter } from './encounter.ts';
import { type About, writeGlucose, writePressure, writeTest } from './observation.ts';
import { hl7, literal, local, type Ref, type Writer } from './writer.ts';

/** How a record's encounter and what belongs to it are to be written. */
export interface Frame {
  readonly writer: Writer;
  readonly draw: Random;
  /** Begins the ids of the record's resources. */
  readonly id: string;
  readonly subject: Ref;
  readonly serviceProvider: Ref;
}

export function writeFollowUp(
  frame: Frame,
  followUp: FollowUp,
  limit: number,
  episodeRef: (episode: Episode) => Ref,
): void {
  const { writer, id, subject, serviceProvider } = frame;
  const { status, start, pressures, glucoses, forms } = followUp;
  const episodes = followUp.episodes.map(episodeRef);
  const held = writer.add(
    id,
    encounter({
      type: 'follow-up',
      class: followUp.class,
      status,
      start,
      minutes: 20,
      subject,
      episodes,
      serviceProvider,
    }),
    { profile: episodes.length > 0 ? 'cn-sh-follow-up-encounter' : undefined },
  );
  const about: About = { subject, at: start, encounter: held };
  for (const [index, pressure] of pressures.entries()) writePressure(writer, `${id}-bp-${index + 1}`, pressure, about);
  for (const [index, glucose] of glucoses.entries()) writeGlucose(writer, `${id}-glucose-${index + 1}`, glucose, about);
  for (const form of forms) writeForm(frame, form, followUp, isUncontrolled(followUp, limit), held);
}

function isUncontrolled({ pressures, glucoses }: FollowUp, limit: number): boolean {
  const high = pressures.some(
    ({ status, systolic, diastolic }) => status === 'final' && ((systolic ?? 0) >= limit || (diastolic ?? 0) >= 90),
  );
  return high || glucoses.some(({ status, value }) => status === 'final' && value >= 7);
}

function writeForm(frame: Frame, form: FollowUpForm, followUp: FollowUp, uncontrolled: boolean, held: Ref): void {
  const { writer, draw, id, subject } = frame;
  const questionnaire = form.disease === 'hypertension' ? 'hypertension-follow-up' : 'diabetes-follow-up';
  const answers: Readonly<Record<FollowUpItem, object>> = {
    drugs: { valueString: draw.pick(DRUGS[form.disease]) },
    smoking: { valueInteger: draw.chance(0.8) ? 0 : draw.int(1, 20) },
    drinking: { valueInteger: draw.chance(0.75) ? 0 : draw.int(1, 10) * 25 },
    exercise: { valueInteger: draw.int(0, 14) * 30 },
    salt: { valueString: draw.pick(['轻', '中', '重']) },
  };
  const item = (linkId: FollowUpItem): QuestionnaireResponseItem[] => {
    if (form.absent.includes(linkId)) return [];
    return [{ linkId, ...(form.unanswered.includes(linkId) ? {} : { answer: [answers[linkId]] }) }];
  };
  const coding = { system: codeSystem('cn-sh-follow-up-class-cs'), code: uncontrolled ? '2' : '1' };
  const next = dayText(dayOf(followUp.start) + (uncontrolled ? 14 : 85));
  writer.add(`${id}-form-${form.disease}`, {
    resourceType: 'QuestionnaireResponse',
    questionnaire: questionnaireUrl(questionnaire),
    status: form.status,
    subject,
    encounter: held,
    authored: instantText(followUp.start),
    item: [
      ...item('drugs'),
      { linkId: 'lifestyle', item: LIFESTYLE.flatMap(item) },
      { linkId: 'class', answer: [{ valueCoding: coding }] },
      { linkId: 'next-date', answer: [{ valueDate: next }] },
    ],
  });
}

const DRUGS = {
  hypertension: ['氨氯地平 5 mg 每日一次', '缬沙坦 80 mg 每日一次', '硝苯地平控释片 30 mg 每日一次', '无'],
  diabetes2: ['二甲双胍 0.5 g 每日三次', '达格列净 10 mg 每日一次', '格列美脲 2 mg 每日一次', '无'],
} as const;

const RESULTS: Readonly<Record<string, readonly string[]>> = {
  'self-care': ['可自理', '轻度依赖'],
  lifestyle: ['规律运动,不吸烟', '少运动,不吸烟', '偶有运动,吸烟'],
};

export function writeExam(frame: Frame, exam: Exam): void {
  const { writer, draw, id, subject, serviceProvider } = frame;
  const { status, start, form, guidance } = exam;
  const facts = { type: 'exam', class: 'AMB', status, start, minutes: 90, subject, serviceProvider } as const;
  const held = writer.add(id, encounter(facts));
  for (const test of form
    ? ['pressure', 'glucose', 'cholesterol', 'creatinine', 'heart-rate']
    : ['pressure', 'glucose']) {
    writeTest(writer, `${id}-${test}`, test, draw, { subject, at: start, encounter: held });
  }
  if (form) {
    const answer = (linkId: string) => [{ valueString: draw.pick(RESULTS[linkId] ?? ['未见异常', '轻度异常']) }];
    writer.add(`${id}-form`, {
      resourceType: 'QuestionnaireResponse',
      questionnaire: questionnaireUrl('elderly-exam'),
      status: form.status,
      subject,
      encounter: held,
      authored: instantText(start),
      item: EXAM_ITEMS.filter((linkId) => !form.absent.includes(linkId)).map((linkId) => ({
        linkId,
        ...(form.unanswered.includes(linkId) ? {} : { answer: answer(linkId) }),
      })),
    });
  }
  if (guidance) {
    writer.add(`${id}-guidance`, {
      resourceType: 'Communication',
      status: guidance.status,
      category: [local('cn-sh-communication-category-cs', guidance.category)],
      subject,
      ...(guidance.linked ? { encounter: held } : {}),
      sent: instantText(start + 7_200_000),
      payload: [{ contentString: '低盐低脂饮食,适量运动,按时服药,定期复查。' }],
    });
  }
}

const DIAGNOSES: Readonly<Record<string, string>> = {
  'J06.9': '急性上呼吸道感染',
  'J20.9': '急性支气管炎',
  'K29.5': '慢性胃炎',
  'M54.5': '腰痛',
  'L30.9': '皮炎',
  I10: '原发性高血压',
  'E11.9': '2型糖尿病不伴有并发症',
  'E78.5': '高脂血症',
  'I25.1': '冠状动脉粥样硬化性心脏病',
  'J44.9': '慢性阻塞性肺疾病',
  'N39.0': '泌尿道感染',
  'M17.9': '膝骨关节病',
  'H52.1': '近视',
  'S93.4': '踝关节扭伤',
};

export function writeVisit(frame: Frame, visit: Visit): void {
  const { writer, draw, id, subject, serviceProvider } = frame;
  const { type, start, diagnosis, tests } = visit;
  const urgent = type === 'emergency';
  const held = writer.add(
    id,
    encounter({
      type,
      class: urgent ? 'EMER' : 'AMB',
      status: 'finished',
      start,
      minutes: urgent ? 150 : 15,
      subject,
      serviceProvider,
    }),
  );
  writer.add(`${id}-condition`, {
    resourceType: 'Condition',
    clinicalStatus: hl7('condition-clinical', 'active'),
    verificationStatus: hl7('condition-ver-status', 'confirmed'),
    category: [hl7('condition-category', 'encounter-diagnosis')],
    code: { coding: [{ system: ICD10, code: diagnosis }], text: DIAGNOSES[diagnosis] ?? diagnosis },
    subject,
    encounter: held,
    recordedDate: instantText(start),
  });
  for (const test of tests) writeTest(writer, `${id}-${test}`, test, draw, { subject, at: start, encounter: held });
}

/** The institution as the literal reference of its CHC's or its own system. */
export const providerRef = (provider: string): Ref => literal('Organization', provider);

/** Whether the record is one of this CHC, in the CHC itself or in one of its stations. */
export const isOf = (provider: string, centre: string): boolean => centreOfProvider(provider)?.id === centre;
