import { setImmediate } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Filter, nothing } from '#search/model/filter.ts';
import type { Guard, Transaction, Write } from '#storage/store.ts';
import {
  byIdentifier,
  carries,
  commit,
  created,
  ids,
  isToken,
  names,
  type Open,
  outcome,
  plan,
  put,
  refers,
  remove,
  rightsOf,
  token,
  transaction,
} from './build.ts';

/** Writes, versions, conflicts: what `transact` promises. */
export function writing(t: Test, open: Open): void {
  t.test('a resource from its creation to its second life', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const read = async (version?: number) => {
      const v = await store.read('Patient', 'a', version);
      return v === undefined ? undefined : [v.version, v.method, v.content?.includes('"text":"one"')];
    };
    t.equal(await read(), undefined, 'nothing before');
    t.strictSame(created(await commit(store, put('Patient/a', { text: 'one', method: 'POST' }))), [true]);
    t.strictSame(await read(), [1, 'POST', true]);
    t.strictSame(created(await commit(store, put('Patient/a', { text: 'two' }))), [false]);
    t.strictSame(await read(), [2, 'PUT', false]);
    t.strictSame(await read(1), [1, 'POST', true], 'the first version stays readable');
    t.equal(await read(3), undefined);
    const deletion = await commit(store, remove('Patient/a'));
    t.strictSame(outcome(deletion), ['Patient/a/3']);
    t.equal(deletion.versions[0]?.content, undefined);
    t.strictSame(await read(), [3, 'DELETE', undefined], 'deleted, not unknown');
    t.strictSame(outcome(await commit(store, remove('Patient/a'))), [undefined], 'deleting again writes nothing');
    t.strictSame(outcome(await commit(store, remove('Patient/never'))), [undefined]);
    t.equal(await store.read('Patient', 'never'), undefined);
    const again = await commit(store, put('Patient/a', { text: 'one' }));
    t.strictSame([outcome(again), created(again)], [['Patient/a/4'], [true]], 'versions continue');
    t.strictSame(await read(2), [2, 'PUT', false]);
    t.strictSame(await read(3), [3, 'DELETE', undefined]);
  });

  t.test('the text comes back as it was given, but for the two members of meta', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const head = '{ "a":1.00, "名":"沪 \\u0000 \u{1F600}\\n",  "meta":{"tag":[],';
    const tail = '},"b":1e-07,"c":"\u2028"}';
    const { versions } = await commit(store, { ...put('Basic/x'), draft: { head, tail } });
    const found = await store.read('Basic', 'x');
    const time = new Date(found?.lastUpdated ?? 0).toISOString();
    t.equal(found?.content, `${head}"versionId":"1","lastUpdated":"${time}"${tail}`);
    t.strictSame(versions, [found], 'what the commit told is what is read');
    t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    t.strictSame((await store.find(plan('Basic'))).found, [found]);
  });

  t.test('what was acknowledged, or found, is read from then on', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Basic/a'));
    const version = async () => (await store.read('Basic', 'a'))?.version ?? 0;
    for (let n = 1; n < 30; n++) {
      // Reads go on in every turn of the event loop, also in that in which the commit is told.
      let waiting = true;
      const reading = (async () => {
        while (waiting) {
          await version();
          await setImmediate();
        }
      })();
      t.equal(await version(), n);
      const writing = commit(store, put('Basic/a')).then(version);
      if (n % 2 === 0) t.equal(await writing, n + 1, 'after the commit');
      else {
        for (let found = n; found === n; ) {
          found = (await store.find(plan('Basic'))).found[0]?.version ?? 0;
          t.ok((await version()) >= found, 'after a search');
        }
      }
      waiting = false;
      await Promise.all([reading, writing]);
    }
  });

  t.test('expected versions', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Patient/two'), put('Patient/gone'));
    await commit(store, put('Patient/two'), remove('Patient/gone'));
    const conflict = (found: number) => ({ conflict: 'version', write: 0, found });
    const table = [
      [put('Patient/two', { expect: 1 }), conflict(2)],
      [put('Patient/two', { expect: 3 }), conflict(2)],
      [put('Patient/two', { expect: 0 }), conflict(2)],
      [put('Patient/two', { expect: 2 }), ['Patient/two/3']],
      [put('Patient/gone', { expect: 1 }), conflict(0)],
      [put('Patient/gone', { expect: 0 }), ['Patient/gone/3']],
      [put('Patient/new', { expect: 1 }), conflict(0)],
      [put('Patient/new', { expect: 0 }), ['Patient/new/1']],
      [remove('Patient/new', 2), conflict(1)],
      [remove('Patient/none', 1), conflict(0)],
      [remove('Patient/new', 1), ['Patient/new/2']],
    ] as const;
    for (const [write, expected] of table) {
      const got = outcome(await store.transact(transaction([write])));
      t.strictSame(got, expected, `${write.method} ${write.type}/${write.id} expecting ${write.expect}`);
    }
  });

  t.test('guards see the state before the writes', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const code = (id: string, value: string) => put(`Observation/${id}`, { entries: [token('code', 's', value)] });
    await commit(store, code('a', 'one'), code('b', 'two'), code('c', 'two'), code('d', 'two'));
    const guard = (value: string, expect: readonly string[]): Guard => ({
      plan: plan('Observation', isToken('code', 's', value)),
      expect,
    });
    const table: readonly (readonly [Guard, readonly string[] | 'met'])[] = [
      [guard('none', []), 'met'],
      [guard('none', ['a']), []],
      [guard('one', ['a']), 'met'],
      [guard('one', ['b']), ['a']],
      [guard('one', []), ['a']],
      [guard('two', ['b', 'c', 'd']), 'met'],
      [guard('two', ['b']), ['b', 'c']],
      [guard('written', []), 'met'],
    ];
    for (const [i, [guarded, expected]] of table.entries()) {
      const write = code(`new${i}`, 'written');
      const met = guard('one', ['a']);
      const result = await store.transact(transaction([write], { guards: [met, guarded] }));
      const wanted = expected === 'met' ? [`Observation/new${i}/1`] : { conflict: 'guard', guard: 1, found: expected };
      t.strictSame(outcome(result), wanted, JSON.stringify(guarded));
      if (expected === 'met') await commit(store, remove(`Observation/new${i}`));
    }
  });

  t.test('criteria of a write see the state after all writes', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Patient/old', { entries: [carries('s', 'old')] }));
    const female: Filter = {
      op: 'chain',
      param: 'subject',
      types: ['Patient'],
      where: isToken('gender', 'g', 'female'),
    };
    const observed: Filter = { op: 'has', type: 'Encounter', param: 'subject', where: isToken('class', 'c', 'AMB') };
    const of = (id: string): Filter => ({
      op: 'match',
      param: 'subject',
      test: { kind: 'reference', type: 'Patient', id },
    });
    const ofOld = of('old');
    const updated = (op: '<' | '>', value: number): Filter => ({
      op: 'lastUpdated',
      where: [{ bound: 'low', op, value }],
    });
    const asks = (type: string, criteria: Filter) => ({ criteria: plan(type, criteria) });
    const seen = (id: string, subject: string): Write =>
      put(`Encounter/${id}`, { entries: [token('class', 'c', 'AMB'), refers('subject', `Patient/${subject}`)] });
    const visit = (id: string, subject: string, criteria: Filter): Write => ({
      ...seen(id, subject),
      ...asks('Encounter', criteria),
    });
    const woman = put('Patient/w', { entries: [token('gender', 'g', 'female')] });
    const named = put('Encounter/x', { entries: [byIdentifier('subject', 's', 'old', 'Patient')] });
    const met: readonly (readonly Write[])[] = [
      [visit('x', 'w', female), woman],
      [{ ...woman, ...asks('Patient', observed) }, seen('x', 'w')],
      [visit('x', 'w', updated('>', 0))],
      [visit('x', 'w', { op: 'not', of: female }), remove('Patient/w')],
      [{ ...named, ...asks('Encounter', ofOld) }],
      [visit('x', 'old', ofOld), visit('y', 'w', of('w'))],
    ];
    const unmet: readonly (readonly [write: number, found: readonly string[], writes: readonly Write[]])[] = [
      [0, [], [visit('x', 'old', female), woman]],
      [1, [], [seen('y', 'w'), { ...put('Patient/old'), ...asks('Patient', observed) }]],
      [0, [], [visit('x', 'w', updated('<', 1))]],
      [1, [], [woman, visit('x', 'w', { op: 'not', of: female })]],
      [0, [], [{ ...named, ...asks('Encounter', ofOld) }, remove('Patient/old')]],
      [1, [], [visit('x', 'old', ofOld), visit('y', 'w', isToken('never', 'heard', 'of'))]],
      [0, [], [visit('x', 'old', nothing)]],
      [0, ['y'], [visit('x', 'w', ofOld), seen('y', 'old')]],
      [0, ['x', 'y'], [visit('x', 'old', ofOld), seen('y', 'old')]],
    ];
    for (const [i, writes] of met.entries()) {
      t.notMatch(await store.transact(transaction(writes)), { conflict: /./ }, `met ${i}`);
      await commit(store, remove('Encounter/x'), remove('Encounter/y'), remove('Patient/w'));
    }
    const { lastSeq } = await store.stats();
    for (const [i, [write, found, writes]] of unmet.entries()) {
      t.strictSame(await store.transact(transaction(writes)), { conflict: 'criteria', write, found }, `unmet ${i}`);
    }
    t.equal((await store.stats()).lastSeq, lastSeq, 'and nothing was stored');
  });

  t.test('all or nothing, for each transaction by itself', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Patient/taken'));
    const { lastSeq } = await store.stats();
    const entries = [token('unheard-of', 'new-system', 'x'), refers('subject', 'Group/later')];
    const bad = transaction([
      put('Encounter/trace', { entries, patients: ['unknown'] }),
      remove('Patient/taken'),
      put('Patient/other', { expect: 7 }),
    ]);
    const good = (n: number) => transaction([put(`Encounter/good${n}`, { entries })]);
    const results = await Promise.all([good(1), bad, good(2), bad, good(3)].map((x) => store.transact(x)));
    t.strictSame(results.map(outcome), [
      ['Encounter/good1/1'],
      { conflict: 'version', write: 2, found: 0 },
      ['Encounter/good2/1'],
      { conflict: 'version', write: 2, found: 0 },
      ['Encounter/good3/1'],
    ]);
    t.equal(await store.read('Encounter', 'trace'), undefined);
    t.equal((await store.read('Patient', 'taken'))?.version, 1);
    const stats = await store.stats();
    t.strictSame([stats.lastSeq - lastSeq, stats.pending], [3, 3], 'no seq was used, no reference left behind');
    t.strictSame(stats.resources, { Encounter: 3, Patient: 1 });
    t.strictSame(ids(await store.find(plan('Encounter', isToken('unheard-of', 'new-system')))), [
      'good1',
      'good2',
      'good3',
    ]);
  });

  t.test('the index record of each write is asked for once', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    let asked = 0;
    const indexed = (reference: string, expect?: number) => {
      const write = put(reference, { entries: [token('code', 's', 'x')], ...(expect !== undefined && { expect }) });
      return {
        ...write,
        index: () => {
          asked++;
          return write.index();
        },
      };
    };
    await commit(store, indexed('Basic/a'), indexed('Basic/b'));
    t.equal(asked, 2);
    t.match(await store.transact(transaction([indexed('Basic/c'), indexed('Basic/a', 7)])), { conflict: 'version' });
    t.equal(asked, 4, 'a conflict asks no more');
  });

  t.test('a transaction that writes a resource twice is a defect of its maker, and stores nothing', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await t.rejects(commit(store, put('Patient/a'), put('Patient/a')));
    t.equal(await store.lastSeq(), 0);
    await commit(store, put('Patient/a'));
    await t.rejects(commit(store, put('Patient/a'), put('Patient/a')));
    t.equal(await store.lastSeq(), 1);
  });

  t.test('strict references', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, put('Patient/here'), put('Patient/gone'));
    await commit(store, remove('Patient/gone'));
    const strict = async (...targets: readonly string[]) => {
      const writes = targets.map((x, i) => put(`Observation/o${i}`, { entries: [refers('subject', x)] }));
      return outcome(await store.transact(transaction([...writes, put('Patient/made')], { references: 'strict' })));
    };
    const missing = (reference: string, write = 0) => ({ conflict: 'reference', write, param: 'subject', reference });
    t.strictSame(await strict('Patient/never'), missing('Patient/never'));
    t.strictSame(await strict('Patient/here', 'Patient/gone'), missing('Patient/gone', 1));
    t.strictSame(await strict('Patient/here'), ['Observation/o0/1', 'Patient/made/1']);
    t.strictSame(await strict('Patient/made'), ['Observation/o0/2', 'Patient/made/2'], 'made by a later write of it');
  });

  t.test('rights hold before and after each write', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const of = (id: string, owner: string) => put(`Basic/${id}`, { entries: [token('owner', '', owner)] });
    await commit(store, of('mine', 'me'), of('theirs', 'them'), of('gone', 'them'));
    await commit(store, remove('Basic/gone'));
    const rights = isToken('owner', '', 'me');
    const attempt = async (options: Partial<Transaction>, ...writes: Parameters<typeof transaction>[0]) =>
      outcome(await store.transact(transaction(writes, { rights: rightsOf(rights), ...options })));
    t.strictSame(await attempt({}, of('mine', 'me')), ['Basic/mine/2']);
    t.strictSame(await attempt({}, of('mine', 'them')), { conflict: 'rights', write: 0 }, 'given away');
    t.strictSame(await attempt({}, of('theirs', 'me')), { conflict: 'rights', write: 0 }, 'taken');
    t.strictSame(await attempt({}, { ...of('theirs', 'me'), expect: 9 }), { conflict: 'rights', write: 0 });
    t.strictSame(await attempt({}, of('gone', 'me')), { conflict: 'rights', write: 0 }, 'taken out of its grave');
    t.strictSame(await attempt({}, of('new', 'me'), remove('Basic/theirs')), { conflict: 'rights', write: 1 });
    t.strictSame(await attempt({}, of('new', 'me'), remove('Basic/mine')), ['Basic/new/1', 'Basic/mine/3']);
    t.strictSame(await attempt({}, of('mine', 'me')), ['Basic/mine/4']);
    t.strictSame(await attempt({ rights: rightsOf({ op: 'none' }) }, of('new2', 'me')), {
      conflict: 'rights',
      write: 0,
    });
  });

  t.test('200 transactions at once on 10 resources: each version once, in order', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const increment = async (id: string): Promise<number> => {
      for (;;) {
        const version = (await store.read('Basic', id))?.version ?? 0;
        const result = await store.transact(transaction([put(`Basic/${id}`, { expect: version })]));
        if ('versions' in result) return result.versions[0]?.version ?? 0;
      }
    };
    const made = await Promise.all(Array.from({ length: 200 }, (_, i) => increment(`r${i % 10}`)));
    for (let r = 0; r < 10; r++) {
      const versions = made.filter((_, i) => i % 10 === r).sort((a, b) => a - b);
      t.strictSame(
        versions,
        Array.from({ length: 20 }, (_, i) => i + 1),
        `r${r}`,
      );
      const page = await store.history({ type: 'Basic', id: `r${r}`, limit: 50, rights: { op: 'all' } });
      t.strictSame(
        names(page),
        Array.from({ length: 20 }, (_, i) => `Basic/r${r}/${20 - i}`),
      );
    }
    t.equal((await store.stats()).lastSeq, 200);
  });
}
