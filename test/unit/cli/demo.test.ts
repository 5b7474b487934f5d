import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { demo } from '#cli/demo.ts';
import type { Config } from '#config';
import { Failure } from '#errors';
import { sqlite } from '#storage/sqlite/driver.ts';
import { type HufhirProcess, startHufhir, startServing } from '#test/process/hufhir.ts';

/** What `hufhir demo` says in a folder where it must not begin. */
async function refused(
  folder: string,
  options: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const here = process.cwd();
  process.chdir(folder);
  let said = '';
  const print = (line: string) => {
    said += line;
  };
  const startServer = () => Promise.reject(new Error('it starts its server in a process of its own'));
  const shell = {
    options: { residents: '2', stay: 'false', ...options },
    environment: { ...process.env, ...settings },
    print,
    startServer,
    checkStore: startServer,
    backUpStore: startServer,
    reserveStore: ({ store }: Config) => sqlite.reserve(store.replace('sqlite:', '')),
    discardStore: ({ store }: Config) => sqlite.discard(store.replace('sqlite:', '')),
  };
  const code = await demo(shell).finally(() => process.chdir(here));
  t.equal(code, 1);
  return said;
}

t.test('a demo speaks to no other server, and deletes nothing before it knows', async (t) => {
  const folder = t.testdir({ data: { 'demo.db': 'old' } });
  let asked = 0;
  const other = createServer((_request, response) => {
    asked++;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const address = other.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  t.match(await refused(folder, { port }), new RegExp(`Port ${port} is taken`));
  t.equal(asked, 0);
  t.ok(existsSync(join(folder, 'data/demo.db')));
});

t.test('a demo replaces its own store alone', async (t) => {
  const folder = t.testdir({ 'mine.db': 'mine', data: { 'demo.db': 'old' } });
  const table: readonly (readonly [Readonly<Record<string, string>>, RegExp, Readonly<Record<string, string>>?])[] = [
    [{ file: 'mine.db' }, /mine\.db exists already; the demo replaces no file but data\/demo\.db/],
    [{ port: '70000' }, /--port is "70000"/],
    [{ port: 'x' }, /--port is "x"/],
    [{}, /^HUFHIR_HOST is "0\.0\.0\.0"; .*expected a loopback address such as/, { HUFHIR_HOST: '0.0.0.0' }],
    [{ port: '8099' }, /expected a loopback address/, { HUFHIR_HOST: '192.0.2.1' }],
  ];
  for (const [options, text, settings] of table) {
    t.match(await refused(folder, { port: '0', ...options }, settings), text);
  }
  for (const port of ['x', '70000', '-1']) {
    const here = process.cwd();
    t.match(await refused(folder, {}, { HUFHIR_PORT: port }), `HUFHIR_PORT is "${port}"; expected a whole number`);
    t.equal(process.cwd(), here);
  }
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db']);
});

const demoArgs = ['demo', '--residents', '2'];

t.test('a demo heeds HUFHIR_PORT and HUFHIR_HOST; --port goes before', async (t) => {
  const folder = t.testdir({});
  const other = createServer().listen(0, '127.0.0.2');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const port = String((other.address() as AddressInfo).port);
  const place = { HUFHIR_HOST: '127.0.0.2', HUFHIR_PORT: port };
  t.match(await refused(folder, {}, place), `Port ${port} is taken`);
  t.match(await refused(folder, { port }, { ...place, HUFHIR_PORT: '1' }), `Port ${port} is taken`);
});

t.test('a demo beside one that runs is refused; one that was killed is followed by another', async (t) => {
  const folder = t.testdir({});
  const settings = { HUFHIR_PORT: '0', HUFHIR_HOST: '127.0.0.2' };
  const start = () => startServing(demoArgs, { cwd: folder, settings });
  const first = await start();
  const said = await refused(folder, { port: '0' });
  t.match(said, /demo\.db cannot be used: another process has it open\. End that process\..*--file/);
  t.match(first.origin, 'http://127.0.0.2:');
  t.match(
    await refused(folder, {}, { ...settings, HUFHIR_PORT: String(first.port) }),
    `Port ${first.port} is taken, perhaps by another demo`,
  );
  t.equal((await fetch(`${first.base}/Patient?_summary=count`)).status, 200, 'the first serves on');
  // Its server too: all at once, as a loss of power would.
  const [server] = childrenOf(first.child.pid);
  process.kill(Number(server), 'SIGKILL');
  first.child.kill('SIGKILL');
  await first.ended;
  t.match(
    readdirSync(join(folder, 'data')),
    ['demo.db', 'demo.db-shm', 'demo.db-wal', 'demo.db.lock'],
    'it was not closed',
  );
  const second = await start();
  t.equal((await fetch(`${second.base}/Patient?_summary=count`)).status, 200);
  second.child.kill('SIGTERM');
  t.equal(await second.ended, 0);
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db']);
});

t.test('of two demos that begin together one serves, and the other says why it does not', async (t) => {
  for (const options of [[], [], ['--file', 'mine.db'], ['--file', 'mine.db']]) {
    const folder = t.testdir({});
    const start = (seed: string) =>
      startHufhir([...demoArgs, '--seed', seed, '--port', '0', ...options], /Demo district|cannot have/, {
        cwd: folder,
      });
    const both = await Promise.all([start('1'), start('2')]);
    const [served, other, ...more] = both.sort(
      (a, b) => Number(said(a, /cannot have/)) - Number(said(b, /cannot have/)),
    );
    if (served === undefined || other === undefined) throw new Error('two were started');
    t.equal(more.length, 0);
    t.ok(said(served, /Demo district/), served.printed());
    t.match(other.printed(), /\.db cannot be used: another process has it open\. End that process\..*--file/);
    t.equal(await other.ended, 1);
    served.child.kill('SIGKILL');
    await served.ended;
  }
});

function said({ printed }: HufhirProcess, text: RegExp): boolean {
  return text.test(printed());
}

t.test('a place is reserved once, and again when it is given back', async (t) => {
  const path = join(t.testdir({}), 'new/x.db');
  for (let round = 0; round < 3; round++) {
    const giveBack = sqlite.reserve(path);
    if (giveBack instanceof Failure) throw new Error(giveBack.issues[0].text);
    t.match(sqlite.reserve(path), { issues: [{ code: 'store-unusable' }] });
    t.strictSame(readdirSync(dirname(path)), ['x.db.lock']);
    giveBack();
    t.strictSame(readdirSync(dirname(path)), []);
  }
  t.match(sqlite.reserve('/proc/x/y.db'), { issues: [{ code: 'store-unusable' }] });
});

t.test('what is left of a store, or is none, is replaced', async (t) => {
  for (const files of [
    { 'demo.db-wal': 'x' },
    { 'demo.db': '', 'demo.db-shm': 'x' },
    { 'demo.db': 'x', 'demo.db-journal': 'y' },
  ]) {
    const folder = t.testdir(files);
    t.equal(sqlite.discard(join(folder, 'demo.db')), undefined);
    t.strictSame(readdirSync(folder), []);
  }
});

t.test('a demo goes on when nobody reads what it prints', async (t) => {
  const folder = t.testdir({});
  const args = [...demoArgs, '--port', '0', '--stay', 'false'];
  const { child, ended } = await startHufhir(args, /Demo district/, { cwd: folder });
  // What it prints from now on fails.
  child.stdout?.destroy();
  child.stderr?.destroy();
  t.equal(await ended, 0);
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db'], 'its server has closed the store');
});

/** Where the system tells it. */
function childrenOf(pid: number | undefined): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
}

t.test('a demo in a fresh folder; again, in place of its own store', async (t) => {
  const folder = t.testdir({ data: {} });
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data/demo.db'), 'what a demo left');
  const never = /(?!)/;
  const args = ['demo', '--residents', '2', '--stay', 'false', '--port', '0'];
  const { ended, printed } = await startHufhir(args, never, { cwd: folder });
  t.equal(await ended, 0);
  const said = printed();
  t.match(said, /Every count equals the truth: .*yes/);
  t.notMatch(said, 'Console', 'nothing is said of the console before it shows the district');
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db'], 'its server has closed the store');
});

t.test('the server of a demo that is killed while it loads ends too', async (t) => {
  const main = join(import.meta.dirname, '../../../src/main.ts');
  const args = [main, 'demo', '--residents', '50', '--port', '0'];
  const child = spawn(process.execPath, args, { cwd: t.testdir(), stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  // Printed when the server listens, before anything is loaded.
  for await (const line of createInterface(child.stdout)) if (line.includes('Demo district')) break;
  child.stdout.resume();
  child.stderr.resume();
  child.kill('SIGKILL');
  // The server writes to the demo's standard error: that closes when both have ended.
  await once(child, 'close');
  t.equal(child.signalCode, 'SIGKILL');
});

t.test(
  'a demo that was killed while it loads is followed at once by another; one that loses its server says so',
  async (t) => {
    const folder = t.testdir({});
    const start = (residents: string) =>
      startHufhir(['demo', '--residents', residents, '--port', '0', '--stay', 'false'], /Demo district|cannot have/, {
        cwd: folder,
      });
    const first = await start('1000');
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await start('1000');
    t.ok(said(second, /Demo district/), second.printed());
    const [server] = childrenOf(second.child.pid);
    process.kill(Number(server), 'SIGKILL');
    t.equal(await second.ended, 1);
    t.match(second.printed(), /The server ended \(SIGKILL\) while the demo used it\./);
  },
);
