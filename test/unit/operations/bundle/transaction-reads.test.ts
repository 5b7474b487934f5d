import { join } from 'node:path';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { perform } from '#operations/perform.ts';
import type { Caller } from '#operations/request/context.ts';
import type { Filter } from '#search/model/filter.ts';
import { unrestricted } from '#security/rights.ts';
import type { Store } from '#storage/store.ts';
import { threadFile } from '#test/http/harness.ts';
import { storeIn } from '#test/process/store.ts';

/** R4 http.html#trules: what a transaction reads is the state that it commits, read once where nobody else wrote meanwhile. */

const file = join(t.testdir(), 'reads.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const real = await storeIn(file);
const calls = { read: 0, find: 0, history: 0 };
/** What happens right before the next commit, as if another client had asked for it. */
let meanwhile: (() => Promise<unknown>) | undefined;
let counting = false;

const counted: Partial<Store> = {
  read: (...asked) => {
    if (counting) calls.read++;
    return real.read(...asked);
  },
  find: (plan) => {
    if (counting) calls.find++;
    return real.find(plan);
  },
  history: (query) => {
    if (counting) calls.history++;
    return real.history(query);
  },
  transact: async (transaction) => {
    const first = meanwhile;
    meanwhile = undefined;
    counting = false;
    await first?.();
    counting = true;
    return real.transact(transaction);
  },
};
const store = new Proxy(real, {
  get: (target, name) => {
    const own = Reflect.get(counted, name) ?? Reflect.get(target, name);
    return typeof own === 'function' ? own.bind(target) : own;
  },
});
const context = await createContext(config, store, { threadFile });
await context.parameters.stop();
t.teardown(() => real.close());

const everybody: Caller = { client: 'test', rights: unrestricted };
const patient = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, gender: 'male', ...more });
const put = (id: string, more: object = {}) => ({
  resource: patient(id, more),
  request: { method: 'PUT', url: `Patient/${id}` },
});
const get = (url: string, more: object = {}) => ({ request: { method: 'GET', url, ...more } });
const remove = (url: string) => ({ request: { method: 'DELETE', url } });
const observation = (text: string, more: object = {}) => ({
  resource: { resourceType: 'Observation', status: 'final', code: { text }, ...more },
  request: { method: 'POST', url: 'Observation' },
});

interface Told {
  readonly answers: readonly string[];
  readonly calls: string;
}

/** What a transaction answers, in short, and how often it asked the store: reads, searches, histories. */
async function transact(caller: Caller, ...entry: unknown[]): Promise<Told> {
  const body = { resourceType: 'Bundle', type: 'transaction', entry };
  Object.assign(calls, { read: 0, find: 0, history: 0 });
  counting = true;
  const interaction = { code: 'bundle' } as const;
  const done = await perform(context, caller, { interaction, query: [], body, lenient: false, preconditions: {} });
  counting = false;
  const counts = `${calls.read} ${calls.find} ${calls.history}`;
  if (done instanceof Failure) return { answers: [`all ${done.status}`], calls: counts };
  if (done.kind !== 'responses') throw new Error(done.kind);
  const answers = done.answers.map((answer) => {
    if (answer instanceof Failure) return String(answer.status);
    if (answer.kind === 'searchset') return `${answer.status} of ${answer.total ?? answer.matches.length}`;
    if (answer.kind === 'history') return `${answer.status} of ${answer.versions.length}`;
    if (answer.kind !== 'resource' && answer.kind !== 'bare') return answer.kind;
    const subset = answer.kind === 'resource' && answer.subset !== undefined ? ' in part' : '';
    return `${answer.status}${answer.version === undefined ? '' : ` v${answer.version.version}`}${subset}`;
  });
  return { answers, calls: counts };
}

async function given(...entry: unknown[]): Promise<void> {
  const { answers } = await transact(everybody, ...entry);
  if (answers.some((answer) => !/^2/.test(answer))) throw new Error(answers.join());
}

await given(put('a'), put('b'), put('gone'), observation('old', { subject: { reference: 'Patient/a' } }));
await given(remove('Patient/gone'));

t.test('of reads alone, each is made once', async (t) => {
  const all = [
    'Patient/a',
    'Patient/a/_history/1',
    'Patient/a/_history',
    'Patient?gender=male',
    'Observation/_history',
  ];
  const told = await transact(everybody, ...all.map((url) => get(url)));
  t.same(told, { answers: ['200 v1', '200 v1', '200 of 1', '200 of 2', '200 of 1'], calls: '2 1 2' });
});

