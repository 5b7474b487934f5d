import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib';
import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

const limit = 100_000;
const server = await startServer({ HUFHIR_MAX_BODY: String(limit) });
const { ask, base } = server;
t.teardown(() => server.stop());

const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };
const codings = {
  gzip: { pack: gzipSync, unpack: gunzipSync },
  br: { pack: (bytes: Uint8Array | string) => brotliCompressSync(bytes, quick), unpack: brotliDecompressSync },
  deflate: { pack: deflateSync, unpack: inflateSync },
} as const;
type Coding = keyof typeof codings;
const all = Object.keys(codings) as Coding[];

const system = 'urn:example:coded';
const coded = (value: string) => JSON.stringify(patient({ identifier: [{ system, value }] }));
const send = (coding: string, bytes: Uint8Array, more: Record<string, string> = {}) =>
  ask('POST', '/Patient', bytes, { 'content-encoding': coding, ...more });
const stored = async () => (await ask('GET', `/Patient?identifier=${system}|&_summary=count`)).body.total;

t.test('http.html#general: bodies are unpacked as their Content-Encoding says', async (t) => {
  for (const coding of all) {
    const { pack } = codings[coding];
    for (const name of [coding, coding.toUpperCase()]) {
      const { status, body } = await send(name, pack(coded(name)));
      t.equal(status, 201, name);
      t.match(body, { name: [{ text: '张三' }], identifier: [{ value: name }] });
    }
    const xml = `<Patient xmlns="http://hl7.org/fhir"><identifier><system value="${system}"/></identifier></Patient>`;
    t.equal(
      (await send(coding, pack(xml), { 'content-type': 'application/fhir+xml' })).status,
      201,
      `${coding} of XML`,
    );
    const patch = pack(JSON.stringify([{ op: 'replace', path: '/gender', value: 'female' }]));
    await ask('PUT', `/Patient/${coding}`, patient({ id: coding }));
    const headers = { 'content-encoding': coding, 'content-type': 'application/json-patch+json' };
    t.match(
      (await ask('PATCH', `/Patient/${coding}`, patch, headers)).body,
      { gender: 'female' },
      `${coding} of a patch`,
    );
    const form = pack(`identifier=${system}|${coding}`);
    const search = { 'content-encoding': coding, 'content-type': 'application/x-www-form-urlencoded' };
    t.equal((await ask('POST', '/Patient/_search', form, search)).body.entry?.length, 1, `${coding} of a search`);
    const bundle = pack(JSON.stringify(transaction(entry('POST', 'Patient', JSON.parse(coded(coding))))));
    t.equal((await ask('POST', '', bundle, { 'content-encoding': coding })).status, 200, `${coding} of a transaction`);
  }
  const members = Buffer.concat([gzipSync(coded('two').slice(0, 40)), gzipSync(coded('two').slice(40))]);
  t.equal((await send('gzip', members)).status, 201, 'RFC 1952: a gzip file may have several members');
});

t.test('a body that is not what its Content-Encoding says is refused, and nothing is stored', async (t) => {
  const before = await stored();
  const packed = gzipSync(coded('broken'));
  const spoilt = Buffer.from(packed);
  spoilt.writeUInt8(spoilt.readUInt8(spoilt.length - 8) ^ 1, spoilt.length - 8);
  const plain = Buffer.from(coded('broken'));
  const table: readonly (readonly [string, string, Uint8Array, number, string])[] = [
    ['plain text', 'gzip', plain, 400, 'bad-request'],
    ['plain text', 'br', plain, 400, 'bad-request'],
    ['plain text', 'deflate', plain, 400, 'bad-request'],
    ['another coding', 'gzip', brotliCompressSync(plain), 400, 'bad-request'],
    ['deflate without its frame', 'deflate', deflateRawSync(plain), 400, 'bad-request'],
    ['the first half', 'gzip', packed.subarray(0, packed.length / 2), 400, 'bad-request'],
    ['all but the last byte', 'gzip', packed.subarray(0, -1), 400, 'bad-request'],
    ['the first half', 'br', brotliCompressSync(plain).subarray(0, 40), 400, 'bad-request'],
    ['a wrong checksum', 'gzip', spoilt, 400, 'bad-request'],
    ['more than the file', 'gzip', Buffer.concat([packed, Buffer.from('more')]), 400, 'bad-request'],
    ['nothing', 'gzip', Buffer.alloc(0), 400, 'bad-request'],
    ['a file of nothing', 'gzip', gzipSync(''), 400, 'body-empty'],
    ['packed twice', 'gzip', gzipSync(packed), 400, 'invalid-utf8'],
    ['an unknown coding', 'compress', plain, 415, 'unsupported-media-type'],
    ['a coding of later', 'zstd', plain, 415, 'unsupported-media-type'],
    ['two codings', 'gzip, br', brotliCompressSync(packed), 415, 'unsupported-media-type'],
    ['what is no coding', '*', plain, 415, 'unsupported-media-type'],
  ];
  for (const [name, coding, bytes, status, code] of table) {
    const refused = await send(coding, bytes);
    t.equal(refused.status, status, `${coding}: ${name}`);
    t.equal(refused.body.issue[0].details.coding[0].code, code, `${coding}: ${name}`);
    if (status === 415)
      t.match(refused.body.issue[0].diagnostics, /Content-Encoding is .*; expected gzip, br, deflate/);
  }
  t.equal(await stored(), before);
});

