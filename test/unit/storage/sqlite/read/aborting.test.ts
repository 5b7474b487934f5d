import { join } from 'node:path';
import t from 'tap';
import type { Entry } from '#search/model/entry.ts';
import { and, everything, type Filter, not, or, type Plan, type SortKey, type Test } from '#search/model/filter.ts';
import { identityOf } from '#storage/sqlite/database/identity.ts';
import { openReads, type ReaderMethods } from '#storage/sqlite/read/reads.ts';
import { commit, isToken, plan, put, refers, string, token, transaction } from '#test/contract/build.ts';
import { openFile } from '#test/contract/opened.ts';

// More than the planner takes for a few.
const many = 20_500;

/** Rows between two looks at the flag, at most on average; and so, looks of a statement that walks all rows. */
const looks = Math.floor(many / 256 / 2);

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const none = isToken('code', undefined, 'none');
const sort = (param: string, kind: SortKey['kind'], descending = false): readonly SortKey[] => [
  { param, kind, descending },
];
const find =
  (where: Filter, more: Partial<Plan> = {}, type: string | readonly string[] = 'Observation') =>
  (reads: ReaderMethods) =>
    reads.find(plan(type, where, more));

/** What is true of all, by a predicate alone. */
const all = match('name', { kind: 'string', how: 'contains', value: 'n' });
const nothing = and([all, not(all)]);
const few: Partial<Plan> = { limit: 1 };
const counted: Partial<Plan> = { limit: 0, total: 'accurate' };

/** Each walks the rows of thousands of resources. */
const searches: readonly (readonly [name: string, read: (reads: ReaderMethods) => unknown])[] = [
  ['nothing passes', find(nothing, few)],
  ['a value that all have, in several systems', find(isToken('status', undefined, 'final'), counted)],
  ['a beginning', find(match('name', { kind: 'string', how: 'starts', value: 'n' }), counted)],
  ['no beginning', find(match('name', { kind: 'string', how: 'contains', value: 'zz' }), few)],
  ['alternatives', find(or([match('name', { kind: 'string', how: 'starts', value: 'n' }), none]), counted)],
  ['a date', find(match('date', { kind: 'date', where: [{ bound: 'high', op: '>=', value: 0 }] }), counted)],
  ['a number', find(match('number', { kind: 'number', where: [{ bound: 'low', op: '>=', value: 0 }] }), counted)],
  ['a quantity', find(match('quantity', { kind: 'quantity', where: [{ bound: 'low', op: '>=', value: 0 }] }), counted)],
  ['URIs below', find(match('url', { kind: 'uri', how: 'below', value: 'http://x' }), counted)],
  ['a place', find(match('near', { kind: 'near', latitude: 0, longitude: 0, kilometres: 20_000 }), counted)],
  ['words', find({ op: 'words', of: 'text', words: ['common'] }, counted)],
  ['a set of concepts that nothing has', find(match('code', { kind: 'concept', set: 'absent' }), few)],
  ['a set of concepts that all have', find(match('code', { kind: 'concept', set: 'present' }), counted)],
  ['a chain to many', find({ op: 'chain', param: 'subject', types: ['Patient'], where: not(none) }, counted)],
  ['what many refer to', find({ op: 'has', type: 'Observation', param: 'subject', where: all }, counted, 'Patient')],
  ['times of changes', find({ op: 'lastUpdated', where: [{ bound: 'low', op: '>=', value: 0 }] }, counted)],
  ['by time', find(nothing, { sort: sort('x', 'lastUpdated', true), ...few })],
  [
    'by time, of one of many types',
    find(nothing, { sort: sort('x', 'lastUpdated'), ...few }, ['Observation', 'Basic']),
  ],
  ['by a string', find(nothing, { sort: sort('name', 'string'), ...few })],
  ['by a date', find(nothing, { sort: sort('date', 'date', true), ...few })],
  ['by a token', find(everything, { sort: sort('code', 'token'), ...few })],
  ['by a reference', find(everything, { sort: sort('subject', 'reference'), ...few })],
  ['by id', find(everything, { sort: sort('x', 'id'), ...few })],
  ['by two keys', find(everything, { sort: [...sort('code', 'token'), ...sort('x', 'id')], ...few })],
  ['an estimated total', find(all, { limit: 0, total: 'estimate' })],
];

