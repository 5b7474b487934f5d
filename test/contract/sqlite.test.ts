import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { everything } from '#search/model/filter.ts';
import { joiner, sqlite } from '#storage/sqlite/driver.ts';
import type { Page } from '#storage/store.ts';
import { sized } from '#test/process/sizes.ts';
import { commit, ids, type Opened, pages, plan, put, remove, transaction } from './build.ts';
import { crowded } from './crowded.ts';
import { openFile } from './opened.ts';
import { storeContract } from './store.contract.ts';

const folder = t.testdir();
let count = 0;

async function open(): Promise<Opened> {
  const path = join(folder, `store-${++count}`, 'hufhir.db');
  let { store } = await openFile(path);
  const first = store;
  const reopen = async () => {
    await store.close();
    ({ store } = await openFile(path));
    return store;
  };
  const close = async () => {
    await store.close();
    rmSync(path, { force: true });
  };
  return { store: first, reopen, close };
}

/** The same as another thread of the process would open it. */
async function openJoined(): Promise<Opened> {
  const path = join(folder, `store-${++count}`, 'hufhir.db');
  const make = async () => {
    const owner = await openFile(path);
    const store = joiner()(owner.ticket().ticket);
    const end = async () => {
      await store.close();
      await owner.store.close();
    };
    return { store, end };
  };
  let opened = await make();
  const { store } = opened;
  const reopen = async () => {
    await opened.end();
    opened = await make();
    return opened.store;
  };
  const close = async () => {
    await opened.end();
    rmSync(path, { force: true });
  };
  return { store, reopen, close };
}

storeContract('sqlite', open, sized(40, 200));
t.test('sqlite: clients beside each other', async (t) => crowded(t, open));
// The same planner, on another thread, which does one thing after the other.
storeContract('sqlite, joined', openJoined, sized(10, 100));

t.test('a joined store whose writer is lost says so, and writes again with the next ticket', async (t) => {
  const writers: Worker[] = [];
  const note = (worker: Worker) => writers.push(worker);
  process.on('worker', note);
  t.teardown(() => process.off('worker', note));
  const { store: owner, ticket } = await openFile(join(folder, 'lost.db'));
  t.teardown(() => owner.close());
  const rejoin = joiner();
  const joined = rejoin(ticket().ticket);
  await commit(joined, put('Basic/a'));
  await writers[0]?.terminate();
  const lost = transaction([put('Basic/b')]);
  t.match(await joined.transact(lost), { conflict: 'unavailable' });
  await commit(owner, put('Basic/c'));
  t.strictSame(ids(await joined.find(plan('Basic'))), ['a', 'c'], 'it still reads');
  t.equal(rejoin(ticket().ticket), joined, 'a thread joins one store');
  await commit(joined, put('Basic/d'));
  t.strictSame(ids(await owner.find(plan('Basic'))), ['a', 'c', 'd']);
  rejoin(ticket().ticket);
  await commit(joined, put('Basic/e'));
  await joined.close();
  await commit(owner, put('Basic/f'));
});

t.test('a backup is a whole store, made while writes go on', async (t) => {
  const source = join(folder, 'source.db');
  const { store } = await openFile(source);
  const target = join(folder, 'backup.db');
  await commit(store, put('Basic/a'), put('Basic/b'));
  await commit(store, remove('Basic/b'));
  const secret = await store.shelf.key('cursor');
  const [, ...during] = await Promise.all([
    sqlite.backup(source, target),
    ...Array.from({ length: 50 }, (_, i) => commit(store, put(`Patient/p${i}`), put(`Basic/p${i}`))),
  ]);
  t.equal(during.length, 50);
  const told: string[] = [];
  const tell = (line: string) => told.push(line);
  const { store: copy } = await openFile(target, { info: tell, warn: tell, error: tell });
  t.strictSame(told, [], 'it is not taken for one that was not closed');
  const { lastSeq } = await copy.stats();
  t.strictSame(await copy.changes(0, 1000), (await store.changes(0, 1000)).slice(0, lastSeq));
  t.equal((lastSeq - 3) % 2, 0, 'no transaction is cut in half');
  t.strictSame(await copy.shelf.key('cursor'), secret);
  await copy.close();
  t.equal(statSync(target).mode & 0o077, 0, 'and as private');
  t.match(await sqlite.backup(source, target), { issues: [{ text: /is there already/ }] });
  t.match(await sqlite.backup(join(folder, 'none.db'), join(folder, 'no.db')), {
    issues: [{ code: 'store-unusable' }],
  });
  t.notOk(existsSync(join(folder, 'no.db')), 'and no file is made of none');
  await store.close();
});

t.test('a backup that fails leaves nothing behind', async (t) => {
  const kept = join(folder, 'kept.db');
  const { store } = await openFile(kept);
  t.teardown(() => store.close());
  const nowhere = join(folder, 'taken');
  mkdirSync(`${nowhere}.partial`);
  t.match(await sqlite.backup(kept, nowhere), { issues: [{ code: 'store-unusable' }] });
  rmSync(`${nowhere}.partial`, { recursive: true });
  await sqlite.backup(kept, nowhere);
  t.strictSame(
    readdirSync(folder).filter((name) => name.startsWith('taken')),
    ['taken'],
  );
});

