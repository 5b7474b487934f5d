import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { commit, put, remove } from '#test/contract/build.ts';
import { openFile } from '../contract/opened.ts';
import { startHufhir } from './hufhir.ts';

/** Runs `hufhir <command>` on a store; it is to end by itself. */
async function run(command: string, store: string, settings: Readonly<Record<string, string>> = {}) {
  const own = { HUFHIR_AUTH: 'off', HUFHIR_PORT: '0', HUFHIR_STORE: `sqlite:${store}`, HUFHIR_LOG_LEVEL: 'error' };
  const { child, ended, printed, said } = await startHufhir([command], /console/, {
    settings: { ...own, ...settings },
    // Nothing stops one who may do all.
    restricted: true,
  });
  if (child.exitCode === null && /console/.test(printed())) child.kill('SIGTERM');
  const code = await ended;
  return { code, lines: `${printed()}${said()}`.split('\n').filter((line) => line !== '') };
}

/** A store with a few thousand versions, closed. */
const whole = join(t.testdir(), 'whole.db');

t.before(async () => {
  const { store } = await openFile(whole);
  for (let i = 0; i < 40; i++) {
    const writes = Array.from({ length: 50 }, (_, j) => put(`Basic/r${i}-${j}`, { text: 'x'.repeat(300) }));
    await commit(store, ...writes, put('Basic/again'));
  }
  await commit(store, remove('Basic/r0-0'));
  await store.close();
});

/** The bytes of the store, changed. */
function damagedStore(change: (bytes: Buffer) => Buffer): (file: string) => void {
  return (file) => writeFileSync(file, change(readFileSync(whole)));
}

function foreignDatabase(file: string, first = ''): void {
  const other = new DatabaseSync(file);
  other.exec(`${first}; CREATE TABLE x (y); INSERT INTO x VALUES (1)`);
  other.close();
}

/** Bytes of page after page, from the third on, as a disk gives them that lost some. */
function scratched(bytes: Buffer): Buffer {
  for (let page = 2; page * 4096 < bytes.length; page++) {
    for (let i = 0; i < 2000; i++) bytes[page * 4096 + 8 + i] = (i * 73 + page * 31) % 256;
  }
  return bytes;
}

interface Bad {
  readonly name: string;
  /** Makes the bad file; a text that it gives is the name of the store, if that is another. */
  readonly make: (file: string) => unknown;
  readonly says: RegExp;
}

const bad: readonly Bad[] = [
  { name: 'a text', make: (file) => writeFileSync(file, 'No database. '.repeat(500)), says: /no SQLite database/ },
  { name: 'a short text', make: (file) => writeFileSync(file, 'x'), says: /no SQLite database/ },
  { name: 'another program’s database', make: (file) => foreignDatabase(file), says: /database of another program/ },
  {
    name: 'another program’s database with a WAL',
    make: (file) => foreignDatabase(file, 'PRAGMA journal_mode = WAL'),
    says: /database of another program/,
  },
  {
    name: 'a file without its last thousand bytes',
    make: damagedStore((bytes) => bytes.subarray(0, bytes.length - 1000)),
    says: /its end is missing/,
  },
  {
    name: 'a file without its last page',
    make: damagedStore((bytes) => bytes.subarray(0, bytes.length - 4096)),
    says: /its end is missing/,
  },
  {
    name: 'a newer schema',
    make: damagedStore((bytes) => {
      bytes.writeUInt32BE(99, 60);
      return bytes;
    }),
    says: /has schema 99, and this program knows schemas up to \d+\. Open it with the newer program/,
  },
  {
    name: 'truncated to half',
    make: damagedStore((bytes) => bytes.subarray(0, bytes.length >> 1)),
    says: /its end is missing/,
  },
  { name: 'its header zeroed', make: damagedStore((bytes) => bytes.fill(0, 0, 100)), says: /its beginning is damaged/ },
  { name: 'its first page overwritten', make: damagedStore((b) => b.fill(0x41, 100, 4096)), says: /damaged/ },
  { name: 'bytes in the middle of pages', make: damagedStore(scratched), says: /damaged/ },
  { name: 'a folder', make: (file) => mkdirSync(file), says: /it is a folder/ },
  { name: 'a device', make: (file) => symlinkSync('/dev/null', file), says: /no ordinary file/ },
  {
    name: 'a file in place of its folder',
    make: (file) => {
      writeFileSync(file, '');
      return join(file, 'deep/test.db');
    },
    says: /a file stands where a folder of its path should be|does not exist/,
  },
  {
    name: 'no permission',
    make: (file) => {
      damagedStore((bytes) => bytes)(file);
      chmodSync(file, 0o000);
    },
    says: /access is denied/,
  },
  { name: 'nowhere', make: () => '/proc/hufhir/test.db', says: /its folder cannot be made|does not exist/ },
];