t.test('what cannot change is not read again, what may is', async (t) => {
  const cases: [url: string, answer: string, calls: string][] = [
    ['Patient/b', '200 v1', '1 0 0'],
    ['Patient/b/_history/1', '200 v1', '1 0 0'],
    ['Patient/b/_history', '200 of 1', '0 0 1'],
    ['Patient/_history?_count=0', '200 of 0', '0 0 1'],
    ['Patient?gender=male', '200 of 2', '0 1 0'],
    ['Patient?_id=a,b&gender:not=female&_sort=birthdate&_count=5', '200 of 2', '0 1 0'],
    ['Patient?gender=male&_sort=organization', '200 of 2', '0 2 0'],
    ['Patient?organization:missing=true', '200 of 2', '0 2 0'],
    ['Patient?_has:Observation:patient:status=final', '200 of 1', '0 2 0'],
    ['Patient?_id=b&_revinclude=Observation:subject', '200 of 1', '0 4 0'],
    ['Patient?organization.name=x', '200 of 0', '0 2 0'],
    ['Patient/b/Observation', '200 of 0', '0 2 0'],
  ];
  for (const [url, answer, counts] of cases) {
    t.same(
      await transact(everybody, observation('new'), get(url)),
      { answers: ['201 v1', answer], calls: counts },
      url,
    );
  }
});

t.test('what is written is seen', async (t) => {
  const found = async (url: string) => (await transact(everybody, get(url))).answers[0]?.replace(/^\d+ of /, '');
  const before = Number(await found('Observation?status=final&_total=accurate'));
  const told = await transact(
    everybody,
    get('Observation?status=final&_total=accurate'),
    get('Observation/_history?_summary=count'),
    observation('another'),
  );
  t.same(told.answers, [`200 of ${before + 1}`, '200 of 0', '201 v1']);
  t.equal(told.calls, '0 2 2');
});

t.test('what the transaction writes is answered as it wrote it', async (t) => {
  const own = (...more: object[]) => transact(everybody, put('own'), ...more);
  await own();
  const cases: [entry: object, answer: string][] = [
    [get('Patient/own'), '200 v2'],
    [get('Patient/own', { ifNoneMatch: 'W/"3"' }), '304 v3'],
    [get('Patient/own', { ifNoneMatch: 'W/"3"' }), '200 v4'],
    [get('Patient/own?_summary=true'), '200 v5 in part'],
    [get('Patient/own?_elements=gender'), '200 v6 in part'],
    [{ request: { method: 'HEAD', url: 'Patient/own' } }, '200 v7'],
  ];
  for (const [i, [entry, answer]] of cases.entries()) {
    t.same(await own(entry), { answers: [`200 v${i + 2}`, answer], calls: '0 0 0' }, JSON.stringify(entry));
  }
  const tagged = patient('x', { identifier: [{ system: 's', value: 'found' }] });
  const conditional = { resource: tagged, request: { method: 'PUT', url: 'Patient?identifier=s|found' } };
  await given({ ...conditional, resource: { ...tagged } });
  t.same((await transact(everybody, get('Patient/x'), conditional)).answers, ['200 v2', '200 v2']);
  const unchanged = {
    resource: tagged,
    request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=s|found' },
  };
  t.same(
    (await transact(everybody, get('Patient/x'), unchanged)).answers,
    ['200 v2', '200 v2'],
    'a match is not written',
  );
  t.same((await transact(everybody, get('Patient/x'), remove('Patient/x'))).answers, ['all 410']);
  t.same((await transact(everybody, get('Patient/x'), remove('Patient?identifier=s|found'))).answers, [
    '410',
    '204 v3',
  ]);
  t.same((await transact(everybody, get('Patient/own/_history'), put('own'))).answers, ['200 of 8', '200 v8']);
});

t.test('what another changes meanwhile is read again', async (t) => {
  const other = (...entry: object[]) => {
    meanwhile = () => {
      const body = { resourceType: 'Bundle', type: 'transaction', entry };
      const interaction = { code: 'bundle' } as const;
      return perform(context, everybody, { interaction, query: [], body, lenient: false, preconditions: {} });
    };
  };
  await given(put('c'), put('d'));
  other(put('c'));
  t.same(await transact(everybody, get('Patient/c'), put('d'), get('Patient/d')), {
    answers: ['200 v2', '200 v2', '200 v2'],
    calls: '2 0 0',
  });
  other(put('c'));
  t.same(await transact(everybody, get('Patient/c')), { answers: ['200 v3'], calls: '2 0 0' }, 'reads alone');
  other(remove('Patient/c'));
  t.same((await transact(everybody, get('Patient/c'), put('d'))).answers, ['410', '200 v3']);
  other(put('d'));
  const mine = await transact(everybody, get('Patient/d'), put('d'));
  t.same(mine, { answers: ['200 v5', '200 v5'], calls: '0 0 0' }, 'its own version');
});

t.test('who may write and not read is not answered what he wrote', async (t) => {
  const men: Filter = { op: 'match', param: 'gender', test: { kind: 'token', code: 'male' } };
  const writer: Caller = { client: 'test', rights: { read: men, write: unrestricted.write } };
  await given(put('e'), put('f'));
  const woman = await transact(writer, put('e', { gender: 'female' }), get('Patient/e'), get('Patient/f'));
  t.same(woman.answers, ['200 v2', '404', '200 v1']);
  const man = await transact(writer, put('e'), get('Patient/e'));
  t.same(man.answers, ['200 v3', '200 v3']);
});