t.test('what comes out of a small body is held to the limit of all bodies', async (t) => {
  const before = await stored();
  for (const coding of all) {
    const { pack } = codings[coding];
    for (const [name, size] of [
      ['a byte too many', limit + 1],
      ['a bomb', 50_000_000],
    ] as const) {
      const bytes = pack(Buffer.alloc(size, 32));
      t.ok(bytes.length < limit);
      const refused = await send(coding, bytes);
      t.equal(refused.status, 413, `${coding}: ${name}`);
      t.equal(refused.body.issue[0].diagnostics, `The body exceeds ${limit} bytes (HUFHIR_MAX_BODY).`);
    }
    t.equal((await send(coding, pack(coded('full').padEnd(limit - 4)))).status, 201, `${coding}: just within it`);
  }
  t.equal(await stored(), before + all.length);
});

interface Bytes {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** An answer as it comes; `fetch` would undo its coding. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Bytes> {
  const asking = request(`${base}${path}`, { method, headers }).end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, bytes: await buffer(answer) };
}

await ask('PUT', '/Patient/long', patient({ id: 'long', name: [{ text: '张三'.repeat(1000) }] }));
await ask('PUT', '/Patient/short', patient({ id: 'short' }));
const reads = ['/Patient/long', '/Patient/long/_history/1', '/Patient?_id=long', '/Patient/long/_history', '/metadata'];

t.test('http.html#general: answers are packed as Accept-Encoding asks, and are the same once unpacked', async (t) => {
  for (const path of [...reads, '/Patient/long?_format=xml', '/Patient/long?_pretty=true']) {
    const plain = await get(path);
    t.equal(plain.headers['content-encoding'], undefined, path);
    for (const coding of all) {
      const packed = await get(path, { 'accept-encoding': coding });
      t.equal(packed.status, 200);
      t.equal(packed.headers['content-encoding'], coding, `${path} ${coding}`);
      t.match(packed.headers.vary, /accept-encoding/i, 'so that no cache gives it to another');
      t.equal(packed.headers.etag, plain.headers.etag);
      t.ok(codings[coding].unpack(packed.bytes).equals(plain.bytes), `${path} ${coding}: byte for byte`);
      t.ok(packed.bytes.length < plain.bytes.length);
    }
  }
});

t.test('RFC 9110: which coding is taken', async (t) => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['', undefined],
    ['identity', undefined],
    ['zstd', undefined],
    ['gzip;q=0', undefined],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['*', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity;q=0.5, deflate;q=0.7', 'deflate'],
    ['gzip;q=0.1, identity', undefined],
  ];
  for (const [asked, expected] of table) {
    const { headers, status } = await get('/Patient/long', { 'accept-encoding': asked });
    t.equal(status, 200);
    t.equal(headers['content-encoding'], expected, asked);
  }
  const short = await get('/Patient/short', { 'accept-encoding': 'gzip' });
  t.equal(short.headers['content-encoding'], undefined, 'what is short goes out as it is');
  const head = await get('/Patient/long', { 'accept-encoding': 'gzip' }, 'HEAD');
  t.equal(head.status, 200);
  t.equal(head.bytes.length, 0);
  const same = await get('/Patient/long', { 'accept-encoding': 'gzip', 'if-none-match': 'W/"1"' });
  t.equal(same.status, 304);
  t.equal(same.bytes.length, 0);
});

t.test('an answer may be packed though it is a refusal', async (t) => {
  const refused = await get(`/Patient?${Array.from({ length: 20 }, (_, i) => `colour${i}=red`).join('&')}`, {
    'accept-encoding': 'br',
  });
  t.equal(refused.status, 400);
  t.equal(refused.headers['content-encoding'], 'br');
  t.match(JSON.parse(String(brotliDecompressSync(refused.bytes))), { resourceType: 'OperationOutcome' });
});

t.test('binary.html: the content of a Binary is what was stored, whatever it looks like', async (t) => {
  const text = 'a text that is neither short nor of any use '.repeat(300);
  const contents: readonly (readonly [string, string, Buffer])[] = [
    ['text', 'text/plain', Buffer.from(text)],
    ['bytes', 'application/octet-stream', Buffer.from(text)],
    ['a gzip file', 'application/octet-stream', gzipSync(Buffer.from(text + Math.PI), { level: 0 })],
    ['a gzip file by name', 'application/gzip', gzipSync(Buffer.from(text), { level: 0 })],
    ['a zlib file', 'application/octet-stream', deflateSync(Buffer.from(text), { level: 0 })],
    ['a text that begins as one', 'text/plain', Buffer.from(`\x78\x01${text}`)],
  ];
  for (const [name, contentType, content] of contents) {
    const made = await ask('POST', '/Binary', content, { 'content-type': contentType });
    const path = made.headers.get('location')?.slice(base.length) ?? '';
    for (const coding of ['identity', ...all]) {
      const { headers, bytes } = await get(path, { accept: '*/*', 'accept-encoding': coding });
      const used = headers['content-encoding'];
      t.equal(headers['content-type'], contentType, name);
      const unpacked = used === undefined ? bytes : tryTo(() => codings[used as Coding].unpack(bytes));
      t.ok(unpacked?.equals(content), `${name}, asked for in ${coding}`);
    }
  }
});

/** Undefined for what cannot be unpacked. */
function tryTo(unpack: () => Buffer): Buffer | undefined {
  try {
    return unpack();
  } catch {
    return undefined;
  }
}
