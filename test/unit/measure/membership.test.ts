import { readdirSync, readFileSync } from 'node:fs';
import type { Address, Patient, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { prepare, type ResidentInput } from '#measure/engine.ts';
import {
  consent,
  episode,
  exam,
  type FollowUp,
  followUp,
  noon,
  patient,
  residency,
  streetExtension,
} from './records.ts';

/** profiles/README.md, "The first five measures": each boundary of each definition, evaluated by the engine. */

const folder = new URL('../../../profiles/measures/', import.meta.url);
const texts = readdirSync(folder)
  .filter((name) => name.endsWith('.cql'))
  .map((name) => ({ name: name.slice(0, -4), version: '0.1.0', text: readFileSync(new URL(name, folder), 'utf8') }));

const numbers = [1, 10, 11, 14, 15] as const;
type Number = (typeof numbers)[number];

const engine = await prepare(
  numbers.map((n) => {
    const library = texts.find((text) => new RegExp(`^CnSh${n}[A-Z]`).test(text.name));
    if (library === undefined) throw new Error(`no CQL of measure ${n}`);
    return {
      url: `m${n}`,
      library,
      texts,
      populations: ['Initial Population', 'Denominator', 'Numerator'],
      stratifiers: ['Centre'],
    };
  }),
);
if (engine instanceof Failure) throw new Error(engine.issues.map((i) => i.text).join('\n'));

/** In the numerator; in the denominator only; in neither. For population measures `no` is: not counted. */
type Verdict = 'numerator' | 'denominator' | 'no';
const verdictOf = (bits: number): Verdict => ((bits & 3) !== 3 ? 'no' : (bits & 4) === 0 ? 'denominator' : 'numerator');

interface Case {
  readonly what: string;
  readonly is: Verdict;
  readonly patient?: Partial<Patient>;
  readonly records?: readonly Resource[];
  /** First and last day; the whole of 2025 unless told. */
  readonly period?: readonly [string, string];
  readonly parameters?: Readonly<Record<string, boolean>>;
  readonly centre?: string;
}

async function verdict(n: Number, c: Case): Promise<{ is: Verdict; centre: string | null | undefined }> {
  if (engine instanceof Failure) throw new Error('unreachable');
  const [first, last] = c.period ?? ['2025-01-01', '2025-12-31'];
  const input: ResidentInput = {
    patient: { id: 'p', content: JSON.stringify(patient(c.patient)) },
    records: (c.records ?? []).map((r) => ({ type: r.resourceType, id: r.id ?? '', content: JSON.stringify(r) })),
  };
  const run = {
    period: {
      start: Date.parse(`${first}T00:00:00+08:00`),
      end: Date.parse(`${last}T00:00:00+08:00`) + 86_400_000,
    },
    offset: 8,
    baseUrl: 'http://localhost/fhir',
    parameters: numbers.map((m) => ({
      ...(m === 10 && { 'Community providers': ['Organization/chc-01', 'Organization/station-01-1'] }),
      ...c.parameters,
    })),
    evidence: false,
  };
  const found = await engine.evaluate(run, [input]);
  if (found instanceof Failure) throw new Error(found.issues.map((i) => i.text).join('\n'));
  const result = found[0]?.byMeasure[numbers.indexOf(n)];
  return { is: verdictOf(result?.bits ?? 0), centre: result?.strata[0] };
}

function table(n: Number, name: string, cases: readonly Case[]): void {
  t.test(`measure ${n}: ${name}`, async (t) => {
    for (const c of cases) {
      const found = await verdict(n, c);
      t.equal(found.is, c.is, c.what);
      if (c.centre !== undefined) t.equal(found.centre, c.centre, `${c.what}: centre`);
    }
  });
}

const address = (start?: string, end?: string): Address[] => [
  {
    use: 'home',
    extension: [streetExtension('310105001')],
    period: { ...(start !== undefined && { start }), ...(end !== undefined && { end }) },
  },
];

table(11, 'who is a resident', [
  { what: 'a resident with an archive number', is: 'numerator', centre: '310105001' },
  { what: 'without an archive number', is: 'denominator', patient: { identifier: [] } },
  { what: 'deceased', is: 'no', patient: { deceasedBoolean: true } },
  { what: 'not deceased', is: 'numerator', patient: { deceasedBoolean: false } },
  { what: 'died in the last second', is: 'no', patient: { deceasedDateTime: '2025-12-31T23:59:59+08:00' } },
  { what: 'died on the last day', is: 'no', patient: { deceasedDateTime: '2025-12-31' } },
  { what: 'died at the period end', is: 'numerator', patient: { deceasedDateTime: '2026-01-01T00:00:00+08:00' } },
  {
    what: 'died at the period end, told in UTC',
    is: 'numerator',
    patient: { deceasedDateTime: '2025-12-31T16:00:00Z' },
  },
  { what: 'died the day after', is: 'numerator', patient: { deceasedDateTime: '2026-01-01' } },
  {
    what: 'replaced by another',
    is: 'no',
    patient: { link: [{ type: 'replaced-by', other: { reference: 'Patient/q' } }] },
  },
  {
    what: 'replaces another',
    is: 'numerator',
    patient: { link: [{ type: 'replaces', other: { reference: 'Patient/q' } }] },
  },
  { what: 'not permanent', is: 'no', patient: { extension: [residency('non-resident')] } },
  { what: 'unregistered', is: 'numerator', patient: { extension: [residency('unregistered')] } },
  { what: 'residency unknown', is: 'numerator', patient: { extension: [] } },
  { what: 'no address', is: 'no', patient: { address: [] } },
  { what: 'an address without a street', is: 'no', patient: { address: [{ use: 'home', text: '某路1号' }] } },
  {
    what: 'a work address',
    is: 'no',
    patient: { address: [{ use: 'work', extension: [streetExtension('310105001')] }] },
  },
  { what: 'moved in on the last day', is: 'numerator', patient: { address: address('2025-12-31') } },
  { what: 'moved in the day after', is: 'no', patient: { address: address('2026-01-01') } },
  { what: 'moved out on the last day', is: 'numerator', patient: { address: address('2020-01-01', '2025-12-31') } },
  { what: 'moved out the day before', is: 'no', patient: { address: address('2020-01-01', '2025-12-30') } },
  { what: 'moved out some time in December', is: 'numerator', patient: { address: address('2020', '2025-12') } },
  {
    what: 'moved within the district: the address of the last day decides',
    is: 'numerator',
    patient: {
      address: [
        { use: 'home', extension: [streetExtension('310105002')], period: { end: '2025-06-30' } },
        { use: 'home', extension: [streetExtension('310105004')], period: { start: '2025-07-01' } },
      ],
    },
    centre: '310105004',
  },
]);

const signed = (change: Parameters<typeof episode>[1] = {}): Resource[] => [episode('family-doctor', change)];

table(1, 'family doctor signing', [
  { what: 'active', is: 'numerator', records: signed() },
  { what: 'not signed', is: 'denominator' },
  { what: 'on hold', is: 'numerator', records: signed({ status: 'onhold' }) },
  {
    what: 'finished after the last day',
    is: 'numerator',
    records: signed({ status: 'finished', period: { start: '2024-01-01', end: '2026-01-01' } }),
  },
  {
    what: 'ended on the last day',
    is: 'numerator',
    records: signed({ status: 'finished', period: { start: '2024-01-01', end: '2025-12-31' } }),
  },
  {
    what: 'ended the day before',
    is: 'denominator',
    records: signed({ status: 'finished', period: { start: '2024-01-01', end: '2025-12-30' } }),
  },
  {
    what: 'begun on the last day',
    is: 'numerator',
    records: signed({ period: { start: '2025-12-31T18:00:00+08:00' } }),
  },
  {
    what: 'begun at the period end',
    is: 'denominator',
    records: signed({ period: { start: '2026-01-01T00:00:00+08:00' } }),
  },
  { what: 'planned', is: 'denominator', records: signed({ status: 'planned' }) },
  { what: 'cancelled', is: 'denominator', records: signed({ status: 'cancelled' }) },
  { what: 'entered in error', is: 'denominator', records: signed({ status: 'entered-in-error' }) },
  { what: 'another kind of episode', is: 'denominator', records: [episode('hypertension')] },
  { what: 'signed, but no resident', is: 'no', patient: { address: [] }, records: signed() },
]);

table(10, 'health management of the elderly', [
  { what: 'all done', is: 'numerator', records: exam(), centre: '310105001' },
  { what: '65 on the last day', is: 'numerator', patient: { birthDate: '1960-12-31' }, records: exam() },
  { what: '65 the day after', is: 'no', patient: { birthDate: '1961-01-01' }, records: exam() },
  { what: 'no exam', is: 'denominator' },
  { what: 'no archive number', is: 'denominator', patient: { identifier: [] }, records: exam() },
  { what: 'begun with the period', is: 'numerator', records: exam({ at: '2025-01-01T00:00:00+08:00' }) },
  { what: 'begun before the period', is: 'denominator', records: exam({ at: '2024-12-31T23:59:59+08:00' }) },
  { what: 'begun in the last second', is: 'numerator', records: exam({ at: '2025-12-31T23:59:59+08:00' }) },
  { what: 'begun at the period end', is: 'denominator', records: exam({ at: '2026-01-01T00:00:00+08:00' }) },
  { what: 'still in progress', is: 'denominator', records: exam({ status: 'in-progress' }) },
  { what: 'the form is not completed', is: 'denominator', records: exam({ formStatus: 'in-progress' }) },
  { what: 'one item is missing', is: 'denominator', records: exam({ without: 'ultrasound' }) },
  { what: 'no guidance', is: 'denominator', records: exam({ guidance: 'none' }) },
  { what: 'guidance not completed', is: 'denominator', records: exam({ guidance: 'in-progress' }) },
  { what: 'guidance of another encounter', is: 'denominator', records: exam({ guidance: 'elsewhere' }) },
  { what: 'by a station', is: 'numerator', records: exam({ provider: 'Organization/station-01-1' }) },
  { what: 'by a hospital', is: 'denominator', records: exam({ provider: 'Organization/hospital-1' }) },
  {
    what: 'by a hospital, with consent',
    is: 'numerator',
    records: [...exam({ provider: 'Organization/hospital-1' }), consent('2025-12-31')],
  },
  {
    what: 'by a hospital, consent at the period end',
    is: 'denominator',
    records: [...exam({ provider: 'Organization/hospital-1' }), consent('2026-01-01T00:00:00+08:00')],
  },
  {
    what: 'by a hospital, consent withdrawn',
    is: 'denominator',
    records: [...exam({ provider: 'Organization/hospital-1' }), consent('2025-01-01', 'inactive')],
  },
  {
    what: 'by a hospital, consent of another scope',
    is: 'denominator',
    records: [...exam({ provider: 'Organization/hospital-1' }), consent('2025-01-01', 'active', 'research')],
  },
]);

/** Four good follow-ups, 90 days apart. */
const four = noon('2025-01-10', '2025-04-10', '2025-07-10', '2025-10-10');
const hypertension = (changes: readonly Partial<FollowUp>[] = [], days = four): Resource[] => [
  episode('hypertension'),
  ...exam(),
  ...days.flatMap((at, i) => followUp('hypertension', { at, ...changes[i] })),
];
const begun = (start: string, days: readonly string[], change: Parameters<typeof episode>[1] = {}): Resource[] => [
  episode('hypertension', { period: { start }, ...change }),
  ...exam(),
  ...days.flatMap((at) => followUp('hypertension', { at })),
];
const chc2 = { reference: 'Organization/chc-02' };

table(14, 'who is managed', [
  { what: 'a managed resident', is: 'numerator', records: hypertension(), centre: 'Organization/chc-01' },
  { what: 'no episode', is: 'no', records: exam() },
  { what: 'deceased', is: 'no', patient: { deceasedDateTime: '2025-12-31' }, records: hypertension() },
  {
    what: 'neither residency nor address is asked',
    is: 'numerator',
    patient: { address: [], extension: [residency('non-resident')] },
    records: hypertension(),
  },
  { what: '35 on the last day', is: 'numerator', patient: { birthDate: '1990-12-31' }, records: hypertension() },
  { what: '35 the day after', is: 'no', patient: { birthDate: '1991-01-01' }, records: hypertension() },
  { what: 'begun on the last day', is: 'denominator', records: begun('2025-12-31', []) },
  { what: 'begun at the period end', is: 'no', records: begun('2026-01-01', []) },
  {
    what: 'ended before the last day',
    is: 'no',
    records: begun('2020-01-01', four, { status: 'finished', period: { start: '2020-01-01', end: '2025-12-30' } }),
  },
  { what: 'cancelled', is: 'no', records: begun('2020-01-01', four, { status: 'cancelled' }) },
  {
    what: 'of two episodes the one begun last counts, whatever the order of arrival',
    is: 'denominator',
    records: [
      episode('hypertension', { id: 'later', period: { start: '2025-03-01' }, managingOrganization: chc2 }),
      ...hypertension(),
    ],
    centre: 'Organization/chc-02',
  },
  {
    what: 'of two episodes the one begun last counts, in UTC and Shanghai time',
    is: 'denominator',
    records: [
      episode('hypertension', {
        id: 'a',
        period: { start: '2025-03-01T05:00:00+08:00' },
        managingOrganization: { reference: 'Organization/chc-03' },
      }),
      episode('hypertension', { id: 'b', period: { start: '2025-02-28T22:00:00Z' }, managingOrganization: chc2 }),
    ],
    centre: 'Organization/chc-02',
  },
]);

table(14, 'which follow-ups count', [
  { what: 'at home', is: 'numerator', records: hypertension([{ mode: 'HH' }]) },
  { what: 'by telephone', is: 'denominator', records: hypertension([{ mode: 'VR' }]) },
  {
    what: 'by telephone, where it counts',
    is: 'numerator',
    parameters: { 'Count telephone follow-ups': true },
    records: hypertension([{ mode: 'VR' }]),
  },
  { what: 'cancelled', is: 'denominator', records: hypertension([{ status: 'cancelled' }]) },
  { what: 'entered in error', is: 'denominator', records: hypertension([{ status: 'entered-in-error' }]) },
  { what: 'of another episode', is: 'denominator', records: hypertension([{ of: 'diabetes2' }]) },
  { what: 'without systolic', is: 'denominator', records: hypertension([{ systolic: undefined }]) },
  { what: 'without diastolic', is: 'denominator', records: hypertension([{ diastolic: undefined }]) },
  {
    what: 'preliminary blood pressure',
    is: 'denominator',
    records: hypertension([{ observationStatus: 'preliminary' }]),
  },
  { what: 'form in progress', is: 'denominator', records: hypertension([{ formStatus: 'in-progress' }]) },
  { what: 'drugs not answered', is: 'denominator', records: hypertension([{ without: 'drugs' }]) },
  { what: 'salt not answered', is: 'denominator', records: hypertension([{ without: 'salt' }]) },
  { what: 'three', is: 'denominator', records: hypertension([], four.slice(1)) },
  { what: 'begun with the period', is: 'numerator', records: hypertension([{ at: '2025-01-01T00:00:00+08:00' }]) },
  { what: 'begun before the period', is: 'denominator', records: hypertension([{ at: '2024-12-31T23:59:59+08:00' }]) },
  {
    what: 'the last one in the last second',
    is: 'numerator',
    records: hypertension([{}, {}, {}, { at: '2025-12-31T23:59:59+08:00' }]),
  },
  {
    what: 'the last one at the period end',
    is: 'denominator',
    records: hypertension([{}, {}, {}, { at: '2026-01-01T00:00:00+08:00' }]),
  },
  { what: '30 × 24 h apart', is: 'numerator', records: hypertension([{}, { at: '2025-02-09T12:00:00+08:00' }]) },
  { what: 'a second less', is: 'denominator', records: hypertension([{}, { at: '2025-02-09T11:59:59+08:00' }]) },
  {
    what: 'the interval goes from the last one counted, not from the last one',
    is: 'numerator',
    records: hypertension([], noon('2025-01-10', '2025-01-30', '2025-02-10', '2025-03-20', '2025-05-01')),
  },
  { what: 'no exam', is: 'denominator', records: hypertension().filter((r) => r.id !== 'exam') },
  { what: 'an exam without its form', is: 'numerator', records: hypertension().filter((r) => r.id !== 'exam-q') },
]);

table(14, 'how many are required', [
  { what: 'begun just before the period: 4', is: 'denominator', records: begun('2024-12-31', four.slice(1)) },
  { what: 'begun on the first day, 12 months: 4', is: 'denominator', records: begun('2025-01-01', four.slice(1)) },
  { what: 'begun in March, 10 months: 4', is: 'denominator', records: begun('2025-03-31', four.slice(1)) },
  { what: 'begun in April, 9 months: 3', is: 'numerator', records: begun('2025-04-01', four.slice(1)) },
  {
    what: 'begun in April of Shanghai, March of UTC: 3',
    is: 'numerator',
    records: begun('2025-03-31T17:00:00Z', four.slice(1)),
  },
  { what: 'begun in June, 7 months: 3', is: 'denominator', records: begun('2025-06-30', four.slice(2)) },
  { what: 'begun in July, 6 months: 2', is: 'numerator', records: begun('2025-07-01', four.slice(2)) },
  { what: 'begun in October, 3 months: 1', is: 'numerator', records: begun('2025-10-10', four.slice(3)) },
  { what: 'begun in December, nothing yet', is: 'denominator', records: begun('2025-12-01', []) },
  {
    what: 'a follow-up before the episode does not count',
    is: 'denominator',
    records: begun('2025-10-10T12:00:01+08:00', four.slice(3)),
  },
  { what: 'a quarter: 1', is: 'numerator', period: ['2025-04-01', '2025-06-30'], records: begun('2020-01-01', four) },
  { what: 'half a year: 2', is: 'numerator', period: ['2025-01-01', '2025-06-30'], records: begun('2020-01-01', four) },
  {
    what: 'half a year, one done',
    is: 'denominator',
    period: ['2025-01-01', '2025-06-30'],
    records: begun('2020-01-01', four.slice(1)),
  },
  {
    what: 'nine months: 3',
    is: 'denominator',
    period: ['2025-01-01', '2025-09-30'],
    records: begun('2020-01-01', four.slice(1)),
  },
]);

/** The third one uncontrolled, and a further follow-up some time later. */
const uncontrolled = (change: Partial<FollowUp>, again?: Partial<FollowUp>): Resource[] => [
  ...hypertension([{}, {}, change]),
  ...(again === undefined ? [] : followUp('hypertension', { at: '2025-07-20T12:00:00+08:00', ...again })),
];
const young = { birthDate: '1970-01-01' };

table(14, 'the two-week rule', [
  { what: '139/89', is: 'numerator', patient: young, records: uncontrolled({ systolic: 139, diastolic: 89 }) },
  { what: 'systolic 140', is: 'denominator', patient: young, records: uncontrolled({ systolic: 140 }) },
  { what: 'diastolic 90', is: 'denominator', patient: young, records: uncontrolled({ diastolic: 90 }) },
  {
    what: 'systolic 140 at 65',
    is: 'numerator',
    patient: { birthDate: '1960-12-31' },
    records: uncontrolled({ systolic: 149.9 }),
  },
  {
    what: 'systolic 140 at 64',
    is: 'denominator',
    patient: { birthDate: '1961-01-01' },
    records: uncontrolled({ systolic: 140 }),
  },
  { what: 'systolic 150 at 65', is: 'denominator', records: uncontrolled({ systolic: 150 }) },
  { what: 'diastolic 90 at 65', is: 'denominator', records: uncontrolled({ diastolic: 90 }) },
  { what: 'followed up', is: 'numerator', records: uncontrolled({ systolic: 160 }, {}) },
  {
    what: 'followed up after 336 h',
    is: 'numerator',
    records: uncontrolled({ systolic: 160 }, { at: '2025-07-24T12:00:00+08:00' }),
  },
  {
    what: 'followed up a second later',
    is: 'denominator',
    records: uncontrolled({ systolic: 160 }, { at: '2025-07-24T12:00:01+08:00' }),
  },
  {
    what: 'followed up by telephone, no form',
    is: 'numerator',
    records: uncontrolled({ systolic: 160 }, { mode: 'VR', formStatus: 'in-progress' }),
  },
  {
    what: 'the next one was cancelled',
    is: 'denominator',
    records: uncontrolled({ systolic: 160 }, { status: 'cancelled' }),
  },
  {
    what: 'the next one is of another episode',
    is: 'denominator',
    records: uncontrolled({ systolic: 160 }, { of: 'diabetes2' }),
  },
  {
    what: 'the next one is uncontrolled too',
    is: 'denominator',
    records: uncontrolled({ systolic: 160 }, { systolic: 170 }),
  },
  {
    what: 'an uncontrolled telephone call asks for nothing',
    is: 'numerator',
    records: uncontrolled({}, { mode: 'VR', systolic: 190 }),
  },
  {
    what: 'the limit ends with the period',
    is: 'numerator',
    records: hypertension([{}, {}, {}, { at: '2025-12-18T00:00:00+08:00', systolic: 160 }]),
  },
  {
    what: 'the limit ends a second before the period',
    is: 'denominator',
    records: hypertension([{}, {}, {}, { at: '2025-12-17T23:59:59+08:00', systolic: 160 }]),
  },
]);

const diabetes = (changes: readonly Partial<FollowUp>[] = []): Resource[] => [
  episode('diabetes2'),
  ...exam(),
  ...four.flatMap((at, i) => followUp('diabetes2', { at, ...changes[i] })),
];

table(15, 'type 2 diabetes', [
  { what: 'all done', is: 'numerator', records: diabetes(), centre: 'Organization/chc-01' },
  { what: 'a hypertension episode', is: 'no', records: hypertension() },
  { what: 'capillary glucose', is: 'numerator', records: diabetes([{ glucoseCode: '14770-2' }]) },
  { what: 'another glucose', is: 'denominator', records: diabetes([{ glucoseCode: '2345-7' }]) },
  { what: 'entered in error', is: 'denominator', records: diabetes([{ observationStatus: 'entered-in-error' }]) },
  { what: '6.9 mmol/L', is: 'numerator', records: diabetes([{ glucose: 6.9 }]) },
  { what: '7.0 mmol/L, and nothing followed', is: 'denominator', records: diabetes([{ glucose: 7.0 }]) },
  {
    what: '7.0 mmol/L, followed up',
    is: 'numerator',
    records: [...diabetes([{ glucose: 7.0 }]), ...followUp('diabetes2', { at: '2025-01-15T12:00:00+08:00' })],
  },
  { what: 'no exam', is: 'denominator', records: diabetes().filter((r) => r.id !== 'exam') },
]);

t.test('one follow-up serves both conditions', async (t) => {
  const both = [...hypertension(), ...diabetes()].map(
    (r): Resource =>
      r.resourceType === 'Encounter' && r.id?.startsWith('hypertension')
        ? {
            ...r,
            episodeOfCare: [{ reference: 'EpisodeOfCare/hypertension' }, { reference: 'EpisodeOfCare/diabetes2' }],
          }
        : r,
  );
  t.equal((await verdict(14, { what: '', is: 'no', records: both })).is, 'numerator');
  t.equal((await verdict(15, { what: '', is: 'no', records: both })).is, 'numerator');
});
