import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { Failure } from '#errors';
import { everything } from '#search/model/filter.ts';
import { openSharedSqliteStore, openSqliteStore } from '#storage/sqlite/store.ts';
import type { Page } from '#storage/store.ts';
import { sized } from '#test/process/sizes.ts';
import { storeIn } from '#test/process/store.ts';
import { commit, ids, type Opened, pages, plan, put, remove } from './build.ts';
import { storeContract } from './store.contract.ts';

const folder = t.testdir();
let count = 0;

async function open(): Promise<Opened> {
  const path = join(folder, `store-${++count}`, 'hufhir.db');
  let store = await storeIn(path);
  const first = store;
  const reopen = async () => {
    await store.close();
    store = await storeIn(path);
    return store;
  };
  const close = async () => {
    await store.close();
    rmSync(path, { force: true });
  };
  return { store: first, reopen, close };
}

/** The same as another thread of the process would open it. */
async function openShared(): Promise<Opened> {
  const owner = await open();
  let kept = owner.store;
  const share = () => openSharedSqliteStore(kept.share().shared, () => undefined);
  let store = share();
  const first = store;
  const reopen = async () => {
    await store.close();
    kept = (await owner.reopen?.()) ?? kept;
    store = share();
    return store;
  };
  const close = async () => {
    await store.close();
    await owner.close();
  };
  return { store: first, reopen, close };
}

storeContract('sqlite', open, sized(40, 200));
// The same planner, on another thread.
storeContract('sqlite, shared', openShared, sized(10, 100));

t.test('a shared store whose writer is lost says so, and refuses to write', async (t) => {
  const writers: Worker[] = [];
  const note = (worker: Worker) => writers.push(worker);
  process.on('worker', note);
  t.teardown(() => process.off('worker', note));
  const owner = await storeIn(join(folder, 'lost.db'));
  t.teardown(() => owner.close());
  const lost = Promise.withResolvers<void>();
  const shared = openSharedSqliteStore(owner.share().shared, lost.resolve);
  await commit(shared, put('Basic/a'));
  await writers[0]?.terminate();
  await lost.promise;
  await t.rejects(commit(shared, put('Basic/b')), { message: /gone/ });
  await commit(owner, put('Basic/c'));
  t.strictSame(ids(await shared.find(plan('Basic'))), ['a', 'c'], 'it still reads');
  const again = openSharedSqliteStore(owner.share().shared, () => undefined);
  await commit(again, put('Basic/d'));
  t.strictSame(ids(await owner.find(plan('Basic'))), ['a', 'c', 'd']);
  await shared.close();
  await again.close();
  await commit(owner, put('Basic/e'));
});

t.test('a backup is a whole store, made while writes go on', async (t) => {
  const store = await storeIn(join(folder, 'source.db'));
  const target = join(folder, 'backup.db');
  await commit(store, put('Basic/a'), put('Basic/b'), remove('Basic/b'));
  const secret = await store.secret('cursor');
  const [, ...during] = await Promise.all([
    store.backup(target),
    ...Array.from({ length: 50 }, (_, i) => commit(store, put(`Patient/p${i}`), put(`Basic/p${i}`))),
  ]);
  t.equal(during.length, 50);
  const told: string[] = [];
  const tell = (line: string) => told.push(line);
  const copy = await storeIn(target, { info: tell, warn: tell, error: tell });
  t.strictSame(told, [], 'it is not taken for one that was not closed');
  const { lastSeq } = await copy.stats();
  t.strictSame(await copy.changes(0, 1000), (await store.changes(0, 1000)).slice(0, lastSeq));
  t.equal((lastSeq - 3) % 2, 0, 'no transaction is cut in half');
  t.strictSame(await copy.secret('cursor'), secret);
  await copy.close();
  t.equal(statSync(target).mode & 0o077, 0, 'and as private');
  await t.rejects(store.backup(target), { message: /exists already/ });
  await store.close();
});

t.test('a backup that fails leaves nothing behind', async (t) => {
  const store = await storeIn(join(folder, 'kept.db'));
  t.teardown(() => store.close());
  const nowhere = join(folder, 'taken');
  mkdirSync(`${nowhere}.partial`);
  await t.rejects(store.backup(nowhere));
  rmSync(`${nowhere}.partial`, { recursive: true });
  await store.backup(nowhere);
  t.strictSame(
    readdirSync(folder).filter((name) => name.startsWith('taken')),
    ['taken'],
  );
});

t.test('pages end at 16 million characters, after one resource at least', async (t) => {
  const store = await storeIn(join(folder, 'long.db'));
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

t.test('a thread that is lost is replaced', async (t) => {
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  t.teardown(() => process.off('worker', note));
  const path = join(folder, 'threads.db');
  const store = await storeIn(path);
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
  const working = Array.from({ length: 20 }, (_, i) => commit(store, put(`Basic/c${i}`)).then(() => `c${i}`));
  await Promise.race(working);
  await writer?.terminate();
  const settled = await Promise.allSettled(working);
  const acknowledged = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  await commit(store, put('Basic/last'));
  const found = ids(await store.find(plan('Basic')));
  t.strictSame(
    acknowledged.filter((id) => !found.includes(id)),
    [],
  );
  t.ok(found.includes('last'));
  for (const thread of threads) await thread.terminate();
  await store.close();
  t.notOk(existsSync(`${path}-wal`), 'it closes all the same, and the WAL is folded into the file');
  await t.rejects(store.find(plan('Basic')), { message: 'The store is closed.' });
});

async function refusal(path: string): Promise<string> {
  const refused = await openSqliteStore(path);
  if (!(refused instanceof Failure)) throw new Error(`${path} was opened`);
  return refused.issues[0].text;
}

t.test('files that are not to be opened', async (t) => {
  const path = join(folder, 'schema.db');
  await (await storeIn(path)).close();
  t.equal(statSync(path).mode & 0o077, 0, 'the file is its owner’s alone');
  const raise = new DatabaseSync(path);
  raise.exec('PRAGMA user_version = 99');
  raise.close();
  t.match(await refusal(path), /schema 99, and this program knows schemas up to \d/);
  const foreign = join(folder, 'foreign.db');
  const other = new DatabaseSync(foreign);
  other.exec('CREATE TABLE x (y)');
  other.close();
  t.match(await refusal(foreign), /database of another program/);
  const text = join(folder, 'text.db');
  writeFileSync(text, 'This is no database, but a text that is long enough to be taken for one. '.repeat(20));
  t.match(await refusal(text), /no SQLite database/);
});
