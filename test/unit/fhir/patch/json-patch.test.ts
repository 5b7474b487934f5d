import type { Resource } from '@medplum/fhirtypes';
import { applyPatch } from 'rfc6902';
import t, { type Test } from 'tap';
import { Failure, type Outcome } from '#errors';
import { parseResource, stringify } from '#fhir/json/json.ts';
import { applyJsonPatch } from '#fhir/patch/json-patch.ts';

const parse = (text: string): unknown => {
  const value = parseResource(text, 200);
  if (value instanceof Failure) throw new Error(value.issues[0].text);
  return value;
};

/** Text to text, as the server does it: parse, apply, write. */
function patched(t: Test, resource: string, patch: string): Outcome<string> {
  const [before, document] = [parse(resource), parse(patch)];
  const result = applyJsonPatch(before as Resource, document);
  t.equal(stringify(before), resource, 'the resource is not changed');
  t.equal(stringify(document), patch, 'nor is the patch');
  return result instanceof Failure ? result : stringify(result);
}

t.test('each operation of RFC 6902, with its appendix A', async (t) => {
  const cases: [name: string, resource: string, patch: string, result: string][] = [
    ['A.1 add a member', '{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux"}]', '{"foo":"bar","baz":"qux"}'],
    ['A.2 add an item', '{"foo":["a","c"]}', '[{"op":"add","path":"/foo/1","value":"b"}]', '{"foo":["a","b","c"]}'],
    ['A.3 remove a member', '{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'],
    ['A.4 remove an item', '{"foo":["a","b","c"]}', '[{"op":"remove","path":"/foo/1"}]', '{"foo":["a","c"]}'],
    [
      'A.5 replace',
      '{"baz":"q","foo":"b"}',
      '[{"op":"replace","path":"/baz","value":"boo"}]',
      '{"baz":"boo","foo":"b"}',
    ],
    [
      'A.6 move a member',
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      'A.7 move an item',
      '{"foo":["a","b","c","d"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["a","c","d","b"]}',
    ],
    ['A.8 test', '{"a":["x",2,"y"]}', '[{"op":"test","path":"/a/1","value":2}]', '{"a":["x",2,"y"]}'],
    [
      'A.10 add an object',
      '{"foo":"b"}',
      '[{"op":"add","path":"/child","value":{"x":{"y":1}}}]',
      '{"foo":"b","child":{"x":{"y":1}}}',
    ],
    [
      'A.11 members not defined are ignored',
      '{"a":1}',
      '[{"op":"add","path":"/b","value":2,"xyz":3}]',
      '{"a":1,"b":2}',
    ],
    [
      'A.14 escapes',
      '{"/":9,"~1":10}',
      '[{"op":"test","path":"/~01","value":10},{"op":"remove","path":"/~1"}]',
      '{"~1":10}',
    ],
    ['A.16 add a list', '{"foo":["a"]}', '[{"op":"add","path":"/foo/-","value":["b","c"]}]', '{"foo":["a",["b","c"]]}'],
    ['add replaces in place', '{"a":1,"b":2}', '[{"op":"add","path":"/a","value":3}]', '{"a":3,"b":2}'],
    ['add at the end by number', '{"a":[1]}', '[{"op":"add","path":"/a/1","value":2}]', '{"a":[1,2]}'],
    [
      'copy',
      '{"a":[{"x":1}]}',
      '[{"op":"copy","from":"/a/0","path":"/a/-"},{"op":"remove","path":"/a/0"}]',
      '{"a":[{"x":1}]}',
    ],
    ['move onto itself', '{"a":1,"b":2}', '[{"op":"move","from":"/a","path":"/a"}]', '{"a":1,"b":2}'],
    [
      'the whole',
      '{"a":1}',
      '[{"op":"test","path":"","value":{"a":1}},{"op":"replace","path":"","value":{"b":1.0}}]',
      '{"b":1.0}',
    ],
    ['the empty key', '{"":{"":1}}', '[{"op":"replace","path":"//","value":2}]', '{"":{"":2}}'],
    [
      'keys of prototypes are ordinary',
      '{"a":1}',
      '[{"op":"add","path":"/constructor","value":{"prototype":1}}]',
      '{"a":1,"constructor":{"prototype":1}}',
    ],
    ['none', '{"a":1}', '[]', '{"a":1}'],
  ];
  for (const [name, resource, patch, result] of cases) t.equal(patched(t, resource, patch), result, name);
});

