import type { CodeableConcept, Observation, Quantity } from '@medplum/fhirtypes';
import { type Instant, instantText } from '../calendar.ts';
import type { Glucose, Pressure } from '../model/types.ts';
import type { Random } from '../random.ts';
import { UCUM } from '../systems.ts';
import { hl7, loinc, type Ref, type Writer } from './writer.ts';

/** What an observation is about. */
export interface About {
  readonly subject: Ref;
  readonly at: Instant;
  readonly encounter?: Ref;
  readonly performer?: Ref;
  readonly device?: Ref;
}

interface Test {
  readonly code: string;
  readonly text: string;
  readonly unit: string;
  readonly category: 'laboratory' | 'vital-signs';
  /** Plausible values, in units of `10 ** -decimals`. */
  readonly range: readonly [number, number];
  readonly decimals: 0 | 1 | 2;
}

/** Codes as in the domain's table of tests. [K] */
const TESTS: Readonly<Record<string, Test>> = {
  glucose: {
    code: '14771-0',
    text: '空腹血糖(静脉血)',
    unit: 'mmol/L',
    category: 'laboratory',
    range: [44, 98],
    decimals: 1,
  },
  cholesterol: {
    code: '14647-2',
    text: '总胆固醇',
    unit: 'mmol/L',
    category: 'laboratory',
    range: [320, 680],
    decimals: 2,
  },
  creatinine: { code: '14682-9', text: '肌酐', unit: 'umol/L', category: 'laboratory', range: [45, 130], decimals: 0 },
  hba1c: { code: '4548-4', text: '糖化血红蛋白', unit: '%', category: 'laboratory', range: [50, 95], decimals: 1 },
  alt: { code: '1742-6', text: '丙氨酸氨基转移酶', unit: 'U/L', category: 'laboratory', range: [8, 60], decimals: 0 },
  haemoglobin: { code: '718-7', text: '血红蛋白', unit: 'g/L', category: 'laboratory', range: [105, 165], decimals: 0 },
  'white-cells': {
    code: '6690-2',
    text: '白细胞计数',
    unit: '10*9/L',
    category: 'laboratory',
    range: [38, 128],
    decimals: 1,
  },
  temperature: { code: '8310-5', text: '体温', unit: 'Cel', category: 'vital-signs', range: [362, 391], decimals: 1 },
  'heart-rate': { code: '8867-4', text: '心率', unit: '/min', category: 'vital-signs', range: [56, 98], decimals: 0 },
  'random-glucose': {
    code: '14743-9',
    text: '随机血糖(毛细血管血)',
    unit: 'mmol/L',
    category: 'laboratory',
    range: [48, 130],
    decimals: 1,
  },
};

/** A test with a plausible result; `pressure` is the blood pressure. */
export function writeTest(
  writer: Writer,
  id: string,
  name: string,
  draw: Random,
  about: About,
  selfMeasured = false,
): void {
  if (name === 'pressure') {
    const pressure = { status: 'final', systolic: draw.int(106, 158), diastolic: draw.int(62, 96) } as const;
    writePressure(writer, id, pressure, about, selfMeasured);
    return;
  }
  const test = TESTS[name];
  if (!test) throw new RangeError(`no test ${name}`);
  const { code, text, unit, category, range, decimals } = test;
  const value = draw.int(...range) / 10 ** decimals;
  const observation = {
    ...common('final', category, loinc(code, text), about),
    valueQuantity: quantity(value, unit),
  };
  writer.add(id, observation, { profile: name === 'glucose' ? 'cn-sh-glucose' : undefined, selfMeasured });
}

/** A component without a value says that it is missing. */
export function writePressure(
  writer: Writer,
  id: string,
  pressure: Pressure,
  about: About,
  selfMeasured = false,
): void {
  const { status, systolic, diastolic } = pressure;
  const component = (code: string, text: string, value: number | undefined) => ({
    code: loinc(code, text),
    ...(value === undefined
      ? { dataAbsentReason: hl7('data-absent-reason', 'not-performed') }
      : { valueQuantity: { ...quantity(value, 'mm[Hg]'), unit: 'mmHg' } }),
  });
  const observation = {
    ...common(status, 'vital-signs', loinc('85354-9', '血压'), about),
    component: [component('8480-6', '收缩压', systolic), component('8462-4', '舒张压', diastolic)],
  };
  writer.add(id, observation, { profile: 'cn-sh-blood-pressure', selfMeasured });
}

const GLUCOSE_CODES = {
  venous: ['14771-0', '空腹血糖(静脉血)'],
  capillary: ['14770-2', '空腹血糖(毛细血管血)'],
  random: ['14743-9', '随机血糖(毛细血管血)'],
} as const;

export function writeGlucose(writer: Writer, id: string, { status, kind, value }: Glucose, about: About): void {
  const [code, text] = GLUCOSE_CODES[kind];
  const observation = {
    ...common(status, 'laboratory', loinc(code, text), about),
    valueQuantity: quantity(value, 'mmol/L'),
  };
  writer.add(id, observation, { profile: kind === 'random' ? undefined : 'cn-sh-glucose' });
}

function common(
  status: NonNullable<Observation['status']>,
  category: string,
  code: CodeableConcept,
  { subject, at, encounter, performer, device }: About,
): Observation {
  return {
    resourceType: 'Observation',
    status,
    category: [hl7('observation-category', category)],
    code,
    subject,
    ...(encounter ? { encounter } : {}),
    effectiveDateTime: instantText(at),
    ...(performer ? { performer: [performer] } : {}),
    ...(device ? { device } : {}),
  };
}

const quantity = (value: number, unit: string): Quantity => ({ value, unit, system: UCUM, code: unit });
