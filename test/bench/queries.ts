import { CENTRES } from '#seed/district.ts';
import { LOINC, questionnaireUrl, RESIDENT_ID, UCUM } from '#seed/systems.ts';
import { visitNumber } from './district.ts';
import { get, type Shot } from './load.ts';
import type { Resident } from './sample.ts';

/** A bundle's parts that the bench looks at. */
export interface Found {
  readonly total?: number;
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly resource: { readonly id: string; readonly meta: { readonly lastUpdated: string } };
  }[];
}

/** What the searches of a size are made of. */
export interface Material {
  readonly residents: readonly Resident[];
  /** Asks the server that is measured. */
  readonly ask: (path: string) => Promise<Found>;
}

/** One of the typical searches: the same question about several residents, centres, times. */
export interface Query {
  readonly name: string;
  /** Whether its answers are as large in a small district as in a large one: then they must be as fast. */
  readonly sameResult: boolean;
  /** Entries that an answer must have to be counted; absent where they differ from resident to resident. */
  readonly entries?: number;
  readonly shots: (material: Material) => readonly Shot[] | Promise<readonly Shot[]>;
}

const query = (text: string): Shot => get(`/fhir/${encodeURI(text).replaceAll('+', '%2B').replaceAll('|', '%7C')}`);

const byResident =
  (search: (resident: Resident) => string): Query['shots'] =>
  ({ residents }) =>
    residents.map((resident) => query(search(resident)));

const centres = CENTRES.map(({ id }) => id);
const quarters = [2022, 2023, 2024, 2025].flatMap((year) => [
  [`${year}-01-01`, `${year}-04-01`],
  [`${year}-04-01`, `${year}-07-01`],
  [`${year}-07-01`, `${year}-10-01`],
  [`${year}-10-01`, `${year + 1}-01-01`],
]);

/** In an order in which neighbours ask for different centres. */
const quarterly = quarters.flatMap(([from, to]) =>
  centres.map((id) => `Encounter?service-provider=Organization/${id}&date=ge${from}&date=lt${to}&_count=20`),
);

const byCentre =
  (search: (centre: string) => string): Query['shots'] =>
  () =>
    centres.map((id) => query(search(id)));

const pressure = '85354-9';

const units: readonly (readonly [test: string, low: number, high: number, unit: string])[] = [
  ['14682-9', 0.11, 0.12, 'mmol/L'],
  ['14771-0', 8000, 9000, 'umol/L'],
  ['14647-2', 5500, 6000, 'umol/L'],
  ['718-7', 14, 15, 'g/dL'],
];

async function second({ ask }: Material): Promise<readonly Shot[]> {
  const pages = await Promise.all(quarterly.slice(0, 40).map((search) => ask(query(search).path)));
  return pages.flatMap(({ link = [] }) => {
    const next = link.find(({ relation }) => relation === 'next')?.url;
    return next === undefined ? [] : [get(next.slice(new URL(next).origin.length))];
  });
}

/** From shortly before the last changes of a type on. */
async function synchronised({ ask }: Material): Promise<readonly Shot[]> {
  const shots = ['Observation', 'Encounter', 'Condition', 'QuestionnaireResponse'].map(async (type) => {
    const { entry } = await ask(`/fhir/${type}?_sort=-_lastUpdated&_count=1`);
    const last = Date.parse(entry?.[0]?.resource.meta.lastUpdated ?? '');
    if (Number.isNaN(last)) return [];
    return [0, 1, 2, 5, 10].map((before) => {
      const from = new Date(last - before).toISOString();
      return query(`${type}?_lastUpdated=ge${from}&_sort=_lastUpdated&_count=20`);
    });
  });
  return (await Promise.all(shots)).flat();
}

