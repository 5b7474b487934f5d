import type { Test } from 'tap';
import type { Entry } from '#search/model/entry.ts';
import type { SortKey } from '#search/model/filter.ts';
import type { Store } from '#storage/store.ts';
import { commit, ids, isToken, type Open, pages, plan, put, refers, string, token } from './build.ts';

const key = (param: string, kind: SortKey['kind'], descending = false): SortKey => ({ param, kind, descending });

/** Seven resources with ties, several values, and missing ones; `all` is a mark that each carries. */
async function filled(store: Store): Promise<void> {
  const rows: readonly (readonly [string, readonly Entry[]])[] = [
    ['a', [string('name', 'm'), { kind: 'number', param: 'n', low: 2, high: 2.5 }]],
    ['b', [string('name', 'k'), string('name', 'z'), { kind: 'number', param: 'n', low: 1, high: 1.5 }]],
    ['c', [{ kind: 'date', param: 'd', low: 5, high: 6 }, token('t', '', 'y')]],
    ['d', [string('name', 'm'), { kind: 'date', param: 'd', low: 1, high: 9 }, refers('r', 'Patient/2')]],
    [
      'e',
      [
        { kind: 'uri', param: 'u', value: 'urn:1' },
        { kind: 'number', param: 'n', low: -3, high: 8 },
      ],
    ],
    ['f', [string('name', 'k'), token('t', 's', 'x'), refers('r', 'Patient/1')]],
    ['g', [{ kind: 'quantity', param: 'q', low: 1, high: 2, system: 's', code: 'c', unit: 'u' }]],
  ];
  for (const [id, entries] of rows)
    await commit(store, put(`Basic/${id}`, { entries: [...entries, token('all', '', 'x')] }));
}

const table: readonly (readonly [string, readonly SortKey[], string])[] = [
  ['creation', [], 'abcdefg'],
  ['string, lowest value, missing last, ties in order of creation', [key('name', 'string')], 'bfadceg'],
  ['string descending, highest value, missing last, ties backwards', [key('name', 'string', true)], 'bdafgec'],
  ['number', [key('n', 'number')], 'ebacdfg'],
  ['number descending, by the low end', [key('n', 'number', true)], 'abegfdc'],
  ['date', [key('d', 'date')], 'dcabefg'],
  ['date descending, by the low end', [key('d', 'date', true)], 'cdgfeba'],
  ['token', [key('t', 'token')], 'fcabdeg'],
  ['uri', [key('u', 'uri')], 'eabcdfg'],
  ['quantity', [key('q', 'quantity')], 'gabcdef'],
  ['reference', [key('r', 'reference')], 'fdabceg'],
  ['unknown parameter', [key('x', 'string')], 'abcdefg'],
  ['_id descending', [key('_id', 'id', true)], 'gfedcba'],
  ['_lastUpdated descending', [key('_lastUpdated', 'lastUpdated', true)], 'gfedcba'],
  ['two keys', [key('name', 'string'), key('_id', 'id', true)], 'fbdagec'],
  ['two keys, the second missing at times', [key('name', 'string'), key('n', 'number', true)], 'bfadecg'],
];

/** Sorting, paging and totals. */
export function order(t: Test, open: Open): void {
  t.test('sort, in pages of every size', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    for (const [name, sort, expected] of table) {
      for (const limit of [1, 2, 3, 7, 8]) {
        for (const where of [{ op: 'all' } as const, isToken('all', '', 'x')]) {
          const all = await pages(store, plan('Basic', where, { sort, limit }));
          t.equal(all.flat().join(''), expected, `${name}, ${limit} a page`);
          t.equal(all.length, Math.ceil(7 / limit), 'no page is empty');
        }
      }
    }
  });

  t.test('ties of _lastUpdated within one transaction', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const wanted = Array.from({ length: 10 }, (_, i) => `r${i}`);
    await commit(store, ...wanted.map((id) => put(`Basic/${id}`)));
    for (const descending of [false, true]) {
      const sort = [key('_lastUpdated', 'lastUpdated', descending)];
      const all = (await pages(store, plan('Basic', { op: 'all' }, { sort, limit: 3 }))).flat();
      t.strictSame([...all].sort(), wanted, 'each once');
    }
  });

  t.test('totals', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const some = isToken('t', undefined);
    const total = async (where: typeof some | { op: 'all' }, more: object): Promise<unknown> => {
      const page = await store.find(plan('Basic', where, more));
      return [page.found.length, page.next !== undefined, page.total];
    };
    t.strictSame(await total(some, { limit: 1, total: 'accurate' }), [1, true, 2]);
    t.strictSame(await total(some, { limit: 1, total: 'estimate' }), [1, true, 2]);
    t.strictSame(await total(some, { limit: 1 }), [1, true, undefined]);
    t.strictSame(await total(some, { limit: 0, total: 'accurate' }), [0, false, 2]);
    t.strictSame(await total({ op: 'all' }, { limit: 0, total: 'accurate' }), [0, false, 7]);
  });

  t.test('pages go on where they were while others write', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await filled(store);
    const asked = plan('Basic', { op: 'all' }, { limit: 3, sort: [key('_id', 'id')] });
    const first = await store.find(asked);
    await commit(store, put('Basic/aa'), put('Basic/zz'));
    const second = await store.find({
      ...asked,
      limit: 10,
      ...(first.next === undefined ? {} : { after: first.next }),
    });
    t.strictSame(
      [ids(first), ids(second)],
      [
        ['a', 'b', 'c'],
        ['d', 'e', 'f', 'g', 'zz'],
      ],
    );
  });
}