t.test('pages end at 16 million characters, after one resource at least', async (t) => {
  const { store } = await openFile(join(folder, 'long.db'));
  t.teardown(() => store.close());
  const millions = { a: 6, b: 6, c: 6, d: 17, e: 1 };
  for (const [id, n] of Object.entries(millions)) {
    await commit(store, put(`Basic/${id}`, { text: 'x'.repeat(n * 1_000_000) }));
  }
  const byId = { sort: [{ param: '_id', kind: 'id', descending: false }] } as const;
  for (const more of [{}, byId]) {
    t.strictSame(await pages(store, plan('Basic', everything, more)), [['a', 'b'], ['c'], ['d'], ['e']]);
  }
  t.strictSame(ids(await store.find(plan('Basic', everything, { limit: 1 }))), ['a']);
  const seen: string[][] = [];
  for (let next: string | undefined = '9'; next !== undefined; ) {
    const page: Page = await store.history({ limit: 10, before: Number(next), rights: everything });
    seen.push([...ids(page)]);
    next = page.next;
  }
  t.strictSame(seen, [['e'], ['d'], ['c', 'b'], ['a']]);
  const streamed: string[][] = [];
  for (let after = 0, page = await store.changes(0, 10); page.length > 0; page = await store.changes(after, 10)) {
    streamed.push(page.map((v) => v.id));
    after = page.at(-1)?.seq ?? 0;
  }
  t.strictSame(streamed, [['a', 'b'], ['c'], ['d'], ['e']]);
});

t.test('no program changes the audit in the file', async (t) => {
  const path = join(folder, 'audit.db');
  const { store } = await openFile(path);
  await store.transact(transaction([], { audit: ['one'] }));
  const [entry] = await store.audit(0, 10);
  await store.close();
  const db = new DatabaseSync(path);
  t.throws(() => db.exec("UPDATE audit SET text = 'two'"), { message: /never changed/ });
  t.throws(() => db.exec('DELETE FROM audit'), { message: /[Nn]othing is removed/ });
  t.strictSame({ ...db.prepare('SELECT number, time, text FROM audit').get() }, entry);
  db.close();
});

t.test('a thread that is lost is replaced', async (t) => {
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  t.teardown(() => process.off('worker', note));
  const path = join(folder, 'threads.db');
  const { store } = await openFile(path);
  t.equal(threads.length, 3, 'a writer and two readers');
  let written = 0;
  for (let round = 0; round < 2; round++) {
    for (const thread of [...threads.slice(-3)]) {
      await thread.terminate();
      await commit(store, put(`Basic/b${written++}`));
      const answers = await Promise.all([store.find(plan('Basic')), store.find(plan('Basic')), store.changes(0, 100)]);
      t.strictSame(
        answers.map((a) => ('found' in a ? a.found.length : a.length)),
        [written, written, written],
      );
      t.equal((await store.stats()).lastSeq, written);
    }
  }
  t.equal(threads.length, 9);
  // In the middle of its work: what was acknowledged is there, what was not is there or not.
  const [writer] = threads.slice(-3);
  const working = Array.from({ length: 20 }, (_, i) => store.transact(transaction([put(`Basic/c${i}`)])));
  await Promise.race(working);
  await writer?.terminate();
  const settled = await Promise.all(working);
  const acknowledged = settled.flatMap((made, i) => ('conflict' in made ? [] : [`c${i}`]));
  t.strictSame(
    [...new Set(settled.flatMap((made) => ('conflict' in made ? [made.conflict] : [])))].filter(
      (c) => c !== 'unavailable',
    ),
    [],
    'whoever was not answered is told what became of it',
  );
  await commit(store, put('Basic/last'));
  const found = ids(await store.find(plan('Basic')));
  t.strictSame(
    found.filter((id) => id.startsWith('c')),
    acknowledged,
    'and no other was committed',
  );
  t.ok(found.includes('last'));
  for (const thread of threads) await thread.terminate();
  await store.close();
  t.notOk(existsSync(`${path}-wal`), 'it closes all the same, and the WAL is folded into the file');
  await t.rejects(store.find(plan('Basic')), { message: 'The store is closed.' });
});

t.test('files that are not to be opened', async (t) => {
  const path = join(folder, 'schema.db');
  await (await openFile(path)).store.close();
  t.equal(statSync(path).mode & 0o077, 0, 'the file is its owner’s alone');
  const raise = new DatabaseSync(path);
  raise.exec('PRAGMA user_version = 99');
  raise.close();
  await t.rejects(openFile(path), { message: /schema 99, and this program knows schemas up to \d/ });
  const foreign = join(folder, 'foreign.db');
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE x (y)');
  other.close();
  await t.rejects(openFile(foreign), { message: /database of another program/ });
  const text = join(folder, 'text.db');
  writeFileSync(text, 'This is no database, but a text that is long enough to be taken for one. '.repeat(20));
  await t.rejects(openFile(text), { message: /no SQLite database/ });
});
