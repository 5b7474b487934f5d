import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Transaction } from '#storage/store.ts';
import { commit, isToken, type Open, outcome, plan, put, token, transaction } from './build.ts';

const hour = 3_600_000;

/** Settings, keys and leases; the revision of the definitions, and what must hold for a change. */
export function revising(t: Test, open: Open): void {
  t.test('a key is made once', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const [one, same] = await Promise.all([store.shelf.key('cursor'), store.shelf.key('cursor')]);
    t.equal(one.length, 32);
    t.strictSame(one, same);
    t.notSame(await store.shelf.key('other'), one);
  });

  t.test('a lease has one holder at a time, and each holder a higher fence', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const lease = async (name: string, owner: string, ms: number) => (await store.shelf.lease(name, owner, ms))?.fence;
    const first = (await lease('reindex', 'one', hour)) ?? 0;
    t.ok(first > 0);
    t.equal(await lease('reindex', 'two', hour), undefined);
    t.ok(await lease('other', 'two', hour), 'another name is another lease');
    t.equal(await lease('reindex', 'one', 1), first, 'the holder may extend it, or shorten it');
    await setTimeout(5);
    const second = (await lease('reindex', 'two', hour)) ?? 0;
    t.ok(second > first, 'it ran out');
    t.equal(await lease('reindex', 'one', hour), undefined);
    await store.shelf.release({ name: 'reindex', owner: 'one', fence: first });
    t.equal(await lease('reindex', 'three', hour), undefined, 'what was lost cannot be released');
    await store.shelf.release({ name: 'reindex', owner: 'two', fence: second });
    t.ok(((await lease('reindex', 'one', hour)) ?? 0) > second, 'released');
    const racers = Array.from({ length: 20 }, (_, i) => lease('race', `${i}`, hour));
    t.equal((await Promise.all(racers)).filter(Boolean).length, 1);
  });

  t.test('a holder who slept cannot overwrite its successor', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Basic/a', { entries: [token('k', '', 'x')] }));
    const slept = await store.shelf.lease('work', 'one', 1);
    if (slept === undefined) throw new Error('no lease');
    const under = (lease: Transaction['lease'], value: string) =>
      store.transact(transaction([], { settings: { at: value }, ...(lease && { lease }) }));
    await setTimeout(5);
    t.ok('versions' in (await under(slept, '1')), 'its time is over, but nobody took it');
    const successor = await store.shelf.lease('work', 'two', hour);
    t.ok('versions' in (await under(successor, '2')));
    t.strictSame(outcome(await under(slept, '3')), { conflict: 'lease' });
    t.equal(await store.shelf.setting('at'), '2');
    t.strictSame(outcome(await store.transact(transaction([put('Basic/b')], { lease: slept }))), { conflict: 'lease' });
    const record = { type: 'Basic', id: 'a', version: 1, index: { entries: [], patients: [] } };
    t.strictSame(await store.reindex([record], { lease: slept }), { conflict: 'lease' });
    t.equal((await store.find(plan('Basic', isToken('k', '', 'x')))).found.length, 1, 'nothing was done');
  });

  t.test('settings are kept with the writes of a transaction, or not at all', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    t.equal(await store.shelf.setting('a'), undefined);
    await store.transact(transaction([put('Basic/x')], { settings: { a: '1', b: '二' } }));
    t.strictSame([await store.shelf.setting('a'), await store.shelf.setting('b')], ['1', '二']);
    const refused = transaction([put('Basic/x', { expect: 7 })], { settings: { a: '2' }, raises: true });
    t.match(await store.transact(refused), { conflict: 'version' });
    t.strictSame([await store.shelf.setting('a'), await store.revision()], ['1', 0]);
    await store.transact(transaction([], { settings: { a: undefined } }));
    t.equal(await store.shelf.setting('a'), undefined);
    if (reopen !== undefined) t.equal(await (await reopen()).shelf.setting('b'), '二');
  });

  t.test('a change that was prepared with an older revision is a conflict', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    t.equal(await store.revision(), 0);
    t.equal((await store.find(plan('Basic'))).revision, 0);
    const write = (id: string, options: Partial<Transaction>) =>
      store.transact(transaction([put(`Basic/${id}`, { entries: [token('k', '', 'x')] })], options));
    t.ok('versions' in (await write('a', { revision: 0 })));
    t.ok('versions' in (await write('b', { revision: 0, raises: true })), 'it changes what it rests on itself');
    t.equal(await store.revision(), 1);
    t.strictSame(outcome(await write('c', { revision: 0 })), { conflict: 'revision', found: 1 });
    t.strictSame(outcome(await write('c', { revision: 0, raises: true })), { conflict: 'revision', found: 1 });
    t.ok('versions' in (await write('c', { revision: 1 })));
    t.ok('versions' in (await write('d', {})), 'what rests on no definitions names no revision');
    const record = { type: 'Basic', id: 'a', version: 1, index: { entries: [], patients: [] } };
    t.strictSame(await store.reindex([record], { revision: 0 }), { conflict: 'revision', found: 1 });
    t.equal((await store.find(plan('Basic', isToken('k', '', 'x')))).found.length, 4);
    t.equal(await store.reindex([record], { revision: 1 }), undefined);
    const page = await store.find(plan('Basic', isToken('k', '', 'x')));
    t.strictSame([page.found.length, page.revision, (await store.stats()).revision], [3, 1, 1]);
    const raisers = Array.from({ length: 10 }, (_, i) => write(`r${i}`, { revision: 1, raises: true }));
    t.equal((await Promise.all(raisers)).filter((made) => 'versions' in made).length, 1, 'of many one');
    if (reopen !== undefined) t.equal(await (await reopen()).revision(), 2);
  });

  t.test('the store can be written, and says so', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    t.equal(await store.probe(), undefined);
    t.equal(await store.lastSeq(), 0);
  });
}
