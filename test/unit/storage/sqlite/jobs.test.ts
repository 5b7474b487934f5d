import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { Connection } from '#storage/sqlite/database/connection.ts';
import { SqliteJobs } from '#storage/sqlite/jobs.ts';
import { StoreUnavailable } from '#storage/store.ts';
import { openFile } from '#test/contract/opened.ts';

t.test('jobs in a damaged file cannot be read, which is no defect', async (t) => {
  const path = join(t.testdir(), 'hufhir.db');
  await (await openFile(path)).store.close();
  const db = new DatabaseSync(path, { readOnly: true });
  const pages = db.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'job'").all();
  const size = Number(db.prepare('PRAGMA page_size').get()?.page_size);
  db.close();
  const file = openSync(path, 'r+');
  for (const { rootpage } of pages) writeSync(file, Buffer.alloc(size, 0xff), 0, size, (Number(rootpage) - 1) * size);
  closeSync(file);
  const connection = Connection.reader(path, 100);
  t.teardown(() => connection.close());
  const unused = { load: 0, call: () => Promise.reject(new Error('no writer')), end: async () => undefined };
  const jobs = new SqliteJobs(connection, unused);
  for (const ask of [() => jobs.get('a', 'me'), () => jobs.list('me')]) {
    const failure: unknown = await ask().catch((error: unknown) => error);
    t.ok(failure instanceof StoreUnavailable, String(failure));
  }
});
