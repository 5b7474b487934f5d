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
  /** How a write is refused: 507 where the system says that it is for want of room. */
  readonly refusal: { readonly status: number; readonly type: string; readonly code: string };
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
    refusal: { status: 507, type: 'no-store', code: 'store-full' },
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
    refusal: { status: 503, type: 'transient', code: 'store-unavailable' },
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
const narrative = (length: number) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(length)}</div>`,
});
const text = narrative(largeBody);
const huge = narrative(1_100_000);

type Ask = ReturnType<typeof keepAlive>['ask'];

/** The only entry of a batch, as an answer of its own. */
async function alone(answer: Promise<Answered>): Promise<Answered> {
  const { status, headers, text } = await answer;
  const { response } = JSON.parse(text).entry[0];
  const retry = { 'retry-after': 'of no entry' };
  if (status !== 200) throw new Error(`${status} ${text}`);
  return { status: Number(response.status), headers: { ...headers, ...retry }, text: JSON.stringify(response.outcome) };
}

/** Each way to write one Patient. */
const ways: readonly ((ask: Ask, value: string) => Promise<Answered>)[] = [
  (ask, value) => ask('PUT', `/Patient/${value}`, person(value)),
  (ask, value) => ask('PUT', `/Patient/${value}`, { ...person(value), text }),
  (ask, value) => ask('POST', '/Patient', person(value), { 'if-none-exist': `identifier=${system}|${value}` }),
  (ask, value) =>
    ask('POST', '', transaction(entry('PUT', `Patient/${value}`, person(value)), entry('GET', 'Patient?_count=1'))),
  (ask, value) => ask('PUT', `/Patient?identifier=${system}|${value}`, person(value)),
  (ask, value) =>
    alone(ask('POST', '', { ...transaction(entry('PUT', `Patient/${value}`, person(value))), type: 'batch' })),
  (ask, value) => ask('POST', '', transaction(entry('PUT', `Patient/${value}`, { ...person(value), text: huge }))),
];

const parameters = (value: string) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Patient.gender' },
        { name: 'value', valueCode: value },
      ],
    },
  ],
});

const parameter = (code: string) => ({
  resourceType: 'SearchParameter',
  url: `http://example.org/${code}`,
  name: code,
  status: 'active',
  description: 'x',
  code,
  base: ['Patient'],
  type: 'token',
  expression: 'Patient.gender',
});

const year = 'periodStart=2025-01-01&periodEnd=2025-12-31';

/** What else needs room: changes of the first Patient, definitions, asynchronous requests. */
const changes: Readonly<Record<string, (ask: Ask) => Promise<Answered>>> = {
  'a JSON Patch': (ask) =>
    ask('PATCH', '/Patient/v0', '[{"op":"replace","path":"/gender","value":"other"}]', {
      'content-type': 'application/json-patch+json',
    }),
  'a FHIRPath Patch': (ask) => ask('PATCH', '/Patient/v0', parameters('unknown')),
  'a conditional patch': (ask) => ask('PATCH', `/Patient?identifier=${system}|v0`, parameters('unknown')),
  'a deletion': (ask) => ask('DELETE', '/Patient/v0'),
  'a conditional deletion': (ask) => ask('DELETE', `/Patient?identifier=${system}|v0`),
  'a SearchParameter': (ask) => ask('POST', '/SearchParameter', parameter('refused')),
  'an asynchronous request': (ask) =>
    ask('GET', `/Measure/cn-sh-11-record-coverage/$evaluate-measure?${year}`, undefined, { prefer: 'respond-async' }),
};

for (const { name, refusal, prepare, settings, begin, end, clear } of obstacles) {
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
        if (answer.status >= 300) refused(t, answer, refusal);
        return answer.status;
      };
      const ready = async () => {
        const answer = await fetch(`${server.origin}/readyz`);
        return { status: answer.status, retry: answer.headers.get('retry-after'), body: await answer.json() };
      };
      let n = 0;
      while (n < 30) t.ok((await write(n++)) < 300);
      t.match(await ready(), { status: 200, body: { status: 'ok' } });

      // It is indexed meanwhile, or afterwards.
      t.equal((await ask('POST', '/SearchParameter', parameter('kept'))).status, 201);
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
      t.strictSame(
        await Promise.all(Array.from({ length: 12 }, () => write(n++))),
        Array(12).fill(refusal.status),
        'writes',
      );
      t.equal((await ready()).status, 503, 'and so it stays');
      const before = await ask('GET', '/Patient/v0');
      for (const [what, change] of Object.entries(changes)) refused(t, await change(ask), refusal, what);
      t.equal((await ask('GET', '/Patient/v0')).text, before.text, 'nothing was changed');
      await reads(t, ask, stored);

      end(folder, server);
      for (let i = 0; i < 12; i++) t.ok((await write(n++)) < 300, 'writes go on');
      while ((await ready()).status !== 200) await setTimeout(100);
      await reads(t, ask, stored);
      while ((await ask('GET', '/Patient?kept=male&_count=1')).status !== 200) await setTimeout(100);
      for (const [what, change] of Object.entries(changes)) t.ok((await change(ask)).status < 500, what);
    },
  );
}

const [full] = obstacles;
const killed = mkdtempSync(join(tmpdir(), 'hufhir-full-'));
const cannot = full?.prepare(killed) ?? false;
t.teardown(() => {
  full?.clear(killed);
  rmSync(killed, { recursive: true });
});

t.test('a server that was killed on a full disk starts there again, and reads', { skip: cannot }, async (t) => {
  if (full === undefined) return;
  const silent = { HUFHIR_LOG_LEVEL: 'silent' };
  const first = await startServe(killed, silent);
  const before = keepAlive(first.base, 8);
  const stored: Answered[] = [];
  for (;;) {
    if (stored.length === 20) full.begin(killed, first);
    const value = `k${stored.length}`;
    const answer = await before.ask('PUT', `/Patient/${value}`, { ...person(value), text });
    if (answer.status >= 300) break;
    stored.push(answer);
  }
  before.close();
  first.child.kill('SIGKILL');
  await first.ended;

  const server = await startServe(killed, silent);
  const { ask, close } = keepAlive(server.base, 8);
  const put = () => ask('PUT', '/Patient/new', { ...person('new'), text: huge });
  for (const [i, { text }] of stored.entries()) t.equal((await ask('GET', `/Patient/k${i}`)).text, text);
  refused(t, await put(), full.refusal);
  t.equal((await fetch(`${server.origin}/readyz`)).status, 503);
  full.end(killed, server);
  t.equal((await put()).status, 201);
  close();
  server.child.kill('SIGTERM');
  t.equal(await server.ended, 0);
});

/** A refusal that a client can act on. */
function refused(t: Test, { status, headers, text }: Answered, expected: Obstacle['refusal'], name = 'refused'): void {
  const { issue } = JSON.parse(text);
  t.match(
    { status, retry: headers['retry-after'], issue },
    {
      status: expected.status,
      retry: /^\d+$|^of no entry$/,
      issue: [{ code: expected.type, details: { coding: [{ code: expected.code }] } }],
    },
    name,
  );
}

/** Each of those who were acknowledged is there, by a read and by a search, and nobody else. */
async function reads(t: Test, ask: Ask, stored: ReadonlyMap<string, boolean>) {
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
