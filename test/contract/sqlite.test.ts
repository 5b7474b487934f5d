import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { openSqliteStore } from '#storage/sqlite/store.ts';
import { commit, type Opened, put, remove } from './build.ts';
import { storeContract } from './store.contract.ts';

const folder = t.testdir();
let count = 0;

async function open(): Promise<Opened> {
  const path = join(folder, `store-${++count}`, 'hufhir.db');
  let store = await openSqliteStore(path);
  const first = store;
  const reopen = async () => {
    await store.close();
    store = await openSqliteStore(path);
    return store;
  };
  const close = async () => {
    await store.close();
    rmSync(path, { force: true });
  };
  return { store: first, reopen, close };
}

storeContract('sqlite', open);

t.test('a backup is a whole store, made while writes go on', async (t) => {
  const store = await openSqliteStore(join(folder, 'source.db'));
  const target = join(folder, 'backup.db');
  await commit(store, put('Basic/a'), put('Basic/b'), remove('Basic/b'));
  const secret = await store.secret('cursor');
  const [, ...during] = await Promise.all([
    store.backup(target),
    ...Array.from({ length: 50 }, (_, i) => commit(store, put(`Patient/p${i}`), put(`Basic/p${i}`))),
  ]);
  t.equal(during.length, 50);
  const copy = await openSqliteStore(target);
  const { lastSeq } = await copy.stats();
  t.strictSame(await copy.changes(0, 1000), (await store.changes(0, 1000)).slice(0, lastSeq));
  t.equal((lastSeq - 3) % 2, 0, 'no transaction is cut in half');
  t.strictSame(await copy.secret('cursor'), secret);
  await copy.close();
  t.equal(statSync(target).mode & 0o077, 0, 'and as private');
  await t.rejects(store.backup(target), { message: /exists already/ });
  await store.close();
});

t.test('files that are not to be opened', async (t) => {
  const path = join(folder, 'schema.db');
  await (await openSqliteStore(path)).close();
  t.equal(statSync(path).mode & 0o077, 0, 'the file is its owner’s alone');
  const raise = new DatabaseSync(path);
  raise.exec('PRAGMA user_version = 99');
  raise.close();
  await t.rejects(openSqliteStore(path), { message: /schema 99; this program knows schemas up to \d/ });
  const foreign = join(folder, 'foreign.db');
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE x (y)');
  other.close();
  await t.rejects(openSqliteStore(foreign), { message: /not a Hufhir store/ });
  const text = join(folder, 'text.db');
  writeFileSync(text, 'This is no database, but a text that is long enough to be taken for one. '.repeat(20));
  await t.rejects(openSqliteStore(text), { message: /not a database/ });
});
