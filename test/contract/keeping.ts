import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { byIdentifier, commit, ids, isToken, type Open, plan, put, remove, token } from './build.ts';

/** Leases, secrets, statistics, closing and opening. */
export function keeping(t: Test, open: Open): void {
  t.test('a lease has one holder at a time', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    t.equal(await store.lease('reindex', 'one', 3_600_000), true);
    t.equal(await store.lease('reindex', 'two', 3_600_000), false);
    t.equal(await store.lease('other', 'two', 3_600_000), true, 'another name is another lease');
    t.equal(await store.lease('reindex', 'one', 1), true, 'the holder may extend it, or shorten it');
    await setTimeout(5);
    t.equal(await store.lease('reindex', 'two', 3_600_000), true, 'it ran out');
    t.equal(await store.lease('reindex', 'one', 3_600_000), false);
    const racers = Array.from({ length: 20 }, (_, i) => store.lease('race', `${i}`, 3_600_000));
    t.equal((await Promise.all(racers)).filter(Boolean).length, 1);
  });

  t.test('a secret is made once', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const [one, same] = await Promise.all([store.secret('cursor'), store.secret('cursor')]);
    t.equal(one.length, 32);
    t.strictSame(one, same);
    t.notSame(await store.secret('other'), one);
  });

  t.test('statistics', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { bytes, ...empty } = await store.stats();
    t.strictSame(empty, { resources: {}, lastSeq: 0, pending: 0, problems: 0 });
    t.equal(await store.lastSeq(), 0);
    await commit(store, put('Patient/a'), put('Patient/b'), put('Basic/x'), remove('Patient/b'));
    const { bytes: more, ...stats } = await store.stats();
    t.strictSame(stats, { resources: { Patient: 1, Basic: 1 }, lastSeq: 4, pending: 0, problems: 0 });
    t.ok(more >= bytes && bytes >= 0);
    t.equal(await store.lastSeq(), 4);
    await commit(store, remove('Basic/x'));
    t.equal(await store.lastSeq(), 5, 'what was acknowledged is counted at once, deletions too');
  });

  t.test('what was stored is there after closing and opening', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    if (reopen === undefined) return t.pass('this store keeps nothing');
    const secret = await store.secret('cursor');
    await store.lease('reindex', 'one', 3_600_000);
    await commit(store, put('Basic/a', { entries: [token('code', 's', 'x')] }), put('Basic/b'), put('Basic/b'));
    await commit(store, put('Basic/c', { entries: [byIdentifier('author', 'id', '1', 'Patient')] }), remove('Basic/a'));
    const [changes, stats] = [await store.changes(0, 100), await store.stats()];
    const late = store.transact({
      guards: [],
      references: 'lenient',
      rights: { op: 'all' },
      writes: [put('Basic/late')],
    });
    const again = await reopen();
    t.ok('versions' in (await late), 'closing finishes what was begun');
    t.strictSame((await again.changes(0, 100)).slice(0, -1), changes);
    t.strictSame((await again.stats()).pending, stats.pending);
    t.strictSame(await again.secret('cursor'), secret);
    t.equal(await again.lease('reindex', 'two', 3_600_000), false);
    const [next] = (await commit(again, put('Basic/a', { entries: [token('code', 's', 'x')] }))).versions;
    t.strictSame([next?.version, next?.seq], [3, stats.lastSeq + 2], 'versions and seqs continue');
    t.strictSame(ids(await again.find(plan('Basic', isToken('code', 's', 'x')))), ['a']);
    await t.rejects(store.find(plan('Basic')), 'the closed one refuses');
    return undefined;
  });
}
