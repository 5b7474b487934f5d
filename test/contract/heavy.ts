import type { Test } from 'tap';
import { everything } from '#search/model/filter.ts';
import { type Page, type ReadOptions, type Store, TooHeavy, type Version } from '#storage/store.ts';
import { commit, type Open, plan, put, remove } from './build.ts';

const half = 'x'.repeat(600_000);

/** Texts of several lengths, some of them of characters with three bytes each; and what is neither current nor there. */
const writes = [
  put('Basic/small', { text: 'a' }),
  put('Basic/wide', { text: '村'.repeat(1_000) }),
  put('Basic/large', { text: half + half }),
  put('Basic/changed', { text: half + half }),
  put('Basic/changed', { text: 'b' }),
  put('Basic/gone', { text: 'c' }),
  remove('Basic/gone'),
];

const bytes = (found: readonly (Version | undefined)[]): number =>
  found.reduce((sum, version) => sum + Buffer.byteLength(version?.content ?? ''), 0);

/** Each way to read versions. */
const reads: readonly (readonly [string, (store: Store, options?: ReadOptions) => Promise<readonly unknown[]>])[] = [
  ...(['small', 'wide', 'large', 'changed', 'gone', 'none'] as const).map(
    (id) =>
      [`read ${id}`, async (store: Store, o?: ReadOptions) => [await store.read('Basic', id, undefined, o)]] as const,
  ),
  ['read changed, 1', async (store, o) => [await store.read('Basic', 'changed', 1, o)]],
  ['read changed, 2', async (store, o) => [await store.read('Basic', 'changed', 2, o)]],
  ['find', async (store, o) => versions(await store.find(plan('Basic'), o))],
  ['find by id', async (store, o) => versions(await store.find(plan('Basic', { op: 'id', ids: ['wide'] }), o))],
  ['find none', async (store, o) => versions(await store.find(plan('Basic', { op: 'none' }), o))],
  [
    'count',
    async (store, o) => versions(await store.find(plan('Basic', everything, { limit: 0, total: 'accurate' }), o)),
  ],
  ['history', async (store, o) => versions(await store.history({ limit: 100, rights: everything }, o))],
  ['history, 2', async (store, o) => versions(await store.history({ limit: 2, rights: everything }, o))],
  ['changes', async (store, o) => store.changes(0, 100, 0, o)],
  ['changes, 2', async (store, o) => store.changes(0, 2, 0, o)],
];

const versions = ({ found }: Page): readonly Version[] => found;

/** What a read gives is bounded by what its caller can bear. */
export function heavy(t: Test, open: Open): void {
  t.test('a read of more bytes than its caller bears rejects with their number', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    for (const write of writes) await commit(store, write);
    for (const [name, read] of reads) {
      const found = (await read(store)) as readonly (Version | undefined)[];
      const size = bytes(found);
      for (const most of [size, size + 1, 100_000_000]) {
        t.strictSame(await read(store, { most }), found, `${name}: ${size} bytes with ${most}`);
      }
      for (const most of [size - 1, size / 2, 1, 0].filter((most) => most >= 0 && most < size)) {
        const refused = await read(store, { most }).catch((error: unknown) => error);
        t.ok(refused instanceof TooHeavy, `${name}: ${size} bytes with ${most}`);
        t.match(refused, { size });
      }
    }
  });

  t.test('what nobody waits for is not read', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    for (const write of writes) await commit(store, write);
    const left = new AbortController();
    left.abort(new Error('left'));
    for (const [name, read] of reads) {
      await t.rejects(read(store, { signal: left.signal }), { message: 'left' }, name);
    }
  });
}
