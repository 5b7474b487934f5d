import type { Test } from 'tap';
import { everything, type Filter } from '#search/model/filter.ts';
import type { Needs, Store } from '#storage/store.ts';
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
  token,
  transaction,
} from './build.ts';

/** `patient: record record` of each resident. */
async function scanned(store: Store, types: readonly string[], more: Partial<Needs> = {}): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const chunk of store.scan({ types, rights: everything, ...more })) {
    for (const { patient, records } of chunk) all.push(`${patient.id}: ${records.map((r) => r.id).join(' ')}`.trim());
  }
  return all;
}

async function waiting(store: Store): Promise<readonly string[]> {
  const { found } = await store.pending(100);
  return found.map((p) => `${p.type}/${p.id} ${p.param} ${p.target}`).sort();
}

const patient = (id: string, ...identifiers: readonly string[]) =>
  put(`Patient/${id}`, { patients: [id], entries: identifiers.map((value) => carries('id', value)) });

/** A record that names its resident by identifier alone. */
const measured = (id: string, value: string) =>
  put(`Observation/${id}`, { entries: [byIdentifier('subject', 'id', value, 'Patient', true)] });

const ofPatient = (id: string): Filter => ({
  op: 'match',
  param: 'subject',
  test: { kind: 'reference', type: 'Patient', id },
});

