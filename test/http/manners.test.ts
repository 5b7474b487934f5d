import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { patient, type Reply, startServer } from './harness.ts';

const server = await startServer();
const { ask, base } = server;
const { origin, port } = new URL(base);
t.teardown(() => server.stop());

const number = '310105194901010017';

/** Sends bytes as they are and reads all that is answered; no client of ours would send some of them. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  let answered = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answered += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return answered;
}

t.test('operationoutcome.html: what cannot be routed is refused in FHIR, and tells no number', async (t) => {
  const table: readonly (readonly [string, string, number, string])[] = [
    ['GET', `/fhir/Patient/${number}%`, 400, 'bad-request'],
    ['GET', `/fhir/Patient/${number}%ff`, 400, 'bad-request'],
    ['GET', `/fhir/Patient/nope%2520${number}`, 400, 'bad-request'],
    ['GET', `/fhir/nope%20${number}`, 404, 'unknown-route'],
    ['GET', `/nope%20${number}`, 404, 'unknown-route'],
    ['GET', `/nope%2520${number}`, 404, 'unknown-route'],
    ['GET', `/nope/${number}?identifier=${number}`, 404, 'unknown-route'],
    ['POST', `/${number}`, 404, 'unknown-route'],
    ['GET', `/fhir/Patient/nope%20${number}`, 400, 'invalid-id'],
  ];
  for (const [method, path, status, code] of table) {
    const answered = await raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    t.match(answered, new RegExp(`^HTTP/1.1 ${status} `), path);
    t.match(answered.toLowerCase(), 'content-type: application/fhir+json', path);
    t.match(answered.toLowerCase(), /x-request-id: [\w-]{36}\r/, path);
    t.match(answered, `"code":"${code}"`, path);
    t.notMatch(answered, number.slice(6), path);
  }
});

t.test('http.html: a URL that is too long is refused by the name of its limit', async (t) => {
  for (const [length, status, code] of [
    [8_001, 414, 'url-too-long'],
    [20_000, 414, 'url-too-long'],
    [30_000, 431, 'header-too-large'],
    [400_000, 431, 'header-too-large'],
  ] as const) {
    const { status: found, body } = await ask('GET', `/Patient?identifier=${'x'.repeat(length)}`);
    t.equal(found, status, `${length}`);
    t.equal(body.issue[0].details.coding[0].code, code);
    t.match(body.issue[0].diagnostics, 'HUFHIR_MAX_URL');
  }
  const garbage = await raw('this is no HTTP\r\n\r\n');
  t.match(garbage, /^HTTP\/1.1 400 Bad Request\r\n/);
  t.match(garbage, '"code":"bad-request"');
});

t.test('every answer carries the request id', async (t) => {
  const big = await startServer({ HUFHIR_MAX_BODY: '100' });
  t.teardown(() => big.stop());
  const sent = { headers: { 'x-request-id': 'mine-1' } };
  const json = { 'content-type': 'application/fhir+json', ...sent.headers };
  const table: readonly (readonly [string, RequestInit, number])[] = [
    [`${origin}/fhir/metadata`, sent, 200],
    [`${origin}/fhir/Nothing`, sent, 404],
    [`${origin}/nothing`, sent, 404],
    [`${origin}/healthz`, sent, 200],
    [`${origin}/readyz`, sent, 200],
    [`${origin}/metrics`, sent, 200],
    [`${origin}/`, sent, 200],
    [`${base}/Patient`, { method: 'POST', body: 'x', headers: { ...json, 'content-type': 'text/csv' } }, 415],
    [`${base}/Patient`, { method: 'POST', body: 'x', headers: { ...json, 'content-type': ';' } }, 415],
    [`${big.base}/Patient`, { method: 'POST', body: 'x'.repeat(101), headers: json }, 413],
  ];
  for (const [url, init, status] of table) {
    const reply = await fetch(url, init);
    t.equal(reply.status, status, url);
    t.equal(reply.headers.get('x-request-id'), 'mine-1', url);
  }
});

t.test('security.html: who asks is settled before what is asked', async (t) => {
  const closed = await startServer({ HUFHIR_AUTH: 'required', HUFHIR_MAX_BODY: '100' });
  t.teardown(() => closed.stop());
  const table: readonly (readonly [string, string, unknown?])[] = [
    ['POST', '/Patient', '{bad'],
    ['POST', '/Patient', 'x'.repeat(1000)],
    ['GET', '/Foo'],
    ['GET', '/nothing'],
    ['PATCH', '/metadata'],
    ['POST', '/metadata', {}],
    ['GET', '/metadata/x'],
    ['GET', '/%6Detadata'],
    ['GET', `/Patient?x=${'x'.repeat(9000)}`],
  ];
  for (const [method, path, body] of table) {
    const refused = await closed.ask(method, path, body);
    t.equal(refused.status, 401, `${method} ${path.slice(0, 20)}`);
    t.equal(refused.headers.get('www-authenticate'), 'Bearer');
    t.equal(refused.body.issue[0].code, 'login');
  }
  for (const method of ['GET', 'HEAD']) t.equal((await closed.ask(method, '/metadata?_pretty=true')).status, 200);
  for (const path of ['/', '/healthz', '/readyz', '/metrics']) {
    t.equal((await fetch(new URL(path, closed.base))).status, 200, path);
  }
});

t.test('a parameter that would not be heeded is refused', async (t) => {
  await ask('PUT', '/Patient/q', patient({ id: 'q' }));
  await ask('PUT', '/Patient/q', patient({ id: 'q' }));
  const next = async (path: string): Promise<string> =>
    (await ask('GET', path)).body.link.find((l: { relation: string }) => l.relation === 'next').url.slice(base.length);
  await ask('PUT', '/Patient/q2', patient({ id: 'q2' }));
  const table: readonly (readonly [string, string, unknown?])[] = [
    ['GET', '/Patient/q?colour=red'],
    ['GET', '/Patient/q?_format=json&_include=id'],
    ['GET', '/Patient/q/_history/1?colour=red'],
    ['PUT', '/Patient/q?colour=red', patient({ id: 'q' })],
    ['POST', '/Patient?colour=red', patient()],
    ['POST', '?colour=red', { resourceType: 'Bundle', type: 'batch' }],
    ['DELETE', '/Patient/q?identifier=zzz'],
    ['GET', `${await next('/Patient?_count=1')}&_count=2`],
    ['GET', `${await next('/Patient?_count=1')}&gender=male`],
    ['GET', `${await next('/Patient/q/_history?_count=1')}&_count=2`],
    ['GET', `${await next('/Patient/q/_history?_count=1')}&_after=x`],
    ['GET', '/$pending-references?_after=x&_count=2'],
  ];
  for (const [method, path, body] of table) {
    const refused = await ask(method, path, body);
    t.equal(refused.status, 400, `${method} ${path}`);
    t.equal(refused.body.issue[0].details?.coding[0].code, 'unknown-parameter', path);
  }
  t.equal((await ask('GET', '/Patient/q')).body.meta.versionId, '2', 'nothing was written, or deleted');
  for (const path of ['/Patient/q', '/Patient', await next('/Patient?_count=1'), '/$pending-references']) {
    const mark = path.includes('?') ? '&' : '?';
    t.equal((await ask('GET', `${path}${mark}_format=json&_pretty=true`)).status, 200, path);
  }
});

t.test('http.html#parameters: _pretty indents, and keeps every digit and string', async (t) => {
  const text = String.raw`{"resourceType":"Basic","id":"p","code":{"text":"a \" {b, [c]: \\"},"extension":[{"url":"http://x.example/e","valueDecimal":1.00}]}`;
  t.equal((await ask('PUT', '/Basic/p', text)).status, 201);
  const plain: Reply = await ask('GET', '/Basic/p');
  const indented = await ask('GET', '/Basic/p?_pretty=true');
  t.equal(indented.text, JSON.stringify(plain.body, null, 2).replace('"valueDecimal": 1', '"valueDecimal": 1.00'));
  const refused = await ask('GET', '/Basic/none?_pretty=true');
  t.equal(refused.text, JSON.stringify(refused.body, null, 2));
});

t.test('http.html#http: methods, codings and media types that are not taken are named', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['DELETE', '/metadata', 'GET, HEAD'],
    ['PUT', '/_history', 'GET, HEAD'],
    ['POST', '/Patient/1/_history', 'GET, HEAD'],
    ['PUT', '', 'GET, HEAD, POST'],
    ['PUT', '/$pending-references', 'GET, HEAD, POST'],
  ];
  for (const [method, path, allowed] of table) {
    const refused = await ask(method, path);
    t.equal(refused.status, 405, `${method} ${path}`);
    t.equal(refused.headers.get('allow'), allowed, `${method} ${path}`);
  }
  const packed = await ask('POST', '/Patient', patient(), { 'content-encoding': 'compress' });
  t.equal(packed.status, 415);
  t.match(packed.body.issue[0].diagnostics, 'Content-Encoding is compress; expected gzip, br, deflate, identity');
  t.equal((await ask('POST', '/Patient', patient(), { 'content-encoding': 'Identity' })).status, 201);
  const csv = await ask('POST', '/Patient', 'a', { 'content-type': 'text/csv' });
  t.match(csv.body.issue[0].diagnostics, 'Content-Type is text/csv; expected application/fhir+json');
});

t.test('http.html#ccreate: a value of If-None-Exist may hold a question mark', async (t) => {
  const system = 'http://x.example/ids?list=1';
  const create = (value: string) =>
    ask('POST', '/Patient', patient({ identifier: [{ system, value }] }), {
      'if-none-exist': `identifier=${system}|${value}`,
    });
  t.equal((await create('1')).status, 201);
  t.equal((await create('2')).status, 201, 'another value is another resident');
  t.equal((await create('1')).status, 200);
});

t.test('readiness tells the last commit at once; the counts of /metrics may be some seconds old', async (t) => {
  const ready = async () => (await fetch(`${origin}/readyz`)).json() as Promise<{ lastSeq: number }>;
  const counts = async () => (await (await fetch(`${origin}/metrics`)).text()).match(/^hufhir_resources\{.*$/gm);
  const [before, counted] = [await ready(), await counts()];
  await ask('POST', '/Patient', patient());
  t.equal((await ready()).lastSeq, before.lastSeq + 1);
  t.strictSame(await counts(), counted);
  t.match(counted?.join(), /type="Measure"\} [1-9]/);
});