t.test('digits are kept, brought, moved and copied; a new number has none of the old', async (t) => {
  const cases: [resource: string, patch: string, result: string][] = [
    ['{"a":1.00,"b":[2.50,2.5]}', '[{"op":"add","path":"/c","value":1.0}]', '{"a":1.00,"b":[2.50,2.5],"c":1.0}'],
    ['{"b":[1.00,1,1.0]}', '[{"op":"remove","path":"/b/0"}]', '{"b":[1,1.0]}'],
    ['{"b":[1.00,1]}', '[{"op":"move","from":"/b/0","path":"/b/1"}]', '{"b":[1,1.00]}'],
    ['{"a":1.00}', '[{"op":"replace","path":"/a","value":1}]', '{"a":1}'],
    ['{"a":1.00}', '[{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":1}]', '{"a":1}'],
    ['{"a":{"v":1.00},"b":{}}', '[{"op":"copy","from":"/a/v","path":"/b/w"}]', '{"a":{"v":1.00},"b":{"w":1.00}}'],
    ['{"b":1}', '[{"op":"add","path":"/a","value":{"v":[{"x":1.000e2}]}}]', '{"b":1,"a":{"v":[{"x":1.000e2}]}}'],
    ['{"b":1}', '[{"op":"add","path":"/a","value":{"v":3.10}},{"op":"move","from":"/a/v","path":"/b"}]', '{"b":3.10}'],
  ];
  for (const [resource, patch, result] of cases) t.equal(patched(t, resource, patch), result, patch);
});

t.test('what the patch leaves empty is removed when all is done (R4 json.html)', async (t) => {
  const cases: [name: string, resource: string, patch: string, result: string][] = [
    ['a list', '{"id":"1","name":[{"text":"a"}]}', '[{"op":"remove","path":"/name/0"}]', '{"id":"1"}'],
    ['all that held it', '{"id":"1","a":[{"b":{"c":1}}]}', '[{"op":"remove","path":"/a/0/b/c"}]', '{"id":"1"}'],
    [
      'not before',
      '{"a":["x"]}',
      '[{"op":"remove","path":"/a/0"},{"op":"test","path":"/a","value":[]},{"op":"add","path":"/a/-","value":"y"}]',
      '{"a":["y"]}',
    ],
    ['what it brings', '{"id":"1"}', '[{"op":"add","path":"/name","value":[{"given":[]},{}]}]', '{"id":"1"}'],
    [
      'siblings of primitives stay in their places',
      '{"given":["a","b","c"],"_given":[null,{"id":"x"},{"id":"y"}]}',
      '[{"op":"remove","path":"/_given/1/id"}]',
      '{"given":["a","b","c"],"_given":[null,null,{"id":"y"}]}',
    ],
    [
      'and go when all are null',
      '{"given":["a"],"_given":[{"id":"x"}]}',
      '[{"op":"remove","path":"/_given/0/id"}]',
      '{"given":["a"]}',
    ],
    [
      'nulls stand for values that are all gone',
      '{"given":["a"],"_given":[{"id":"x"}]}',
      '[{"op":"remove","path":"/given/0"}]',
      '{"given":[null],"_given":[{"id":"x"}]}',
    ],
    [
      'what has neither a value nor siblings goes from both lists',
      '{"given":[null,"b",null],"_given":[{"id":"x"},null,{"id":"y"}]}',
      '[{"op":"remove","path":"/_given/0/id"}]',
      '{"given":["b",null],"_given":[null,{"id":"y"}]}',
    ],
    [
      'and both go with the last',
      '{"id":"1","given":[null],"_given":[{"id":"x"}]}',
      '[{"op":"remove","path":"/_given/0/id"}]',
      '{"id":"1"}',
    ],
    [
      'with the values as exact as they were',
      '{"a":[null,1.00],"_a":[{"id":"x"},{"id":"y"}]}',
      '[{"op":"remove","path":"/_a/0/id"}]',
      '{"a":[1.00],"_a":[{"id":"y"}]}',
    ],
    [
      'one is removed, and another put in its place',
      '{"given":[null,"b"],"_given":[{"id":"x"},null]}',
      '[{"op":"remove","path":"/_given/0/id"},{"op":"add","path":"/_given/0/id","value":"z"}]',
      '{"given":[null,"b"],"_given":[{"id":"z"},null]}',
    ],
    [
      'a list of siblings alone is left alone',
      '{"_given":[{"id":"x"}],"id":"1"}',
      '[{"op":"remove","path":"/id"}]',
      '{"_given":[{"id":"x"}]}',
    ],
    [
      'what was empty or null before is not touched',
      '{"a":{},"b":[[]],"_c":[null],"d":[null,"x"],"e":1}',
      '[{"op":"remove","path":"/e"}]',
      '{"a":{},"b":[[]],"_c":[null],"d":[null,"x"]}',
    ],
    ['everything', '{"a":1}', '[{"op":"remove","path":"/a"}]', '{}'],
  ];
  for (const [name, resource, patch, result] of cases) t.equal(patched(t, resource, patch), result, name);
});