/** The searches of hospitals, centres, doctors and the municipal platform: what R4 offers, page by page of 20. */
export const queries: readonly Query[] = [
  {
    name: 'patient by ID number (POST)',
    sameResult: true,
    entries: 1,
    shots: ({ residents }) =>
      residents.map(({ residentId }) => ({
        method: 'POST',
        path: '/fhir/Patient/_search',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ identifier: `${RESIDENT_ID}|${residentId}` }).toString(),
      })),
  },
  { name: 'patient by name', sameResult: true, entries: 1, shots: byResident(({ name }) => `Patient?name=${name}`) },
  {
    name: 'patient by pinyin of the name',
    sameResult: true,
    entries: 1,
    shots: byResident(({ reading }) => `Patient?name=${reading}`),
  },
  {
    name: 'patient by day of birth and gender',
    sameResult: true,
    entries: 1,
    shots: byResident(({ birthDate, gender }) => `Patient?birthdate=${birthDate}&gender=${gender}`),
  },
  {
    name: 'blood pressures of a patient in a year',
    sameResult: true,
    shots: byResident(
      ({ id }) => `Observation?patient=${id}&code=${LOINC}|${pressure}&date=ge2025-01-01&date=lt2026-01-01&_sort=-date`,
    ),
  },
  {
    name: 'latest blood pressure of a patient',
    sameResult: true,
    entries: 1,
    shots: byResident(({ id }) => `Observation?patient=${id}&code=${LOINC}|${pressure}&_sort=-date&_count=1`),
  },
  {
    name: 'systolic pressures above a value',
    sameResult: true,
    entries: 20,
    shots: () =>
      Array.from({ length: 30 }, (_, i) =>
        query(`Observation?component-code-value-quantity=8480-6$ge${160 + i}&_count=20`),
      ),
  },
  {
    name: 'test results by value in another unit',
    sameResult: true,
    entries: 20,
    shots: () =>
      units.flatMap(([test, low, high, unit]) =>
        Array.from({ length: 8 }, (_, i) => {
          const value = (low + ((high - low) * i) / 8).toPrecision(4);
          return query(`Observation?code=${test}&value-quantity=ge${value}|${UCUM}|${unit}&_count=20`);
        }),
      ),
  },
  {
    name: 'encounters of a centre in a quarter',
    sameResult: true,
    entries: 20,
    shots: () => quarterly.map(query),
  },
  { name: 'second page of these', sameResult: true, entries: 20, shots: second },
  {
    name: 'latest encounters of a centre',
    sameResult: true,
    entries: 20,
    shots: byCentre((id) => `Encounter?service-provider=Organization/${id}&_sort=-date&_count=20`),
  },
  {
    name: 'encounters by name of the institution (chain)',
    sameResult: true,
    entries: 20,
    shots: () => CENTRES.map(({ name }) => query(`Encounter?service-provider.name=${name}&_count=20`)),
  },
  {
    name: 'patients of a centre by diagnosis and management (_has twice)',
    sameResult: true,
    entries: 20,
    shots: byCentre(
      (id) =>
        `Patient?organization=Organization/${id}&_has:Condition:patient:code=I10&_has:EpisodeOfCare:patient:type=hypertension&_count=20`,
    ),
  },
  {
    name: 'patient with all observations (_revinclude)',
    sameResult: true,
    shots: byResident(({ id }) => `Patient?_id=${id}&_revinclude=Observation:patient`),
  },
  {
    name: 'live signings of a centre with their patients (_include)',
    sameResult: true,
    entries: 40,
    shots: byCentre(
      (id) =>
        `EpisodeOfCare?organization=Organization/${id}&type=family-doctor&status=active&_include=EpisodeOfCare:patient&_count=20`,
    ),
  },
  { name: 'page of a synchronisation (_lastUpdated)', sameResult: true, entries: 20, shots: synchronised },
  {
    name: 'latest of a whole type',
    sameResult: true,
    entries: 20,
    shots: () =>
      ['Observation?_sort=-date', 'Encounter?_sort=-date', 'Condition?_sort=-recorded-date'].map((search) =>
        query(`${search}&_count=20`),
      ),
  },
  {
    name: 'observations that are not final (:not)',
    sameResult: true,
    entries: 20,
    shots: () =>
      [pressure, '14771-0,14770-2,85354-9'].map((code) => query(`Observation?code=${code}&status:not=final&_count=20`)),
  },
  {
    name: 'encounter by number',
    sameResult: true,
    entries: 1,
    shots: byResident(({ visit }) => `Encounter?identifier=${visitNumber}|${visit}`),
  },
  {
    name: 'follow-up forms of a patient',
    sameResult: true,
    shots: byResident(
      ({ id }) =>
        `QuestionnaireResponse?patient=${id}&questionnaire=${questionnaireUrl('hypertension-follow-up')}&_sort=-authored`,
    ),
  },
  {
    name: 'conditions by full text (_content)',
    sameResult: true,
    entries: 20,
    shots: () =>
      ['支气管炎', '慢性胃炎', '腰痛', '皮炎', '高脂血症', '膝骨关节病', '呼吸道感染', '糖尿病'].map((words) =>
        query(`Condition?_content=${words}&_count=20`),
      ),
  },
  {
    name: 'conditions of a patient (compartment)',
    sameResult: true,
    shots: byResident(({ id }) => `Patient/${id}/Condition`),
  },
  {
    name: 'twenty patients by _id',
    sameResult: true,
    entries: 20,
    shots: ({ residents }) =>
      residents.map((_, i) => {
        const ids = Array.from({ length: 20 }, (_, at) => residents[(i + at * 11) % residents.length]?.id);
        return query(`Patient?_id=${[...new Set(ids)].join(',')}&_count=20`);
      }),
  },
  { name: 'count of one code', sameResult: false, shots: () => [query(`Observation?code=${pressure}&_summary=count`)] },
];

/** Counts of which one is over more than a million rows of one value in a large district. */
export const counts: readonly string[] = [
  `Observation?code=${pressure}`,
  'Observation?category=vital-signs',
  'Observation?status=final',
].map((search) => query(`${search}&_summary=count`).path);
