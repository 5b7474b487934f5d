import { once } from 'node:events';
import t, { type Test } from 'tap';
import { patient, startServer, type TestServer } from './harness.ts';
import { dial, type Wire } from './wire.ts';

/** As the settings are where none is given. */
const server = await startServer();
t.teardown(() => server.stop());

/** A Patient that nobody may find stored. */
const hostile = patient({ identifier: [{ system: 'urn:example:hostile', value: '1' }] });
const body = Buffer.from(JSON.stringify(hostile)).toString('latin1');
const size = body.length;
const chunk = `${size.toString(16)}\r\n${body}\r\n`;
const create = (headers: string, sent = '') =>
  `POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n${headers}\r\n\r\n${sent}`;

/** The one answer on a connection is a refusal in FHIR, which tells that the connection ends. */
function refuses(t: Test, answered: string, status: number, code: string, name: string): void {
  t.match(answered, new RegExp(`^HTTP/1.1 ${status} `), name);
  t.match(answered, /\r\nconnection: close\r\n/i, `${name}: the connection ends`);
  t.match(answered, /\r\ncontent-type: application\/fhir\+json; charset=utf-8\r\n/i, name);
  t.match(answered, /\r\nx-request-id: [\w-]{36}\r\n/i, name);
  t.match(answered, '{"resourceType":"OperationOutcome"', name);
  t.match(answered, `"code":"${code}"`, name);
  t.equal(answered.split('HTTP/1.1 ').length, 2, `${name}: one answer`);
}

/** Others read and write, nothing of the hostile is stored, and none of it was a defect. */
async function undisturbed(t: Test, server: TestServer): Promise<void> {
  const ask: TestServer['ask'] = (...request) => insist(() => server.ask(...request));
  const { base } = server;
  t.match((await ask('PUT', '/Patient/calm', patient({ id: 'calm' }))).status, /^20[01]$/, 'others may write');
  t.equal((await ask('GET', '/Patient/calm')).status, 200, 'others may read');
  const search = await ask('GET', '/Patient?identifier=urn:example:hostile|&_summary=count');
  t.equal(search.body.total, 0, 'nothing is stored');
  const metrics = await insist(() => fetch(new URL('/metrics', base))).then((reply) => reply.text());
  t.notMatch(metrics, /hufhir_requests_total\{.*status="5/);
}

/** Asks again where a busy machine made this client as slow as the hostile ones, or the server took an idle connection away. */
async function insist<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await send().catch(() => undefined);
    if (answer !== undefined && answer.status !== 408) return answer;
  }
}

/** Sends a text byte by byte until the server hangs up. */
async function trickle({ socket, send }: Wire, text: string): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed) return;
    send(byte);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

t.test('a client that is slow, or stops, is told so with 408 and loses its connection', async (t) => {
  const server = await startServer({ HUFHIR_REQUEST_TIMEOUT: '1000', HUFHIR_HEADERS_TIMEOUT: '500' });
  t.teardown(() => server.stop());
  const length = `Content-Length: ${size}`;
  const slow: Readonly<Record<string, Wire>> = {
    'nothing is sent': dial(server.base),
    'part of the first line': dial(server.base, 'POST /fhir/Pat'),
    'part of the headers': dial(server.base, 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nAccept: app'),
    'headers byte by byte': dial(server.base),
    'no body': dial(server.base, create(length)),
    'half of the body': dial(server.base, create(length, body.slice(0, size / 2))),
    'body byte by byte': dial(server.base, create(length)),
    'chunks without an end': dial(server.base, create('Transfer-Encoding: chunked', chunk)),
    'a second request': dial(
      server.base,
      `GET /fhir/Patient/none HTTP/1.1\r\nHost: localhost\r\n\r\n${create(length)}`,
    ),
  };
  const trickles = [
    trickle(slow['headers byte by byte'] as Wire, create(length, body)),
    trickle(slow['body byte by byte'] as Wire, body),
  ];
  await undisturbed(t, server);
  for (const [name, { ended }] of Object.entries(slow)) {
    const answered = await ended;
    // A request before it was answered as any.
    const last = name === 'a second request' ? answered.slice(answered.lastIndexOf('HTTP/1.1 ')) : answered;
    refuses(t, last, 408, 'request-timeout', name);
    t.match(last, /500 ms \(HUFHIR_HEADERS_TIMEOUT\), all of it 1000 ms \(HUFHIR_REQUEST_TIMEOUT\)/, name);
  }
  await Promise.all(trickles);
  await undisturbed(t, server);
});

t.test('many connections that send nothing disturb nobody', async (t) => {
  const server = await startServer({ HUFHIR_HEADERS_TIMEOUT: '1000' });
  t.teardown(() => server.stop());
  const wires = Array.from({ length: 300 }, () => dial(server.base));
  await undisturbed(t, server);
  const statuses = (await Promise.all(wires.map((w) => w.ended))).map((answered) => answered.slice(9, 12));
  t.same(new Set(statuses), new Set(['408']));
});

t.test('a client that goes away in the middle of its body', async (t) => {
  const server = await startServer({ HUFHIR_REQUEST_TIMEOUT: '1000' });
  t.teardown(() => server.stop());
  const half = create(`Content-Length: ${size}`, body.slice(0, size / 2));
  const half2 = create('Transfer-Encoding: chunked', chunk.slice(0, size / 2));
  const ways: readonly ((wire: Wire) => unknown)[] = [
    ({ socket }) => socket.end(),
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
  ];
  for (const text of [half, half2, 'GET /fhir/Pat']) {
    for (const leave of ways) {
      const wire = dial(server.base, text);
      await once(wire.socket, 'connect');
      leave(wire);
      t.notMatch(await wire.ended, /^HTTP\/1.1 20/);
    }
  }
  await undisturbed(t, server);
});

t.test('a client that does not read what it asks for', async (t) => {
  const server = await startServer();
  const wire = dial(server.base, 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50));
  wire.socket.pause();
  await once(wire.socket, 'connect');
  await undisturbed(t, server);
  wire.socket.destroy();
  await server.stop();
});

