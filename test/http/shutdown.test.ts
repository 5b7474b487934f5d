import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type ServerProcess, startServe } from '#test/process/hufhir.ts';
import { entry, patient, transaction } from './harness.ts';
import { dial, type Wire } from './wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'hufhir-shutdown-'));
const started: ServerProcess[] = [];
t.teardown(() => {
  for (const { child } of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function start(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServe(folder, settings);
  started.push(server);
  return server;
}

/** How many Patients of each value the tests leave in the store. */
const stored = new Map<string, number>();

const system = 'urn:example:shutdown';
const person = (value: string) => patient({ identifier: [{ system, value }] });
const latin1 = (resource: unknown) => Buffer.from(JSON.stringify(resource)).toString('latin1');

/** The head of a POST; the server answers it with 100 once it has begun to work on the request. */
const post = (path: string, { length }: string) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';

async function until({ socket, answered }: Wire, text: string | RegExp): Promise<void> {
  while (answered().search(text) < 0) await once(socket, 'data');
}

/** Asks the server to end; settles once it takes no new connections. */
async function end({ child, port }: ServerProcess, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<void> {
  child.kill(signal);
  for (let listens = true; listens; ) {
    const socket = connect(port, '127.0.0.1');
    listens = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (listens) await setTimeout(10);
  }
}

async function count({ base }: ServerProcess, value: string): Promise<number> {
  const reply = await fetch(`${base}/Patient?identifier=${system}|${value}&_summary=count`);
  return ((await reply.json()) as { total: number }).total;
}

function refuses(t: Test, answered: string, name: string): void {
  t.match(answered, /^HTTP\/1.1 503 /, name);
  t.match(answered, /\r\nconnection: close\r\n/i, name);
  t.match(answered, /\r\nx-request-id: /i, name);
  t.match(answered, '{"resourceType":"OperationOutcome"', name);
  t.match(answered, '"code":"transient"', name);
  t.match(answered, '"code":"shutting-down"', name);
}

t.test('SIGTERM: what is under way is finished, what comes then is refused', async (t) => {
  const server = await start();
  const body = latin1(person('upload'));
  const upload = dial(server.base, post('/fhir/Patient', body));
  await until(upload, goOn);
  upload.send(body.slice(0, 50));
  const idle = dial(server.base, get('/healthz'));
  await until(idle, /"ok"/);
  /** Connections on which the server has begun to read. */
  const begun: Record<string, Wire> = {};
  const rest: Record<string, string> = {
    '/fhir/metadata': 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '/fhir/Patient': `${post('/fhir/Patient', body).replace('Expect: 100-continue\r\n', '')}${body}`,
    '/readyz': 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '/': 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  };
  for (const [name, text] of Object.entries(rest)) {
    const wire = dial(server.base, `${get('/healthz')}${text.slice(0, 10)}`);
    await until(wire, /"ok"/);
    begun[name] = wire;
  }
  await end(server);
  t.equal((await idle.ended).split('HTTP/1.1 ').length, 2, 'an idle connection is ended without another word');
  for (const [name, wire] of Object.entries(begun)) {
    const before = wire.answered().length;
    wire.send(rest[name]?.slice(10) ?? '');
    refuses(t, (await wire.ended).slice(before), name);
  }
  t.equal(server.child.exitCode, null, 'the process waits for the upload');
  upload.send(body.slice(50));
  const answered = (await upload.ended).slice(goOn.length);
  t.match(answered, /^HTTP\/1.1 201 /);
  t.match(answered, /\r\nconnection: close\r\n/i, 'its client is told not to send another');
  t.match(answered, '"value":"upload"');
  t.equal(await server.ended, 0);
  stored.set('upload', 1);
});

for (const [where, settings] of [
  ['in the main thread', {}],
  ['in the thread of large bodies', { HUFHIR_LARGE_BODY: '20000' }],
] as const) {
  t.test(`SIGTERM while a transaction of 3000 entries is worked on, ${where}`, async (t) => {
    const server = await start(settings);
    const value = where.replaceAll(' ', '-');
    const urn = (i: number) => `urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-${String(i).padStart(12, '0')}`;
    const entries = Array.from({ length: 3_000 }, (_, i) =>
      entry('POST', 'Patient', person(value), { fullUrl: urn(i) }),
    );
    const bundle = latin1(transaction(...entries));
    const wire = dial(server.base, post('/fhir', bundle));
    await until(wire, goOn);
    wire.send(bundle);
    await end(server);
    const answered = (await wire.ended).slice(goOn.length);
    t.match(answered, /^HTTP\/1.1 200 /);
    t.match(answered, /\r\nconnection: close\r\n/i);
    t.equal(answered.match(/"status":"201"/g)?.length, 3_000);
    t.equal(await server.ended, 0);
    stored.set(value, 3_000);
  });
}

t.test('who holds a connection loses it after HUFHIR_SHUTDOWN_TIMEOUT', async (t) => {
  const server = await start({ HUFHIR_SHUTDOWN_TIMEOUT: '1000' });
  const body = latin1(person('never'));
  const upload = dial(server.base, post('/fhir/Patient', body));
  await until(upload, goOn);
  upload.send(body.slice(0, 50));
  const deaf = dial(server.base, get('/fhir/metadata').repeat(50));
  await until(deaf, /^HTTP\/1.1 200 /);
  deaf.socket.pause();
  await end(server);
  t.equal(await server.ended, 0);
  t.equal(await upload.ended, goOn);
  deaf.socket.destroy();
  stored.set('never', 0);
});

t.test('SIGTERM while measures are evaluated', async (t) => {
  const path = '/fhir/Measure/cn-sh-1-signing-coverage/$evaluate-measure?periodStart=2025&periodEnd=2025';
  const server = await start();
  const reply = await fetch(new URL(path, server.base), { headers: { prefer: 'respond-async' } });
  t.equal(reply.status, 202);
  const wire = dial(server.base, `${get('/healthz')}${get(path)}`);
  await until(wire, /"ok"/);
  await end(server);
  t.match(await wire.ended, /"MeasureReport"|"shutting-down"|"ok"\}$/, 'answered, refused, or not begun');
  t.equal(await server.ended, 0);
});

t.test('a connection that never sent a request does not hold up the end', async (t) => {
  const hour = '3600000';
  const server = await start({
    HUFHIR_HEADERS_TIMEOUT: hour,
    HUFHIR_REQUEST_TIMEOUT: hour,
    HUFHIR_SHUTDOWN_TIMEOUT: hour,
  });
  const silent = connect(server.port, '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  const exited = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  t.same(await exited, [0, null]);
});

t.test('what was acknowledged is there, what was refused is not; SIGINT ends a server as well', async (t) => {
  const server = await start();
  for (const [value, expected] of stored) t.equal(await count(server, value), expected, value);
  t.equal(stored.size, 4);
  await end(server, 'SIGINT');
  t.equal(await server.ended, 0);
});
