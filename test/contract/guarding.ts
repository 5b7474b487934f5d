import type { Test } from 'tap';
import { everything, type Filter, type Plan } from '#search/model/filter.ts';
import type { Conflict, Guard, Store, Transaction, Write } from '#storage/store.ts';
import {
  byIdentifier,
  carries,
  commit,
  ids,
  isToken,
  type Open,
  plan,
  put,
  refers,
  remove,
  string,
  token,
  transaction,
} from './build.ts';

const named = (id: string, name: string) => put(`Basic/${id}`, { entries: [string('name', name)] });
const contains = (value: string): Filter => ({
  op: 'match',
  param: 'name',
  test: { kind: 'string', how: 'contains', value },
});
const chain = (types: readonly string[], where: Filter): Filter => ({ op: 'chain', param: 'subject', types, where });

/** A guard of what a plan finds now. */
async function guardOf(store: Store, asked: Plan): Promise<Guard & { readonly seq: number }> {
  const page = await store.find(asked);
  if (page.seq === undefined) throw new Error('a page of a search tells no seq');
  return { plan: asked, expect: ids(page).toSorted(), seq: page.seq };
}

/** No time at all: whatever has to be looked up ends with it. */
const timeout = 0;

/** Guards say in which state they were looked up: they rest on what was changed since, and on nothing else. */
export function guarding(t: Test, open: Open): void {
  const opened = async (t: Test) => {
    const { store, close } = await open();
    t.teardown(close);
    return store;
  };
  const filled = async (t: Test) => {
    const store = await opened(t);
    await commit(store, ...Array.from({ length: 600 }, (_, n) => named(`b${n}`, `n${n}`)));
    return store;
  };

  t.test('a guard takes no time while nothing changes that it rests on', async (t) => {
    const store = await filled(t);
    const guards = [await guardOf(store, plan('Basic', contains('zz')))];
    const write = (id: string, more: Partial<Transaction>) =>
      store.transact(transaction([put(`Device/${id}`)], { guards, ...more }));
    const anew = guards.map(({ seq: _, ...guard }) => guard);
    t.match(
      await write('a', { timeout, guards: anew }),
      { conflict: 'timeout' },
      'one that does not say when it looked',
    );
    t.ok('versions' in (await write('a', { timeout })), 'nothing was changed');
    t.ok('versions' in (await write('b', { timeout })), 'what was changed is of another type');
    await commit(store, put('Patient/p', { entries: [carries('s', 'zz')] }), remove('Device/a'));
    t.ok('versions' in (await write('c', { timeout })));
    await commit(store, named('more', 'n601'));
    t.match(await write('d', { timeout }), { conflict: 'timeout' }, 'what was changed has to be looked at');
    t.ok('versions' in (await write('d', { timeout: 600_000 })));
    await commit(store, named('more', 'pizza zz'));
    t.strictSame(await write('e', {}), { conflict: 'guard', guard: 0, found: ['more'] });
    await commit(store, remove('Basic/more'));
    t.ok('versions' in (await write('e', {})));
  });

  t.test('guards and criteria have one time together', async (t) => {
    const store = await filled(t);
    const guard = await guardOf(store, plan('Basic', contains('zz')));
    const made = { ...named('made', 'zz'), criteria: guard.plan };
    t.match(await store.transact(transaction([made], { guards: [guard], timeout })), { conflict: 'timeout' });
    t.equal(await store.read('Basic', 'made'), undefined);
    t.ok('versions' in (await store.transact(transaction([made], { guards: [guard], timeout: 600_000 }))));
  });

  t.test('what a guard found before, and what was changed since, is what is found now', async (t) => {
    const patient = (id: string, code: string) =>
      put(`Patient/${id}`, { patients: [id], entries: [carries('s', id), token('gender', 'g', code)] });
    const observation = (id: string, code: string, subject: string) =>
      put(`Observation/${id}`, { entries: [token('code', 'c', code), refers('subject', `Patient/${subject}`)] });
    const logical = put('Observation/l', {
      entries: [token('code', 'c', 'x'), byIdentifier('subject', 's', 'late', 'Patient')],
    });
    const of = (id: string): Filter => ({
      op: 'match',
      param: 'subject',
      test: { kind: 'reference', type: 'Patient', id },
    });
    const among: Filter = { op: 'match', param: 'code', test: { kind: 'concept', set: 'set' } };
    const plans: readonly (readonly [string, Plan])[] = [
      ['everything', plan('Observation')],
      ['a token', plan('Observation', isToken('code', 'c', 'x'))],
      ['its negation', plan('Observation', { op: 'not', of: isToken('code', 'c', 'x') })],
      ['one of two', plan('Observation', { op: 'or', of: [isToken('code', 'c', 'x'), of('b')] })],
      ['a reference', plan('Observation', of('late'))],
      ['presence', plan('Observation', { op: 'present', param: 'subject' })],
      ['ids', plan('Observation', { op: 'id', ids: ['o1', 'o9'] })],
      ['a chain', plan('Observation', chain(['Patient'], isToken('gender', 'g', 'f')))],
      [
        'a chain that is not so',
        plan('Observation', { op: 'not', of: chain(['Patient'], isToken('gender', 'g', 'f')) }),
      ],
      [
        'what refers here',
        plan('Patient', { op: 'has', type: 'Observation', param: 'subject', where: isToken('code', 'c', 'x') }),
      ],
      ['a set', plan('Observation', among)],
      ['two types', plan(['Observation', 'Patient'], { op: 'not', of: isToken('gender', 'g', 'f') })],
      ['a type that nothing has', plan('Device', isToken('code', 'c', 'x'))],
      ['a time', plan('Observation', { op: 'lastUpdated', where: [{ bound: 'low', op: '>', value: 1 }] })],
    ];
    const renew = async (store: Store) => {
      const version = (await store.read('Observation', 'o1'))?.version ?? 0;
      const index = { entries: [token('code', 'c', 'y')], patients: [] };
      return store.reindex([{ type: 'Observation', id: 'o1', version, index }], {});
    };
    const steps: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
      ['nothing', async () => undefined],
      ['a match comes', (s) => commit(s, observation('o9', 'x', 'a'))],
      ['another comes', (s) => commit(s, observation('o9', 'y', 'b'))],
      [
        'many come',
        (s) => commit(s, ...Array.from({ length: 40 }, (_, n) => observation(`m${n}`, n % 2 ? 'x' : 'y', 'b'))),
      ],
      ['a match goes', (s) => commit(s, remove('Observation/o1'))],
      [
        'a match comes and goes',
        (s) => commit(s, observation('o9', 'x', 'a')).then(() => commit(s, remove('Observation/o9'))),
      ],
      ['a match is one no more', (s) => commit(s, observation('o1', 'y', 'b'))],
      ['a match stays one', (s) => commit(s, observation('o1', 'x', 'a'))],
      ['another becomes one', (s) => commit(s, observation('o2', 'x', 'a'))],
      ['a target changes', (s) => commit(s, patient('a', 'm'), patient('b', 'f'))],
      ['a target goes', (s) => commit(s, remove('Patient/a'))],
      ['what was only named arrives', (s) => commit(s, patient('late', 'f'))],
      [
        'it arrives twice',
        (s) => commit(s, patient('late', 'f'), put('Patient/two', { entries: [carries('s', 'late')] })),
      ],
      ['entries are made anew', renew],
      ['a set is replaced', (s) => s.transact(transaction([], { concepts: { set: [{ system: 'c', code: 'y' }] } }))],
      ['a type gets its first', (s) => commit(s, put('Device/d', { entries: [token('code', 'c', 'x')] }))],
    ];
    const store = await opened(t);
    for (const [what, change] of steps) {
      const old = await store.find(plan(['Observation', 'Patient', 'Device']));
      await commit(store, ...old.found.map(({ type, id }) => remove(`${type}/${id}`)));
      await commit(store, patient('a', 'f'), patient('b', 'm'));
      await commit(store, observation('o1', 'x', 'a'), observation('o2', 'y', 'b'), logical);
      await store.transact(transaction([], { concepts: { set: [{ system: 'c', code: 'x' }] } }));
      await commit(store, put('Basic/after'));
      const guards = await Promise.all(plans.map(([, asked]) => guardOf(store, asked)));
      await change(store);
      for (const [i, guard] of guards.entries()) {
        const { seq: _, ...anew } = guard;
        // Refused in any case, so that the state stays: what it looks like is told by the guard, or by the version.
        const told = (of: Guard) => store.transact(transaction([put('Patient/a', { expect: 99 })], { guards: [of] }));
        const [told1, told2] = [await told(guard), await told(anew)];
        const kind = (conflict: unknown) => (conflict as Conflict).conflict;
        t.equal(kind(told1), kind(told2), `${plans[i]?.[0]}: ${what}`);
      }
    }
  });

  t.test('transactions of one group see what those before them did', async (t) => {
    const store = await filled(t);
    const guards = [await guardOf(store, plan('Basic', contains('zz')))];
    const writes: readonly (readonly Write[])[] = [
      [put('Device/a')],
      [named('z1', 'zz')],
      [named('z2', 'zz')],
      [put('Device/b')],
    ];
    const results = await Promise.all(writes.map((some) => store.transact(transaction(some, { guards }))));
    t.strictSame(
      results.map((result) => ('conflict' in result ? result.conflict : 'made')),
      ['made', 'made', 'guard', 'guard'],
    );
  });

  t.test('criteria that a guard looked up see what is written, and what came since', async (t) => {
    const table: readonly (readonly [string, Write[], Write[], unknown])[] = [
      ['it alone', [], [named('new', 'zz')], 'made'],
      ['it does not satisfy them', [], [named('new', 'other')], { conflict: 'criteria', write: 0, found: [] }],
      [
        'another does too',
        [],
        [named('new', 'zz'), named('a', 'zz')],
        { conflict: 'criteria', write: 0, found: ['a', 'new'] },
      ],
      [
        'another of many',
        [],
        [named('new', 'zz'), ...Array.from({ length: 30 }, (_, n) => named(`c${n}`, 'c'))],
        'made',
      ],
      ['another came', [named('b', 'zz')], [named('new', 'zz')], { conflict: 'guard', guard: 0, found: ['b'] }],
      ['what came is none', [named('b', 'x')], [named('new', 'zz')], 'made'],
    ];
    const store = await filled(t);
    for (const [title, since, writes, expected] of table) {
      const old = await store.find(plan('Basic', { op: 'not', of: contains('n') }));
      await commit(store, ...ids(old).map((id) => remove(`Basic/${id}`)));
      const guard = await guardOf(store, plan('Basic', contains('zz')));
      if (since.length > 0) await commit(store, ...since);
      const [first, ...others] = writes;
      if (first === undefined) throw new Error('nothing is written');
      const asked = transaction([{ ...first, criteria: guard.plan }, ...others], { guards: [guard] });
      const result = await store.transact(asked);
      t.strictSame('conflict' in result ? result : 'made', expected, title);
    }
  });

  t.test('a page tells the state that it shows', async (t) => {
    const store = await filled(t);
    t.equal((await store.find(plan('Basic', everything, { limit: 1 }))).seq, 600);
    t.equal((await store.find(plan('Device'))).seq, 600, 'of a type that nothing has');
    await commit(store, remove('Basic/b1'));
    t.equal((await store.find(plan('Basic'))).seq, 601);
  });
}
