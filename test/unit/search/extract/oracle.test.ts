import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import t, { type Test } from 'tap';
import { compileTyped } from '#fhir/fhirpath/fhirpath.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { children, isSubtype, typeName } from '#fhir/model/model.ts';
import { repeats } from '#fhir/patch/element.ts';
import { indexer } from '#search/extract/extract.ts';
import { branches, type PathStep, readPath } from '#search/extract/path.ts';
import { compileWalk, resourceElement, type TypedElement, type Visit } from '#search/extract/walk.ts';
import { generate } from '#seed/generate.ts';

const definitions = loadDefinitions();

/** Resources with a value at every kind of expression that R4's search parameters have. */
const resources: readonly { readonly resourceType: string; readonly [key: string]: unknown }[] = [
  {
    resourceType: 'Patient',
    id: 'p',
    meta: { tag: [{ code: 't' }], security: [{ code: 'R' }], profile: ['http://p|1'], source: 'http://s' },
    identifier: [{ system: 's', value: '1' }],
    active: true,
    name: [{ family: '张', given: ['三', '丰'] }, { text: 'x' }],
    telecom: [{ system: 'phone', value: '1' }, { system: 'email', value: 'a@b' }, { value: '2' }],
    address: [{ city: '上海', use: 'home' }],
    deceasedDateTime: '2025-01-01T00:00:00+08:00',
    link: [{ other: { reference: 'Patient/q' }, type: 'seealso' }],
  },
  { resourceType: 'Patient', deceasedBoolean: false, birthDate: '2025-01' },
  {
    resourceType: 'Observation',
    code: { coding: [{ code: 'a' }], text: 'A' },
    subject: { reference: 'Patient/p' },
    effectivePeriod: { start: '2025' },
    valueCodeableConcept: { text: 'B' },
    component: [
      { code: { coding: [{ code: 'b' }] }, valueQuantity: { value: 1.5, unit: 'x' } },
      { code: { coding: [{ code: 'c' }] }, valueCodeableConcept: { coding: [{ code: 'd' }] } },
      { code: { coding: [{ code: 'e' }] }, valueSampledData: { origin: { value: 0 }, period: 1, dimensions: 1 } },
    ],
  },
  { resourceType: 'Observation', valueQuantity: { value: 2 }, effectiveInstant: '2025-01-01T00:00:00Z' },
  { resourceType: 'Observation', valueString: 'x', effectiveTiming: { event: ['2025-01-01'] } },
  { resourceType: 'Observation', valueDateTime: '2025', status: 'final' },
  { resourceType: 'Condition', onsetAge: { value: 3 }, abatementRange: { low: { value: 4 } } },
  {
    resourceType: 'Condition',
    onsetString: 'early',
    abatementPeriod: { start: '2025' },
    stage: [{ summary: { text: 's' } }],
  },
  { resourceType: 'MedicationRequest', medicationReference: { reference: 'Medication/m' } },
  { resourceType: 'MedicationRequest', medicationCodeableConcept: { coding: [{ code: 'm' }] } },
  {
    resourceType: 'Composition',
    relatesTo: [{ targetIdentifier: { value: '1' } }, { targetReference: { reference: 'Composition/c' } }],
  },
  { resourceType: 'ConceptMap', sourceCanonical: 'http://a', targetUri: 'http://b', group: [{ source: 'http://c' }] },
  { resourceType: 'Goal', startDate: '2025-01-01', target: [{ dueDate: '2025-02-01' }, { dueDuration: { value: 1 } }] },
  { resourceType: 'RiskAssessment', occurrenceDateTime: '2025-01-01', prediction: [{ probabilityDecimal: 0.5 }] },
  {
    resourceType: 'Group',
    characteristic: [{ code: { text: 'c' }, valueBoolean: true }, { valueCodeableConcept: { text: 'v' } }],
  },
  { resourceType: 'InsurancePlan', name: 'n', alias: ['a', 'b'] },
  { resourceType: 'Encounter', participant: [{ individual: { reference: 'Practitioner/x' } }], length: { value: 3 } },
  {
    resourceType: 'Questionnaire',
    item: [{ code: [{ code: 'a' }], item: [{ code: [{ code: 'b' }] }] }],
    useContext: [{ code: { code: 'u' }, valueRange: { low: { value: 1 } } }],
  },
  { resourceType: 'QuestionnaireResponse', questionnaire: 'http://q', subject: { reference: 'Patient/p' } },
  {
    resourceType: 'Library',
    relatedArtifact: [
      { type: 'depends-on', resource: 'http://l' },
      { type: 'successor', resource: 'http://m' },
    ],
    contentPurpose: 'x',
  },
  {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/p' }, { reference: 'Observation/o' }],
    occurredDateTime: '2025',
    agent: [{ who: { reference: 'Device/d' } }],
  },
  {
    resourceType: 'Person',
    link: [{ target: { reference: 'Patient/p' } }, { target: { reference: 'RelatedPerson/r' } }],
  },
  {
    resourceType: 'CapabilityStatement',
    rest: [{ mode: 'server', resource: [{ type: 'Patient', supportedProfile: ['http://p'] }] }],
    software: { name: 's' },
  },
  {
    resourceType: 'ValueSet',
    compose: { include: [{ system: 'http://s' }] },
    expansion: { contains: [{ code: 'c' }] },
  },
  {
    resourceType: 'Claim',
    item: [{ detail: [{ udi: [{ reference: 'Device/1' }], subDetail: [{ udi: [{ reference: 'Device/2' }] }] }] }],
  },
];