t.test('an idle connection is ended', async (t) => {
  const server = await startServer({ HUFHIR_IDLE_TIMEOUT: '500' });
  t.teardown(() => server.stop());
  const wire = dial(server.base, 'GET /fhir/Patient/none HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answered = await wire.ended;
  t.match(answered, /^HTTP\/1.1 404 /);
  t.equal(answered.split('HTTP/1.1 ').length, 2, 'without another word');
  await undisturbed(t, server);
});

t.test('RFC 9112: requests of which nobody can tell where they end, or what they say', async (t) => {
  /** What a server that reads the request in another way would take for the next one. */
  const next = create(`Content-Length: ${size}`, body);
  const table: Readonly<Record<string, string>> = {
    'two lengths': create(`Content-Length: ${size}\r\nContent-Length: ${size - 1}`, body),
    'the same length twice': create(`Content-Length: ${size}\r\nContent-Length: ${size}`, body),
    'a list of lengths': create(`Content-Length: ${size}, ${size}`, body),
    'length, then coding': create(`Content-Length: 0\r\nTransfer-Encoding: chunked`, `${chunk}0\r\n\r\n`),
    'coding, then length': create(`Transfer-Encoding: chunked\r\nContent-Length: ${size}`, `${chunk}0\r\n\r\n`),
    'a coding after chunked': create('Transfer-Encoding: chunked, gzip', `${chunk}0\r\n\r\n`),
    'another coding': create('Transfer-Encoding: xchunked', `${chunk}0\r\n\r\n`),
    'two codings': create('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `${chunk}0\r\n\r\n`),
    'a size that is none': create('Transfer-Encoding: chunked', `zz\r\n${body}\r\n0\r\n\r\n`),
    'a chunk that is longer than its size': create('Transfer-Encoding: chunked', `5\r\n${body}\r\n0\r\n\r\n`),
    'a negative length': create('Content-Length: -1', body),
    'a length with a sign': create(`Content-Length: +${size}`, body),
    'a length in hexadecimal': create('Content-Length: 0x10', body),
    'a length that no number holds': create('Content-Length: 99999999999999999999', body),
    'a space before the colon': create(`Content-Length : ${size}`, body),
    'a folded header': create(`X-A: 1\r\n 2\r\nContent-Length: ${size}`, body),
    'a NUL in a header': create(`X-A: 1\0\r\nContent-Length: ${size}`, body),
    'a bare line feed': create(`X-A: 1\nContent-Length: ${size}`, body),
    'another protocol': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS greeting': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'an unknown method': 'BOGUS /fhir/Patient HTTP/1.1\r\nHost: localhost\r\n\r\n',
  };
  for (const [name, text] of Object.entries(table)) {
    refuses(t, await dial(server.base, text + next).ended, 400, 'bad-request', name);
  }
  await undisturbed(t, server);
});

t.test('RFC 9112: requests that come at once are answered in their order', async (t) => {
  const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
  const wire = dial(
    server.base,
    create('Content-Length: 2', '{}') + get('/fhir/Patient/none') + get('/healthz', 'Connection: close\r\n'),
  );
  const statuses = [...(await wire.ended).matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
  t.same(statuses, ['400', '404', '200']);
});

t.test('headers and bodies beyond their limits are refused before they are read', async (t) => {
  const settings = { HUFHIR_MAX_HEADERS: '2000', HUFHIR_MAX_URL: '500', HUFHIR_MAX_BODY: '10000' };
  const server = await startServer(settings);
  t.teardown(() => server.stop());
  const get = (path: string, header = '') =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${header}Connection: close\r\n\r\n`;
  const ended = (text: string) => dial(server.base, text).ended;
  t.match(await ended(get('/fhir/Patient/none', `X-A: ${'a'.repeat(1_800)}\r\n`)), /^HTTP\/1.1 404 /, 'within them');
  const url = await ended(get(`/fhir/Patient?name=${'a'.repeat(500)}`));
  refuses(t, url, 414, 'url-too-long', 'a URL');
  t.match(url, 'HUFHIR_MAX_URL');
  for (const [name, header] of [
    ['one header', `X-A: ${'a'.repeat(3_000)}\r\n`],
    ['many headers', 'X-A: aaaaaaaaaa\r\n'.repeat(300)],
    ['headers without an end', `X-A: ${'a'.repeat(1_000_000)}`],
  ] as const) {
    const answered = await ended(get('/fhir/Patient/none', header));
    refuses(t, answered, 431, 'header-too-large', name);
    t.match(answered, 'HUFHIR_MAX_HEADERS', name);
  }
  for (const [name, text] of [
    ['a length', create('Content-Length: 10001', body)],
    ['a length beyond any', create('Content-Length: 9007199254740991', body)],
    ['chunks', create('Transfer-Encoding: chunked', chunk.repeat(200))],
  ] as const) {
    const answered = await ended(text);
    refuses(t, answered, 413, 'body-too-large', name);
    t.match(answered, '10000 bytes (HUFHIR_MAX_BODY)', name);
  }
  await undisturbed(t, server);
});

t.test('more headers than Node keeps are refused, not passed over', async (t) => {
  const server = await startServer({ HUFHIR_MAX_HEADERS: '100000' });
  t.teardown(() => server.stop());
  await server.ask('PUT', '/Patient/seen', patient({ id: 'seen' }));
  const many = 'X-A: a\r\n'.repeat(5_000);
  const put = `DELETE /fhir/Patient/seen HTTP/1.1\r\nHost: localhost\r\n${many}If-Match: W/"9"\r\nConnection: close\r\n\r\n`;
  t.match(await dial(server.base, put).ended, /^HTTP\/1.1 (412|431) /);
  t.equal((await server.ask('GET', '/Patient/seen')).status, 200);
});

t.test('what Node would answer by itself is answered in FHIR', async (t) => {
  const ended = (text: string) => dial(server.base, text).ended;
  refuses(t, await ended('GET /fhir/metadata HTTP/1.1\r\nConnection: close\r\n\r\n'), 400, 'bad-request', 'no Host');
  const expect = create(`Expect: magic\r\nConnection: close\r\nContent-Length: ${size}`, body);
  t.match(await ended(expect), /^HTTP\/1.1 417 .*OperationOutcome/s, 'an unknown Expect');
  const patiently = create(`Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2`, '{}');
  t.match(await ended(patiently), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /);
  await undisturbed(t, server);
});

t.test('more than 16 requests of one connection at once are refused, and it ends', async (t) => {
  const wire = dial(server.base, 'GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(300));
  wire.socket.pause();
  await once(wire.socket, 'connect');
  await undisturbed(t, server);
  wire.socket.resume();
  const answered = await wire.ended;
  const statuses = [...answered.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
  t.same(new Set(statuses.slice(0, -1)), new Set(['200']));
  t.ok(statuses.length >= 16 && statuses.length < 300, `${statuses.length}`);
  refuses(t, answered.slice(answered.lastIndexOf('HTTP/1.1 ')), 429, 'too-many-requests', 'the last');
  await undisturbed(t, server);
});
