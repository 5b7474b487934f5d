import { join } from 'node:path';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { resolveLookups } from '#operations/lookups/lookups.ts';
import { perform } from '#operations/perform.ts';
import type { Caller } from '#operations/request/context.ts';
import { route } from '#operations/request/route.ts';
import { and, type Filter, type LookupSet, nothing } from '#search/model/filter.ts';
import { unrestricted } from '#security/rights.ts';
import { threadFile } from '#test/http/harness.ts';
import { storeIn } from '#test/process/store.ts';

/** R4 search.html#token (:in, :above, :below), search.html#recursive, search.html#list: what stands in the store decides. */

const file = join(t.testdir(), 'among.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const store = await storeIn(file);
const context = await createContext(config, store, { threadFile });
t.teardown(() => store.close());

const everybody: Caller = { client: 'test', rights: unrestricted };

async function put(resource: { readonly resourceType: string; readonly id: string } & Record<string, unknown>) {
  const interaction = route(context.definitions, 'PUT', `${resource.resourceType}/${resource.id}`);
  if (interaction instanceof Failure) throw new Error(resource.id);
  const request = { interaction, query: [], body: resource, lenient: false, preconditions: {} };
  const done = await perform(context, everybody, request);
  if (done instanceof Failure) throw new Error(done.issues.map((i) => i.text).join(' '));
}

const S = 'http://a.example/cs';
const system = { resourceType: 'CodeSystem', status: 'active', content: 'complete', url: S };
const concept = [{ code: 'a', concept: [{ code: 'a1', concept: [{ code: 'a11' }] }, { code: 'a2' }] }, { code: 'b' }];
await put({ ...system, id: 'cs-1', version: '1.9', concept: [{ code: 'old' }] });
await put({ ...system, id: 'cs-2', version: '1.10', concept });
const valueSet = { resourceType: 'ValueSet', status: 'active' };
const include = (more: object) => ({ include: [{ system: S, ...more }] });
await put({ ...valueSet, id: 'v1', url: 'http://a.example/vs', version: '1', compose: include({ version: '1.9' }) });
const below = { filter: [{ property: 'concept', op: 'is-a', value: 'a1' }] };
await put({ ...valueSet, id: 'v2', url: 'http://a.example/vs', version: '2', compose: include(below) });
await put({
  ...valueSet,
  id: 'import',
  url: 'http://a.example/import',
  compose: { include: [{ valueSet: ['http://a.example/vs|1'] }] },
});
await put({ ...valueSet, id: 'none', compose: { ...include({}), exclude: [{ system: S }] } });
await put({
  ...valueSet,
  id: 'loinc',
  url: 'http://a.example/loinc',
  compose: { include: [{ system: 'http://loinc.org' }] },
});
const codes = Array.from({ length: 6_000 }, (_, i) => ({ code: `x${i}` }));
await put({ ...system, id: 'large', url: 'http://a.example/large', concept: codes });
await put({ ...valueSet, id: 'large', compose: { include: [{ system: 'http://a.example/large' }] } });
await put({ ...valueSet, id: 'larger', compose: { include: [{ system: 'http://a.example/large' }, { system: S }] } });

const partOf = (id: string, parent?: string) => {
  return { resourceType: 'Location', id, ...(parent !== undefined && { partOf: { reference: `Location/${parent}` } }) };
};
for (const [id, parent] of [
  ['house'],
  ['floor', 'house'],
  ['room', 'floor'],
  ['cellar', 'house'],
  ['ring', 'round'],
  ['round', 'ring'],
  ['hut', 'absent'],
] as const) {
  await put({ ...partOf(id, parent), status: id === 'floor' ? 'inactive' : 'active' });
}
await put({
  resourceType: 'Organization',
  id: 'district',
  name: '区',
  identifier: [{ system: 'http://a.example/org', value: '1' }],
});
const byIdentifier = { identifier: { system: 'http://a.example/org', value: '1' }, type: 'Organization' };
await put({ resourceType: 'Organization', id: 'centre', name: '中心', partOf: byIdentifier });

const list = { resourceType: 'List', status: 'current', mode: 'changes' };
const item = (reference: string, deleted?: boolean) => ({
  item: { reference },
  ...(deleted !== undefined && { deleted }),
});
const entry = [
  item('Patient/1'),
  item(`${config.baseUrl}/Patient/2`),
  item('Group/1'),
  item('Patient/3', true),
  item('Patient/1'),
  item('http://x.org/Patient/9'),
];
await put({ ...list, id: 'mixed', entry });
await put({ ...list, id: 'empty', mode: 'working' });

/** A filter in short: `system|code` without the system's folder, `Type/id`. */
function short(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return `(${filter.of.map(short).join(filter.op === 'and' ? ' & ' : ', ')})`;
    case 'not':
      return `not ${short(filter.of)}`;
    case 'type':
      return filter.types.join('/');
    case 'id':
      return filter.ids.join('+');
    case 'match': {
      const { test } = filter;
      if (test.kind === 'token') return `${filter.param}=${test.system?.split('/').at(-1)}|${test.code}`;
      return test.kind === 'reference' ? `${filter.param}=${test.type}/${test.id}` : test.kind;
    }
    case 'chain':
      return `${filter.param}.${short(filter.where)}`;
    case 'contained':
      return `contained ${filter.type} ${short(filter.where)}`;
    case 'has':
      return `has ${filter.type}.${filter.param} ${short(filter.where)}`;
    default:
      return filter.op;
  }
}

