import { readFileSync } from 'node:fs';
import type { CodeSystem, ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import t from 'tap';
import { checker, guide, root, valueSets } from '#test/unit/validation/fixture.ts';

const B = 'https://fhir.changning.example';
const structures = guide.filter((r): r is StructureDefinition => r.resourceType === 'StructureDefinition');
const systems = guide.filter((r): r is CodeSystem => r.resourceType === 'CodeSystem');
const urls = new Set(guide.flatMap((r) => ('url' in r && typeof r.url === 'string' ? [r.url] : [])));
const readme = readFileSync(new URL('profiles/README.md', root), 'utf8');
const codesTable = readFileSync(new URL('terminology/README.md', root), 'utf8');

t.test('every resource of the guide is valid', async (t) => {
  const check = checker('profile');
  for (const resource of guide) t.same(check(resource), [], `${resource.resourceType}/${resource.id}`);
});

t.test('the code systems hold exactly the codes of the README', async (t) => {
  const rows = [...readme.matchAll(/^\| `(cn-sh-[a-z-]+-cs)`[^|]*\| (.*) \|$/gm)];
  t.equal(rows.length, systems.filter((s) => s.url?.startsWith(B)).length, 'one row for each');
  for (const [, id, text = ''] of rows) {
    const codes = systems.find((s) => s.id === id)?.concept?.map((c) => c.code) ?? [];
    t.not(codes.length, 0, `${id} exists`);
    const named = text.includes('…') ? codes : text.split(/[^A-Za-z0-9-]+/);
    for (const code of codes) t.ok(named.includes(code), `${id}: ${code} is in the README`);
    const stem = id?.replace(/-cs$/, '-vs');
    t.same(valueSets.codesOf(`${B}/ValueSet/${stem}`), codes, `${stem} has all of them`);
  }
});

t.test('every value set expands, every code is in both languages', async (t) => {
  for (const r of guide) {
    if (r.resourceType === 'ValueSet') t.ok(valueSets.codesOf(r.url ?? '')?.length, `${r.id} expands`);
  }
  for (const system of systems) {
    for (const c of system.concept ?? []) {
      t.match(c.display, /\p{Script=Han}/u, `${system.id} ${c.code} in Chinese`);
      t.ok(
        c.designation?.some((d) => d.language === 'en'),
        `${system.id} ${c.code} in English`,
      );
    }
  }
});

function elements(structure: StructureDefinition): readonly ElementDefinition[] {
  return structure.differential?.element ?? [];
}

t.test('what the profiles name exists', async (t) => {
  for (const structure of structures) {
    for (const e of elements(structure)) {
      if (e.binding?.valueSet !== undefined)
        t.ok(valueSets.codesOf(e.binding.valueSet), `${e.id}: ${e.binding.valueSet}`);
      for (const url of e.type?.flatMap((x) => [...(x.profile ?? []), ...(x.targetProfile ?? [])]) ?? []) {
        if (url.startsWith(B)) t.ok(urls.has(url), `${e.id}: ${url}`);
      }
    }
    t.ok(readme.includes(`\`${structure.id}\``), `${structure.id} is in the README`);
  }
});

t.test('the keys of the invariants are unique', async (t) => {
  const keys = structures.flatMap((s) => elements(s).flatMap((e) => e.constraint?.map((c) => c.key) ?? []));
  t.same(keys, [...new Set(keys)]);
});

t.test('the organisation codes of the table and of the concept map agree', async (t) => {
  const table = [...codesTable.matchAll(/^\| (\d{9}) \| (\S+) \| (chc-\d\d) \| (\S+) \| `(\S+)` \|$/gm)];
  const map = guide.find((r) => r.resourceType === 'ConceptMap');
  const mapped = map?.group?.[0]?.element?.map((e) => [e.code, e.display, e.target?.[0]?.display, e.target?.[0]?.code]);
  t.same(
    mapped,
    table.map(([, street, name, , centre, code]) => [street, name, centre, code]),
  );
  t.same(
    table.map((row) => row[1]),
    valueSets.codesOf(`${B}/ValueSet/cn-sh-street-vs`),
  );
});

/** The invariant of a guide's profile, by key, evaluated by an engine that the validator does not use. */
function holds(key: string, value: string): boolean {
  const constraint = structures
    .flatMap((s) => elements(s).flatMap((e) => e.constraint ?? []))
    .find((c) => c.key === key);
  const result = fhirpath.evaluate(value, constraint?.expression ?? 'false', { context: value }, r4);
  return Array.isArray(result) && result[0] === true;
}

t.test('check digits and dates, by a second FHIRPath engine', async (t) => {
  const cases: [key: string, value: string, expected: boolean][] = [
    ['cn-sh-id-3', '11010519491231002X', true],
    ['cn-sh-id-3', '440524188001010014', true],
    ['cn-sh-id-3', '440524188001010013', false],
    ['cn-sh-id-2', '110105200002290000', true],
    ['cn-sh-id-2', '110105190002290000', false],
    ['cn-sh-id-2', '110105202402290000', true],
    ['cn-sh-id-2', '110105202304310000', false],
    ['cn-sh-id-4', '110105240229000', true],
    ['cn-sh-id-4', '110105230229000', false],
    ['cn-sh-org-3', 'CHC00001X31010511B1001', true],
    ['cn-sh-org-3', 'CHC00002X31010511B1001', false],
    ['cn-sh-usc-2', '91350100M000100Y43', true],
    ['cn-sh-usc-2', '91350100M000100Y53', false],
  ];
  for (const [key, value, expected] of cases) t.equal(holds(key, value), expected, `${key} ${value}`);
});

t.test('every changed digit of a resident ID number is noticed', async (t) => {
  const id = '440524188001010014';
  const changed = [...id].flatMap((digit, i) => {
    const others = [...'0123456789'].filter((d) => d !== digit);
    return others.map((d) => id.slice(0, i) + d + id.slice(i + 1));
  });
  t.same(
    changed.filter((value) => holds('cn-sh-id-3', value)),
    [],
  );
});
