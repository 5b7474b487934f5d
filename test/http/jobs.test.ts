import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type ServerProcess, startServe } from '#test/process/hufhir.ts';
import { episode, patient } from '#test/unit/measure/records.ts';
import { entry, startOn, transaction } from './harness.ts';
import { type Mode, withWork } from './jobs-work.ts';

/** Jobs of several processes on one store, each of which may end while others go on. */

interface Told {
  readonly status: number;
  readonly text: string;
  readonly place: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly body: any;
}

const owner = '127.0.0.1';
const stranger = '127.0.0.2';

/** One request on a connection of its own, from this address: it tells who asks. */
async function ask(
  base: string,
  method: string,
  path: string,
  { from = owner, body, prefer }: { from?: string; body?: string | undefined; prefer?: string } = {},
): Promise<Told> {
  const headers = { 'content-type': 'application/fhir+json', ...(prefer !== undefined && { prefer }) };
  const asked = request(`${base}${path}`, { method, localAddress: from, agent: false, headers });
  asked.end(body);
  const [response] = await once(asked, 'response');
  const text = await textOf(response);
  const place = String(response.headers['content-location'] ?? '').replace(/^.*(?=\/_jobs\/)/, '');
  return { status: response.statusCode, text, place, body: text === '' ? undefined : JSON.parse(text) };
}

const async = { prefer: 'respond-async' };

/** What comes after 202. */
async function ended(base: string, place: string): Promise<Told> {
  for (;;) {
    const state = await ask(base, 'GET', place);
    if (state.status !== 202) return state;
    await setTimeout(50);
  }
}

interface Part {
  readonly name: string;
  readonly [value: `value${string}`]: string;
}

/** The jobs that somebody is told of: each by its parts. */
async function listed(base: string, from: string): Promise<Record<string, string | undefined>[]> {
  const { status, body } = await ask(base, 'GET', '/_jobs', { from });
  if (status !== 200 || body.resourceType !== 'Parameters') throw new Error(`${status}`);
  return (body.parameter ?? []).map(({ part }: { part: Part[] }) =>
    Object.fromEntries(part.map(({ name, ...value }) => [name, Object.values(value)[0]])),
  );
}

/** A server in a process of its own that does `$work` in this way; `said` waits for a line. */
async function child(file: string, mode: Mode) {
  const preload = new URL('../process/end-with-parent.ts', import.meta.url).href;
  const script = join(import.meta.dirname, 'jobs-child.ts');
  const started: ChildProcess = spawn(process.execPath, ['--import', preload, script, file, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(started, 'exit');
  const lines: string[] = [];
  if (started.stdout !== null) createInterface(started.stdout).on('line', (line) => lines.push(line));
  const said = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = lines.find((l) => pattern.test(l));
      if (line !== undefined) return line;
      await setTimeout(20);
    }
  };
  return { process: started, gone, said };
}

const fast = { HUFHIR_JOB_LEASE: '1000' };

let files = 0;
/** Of a test alone: what an earlier run left is not there. */
const newFile = (t: Test) => join(t.testdir(), `jobs-${++files}.db`);

