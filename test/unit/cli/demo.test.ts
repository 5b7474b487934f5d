import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { demo } from '#cli/demo.ts';
import { startHufhir } from '#test/process/hufhir.ts';

/** What `hufhir demo` says in a folder where it must not begin. */
async function refused(folder: string, options: Readonly<Record<string, string>>): Promise<string> {
  const here = process.cwd();
  process.chdir(folder);
  let said = '';
  const print = (line: string) => {
    said += line;
  };
  const startServer = () => Promise.reject(new Error('it starts its server in a process of its own'));
  const shell = {
    options: { residents: '2', stay: 'false', ...options },
    environment: process.env,
    print,
    startServer,
    checkStore: startServer,
    backUpStore: startServer,
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

t.test('a demo replaces its own store alone, and not one in use', async (t) => {
  const folder = t.testdir({ 'mine.db': 'mine', data: { 'demo.db': 'old', 'demo.db-shm': '' } });
  const table: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ file: 'mine.db' }, /mine\.db exists already; the demo replaces no file but data\/demo\.db/],
    [{}, /data\/demo\.db is in use, since there is data\/demo\.db-shm/],
    [{ port: '70000' }, /--port is "70000"/],
    [{ port: 'x' }, /--port is "x"/],
  ];
  for (const [options, text] of table) t.match(await refused(folder, { port: '0', ...options }), text);
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db', 'demo.db-shm']);
});

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
