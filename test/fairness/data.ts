import { addressOf, clientsOf, inParallel } from './clients.ts';
import { startProbed } from './server.ts';

/** How much stands in the store. */
export interface Size {
  readonly patients: number;
  readonly observations: number;
  readonly concepts: number;
}

export const whole: Size = { patients: 8_000, observations: 1_000, concepts: 60_000 };

/** Bytes of the Lists that stand in the store, by id. */
export const lists = { middle: 7_400_000, large: 28_000_000, huge: 58_000_000 } as const;

export const codes = 'http://example.org/CodeSystem/wide';

const synthetic = { tag: [{ system: 'http://example.org/tags', code: 'synthetic' }] };
const text = (resource: object): string => JSON.stringify(resource);
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** A List of so many bytes, and of many small values. */
export function list(id: string, bytes: number): string {
  const display = 'x'.repeat(id === 'middle' ? 60 : 1_000);
  const entry = text({ item: { display } });
  const head = `{"resourceType":"List","id":"${id}","status":"current","mode":"working","title":"a","entry":[`;
  return `${head}${times(Math.ceil(bytes / (entry.length + 1)), () => entry).join(',')}]}`;
}

/** Names that share no word with what is looked for, long enough that looking takes a while. */
const patient = (i: number) => ({
  resourceType: 'Patient',
  id: `p${i}`,
  meta: synthetic,
  identifier: [{ system: 'urn:example:fair', value: `${i}` }],
  name: times(4, (n) => ({ family: `Family${(i * 7919 + n) % 100_003}`, given: [`Given${i}`, `Other${n}`] })),
  gender: i % 2 === 0 ? 'female' : 'male',
  birthDate: `19${50 + (i % 50)}-01-02`,
});

const observation = (i: number) => ({
  resourceType: 'Observation',
  id: `o${i}`,
  meta: synthetic,
  status: 'final',
  code: { coding: [{ system: codes, code: `c${i % 60}-1` }] },
  subject: { reference: `Patient/p${i}` },
  performer: [{ reference: `Patient/p${i + 1}` }],
  effectiveDateTime: '2025-03-04T05:06:07+08:00',
  component: times(12, (n) => ({
    code: { coding: [{ system: 'http://example.org/parts', code: `part${n}`, display: 'A part that is measured' }] },
    valueQuantity: { value: i + n, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  })),
});

/** One root, 60 concepts below it, the rest below these. */
export function codeSystem(concepts: number): string {
  const each = Math.ceil(concepts / 60);
  const concept = times(60, (i) => ({
    code: `c${i}`,
    concept: times(each, (n) => ({ code: `c${i}-${n}`, display: `Concept ${i} ${n}` })),
  }));
  return text({
    resourceType: 'CodeSystem',
    id: 'wide',
    url: codes,
    status: 'active',
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'root', concept }],
  });
}

/** A Measure with its Library; every criterion is the definition of this name. */
function measure(id: string, definition: string): readonly string[] {
  const cql = `library ${id} version '1'\nusing FHIR version '4.0.1'\ncontext Patient\n${definition}\n`;
  const library = {
    resourceType: 'Library',
    id,
    url: `http://example.org/Library/${id}`,
    version: '1',
    name: id,
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
  };
  const population = (code: string) => ({
    code: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-population', code }] },
    criteria: { language: 'text/cql-identifier', expression: 'Wanted' },
  });
  const scoring = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-scoring', code: 'proportion' }] };
  return [
    text(library),
    text({
      resourceType: 'Measure',
      id,
      url: `http://example.org/Measure/${id}`,
      version: '1',
      name: id,
      status: 'active',
      library: [`${library.url}|1`],
      scoring,
      group: [{ population: ['initial-population', 'denominator', 'numerator'].map(population) }],
    }),
  ];
}

const ten = 'define Ten: {1,2,3,4,5,6,7,8,9,10}';
const from = (n: number): string => times(n, (i) => `Ten a${i}`).join(', ');
/** Queries in each other's conditions, which take no memory. */
const nested = (n: number): string => `${times(n, (i) => `exists (Ten a${i} where `).join('')}a0 > 100${')'.repeat(n)}`;

/** One that everybody may ask; one that never ends; one that fills the memory. */
const measures = [
  ...measure('Plain', 'define Wanted: Count({1, 2}) > 1'),
  ...measure('Endless', `${ten}\ndefine Wanted: ${nested(14)}`),
  ...measure('Filling', `${ten}\ndefine Wanted: Count(from ${from(9)} return all Tuple { a: a0, b: a1, c: a2 }) > 1`),
];

/** One with so many names that whatever compares all of its elements with all of them takes seconds. */
const wide = {
  ...patient(0),
  id: 'wide',
  name: times(1_500, (i) => ({ use: 'usual', family: `Wide${i}`, given: [`Given${i}`], period: { start: '1990' } })),
};

/** Puts all of it into the store of a folder, where nothing is yet. */
export async function fill(folder: string, { patients, observations, concepts }: Size): Promise<void> {
  const server = await startProbed(folder, { HUFHIR_VALIDATION: 'off', HUFHIR_SEARCH_TIMEOUT: '3600000' });
  const { ask, close } = clientsOf(server.origin);
  const put = async (body: string): Promise<void> => {
    const { resourceType, id } =
      /^\{"resourceType":"(?<resourceType>\w+)","id":"(?<id>[^"]+)"/.exec(body)?.groups ?? {};
    const { status, start } = await ask('PUT', `/${resourceType}/${id}`, body, { address: addressOf(1) });
    if (status !== 201) throw new Error(`${resourceType}/${id}: ${status} ${start}`);
  };
  const bundle = async (resources: readonly { readonly resourceType: string; readonly id: string }[]) => {
    const entry = resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
    const { status, start } = await ask('POST', '', text({ resourceType: 'Bundle', type: 'transaction', entry }));
    if (status !== 200) throw new Error(`${status} ${start}`);
  };
  try {
    const all = [...times(patients, patient), ...times(observations, observation)];
    const slices = times(Math.ceil(all.length / 500), (i) => all.slice(i * 500, (i + 1) * 500));
    await inParallel(slices, 2, bundle);
    for (const [id, bytes] of Object.entries(lists)) await put(list(id, bytes));
    const agent = [{ who: { display: 'somebody' } }];
    const target = [{ reference: 'List/middle' }];
    await put(text({ resourceType: 'Provenance', id: 'p', target, recorded: '2025-01-02T03:04:05Z', agent }));
    await put(codeSystem(concepts));
    for (const body of [text(wide), ...measures]) await put(body);
  } finally {
    close();
    await server.stop();
  }
}