t.test('a job is its owner’s in every process, and its result is there after a restart', async (t) => {
  const folder = t.testdir();
  const servers: ServerProcess[] = [await startServe(folder), await startServe(folder)];
  const stop = async () => {
    for (const { child, ended } of servers.splice(0)) {
      child.kill('SIGTERM');
      await ended;
    }
  };
  t.teardown(stop);
  const [a = '', b = ''] = servers.map((s) => s.base);
  const residents = [patient(), episode('family-doctor')];
  const bundle = transaction(...residents.map((r) => entry('PUT', `${r.resourceType}/${r.id}`, r)));
  t.equal((await ask(a, 'POST', '', { body: JSON.stringify(bundle) })).status, 200);
  const path = '/Measure/cn-sh-1-signing-coverage/$evaluate-measure?periodStart=2025&periodEnd=2025';
  const { status, place } = await ask(a, 'GET', path, async);
  t.equal(status, 202);
  const id = place.replace(/^.*\//, '');
  for (const base of [b, a]) {
    for (const method of ['GET', 'DELETE']) {
      const refused = await ask(base, method, place, { from: stranger });
      t.equal(refused.status, 404, method);
      t.match(refused.body, { resourceType: 'OperationOutcome', issue: [{ code: 'not-found' }] });
    }
    t.same(await listed(base, stranger), []);
    t.match(await listed(base, owner), [
      { id, url: new RegExp(`^${base}/_jobs/${id}$`), operation: 'Measure/cn-sh-1-signing-coverage/$evaluate-measure' },
    ]);
  }
  const result = await ended(b, place);
  t.equal(result.status, 200);
  t.match(result.body, { resourceType: 'MeasureReport', status: 'complete' });
  t.equal((await ended(a, place)).text, result.text);
  const [told = {}] = await listed(b, owner);
  t.equal(told.state, 'ended');
  t.equal(Date.parse(told.expires ?? '') - Date.parse(told.ended ?? ''), 3_600_000);
  const other = await ask(b, 'GET', path, { ...async, from: stranger });
  t.equal((await listed(a, stranger)).length, 1, 'a stranger has jobs of his own');
  t.equal((await ask(a, 'GET', other.place)).status, 404);
  await stop();
  servers.push(await startServe(folder));
  const [c = ''] = servers.map((s) => s.base);
  t.equal((await ask(c, 'GET', place)).text, result.text);
  t.equal((await ask(c, 'GET', place, { from: stranger })).status, 404);
  t.same(
    (await listed(c, owner)).map((job) => ({ ...job, url: '' })),
    [{ ...told, url: '' }],
  );
  t.equal((await ask(c, 'DELETE', place)).status, 202);
  t.equal((await ask(c, 'GET', place)).status, 404);
  t.same(await listed(c, owner), []);
});

t.test('SIGKILL while a job runs: another process does it', async (t) => {
  const file = newFile(t);
  const first = await child(file, 'hang');
  const base = await first.said(/^http/);
  const body = '{"resourceType":"Observation","valueQuantity":{"value":1.00}}';
  const { status, place } = await ask(base, 'POST', '/$work', { ...async, body });
  t.equal(status, 202);
  await first.said(/^begun$/);
  first.process.kill('SIGKILL');
  await first.gone;
  let second = await startOn(file, fast, withWork('answer'));
  t.teardown(() => second.stop());
  const result = await ended(second.base, place);
  t.equal(result.status, 200);
  t.equal(result.text, body, 'digit for digit');
  await second.stop();
  second = await startOn(file, fast);
  t.equal((await ask(second.base, 'GET', place)).text, body);
});

t.test('a job that ends each process that does it is given up', async (t) => {
  const file = newFile(t);
  const first = await child(file, 'die');
  const base = await first.said(/^http/);
  // It may die before it answers.
  await ask(base, 'POST', '/$work', async).catch(() => undefined);
  await first.gone;
  for (let attempt = 2; attempt <= 3; attempt++) {
    const next = await child(file, 'die');
    await next.gone;
    t.equal(next.process.signalCode, 'SIGKILL');
  }
  const last = await startOn(file, fast, withWork('answer'));
  t.teardown(() => last.stop());
  const [job] = await listed(last.base, owner);
  const refused = await ended(last.base, `/_jobs/${job?.id}`);
  t.equal(refused.status, 503);
  t.match(refused.body.issue, [{ details: { coding: [{ code: 'job-interrupted' }] }, diagnostics: /ended 3 times/ }]);
  const [state] = await listed(last.base, owner);
  t.equal(state?.state, 'ended');
});

t.test('DELETE in one process ends the work in another', async (t) => {
  const file = newFile(t);
  const first = await child(file, 'hang');
  const base = await first.said(/^http/);
  const second = await startOn(file, { ...fast, HUFHIR_MAX_JOBS: '1' }, withWork('answer'));
  t.teardown(() => second.stop());
  const { place } = await ask(base, 'POST', '/$work', async);
  await first.said(/^begun$/);
  t.equal((await ask(second.base, 'DELETE', place, { from: stranger })).status, 404);
  t.equal((await ask(second.base, 'DELETE', place)).status, 202);
  for (const at of [base, second.base]) t.equal((await ask(at, 'GET', place)).status, 404);
  await first.said(/^aborted$/);
  let next = await ask(second.base, 'POST', '/$work', async);
  for (; next.status === 429; next = await ask(second.base, 'POST', '/$work', async)) await setTimeout(50);
  t.equal(next.status, 202, 'there is room when its work has ended');
  first.process.kill('SIGKILL');
  await first.gone;
});
