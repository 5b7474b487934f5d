import type { Test } from 'tap';
import type { Entry, Words } from '#search/model/entry.ts';
import type { Filter } from '#search/model/filter.ts';
import type { Store } from '#storage/store.ts';
import { commit, ids, isToken, type Open, plan, put, refers, remove, string, token } from './build.ts';

const words = (of: 'text' | 'content', list: string): Filter => ({ op: 'words', of, words: list.split(' ') });
const near = (latitude: number, longitude: number, kilometres: number): Filter => ({
  op: 'match',
  param: 'near',
  test: { kind: 'near', latitude, longitude, kilometres },
});
const contained = (where: Filter): Filter => ({ op: 'contained', type: 'Medication', where });
const and = (...of: readonly Filter[]): Filter => ({ op: 'and', of });

/** A write whose contents have these words, those of the narrative first. */
function worded(reference: string, text: string, content: string) {
  const split = (list: string): string[] => list.split(' ').filter(Boolean);
  const made: Words = { text: split(text), content: [...split(text), ...split(content)] };
  const write = put(reference);
  return { ...write, index: () => ({ ...write.index(), words: made }) };
}

const at = (latitude: number, longitude: number): Entry => ({ kind: 'position', param: 'near', latitude, longitude });

async function found(store: Store, type: string, where: Filter): Promise<string> {
  const page = await store.find(plan(type, where, { total: 'accurate' }));
  const list = [...ids(page)].sort().join(' ');
  return page.total === page.found.length ? list : `${list} of ${page.total}`;
}

