import { once } from 'node:events';
import t from 'tap';
import { operation } from '#operations/request/context.ts';
import { patient, startServer } from './harness.ts';
import { dial } from './wire.ts';

/** Connections with several requests that end in something that is none: nothing is done without its answer. */

const body = JSON.stringify(patient({ name: [{ text: 'Zhang San' }] }));
const create = (length: number, sent: string) =>
  `POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: ${length}\r\n\r\n${sent}`;
const post = create(body.length, body);

const ok = (length: number) => Array.from({ length }, () => 201);
const statusesOf = (answered: string) => [...answered.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => Number(status));

/** Ends when the test says so. */
const gate = { opened: Promise.withResolvers<void>(), entered: Promise.withResolvers<void>() };
const wait = operation({
  name: 'wait',
  definition: 'http://example.org/OperationDefinition/wait',
  levels: ['system'],
  affectsState: false,
  long: false,
  title: '等待 Wait',
  documentation: 'Waits.',
  parameters: [],
  async handler() {
    gate.entered.resolve();
    await gate.opened.promise;
    return { kind: 'made', status: 200, resource: { resourceType: 'Parameters' } };
  },
});

t.test('each request of a connection that ends badly is answered, or is not done', async (t) => {
  const settings = { HUFHIR_MAX_HEADERS: '2000', HUFHIR_MAX_URL: '500', HUFHIR_MAX_BODY: '10000' };
  const server = await startServer({ ...settings, HUFHIR_REQUEST_TIMEOUT: '3000', HUFHIR_HEADERS_TIMEOUT: '3000' });
  t.teardown(() => server.stop());
  const posted = (headers = '', version = '1.1') =>
    post.replace('HTTP/1.1', `HTTP/${version}`).replace('Content-Length', `${headers}Content-Length`);
  const get = 'GET /fhir/Patient/none HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const garbage = 'garbage\r\n\r\n';
  const oversized = `GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(5_000)}\r\n\r\n`;
  const hostlessPost = post.replace('Host: localhost\r\n', '');
  const half = (request: string) => request.slice(0, -20);
  const chunks = (data: string) =>
    `POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n${data}`;
  const short = create(20, body);
  const both = posted('Transfer-Encoding: chunked\r\n');
  const tooLarge = posted(`X-B: 1\r\n`).replace(/Content-Length: \d+/, 'Content-Length: 10001');
  const connect = 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const expectation = posted('Expect: magic\r\n');
  const table: Readonly<Record<string, readonly [sent: string, statuses: readonly number[]]>> = {
    'a POST, then garbage': [post + garbage, [201, 400]],
    'a POST, then oversized headers': [post + oversized, [201, 431]],
    'two POSTs, then garbage': [post + post + garbage, [201, 201, 400]],
    'a POST, a GET, then garbage': [post + get + garbage, [201, 404, 400]],
    'a length that is too short': [short, [400, 400]],
    'a POST, then one whose length is too short': [post + short, [201, 400, 400]],
    'a POST that expects 100, then garbage': [posted('Expect: 100-continue\r\n') + garbage, [100, 201, 400]],
    'a POST, one that expects what nobody knows, a POST': [post + expectation + post, [201, 417]],
    'HTTP/1.0': [posted('', '1.0') + garbage, [201]],
    'HTTP/1.0 that would go on': [posted('Connection: keep-alive\r\n', '1.0') + post + garbage, [201]],
    'a POST that ends the connection, then another': [posted('Connection: close\r\n') + post, [201]],
    'a POST without Host': [hostlessPost + post, [400]],
    'a POST, then one without Host, then a POST': [post + hostlessPost + post, [201, 400]],
    'a POST, then one with length and coding': [post + both, [201, 400]],
    'a POST, then a size of a chunk that is none': [post + chunks('zz\r\n{}'), [201, 400]],
    'a POST, then part of one': [post + half(post), [201, 408]],
    'a POST, then part of the headers of one': [post + post.slice(0, 60), [201, 408]],
    'a body that is too large, then a POST': [tooLarge + post, [413]],
    'a POST, then CONNECT': [post + connect + post, [201, 400]],
    'a path that nobody can read, then garbage': [
      `${post}GET /fhir/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n${garbage}`,
      [201, 400, 400],
    ],
    '16 POSTs, then garbage': [post.repeat(16) + garbage, [...ok(16), 400]],
    '20 POSTs, of which 16 may be under way': [post.repeat(20), [...ok(16), 429]],
  };
  let stored = 0;
  for (const [name, [sent, statuses]] of Object.entries(table)) {
    const answered = await dial(server.base, sent).ended;
    t.same(statusesOf(answered), statuses, name);
    const bodies = [...answered.matchAll(/"resourceType":"(\w+)"/g)].map(([, type]) => type);
    const expected = statuses.filter((s) => s !== 100).map((s) => (s === 201 ? 'Patient' : 'OperationOutcome'));
    t.same(bodies, expected, `${name}: each answer is whole`);
    t.match(answered.slice(answered.lastIndexOf('HTTP/1.1 ')), /\r\nconnection: close\r\n/i, `${name}: it ends`);
    stored += statuses.filter((s) => s === 201).length;
    const { body } = await server.ask('GET', '/Patient?_summary=count');
    t.equal(body.total, stored, `${name}: what is not answered is not stored`);
  }
});

