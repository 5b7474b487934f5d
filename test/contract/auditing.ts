import type { Test } from 'tap';
import { nothing } from '#search/model/filter.ts';
import type { Store, Transaction } from '#storage/store.ts';
import { type Open, plan, put, rightsOf, transaction } from './build.ts';

const texts = async (store: Store) => (await store.audit(0, 1000)).map(({ text }) => text);

/** The audit: what is appended with a commit is there for ever, and nothing else is. */
export function auditing(t: Test, open: Open): void {
  t.test('texts are appended with their commit, in its order', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    t.strictSame(await store.audit(0, 10), []);
    const before = Date.now();
    const written = await store.transact(transaction([put('Basic/a')], { audit: ['eins', '二 "2"'] }));
    t.strictSame(await store.transact(transaction([], { audit: ['alone'] })), { versions: [] });
    await store.transact(transaction([], { audit: [] }));
    await store.transact(transaction([put('Basic/b')], { audit: ['', 'eins'] }));
    const all = await store.audit(0, 100);
    t.strictSame(await texts(store), ['eins', '二 "2"', 'alone', '', 'eins']);
    const times = all.map(({ time }) => time);
    t.strictSame(times, times.toSorted(), 'times never decrease');
    t.ok((times[0] ?? 0) >= before && (times.at(-1) ?? 0) <= Date.now());
    const [version] = 'versions' in written ? written.versions : [];
    t.strictSame(times.slice(0, 2), [version?.lastUpdated, version?.lastUpdated], 'the time is that of the commit');
    t.equal(await store.lastSeq(), 2, 'an entry is no version');
    if (reopen === undefined) return;
    const again = await reopen();
    t.strictSame(await again.audit(0, 100), all);
    await again.transact(transaction([], { audit: ['later'] }));
    t.strictSame((await again.audit(0, 100)).slice(0, -1), all);
    t.ok(((await again.audit(0, 100)).at(-1)?.number ?? 0) > (all.at(-1)?.number ?? 0), 'numbers go on');
  });

  t.test('whatever refuses a transaction keeps its texts out', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await store.transact(transaction([put('Basic/a')]));
    const refused: readonly (readonly [string, Partial<Transaction>])[] = [
      ['a guard', { guards: [{ plan: plan('Basic'), expect: [] }] }],
      ['a version', { writes: [put('Basic/a', { expect: 7 })] }],
      ['rights before the write', { rights: rightsOf(nothing) }],
      ['rights after it', { writes: [put('Basic/b')], rights: rightsOf(nothing) }],
      ['the revision', { revision: 7 }],
      ['a lease', { lease: { name: 'none', owner: 'me', fence: 1 } }],
    ];
    for (const [title, options] of refused) {
      const made = await store.transact(transaction([put('Basic/a')], { audit: ['refused'], ...options }));
      t.ok('conflict' in made, title);
    }
    const bug = transaction([put('Basic/x'), put('Basic/x')], { audit: ['refused'] });
    await t.rejects(store.transact(bug), { message: /twice/ });
    t.strictSame(await texts(store), []);
  });

  t.test('pages follow the numbers, beside many who append', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const appended = Array.from({ length: 60 }, (_, n) => [`${n} a`, `${n} b`]);
    const writing = Promise.all(appended.map((audit) => store.transact(transaction([], { audit }))));
    const seen: string[] = [];
    let last = 0;
    for (let ended = false; ; ) {
      const page = await store.audit(last, 7);
      if (ended && page.length === 0) break;
      t.ok(page.length <= 7 && page.every(({ number }, i) => number > (page[i - 1]?.number ?? last)));
      seen.push(...page.map(({ text }) => text));
      last = page.at(-1)?.number ?? last;
      if (page.length === 0) ended = (await writing).length > 0;
    }
    t.strictSame(seen.toSorted(), appended.flat().toSorted(), 'none is missed, none comes twice');
    const together = seen.every((text, i) => !text.endsWith('a') || seen[i + 1] === text.replace('a', 'b'));
    t.ok(together, 'entries of one transaction follow each other');
    t.strictSame(await store.audit(last, 7), []);
  });
}