/** What an index holds besides plain values, and how it is made anew. */
export function indexing(t: Test, open: Open): void {
  t.test('words', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      worded('Basic/a', '高血 血压 高 压', 'metformin'),
      worded('Basic/b', '', '血压 100 c'),
      worded('Patient/a', '血压', ''),
      worded('Basic/gone', '血压', ''),
    );
    await commit(store, remove('Basic/gone'));
    const table: readonly (readonly [Filter, string])[] = [
      [words('content', '血压'), 'a b'],
      [words('text', '血压'), 'a'],
      [words('content', '高血 血压'), 'a'],
      [words('content', 'metformin 血压'), 'a'],
      [words('content', 'metformi'), ''],
      [words('content', 'k1'), ''],
      [{ op: 'not', of: words('content', 'metformin') }, 'b'],
      [{ op: 'or', of: [words('text', '高血'), words('content', '100')] }, 'a b'],
      [and(words('content', '血压'), { op: 'id', ids: ['b'] }), 'b'],
    ];
    for (const [filter, expected] of table)
      t.equal(await found(store, 'Basic', filter), expected, JSON.stringify(filter));
    await commit(store, worded('Basic/a', '', 'other'), put('Basic/b'), worded('Basic/gone', '', '血压'));
    t.equal(await found(store, 'Basic', words('content', '血压')), 'gone', 'as the last versions have them');
  });

  t.test('positions', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    await commit(
      store,
      put('Location/changning', { entries: [at(31.22, 121.42)] }),
      put('Location/beijing', { entries: [at(39.9, 116.4)] }),
      put('Location/fiji-west', { entries: [at(-17, 179.99)] }),
      put('Location/nowhere'),
    );
    t.equal(await found(store, 'Location', near(31.23, 121.47, 10)), 'changning');
    t.equal(await found(store, 'Location', near(31.23, 121.47, 2)), '');
    t.equal(await found(store, 'Location', near(31.23, 121.47, 1200)), 'beijing changning');
    t.equal(await found(store, 'Location', near(-17, -179.99, 5)), 'fiji-west', 'over the line of the date');
    t.equal(await found(store, 'Location', { op: 'not', of: near(31.23, 121.47, 10) }), 'beijing fiji-west nowhere');
  });

  t.test('contained resources are judged each by itself', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const inner = (code: string, form: string, pos: number): readonly Entry[] => [
      token('contained:Medication:_id', '', `m${pos}`, pos),
      token('contained:Medication:code', 's', code, pos),
      token('contained:Medication:form', 's', form, pos),
    ];
    await commit(
      store,
      put('MedicationRequest/a', { entries: [...inner('x', 'tablet', 0), ...inner('y', 'liquid', 1)] }),
      put('MedicationRequest/b', { entries: [...inner('x', 'liquid', 0), token('code', 's', 'y')] }),
    );
    const is = (param: string, code: string): Filter => isToken(param, 's', code);
    t.equal(await found(store, 'MedicationRequest', contained(is('code', 'x'))), 'a b');
    t.equal(await found(store, 'MedicationRequest', contained(and(is('code', 'x'), is('form', 'liquid')))), 'b');
    t.equal(await found(store, 'MedicationRequest', contained(and(is('code', 'y'), is('form', 'tablet')))), '');
    t.equal(await found(store, 'MedicationRequest', contained({ op: 'not', of: is('form', 'liquid') })), 'a');
    t.equal(await found(store, 'MedicationRequest', is('code', 'y')), 'b', 'what is contained is not of the container');
  });

  t.test('entries are made anew without a version', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const [first, second] = [
      [string('name', 'a'), token('code', 's', 'x')],
      [token('code', 's', 'y'), refers('r', 'Basic/b')],
    ];
    await commit(
      store,
      put('Basic/a', { entries: first }),
      put('Basic/b', { entries: first }),
      put('Basic/c', { entries: first }),
    );
    await commit(store, put('Basic/b', { entries: first }), remove('Basic/c'));
    const anew = (id: string, version: number) => ({
      type: 'Basic',
      id,
      version,
      index: { entries: second, patients: [], words: { text: [], content: ['w'] } },
    });
    await store.reindex([anew('a', 1), anew('b', 1), anew('c', 1), anew('unknown', 1)], {});
    t.equal(await found(store, 'Basic', isToken('code', 's', 'x')), 'b', 'an entry of an older version is not taken');
    t.equal(await found(store, 'Basic', isToken('code', 's', 'y')), 'a', 'a deleted one is not found');
    t.equal(await found(store, 'Basic', { op: 'present', param: 'name' }), 'b');
    t.equal(
      await found(store, 'Basic', { op: 'chain', param: 'r', types: ['Basic'], where: { op: 'id', ids: ['b'] } }),
      'a',
    );
    t.equal(await found(store, 'Basic', words('content', 'w')), 'a');
    t.equal(await store.lastSeq(), 5);
    t.equal((await store.read('Basic', 'a'))?.version, 1);
  });

  t.test('a search tells how it was answered, and ends when its time is over', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const many = Array.from({ length: 600 }, (_, n) =>
      put(`Basic/b${n}`, { entries: [string('name', `n${n}`), token('code', 's', n < 5 ? 'rare' : 'common')] }),
    );
    await commit(store, ...many);
    const contains: Filter = { op: 'match', param: 'name', test: { kind: 'string', how: 'contains', value: '3' } };
    const rare = await store.find(plan('Basic', and(contains, isToken('code', 's', 'rare')), { explain: true }));
    t.strictSame(ids(rare), ['b3']);
    t.match(
      rare.explanation?.steps
        .filter(({ step }) => step !== 'page')
        .map(({ step, rows, estimated }) => [step, rows, estimated]),
      [
        ['start', 5, 5],
        ['check', 5, undefined],
      ],
    );
    t.match(rare.explanation?.steps[1]?.part, /name.*3/);
    const slow = await store.find(plan('Basic', contains, { limit: 600, timeout: 0 }));
    t.strictSame(slow.found, []);
    t.match(slow.exceeded, /name.*3/, 'it names what took the time');
    t.equal(
      (await store.find(plan('Basic', contains, { limit: 600 }))).found.length > 100,
      true,
      'the next one is answered',
    );
  });
}