/** Synthea's resources are not part of this repository. */
const synthea = new URL('../../../../../shared/data/synthea/', import.meta.url);
const absent = !existsSync(synthea) && process.env.CI !== 'true' && '../shared/data/synthea is missing';

function readSynthea(): Resource[] {
  const bundles = readdirSync(synthea).filter((f) => f.endsWith('.json.gz'));
  return bundles.flatMap((file) => {
    const bundle: Bundle = JSON.parse(gunzipSync(readFileSync(new URL(file, synthea))).toString('utf8'));
    return (bundle.entry ?? []).flatMap((e) => (e.resource === undefined ? [] : [e.resource]));
  });
}

/** Of Synthea's resources, of each type. */
const perType = 20;
const residents = 200;

function* district(): Generator<Resource> {
  for (const { body } of generate({ residents, seed: 1, year: 2025 }).submissions) {
    if (body.resourceType !== 'Bundle') yield body;
    else for (const { resource } of body.entry ?? []) if (resource !== undefined) yield resource;
  }
}

function inFolder(path: string): Resource[] {
  const folder = new URL(path, import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
    .filter((json) => typeof json.resourceType === 'string');
}

/** Values with their types, each once, as FHIRPath's union has them; R4 has ids and some strings of FHIRPath's own type. */
function distinct(values: readonly { readonly value: unknown; readonly type: string }[]): string[] {
  return [...new Set(values.map(({ value, type }) => `${type.replace('System.S', 's')} ${sortedJson(value)}`))].sort();
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v,
  );
}

/** An expression as compileWalk gives it, and as the FHIRPath engine does. */
interface Expressed {
  readonly name: string;
  readonly ours: (resource: unknown) => readonly string[];
  readonly engines: (resource: unknown) => readonly string[];
}

/** Every R4 parameter of a type, and the components of its composites. */
const expressedOf = remember((type: string): readonly Expressed[] =>
  [...definitions.searchParameters(type).values()].flatMap((parameter) => {
    const walk = compileWalk(parameter.expression, resourceElement(type), type);
    const whole: Expressed = {
      name: parameter.code,
      ours: (resource) => collect((visit) => walk(resource, resource, visit)),
      engines: engine(parameter.expression),
    };
    const components = parameter.components.map(({ expression }, i): Expressed => {
      const from = rememberPlace((place) => compileWalk(expression, place, type));
      return {
        name: `${parameter.code}.${i}`,
        ours: (r) => collect((visit) => walk(r, r, (node, place) => from(place)(node, r, visit))),
        engines: engine(`(${parameter.expression}).select(${expression})`),
      };
    });
    return [whole, ...components];
  }),
);

function collect(walk: (visit: Visit) => void): readonly string[] {
  const found: { value: unknown; type: string }[] = [];
  walk((value, { type }) => found.push({ value, type }));
  return distinct(found);
}

const engine = remember((expression: string) => {
  const run = compileTyped(expression.replaceAll(/resolve\(\) is (\w+)/g, (_, type: string) => leadsTo(type)));
  return (resource: unknown) => distinct(run(resource));
});

/** `resolve()` needs other resources; what a reference says of its target is this, in FHIRPath. */
function leadsTo(type: string): string {
  const said = "reference.matches('(^|/)[A-Z][A-Za-z]+(/[A-Za-z0-9.-]{1,64}|[?].*)$')";
  return `iif(${said}, reference.matches('(^|/)${type}([?/].*)$'), iif(type.exists(), type = '${type}', true))`;
}

function rememberPlace<V>(make: (place: TypedElement) => V): (place: TypedElement) => V {
  const made = new WeakMap<TypedElement, V>();
  return (place) => {
    const known = made.get(place) ?? make(place);
    made.set(place, known);
    return known;
  };
}

