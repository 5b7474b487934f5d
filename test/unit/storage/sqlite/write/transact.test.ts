import { join } from 'node:path';
import { constants } from 'node:sqlite';
import t from 'tap';
import { type Rights, rightsTo, unrestricted } from '#security/rights.ts';
import { Connection } from '#storage/sqlite/database/connection.ts';
import { sql } from '#storage/sqlite/database/fragment.ts';
import { Names } from '#storage/sqlite/database/names.ts';
import { prepareFile } from '#storage/sqlite/database/opening.ts';
import { Planner } from '#storage/sqlite/planner/planner.ts';
import { packTransaction } from '#storage/sqlite/wire/pack.ts';
import { ShelfWriter } from '#storage/sqlite/write/shelf.ts';
import { SavepointFailure, Transactor } from '#storage/sqlite/write/transact.ts';

const write = (id: string) => ({
  method: 'PUT' as const,
  type: 'Basic',
  id,
  draft: { head: '{"meta":{', tail: '}}' },
  index: () => ({ entries: [], patients: [] }),
});
const pack = (rights: Rights, ...writes: readonly ReturnType<typeof write>[]) =>
  packTransaction({ guards: [], references: 'lenient', rights, writes }, 'mark');

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
  const transactor = new Transactor(connection, names, new Planner(connection, names), new ShelfWriter(connection));
  // What it must satisfy when it is there is judged after the writes.
  const refused = pack(rightsTo({ op: 'all' }, { op: 'none' }), write('a'));
  const table = [
    ['ROLLBACK', refused],
    ['RELEASE', refused],
    ['RELEASE', pack(unrestricted, write('b'))],
  ] as const;
  for (const [operation, transaction] of table) {
    connection.db.setAuthorizer((action, what) =>
      action === constants.SQLITE_SAVEPOINT && what === operation ? constants.SQLITE_DENY : constants.SQLITE_OK,
    );
    connection.db.exec('BEGIN IMMEDIATE');
    transactor.begin();
    t.ok(thrown(() => transactor.transact(transaction)) instanceof SavepointFailure, operation);
    connection.db.setAuthorizer(null);
    connection.db.exec('ROLLBACK');
    names.rolledBack();
  }
  connection.db.exec('BEGIN IMMEDIATE');
  transactor.begin();
  t.match(transactor.transact(refused), { conflict: 'rights', write: 0 });
  t.match(transactor.transact(pack(unrestricted, write('b'))), { made: [1, 1, 1] });
  connection.db.exec('COMMIT');
  t.strictSame(connection.rows(sql`SELECT id FROM resource`), [['b']]);
});
