import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from '#cli/ports.ts';

const main = join(import.meta.dirname, '../../../src/main.ts');
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HUFHIR_')));

/** Runs `hufhir demo` in a folder to its end. */
async function demo(
  cwd: string,
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, [main, 'demo', '--residents', '2', '--stay', 'false', ...args], {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, said };
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
  const { code, said } = await demo(folder, '--port', port);
  t.equal(code, 1);
  t.match(said, new RegExp(`Port ${port} is taken`));
  t.equal(asked, 0);
  t.ok(existsSync(join(folder, 'data/demo.db')));
});

t.test('a demo replaces its own store alone, and not one in use', async (t) => {
  const folder = t.testdir({ 'mine.db': 'mine', data: { 'demo.db': 'old', 'demo.db-shm': '' } });
  const port = String(await freePort('127.0.0.1'));
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [['--file', 'mine.db'], /mine\.db exists already; the demo replaces no file but data\/demo\.db/],
    [[], /data\/demo\.db is in use, since there is data\/demo\.db-shm/],
    [['--port', '70000'], /--port is "70000"/],
    [['--port', 'x'], /--port is "x"/],
  ];
  for (const [args, text] of table) {
    const { code, said } = await demo(folder, '--port', port, ...args);
    t.equal(code, 1);
    t.match(said, text);
  }
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db', 'demo.db-shm']);
});

t.test('a demo in a fresh folder; again, in place of its own store', async (t) => {
  const folder = t.testdir({ data: {} });
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data/demo.db'), 'what a demo left');
  const port = String(await freePort('127.0.0.1'));
  const { code, said } = await demo(folder, '--port', port);
  t.equal(code, 0, said);
  t.match(said, /Every count equals the truth: .*yes/);
  t.notMatch(said, 'Console', 'nothing is said of the console before it shows the district');
  t.strictSame(readdirSync(join(folder, 'data')), ['demo.db'], 'its server has closed the store');
});