async function resolved(filter: Filter, types?: readonly string[], caller = everybody): Promise<string> {
  const outcome = await resolveLookups(context, caller, filter, types);
  if (outcome instanceof Failure) return `${outcome.status} ${outcome.issues.map((i) => i.text).join(' ')}`;
  return short(outcome);
}

const among = (set: LookupSet): Filter => ({ op: 'lookup', set });
const inside = (url: string, param = 'code'): Filter => among({ by: 'valueSet', param, url });
const around = (how: 'above' | 'below', code: string, system: string = S): Filter =>
  among({ by: 'code', param: 'code', how, system, code });
const hierarchy = (how: 'above' | 'below', id: string, type = 'Location'): Filter =>
  among({ by: 'hierarchy', param: type.toLowerCase(), how, type, id });
const listed = (id: string): Filter => among({ by: 'list', id });
const condition = ['Condition'];

t.test('search.html#token, :in', async (t) => {
  const table: readonly (readonly [name: string, url: string, expected: string])[] = [
    ['the newest version', 'http://a.example/vs', '(code=cs|a1, code=cs|a11)'],
    ['a version', 'http://a.example/vs|1', 'code=cs|old'],
    ['a value set that imports a version', 'http://a.example/import', 'code=cs|old'],
    ['a literal address', 'ValueSet/v1', 'code=cs|old'],
    ['a literal address with the base', `${config.baseUrl}/ValueSet/v1`, 'code=cs|old'],
    ['without a code', 'ValueSet/none', 'none'],
    [
      'implied by a code system: all of its codes',
      `${S}?fhir_vs`,
      '(code=cs|a, code=cs|a1, code=cs|a11, code=cs|a2, code=cs|b)',
    ],
    ['implied by a code system: a code and those below it', `${S}?fhir_vs=isa/a1`, '(code=cs|a1, code=cs|a11)'],
    [
      'implied by a code system that is not held',
      'http://snomed.info/sct?fhir_vs=isa/1',
      '400 The codes of the value set http://snomed.info/sct?fhir_vs=isa/1 cannot be told: the CodeSystem http://snomed.info/sct is held without its codes (content not-present).',
    ],
    [
      'implied in a form that is not supported',
      `${S}?fhir_vs=refset`,
      `400 The value set "${S}?fhir_vs=refset" of parameter "code" is not held by this server.`,
    ],
    [
      'unknown',
      'http://x.org/vs',
      '400 The value set "http://x.org/vs" of parameter "code" is not held by this server.',
    ],
    [
      'an unknown version',
      'http://a.example/vs|3',
      '400 The value set "http://a.example/vs|3" of parameter "code" is not held by this server.',
    ],
    [
      'an unknown address',
      'ValueSet/absent',
      '400 The value set "ValueSet/absent" of parameter "code" is not held by this server.',
    ],
    [
      'of a system that is not held',
      'http://a.example/loinc',
      '400 The codes of the value set http://a.example/loinc cannot be told: the CodeSystem http://loinc.org is not held by this server.',
    ],
  ];
  for (const [name, url, expected] of table) t.equal(await resolved(inside(url), condition), expected, name);
});

