import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { everything, type Filter } from '#search/model/filter.ts';
import type { HistoryQuery, Store } from '#storage/store.ts';
import { commit, isToken, names, type Open, put, remove, token } from './build.ts';

/** Seven versions, each at a time of its own: `times[seq]`. */
async function lived(store: Store): Promise<readonly number[]> {
  const mine = { entries: [token('owner', '', 'me')] };
  const times = [0];
  for (const write of [
    put('Patient/a', mine),
    put('Observation/o', mine),
    put('Patient/a', mine),
    put('Patient/b'),
    remove('Patient/a'),
    put('Observation/o'),
    remove('Patient/b'),
  ]) {
    const { versions } = await commit(store, write);
    times.push(versions[0]?.lastUpdated ?? 0);
    await setTimeout(3);
  }
  return times;
}

/** Histories and the stream of changes. */
export function past(t: Test, open: Open): void {
  t.test('history: newest first, of a resource, a type, or all', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const times = await lived(store);
    const at = (seq: number): number => times[seq] ?? 0;
    const a = ['Patient/a/3', 'Patient/a/2', 'Patient/a/1'];
    const table: readonly (readonly [string, Partial<HistoryQuery>, readonly string[]])[] = [
      ['instance', { type: 'Patient', id: 'a' }, a],
      ['unknown instance', { type: 'Patient', id: 'x' }, []],
      ['unknown type', { type: 'Group' }, []],
      ['type', { type: 'Patient' }, ['Patient/b/2', 'Patient/a/3', 'Patient/b/1', 'Patient/a/2', 'Patient/a/1']],
      ['type, since', { type: 'Patient', since: at(5) }, ['Patient/b/2', 'Patient/a/3']],
      ['type, since just after', { type: 'Patient', since: at(5) + 1 }, ['Patient/b/2']],
      ['type, until', { type: 'Patient', until: at(3) }, ['Patient/a/2', 'Patient/a/1']],
      ['system, window', { since: at(2), until: at(4) }, ['Patient/b/1', 'Patient/a/2', 'Observation/o/1']],
      ['instance, until', { type: 'Patient', id: 'a', until: at(3) }, a.slice(1)],
      ['system, before', { before: 3 }, ['Observation/o/1', 'Patient/a/1']],
      ['future', { since: at(7) + 1000 }, []],
      ['instance, current at', { type: 'Patient', id: 'a', currentFrom: at(4), until: at(4) }, ['Patient/a/2']],
      [
        'type, current within',
        { type: 'Patient', currentFrom: at(4), until: at(5) },
        ['Patient/a/3', 'Patient/b/1', 'Patient/a/2'],
      ],
      [
        'replaced at the start',
        { type: 'Patient', id: 'a', currentFrom: at(3), until: at(3) },
        ['Patient/a/2', 'Patient/a/1'],
      ],
      ['replaced just before', { type: 'Patient', id: 'a', currentFrom: at(3) + 1, until: at(3) + 1 }, ['Patient/a/2']],
      ['current at, made since', { currentFrom: at(4), until: at(4), since: at(4) }, ['Patient/b/1']],
      ['current at, before', { currentFrom: at(4), until: at(4), before: 4 }, ['Patient/a/2', 'Observation/o/1']],
      ['current after the last', { type: 'Patient', currentFrom: at(7) + 1 }, ['Patient/b/2', 'Patient/a/3']],
    ];
    for (const [name, query, expected] of table) {
      t.strictSame(names(await store.history({ limit: 50, rights: everything, ...query })), expected, name);
    }
    const page = await store.history({ type: 'Patient', id: 'a', limit: 3, rights: everything });
    t.strictSame(
      page.found.map((v) => [v.method, v.content === undefined]),
      [
        ['DELETE', true],
        ['PUT', false],
        ['PUT', false],
      ],
    );
  });

  t.test('history in pages', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await lived(store);
    const whole = await store.history({ limit: 7, rights: everything });
    t.equal(whole.next, undefined, 'nothing follows a page that just takes all');
    const seen: string[] = [];
    let before: number | undefined;
    do {
      const page = await store.history({ limit: 2, rights: everything, ...(before === undefined ? {} : { before }) });
      seen.push(...names(page));
      before = page.next === undefined ? undefined : Number(page.next);
    } while (before !== undefined);
    t.strictSame(seen, names(whole));
  });

  t.test('history judges rights by the current state, or the last contents of the deleted', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await lived(store);
    const table: readonly (readonly [string, Filter, Partial<HistoryQuery>, readonly string[]])[] = [
      ['all', isToken('owner', '', 'me'), {}, ['Patient/a/3', 'Patient/a/2', 'Patient/a/1']],
      ['no longer mine', isToken('owner', '', 'me'), { type: 'Observation', id: 'o' }, []],
      ['deleted, mine', isToken('owner', '', 'me'), { type: 'Patient', id: 'a', limit: 1 }, ['Patient/a/3']],
      ['deleted, not mine', isToken('owner', '', 'me'), { type: 'Patient', id: 'b' }, []],
      ['by id', { op: 'id', ids: ['b'] }, {}, ['Patient/b/2', 'Patient/b/1']],
      ['none', { op: 'none' }, {}, []],
    ];
    for (const [name, rights, query, expected] of table) {
      t.strictSame(names(await store.history({ limit: 50, ...query, rights })), expected, name);
    }
    await commit(store, put('Patient/a'));
    const mine = await store.history({ limit: 50, rights: isToken('owner', '', 'me') });
    t.strictSame(names(mine), [], 'made again without the mark, it is judged by what it is now');
  });

  t.test('changes: every version, oldest first, without gaps', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await lived(store);
    const all = await store.changes(0, 100);
    t.strictSame(
      all.map((v) => v.seq),
      [1, 2, 3, 4, 5, 6, 7],
    );
    t.strictSame(
      names({ found: all }),
      names({ found: [...(await store.history({ limit: 9, rights: everything })).found].reverse() }),
    );
    t.ok(all.every((v, i) => v.lastUpdated >= (all[i - 1]?.lastUpdated ?? 0)));
    t.strictSame(await store.changes(2, 3), all.slice(2, 5));
    t.strictSame(await store.changes(6, 3), all.slice(6));
    t.strictSame(await store.changes(7, 3), []);
  });
}
