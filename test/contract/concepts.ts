import type { Test } from 'tap';
import { and, everything, type Filter, not, or } from '#search/model/filter.ts';
import type { Store, Transaction } from '#storage/store.ts';
import {
  commit,
  ids,
  isToken,
  type Open,
  outcome,
  pages,
  plan,
  put,
  refers,
  remove,
  rightsOf,
  token,
  transaction,
} from './build.ts';

type Sets = NonNullable<Transaction['concepts']>;

/** Rows from `system|code`. */
const rows = (...concepts: readonly string[]) =>
  concepts.map((concept) => {
    const [system = '', code = ''] = concept.split('|');
    return { system, code };
  });

const among = (set: string, param = 'code'): Filter => ({ op: 'match', param, test: { kind: 'concept', set } });
const ofSubject = (where: Filter): Filter => ({ op: 'chain', param: 'subject', types: ['Patient'], where });
const withBasic = (where: Filter): Filter => ({ op: 'has', type: 'Basic', param: 'subject', where });

async function keep(store: Store, concepts: Sets): Promise<void> {
  const made = await store.transact(transaction([], { concepts }));
  if ('conflict' in made) throw new Error(`unexpected conflict: ${JSON.stringify(made)}`);
}

async function found(store: Store, where: Filter, type = 'Basic'): Promise<string> {
  return ids(await store.find(plan(type, where))).join(' ');
}

/** Basics with codes, two of which have a subject with a code. */
async function filled(store: Store): Promise<void> {
  const basic = (id: string, code: string, subject?: string) => {
    const [system = '', value = ''] = code.split('|');
    const refer = subject === undefined ? [] : [refers('subject', `Patient/${subject}`)];
    return put(`Basic/${id}`, { entries: [token('code', system, value), ...refer] });
  };
  await commit(
    store,
    put('Patient/p', { entries: [token('code', 's', 'p')] }),
    put('Patient/q', { entries: [token('code', 's', 'q')] }),
    basic('a', 's|1', 'p'),
    basic('b', 't|1', 'q'),
    basic('c', '|1'),
    basic('d', 's|2'),
    put('Basic/e', { entries: [token('code', 's', '1'), token('code', 't', '9'), token('other', 's', '2')] }),
    put('Basic/f', { entries: [{ kind: 'string', param: 'code', value: '1', exact: '1' }] }),
    put('Basic/g', { entries: [{ ...token('contained:Device:code', 's', '2'), pos: 0 }] }),
  );
}

const sets: Sets = {
  one: rows('s|1'),
  two: rows('s|1', 't|1', 's|1'),
  plain: rows('|1'),
  nobody: rows('s|7', 'u|1', 'unknown|1'),
  none: [],
  people: rows('s|p'),
  '甲 set': rows('s|2'),
};

const table: readonly (readonly [string, Filter, string])[] = [
  ['a code of a system', among('one'), 'a e'],
  ['two systems', among('two'), 'a b e'],
  ['no system', among('plain'), 'c'],
  ['any name', among('甲 set'), 'd'],
  ['another parameter', among('甲 set', 'other'), 'e'],
  ['concepts that nobody has', among('nobody'), ''],
  ['no concepts', among('none'), ''],
  ['a set that is not known', among('unknown'), ''],
  ['a parameter that is not known', among('one', 'unknown'), ''],
  ['not', not(among('two')), 'c d f g'],
  ['not an unknown one', not(among('unknown')), 'a b c d e f g'],
  ['and', and([among('two'), isToken('code', 't')]), 'b e'],
  ['and another', and([among('two'), among('甲 set', 'other')]), 'e'],
  ['and not', and([among('two'), not(among('one'))]), 'b'],
  ['or', or([among('plain'), among('甲 set'), { op: 'id', ids: ['f'] }]), 'c d f'],
  ['or both', or([and([among('two'), isToken('code', 't')]), and([among('plain'), not(among('one'))])]), 'b c e'],
  ['an id', and([among('two'), { op: 'id', ids: ['b', 'c'] }]), 'b'],
  ['a chain', ofSubject(among('people')), 'a'],
  ['not a chain', and([ofSubject(everything), not(ofSubject(among('people')))]), 'b'],
  ['what a chain comes from', and([ofSubject(everything), among('one')]), 'a'],
  ['a chain back', ofSubject(withBasic(among('one'))), 'a'],
  ['what is contained', { op: 'contained', type: 'Device', where: among('甲 set') }, 'g'],
  ['what is not', { op: 'contained', type: 'Device', where: among('one') }, ''],
];