/** Compartments, scans, and references whose targets come later. */
export function patients(t: Test, open: Open): void {
  t.test('scan: each Patient with its current records of the types asked for', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      put('Observation/o1', { patients: ['p'] }),
      patient('p'),
      patient('q'),
      put('Observation/both', { patients: ['p', 'q'] }),
      put('Encounter/e', { patients: ['p'], entries: [token('class', '', 'AMB')] }),
      put('Observation/orphan', { patients: ['nobody'] }),
      put('Observation/moved', { patients: ['p'] }),
      put('Observation/deleted', { patients: ['p'] }),
      patient('left'),
    );
    await commit(
      store,
      put('Observation/moved', { patients: ['q'] }),
      remove('Observation/deleted'),
      remove('Patient/left'),
    );
    t.strictSame(await scanned(store, ['Observation', 'Encounter']), ['p: o1 both e', 'q: both moved']);
    t.strictSame(await scanned(store, ['Encounter']), ['p: e', 'q:']);
    t.strictSame(await scanned(store, ['Device']), ['p:', 'q:']);
    t.strictSame(await scanned(store, ['Patient']), ['p:', 'q:'], 'a Patient is no record of itself');
    await commit(store, put('Patient/r', { patients: ['r', 'q'] }));
    t.strictSame(await scanned(store, ['Patient']), ['p:', 'q: r', 'r:'], 'but another that links to it is');
    await commit(store, remove('Patient/r'));
    t.strictSame(await scanned(store, ['Encounter'], { patients: ['q', 'unknown', 'left', 'p'] }), ['q:', 'p: e']);
    t.strictSame(await scanned(store, ['Encounter'], { patients: [] }), []);
    const rights: Filter = { op: 'or', of: [{ op: 'id', ids: ['p', 'both'] }, isToken('class', '', 'AMB')] };
    t.strictSame(await scanned(store, ['Observation', 'Encounter'], { rights }), ['p: both e']);
  });

  t.test('scan of many patients', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const all = Array.from({ length: 300 }, (_, i) => `p${i}`);
    await commit(store, ...all.map((id) => patient(id)), ...all.map((id) => put(`Basic/${id}`, { patients: [id] })));
    const expected = all.map((id) => `${id}: ${id}`);
    t.strictSame(await scanned(store, ['Basic']), expected);
    t.strictSame(await scanned(store, ['Basic'], { patients: [...all].reverse() }), [...expected].reverse());
    for await (const chunk of store.scan({ types: ['Basic'], rights: everything })) {
      t.ok(chunk.length > 0 && chunk.length < 300, 'it comes in chunks, and may be left early');
      break;
    }
  });

  t.test('literal references are pending until their target arrives', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      put('Observation/a', { entries: [refers('subject', 'Patient/p'), refers('encounter', 'Encounter/e')] }),
      put('Observation/b', { entries: [refers('subject', 'Patient/p')] }),
    );
    const before = [
      'Observation/a encounter Encounter/e',
      'Observation/a subject Patient/p',
      'Observation/b subject Patient/p',
    ];
    t.strictSame(await waiting(store), before);
    t.equal((await store.stats()).pending, 3);
    t.equal(await store.read('Patient', 'p'), undefined, 'a target that was only named does not exist');
    t.strictSame((await store.changes(0, 10)).length, 2);
    await commit(store, patient('p'));
    t.strictSame(await waiting(store), before.slice(0, 1));
    await commit(store, remove('Observation/a'));
    t.strictSame([await waiting(store), (await store.stats()).pending], [[], 0]);
  });

  t.test('pending in pages', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const all = Array.from({ length: 7 }, (_, i) => `o${i}`);
    const entries = [refers('subject', 'Patient/x'), byIdentifier('performer', 'id', '1', 'Practitioner')];
    await commit(store, ...all.map((id) => put(`Observation/${id}`, { entries })));
    for (const limit of [1, 2, 3, 5, 7, 14, 20]) {
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.pending(limit, after);
        t.ok(page.found.length <= limit && page.found.length > 0);
        seen.push(...page.found.map((p) => `${p.id} ${p.param}`));
        after = page.next;
      } while (after !== undefined);
      t.strictSame(
        [...seen].sort(),
        all.flatMap((id) => [`${id} performer`, `${id} subject`]).sort(),
        `${limit} a page`,
      );
    }
    const { found } = await store.pending(100);
    t.ok(found.every((p) => p.since === found[0]?.since));
    t.notOk(JSON.stringify(await store.pending(8)).includes('"1"'), 'the value of an identifier is not told');
  });

  t.test('logical references: before and after their target, and what happens to it', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const state = async (): Promise<unknown> => [
      ids(await store.find(plan('Observation', ofPatient('p')))).join(' '),
      await scanned(store, ['Observation']),
      (await waiting(store)).map((w) => w.split(' ')[0]?.split('/')[1]).join(' '),
      (await store.stats()).pending,
    ];
    await commit(store, measured('before', '1'));
    t.strictSame(await state(), ['', [], 'before', 1]);
    await commit(store, patient('p', '1'));
    t.strictSame(await state(), ['before', ['p: before'], '', 0], 'the target arrives');
    await commit(store, measured('after', '1'));
    t.strictSame(await state(), ['before after', ['p: before after'], '', 0]);
    await commit(store, patient('p', '1'), measured('before', '1'));
    t.strictSame(await state(), ['before after', ['p: before after'], '', 0], 'both are written again');
    await commit(store, patient('p', '2'));
    t.strictSame(await state(), ['', ['p:'], 'after before', 2], 'the identifier is taken away');
    await commit(store, patient('p', '2', '1'));
    t.strictSame(await state(), ['before after', ['p: before after'], '', 0]);
    await commit(store, patient('q', '1'));
    t.strictSame(await state(), ['', ['p:', 'q:'], 'after before', 2], 'two carry it: neither is meant');
    await commit(store, remove('Patient/p'));
    t.strictSame(await state(), ['', ['q: before after'], '', 0], 'one is left, and it is meant');
    await commit(store, remove('Patient/q'));
    t.strictSame(await state(), ['', [], 'after before', 2]);
    await commit(store, patient('p', '1'), put('Observation/before'));
    t.strictSame(await state(), ['after', ['p: after'], '', 0], 'the reference is given up');
    await commit(store, remove('Observation/after'));
    t.strictSame(await state(), ['', ['p:'], '', 0]);
  });

  t.test('logical references: types, systems, and the rest of the index', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      patient('p', '1'),
      put('Practitioner/d', { entries: [carries('id', '1'), token('active', '', 'true')] }),
      put('Device/x', { entries: [carries('other', '1')] }),
      put('Observation/o', {
        entries: [
          byIdentifier('subject', 'id', '1', 'Patient', true),
          byIdentifier('performer', 'id', '1', 'Practitioner'),
          byIdentifier('device', 'id', '1', 'Device'),
        ],
      }),
    );
    const finds = async (where: Filter) => ids(await store.find(plan('Observation', where))).length === 1;
    t.ok(
      await finds({ op: 'chain', param: 'performer', types: ['Practitioner'], where: isToken('active', '', 'true') }),
    );
    t.ok(await finds({ op: 'present', param: 'subject' }));
    t.ok(await finds({ op: 'present', param: 'device' }), 'a pending reference is present');
    t.strictSame(await waiting(store), ['Observation/o device identifier=id|']);
    await commit(
      store,
      put('Observation/o', {
        entries: [refers('subject', 'Patient/p'), byIdentifier('subject', 'id', '1', 'Patient', true)],
        patients: ['p'],
      }),
    );
    await commit(store, patient('p'));
    t.ok(await finds(ofPatient('p')), 'the literal reference stays when the logical one is lost');
    t.strictSame(await scanned(store, ['Observation']), ['p: o']);
  });

  t.test('a transaction that brings reference and target, in either order, or conflicts', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(store, measured('a', '1'), patient('p', '1'));
    await commit(store, patient('q', '2'), measured('b', '2'));
    t.strictSame(await scanned(store, ['Observation']), ['p: a', 'q: b']);
    await store.transact(transaction([remove('Patient/p'), put('Basic/x', { expect: 4 })]));
    t.strictSame(await scanned(store, ['Observation']), ['p: a', 'q: b'], 'the link was not harmed');
  });
}