t.test('test compares as RFC 6902 says', async (t) => {
  const cases: [there: string, given: string, same: boolean][] = [
    ['1.00', '1', true],
    ['1e2', '100', true],
    ['-0', '0.0', true],
    ['0.1000000000000000055', '0.1', false],
    ['0.10', '1e-1', true],
    ['12e20', '1200000000000000000000', true],
    ['1', '-1', false],
    ['1', '"1"', false],
    ['null', 'null', true],
    ['null', 'false', false],
    ['{"a":1,"b":[1.0]}', '{"b":[1],"a":1}', true],
    ['{"a":1}', '{"a":1,"b":2}', false],
    ['{"a":1}', '{"b":1}', false],
    ['["a","b"]', '["b","a"]', false],
    ['[]', '{}', false],
    ['["a"]', '{"0":"a"}', false],
    ['{"toString":1}', '{"valueOf":1}', false],
  ];
  for (const [there, given, same] of cases) {
    const result = patched(t, `{"x":${there}}`, `[{"op":"test","path":"/x","value":${given}}]`);
    t.equal(!(result instanceof Failure), same, `${there} and ${given}`);
  }
});

interface Refusal {
  readonly code: string;
  readonly at: string | undefined;
  readonly text: string;
}

const refusals = (result: Outcome<unknown>): Refusal[] =>
  result instanceof Failure ? result.issues.map((i) => ({ code: i.code, at: i.expression, text: i.text })) : [];

t.test('everything malformed is named by its place, at once', async (t) => {
  const patch = [
    5,
    { op: 'swap', path: 'name' },
    { op: 'add', path: '/a/~2' },
    { path: '/a' },
    { op: 'move', path: '/a' },
    { op: 'remove' },
    { op: 'move', from: '/a', path: '/a/b' },
    { op: 'remove', path: '/__proto__/x' },
    { op: 'copy', from: '/__proto__', path: '/x' },
    { op: 'add', path: '/a', value: parseUnchecked('[{"__proto__":{"b":1}}]') },
    { op: ['add'], path: '/a', value: 1 },
  ];
  const result = applyJsonPatch({ resourceType: 'Patient' }, patch);
  t.ok(result instanceof Failure && result.status === 400);
  t.strictSame(
    refusals(result).map(({ at, text }) => `${at} ${text}`),
    [
      '[0] The operation is 5; expected an object.',
      '[1].path path is name; expected a JSON Pointer (RFC 6901), such as /name/0/family.',
      '[1].op op is swap; expected one of add, remove, replace, move, copy, test.',
      '[2].path path is /a/~2; expected a JSON Pointer (RFC 6901), such as /name/0/family.',
      '[2].value value is missing; expected a value.',
      '[3].op op is missing; expected one of add, remove, replace, move, copy, test.',
      '[4].from from is missing; expected a JSON Pointer (RFC 6901), such as /name/0/family.',
      '[5].path path is missing; expected a JSON Pointer (RFC 6901), such as /name/0/family.',
      '[6].path path is below from; expected a place outside.',
      '[7].path path is a pointer with the key "__proto__"; expected none.',
      '[8].from from is a pointer with the key "__proto__"; expected none.',
      '[9].value value is an object with the key "__proto__"; expected none.',
      '[10].op op is a list; expected one of add, remove, replace, move, copy, test.',
    ],
  );
  for (const none of [undefined, null, {}, 'x', { op: 'remove', path: '/a' }]) {
    t.equal(refusals(applyJsonPatch({ resourceType: 'Patient' }, none))[0]?.code, 'patch-invalid');
  }
});