t.test('search.html#token: elements of type code have the system that is implied, or none', async (t) => {
  const gender = 'http://hl7.org/fhir/ValueSet/administrative-gender';
  const of = (system: string) =>
    `(${['male', 'female', 'other', 'unknown'].map((code) => `gender=${system}|${code}`).join(', ')})`;
  t.equal(await resolved(inside(gender, 'gender')), of('administrative-gender'), 'R4 publishes it');
  t.equal(await resolved(inside('ValueSet/v1'), ['Group']), 'code=cs|old', 'a CodeableConcept');
  t.equal(await resolved(inside('ValueSet/v1'), ['SearchParameter']), 'code=|old');
  t.equal(
    await resolved(inside('ValueSet/v1'), ['Condition', 'SearchParameter']),
    '(code=cs|old, (SearchParameter & code=|old))',
  );
  t.match(
    await resolved(inside('ValueSet/v1')),
    /^\(code=cs\|old, \([\w/]*SearchParameter[\w/]* & code=\|old\)\)$/,
    'any type',
  );
});

t.test('search.html#subsumption, :above and :below', async (t) => {
  const table: readonly (readonly [filter: Filter, expected: string])[] = [
    [around('below', 'a1'), '(code=cs|a1, code=cs|a11)'],
    [around('above', 'a11'), '(code=cs|a11, code=cs|a1, code=cs|a)'],
    [around('below', 'b'), 'code=cs|b'],
    [around('below', 'q'), `400 The code system ${S} has no code "q", which parameter "code" asks for.`],
    [
      around('below', '1', 'http://loinc.org'),
      '400 The code system "http://loinc.org" of parameter "code" is not held by this server, or not with its codes.',
    ],
    [
      around('below', '1', 'http://snomed.info/sct'),
      '400 The code system "http://snomed.info/sct" of parameter "code" is not held by this server, or not with its codes.',
    ],
  ];
  for (const [filter, expected] of table) t.equal(await resolved(filter, condition), expected);
});

t.test('search.html#recursive: hierarchies of resources', async (t) => {
  const table: readonly (readonly [filter: Filter, ids: string])[] = [
    [hierarchy('below', 'house'), 'house cellar floor room'],
    [hierarchy('below', 'room'), 'room'],
    [hierarchy('above', 'room'), 'room floor house'],
    [hierarchy('above', 'hut'), 'hut absent'],
    [hierarchy('below', 'absent'), 'absent hut'],
    [hierarchy('below', 'ring'), 'ring round'],
    [hierarchy('above', 'ring'), 'ring round'],
    [hierarchy('below', 'district', 'Organization'), 'district centre'],
    [hierarchy('above', 'centre', 'Organization'), 'centre district'],
  ];
  const ids = (text: string): string =>
    text
      .replace(/^\((.*)\)$/, '$1')
      .replaceAll(/\w+=\w+\/([\w-]+)/g, '$1')
      .split(', ')
      .sort()
      .join(' ');
  for (const [filter, expected] of table)
    t.equal(ids(await resolved(filter)), expected.split(' ').sort().join(' '), expected);
  t.equal(await resolved(hierarchy('below', 'room')), 'location=Location/room');
  t.equal(
    await resolved(hierarchy('below', '1', 'Patient')),
    '400 The value "Patient/1" of parameter "patient" is not valid; expected with :below a type that has a hierarchy (CarePlan, Encounter, Location, Organization).',
  );
});

t.test('search.html#list', async (t) => {
  t.equal(
    await resolved(listed('mixed')),
    '((Patient & 1+2), (Group & 1))',
    'not what is deleted, not what lies elsewhere',
  );
  t.equal(await resolved(listed('empty')), 'none');
  t.equal(await resolved(listed('absent')), '400 The list List/absent of parameter "_list" does not exist.');
  t.match(
    await resolved(listed('$current-allergies')),
    /^400 The value "\$current-allergies" of parameter "_list" is not valid/,
  );
});

