import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { createValueSets } from '#terminology/value-sets.ts';

const S = 'http://a.example/cs';
const T = 'http://a.example/other';

const tree: Resource = {
  resourceType: 'CodeSystem',
  status: 'active',
  content: 'complete',
  url: S,
  concept: [
    { code: 'a', concept: [{ code: 'a1', concept: [{ code: 'a11' }] }, { code: 'a2' }] },
    { code: 'b' },
    { code: 'c', property: [{ code: 'subsumedBy', valueCode: 'b' }] },
  ],
};
const flat: Resource = { ...tree, url: T, concept: [{ code: 'a' }, { code: 'z' }] };
const part: Resource = { ...tree, url: 'http://a.example/fragment', content: 'fragment', concept: [{ code: 'f' }] };

type Compose = NonNullable<Extract<Resource, { resourceType: 'ValueSet' }>['compose']>;
const set = (url: string, compose: Compose): Resource => ({ resourceType: 'ValueSet', status: 'active', url, compose });
const filter = (op: 'is-a' | 'descendent-of' | 'regex', value: string) => [{ property: 'concept', op, value }];

const cases: [name: string, compose: Compose, codes: string[] | undefined][] = [
  ['a whole system', { include: [{ system: S }] }, ['a', 'a1', 'a11', 'a2', 'b', 'c']],
  ['listed codes', { include: [{ system: S, concept: [{ code: 'b' }, { code: 'a1' }] }] }, ['b', 'a1']],
  [
    'listed codes of a system that is not held',
    { include: [{ system: 'http://x.org', concept: [{ code: 'q' }] }] },
    ['q'],
  ],
  ['is-a', { include: [{ system: S, filter: filter('is-a', 'a1') }] }, ['a1', 'a11']],
  ['descendent-of', { include: [{ system: S, filter: filter('descendent-of', 'a') }] }, ['a1', 'a11', 'a2']],
  ['a hierarchy by property', { include: [{ system: S, filter: filter('descendent-of', 'b') }] }, ['c']],
  ['two includes', { include: [{ system: S, concept: [{ code: 'b' }] }, { system: T }] }, ['b', 'a', 'z']],
  ['exclude', { include: [{ system: S }], exclude: [{ system: S, filter: filter('is-a', 'a') }] }, ['b', 'c']],
  ['another value set', { include: [{ valueSet: ['http://a.example/vs/base|1.0'] }] }, ['b', 'a2']],
  [
    'a value set and a system: both',
    { include: [{ system: S, concept: [{ code: 'b' }, { code: 'c' }], valueSet: ['http://a.example/vs/base'] }] },
    ['b'],
  ],
  ['a system that is not held', { include: [{ system: 'http://x.org' }] }, undefined],
  ['a fragment of a system', { include: [{ system: 'http://a.example/fragment' }] }, undefined],
  ['a filter that is not understood', { include: [{ system: S, filter: filter('regex', '(a.*)*') }] }, undefined],
  ['a value set that is not held', { include: [{ valueSet: ['http://x.org/vs'] }] }, undefined],
  ['itself', { include: [{ valueSet: ['http://a.example/vs/17'] }] }, undefined],
];

const base = set('http://a.example/vs/base', { include: [{ system: S, concept: [{ code: 'b' }, { code: 'a2' }] }] });
const sets = cases.map(([, compose], i) => set(`http://a.example/vs/${i + 3}`, compose));
const valueSets = createValueSets([tree, flat, part, base, ...sets]);

t.test('expansion', async (t) => {
  for (const [i, [name, , codes]] of cases.entries()) {
    t.same(valueSets.codesOf(`http://a.example/vs/${i + 3}`), codes, name);
  }
});

t.test('membership', async (t) => {
  const members: [url: string, system: string | undefined, code: string, expected: boolean | undefined][] = [
    ['http://a.example/vs/base', S, 'b', true],
    ['http://a.example/vs/base', S, 'a', false],
    ['http://a.example/vs/base', T, 'b', false],
    ['http://a.example/vs/base', undefined, 'b', true],
    ['http://a.example/vs/base', undefined, 'x', false],
    ['http://x.org/vs', S, 'b', undefined],
    ['http://hl7.org/fhir/ValueSet/administrative-gender', undefined, 'male', true],
    ['http://hl7.org/fhir/ValueSet/administrative-gender', undefined, 'M', false],
    ['http://hl7.org/fhir/ValueSet/resource-types', undefined, 'Patient', true],
    ['http://hl7.org/fhir/ValueSet/mimetypes', undefined, 'image/png', undefined],
  ];
  for (const [url, system, code, expected] of members) {
    t.equal(valueSets.memberOf(url, system, code), expected, `${system ?? '*'}|${code} in ${url}`);
  }
});
