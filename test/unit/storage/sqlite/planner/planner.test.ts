import { join } from 'node:path';
import t from 'tap';
import type { Entry } from '#search/model/entry.ts';
import { and, type Filter, or, type Test } from '#search/model/filter.ts';
import { Connection } from '#storage/sqlite/database/connection.ts';
import { sql } from '#storage/sqlite/database/fragment.ts';
import { Names } from '#storage/sqlite/database/names.ts';
import { Planner } from '#storage/sqlite/planner/planner.ts';
import { storeIn } from '#test/process/store.ts';

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const code = (value: string): Filter => match('code', { kind: 'token', system: 's', code: value });
const common = match('status', { kind: 'token', code: 'final' });
const patient = (id: string): Filter => match('patient', { kind: 'reference', type: 'Patient', id });
const after = (low: number): Filter => match('date', { kind: 'date', where: [{ bound: 'low', op: '>=', value: low }] });
const id = (value: string): Filter => ({ op: 'id', ids: [value] });
const before = (high: number): Filter =>
  match('date', { kind: 'date', where: [{ bound: 'high', op: '<=', value: high }] });
const not = (of: Filter): Filter => ({ op: 'not', of });
const chain = (where: Filter): Filter => ({ op: 'chain', param: 'patient', types: ['Patient'], where });

/** Name, filter, in order of creation or any, and how the plan of SQLite begins. */
const table: readonly (readonly [string, Filter, 'page' | 'all', RegExp])[] = [
  ['one equality', code('c7'), 'page', /^SEARCH d USING PRIMARY KEY \(param=\? AND code=\? AND system=\?\)/],
  ['the rarer of two', and([common, patient('p3')]), 'page', /^SEARCH d USING PRIMARY KEY \(target=\? AND param=\?\)/],
  ['the rarer, whatever the order', and([patient('p3'), common]), 'all', /^SEARCH d USING PRIMARY KEY \(target=\?/],
  ['a rare code before a common patient', and([patient('p0'), code('rare')]), 'page', /^SEARCH d .*code=\?/],
  ['an id before everything', and([common, id('o5')]), 'page', /^SEARCH d USING INDEX resource_id/],
  [
    'a list of values',
    or([code('c1'), code('c2')]),
    'all',
    /^SEARCH t USING PRIMARY KEY \(param=\? AND code=\? AND system=\?\)/,
  ],
  [
    'a late date',
    and([common, after(2990)]),
    'all',
    /^SEARCH t USING PRIMARY KEY \(param=\? AND width=\? AND low>\?\)/,
  ],
  [
    'two sides of a date',
    and([after(1000), before(1010)]),
    'all',
    /^SEARCH t USING PRIMARY KEY \(param=\? AND width=\? AND low>\? AND low<\?\)/,
  ],
  ['a chain to few', and([common, chain(id('p3'))]), 'all', /^SEARCH d USING PRIMARY KEY \(target=\?/],
  ['a page of two common ones in the order of one', and([common, after(100)]), 'page', /^SEARCH d .*code=\?/],
  ['a negation', not(code('c7')), 'page', /^SEARCH d USING COVERING INDEX resource_live/],
  [
    'a negation that other values answer',
    not(match('code', { kind: 'token', code: 'c7' })),
    'page',
    /^SEARCH t USING PRIMARY KEY \(param=\? AND code=\? AND system=\?\)/,
  ],
  ['everything', { op: 'all' }, 'page', /^SEARCH d USING COVERING INDEX resource_live/],
];

t.test('a search starts from its rarest criterion and checks the rest by resource', async (t) => {
  const path = join(t.testdir(), 'plans.db');
  const store = await storeIn(path);
  t.teardown(() => store.close());
  const writes = Array.from({ length: 3000 }, (_, n) => {
    const entries: readonly Entry[] = [
      { kind: 'token', param: 'status', system: 'x', code: 'final' },
      { kind: 'token', param: 'code', system: 's', code: n === 9 ? 'rare' : `c${n % 10}` },
      { kind: 'reference', param: 'patient', type: 'Patient', id: n % 3 === 0 ? 'p0' : `p${n % 300}` },
      { kind: 'date', param: 'date', low: n, high: n + 1 },
    ];
    const draft = { head: '{"meta":{', tail: '}}' };
    return {
      method: 'PUT' as const,
      type: 'Observation',
      id: `o${n}`,
      draft,
      index: () => ({ entries, patients: [] }),
    };
  });
  const entries: readonly Entry[] = [{ kind: 'token', param: 'active', system: '', code: 'true' }];
  const patients = ['p0', 'p3'].map((id) => ({
    ...writes[0],
    type: 'Patient',
    id,
    index: () => ({ entries, patients: [] }),
  }));
  const all = [...writes, ...patients] as typeof writes;
  await store.transact({ guards: [], references: 'lenient', rights: { op: 'all' }, writes: all });

  const connection = Connection.reader(path, 4000);
  const names = new Names(connection);
  const selection = new Planner(connection, names);
  const planned = (filter: Filter, purpose: 'page' | 'all'): readonly string[] => {
    const types = names.types(['Observation']);
    const { from, where } = selection.base(types, filter, purpose === 'page' ? { page: 10 } : 'all');
    const query = sql`EXPLAIN QUERY PLAN SELECT DISTINCT d.rid FROM ${from} WHERE ${where} ORDER BY d.rid LIMIT 10`;
    return connection.rows(query).map((row) => String(row[3]));
  };
  for (const [name, filter, purpose, begins] of table) {
    const steps = planned(filter, purpose).filter((step) => /^S(EARCH|CAN) [dt] /.test(step));
    t.match(steps[0], begins, `${name}: ${planned(filter, purpose)}`);
  }

  t.equal(selection.base(names.types(['Observation']), code('c7'), 'all').where.text.includes('passes_filter'), false);
  t.equal(
    selection
      .base(names.types(['Observation']), and([code('c7'), after(100)]), 'all')
      .where.text.includes('passes_filter'),
    true,
  );
  connection.close();
});
