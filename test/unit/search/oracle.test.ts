import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { loadDefinitions } from '#fhir/definitions.ts';
import { compileTyped } from '#fhir/fhirpath.ts';
import { indexer } from '#search/extract.ts';
import { compileWalk, resourceElement } from '#search/walk.ts';

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
const synthea = new URL('../../../../shared/data/synthea/', import.meta.url);
const absent = !existsSync(synthea) && process.env.CI !== 'true' && '../shared/data/synthea is missing';

function readSynthea(): Resource[] {
  const bundles = readdirSync(synthea).filter((f) => f.endsWith('.json.gz'));
  return bundles.flatMap((file) => {
    const bundle: Bundle = JSON.parse(gunzipSync(readFileSync(new URL(file, synthea))).toString('utf8'));
    return (bundle.entry ?? []).flatMap((e) => (e.resource === undefined ? [] : [e.resource]));
  });
}

/** Values with their types, each once, as FHIRPath's union has them. */
function distinct(values: readonly { readonly value: unknown; readonly type: string }[]): string[] {
  return [...new Set(values.map(({ value, type }) => `${type} ${sortedJson(value)}`))].sort();
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v,
  );
}

/** A walk and the FHIRPath engine must give the same; `resolve()`, which the engine cannot do, is taken out for both. */
function compare(resource: { readonly resourceType: string }): { compared: number; differences: string[] } {
  const type = resource.resourceType;
  const differences: string[] = [];
  let compared = 0;
  for (const parameter of definitions.searchParameters(type).values()) {
    const expression = parameter.expression.replaceAll(/\.where\(resolve\(\) is \w+\)/g, '');
    const walked: { value: unknown; type: string }[] = [];
    const visit = (value: unknown, element: { type: string }) => walked.push({ value, type: element.type });
    walkOf(expression, type)(resource, resource, visit);
    const [ours, engines] = [distinct(walked), distinct(engineOf(expression)(resource))].map((v) => v.map(plainType));
    if (JSON.stringify(ours) !== JSON.stringify(engines))
      differences.push(`${type}?${parameter.code}: ${ours} / ${engines}`);
    if (walked.length > 0) compared++;
  }
  return { compared, differences };
}

/** The engine names the type of `Resource.id` and of some strings after FHIRPath's own. */
function plainType(value: string): string {
  return value.replace(/^System\.String /, 'string ');
}

const walkOf = remember((expression: string, type: string) => compileWalk(expression, resourceElement(type), type));
const engineOf = remember((expression: string) => compileTyped(expression));

function remember<A extends string[], V>(make: (...args: A) => V): (...args: A) => V {
  const made = new Map<string, V>();
  return (...args) => {
    const known = made.get(args.join(' ')) ?? make(...args);
    made.set(args.join(' '), known);
    return known;
  };
}

t.test('walks give what the FHIRPath engine gives, with the same types', async (t) => {
  let values = 0;
  for (const resource of resources) {
    const { compared, differences } = compare(resource);
    t.strictSame(differences, [], JSON.stringify(resource).slice(0, 100));
    values += compared;
  }
  t.ok(values > 100, `${values} parameters had values`);
});

t.test('and so on one Synthea resource of each type', { skip: absent }, async (t) => {
  const one = new Map(readSynthea().map((r) => [r.resourceType, r]));
  for (const [type, resource] of one) t.strictSame(compare(resource).differences, [], type);
  t.ok(one.size >= 15);
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
