import { join } from 'node:path';
import { constants } from 'node:sqlite';
import t from 'tap';
import { Connection } from '#storage/sqlite/database/connection.ts';
import { sql } from '#storage/sqlite/database/fragment.ts';
import { Names } from '#storage/sqlite/database/names.ts';
import { prepareFile } from '#storage/sqlite/database/opening.ts';
import { Planner } from '#storage/sqlite/planner/planner.ts';
import { packTransaction } from '#storage/sqlite/wire/pack.ts';
import { SavepointFailure, Transactor } from '#storage/sqlite/write/transact.ts';

const write = (id: string, expect: number) => ({
  method: 'PUT' as const,
  type: 'Basic',
  id,
  draft: { head: '{"meta":{', tail: '}}' },
  index: () => ({ entries: [], patients: [] }),
  expect,
});
const pack = (...writes: readonly ReturnType<typeof write>[]) =>
  packTransaction({ guards: [], references: 'lenient', rights: { op: 'all' }, writes });

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

t.test('a transaction that cannot be taken back, or kept, is not passed off as either', async (t) => {
  const path = join(t.testdir(), 'hufhir.db');
  prepareFile(path);
  const connection = Connection.writer(path, 1000);
  t.teardown(() => connection.close());
  const names = new Names(connection);
  const transactor = new Transactor(connection, names, new Planner(connection, names));
  const refused = pack(write('a', 0), write('a', 9));
  const table = [
    ['ROLLBACK', refused],
    ['RELEASE', refused],
    ['RELEASE', pack(write('b', 0))],
  ] as const;
  for (const [operation, transaction] of table) {
    connection.db.setAuthorizer((action, what) =>
      action === constants.SQLITE_SAVEPOINT && what === operation ? constants.SQLITE_DENY : constants.SQLITE_OK,
    );
    connection.db.exec('BEGIN IMMEDIATE');
    transactor.begin();
    t.ok(thrown(() => transactor.apply(transaction)) instanceof SavepointFailure, operation);
    connection.db.setAuthorizer(null);
    connection.db.exec('ROLLBACK');
    names.rolledBack();
  }
  connection.db.exec('BEGIN IMMEDIATE');
  transactor.begin();
  t.match(transactor.apply(refused), { conflict: 'version', write: 1, found: 1 });
  t.match(transactor.apply(pack(write('b', 0))), { made: [1, 1, 1] });
  connection.db.exec('COMMIT');
  t.strictSame(connection.rows(sql`SELECT id FROM resource`), [['b']]);
});
