import type { Test } from 'tap';
import type { Entry } from '#search/model/entry.ts';
import type { Compare, Test as EntryTest, Filter } from '#search/model/filter.ts';
import type { Store } from '#storage/store.ts';
import { commit, ids, isToken, type Open, plan, put, refers, remove, string, token } from './build.ts';

const match = (param: string, test: EntryTest): Filter => ({ op: 'match', param, test });
const not = (of: Filter): Filter => ({ op: 'not', of });
const where = (...parts: readonly string[]): readonly Compare[] =>
  parts.map((part) => {
    const [bound, op, value] = part.split(' ');
    return { bound, op, value: Number(value) } as Compare;
  });

const range = (kind: 'date' | 'number', param: string, low: number, high: number): Entry => ({
  kind,
  param,
  low,
  high,
});
const quantity = (param: string, value: number, code: string, unit: string, pos?: number): Entry => {
  const entry = { kind: 'quantity', param, low: value, high: value + 1, system: 'ucum', code, unit } as const;
  return pos === undefined ? entry : { ...entry, pos };
};
const uri = (value: string): Entry => ({ kind: 'uri', param: 'url', value });

/** Three observations of two patients of one practitioner, and what else the tables below ask for. */
async function filled(store: Store): Promise<void> {
  await commit(
    store,
    put('Observation/a', {
      entries: [
        token('code', 'loinc', '1-8'),
        token('code', 'loinc', '1-8'),
        token('code', 'local', 'x'),
        string('note', 'Zhāng 三'),
        range('date', 'date', 100, 200),
        range('number', 'score', 0.5, 1.5),
        quantity('value', 120, 'mm[Hg]', 'mmHg'),
        uri('http://example.org/a/b'),
        refers('subject', 'Patient/p'),
        token('pair.0', 'loinc', 'sys', 0),
        quantity('pair.1', 140, 'mm[Hg]', 'mmHg', 0),
        token('pair.0', 'loinc', 'dia', 1),
        quantity('pair.1', 90, 'mm[Hg]', 'mmHg', 1),
      ],
    }),
    put('Observation/b', {
      entries: [
        token('code', '', '1-8'),
        string('note', 'abc'),
        string('note', 'Xyz'),
        range('date', 'date', 150, 300),
        range('number', 'score', -2, -1),
        quantity('value', 7, 'mmol/L', '毫摩尔'),
        uri('http://example.org/a'),
        { ...refers('subject', 'Patient/q'), version: '2' } as Entry,
        refers('author', 'Practitioner/d'),
      ],
    }),
    put('Observation/c', { entries: [refers('subject', 'Group/p'), uri('http://example.org/ab')] }),
    put('Patient/p', { entries: [token('gender', 'g', 'male'), refers('gp', 'Practitioner/d')] }),
    put('Patient/q', { entries: [token('gender', 'g', 'female')] }),
    put('Practitioner/d', { entries: [string('name', 'Wang')] }),
    put('Observation/gone', { entries: [token('code', 'loinc', '1-8'), refers('subject', 'Patient/p')] }),
  );
  await commit(store, remove('Observation/gone'));
}

const date = (...parts: readonly string[]): Filter => match('date', { kind: 'date', where: where(...parts) });
const score = (...parts: readonly string[]): Filter => match('score', { kind: 'number', where: where(...parts) });
const text = (how: 'starts' | 'contains' | 'equals' | 'exact', value: string): Filter =>
  match('note', { kind: 'string', how, value });
const url = (how: 'equals' | 'below' | 'above', value: string): Filter => match('url', { kind: 'uri', how, value });
const subject = (id: string, more: { type?: string; version?: string } = {}): Filter =>
  match('subject', { kind: 'reference', id, ...more });
const value = (more: object, ...parts: readonly string[]): Filter =>
  match('value', { kind: 'quantity', where: where(...parts), ...more });
const pair = (code: string, ...parts: readonly string[]): Filter => ({
  op: 'tuple',
  param: 'pair',
  tests: [
    { kind: 'token', code },
    { kind: 'quantity', where: where(...parts) },
  ],
});
const chain = (param: string, types: readonly string[], inner: Filter): Filter => ({
  op: 'chain',
  param,
  types,
  where: inner,
});
const has = (type: string, param: string, inner: Filter): Filter => ({ op: 'has', type, param, where: inner });

