import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { perform } from '#operations/perform.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import { route } from '#operations/request/route.ts';
import { pageIndexer } from '#operations/search-parameters/indexing-pass.ts';
import { unrestricted } from '#security/rights.ts';
import { type Store, StoreUnavailable } from '#storage/store.ts';
import { openFile } from '#test/contract/opened.ts';
import { threadFile } from '#test/http/harness.ts';

/** Parameters get ready in the background, whatever happens meanwhile. */

const caller: Caller = { client: 'test', identity: 'test', rights: unrestricted };
const marital = {
  resourceType: 'SearchParameter',
  id: 'marital',
  url: 'https://h.example/SearchParameter/marital',
  name: 'Marital',
  status: 'active',
  description: 'marital status',
  code: 'marital',
  base: ['Patient'],
  type: 'token',
  expression: 'Patient.maritalStatus',
};
const person = (id: string) => ({ resourceType: 'Patient', id, maritalStatus: { coding: [{ code: 'M' }] } });

/** A server's inside on this file; `change` is what some methods of its store do instead. */
async function open(t: Test, file: string, change: (real: Store) => Partial<Store> = () => ({})) {
  const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
  if (config instanceof Failure) throw new Error(config.issues.map(({ text }) => text).join(' '));
  const opened = await openFile(file);
  const changed = change(opened.store);
  const store = new Proxy(opened.store, {
    get: (target, name) => {
      const own = Reflect.get(changed, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
  const told: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void told.push(line) });
  const context = await createContext(config, { ...opened, store }, { threadFile, indexPage: pageIndexer, log });
  t.teardown(async () => {
    await Promise.all(context.background.map((work) => work.stop()));
    await context.pool.close();
    await opened.store.close();
  });
  return { context, told };
}

async function ask(context: Context, method: string, path: string, body?: unknown): Promise<string> {
  const [target = '', query = ''] = path.split('?');
  const interaction = route(context.definitions, method, target);
  if (interaction instanceof Failure) throw new Error(path);
  const answer = await perform(context, caller, {
    interaction,
    query: [...new URLSearchParams(query)],
    body,
    lenient: false,
    preconditions: {},
  });
  if (answer instanceof Failure) return `${answer.status} ${answer.issues[0].code}`;
  const found = answer.kind === 'searchset' ? answer.matches.map(({ id }) => ` ${id}`) : [];
  return `${answer.status}${found.join('')}`;
}

async function whenReady(context: Context): Promise<string> {
  for (;;) {
    const answer = await ask(context, 'GET', 'Patient?marital=M');
    if (!answer.startsWith('503')) return answer;
    await setTimeout(20);
  }
}

t.test('an error ends a pass, not the indexing', async (t) => {
  let left = 2;
  const { context, told } = await open(t, join(t.testdir(), 'hufhir.db'), (real) => ({
    reindex: async (...asked) => {
      left -= 1;
      if (left >= 0) throw left === 1 ? new Error('a defect') : new StoreUnavailable('the disk is full');
      return real.reindex(...asked);
    },
  }));
  t.equal(await ask(context, 'PUT', 'Patient/a', person('a')), '201');
  t.equal(await ask(context, 'PUT', 'SearchParameter/marital', marital), '201');
  t.equal(await whenReady(context), '200 a');
  t.ok(left < 0);
  t.match(told, [/goes on in a while/, /goes on in a while/]);
});

t.test('one process goes on where another lost its lease', async (t) => {
  const file = join(t.testdir(), 'hufhir.db');
  const { context: one } = await open(t, file, (real) => ({
    // Whoever holds the lease here has slept for a while whenever it wants to write.
    reindex: async (records, conditions) => {
      const { lease } = conditions;
      if (lease !== undefined) {
        await real.shelf.release(lease);
        await real.shelf.lease(lease.name, 'another', 1);
        await setTimeout(5);
      }
      return real.reindex(records, conditions);
    },
  }));
  t.equal(await ask(one, 'PUT', 'Patient/a', person('a')), '201');
  t.equal(await ask(one, 'PUT', 'SearchParameter/marital', marital), '201');
  t.equal(await ask(one, 'GET', 'Patient?marital=M'), '503 parameter-not-ready');
  const { context: two } = await open(t, file);
  t.equal(await whenReady(two), '200 a');
  t.equal(await whenReady(one), '200 a', 'and what the one made is in force in the other');
});

t.test('a parameter that changes while it is indexed is ready when its last meaning is', async (t) => {
  let changes = 0;
  const { context } = await open(t, join(t.testdir(), 'hufhir.db'), (real) => ({
    reindex: async (...asked) => {
      if (changes++ === 0) {
        const changed = { ...marital, expression: 'Patient.gender' };
        t.equal(await ask(context, 'PUT', 'SearchParameter/marital', changed), '200');
      }
      return real.reindex(...asked);
    },
  }));
  t.equal(await ask(context, 'PUT', 'Patient/a', { ...person('a'), gender: 'male' }), '201');
  t.equal(await ask(context, 'PUT', 'SearchParameter/marital', marital), '201');
  t.equal(await whenReady(context), '200', 'no entry of the first meaning');
  t.equal(await ask(context, 'GET', 'Patient?marital=male'), '200 a');
});

t.test('a store that another version of the program indexes is left to that', async (t) => {
  const { context } = await open(t, join(t.testdir(), 'hufhir.db'));
  t.equal(await ask(context, 'PUT', 'Patient/a', person('a')), '201');
  const settings = { index: 'of another version 0' };
  await context.store.transact({
    guards: [],
    writes: [],
    references: 'lenient',
    rights: unrestricted,
    settings,
    raises: true,
  });
  t.equal(await ask(context, 'PUT', 'Patient/b', person('b')), '503 store-unavailable');
  t.equal(await ask(context, 'GET', 'Patient?gender=male'), '503 store-unavailable');
  t.equal(await ask(context, 'GET', 'Patient/a'), '200', 'what rests on no index is read');
});