/** Sets of concepts, and what is found by them. */
export function concepts(t: Test, open: Open): void {
  t.test('a token is found by the set that has its concept', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    t.equal(await found(store, among('one')), '', 'in an empty store');
    await filled(store);
    t.equal(await found(store, not(among('one'))), 'a b c d e f g', 'before a set is there');
    await keep(store, sets);
    for (const [title, where, expected] of table) {
      t.equal(await found(store, where), expected, title);
      const counted = await store.find(plan('Basic', where, { limit: 0, total: 'accurate' }));
      t.equal(counted.total, expected === '' ? 0 : expected.split(' ').length, `${title}, counted`);
    }
    t.equal(await found(store, withBasic(among('one')), 'Patient'), 'p', '_has');
    t.equal(await found(store, not(withBasic(among('one'))), 'Patient'), 'q', 'not _has');
    const both = await store.find(plan(['Patient', 'Basic'], or([among('people'), among('plain')]), { explain: true }));
    t.strictSame(ids(both), ['p', 'c'], 'two types');
    t.ok(
      both.explanation?.steps.some(({ part }) => part.includes('people')),
      'and it is explained',
    );
    if (reopen === undefined) return;
    const again = await reopen();
    for (const [title, where, expected] of table) t.equal(await found(again, where), expected, `${title}, kept`);
  });

  t.test('a set is replaced whole, or forgotten, with its transaction', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const steps: readonly (readonly [string, Sets, string, string])[] = [
      ['made', { x: rows('s|1'), y: rows('s|2') }, 'a e', 'd'],
      ['replaced', { x: rows('t|1', '|1') }, 'b c', 'd'],
      ['the same again', { x: rows('t|1', '|1') }, 'b c', 'd'],
      ['one forgotten, one replaced', { x: undefined, y: rows('s|1') }, '', 'a e'],
      ['made anew', { x: rows('s|2') }, 'd', 'a e'],
      ['of nothing', { x: [] }, '', 'a e'],
      ['what is not there', { unknown: undefined }, '', 'a e'],
    ];
    for (const [title, changed, x, y] of steps) {
      await keep(store, changed);
      t.strictSame([await found(store, among('x')), await found(store, among('y'))], [x, y], title);
    }
    const refused = transaction([put('Basic/a', { expect: 7 })], { concepts: { x: rows('s|1'), y: undefined } });
    t.match(await store.transact(refused), { conflict: 'version' });
    t.strictSame([await found(store, among('x')), await found(store, among('y'))], ['', 'a e']);
    // What comes after the set is found by it like what was there before.
    await commit(store, put('Basic/h', { entries: [token('code', 's', '1')] }), put('Basic/a'), remove('Basic/e'));
    t.equal(await found(store, among('y')), 'h');
    t.equal(await store.lastSeq(), 12, 'a set is no version');
  });

  t.test('rights and guards may name a set', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    await keep(store, { x: rows('s|1') });
    const rights = among('x');
    const coded = (id: string, code: string) => put(`Basic/${id}`, { entries: [token('code', 's', code)] });
    const write = async (written: ReturnType<typeof put>, more: Partial<Transaction> = {}) =>
      outcome(await store.transact(transaction([written], { rights: rightsOf(rights), ...more })));
    const denied = { conflict: 'rights', write: 0 };
    t.strictSame(await write(coded('a', '1')), ['Basic/a/2']);
    t.strictSame(await write(coded('a', '2')), denied, 'after the write');
    t.strictSame(await write(coded('d', '1')), denied, 'before the write');
    t.strictSame(await write(coded('new', '2')), denied);
    t.strictSame(
      await write(coded('new', '2'), { concepts: { x: rows('s|1', 's|2') } }),
      ['Basic/new/1'],
      'what it replaces counts',
    );
    t.strictSame(await write(coded('d', '2')), ['Basic/d/2']);
    t.strictSame(await write(remove('Basic/d')), ['Basic/d/3']);
    const seen = await store.history({ limit: 100, rights });
    t.strictSame([...new Set(ids(seen))].toSorted(), ['a', 'd', 'e', 'new'], 'a deleted one by its last contents');
    await commit(store, put('Patient/p', { patients: ['p'], entries: [token('code', 's', '1')] }));
    await commit(
      store,
      put('Basic/of-p', { patients: ['p'], entries: [token('code', 's', '2')] }),
      put('Basic/hidden', { patients: ['p'] }),
    );
    const scanned = (await Array.fromAsync(store.scan({ types: ['Basic'], rights }))).flat();
    t.strictSame(
      scanned.map((p) => [p.patient.id, ...p.records.map(({ id }) => id)]),
      [['p', 'of-p']],
    );
    const guards = [{ plan: plan('Basic', among('x')), expect: ['a', 'e', 'new', 'of-p'] }];
    const guarded = (more: Partial<Transaction>) => store.transact(transaction([put('Device/x')], { guards, ...more }));
    t.strictSame(outcome(await guarded({ concepts: { x: rows('s|2') } })), ['Device/x/1'], 'guards see the set before');
    t.match(await guarded({}), { conflict: 'guard' });
  });

  t.test('a set of 100,000 rows is as good as one of few', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const many = Array.from({ length: 100_000 }, (_, n) => ({ system: n % 2 === 0 ? 's' : '', code: `${n}` }));
    await keep(store, { many, odd: many.filter(({ system }) => system === '') });
    const made = Array.from({ length: 300 }, (_, n) => ({
      id: `b${n}`,
      system: n % 3 === 0 ? 's' : '',
      code: `${300 * n}`,
    }));
    await commit(
      store,
      ...made.map(({ id, system, code }) =>
        put(`Basic/${id}`, { entries: [token('code', system, code), token('third', '', `${Number(code) % 900}`)] }),
      ),
    );
    const expected = made.filter(({ system }) => system === 's').map(({ id }) => id);
    const third = isToken('third', '', '300');
    const size = { limit: 7, total: 'accurate' } as const;
    t.strictSame((await pages(store, plan('Basic', among('many'), size))).flat(), expected);
    t.equal((await store.find(plan('Basic', among('many'), size))).total, 100);
    t.strictSame((await pages(store, plan('Basic', not(among('many')), size))).flat().length, 200);
    t.strictSame((await pages(store, plan('Basic', and([among('many'), third]), size))).flat(), []);
    t.equal((await pages(store, plan('Basic', and([not(among('many')), third]), size))).flat().length, 100);
    t.equal(await found(store, among('odd')), '');
    const byCode = { ...size, sort: [{ param: 'code', kind: 'token', descending: true }] } as const;
    const sorted = (await pages(store, plan('Basic', among('many'), byCode))).flat();
    t.strictSame(sorted.toSorted(), expected.toSorted());
    await keep(store, { many: rows('s|0'), odd: many });
    t.equal(await found(store, among('many')), 'b0', 'what was counted of the set before is not taken for it');
    t.strictSame((await pages(store, plan('Basic', among('odd'), size))).flat(), expected);
  });

  t.test('no search sees half a set', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const all = Array.from({ length: 60 }, (_, n) => `b${n}`);
    await commit(store, ...all.map((id) => put(`Basic/${id}`, { entries: [token('code', 's', id)] })));
    const [low, high] = [all.slice(0, 30), all.slice(30)];
    const x = (codes: readonly string[]) => ({ x: codes.map((code) => ({ system: 's', code })) });
    await keep(store, x(low));
    let done = false;
    const replacing = (async () => {
      for (let i = 0; i < 40; i++) await keep(store, x(i % 2 === 0 ? high : low));
      done = true;
    })();
    const halves = new Set([low.join(' '), high.join(' ')]);
    let looks = 0;
    while (!done) {
      const [one, rest] = [await found(store, among('x')), await found(store, not(among('x')))];
      const { found: page, total } = await store.find(plan('Basic', among('x'), { limit: 50, total: 'accurate' }));
      if (!halves.has(one) || !halves.has(rest) || page.length !== 30 || total !== 30)
        t.fail('half a set', { one, rest, total });
      looks += 1;
    }
    await replacing;
    t.ok(looks > 0, `${looks} looks`);
    t.equal(await found(store, among('x')), low.join(' '));
  });
}
