import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, entry, patient, transaction } from '#test/http/harness.ts';
import { type ServerProcess, startServe } from './hufhir.ts';

/** What becomes of the times of commits, in two processes of one store, when the clock is moved. */

const folder = mkdtempSync(join(tmpdir(), 'hufhir-clock-'));
const file = join(folder, 'clock');
const started: ServerProcess[] = [];
t.teardown(() => {
  for (const { child } of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Whole at once: it is read at any time. */
function move(ms: number): void {
  writeFileSync(`${file}.new`, String(ms));
  renameSync(`${file}.new`, file);
}

async function start(): Promise<ServerProcess> {
  const server = await startServe(folder, {
    HUFHIR_LOG_LEVEL: 'warn',
    HUFHIR_LARGE_BODY: '20000',
    HUFHIR_TEST_CLOCK: file,
    NODE_OPTIONS: `--import ${new URL('./moved-clock.ts', import.meta.url).href}`,
  });
  started.push(server);
  return server;
}

const told = (server: ServerProcess) =>
  [...server.printed().matchAll(/The clock ran backwards, by (\d+) ms/g)].map(([, ms]) => Number(ms));

/** The log comes by another way than the answer. */
async function toldTimes(server: ServerProcess, times: number): Promise<readonly number[]> {
  while (told(server).length < times) await new Promise((resolve) => setTimeout(resolve, 20));
  return told(server);
}

async function write({ base }: ServerProcess): Promise<number> {
  const { status, body } = await ask(`${base}/Patient`, 'POST', patient());
  t.equal(status, 201);
  return Date.parse(body.meta.lastUpdated);
}

/** Every commit after the one before it, as the history of the store tells them. */
async function increases(t: Test, { base }: ServerProcess, distinct: number): Promise<void> {
  const { body } = await ask(`${base}/Patient/_history?_count=${distinct}`, 'GET');
  const times = body.entry.map((e: Entry) => Date.parse(e.resource.meta.lastUpdated));
  t.equal(times.length, distinct);
  t.equal(new Set(times).size, distinct, 'they are distinct');
  t.same(
    times.toSorted((a: number, b: number) => b - a),
    times,
    'and in the order of commits',
  );
}

type Entry = { readonly resource: { readonly meta: { readonly lastUpdated: string } } };

const hour = 3_600_000;

t.test('a clock that runs backwards is told of once a step, and times go on', async (t) => {
  move(0);
  const a = await start();
  const b = await start();
  const before = await write(a);
  t.ok((await write(b)) >= before);
  t.same([told(a), told(b)], [[], []]);

  move(-hour);
  let last = await write(a);
  t.ok(last > before);
  for (const server of [b, a, b, a, a, b]) {
    const time = await write(server);
    t.equal(time, last + 1, 'one millisecond after the last one, whoever wrote it');
    last = time;
  }
  for (const server of [a, b]) {
    const [ms = 0, ...more] = await toldTimes(server, 1);
    t.same(more, [], 'once');
    t.ok(ms > hour - 600_000 && ms <= hour + 60_000, String(ms));
  }
  await increases(t, a, 7);

  await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 === 0 ? a : b)));
  await increases(t, b, 27);

  const large = Array.from({ length: 200 }, () =>
    entry('POST', 'Basic', { resourceType: 'Basic', code: { text: 'x' } }),
  );
  const { body } = await ask(a.base, 'POST', transaction(...large));
  const times = new Set(body.entry.map((e: { response: { lastModified: string } }) => e.response.lastModified));
  t.equal(times.size, 1, 'a transaction has one time, in a thread of the pool too');
  t.ok((await write(b)) > Date.parse([...times][0] as string));
  t.same([told(a).length, told(b).length], [1, 1]);

  move(-2 * hour);
  await write(a);
  await write(b);
  t.ok(((await toldTimes(a, 2))[1] ?? 0) > hour / 2, 'another step is told anew');
  t.equal((await toldTimes(b, 2)).length, 2);

  move(hour);
  await write(a);
  const ahead = await write(b);
  t.ok(ahead >= Date.now() + hour - 60_000, 'a clock that has caught up is the clock again');
  move(0);
  t.equal(await write(b), ahead + 1);
  t.equal((await toldTimes(b, 3)).length, 3);

  for (const server of [a, b]) {
    server.child.kill('SIGTERM');
    t.equal(await server.ended, 0);
  }
  const c = await start();
  t.equal(await write(c), ahead + 2, 'a start finds the last time in the store');
  t.ok(((await toldTimes(c, 1))[0] ?? 0) > hour / 2);
});