/** Name of the case, filter, ids of the Observations that pass. */
const observations: readonly (readonly [string, Filter, string])[] = [
  ['all', { op: 'all' }, 'a b c'],
  ['none', { op: 'none' }, ''],
  ['token: code of any system', isToken('code', undefined, '1-8'), 'a b'],
  ['token: system and code', isToken('code', 'loinc', '1-8'), 'a'],
  ['token: without system', isToken('code', '', '1-8'), 'b'],
  ['token: any code of a system', isToken('code', 'local'), 'a'],
  ['token: unknown system', isToken('code', 'nowhere', '1-8'), ''],
  ['token: unknown parameter', isToken('nothing', 'loinc', '1-8'), ''],
  ['string: starts', text('starts', 'zh'), 'a'],
  ['string: starts, second entry', text('starts', 'xy'), 'b'],
  ['string: starts is compared folded', text('starts', 'Xy'), ''],
  ['string: contains', text('contains', 'b'), 'b'],
  ['string: contains 三', text('contains', '三'), 'a'],
  ['string: exact as written', text('exact', 'Xyz'), 'b'],
  ['string: exact is not folded', text('exact', 'xyz'), ''],
  ['string: exact of what is folded already', text('exact', 'abc'), 'b'],
  ['string: contains takes % as it is', text('contains', '%'), ''],
  ['date: within', date('low >= 100', 'high <= 200'), 'a'],
  ['date: within a larger range', date('low >= 0', 'high <= 300'), 'a b'],
  ['date: after', date('high > 200'), 'b'],
  ['date: overlaps', date('low < 160', 'high > 100'), 'a b'],
  ['date: begins at', date('low = 150'), 'b'],
  ['number', score('low >= 0.5', 'high < 2'), 'a'],
  ['number: negative', score('high <= -1'), 'b'],
  ['number: no bound beats infinity', score('low < Infinity', 'high > -Infinity'), 'a b'],
  ['quantity: value alone', value({}, 'low >= 100'), 'a'],
  ['quantity: system and code', value({ system: 'ucum', code: 'mmol/L' }, 'low >= 0'), 'b'],
  ['quantity: other system', value({ system: 'other', code: 'mmol/L' }, 'low >= 0'), ''],
  ['quantity: code as unit', value({ unit: 'mm[Hg]' }, 'low >= 0'), 'a'],
  ['quantity: printed unit', value({ unit: '毫摩尔' }, 'low >= 0'), 'b'],
  ['uri: equals', url('equals', 'http://example.org/a'), 'b'],
  ['uri: below', url('below', 'http://example.org/a'), 'a b'],
  ['uri: below, with the slash', url('below', 'http://example.org/a/'), 'a b'],
  ['uri: above', url('above', 'http://example.org/a/b/c'), 'a b'],
  ['uri: above stops at the value', url('above', 'http://example.org/a'), 'b'],
  ['reference', subject('p', { type: 'Patient' }), 'a'],
  ['reference: any type', subject('p'), 'a c'],
  ['reference: version', subject('q', { type: 'Patient', version: '2' }), 'b'],
  ['reference: other version', subject('q', { type: 'Patient', version: '1' }), ''],
  ['reference: unknown target', subject('z', { type: 'Patient' }), ''],
  ['reference: unknown type', subject('p', { type: 'Device' }), ''],
  ['and', { op: 'and', of: [isToken('code', undefined, '1-8'), date('high > 200')] }, 'b'],
  ['and: unknown among them', { op: 'and', of: [isToken('code', 'loinc', '1-8'), isToken('x', 'y')] }, ''],
  ['or: of one parameter', { op: 'or', of: [isToken('code', 'local', 'x'), isToken('code', '', '1-8')] }, 'a b'],
  ['or: one list', { op: 'or', of: [subject('p', { type: 'Patient' }), subject('q', { type: 'Patient' })] }, 'a b'],
  ['or: two parameters', { op: 'or', of: [score('low < 0'), url('equals', 'http://example.org/ab')] }, 'b c'],
  ['or: with a negation', { op: 'or', of: [not(isToken('code', undefined)), isToken('code', 'local')] }, 'a c'],
  [
    'or in and',
    { op: 'and', of: [{ op: 'or', of: [isToken('code', 'loinc'), text('exact', 'abc')] }, score('low < 0')] },
    'b',
  ],
  ['and in or', { op: 'or', of: [{ op: 'and', of: [isToken('code', 'loinc'), score('low < 0')] }, subject('q')] }, 'b'],
  ['or of nothing', { op: 'or', of: [] }, ''],
  ['and of nothing', { op: 'and', of: [] }, 'a b c'],
  ['not', not(isToken('code', undefined, '1-8')), 'c'],
  ['not: unknown parameter', not(isToken('nothing', 'x')), 'a b c'],
  ['not not', not(not(isToken('code', 'loinc'))), 'a'],
  ['type: all of them', { op: 'type', types: ['Observation', 'Patient'] }, 'a b c'],
  ['type: another', { op: 'type', types: ['Patient'] }, ''],
  ['id', { op: 'id', ids: ['c', 'a', 'zz', 'gone'] }, 'a c'],
  ['id: not', not({ op: 'id', ids: ['a'] }), 'b c'],
  ['present', { op: 'present', param: 'code' }, 'a b'],
  ['present: a reference', { op: 'present', param: 'author' }, 'b'],
  ['missing', not({ op: 'present', param: 'note' }), 'c'],
  ['tuple: same position', pair('sys', 'low >= 140'), 'a'],
  ['tuple: not across positions', pair('dia', 'low >= 140'), ''],
  ['tuple: not', not(pair('dia', 'low >= 140')), 'a b c'],
  ['chain', chain('subject', ['Patient'], isToken('gender', 'g', 'male')), 'a'],
  ['chain: to everything of a type', chain('subject', ['Patient'], { op: 'all' }), 'a b'],
  ['chain: target that never arrived', chain('subject', ['Group'], { op: 'all' }), ''],
  ['chain: negation inside', chain('subject', ['Patient'], not(isToken('gender', 'g', 'male'))), 'b'],
  ['chain: negation outside', not(chain('subject', ['Patient'], isToken('gender', 'g', 'male'))), 'b c'],
  ['chain: by id', chain('subject', ['Patient', 'Group'], { op: 'id', ids: ['p'] }), 'a'],
  [
    'chain of two links',
    chain(
      'subject',
      ['Patient'],
      chain('gp', ['Practitioner'], match('name', { kind: 'string', how: 'starts', value: 'wang' })),
    ),
    'a',
  ],
  [
    'chain and has',
    chain('subject', ['Patient'], has('Observation', 'subject', { op: 'present', param: 'author' })),
    'b',
  ],
];

