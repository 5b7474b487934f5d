import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure, type Outcome } from '#errors';
import { bundle } from '#operations/bundle/bundle.ts';
import { perform } from '#operations/perform.ts';
import type { Answer } from '#operations/request/answer.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import type { Request } from '#operations/request/request.ts';
import { unrestricted } from '#security/rights.ts';
import { openFile } from '#test/contract/opened.ts';
import { threadFile } from '#test/http/harness.ts';

/** A defect in one entry does not hide what became of the others. */

const file = join(t.testdir(), 'bundle.db');
const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off' });
if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
const opened = await openFile(file);
const { store } = opened;
/** What the log tells. */
let logged: { err?: { stack: string }; entry?: string }[] = [];
const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
const context = { ...(await createContext(config, opened, { threadFile })), log };
t.beforeEach(() => {
  logged = [];
});
t.teardown(() => store.close());

const caller: Caller = { client: 'test', identity: 'test', rights: unrestricted };
const put = (id: string) => ({
  resource: { resourceType: 'Patient', id, gender: 'male' },
  request: { method: 'PUT', url: `Patient/${id}` },
});
const read = (id: string) => ({ request: { method: 'GET', url: `Patient/${id}` } });

/** The statuses of the entries; `act` breaks when it is asked for Patient/broken, for the nth time and later. Each time before, another
 * writes meanwhile. */
async function statuses(type: string, from: number, ...entry: unknown[]): Promise<Outcome<number[]>> {
  let times = 0;
  const act = async (context: Context, caller: Caller, request: Request): Promise<Outcome<Answer>> => {
    const { interaction: i } = request;
    const isBroken = 'id' in i && i.id === 'broken';
    if (isBroken && ++times >= from) throw new Error('out of order');
    if (isBroken && i.code === 'read') await writeMeanwhile();
    return perform(context, caller, request);
  };
  const interaction = { code: 'bundle' } as const;
  const body = { resourceType: 'Bundle', type, entry };
  const request: Request = { interaction, query: [], body, lenient: false, preconditions: {} };
  const answer = await bundle(context, caller, request, act);
  if (answer instanceof Failure) return answer;
  return answer.kind === 'responses' ? answer.answers.map((a) => a.status) : [];
}

async function writeMeanwhile(): Promise<void> {
  const interaction = { code: 'create', type: 'Basic' } as const;
  const body = { resourceType: 'Basic', code: { text: 'x' } };
  await perform(context, caller, { interaction, query: [], body, lenient: false, preconditions: {} });
}

t.test('in a batch', async (t) => {
  t.same(await statuses('batch', 1, put('a'), put('broken'), put('b'), read('broken')), [201, 500, 201, 500]);
  const told = logged.map(({ entry, err }) => `${entry} ${err?.stack}`).sort();
  t.match(told, [/^Bundle\.entry\[1\] Error: out of order\n +at /, /^Bundle\.entry\[3\] Error: out of order\n +at /]);
});

t.test('in a read after the commit of a transaction', async (t) => {
  await statuses('batch', 9, put('broken'));
  t.same(await statuses('transaction', 2, put('c'), read('broken'), read('c')), [201, 500, 200]);
  t.match(
    logged.map(({ entry }) => entry),
    ['Bundle.entry[1]'],
  );
});

t.test('before a transaction is written, it fails as a whole', async (t) => {
  await t.rejects(statuses('transaction', 1, put('d'), read('broken')), /out of order/);
  t.equal(await store.read('Patient', 'd'), undefined);
});

t.test('an entry is not begun once its caller has left', async (t) => {
  const reads = Array.from({ length: 100 }, (_, n) => read(`r${n}`));
  const table: readonly (readonly [string, readonly unknown[]])[] = [
    ['batch', reads],
    ['transaction', reads],
    ['batch', reads.map((one, n) => (n === 0 ? one : { request: { method: 'DELETE', url: `Basic/none${n}` } }))],
  ];
  for (const [type, entry] of table) {
    const leaving = new AbortController();
    let begun = 0;
    const act = async (_: Context, __: Caller, request: Request): Promise<Outcome<Answer>> => {
      begun += 1;
      leaving.abort();
      return perform(context, caller, request);
    };
    const body = { resourceType: 'Bundle', type, entry };
    const request: Request = { interaction: { code: 'bundle' }, query: [], body, lenient: false, preconditions: {} };
    await t.rejects(bundle(context, { ...caller, signal: leaving.signal }, request, act), { name: 'AbortError' });
    t.equal(begun, 1, type);
  }
  t.same(logged, [], 'and that is no defect');
});