t.test('a client that has sent all that it has to say gets its answers', async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const request = create(2, '{}');
  const get = 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (const [sent, statuses] of [
    [request, [400]],
    [get, [200]],
    [get + request + get, [200, 400, 200]],
    [get + request.slice(0, -1), [200, 400]],
    [get + get.slice(0, 10), [200, 400]],
    ['', []],
  ] as const) {
    const wire = dial(server.base, sent);
    await once(wire.socket, 'connect');
    wire.socket.end();
    t.same(statusesOf(await wire.ended), statuses);
  }
});

t.test('what comes while an answer is made waits for it', async (t) => {
  const slow = 'GET /fhir/$wait HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const server = await startServer(
    { HUFHIR_REQUEST_TIMEOUT: '500', HUFHIR_HEADERS_TIMEOUT: '500', HUFHIR_SHUTDOWN_TIMEOUT: '60000' },
    { operations: [wait] },
  );
  const rows: Readonly<Record<string, readonly [more: string, statuses: readonly number[]]>> = {
    garbage: ['garbage\r\n\r\n', [200, 400]],
    'part of a request': [post.slice(0, -10), [200, 408]],
    'a request, then garbage': [`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\ngarbage`, [200, 200, 400]],
    'one without Host, then a POST': [`GET /healthz HTTP/1.1\r\n\r\n${post}`, [200, 400]],
  };
  const wires = Object.entries(rows).map(([name, row]) => ({ name, row, wire: dial(server.base, slow) }));
  await gate.entered.promise;
  for (const { wire, row } of wires) wire.send(row[0]);
  // Until the time of the half request is over, and what would come too late has come.
  const late = wires.find(({ name }) => name === 'part of a request')?.wire;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  late?.send(post.slice(-10));
  for (const { wire, name } of wires) t.equal(wire.answered(), '', `${name}: nothing goes out of turn`);
  gate.opened.resolve();
  for (const { wire, row, name } of wires) t.same(statusesOf(await wire.ended), row[1], name);
  t.equal((await server.ask('GET', '/Patient?_summary=count')).body.total, 0, 'what was given up is not stored');
  await server.stop();
});

t.test('a server that ends answers all requests that it took of a connection', async (t) => {
  const again = { opened: Promise.withResolvers<void>(), entered: Promise.withResolvers<void>() };
  Object.assign(gate, again);
  const server = await startServer({}, { operations: [wait] });
  const wire = dial(server.base, `GET /fhir/$wait HTTP/1.1\r\nHost: localhost\r\n\r\n${post}`);
  await gate.entered.promise;
  const stopped = server.stop();
  wire.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2));
  await new Promise((resolve) => setTimeout(resolve, 300));
  gate.opened.resolve();
  const [first, second, ...more] = statusesOf(await wire.ended);
  t.same([first, second], [200, 201]);
  t.same(more, more.length === 0 ? [] : [503], 'it is refused, and is the last');
  await stopped;
});
