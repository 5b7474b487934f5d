import type { Test } from 'tap';
import { byIdentifier, commit, ids, isToken, type Open, plan, put, remove, token, transaction } from './build.ts';

/** Statistics, closing and opening. */
export function keeping(t: Test, open: Open): void {
  t.test('statistics', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { bytes, ...empty } = await store.stats();
    t.match(empty, { resources: {}, lastSeq: 0, pending: 0, problems: 0, revision: 0, queue: 0 });
    t.strictSame(Object.keys(empty.resources), []);
    t.equal(await store.lastSeq(), 0);
    await commit(store, put('Patient/a'), put('Patient/b'), put('Basic/x'));
    await commit(store, remove('Patient/b'));
    const { bytes: more, ...stats } = await store.stats();
    t.match(stats, { lastSeq: 4, pending: 0, transactions: 2 });
    t.strictSame(stats.resources, { Patient: 1, Basic: 1 });
    t.ok(more >= bytes && bytes >= 0);
    t.equal(await store.lastSeq(), 4);
    await commit(store, remove('Basic/x'));
    t.equal(await store.lastSeq(), 5, 'what was acknowledged is counted at once, deletions too');
  });

  t.test('what was stored is there after closing and opening', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    if (reopen === undefined) return t.pass('this store keeps nothing');
    const secret = await store.shelf.key('cursor');
    await store.shelf.lease('reindex', 'one', 3_600_000);
    await commit(store, put('Basic/a', { entries: [token('code', 's', 'x')] }), put('Basic/b'));
    await commit(store, put('Basic/b'));
    await commit(store, put('Basic/c', { entries: [byIdentifier('author', 'id', '1', 'Patient')] }), remove('Basic/a'));
    const [changes, stats] = [await store.changes(0, 100), await store.stats()];
    const late = store.transact(transaction([put('Basic/late')]));
    const again = await reopen();
    t.ok('versions' in (await late), 'closing finishes what was begun');
    t.strictSame((await again.changes(0, 100)).slice(0, -1), changes);
    t.strictSame((await again.stats()).pending, stats.pending);
    t.strictSame(await again.shelf.key('cursor'), secret);
    t.equal(await again.shelf.lease('reindex', 'two', 3_600_000), undefined);
    const [next] = (await commit(again, put('Basic/a', { entries: [token('code', 's', 'x')] }))).versions;
    t.strictSame([next?.version, next?.seq], [3, stats.lastSeq + 2], 'versions and seqs continue');
    t.strictSame(ids(await again.find(plan('Basic', isToken('code', 's', 'x')))), ['a']);
    await t.rejects(store.find(plan('Basic')), 'the closed one refuses');
    return undefined;
  });
}