t.test('everywhere in a filter', async (t) => {
  const old = inside('ValueSet/v1');
  const b = around('below', 'b');
  const has: Filter = { op: 'has', type: 'Condition', param: 'subject', where: old };
  const chain: Filter = { op: 'chain', param: 'focus', types: ['SearchParameter'], where: old };
  const table: readonly (readonly [filter: Filter, expected: string])[] = [
    [{ op: 'and', of: [old, b] }, '(code=cs|old & code=cs|b)'],
    [{ op: 'contained', type: 'SearchParameter', where: old }, 'contained SearchParameter code=|old'],
    [{ op: 'or', of: [old, b, old] }, '(code=cs|old, code=cs|b, code=cs|old)'],
    [{ op: 'not', of: old }, 'not code=cs|old'],
    [{ op: 'and', of: [b, { op: 'not', of: inside('ValueSet/none') }] }, 'code=cs|b'],
    [has, 'has Condition.subject code=cs|old'],
    [chain, 'focus.code=|old'],
    [
      { op: 'not', of: { ...has, where: { op: 'or', of: [listed('mixed'), chain] } } },
      'not has Condition.subject ((Patient & 1+2), (Group & 1), focus.code=|old)',
    ],
  ];
  for (const [filter, expected] of table) t.equal(await resolved(filter, condition), expected);
  const typed = and([{ op: 'type', types: ['SearchParameter'] }, old]);
  t.equal(await resolved(typed, ['Condition', 'SearchParameter']), '(SearchParameter & code=|old)');
  t.equal(await resolved(typed), '(SearchParameter & code=|old)');
  const plain = and([
    { op: 'id', ids: ['1'] },
    { op: 'present', param: 'code' },
  ]);
  t.equal(await resolveLookups(context, everybody, plain), plain, 'nothing to look up');
  const wrong = await resolveLookups(context, everybody, {
    op: 'and',
    of: [inside('http://x.org/vs'), old, listed('absent')],
  });
  t.strictSame(
    wrong instanceof Failure && wrong.issues.map((i) => i.code),
    ['unknown-value-set', 'unknown-list'],
    'all that is wrong',
  );
});

t.test('more than 10,000 codes and resources are refused', async (t) => {
  const large = inside('ValueSet/large');
  const one = await resolveLookups(context, everybody, large, condition);
  t.equal(!(one instanceof Failure) && one.op === 'or' && one.of.length, 6_000);
  const codesOf = async (filter: Filter) => {
    const outcome = await resolveLookups(context, everybody, filter, condition);
    return outcome instanceof Failure && outcome.issues.map((i) => i.code);
  };
  t.strictSame(await codesOf({ op: 'or', of: [large, inside('ValueSet/larger')] }), ['too-costly']);
});

t.test('what the caller may not read is not looked into', async (t) => {
  const only = (read: Filter): Caller => ({ client: 'test', rights: { read, write: nothing } });
  const nobody = only(nothing);
  const active = only({ op: 'match', param: 'status', test: { kind: 'token', code: 'active' } });
  t.match(await resolved(inside('ValueSet/v1'), condition, nobody), /^400 The value set "ValueSet\/v1"/);
  t.match(await resolved(inside('http://a.example/vs'), condition, nobody), /^400 The value set/);
  t.match(await resolved(around('below', 'a1'), condition, nobody), /^400 The code system/);
  t.match(
    await resolved(inside('http://hl7.org/fhir/ValueSet/administrative-gender', 'gender'), undefined, nobody),
    /male/,
    'R4 is public',
  );
  t.match(
    await resolved(listed('mixed'), undefined, nobody),
    /^400 The list List\/mixed of parameter "_list" does not exist/,
  );
  t.equal(
    await resolved(hierarchy('below', 'house'), undefined, active),
    '(location=Location/house, location=Location/cellar)',
  );
  t.equal(
    await resolved(hierarchy('above', 'room'), undefined, active),
    '(location=Location/room, location=Location/floor)',
  );
  t.equal(await resolved(hierarchy('below', 'house'), undefined, nobody), 'location=Location/house');
});