/** As JSON.parse makes it: with a key `__proto__` of its own. */
function parseUnchecked(text: string): unknown {
  return JSON.parse(text);
}

t.test('the first operation that fails is named, and none of the others acts', async (t) => {
  const name = '{"name":[{"family":"Zhang"},{"family":"Wang"}],"id":"1"}';
  const cases: [operation: string, at: string, text: RegExp][] = [
    ['{"op":"remove","path":"/name/2"}', '[1].path', /Operation 1 .* at "\/name\/2": found nothing/],
    ['{"op":"remove","path":"/name/-"}', '[1].path', /nothing/],
    ['{"op":"remove","path":"/name/01"}', '[1].path', /nothing/],
    ['{"op":"remove","path":"/name/length"}', '[1].path', /nothing/],
    ['{"op":"remove","path":"/constructor"}', '[1].path', /nothing/],
    ['{"op":"remove","path":""}', '[1].path', /the whole resource/],
    ['{"op":"replace","path":"/name/2","value":1}', '[1].path', /nothing/],
    ['{"op":"replace","path":"/name/-","value":1}', '[1].path', /nothing/],
    ['{"op":"replace","path":"/gender","value":1}', '[1].path', /nothing/],
    ['{"op":"replace","path":"","value":[]}', '[1].path', /expected an object/],
    ['{"op":"add","path":"","value":null}', '[1].path', /expected an object/],
    ['{"op":"add","path":"/name/3","value":{}}', '[1].path', /a list of 2; expected an index from 0 to 2, or -/],
    ['{"op":"add","path":"/name/-1","value":{}}', '[1].path', /an index from 0 to 2/],
    ['{"op":"add","path":"/name/1e0","value":{}}', '[1].path', /an index from 0 to 2/],
    ['{"op":"add","path":"/name/push","value":{}}', '[1].path', /an index from 0 to 2/],
    [
      '{"op":"add","path":"/a/b","value":1}',
      '[1].path',
      /no object or list.*expected an object at "\/a"; make it first/,
    ],
    [
      '{"op":"add","path":"/code/coding/-","value":{}}',
      '[1].path',
      /expected an object at "\/code"; make it first: \{ "op": "add", "path": "\/code", "value": \{/,
    ],
    [
      '{"op":"add","path":"/name/0/period/start","value":"2025"}',
      '[1].path',
      /expected an object at "\/name\/0\/period"/,
    ],
    ['{"op":"add","path":"/name/2/given/-","value":"a"}', '[1].path', /expected an object at "\/name\/2"/],
    ['{"op":"add","path":"/a~1b/-","value":1}', '[1].path', /expected a list at "\/a~1b"/],
    ['{"op":"add","path":"/id/b","value":1}', '[1].path', /no object or list/],
    [
      '{"op":"add","path":"/telecom/-","value":{}}',
      '[1].path',
      /expected a list at "\/telecom".*"path": "\/telecom", "value": \[/,
    ],
    ['{"op":"add","path":"/name/0/given/-","value":"a"}', '[1].path', /expected a list at "\/name\/0\/given"/],
    ['{"op":"add","path":"/telecom/0","value":{}}', '[1].path', /expected a list at "\/telecom"/],
    ['{"op":"copy","from":"/name/0","path":"/contact/-"}', '[1].path', /expected a list at "\/contact"/],
    ['{"op":"move","from":"/name/0","path":"/contact/-"}', '[1].path', /expected a list at "\/contact"/],
    ['{"op":"add","path":"/id/-","value":1}', '[1].path', /expected one that is there/],
    ['{"op":"add","path":"/toString/b","value":1}', '[1].path', /no object or list/],
    ['{"op":"move","from":"/a","path":"/b"}', '[1].from', /at "\/a": found nothing/],
    ['{"op":"move","from":"/name/0","path":"/name/2"}', '[1].path', /a list of 1/],
    ['{"op":"copy","from":"/a","path":"/b"}', '[1].from', /nothing/],
    ['{"op":"copy","from":"/id","path":"/a/b"}', '[1].path', /no object or list/],
    ['{"op":"test","path":"/id","value":"2"}', '[1].value', /a test, found another value at "\/id"/],
    ['{"op":"test","path":"/gender","value":"male"}', '[1].value', /found nothing/],
  ];
  for (const [operation, at, text] of cases) {
    const result = patched(t, name, `[{"op":"add","path":"/x","value":1},${operation},{"op":"remove","path":"/id"}]`);
    const [only, second] = refusals(result);
    t.ok(result instanceof Failure && result.status === 422, operation);
    t.equal(only?.at, at, operation);
    t.match(only?.text ?? '', text, operation);
    t.notMatch(only?.text ?? '', /Zhang|Wang/, 'no value of the resource');
    t.equal(second, undefined);
  }
});

t.test('no prototype can be reached', async (t) => {
  for (const path of ['/__proto__/polluted', '/constructor/prototype/polluted', '/a/__proto__/polluted']) {
    t.ok(patchedValue({ a: {} }, [{ op: 'add', path, value: true }]) instanceof Failure, path);
  }
  t.ok(
    patchedValue(
      { a: {} },
      parseUnchecked('[{"op":"add","path":"/a","value":{"__proto__":{"polluted":1}}}]'),
    ) instanceof Failure,
  );
  t.equal(Reflect.get({}, 'polluted'), undefined);
});

const patchedValue = (resource: unknown, patch: unknown) => applyJsonPatch(resource as Resource, patch);

t.test('a short patch cannot make a resource endless', async (t) => {
  const double = { op: 'copy', from: '/a', path: '/a/-' };
  const doubled = patchedValue(
    { a: [1] },
    Array.from({ length: 50 }, () => double),
  );
  t.match(refusals(doubled)[0]?.text, /too much to copy; expected at most 1000000 values/);
  const nest = [
    { op: 'add', path: '/t', value: {} },
    { op: 'move', from: '/x', path: '/t/x' },
    { op: 'move', from: '/t', path: '/x' },
  ];
  const nested = patchedValue({ x: {} }, Array.from({ length: 3000 }, () => nest).flat());
  t.match(refusals(nested)[0]?.text, /deeper nesting; expected at most 100 levels \(HUFHIR_MAX_DEPTH\)/);
  const deep = (n: number) =>
    patchedValue({ id: '1' }, [{ op: 'add', path: '/a', value: parse('['.repeat(n) + ']'.repeat(n)) }]);
  t.notOk(deep(99) instanceof Failure, 'a hundred levels');
  t.ok(deep(100) instanceof Failure, 'a hundred and one');
  t.match(
    refusals(
      patchedValue(
        {},
        Array.from({ length: 10_001 }, () => double),
      ),
    )[0]?.text,
    /expected at most 10000/,
  );
});

t.test('what the patch makes of resourceType and id is the caller’s to judge', async (t) => {
  const patch = '[{"op":"replace","path":"/resourceType","value":7},{"op":"remove","path":"/id"}]';
  t.equal(patched(t, '{"resourceType":"Patient","id":"1"}', patch), '{"resourceType":7}');
});

t.test('random patches do what the library rfc6902 does', async (t) => {
  let seed = 7;
  const pick = <T>(list: readonly T[]): T => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return list[Math.floor((seed / 2147483648) * list.length)] as T;
  };
  const there = ['/a/0', '/a/1', '/a/2', '/b/x/0', '/b/y', '/c/z', '/d'];
  /** The library does not check the index to which it moves or copies: only such as every list has. */
  const to = ['/a/0', '/a/-', '/b/x/0', '/b/x/-', '/b/y', '/c/z', '/d'];
  const values = [1, 'v', null, true, { x: 1 }, { x: ['k'], y: 'l' }];
  const outcomes = { applied: 0, refused: 0 };
  for (let round = 0; round < 3000; round++) {
    const resource = { a: ['p', { q: 'r' }, 's'], b: { x: ['u'], y: 2 }, c: { z: 'w' }, id: 'kept' };
    const patch = Array.from({ length: 4 }, () => {
      const op = pick(['add', 'remove', 'replace', 'move', 'copy', 'test'] as const);
      const path = op === 'move' || op === 'copy' ? pick(to) : pick(op === 'add' ? [...there, '/a/-'] : there);
      return { op, path, from: pick(there), value: pick(values) };
    });
    const oracle = structuredClone(resource);
    const refused = applyPatch(oracle, structuredClone(patch)).some((error) => error !== null);
    const result = applyJsonPatch(resource as unknown as Resource, patch);
    const found = result instanceof Failure ? undefined : JSON.parse(stringify(result));
    const expected = refused ? undefined : full(oracle);
    if (JSON.stringify(found) !== JSON.stringify(expected)) t.strictSame(found, expected, JSON.stringify(patch));
    outcomes[refused ? 'refused' : 'applied']++;
  }
  t.ok(outcomes.applied > 300 && outcomes.refused > 300, JSON.stringify(outcomes));
});

/** Without what is empty. */
function full(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(full).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([key, child]) => {
    const left = full(child);
    return left === undefined ? [] : [[key, left]];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

t.test('a patch may change a long list some times, and a short one as often as it has operations', async (t) => {
  const of = (length: number, item: unknown = 'a') =>
    ({ resourceType: 'Patient', name: [{ given: Array(length).fill(item) }] }) as unknown as Resource;
  const wide = {
    resourceType: 'Basic',
    extension: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1])),
  } as unknown as Resource;
  const removal = { op: 'remove', path: '/name/0/given/0' };
  const cases: [name: string, resource: Resource, operation: object, refused: boolean][] = [
    ['remove from a long list', of(500_000), removal, true],
    ['remove from a list of numbers', of(50_000, 1), removal, true],
    ['add to a long list', of(500_000), { op: 'add', path: '/name/0/given/-', value: 'b' }, true],
    ['replace in a long list', of(500_000), { op: 'replace', path: '/name/0/given/0', value: 'b' }, true],
    ['move in a long list', of(500_000), { op: 'move', from: '/name/0/given/0', path: '/name/0/given/1' }, true],
    ['replace in a wide object', wide, { op: 'replace', path: '/extension/k0', value: 2 }, true],
    ['remove from a list', of(10_000), removal, false],
  ];
  for (const [name, resource, operation, refused] of cases) {
    const result = applyJsonPatch(resource, Array(refused ? 300 : 1000).fill(operation));
    const texts = refusals(result).map(({ code, text }) => `${code} ${text}`);
    if (refused) t.match(texts, [/^patch-failed .*too much to make anew; expected at most 20000000 steps/], name);
    else t.strictSame(texts, [], name);
  }
});

t.test('the hint at what is to be made first can be followed', async (t) => {
  const group = { resourceType: 'Group', type: 'person', actual: true, characteristic: [{ exclude: false }] };
  const none = /expected one that is there\.$/;
  const cases: [path: string, text: RegExp][] = [
    ['/member/-', /a list at "\/member"/],
    ['/code/coding/-', /an object at "\/code"/],
    ['/characteristic/0/code/coding/-', /an object at "\/characteristic\/0\/code"/],
    ['/characteristic/0/code', /^$/],
    ['/name/-', none],
    ['/code/-', none],
    ['/foo/-', none],
    ['/member/entity', none],
    ['/_name/extension/-', none],
  ];
  for (const [path, text] of cases) {
    const [refusal] = refusals(applyJsonPatch(group as Resource, [{ op: 'add', path, value: {} }]));
    t.match(refusal?.text ?? '', text, path);
  }
});