const others: readonly (readonly [name: string, read: (reads: ReaderMethods) => unknown])[] = [
  ['a history by rights', (reads) => reads.history({ limit: 1, rights: nothing })],
  ['a history of a time', (reads) => reads.history({ limit: 1, currentFrom: 8e15, rights: everything })],
  ['the total of a history', (reads) => reads.history({ limit: 0, total: true, rights: everything })],
  ['a page of texts', (reads) => reads.find(plan('Observation', everything, { limit: many }))],
  ['versions', (reads) => reads.history({ limit: many, rights: everything })],
  ['changes', (reads) => reads.changes({ after: 0, limit: many })],
  ['a scan by rights', (reads) => reads.scan({ needs: { types: [], rights: nothing }, from: 0 })],
  [
    'records',
    (reads) => reads.scan({ needs: { types: ['Observation'], rights: everything, patients: ['p0'] }, from: 0 }),
  ],
  ['pending references', (reads) => reads.pending({ limit: many })],
  ['touched', (reads) => reads.touched({ after: 0, limit: 1 })],
  ['results of which none holds', (reads) => reads.results({ key: 'old', limit: 1 })],
];

async function fill(path: string): Promise<void> {
  const { store } = await openFile(path);
  const numbers = [...Array(many).keys()];
  const observation = (n: number) =>
    put(`Observation/o${n}`, {
      patients: ['p0'],
      entries: [
        token('status', `s${n % 3}`, 'final'),
        token('code', 'c', `${n}`),
        string('name', `n${n}`),
        { kind: 'date', param: 'date', low: n, high: n + 1 },
        { kind: 'number', param: 'number', low: n, high: n + 0.5 },
        { kind: 'quantity', param: 'quantity', low: n, high: n + 0.5, system: '', code: 'mg', unit: 'mg' },
        { kind: 'uri', param: 'url', value: `http://x/${n}` },
        { kind: 'position', param: 'near', latitude: 0, longitude: 0 },
        refers('subject', `Patient/p${n}`),
        refers('device', `Device/d${n}`),
      ] satisfies Entry[],
    });
  const worded = (n: number) => {
    const write = observation(n);
    return { ...write, index: () => ({ ...write.index(), words: { text: ['common'], content: [] } }) };
  };
  await commit(
    store,
    ...numbers.map((n) => put(`Patient/p${n}`, { patients: [`p${n}`], entries: [string('name', `n${n}`)] })),
    put('Basic/b'),
  );
  const seq = await store.lastSeq();
  await commit(store, ...numbers.map(worded));
  await commit(store, ...numbers.map(worded));
  const kept = await store.transact(
    transaction([], {
      concepts: {
        absent: numbers.map((n) => ({ system: 'c', code: `absent ${n}` })),
        present: numbers.map((n) => ({ system: 'c', code: `${n}` })),
      },
      results: { old: numbers.map((n) => ({ patient: `p${n}`, seq, value: 'x' })) },
    }),
  );
  if ('conflict' in kept) throw new Error(JSON.stringify(kept));
  await commit(
    store,
    ...numbers.map((n) => put(`Patient/p${n}`, { patients: [`p${n}`], entries: [string('name', `n${n}`)] })),
  );
  await store.close();
}

t.test('whatever walks many rows looks often whether it is still waited for, and how long it takes', async (t) => {
  const path = join(t.testdir(), 'aborting.db');
  await fill(path);
  let asked = 0;
  let last = Number.POSITIVE_INFINITY;
  const reads = openReads({ path, identity: identityOf(path) }, () => ++asked >= last);
  t.teardown(() => reads.close(null));
  const run = (read: (reads: ReaderMethods) => unknown, until: number): unknown => {
    asked = 0;
    last = until;
    return read(reads);
  };
  for (const [name, read] of [...searches, ...others]) {
    // What statistics ask is remembered then.
    run(read, Number.POSITIVE_INFINITY);
    run(read, Number.POSITIVE_INFINITY);
    const whole = asked;
    t.ok(whole >= looks, `${name}: it looks ${whole} times`);
    for (const until of [1, Math.ceil(whole / 2)]) {
      t.throws(() => run(read, until), `${name}: it ends at look ${until}`);
      t.equal(asked, until);
    }
  }
  last = Number.POSITIVE_INFINITY;
  for (const [name, read] of searches) {
    const timed = (asked: Plan) => reads.find({ ...asked, timeout: 1e-6 });
    t.ok('exceeded' in (read({ ...reads, find: timed }) as object), `${name}: its time is looked at`);
  }
});