const forServing: readonly Bad[] = [
  {
    name: 'a read-only file',
    make: (file) => {
      damagedStore((bytes) => bytes)(file);
      chmodSync(file, 0o444);
    },
    says: /cannot be written/,
  },
  {
    name: 'a file in a read-only folder',
    make: (file) => {
      mkdirSync(file);
      damagedStore((bytes) => bytes)(join(file, 'test.db'));
      chmodSync(file, 0o555);
      return join(file, 'test.db');
    },
    says: /its folder cannot be written/,
  },
  {
    name: 'nothing in a read-only folder',
    make: (file) => {
      mkdirSync(file, 0o555);
      return join(file, 'test.db');
    },
    says: /access is denied/,
  },
];

const forChecking: readonly Bad[] = [
  { name: 'nothing', make: () => undefined, says: /it does not exist/ },
  { name: 'an empty file', make: (file) => writeFileSync(file, ''), says: /it is empty/ },
];

/** What is in a folder: names, and the bytes of files. */
function contents(folder: string): unknown {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? readFileSync(path).toString('base64') : ''];
  });
}

const table = [
  ...[...bad, ...forServing].map((row) => ({ command: 'serve', ...row })),
  ...[...bad, ...forChecking].map((row) => ({ command: 'check', ...row })),
];

for (const { command, name, make, says } of table) {
  t.test(`${command} with ${name}: one line, exit code 1, and nothing changed`, async (t) => {
    const folder = t.testdir();
    const file = join(folder, 'bad.db');
    const made = make(file);
    const store = typeof made === 'string' ? made : file;
    t.teardown(() => existsSync(file) && chmodSync(file, 0o700));
    const before = contents(folder);
    const { code, lines } = await run(command, store);
    t.equal(code, 1);
    if (command === 'serve') t.equal(lines.length, 1, lines.join('\n'));
    t.ok(lines.length > 0);
    for (const line of lines) {
      t.ok(line.includes(store), line);
      t.notMatch(line, /^ {4}at /);
    }
    t.match(lines[0], says);
    t.strictSame(contents(folder), before);
  });
}

/** A process that has the file open, and a lock on it, until the test ends. */
async function lock(t: Tap, file: string, statements: string): Promise<void> {
  const script = `const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(process.argv[1]);
    db.exec(process.argv[2]); console.log('locked'); process.stdin.on('end', () => process.exit()); process.stdin.resume();`;
  const holder = spawn(process.execPath, ['-e', script, file, statements], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(async () => {
    const ended = once(holder, 'exit');
    holder.stdin.end();
    await ended;
  });
  await once(holder.stdout, 'data');
}

type Tap = Pick<typeof t, 'teardown'>;

for (const statements of ['BEGIN IMMEDIATE', 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE']) {
  t.test(`another program’s lock: ${statements}`, async (t) => {
    const file = join(t.testdir(), 'locked.db');
    damagedStore((bytes) => bytes)(file);
    await lock(t, file, statements);
    const { code, lines } = await run('serve', file);
    t.equal(code, 1);
    t.equal(lines.length, 1, lines.join('\n'));
    t.match(lines[0], /locked\.db cannot be used: it is locked by another program/);
  });
}

t.test('a port that is taken, hosts that cannot be bound', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const address = other.address();
  const taken = typeof address === 'object' ? String(address?.port) : '';
  const rows = [
    [{ HUFHIR_PORT: taken }, new RegExp(`cannot listen at 127\\.0\\.0\\.1:${taken}: another program listens there`)],
    [{ HUFHIR_HOST: '192.0.2.1', HUFHIR_AUTH: 'required', HUFHIR_PORT: '8080' }, /192\.0\.2\.1:8080: this machine has/],
    [{ HUFHIR_HOST: '192.0.2.1', HUFHIR_AUTH: 'required' }, /192\.0\.2\.1:0: this machine has no such address/],
    [{ HUFHIR_HOST: 'no.such.host.invalid', HUFHIR_AUTH: 'required' }, /no\.such\.host\.invalid:0: the name /],
  ] as const;
  for (const [settings, says] of rows) {
    const folder = t.testdir();
    const { code, lines } = await run('serve', join(folder, 'test.db'), settings);
    t.equal(code, 1);
    t.equal(lines.length, 1, lines.join('\n'));
    t.match(lines[0], says);
    t.strictSame(
      readdirSync(folder).filter((name) => name !== 'test.db'),
      [],
      'the store is closed',
    );
  }
});
