import { get, type Load, load, type Shot } from './load.ts';

export interface Reading extends Load {
  readonly name: string;
}

interface Found {
  readonly total?: number;
  readonly entry?: readonly { readonly resource: { readonly id: string } }[];
}

/** Reads by id, and searches of an application, on a server that holds the demo district. */
export async function measureReads(origin: string, seconds: number): Promise<readonly Reading[]> {
  const ids = await patients(origin);
  return rounds(origin, seconds, [['read by id', ids.map((id) => get(`/fhir/Patient/${id}`))]]);
}

export async function measureSearches(origin: string, seconds: number): Promise<readonly Reading[]> {
  const ids = await patients(origin);
  const each = (path: (id: string) => string): Shot[] => ids.map((id) => get(`/fhir/${path(id)}`));
  return rounds(origin, seconds, [
    ['one by _id', each((id) => `Patient?_id=${id}`)],
    ['blood pressures of one', each((id) => `Observation?patient=${id}&code=85354-9&_sort=-date&_count=10`)],
    ['follow-ups of a quarter', each(() => 'Encounter?type=follow-up&date=ge2025-07-01&date=lt2025-10-01&_count=20')],
    [
      'managed and their patients',
      each(() => 'EpisodeOfCare?type=hypertension&status=active&_include=EpisodeOfCare:patient&_count=20'),
    ],
    ['by name', each(() => `Patient?name=${encodeURIComponent('王')}&_count=20`)],
    ['count of a type', each(() => 'Observation?code=85354-9&_total=accurate&_count=0')],
  ]);
}

async function rounds(
  origin: string,
  seconds: number,
  searches: readonly (readonly [string, readonly Shot[]])[],
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  for (const [name, shots] of searches) readings.push({ name, ...(await load(origin, shots, seconds)) });
  return readings;
}

/** The ids of some. */
export async function patients(origin: string): Promise<readonly string[]> {
  const response = await fetch(`${origin}/fhir/Patient?_count=500`);
  const bundle = (await response.json()) as Found;
  const ids = (bundle.entry ?? []).map((entry) => entry.resource.id);
  if (ids.length === 0) throw new Error('the server holds no Patient: import the demo district first');
  return ids;
}

/** Seconds of one evaluation of all measures over 2025, by centre. */
export async function measureEvaluation(origin: string): Promise<number> {
  const measures = (await (await fetch(`${origin}/fhir/Measure?_count=100`)).json()) as Found;
  const query = (measures.entry ?? []).map((entry) => `measure=${entry.resource.id}`).join('&');
  const period = 'periodStart=2025-01-01&periodEnd=2025-12-31&reportType=population';
  const begun = performance.now();
  const response = await fetch(`${origin}/fhir/Measure/$evaluate-measure?${query}&${period}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`$evaluate-measure answered ${response.status}: ${text.slice(0, 500)}`);
  return (performance.now() - begun) / 1000;
}
