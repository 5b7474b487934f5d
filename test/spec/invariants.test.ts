import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { isObject } from '#fhir/json/object.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { compileTypes, createValidator } from '#validation/validator.ts';

/** Published resources, which R4's invariants have to take: the examples and the records that the official cases read. */
const folder = join(import.meta.dirname, '../../../shared/spec-cases');
const skip = !existsSync(folder) && process.env.CI !== 'true' && 'no ../shared/spec-cases';

/** What they break all the same. One that is met fails the test. */
const broken: Readonly<Record<string, readonly string[]>> = {
  'CodeSystem/example': ['csd-1, two concepts have the code chol-mass'],
  'Patient/example-container': ['dom-3, the contained resource is referred to by nothing', 'org-1, it has no name'],
};

const structures = loadDefinitions().structures();
const validate = createValidator({ types: compileTypes(structures), guide: [], mode: 'structure' });

/** The keys of the invariants (errors) that each resource breaks, by type and id; those that break none are left out. */
function brokenBy(resources: readonly Resource[]): Record<string, string[]> {
  const found = resources.map((resource) => {
    const issues = validate(resource).filter(
      ({ code, severity }) => code === 'invalid-content' && severity === 'error',
    );
    const keys = issues.flatMap(({ text }) => /^[\w-]+(?=: )/.exec(text)?.[0] ?? []);
    return [`${resource.resourceType}/${resource.id}`, keys.toSorted()] as const;
  });
  return Object.fromEntries(found.filter(([, keys]) => keys.length > 0));
}

/** Every resource in a file, save the Bundles that hold others. */
function resourcesIn(value: unknown): Resource[] {
  if (Array.isArray(value)) return value.flatMap(resourcesIn);
  if (!isObject(value)) return [];
  if (typeof value.resourceType === 'string' && value.resourceType !== 'Bundle') return [value as unknown as Resource];
  return Object.values(value).flatMap(resourcesIn);
}

t.test('no invariant refuses what the official cases read', { skip }, async (t) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(?:measures|fhirpath-r4)\b.*\.json(?:\.gz)?$/.test(file))
    .map((file) => readFileSync(join(folder, file)))
    .map((bytes) => JSON.parse((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()));
  const resources = files.flatMap(resourcesIn);
  t.ok(resources.length > 1_500, `${resources.length} resources`);
  const expected = Object.entries(broken).map(([name, keys]) => [name, keys.map((k) => k.replace(/,.*/, ''))]);
  t.same(brokenBy(resources), Object.fromEntries(expected));
});

t.test('no invariant refuses how R4 defines itself', async (t) => {
  const own = [structures.types, structures.resources].flatMap((b) => b.entry?.flatMap((e) => e.resource ?? []) ?? []);
  t.same(brokenBy(own), {});
});
