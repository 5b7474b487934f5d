import { join } from 'node:path';
import t from 'tap';
import type { Entry } from '#search/entry.ts';
import { and, type Filter, or, type Test } from '#search/filter.ts';
import { Connection } from '#storage/sqlite/connection.ts';
import { sql } from '#storage/sqlite/fragment.ts';
import { Names } from '#storage/sqlite/names.ts';
import { Selection } from '#storage/sqlite/select.ts';
import { openSqliteStore } from '#storage/sqlite/store.ts';

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const code = (value: string): Filter => match('code', { kind: 'token', system: 's', code: value });
const common = match('status', { kind: 'token', code: 'final' });
const patient = (id: string): Filter => match('patient', { kind: 'reference', type: 'Patient', id });
const after = (low: number): Filter => match('date', { kind: 'date', where: [{ bound: 'low', op: '>=', value: low }] });
const id = (value: string): Filter => ({ op: 'id', ids: [value] });
const active = match('active', { kind: 'token', code: 'true' });
const chain = (where: Filter): Filter => ({ op: 'chain', param: 'patient', types: ['Patient'], where });

/** Name, filter, in order of creation or any, and how the plan of SQLite begins. */
const table: readonly (readonly [string, Filter, boolean, RegExp])[] = [
  [
    'one equality',
    code('c7'),
    true,
    /^SEARCH d USING COVERING INDEX token_value \(param=\? AND code=\? AND system=\?\)/,
  ],
  ['the rarer of two', and([common, patient('p3')]), true, /^SEARCH d USING COVERING INDEX reference_value/],
  [
    'the rarer, whatever the order',
    and([patient('p3'), common]),
    false,
    /^SEARCH d USING COVERING INDEX reference_value/,
  ],
  [
    'a rare code before a common patient',
    and([patient('p0'), code('rare')]),
    true,
    /^SEARCH d USING COVERING INDEX token_value/,
  ],
  ['an id before everything', and([common, id('o5')]), true, /^SEARCH d USING INDEX resource_id/],
  ['a list of values', or([code('c1'), code('c2')]), false, /^SEARCH d USING COVERING INDEX token_value/],
  ['a late date', and([common, after(2990)]), false, /^SEARCH d USING COVERING INDEX date_value/],
  ['a chain to few', and([common, chain(id('p3'))]), false, /^SEARCH d USING COVERING INDEX reference_value/],
  ['a negation', { op: 'not', of: common }, true, /^SEARCH d USING COVERING INDEX resource_live/],
  ['everything', { op: 'all' }, true, /^SEARCH d USING COVERING INDEX resource_live/],
];

t.test('a search starts from its rarest criterion and checks the rest by resource', async (t) => {
  const path = join(t.testdir(), 'plans.db');
  const store = await openSqliteStore(path);
  t.teardown(() => store.close());
  const writes = Array.from({ length: 3000 }, (_, n) => {
    const entries: readonly Entry[] = [
      { kind: 'token', param: 'status', system: 'x', code: 'final' },
      { kind: 'token', param: 'code', system: 's', code: n === 9 ? 'rare' : `c${n % 10}` },
      { kind: 'reference', param: 'patient', type: 'Patient', id: n % 3 === 0 ? 'p0' : `p${n % 300}` },
      { kind: 'date', param: 'date', low: n, high: n + 1 },
    ];
    const draft = { head: '{"meta":{', tail: '}}' };
    return { method: 'PUT' as const, type: 'Observation', id: `o${n}`, draft, index: { entries, residents: [] } };
  });
  const entries: readonly Entry[] = [{ kind: 'token', param: 'active', system: '', code: 'true' }];
  const patients = ['p0', 'p3'].map((id) => ({ ...writes[0], type: 'Patient', id, index: { entries, residents: [] } }));
  const all = [...writes, ...patients] as typeof writes;
  await store.transact({ guards: [], references: 'lenient', rights: { op: 'all' }, writes: all });

  const connection = Connection.reader(path, 4000);
  const names = new Names(connection);
  const selection = new Selection(connection, names);
  const planned = (filter: Filter, byRid: boolean): readonly string[] => {
    const { from, where } = selection.base(names.types(['Observation']), filter, byRid);
    const query = sql`EXPLAIN QUERY PLAN SELECT DISTINCT d.rid FROM ${from} WHERE ${where} ORDER BY d.rid LIMIT 10`;
    return connection.rows(query).map((row) => String(row[3]));
  };
  for (const [name, filter, byRid, begins] of table) t.match(planned(filter, byRid)[0], begins, name);

  const checked: readonly (readonly [string, Filter])[] = [
    ['token', and([patient('p3'), common])],
    ['date', and([patient('p3'), after(0)])],
    ['chain', and([patient('p3'), chain(active)])],
    ['reference', and([code('rare'), patient('p0')])],
  ];
  for (const [name, filter] of checked) {
    const steps = planned(filter, true).filter((step) => /^(SEARCH|SCAN) [a-z]\d/.test(step));
    t.ok(
      steps.length > 0 && steps.every((s) => /USING PRIMARY KEY \(rid=\? AND param=\?\)/.test(s)),
      `${name}: ${steps}`,
    );
  }
  connection.close();
});
