import { join } from 'node:path';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { perform } from '#operations/perform.ts';
import type { Caller } from '#operations/request/context.ts';
import { route } from '#operations/request/route.ts';
import type { Filter } from '#search/model/filter.ts';
import { unrestricted } from '#security/rights.ts';
import { threadFile } from '#test/http/harness.ts';
import { storeIn } from '#test/process/store.ts';

/** What a caller sees whose rights are a part of the records: one rule for read, vread and history. */

const file = join(t.testdir(), 'rights.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const store = await storeIn(file);
const context = await createContext(config, store, { threadFile });
t.teardown(() => store.close());

const men: Filter = { op: 'match', param: 'gender', test: { kind: 'token', code: 'male' } };
const everybody: Caller = { client: 'test', rights: unrestricted };
const restricted: Caller = { client: 'test', rights: { read: men, write: men } };
const nobody: Caller = { client: 'test', rights: { read: { op: 'none' }, write: { op: 'none' } } };

async function ask(caller: Caller, method: string, path: string, body?: unknown) {
  const [target = '', query = ''] = path.split('?');
  const interaction = route(context.definitions, method, target);
  if (interaction instanceof Failure) throw new Error(path);
  return perform(context, caller, {
    interaction,
    query: [...new URLSearchParams(query)],
    body,
    lenient: false,
    preconditions: {},
  });
}

/** The status, and of a history the number of versions. */
async function seen(caller: Caller, path: string): Promise<string> {
  const answer = await ask(caller, 'GET', path);
  return (
    answer.status + (!(answer instanceof Failure) && answer.kind === 'history' ? ` ${answer.versions.length}` : '')
  );
}

for (const [id, ...genders] of [
  ['man', 'male'],
  ['woman', 'female'],
  ['became-man', 'female', 'male'],
  ['became-woman', 'male', 'female'],
  ['gone-man', 'female', 'male', undefined],
  ['gone-woman', 'male', 'female', undefined],
  ['again', 'male', undefined, 'female'],
] as const) {
  for (const gender of genders) {
    const body = gender === undefined ? undefined : { resourceType: 'Patient', id, gender };
    const done = await ask(everybody, body === undefined ? 'DELETE' : 'PUT', `Patient/${id}`, body);
    if (done instanceof Failure) throw new Error(done.issues.map((i) => i.text).join(' '));
  }
}

t.test('read, vread and history judge alike: by what is, or by what was last', async (t) => {
  const table: readonly (readonly [id: string, read: string, first: string, history: string])[] = [
    ['man', '200', '200', '200 1'],
    ['woman', '404', '404', '404'],
    ['became-man', '200', '200', '200 2'],
    ['became-woman', '404', '404', '404'],
    ['gone-man', '410', '200', '200 3'],
    ['gone-woman', '404', '404', '404'],
    ['again', '404', '404', '404'],
    ['never-was', '404', '404', '404'],
  ];
  for (const [id, read, first, history] of table) {
    t.equal(await seen(restricted, `Patient/${id}`), read, id);
    t.equal(await seen(restricted, `Patient/${id}/_history/1`), first, id);
    t.equal(await seen(restricted, `Patient/${id}/_history`), history, id);
    t.equal(await seen(nobody, `Patient/${id}/_history`), '404', id);
  }
});

t.test('what may not be seen is told as what never was', async (t) => {
  for (const [caller, path] of [
    [restricted, 'Patient/woman'],
    [restricted, 'Patient/woman/_history'],
    [restricted, 'Patient/woman/_history/1'],
    [restricted, 'Patient/gone-woman'],
  ] as const) {
    const hidden = await ask(caller, 'GET', path);
    const absent = await ask(caller, 'GET', path.replace(/gone-woman|woman/, 'absent'));
    const texts = (f: unknown, id: RegExp) =>
      f instanceof Failure ? f.issues.map((i) => i.text.replace(id, 'x')) : [];
    t.strictSame(texts(hidden, /gone-woman|woman/), texts(absent, /absent/), path);
    t.equal(texts(hidden, /x/).length, 1);
  }
});

t.test('a history window without versions is empty for those who may see the resource', async (t) => {
  for (const path of ['Patient/man/_history?_since=2999', 'Patient/man/_history?_count=0']) {
    t.equal(await seen(restricted, path), '200 0', path);
    t.equal(await seen(everybody, path), '200 0', path);
    t.equal(await seen(restricted, path.replace('man', 'woman')), '404', path);
    t.equal(await seen(everybody, path.replace('man', 'absent')), '404', path);
  }
});

t.test('http.html#history: _at takes the versions that were current within its time', async (t) => {
  const { found } = await store.history({ type: 'Patient', id: 'again', limit: 1, rights: { op: 'all' } });
  t.equal(await seen(everybody, 'Patient/again/_history?_at=2999'), '200 1', 'what is, is what will be');
  t.equal(await seen(everybody, 'Patient/again/_history?_at=2000'), '200 0', 'nothing was yet');
  const year = new Date((found[0]?.lastUpdated ?? 0) + 8 * 3_600_000).getUTCFullYear();
  t.equal(await seen(everybody, `Patient/again/_history?_at=${year}`), '200 3');
  t.equal(await seen(everybody, `Patient/again/_history?_at=2999&_since=${year}`), '200 1');
  t.equal(await seen(everybody, 'Patient/again/_history?_at=2999&_since=2999'), '200 0');
});
