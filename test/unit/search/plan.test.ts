import t from 'tap';
import type { Filter } from '#search/model/filter.ts';
import type { Include, Query } from '#search/model/query.ts';
import { includePlans, type PageResource, plan, restrict } from '#search/plan.ts';

const code: Filter = { op: 'match', param: 'code', test: { kind: 'token', code: 'a' } };
const name: Filter = { op: 'match', param: 'name', test: { kind: 'string', how: 'exact', value: 'Z' } };
const rights: Filter = { op: 'match', param: '_source', test: { kind: 'uri', how: 'equals', value: 'http://s' } };
const all: Filter = { op: 'all' };
const none: Filter = { op: 'none' };

const query: Query = {
  types: ['Observation'],
  where: code,
  sort: [{ param: '_id', kind: 'id', descending: false }],
  count: 10,
  total: 'accurate',
  includes: [],
  maxIncludes: 5,
  applied: [],
  ignored: [],
  summaryCount: false,
  explain: false,
};

t.test('a plan is the query and the rights', async (t) => {
  const { types, sort } = query;
  const rest = { types, sort, limit: 10, total: 'accurate' };
  t.strictSame(plan(query, all), { ...rest, where: code });
  t.strictSame(plan(query, none, 'here'), { ...rest, where: none, after: 'here' });
  t.strictSame(plan({ ...query, where: all }, rights), { ...rest, where: rights });
  t.strictSame(plan(query, rights), { ...rest, where: { op: 'and', of: [code, rights] } });
  t.strictSame(plan({ ...query, explain: true }, all), { ...rest, where: code, explain: true });
});

t.test('rights hold for what chains pass through', async (t) => {
  const chain = (where: Filter): Filter => ({ op: 'chain', param: 'subject', types: ['Patient'], where });
  const has = (where: Filter): Filter => ({ op: 'has', type: 'Observation', param: 'patient', where });
  const restricted: [Filter, Filter][] = [
    [chain(name), chain({ op: 'and', of: [name, rights] })],
    [
      { op: 'not', of: chain(name) },
      { op: 'not', of: chain({ op: 'and', of: [name, rights] }) },
    ],
    [chain(has(code)), chain({ op: 'and', of: [has({ op: 'and', of: [code, rights] }), rights] })],
    [
      { op: 'or', of: [code, has(code)] },
      { op: 'or', of: [code, has({ op: 'and', of: [code, rights] })] },
    ],
  ];
  for (const [filter, expected] of restricted) t.strictSame(restrict(filter, rights), expected);
  t.strictSame(restrict(chain(name), all), chain(name));
  t.strictSame(restrict(chain(name), none), none);
});

t.test('what is looked up later and what needs no other resource stay as they are', async (t) => {
  const others: Filter[] = [
    { op: 'lookup', set: { by: 'list', id: '1' } },
    { op: 'lookup', set: { by: 'valueSet', param: 'code', url: 'http://v' } },
    { op: 'words', of: 'text', words: ['a'] },
    { op: 'match', param: 'near', test: { kind: 'near', latitude: 31, longitude: 121, kilometres: 5 } },
  ];
  for (const filter of others) t.strictSame(restrict(filter, rights), filter);
  const [list = all] = others;
  t.strictSame(restrict({ op: 'and', of: [list, list, name] }, rights), { op: 'and', of: [list, name] });
  t.strictSame(restrict({ op: 'or', of: [list, { op: 'not', of: { op: 'not', of: list } }] }, rights), list);
  const chain: Filter = { op: 'chain', param: 'subject', types: ['Patient'], where: list };
  t.strictSame(restrict(chain, rights), { ...chain, where: { op: 'and', of: [list, rights] } });
});

t.test('filters are simplified', async (t) => {
  const simple: [Filter, Filter][] = [
    [{ op: 'and', of: [code, code] }, code],
    [
      { op: 'and', of: [code, { op: 'and', of: [name, all] }] },
      { op: 'and', of: [code, name] },
    ],
    [{ op: 'and', of: [code, none] }, none],
    [{ op: 'or', of: [code, none] }, code],
    [{ op: 'or', of: [code, all] }, all],
    [{ op: 'not', of: { op: 'not', of: code } }, code],
    [{ op: 'not', of: { op: 'and', of: [] } }, none],
    [{ op: 'not', of: none }, all],
  ];
  for (const [filter, expected] of simple) t.strictSame(restrict(filter, all), expected, JSON.stringify(filter));
});

