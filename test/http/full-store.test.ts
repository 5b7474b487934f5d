import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type ServerProcess, startServe } from '#test/process/hufhir.ts';
import { entry, patient, transaction } from './harness.ts';
import { type Answered, keepAlive } from './keep-alive.ts';

const system = 'urn:example:full';

/** What keeps a server from writing its store, and what lets it again. */
interface Obstacle {
  readonly name: string;
  /** Prepares the folder of the store; tells why it cannot. */
  readonly prepare: (folder: string) => string | undefined;
  readonly settings?: Readonly<Record<string, string>>;
  readonly begin: (folder: string, server: ServerProcess) => void;
  readonly end: (folder: string, server: ServerProcess) => void;
  readonly clear: (folder: string) => void;
}

const ran = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0;

/** What SQLite may write files to at most, in bytes: the file system is as full for it. */
function limitFiles({ child }: ServerProcess, bytes: string): void {
  if (!ran('prlimit', '--pid', String(child.pid), `--fsize=${bytes}:unlimited`)) throw new Error('no limit was set');
}

/** Else the signal of that limit ends the process before it sees the error. */
const heedless = `data:text/javascript,process.on('SIGXFSZ',()=>undefined)`;

const obstacles: readonly Obstacle[] = [
  {
    name: 'its file system is full',
    prepare: (folder) =>
      ran('mount', '-t', 'tmpfs', '-o', 'size=48m', 'hufhir-test', folder) ? undefined : 'mounting takes root',
    begin: (folder) => {
      const filler = join(folder, 'filler');
      writeFileSync(filler, '');
      for (let size = 1 << 20; size > 0; ) {
        try {
          appendFileSync(filler, Buffer.alloc(size));
        } catch {
          size >>= 1;
        }
      }
    },
    end: (folder) => rmSync(join(folder, 'filler')),
    clear: (folder) => void ran('umount', folder),
  },
  {
    name: 'its files may not grow',
    prepare: () => (ran('prlimit', '--version') ? undefined : 'there is no prlimit'),
    settings: { NODE_OPTIONS: `--import=${heedless}` },
    begin: (folder, server) => limitFiles(server, String(statSync(join(folder, 'test.db-wal')).size)),
    end: (_folder, server) => limitFiles(server, 'unlimited'),
    clear: () => undefined,
  },
];

const person = (value: string) => patient({ id: value, identifier: [{ system, value }] });

/** Bytes from which on a body goes to a thread of the pool, which writes in its own way. */
const largeBody = 5_000;
const text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(largeBody)}</div>` };

/** Each way to write one Patient. */
const ways: readonly ((ask: ReturnType<typeof keepAlive>['ask'], value: string) => Promise<Answered>)[] = [
  (ask, value) => ask('PUT', `/Patient/${value}`, person(value)),
  (ask, value) => ask('PUT', `/Patient/${value}`, { ...person(value), text }),
  (ask, value) => ask('POST', '/Patient', person(value), { 'if-none-exist': `identifier=${system}|${value}` }),
  (ask, value) =>
    ask('POST', '', transaction(entry('PUT', `Patient/${value}`, person(value)), entry('GET', 'Patient?_count=1'))),
];

for (const { name, prepare, settings, begin, end, clear } of obstacles) {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-full-'));
  const skip = prepare(folder) ?? false;
  t.teardown(() => {
    clear(folder);
    rmSync(folder, { recursive: true });
  });
  t.test(
    `a server reads, and says that it cannot write, while ${name}; and goes on afterwards`,
    { skip },
    async (t) => {
      const own = { HUFHIR_LARGE_BODY: String(largeBody), HUFHIR_LOG_LEVEL: 'silent' };
      const server = await startServe(folder, { ...own, ...settings });
      const { ask, close } = keepAlive(server.base, 8);
      t.teardown(async () => {
        close();
        server.child.kill('SIGTERM');
        await server.ended;
      });
      const stored = new Map<string, boolean>();
      const write = async (n: number): Promise<number> => {
        const value = `v${n}`;
        const answer = await (ways[n % ways.length] ?? ways[0])?.(ask, value);
        if (answer === undefined) throw new Error('no way to write');
        stored.set(value, answer.status < 300);
        if (answer.status >= 300) unavailable(t, answer);
        return answer.status;
      };
      const ready = async () => {
        const answer = await fetch(`${server.origin}/readyz`);
        return { status: answer.status, retry: answer.headers.get('retry-after'), body: await answer.json() };
      };
      let n = 0;
      while (n < 30) t.ok((await write(n++)) < 300);
      t.match(await ready(), { status: 200, body: { status: 'ok' } });

      begin(folder, server);
      // The WAL may have room for a few more.
      while ((await write(n++)) < 300);
      // What takes more is refused before what takes little, as a probe does.
      const told = async () => {
        for (;;) {
          const answer = await ready();
          if (answer.status === 503) return answer;
          await Promise.all(Array.from({ length: 6 }, () => write(n++)));
          await setTimeout(100);
        }
      };
      const { status, retry, body } = await told();
      t.match({ status, retry, body }, { status: 503, retry: /^\d+$/, body: { status: 'unavailable', reason: /./ } });
      t.comment(`the reason: ${JSON.stringify(body)}`);
      t.strictSame(await Promise.all(Array.from({ length: 12 }, () => write(n++))), Array(12).fill(503), 'writes');
      await reads(t, ask, stored);

      end(folder, server);
      for (let i = 0; i < 12; i++) t.ok((await write(n++)) < 300, 'writes go on');
      while ((await ready()).status !== 200) await setTimeout(100);
      await reads(t, ask, stored);
    },
  );
}

/** A refusal that a client can act on. */
function unavailable(t: Test, { status, headers, text }: Answered): void {
  const { issue } = JSON.parse(text);
  t.match(
    { status, retry: headers['retry-after'], issue },
    {
      status: 503,
      retry: /^\d+$/,
      issue: [{ code: 'transient', details: { coding: [{ code: 'store-unavailable' }] } }],
    },
  );
}

/** Each of those who were acknowledged is there, by a read and by a search, and nobody else. */
async function reads(t: Test, ask: ReturnType<typeof keepAlive>['ask'], stored: ReadonlyMap<string, boolean>) {
  const found: string[] = [];
  for (let next: string | undefined = `/Patient?identifier=${system}|&_count=50`; next !== undefined; ) {
    const { status, text } = await ask('GET', next);
    if (status !== 200) throw new Error(`${status} ${text}`);
    const body = JSON.parse(text);
    for (const { resource } of body.entry ?? []) found.push(resource.identifier[0].value);
    const link = body.link.find(({ relation }: { relation: string }) => relation === 'next');
    next = link === undefined ? undefined : link.url.slice(link.url.indexOf('/Patient'));
  }
  const wanted = [...stored].filter(([, is]) => is).map(([value]) => value);
  t.strictSame(found.sort(), wanted.sort(), `${wanted.length} are there, ${stored.size - wanted.length} were refused`);
  t.equal((await ask('GET', '/Patient/v0')).status, 200);
  t.equal((await ask('GET', '/Patient/v0/_history')).status, 200);
}
