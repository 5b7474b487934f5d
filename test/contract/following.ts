import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { everything } from '#search/model/filter.ts';
import type { HistoryQuery } from '#storage/store.ts';
import {
  byIdentifier,
  carries,
  commit,
  isToken,
  type Open,
  plan,
  put,
  remove,
  string,
  token,
  transaction,
} from './build.ts';

const of = (id: string, ...patients: string[]) => put(`Basic/${id}`, { patients });
const patient = (id: string, ...identifiers: string[]) =>
  put(`Patient/${id}`, { patients: [id], entries: identifiers.map((value) => carries('id', value)) });
const named = (id: string, value: string) =>
  put(`Observation/${id}`, { entries: [byIdentifier('subject', 'id', value, 'Patient', true)] });

/** What followers ask: which Patients were touched, what was written, how many versions there are; and that they may leave. */
export function following(t: Test, open: Open): void {
  t.test('Patients are touched by what joins, changes in, or leaves their compartment', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    let after = 0;
    const touched = async () => {
      const page = await store.touched(after, 100);
      after = page.after;
      return page.patients.toSorted();
    };
    await commit(store, patient('a', '1'), patient('b', '2'), patient('c'));
    const steps: readonly (readonly [string, Parameters<typeof commit>[1][], string[]])[] = [
      ['nothing', [put('Basic/none')], []],
      ['a record comes', [of('x', 'a')], ['a']],
      ['it changes', [of('x', 'a')], ['a']],
      ['it moves', [of('x', 'b')], ['a', 'b']],
      ['it is of two', [of('x', 'b', 'c')], ['b', 'c']],
      ['it goes', [remove('Basic/x')], ['b', 'c']],
      ['it comes again', [of('x', 'a')], ['a']],
      ['of a Patient who is not there', [of('y', 'later')], []],
      ['who comes', [patient('later')], ['later']],
      ['a Patient changes', [patient('c')], ['c']],
      ['a record names one by identifier', [named('o', '1')], ['a']],
      ['the identifier moves', [patient('a'), patient('b', '2', '1')], ['a', 'b']],
      ['a second carrier: it leads nowhere', [patient('c', '1')], ['b', 'c']],
      ['a Patient is deleted', [remove('Patient/c')], ['b', 'c']],
      ['the record goes', [remove('Observation/o')], ['b']],
    ];
    t.strictSame(await touched(), ['a', 'b', 'c']);
    for (const [title, writes, expected] of steps) {
      await commit(store, ...writes);
      t.strictSame(await touched(), expected, title);
    }
    t.strictSame(await touched(), []);
    t.equal(after, await store.lastSeq());
    await store.transact(transaction([of('x', 'b'), put('Basic/no', { expect: 5 })]));
    t.strictSame(await touched(), [], 'what was not committed touched nobody');
  });

  t.test('each Patient comes with its last change; pages end between commits', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    const ids = Array.from({ length: 6 }, (_, i) => `p${i}`);
    await commit(store, ...ids.map((id) => patient(id)));
    const all = await store.touched(0, 2);
    t.equal(all.patients.length, 6, 'one commit stands on one page');
    for (const id of ids.toReversed()) await commit(store, of(`r-${id}`, id));
    const first = await store.touched(all.after, 2);
    t.strictSame(first.patients, ['p5', 'p4']);
    await commit(store, of('again', 'p3'));
    const second = await store.touched(first.after, 10);
    t.strictSame(second.patients, ['p2', 'p1', 'p0', 'p3']);
    t.strictSame(await store.touched(second.after, 10), { patients: [], after: second.after });
    if (reopen !== undefined) t.strictSame((await (await reopen()).touched(first.after, 10)).patients, second.patients);
  });

  t.test('changes may wait for the first that comes', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    t.strictSame(await store.changes(0, 10, 20), [], 'it gives up');
    const waiting = store.changes(0, 10, 600_000);
    const left = new AbortController();
    const leaving = store.changes(1, 10, 600_000, { signal: left.signal });
    await setTimeout(20);
    await commit(store, put('Basic/a'));
    t.strictSame(
      (await waiting).map(({ id }) => id),
      ['a'],
    );
    left.abort();
    await t.rejects(leaving, { name: 'AbortError' });
    t.strictSame(
      (await store.changes(0, 10, 600_000)).map(({ id }) => id),
      ['a'],
      'no wait where something is there',
    );
  });

  t.test('a history tells how many versions there are', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const own = { entries: [token('owner', '', 'me')] };
    await commit(store, put('Basic/a', own), put('Basic/b'), put('Patient/a'));
    for (let i = 0; i < 4; i++) await commit(store, put('Basic/a', own));
    await commit(store, remove('Basic/a'));
    const last = await store.lastSeq();
    const table: readonly (readonly [Partial<HistoryQuery>, number, number])[] = [
      [{ limit: 100 }, 8, 8],
      [{ limit: 3 }, 3, 8],
      [{ limit: 3, before: last }, 3, 8],
      [{ limit: 0 }, 0, 8],
      [{ type: 'Basic', limit: 2 }, 2, 7],
      [{ type: 'Basic', id: 'a', limit: 10 }, 6, 6],
      [{ type: 'Basic', id: 'never', limit: 10 }, 0, 0],
      [{ type: 'Device', limit: 10 }, 0, 0],
      [{ limit: 10, rights: isToken('owner', '', 'me') }, 6, 6],
      [{ limit: 10, since: Date.now() + 60_000 }, 0, 0],
      [{ limit: 10, until: 0 }, 0, 0],
    ];
    for (const [query, found, total] of table) {
      const page = await store.history({ limit: 10, rights: everything, total: true, ...query });
      t.strictSame([page.found.length, page.total], [found, total], JSON.stringify(query));
    }
    t.equal((await store.history({ limit: 10, rights: everything })).total, undefined, 'not unless it is asked');
  });

  t.test('what is long may be left', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      ...Array.from({ length: 50 }, (_, n) => put(`Basic/b${n}`, { entries: [string('name', `n${n}`)] })),
    );
    const gone = { signal: AbortSignal.abort() };
    await t.rejects(store.find(plan('Basic'), gone), { name: 'AbortError' });
    await t.rejects(store.history({ limit: 1, rights: everything }, gone), { name: 'AbortError' });
    await t.rejects(store.transact(transaction([put('Basic/never')]), gone), { name: 'AbortError' });
    await t.rejects(Array.fromAsync(store.scan({ types: [], rights: everything }, gone)), { name: 'AbortError' });
    t.equal(await store.read('Basic', 'never'), undefined);
    t.equal((await store.find(plan('Basic'), new AbortController())).found.length, 50);
  });

  t.test('guards have a time, and what they found then is not taken for an answer', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const many = Array.from({ length: 600 }, (_, n) => put(`Basic/b${n}`, { entries: [string('name', `n${n}`)] }));
    await commit(store, ...many);
    const where = { op: 'match', param: 'name', test: { kind: 'string', how: 'contains', value: 'none' } } as const;
    const guards = [{ plan: plan('Basic', where), expect: [] }];
    t.match(await store.transact(transaction([put('Basic/x')], { guards, timeout: 0 })), { conflict: 'timeout' });
    t.ok('versions' in (await store.transact(transaction([put('Basic/x')], { guards, timeout: 600_000 }))));
  });
}
