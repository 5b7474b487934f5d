import t from 'tap';
import { B, checker, extension, loinc, profiled, quantity } from './fixture.ts';

const check = checker('profile');

const resources = [
  profiled('Patient', 'cn-sh-patient', {
    contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }],
    identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value: '11010519491231002X' }],
    name: [{ text: '张三', given: ['三'], _given: [{ id: 'a' }] }],
    gender: 'female',
    _gender: { extension: [extension('cn-sh-gender-code', { valueCode: '2' })] },
    birthDate: '1949-12-31',
    managingOrganization: { reference: '#o' },
    address: [
      {
        state: '上海市',
        district: '长宁区',
        extension: [
          extension('cn-sh-street', { valueCoding: { system: `${B}/CodeSystem/cn-sh-street-cs`, code: '310105001' } }),
        ],
      },
    ],
  }),
  profiled('Observation', 'cn-sh-blood-pressure', {
    status: 'final',
    code: loinc('85354-9'),
    subject: { reference: 'Patient/1' },
    effectiveDateTime: '2025-03-01',
    component: [
      { code: loinc('8480-6'), valueQuantity: quantity(128, 'mm[Hg]') },
      { code: loinc('8462-4'), valueQuantity: quantity(82, 'mm[Hg]') },
    ],
  }),
];

const oddities: readonly unknown[] = [
  null,
  true,
  1,
  -1.5,
  '',
  'x',
  '110105',
  [],
  {},
  [null],
  [[]],
  ['x'],
  [{}],
  { x: 1 },
  { extension: [{}] },
  { toString: 1 },
];

interface Place {
  readonly path: string;
  /** Puts a value there, in a fresh copy of the resource. */
  readonly put: (value: unknown) => unknown;
}

/** Every place of a resource, objects and lists as well as leaves. */
function places(resource: unknown): Place[] {
  const trails: string[][] = [];
  const walk = (value: unknown, trail: string[]): void => {
    if (trail.length > 0) trails.push(trail);
    if (typeof value === 'object' && value !== null) for (const [k, v] of Object.entries(value)) walk(v, [...trail, k]);
  };
  walk(resource, []);
  return trails.map((trail) => ({ path: trail.join('.'), put: (value) => replaced(resource, trail, value) }));
}

function replaced(holder: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(holder) ? [...holder] : { ...(holder as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

t.test('whatever stands anywhere, the validator answers with issues and does not throw', async (t) => {
  for (const resource of resources) {
    t.same(check(resource), [], 'the resource itself is good');
    for (const { path, put } of places(resource)) {
      if (path === 'resourceType') continue;
      for (const odd of oddities) {
        t.doesNotThrow(() => check(put(odd)), `${path}: ${JSON.stringify(odd)}`);
      }
      // A null is in order where its extension, or the value that it extends, stands in the other list.
      if (!/given\.0$/.test(path)) t.not(check(put(null)).length, 0, `${path}: null is refused`);
      t.not(check(put([[]])).length, 0, `${path}: a list in a list is refused`);
    }
  }
});

t.test('keys of JavaScript are not elements', async (t) => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const resource: object = JSON.parse(`{"resourceType":"Patient","${key}":{"a":1}}`);
    t.same(check(resource), [`error unknown-element Patient.${key}`], key);
  }
});

t.test('contained resources are looked at some times each, however many references there are to them', async (t) => {
  const many = Array.from({ length: 2_000 }, (_, i) => i);
  let looks = 0;
  const contained = many.map((i) => ({
    resourceType: 'Organization',
    get id() {
      looks++;
      return `o${i}`;
    },
    name: 'x',
  }));
  const managed = many.map((i) => ({ reference: `#o${i}` }));
  const list = { resourceType: 'Patient', contained, generalPractitioner: managed };
  t.same(check(list), []);
  t.ok(looks < 20 * many.length, `${looks} looks; a pass for each reference would take ${many.length ** 2}`);
  const dangling = { ...list, contained: contained.slice(1), generalPractitioner: managed };
  t.same(check(dangling), ['error invalid-content Patient.generalPractitioner[0].reference']);
});

t.test('of very many problems a hundred are told, and that there are more', async (t) => {
  const colours = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`colour${i}`, 1]));
  const names = Array.from({ length: 20_000 }, () => ({ colour: 1 }));
  for (const resource of [
    { resourceType: 'Patient', ...colours },
    { resourceType: 'Patient', name: names },
  ]) {
    const issues = check(resource);
    t.equal(issues.length, 101);
    t.match(issues.at(-1), /^error more-issues/);
  }
});

t.test('very many warnings do not refuse a resource, and hide no error', async (t) => {
  const profile = Array.from({ length: 200 }, (_, i) => `http://x.example/${i}`);
  const issues = check({ resourceType: 'Patient', meta: { profile } });
  t.equal(issues.length, 101);
  t.ok(issues.every((i) => i.startsWith('warning')));
  const contained = [{ resourceType: 'Patient', id: 'a', meta: { profile } }];
  const link = [{ type: 'refer', other: { reference: '#a' } }];
  const both = check({ resourceType: 'Patient', contained, link, meta: { profile }, gender: 'm' });
  t.same(
    both.filter((i) => i.startsWith('error')),
    ['error code-not-in-value-set Patient.gender'],
  );
});