const others: readonly (readonly [string, string | readonly string[], Filter, string])[] = [
  ['has', 'Patient', has('Observation', 'subject', isToken('code', 'loinc', '1-8')), 'p'],
  [
    'has: deleted ones do not count',
    'Patient',
    has('Observation', 'subject', isToken('code', undefined, '1-8')),
    'p q',
  ],
  ['has: of any', 'Practitioner', has('Observation', 'author', { op: 'all' }), 'd'],
  ['has: not', 'Patient', not(has('Observation', 'subject', isToken('code', 'loinc'))), 'q'],
  ['has of has', 'Practitioner', has('Patient', 'gp', has('Observation', 'subject', isToken('code', 'loinc'))), 'd'],
  ['several types', ['Patient', 'Practitioner'], { op: 'all' }, 'p q d'],
  ['several types, one parameter', ['Patient', 'Observation'], isToken('code', 'loinc'), 'a'],
  ['several types, narrowed', ['Patient', 'Practitioner'], { op: 'type', types: ['Patient', 'Group'] }, 'p q'],
  ['several types, by id', ['Patient', 'Practitioner'], { op: 'id', ids: ['d', 'q'] }, 'q d'],
  ['a type of which there is none', 'Device', { op: 'all' }, ''],
  ['a type that was only referred to', 'Group', { op: 'all' }, ''],
];

