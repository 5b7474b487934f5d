import { join } from 'node:path';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { perform } from '#operations/perform.ts';
import type { Caller } from '#operations/request/context.ts';
import { unrestricted } from '#security/rights.ts';
import { type Conflict, type Store, StoreUnavailable } from '#storage/store.ts';
import { diskFull } from '#storage/unavailable.ts';
import { openFile } from '#test/contract/opened.ts';
import { threadFile } from '#test/http/harness.ts';

/** What a client is told of what the store cannot do, or found to be otherwise. */

const file = join(t.testdir(), 'conflicts.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off', HUFHIR_LOG_LEVEL: 'silent' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const opened = await openFile(file);
/** What the store says of the next transactions, one after the other; then what it does. */
let said: (Conflict | Error)[] = [];
let unreadable = false;
const changed: Partial<Store> = {
  transact: async (...asked) => {
    const next = said.shift();
    if (next instanceof Error) throw next;
    return next ?? opened.store.transact(...asked);
  },
  read: async (...asked) => {
    if (unreadable) throw new StoreUnavailable('the disk is gone');
    return opened.store.read(...asked);
  },
};
const store = new Proxy(opened.store, {
  get: (target, name) => {
    const own = Reflect.get(changed, name) ?? Reflect.get(target, name);
    return typeof own === 'function' ? own.bind(target) : own;
  },
});
const context = await createContext(config, { ...opened, store }, { threadFile });
t.teardown(async () => {
  for (const work of context.background) await work.stop();
  await context.pool.close();
  await opened.store.close();
});

const caller: Caller = { client: 'test', identity: 'test', rights: unrestricted };
const plain = { query: [], lenient: false, preconditions: {} } as const;
const put = () =>
  perform(context, caller, {
    ...plain,
    interaction: { code: 'update', type: 'Patient', id: 'a' },
    body: { resourceType: 'Patient', id: 'a' },
  });

t.test('each conflict has its answer', async (t) => {
  const many = <T>(one: T): T[] => Array.from({ length: 20 }, () => one);
  const table: readonly (readonly [string, (Conflict | Error)[], string])[] = [
    ['none', [], '201'],
    ['another revision once', [{ conflict: 'revision', found: 99 }], '503 definitions-changed'],
    ['a guard once', [{ conflict: 'guard', guard: 0, found: [] }], '200'],
    ['a guard again and again', many({ conflict: 'guard', guard: 0, found: [] }), '409 write-contention'],
    ['the time of guards', [{ conflict: 'timeout', part: 'name' }], '422 guards-too-slow'],
    ['no rights', [{ conflict: 'rights', write: 0 }], '403 forbidden'],
    ['a full disk', [{ conflict: 'unavailable', reason: diskFull }], '507 store-full'],
    ['a locked file', [{ conflict: 'unavailable', reason: 'database is locked' }], '503 store-unavailable'],
    ['an unknown end', [{ conflict: 'unknown', reason: 'the file is gone' }], '503 commit-unknown'],
    ['a lost store', [new StoreUnavailable('the file is gone')], '503 store-unavailable'],
  ];
  for (const [title, conflicts, expected] of table) {
    said = [...conflicts];
    const answer = await put();
    const told = answer instanceof Failure ? `${answer.status} ${answer.issues[0].code}` : String(answer.status);
    t.equal(told, expected, title);
  }
  said = [];
});

t.test('what was written is told, though what is read afterwards cannot be', async (t) => {
  said = [];
  const transaction = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { request: { method: 'GET', url: 'Patient/b' } },
      { resource: { resourceType: 'Patient', id: 'b' }, request: { method: 'PUT', url: 'Patient/b' } },
      { request: { method: 'GET', url: 'Patient/a' } },
    ],
  };
  const real = changed.transact;
  changed.transact = async (...asked) => {
    const made = await opened.store.transact(...asked);
    unreadable = true;
    return made;
  };
  const answer = await perform(context, caller, { ...plain, interaction: { code: 'bundle' }, body: transaction });
  unreadable = false;
  if (real !== undefined) changed.transact = real;
  if (answer instanceof Failure || answer.kind !== 'responses') throw new Error(JSON.stringify(answer));
  t.strictSame(
    answer.answers.map((one) => one.status),
    [200, 201, 200],
    'what was read before the commit still holds',
  );
  t.equal((await opened.store.read('Patient', 'b'))?.version, 1);
});