function remember<V>(make: (key: string) => V): (key: string) => V {
  const made = new Map<string, V>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

/** Where the two differ, and how many expressions had values. */
function compare(resource: { readonly resourceType: string }): { compared: number; differences: string[] } {
  const type = resource.resourceType;
  const differences: string[] = [];
  let compared = 0;
  for (const { name, ours, engines } of expressedOf(type)) {
    const [mine, theirs] = [ours(resource), engines(resource)];
    if (mine.join() !== theirs.join()) differences.push(`${type}?${name}: ${mine} / ${theirs}`);
    if (mine.length > 0) compared++;
  }
  return { compared, differences };
}

function compareAll(t: Test, all: Iterable<{ readonly resourceType: string }>): { resources: number; values: number } {
  const count = { resources: 0, values: 0 };
  for (const resource of all) {
    const { compared, differences } = compare(resource);
    // One assertion each would take longer than the comparison.
    if (differences.length > 0) t.strictSame(differences, [], JSON.stringify(resource).slice(0, 200));
    count.resources++;
    count.values += compared;
  }
  return count;
}

/** For each path of a parameter the smallest resource that has a value there. */
function smallest(type: string, expression: string): { readonly resourceType: string }[] {
  return branches(expression).flatMap((branch) => {
    const path = readPath(branch);
    if (path === undefined || !isSubtype(type, path.root)) return [];
    const resource = { resourceType: type };
    put(resource, type, path.steps);
    return [resource];
  });
}

function put(node: Record<string, unknown>, path: string, [step, ...rest]: readonly PathStep[]): void {
  if (step === undefined) node.id ??= 'x';
  else if (step.op === 'equals') node[step.name] = step.value;
  else if (step.op === 'resolvesTo') node.reference = `${step.type}/1`;
  if (step?.op !== 'child') {
    if (step !== undefined) put(node, path, rest);
    return;
  }
  const asked = rest.find((s) => s.op === 'ofType')?.type;
  const all = [...(children(path, step.name) ?? [])];
  const [key, element] = all.find(([, e]) => e.type === (asked && typeName(asked))) ?? all[0] ?? ['', undefined];
  if (element === undefined) return;
  const primitive = /^[a-z]|^System/.test(element.type);
  const value: Record<string, unknown> = {};
  if (!primitive) put(value, element.type === 'Resource' ? 'Patient' : element.path, rest);
  const one = primitive ? (samples[element.type] ?? 'x') : value;
  node[key] = repeats(path, step.name) ? [one] : one;
}

const samples: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  date: '2025-01-01',
  dateTime: '2025-01-01T08:00:00+08:00',
  instant: '2025-01-01T08:00:00+08:00',
  time: '08:00:00',
};

t.test('walks give what the FHIRPath engine gives, with the same types', async (t) => {
  const { values } = compareAll(t, resources);
  t.ok(values > 100, `${values} expressions had values`);
});

t.test('and so where each path of each R4 parameter leads', async (t) => {
  const without: string[] = [];
  let paths = 0;
  for (const type of definitions.resourceTypes) {
    for (const { code, expression } of definitions.searchParameters(type).values()) {
      const asked = expressedOf(type).find((e) => e.name === code);
      for (const resource of smallest(type, expression)) {
        const [mine, theirs] = [asked?.ours(resource) ?? [], asked?.engines(resource) ?? []];
        if (mine.join() !== theirs.join()) t.strictSame(mine, theirs, `${type}?${code} of ${JSON.stringify(resource)}`);
        if (mine.length === 0) without.push(`${type}?${code}`);
        paths++;
      }
    }
  }
  t.strictSame(without, []);
  t.ok(paths > 2000, `${paths} paths`);
});

t.test('and so on the demo district', async (t) => {
  const count = compareAll(t, district());
  t.ok(count.resources > 2000 && count.values > count.resources * 5, JSON.stringify(count));
});

t.test('and so on the profiles and terminology', async (t) => {
  const count = compareAll(t, [...inFolder('../../../../profiles/'), ...inFolder('../../../../terminology/')]);
  t.ok(count.resources > 30 && count.values > count.resources * 3, JSON.stringify(count));
});

t.test('and so on Synthea resources of each type', { skip: absent }, async (t) => {
  const some = new Map<string, Resource[]>();
  for (const r of readSynthea()) {
    const kept = some.get(r.resourceType) ?? [];
    if (kept.length < perType) some.set(r.resourceType, [...kept, r]);
  }
  t.ok(some.size >= 15);
  compareAll(t, [...some.values()].flat());
});

t.test('all of Synthea is indexed', { skip: absent }, async (t) => {
  const all = readSynthea();
  const index = indexer(definitions, { timeZone: 'Asia/Shanghai', baseUrl: 'https://h.example/fhir' });
  const start = performance.now();
  let entries = 0;
  for (const resource of all) entries += index(resource).entries.length;
  const seconds = (performance.now() - start) / 1000;
  t.ok(all.length > 10_000 && entries > all.length * 5);
  t.comment(`${all.length} resources, ${entries} entries, ${Math.round(all.length / seconds)} resources/s`);
});
