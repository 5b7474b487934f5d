import { type Transaction, types } from './bundles.ts';
import { type Import, push } from './importing.ts';
import { connections, type Load, load, type Shot } from './load.ts';

/** Creates of small resources, one a request: a Patient and an Observation of one, in turn. */
export async function measureCreates(origin: string, seconds: number): Promise<Load> {
  const shots = await createShots(origin);
  const before = await count(origin);
  const made = await load(origin, shots, seconds);
  if (made.failed > 0) throw new Error(`${made.failed} creates failed, first with: ${made.refusal ?? 'no answer'}`);
  // What is under way when the warm-up and the measurement end is stored, but its answer is not counted.
  expectStored((await count(origin)) - before, made.accepted, made.accepted + 2 * connections);
  return made;
}

/** Their requests. */
export async function createShots(origin: string): Promise<readonly Shot[]> {
  const subject = await create(origin, { resourceType: 'Patient', gender: 'female' });
  return [post(patient), post(observation(subject))];
}

const patient = {
  resourceType: 'Patient',
  identifier: [{ system: 'https://fhir.changning.example/NamingSystem/bench-mrn', value: '[<id>]' }],
  active: true,
  name: [{ use: 'official', text: '王秀英' }],
  gender: 'female',
  birthDate: '1956-03-14',
};

const observation = (subject: string): object => ({
  resourceType: 'Observation',
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }], text: '心率' },
  subject: { reference: subject },
  effectiveDateTime: '2025-05-20T09:30:00+08:00',
  valueQuantity: { value: 72, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});

const headers = { 'content-type': 'application/fhir+json' };

const post = (resource: object): Shot => {
  const { resourceType } = resource as { readonly resourceType: string };
  return { method: 'POST', path: `/fhir/${resourceType}`, headers, body: JSON.stringify(resource) };
};

/** The new resource as a reference names it. */
async function create(origin: string, resource: object): Promise<string> {
  const { method, path, body = '' } = post(resource);
  const response = await fetch(`${origin}${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 1000)}`);
  const { resourceType, id } = JSON.parse(text) as { readonly resourceType: string; readonly id: string };
  return `${resourceType}/${id}`;
}

/** Transactions side by side; the first tenth warms the server's compiler up and is not counted. */
export async function measureTransactions(
  origin: string,
  sent: readonly Transaction[],
  inFlight: number,
): Promise<Import> {
  const submissions = sent.map((made, index) => ({ source: `bundle ${index}`, method: 'POST', path: '', ...made }));
  const warming = Math.ceil(submissions.length / 10);
  const before = await count(origin);
  await push(origin, [submissions.slice(0, warming)], inFlight);
  const made = await push(origin, [submissions.slice(warming)], inFlight);
  const resources = sent.reduce((sum, transaction) => sum + transaction.resources, 0);
  expectStored((await count(origin)) - before, resources);
  return made;
}

/** How many resources of the types that are written here the server holds. */
export async function count(origin: string): Promise<number> {
  const totals = types.map(async (type) => {
    const response = await fetch(`${origin}/fhir/${type}?_total=accurate&_count=0`);
    const text = await response.text();
    if (!response.ok) throw new Error(`the count of ${type} answered ${response.status}: ${text.slice(0, 1000)}`);
    return (JSON.parse(text) as { readonly total: number }).total;
  });
  return (await Promise.all(totals)).reduce((sum, total) => sum + total, 0);
}

/** Throws unless a search found what was acknowledged. */
export function expectStored(found: number, least: number, most = least): void {
  if (found >= least && found <= most) return;
  throw new Error(`the server acknowledged ${least} resources, but holds ${found} more than before`);
}