/** What each filter finds. */
export function searching(t: Test, open: Open): void {
  t.test('find', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const words = (list: string): readonly string[] => list.split(' ').filter(Boolean).sort();
    for (const [name, filter, expected] of observations) {
      const page = await store.find(plan('Observation', filter, { total: 'accurate' }));
      t.strictSame([[...ids(page)].sort(), page.total], [words(expected), words(expected).length], name);
      const twice = await store.find(plan('Observation', not(not(filter))));
      t.strictSame([...ids(twice)].sort(), words(expected), `${name}, negated twice`);
    }
    for (const [name, type, filter, expected] of others) {
      const page = await store.find(plan(type, filter, { total: 'accurate' }));
      t.strictSame([[...ids(page)].sort(), page.total], [words(expected), words(expected).length], name);
      const twice = await store.find(plan(type, not(not(filter))));
      t.strictSame([...ids(twice)].sort(), words(expected), `${name}, negated twice`);
    }
  });

  t.test('find by lastUpdated', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const times: number[] = [];
    for (const id of ['a', 'b', 'c']) {
      const { versions } = await commit(store, put(`Basic/${id}`));
      times.push(versions[0]?.lastUpdated ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const [a = 0, b = 0, c = 0] = times;
    const table: readonly (readonly [Compare['op'], number, string])[] = [
      ['>', a, 'b c'],
      ['>=', b, 'b c'],
      ['<', b, 'a'],
      ['<=', b, 'a b'],
      ['=', b, 'b'],
      ['>', c, ''],
      ['<', c + 1000, 'a b c'],
    ];
    for (const [op, time, expected] of table) {
      const filter: Filter = { op: 'lastUpdated', where: [{ bound: 'low', op, value: time }] };
      t.equal(ids(await store.find(plan('Basic', filter))).join(' '), expected, `${op} ${times.indexOf(time)}`);
      const rest = [...ids(await store.find(plan('Basic', not(filter))))].join(' ');
      t.equal(rest, ['a', 'b', 'c'].filter((id) => !expected.includes(id)).join(' '), 'and its negation');
    }
  });

  t.test('a list of more values than an expression may nest', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const many = (f: (n: number) => Filter): Filter => ({ op: 'or', of: Array.from({ length: 1500 }, (_, n) => f(n)) });
    const tokens = many((n) => isToken('code', 'loinc', `${n}-8`));
    const texts = many((n) => text('exact', n === 7 ? 'abc' : `${n}`));
    t.strictSame(ids(await store.find(plan('Observation', tokens))), ['a']);
    t.strictSame(ids(await store.find(plan('Observation', texts))), ['b']);
  });

  t.test('one filter for the targets of two chains', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      put('Basic/1', { entries: [refers('x', 'Patient/a'), refers('y', 'Group/b')] }),
      put('Patient/a', { entries: [token('code', 's', 'x')] }),
      put('Group/b', { entries: [token('code', 's', 'x')] }),
    );
    const same = isToken('code', 's', 'x');
    const both: Filter = { op: 'and', of: [chain('x', ['Patient'], same), chain('y', ['Group'], same)] };
    t.strictSame(ids(await store.find(plan('Basic', both))), ['1']);
  });

  t.test('texts at the length that an index may cut', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const texts = [99, 100, 101].map((n) => 'x'.repeat(n));
    const cut = `${'x'.repeat(99)}𠮷z`;
    for (const [i, value] of [...texts, cut].entries())
      await commit(store, put(`Basic/${i}`, { entries: [string('note', value)] }));
    for (const [i, value] of [...texts, cut].entries()) {
      t.strictSame(ids(await store.find(plan('Basic', text('equals', value)))), [`${i}`]);
      t.strictSame(ids(await store.find(plan('Basic', text('exact', value)))), [`${i}`]);
    }
    t.strictSame(ids(await store.find(plan('Basic', text('starts', texts[2] ?? '')))), ['2']);
  });

  t.test('2,000 tests in one search', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const list = (f: (n: number) => Filter): Filter => ({ op: 'or', of: Array.from({ length: 500 }, (_, n) => f(n)) });
    const lists: readonly Filter[] = [
      list((n) => value({ system: 'ucum', code: `c${n}` }, `low >= ${n}`, `high <= ${n + 1}`)),
      list((n) => pair(`s${n}`, 'low >= 140')),
      list((n) => chain('author', ['Practitioner'], match('name', { kind: 'string', how: 'starts', value: `x${n}` }))),
      list((n) => has('Observation', 'subject', text('contains', `x${n}`))),
    ];
    t.strictSame(ids(await store.find(plan('Observation', { op: 'and', of: lists }))), []);
    t.strictSame(ids(await store.find(plan('Observation', not({ op: 'or', of: lists })))), ['a', 'b', 'c']);
  });
}
