import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { compileTypes, createValidator } from '#validation/validator.ts';
import { valueSets } from '../fixture.ts';
import { never, ownWords, together } from './exceptions.ts';
import { of } from './resources.ts';
import { table } from './table.ts';

const structures = loadDefinitions().structures();
const validate = createValidator({ types: compileTypes(structures), guide: [], mode: 'structure', valueSets });
/** As a client's JSON brings it, so without keys that are undefined. */
const check = (resource: object) => validate(JSON.parse(JSON.stringify(resource)));

/** R4's invariants: key, severity, and the text of the issue. */
const published = [structures.types, structures.resources]
  .flatMap((bundle) => bundle.entry ?? [])
  .flatMap(({ resource }) =>
    resource?.resourceType === 'StructureDefinition' ? (resource.snapshot?.element ?? []) : [],
  )
  .flatMap((element) => element.constraint ?? []);
const severities = new Map(published.map(({ key, severity }) => [key, severity]));

t.test('each invariant of R4 is met, and failed by it alone', async (t) => {
  for (const [key, path, meets, fails] of table) {
    t.same(check(meets), [], `${key} is met by ${JSON.stringify(meets)}`);
    const issues = check(fails).filter((i) => i.severity === severities.get(key));
    const found = issues.map((i) => /^([\w-]+): /.exec(i.text)?.[1] ?? i.code);
    const name = ownWords[key] ?? key;
    const others = together[key]?.others ?? [];
    t.ok(found.includes(name), `${key} is failed by ${JSON.stringify(fails)}`);
    t.same(
      found.filter((k) => k !== name && !others.includes(k)),
      [],
      `${key} is failed alone, or by ${others}`,
    );
    t.ok(others.length === 0 || found.length > 1, `${key} is not failed alone`);
    t.equal(issues[found.indexOf(name)]?.expression, path, `${key} is told where it is`);
  }
});

t.test('the table is that of R4', async (t) => {
  const told = new Set(table.flatMap(([, , , fails]) => check(fails).map((i) => i.text)));
  const rows = new Set(table.map(([key]) => key));
  const missing = published.filter(({ key, human }) =>
    key in ownWords ? !rows.has(key) : !(key in never || told.has(`${key}: ${human}`)),
  );
  t.same([...new Set(missing.map(({ key }) => key))], [], 'every invariant stands in it, or is said never to fail');
  const others = [...rows, ...Object.keys(never), ...Object.keys(together), ...Object.keys(ownWords)];
  t.same(
    others.filter((key) => !severities.has(key)),
    [],
    'and no other',
  );
  t.same(
    Object.keys(never).filter((key) => rows.has(key)),
    [],
    'what never fails has no row',
  );
});

t.test('wherever the resource stands', async (t) => {
  const code = { coding: [{ system: 'http://loinc.org', code: '1' }] };
  const twice = { ...of('Observation', { code, valueString: 'x', component: [{ code }] }), id: 'o' };
  const once = { ...twice, valueString: undefined };
  const places: readonly [name: string, path: string, holder: (resource: object) => object][] = [
    ['alone', 'Observation', (r) => r],
    [
      'contained',
      'Basic.contained[0]',
      (r) =>
        of('Basic', {
          code,
          contained: [r],
          extension: [{ url: 'http://x.example/e', valueReference: { reference: '#o' } }],
        }),
    ],
    [
      'in a Bundle',
      'Bundle.entry[1].resource',
      (r) => of('Bundle', { entry: [{ resource: of('Basic', { code }) }, { resource: r }] }),
    ],
    [
      'in Parameters',
      'Parameters.parameter[0].part[0].resource',
      (r) => of('Parameters', { parameter: [{ name: 'x', part: [{ name: 'y', resource: r }] }] }),
    ],
  ];
  for (const [name, path, holder] of places) {
    const issues = (r: object) => check(holder(r)).map((i) => `${i.expression} ${i.text.slice(0, 5)}`);
    t.same(issues(twice), [`${path} obs-7`], name);
    t.same(issues(once), [], name);
  }
});

t.test('however long a list is', async (t) => {
  const entry = Array.from({ length: 200_000 }, () => ({ item: { display: 'x' } }));
  t.same(validate(of('List', { entry }) as Resource), []);
  const fails = validate(of('List', { entry: [...entry, { item: { display: 'x' }, deleted: true }] }) as Resource);
  t.match(fails[0]?.text, /^lst-2/);
  t.equal(fails.length, 1);
});
