import type { Test } from 'tap';
import type { Store, Transaction } from '#storage/store.ts';
import { commit, type Open, put, refers, remove, transaction } from './build.ts';

const patient = (id: string) => put(`Patient/${id}`, { patients: [id] });
const of = (id: string, ...patients: string[]) => put(`Basic/${id}`, { patients });

async function keep(store: Store, results: NonNullable<Transaction['results']>): Promise<void> {
  const made = await store.transact(transaction([], { results }));
  if ('conflict' in made) throw new Error(`unexpected conflict: ${JSON.stringify(made)}`);
}

/** What holds, as `patient=value`. */
async function held(store: Store, key = 'm'): Promise<readonly string[]> {
  const { found } = await store.results(key, 1000);
  return found.map(({ patient, value }) => `${patient}=${value}`).toSorted();
}

/** Results of Patients, kept as long as nothing changes that they rest on. */
export function results(t: Test, open: Open): void {
  t.test('a result holds until the compartment of its Patient is touched', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    const now = () => store.lastSeq();
    await commit(
      store,
      patient('a'),
      patient('b'),
      patient('c'),
      put('Basic/x', { entries: [refers('to', 'Patient/later')] }),
    );
    const all = ['a', 'b', 'c', 'later', 'never'];
    const compute = async (value: string) => {
      const seq = await now();
      await keep(store, { m: all.map((patient) => ({ patient, seq, value })) });
    };
    await compute('1');
    t.strictSame(await held(store), ['a=1', 'b=1', 'c=1'], 'Patients that were never stored keep none');
    t.strictSame((await store.results('m', 1)).found[0]?.seq, 4);
    const steps: readonly (readonly [string, Parameters<typeof commit>[1][], string[]])[] = [
      ['what is of nobody', [put('Basic/none')], ['a', 'b', 'c']],
      ['a record comes', [of('r', 'a')], ['b', 'c']],
      ['it moves', [of('r', 'b')], ['c']],
      ['it goes', [remove('Basic/r')], ['a', 'c']],
      ['a Patient changes', [patient('c')], ['a', 'b']],
      ['one is deleted', [remove('Patient/b')], ['a', 'c']],
      ['what was deleted was stored once', [put('Basic/none')], ['a', 'b', 'c']],
      ['who was awaited comes', [patient('later')], ['a', 'b', 'c']],
    ];
    for (const [title, writes, expected] of steps) {
      await compute(title);
      await commit(store, ...writes);
      t.strictSame(
        await held(store),
        expected.map((id) => `${id}=${title}`),
        title,
      );
    }
    if (reopen === undefined) return;
    const before = await held(store);
    t.strictSame(await held(await reopen()), before);
  });

  t.test('what was computed from an older state replaces nothing', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, patient('a'));
    await commit(store, put('Basic/x'));
    const table: readonly (readonly [seq: number, value: string, expected: readonly string[]])[] = [
      [0, 'before there was anything', []],
      [1, 'old', ['a=old']],
      [2, 'new', ['a=new']],
      [1, 'late', ['a=new']],
      [2, 'again', ['a=again']],
    ];
    for (const [seq, value, expected] of table) {
      await keep(store, { m: [{ patient: 'a', seq, value }] });
      t.strictSame(await held(store), expected, value);
    }
    // A change that the computation missed: its result comes after it, and never holds.
    await commit(store, of('r', 'a'));
    await keep(store, {
      m: [{ patient: 'a', seq: 2, value: 'missed' }],
      other: [{ patient: 'a', seq: 2, value: 'missed' }],
    });
    t.strictSame([await held(store), await held(store, 'other')], [[], []]);
    const early = transaction([put('Basic/y')], { results: { m: [{ patient: 'a', seq: 4, value: 'early' }] } });
    await t.rejects(store.transact(early), { message: /still to come/ });
    t.strictSame([await held(store), await store.lastSeq()], [[], 3]);
  });

  t.test('results come and go with their transaction', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, patient('a'), patient('b'));
    const result = (patient: string, value: string, seq = 2) => ({ patient, seq, value });
    await keep(store, { m: [result('a', '甲')], 'n|2025': [result('a', ''), result('b', 'x')] });
    t.strictSame(await held(store, 'n|2025'), ['a=', 'b=x'], 'keys have nothing to do with each other');
    t.strictSame(await held(store, 'unknown'), []);
    const refused = { m: [result('b', 'no')], 'n|2025': undefined };
    const conflict = await store.transact(transaction([put('Basic/x', { expect: 7 })], { results: refused }));
    t.match(conflict, { conflict: 'version' });
    t.strictSame([await held(store), await held(store, 'n|2025')], [['a=甲'], ['a=', 'b=x']]);
    // Of the writes beside it, those that touch its Patient came after what it was computed from.
    const beside = transaction([of('r', 'b')], { results: { m: [result('a', 'yes'), result('b', 'no')] } });
    t.ok('versions' in (await store.transact(beside)));
    t.strictSame(await held(store), ['a=yes']);
    await keep(store, { m: undefined, unknown: undefined });
    t.strictSame([await held(store), await held(store, 'n|2025')], [[], ['a=']], 'a key is forgotten, others are not');
    await keep(store, { m: [result('a', 'anew', 1)] });
    t.strictSame(await held(store), [], 'an older result is kept then, and does not hold');
    await keep(store, { m: [result('a', 'anew')] });
    t.strictSame(await held(store), ['a=anew']);
  });

  t.test('pages give each Patient once, whatever happens between them', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const ids = Array.from({ length: 40 }, (_, i) => `p${i}`);
    await commit(store, ...ids.map(patient));
    const seq = await store.lastSeq();
    await keep(store, { m: ids.map((id) => ({ patient: id, seq, value: id })) });
    await commit(store, ...ids.slice(0, 10).map(patient));
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const page = await store.results('m', 7, next);
      t.ok(page.found.length === 7 || page.next === undefined);
      seen.push(...page.found.map(({ value }) => value));
      ({ next } = page);
      await commit(store, of(`r${seen.length}`, seen[0] ?? ''), patient(`new${seen.length}`));
    } while (next !== undefined);
    t.strictSame(seen.toSorted(), ids.slice(10).toSorted());
    t.strictSame(await store.results('m', 0), { found: [] });
  });
}
