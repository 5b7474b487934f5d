import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type Reply, startServer, type TestServer } from './harness.ts';
import { dial, type Wire } from './wire.ts';

/** Bytes and connections that wait are bounded together and by client: whoever makes many wait shuts out nobody else. */

const MB = 1_000_000;
const [mine, other] = ['127.0.0.1', '127.0.0.2'];
const post = (length: number, sent = '', coding = '') =>
  `POST /fhir/Binary HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n${coding}Content-Length: ${length}\r\nConnection: close\r\n\r\n${sent}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
const statusOf = (answered: string) => /^HTTP\/1.1 (\d+)/.exec(answered)?.[1];
const refusedBy = (setting: string) => (answered: string) =>
  statusOf(answered) === '503' && /\r\nretry-after: \d+\r\n/i.test(answered) && answered.includes(setting);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Sends until it is answered by something else than 503. */
async function insist(send: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await send();
    if (reply.status !== 503) return reply;
  }
}

async function undisturbed(t: Test, server: TestServer): Promise<void> {
  const metrics = await dial(server.base, get('/metrics'), other).ended;
  t.notMatch(metrics, /hufhir_requests_total\{.*status="500"/);
}

t.test('many half-sent bodies', async (t) => {
  const server = await startServer({ HUFHIR_MAX_WAITING: String(10 * MB) });
  t.teardown(() => server.stop());
  const wires = Array.from({ length: 50 }, () => dial(server.base, post(MB, 'x'.repeat(1_000))));
  const full = refusedBy('HUFHIR_MAX_WAITING');
  await until(() => wires.filter((w) => full(w.answered())).length >= 45);
  const refused = wires.filter((w) => w.answered() !== '');
  t.equal(refused.length, 45, 'five have room');
  for (const { ended } of refused) t.match(await ended, /\r\nconnection: close\r\n/i, 'the connection ends');
  const sent = await dial(server.base, post(2 * MB, 'x'.repeat(2 * MB)), other).ended;
  t.equal(statusOf(sent), '201', 'another client is not refused');
  for (const wire of wires) {
    if (wire.answered() === '') wire.send('x'.repeat(MB - 1_000));
  }
  const done = wires.filter((w) => !refused.includes(w));
  for (const { ended } of done) t.equal(statusOf(await ended), '201', 'what was begun is finished');
  await undisturbed(t, server);
});

t.test('bodies that are given up give their room back', async (t) => {
  const server = await startServer({ HUFHIR_MAX_WAITING: String(10 * MB) });
  t.teardown(() => server.stop());
  for (const leave of [
    (w: Wire) => w.socket.end(),
    (w: Wire) => w.socket.destroy(),
    (w: Wire) => w.socket.resetAndDestroy(),
  ]) {
    const wires = Array.from({ length: 6 }, () => dial(server.base, post(MB, 'x')));
    await until(() => wires.some((w) => w.answered() !== ''));
    for (const wire of wires) leave(wire);
    const body = new Uint8Array(5 * MB);
    const reply = await insist(() =>
      server.ask('POST', '/Binary', body, { 'content-type': 'application/octet-stream' }),
    );
    t.equal(reply.status, 201);
  }
});

t.test('small bodies that unpack to large ones are unpacked as far as there is room', async (t) => {
  const server = await startServer({ HUFHIR_MAX_WAITING: String(10 * MB) });
  t.teardown(() => server.stop());
  const packed = gzipSync(Buffer.alloc(3 * MB, 'x'));
  const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
  const replies = await Promise.all(Array.from({ length: 12 }, () => server.ask('POST', '/Binary', packed, headers)));
  const statuses = new Set(replies.map((r) => r.status));
  t.ok(
    [...statuses].every((status) => status === 201 || status === 503),
    [...statuses].join(),
  );
  t.equal((await insist(() => server.ask('POST', '/Binary', packed, headers))).status, 201);
  const chunk = `${(MB).toString(16)}\r\n${'x'.repeat(MB)}\r\n`;
  const chunked = post(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
  t.equal(statusOf(await dial(server.base, `${chunked}${chunk.repeat(4)}0\r\n\r\n`).ended), '201', 'chunks as well');
  const unfinished = dial(server.base, chunked + chunk.repeat(8));
  t.ok(statusOf(unfinished.answered()) !== '503', 'one alone may be large');
  unfinished.socket.destroy();
  await undisturbed(t, server);
});

t.test('answers that their clients do not read', async (t) => {
  const size = 20 * MB;
  const server = await startServer({ HUFHIR_MAX_WAITING: String(5 * size), HUFHIR_STALL_TIMEOUT: '3000' });
  t.teardown(() => server.stop());
  const raw = { 'content-type': 'application/octet-stream' };
  const { body } = await server.ask('POST', '/Binary', new Uint8Array(size), { ...raw, prefer: 'return=minimal' });
  t.equal(body, undefined);
  const { body: found } = await server.ask('GET', '/Binary?_elements=id');
  const path = `/fhir/Binary/${found.entry[0].resource.id}`;
  const steady = dial(server.base, get(path), other);
  let read = 0;
  steady.socket.on('data', (chunk) => {
    read += chunk.length;
    steady.socket.pause();
    setTimeout(() => steady.socket.resume(), 20);
  });
  const wires = Array.from({ length: 6 }, () => {
    const wire = dial(server.base, get(path) + get(path));
    wire.socket.pause();
    return wire;
  });
  // They are gone though they never read, and their room is free: until then the client has none for another.
  await Promise.all(wires.map(({ socket }) => until(() => hungUp(socket))));
  const again = await insist(() => server.ask('GET', path.replace('/fhir', ''), undefined, raw));
  t.equal(again.status, 200);
  t.equal(again.text.length, size);
  t.equal(statusOf(await steady.ended), '200', 'a steady reader is left alone');
  t.ok(read > size);
  await undisturbed(t, server);

  /** Whether the server has let go of a connection: what is sent on it is refused. */
  function hungUp(socket: Wire['socket']): boolean {
    socket.write('\r\n');
    return socket.destroyed;
  }
});

t.test('connections', async (t) => {
  const server = await startServer({ HUFHIR_MAX_CONNECTIONS: '10' });
  t.teardown(() => server.stop());
  const wires: Wire[] = [];
  for (let i = 0; i < 8; i += 1) {
    const wire = dial(server.base, '', other);
    await once(wire.socket, 'connect');
    wires.push(wire);
  }
  const refused = await Promise.all(wires.slice(5).map((w) => w.ended));
  t.ok(refused.every(refusedBy('HUFHIR_MAX_CONNECTIONS')), 'five of one address');
  t.equal(statusOf(await dial(server.base, get('/healthz'), mine).ended), '200', 'another one has room');
  for (const wire of wires.slice(0, 5)) t.notOk(wire.socket.destroyed, 'what was open stays so');
  wires[0]?.socket.destroy();
  await until(async () => statusOf(await dial(server.base, get('/healthz'), other).ended) === '200');
  await undisturbed(t, server);
});