const found: PageResource[] = [
  { type: 'Observation', id: 'o1', entries: [{ param: 'subject', kind: 'reference', type: 'Patient', id: 'p1' }] },
  { type: 'Observation', id: 'o2', entries: [{ param: 'subject', kind: 'reference', type: 'Patient', id: 'p2' }] },
  { type: 'Observation', id: 'o3', entries: [{ param: 'subject', kind: 'reference', type: 'Group', id: 'g1' }] },
  {
    type: 'Observation',
    id: 'o4',
    entries: [
      { param: 'subject', kind: 'logical', system: 's', value: '1', types: ['Patient', 'Group'], inCompartment: true },
      { param: 'performer', kind: 'reference', type: 'Practitioner', id: 'd1' },
    ],
  },
  { type: 'Encounter', id: 'e1', entries: [{ param: 'subject', kind: 'reference', type: 'Patient', id: 'p9' }] },
];

const include: Include = {
  direction: 'include',
  type: 'Observation',
  param: 'subject',
  targets: ['Patient'],
  iterate: false,
};

t.test('an include asks for the targets, literal and logical, that the caller may read', async (t) => {
  const identifier: Filter = { op: 'match', param: 'identifier', test: { kind: 'token', system: 's', code: '1' } };
  const led = (where: Filter): Filter => ({
    op: 'and',
    of: [identifier, { op: 'has', type: 'Observation', param: 'subject', where }],
  });
  const o4: Filter = { op: 'id', ids: ['o4'] };
  const identified = led(o4);
  const patients = (of: Filter): Filter => ({ op: 'or', of: [{ op: 'id', ids: ['p1', 'p2'] }, of] });
  const rest = { sort: [], limit: 5, total: 'none' };
  t.strictSame(includePlans([include], found, rights, 5), [
    { ...rest, types: ['Patient'], where: { op: 'and', of: [patients(led({ op: 'and', of: [o4, rights] })), rights] } },
  ]);
  t.strictSame(includePlans([{ ...include, targets: ['Group', 'Patient'] }, include], found, all, 5), [
    { ...rest, types: ['Patient'], where: patients(identified) },
    { ...rest, types: ['Group'], where: { op: 'or', of: [{ op: 'id', ids: ['g1'] }, identified] } },
  ]);
  t.strictSame(includePlans([{ ...include, targets: ['Device'] }], found, all, 5), []);
});

t.test('an include asks in slices, each target once, and for no more than the limit', async (t) => {
  const names = Array.from({ length: 1_200 }, (_, i) => `p${i}`);
  const targets = names.map((id) => ({ param: 'subject', kind: 'reference', type: 'Patient', id }) as const);
  const page: PageResource[] = [{ type: 'Observation', id: 'o', entries: [...targets, ...targets] }];
  const ids = includePlans([include], page, all, 1_201)?.map(({ where }) => (where.op === 'id' ? where.ids.length : 0));
  t.strictSame(ids, [500, 500, 200]);
  t.equal(includePlans([include], page, all, 1_200), undefined);
  const both = { ...include, targets: ['Patient', 'Group'] };
  t.equal(includePlans([both], found, all, 5)?.length, 2, 'an identifier counts once, whatever types it may be of');
  t.equal(includePlans([both], found, all, 4), undefined);
});

t.test('a revinclude asks for what refers to the found', async (t) => {
  const back: Include = {
    direction: 'revinclude',
    type: 'Provenance',
    param: 'target',
    targets: ['Patient', 'Observation'],
    iterate: false,
  };
  const chain: Filter = {
    op: 'chain',
    param: 'target',
    types: ['Observation'],
    where: { op: 'id', ids: ['o1', 'o2', 'o3', 'o4'] },
  };
  t.strictSame(includePlans([back], found, all, 5), [
    { types: ['Provenance'], where: chain, sort: [], limit: 5, total: 'none' },
  ]);
  t.strictSame(includePlans([{ ...back, targets: ['Device'] }], found, all, 5), []);
});

t.test('revincludes of one type are one plan', async (t) => {
  const back = (type: string, param: string, targets: readonly string[]): Include => {
    return { direction: 'revinclude', type, param, targets, iterate: false };
  };
  const includes = [
    back('Provenance', 'target', ['Observation']),
    back('Observation', 'derived-from', ['Observation', 'Media']),
    back('Observation', 'encounter', ['Encounter']),
  ];
  const chain = (param: string, type: string, ...ids: string[]): Filter => {
    return { op: 'chain', param, types: [type], where: { op: 'id', ids } };
  };
  const page = found.slice(3);
  t.strictSame(
    includePlans(includes, page, all, 5)?.map(({ types, where }) => [types, where]),
    [
      [['Provenance'], chain('target', 'Observation', 'o4')],
      [
        ['Observation'],
        { op: 'or', of: [chain('derived-from', 'Observation', 'o4'), chain('encounter', 'Encounter', 'e1')] },
      ],
    ],
  );
});
