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
    ['GET', `/fhir/Patient/${number}%`, 400, 'bad-encoding'],
    ['GET', `/fhir/Patient/${number}%ff`, 400, 'bad-encoding'],
    ['GET', `/fhir/Patient/nope%2520${number}`, 400, 'bad-encoding'],
    ['GET', `/fhir/nope%20${number}`, 404, 'unknown-route'],
    ['GET', `/nope%20${number}`, 404, 'unknown-route'],
    ['GET', `/nope%2520${number}`, 404, 'unknown-route'],
    ['GET', `/nope/${number}?identifier=${number}`, 404, 'unknown-route'],
    ['POST', `/${number}`, 404, 'unknown-route'],
    ['GET', `/fhir/Patient/nope%20${number}`, 400, 'invalid-id'],
  ];
  for (const [method, path, status, code] of table) {
    const answered = await raw(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
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

t.test(
  'RFC 9111: no shared cache keeps a record, and no other gives one without asking, or in another form',
  async (t) => {
    await ask('PUT', '/Patient/kept', patient({ id: 'kept', name: [{ text: '张三'.repeat(500) }] }));
    const open = await startServer({ HUFHIR_CORS_ORIGINS: 'https://app.example' });
    t.teardown(() => open.stop());
    const table: readonly (readonly [Reply, number])[] = [
      [await ask('GET', '/Patient/kept', undefined, { 'accept-encoding': 'gzip' }), 200],
      [await ask('GET', '/Patient/kept', undefined, { 'accept-encoding': 'identity' }), 200],
      [await ask('GET', '/Patient/kept', undefined, { 'if-none-match': 'W/"1"' }), 304],
      [await ask('GET', '/Patient?_id=kept'), 200],
      [await ask('GET', '/metadata'), 200],
      [await ask('GET', '/Patient/none'), 404],
      [await ask('GET', '/Patient/kept', undefined, { origin: 'https://evil.example' }), 403],
      [await ask('GET', '/Patient/kept', undefined, { accept: 'text/csv' }), 406],
      [await open.ask('GET', '/metadata', undefined, { origin: 'https://app.example' }), 200],
    ];
    for (const [{ status, headers }, expected] of table) {
      t.equal(status, expected);
      t.equal(headers.get('cache-control'), 'no-cache, private', `${status}`);
      t.equal(headers.get('vary'), 'Accept, accept-encoding, Origin', `${status}`);
    }
  },
);

/** The status of an answer, and the code of its first issue. */
async function told(head: string, body = ''): Promise<string> {
  const text = await raw(`${head}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return [text.slice(9, 12), ...(/"coding":\[\{"system":"[^"]*","code":"([\w-]+)"/.exec(text)?.slice(1) ?? [])].join(
    ' ',
  );
}

t.test(
  'security.html: with HUFHIR_AUTH=off no page of another origin, nor another name of this address, leads to a record',
  async (t) => {
    const own = `127.0.0.1:${port}`;
    const table: readonly (readonly [string, string | undefined, string])[] = [
      [own, undefined, '200'],
      ['localhost', undefined, '200'],
      ['LOCALHOST:1', undefined, '200'],
      ['127.9.9.9', undefined, '200'],
      ['[::1]:80', undefined, '200'],
      ['evil.example', undefined, '403 foreign-host'],
      [`evil.example:${port}`, undefined, '403 foreign-host'],
      ['127.0.0.1.evil.example', undefined, '403 foreign-host'],
      ['localhost.evil.example', undefined, '403 foreign-host'],
      ['192.168.1.1', undefined, '403 foreign-host'],
      [own, `http://${own}`, '200'],
      ['localhost:1', 'http://localhost:1', '200'],
      [own, 'http://127.0.0.1:1', '403 foreign-origin'],
      [own, 'https://evil.example', '403 foreign-origin'],
      [own, 'null', '403 foreign-origin'],
      ['evil.example', 'http://evil.example', '403 foreign-host'],
    ];
    for (const [host, from, expected] of table) {
      const sent = from === undefined ? '' : `\r\nOrigin: ${from}`;
      t.equal(
        await told(`GET /fhir/Patient?_summary=count HTTP/1.1\r\nHost: ${host}${sent}`),
        expected,
        `${host} ${from}`,
      );
      const type = 'Content-Type: application/fhir+json';
      const write = `PUT /fhir/Basic/foreign HTTP/1.1\r\nHost: ${host}${sent}\r\n${type}`;
      const stored = '{"resourceType":"Basic","id":"foreign","code":{"text":"x"}}';
      t.equal((await told(write, stored)).startsWith('20'), expected === '200', `${host} ${from}: a write`);
    }
    t.equal(await told('GET /fhir/metadata HTTP/1.0'), '200', 'no browser leaves Host out');
  },
);

t.test('RFC 9112: a target may be a whole URL, and the base may come encoded', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    [`${origin}/fhir/metadata`, 'localhost', '200'],
    [`HTTP://localhost:1/fhir/metadata?_pretty=true`, 'localhost', '200'],
    [`${origin}/fhir/metadata`, 'evil.example', '200'],
    ['http://evil.example/fhir/metadata', 'localhost', '403 foreign-host'],
    [`${origin}/nothing`, 'localhost', '404 unknown-route'],
    [`${origin}?x=1`, 'localhost', '200'],
    ['ftp://localhost/fhir/metadata', 'localhost', '400 bad-request'],
    ['/%66hir/metadata', 'localhost', '404 unknown-route'],
    ['/%66hir/Patient/1', 'localhost', '404 unknown-route'],
    ['/fhir%2FPatient/1', 'localhost', '404 unknown-route'],
  ];
  for (const [target, host, expected] of table) {
    t.equal(await told(`GET ${target} HTTP/1.1\r\nHost: ${host}`), expected, target);
  }
});

t.test('RFC 9110: a method of others is refused by 405, with those there are', async (t) => {
  for (const method of ['PURGE', 'SEARCH', 'PROPFIND', 'TRACE']) {
    const answered = await raw(`${method} /fhir/Patient/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    t.match(answered, /^HTTP\/1.1 405 /, method);
    t.match(answered, /\r\nallow: GET, HEAD, PUT, PATCH, DELETE\r\n/i, method);
    t.match(answered, `${method} Patient/1 is not supported here`);
  }
});

t.test('an operation that there is not is refused before its body is read; the body of another is small', async (t) => {
  const table: readonly (readonly [string, unknown, number, string])[] = [
    ['/$none', '{bad', 404, 'unknown-operation'],
    ['/Patient/$everything', '{bad', 404, 'unknown-operation'],
    ['/Patient/1/$evaluate-measure', '{bad', 404, 'unknown-operation'],
    ['/Measure/$pending-references', 'x'.repeat(2_000_000), 404, 'unknown-operation'],
    ['/Measure/$evaluate-measure', '{bad', 400, 'malformed-json'],
    ['/Measure/$evaluate-measure', 'x'.repeat(1024 * 1024 + 1), 413, 'operation-too-large'],
    ['/Measure/%24evaluate-measure', 'x'.repeat(1024 * 1024 + 1), 413, 'operation-too-large'],
    ['/$pending-references', 'x'.repeat(1024 * 1024), 400, 'malformed-json'],
  ];
  for (const [path, body, status, code] of table) {
    const refused = await ask('POST', path, body);
    t.equal(refused.status, status, path);
    t.equal(refused.body.issue[0].details.coding[0].code, code, path);
  }
});

t.test('RFC 9110: If-Modified-Since is heeded if it is a date', async (t) => {
  await ask('PUT', '/Patient/dated', patient({ id: 'dated' }));
  const table: readonly (readonly [string, number])[] = [
    ['Sun, 06 Nov 2089 08:49:37 GMT', 304],
    ['Sun Nov  6 08:49:37 2089', 304],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 200],
    ['2089', 200],
    ['2089-11-06T08:49:37Z', 200],
    ['Sun, 06 Nov 2089 08:49:37 +0800', 200],
  ];
  for (const [since, status] of table) {
    t.equal((await ask('GET', '/Patient/dated', undefined, { 'if-modified-since': since })).status, status, since);
  }
});

t.test('search.html#elements: a part of a Binary is a resource', async (t) => {
  const content = 'a text';
  const made = await ask('PUT', '/Binary/part', {
    resourceType: 'Binary',
    id: 'part',
    contentType: 'text/plain',
    data: btoa(content),
  });
  t.equal(made.status, 201);
  const part = { resourceType: 'Binary', meta: { tag: [{ code: 'SUBSETTED' }] }, contentType: 'text/plain' };
  for (const query of ['_elements=contentType', '_summary=true']) {
    const { headers, body } = await ask('GET', `/Binary/part?${query}`);
    t.match(headers.get('content-type'), 'application/fhir+json', query);
    t.match(body, part, query);
    t.equal((await ask('GET', `/Binary/part?${query}`, undefined, { accept: 'text/plain' })).status, 406, query);
  }
  for (const query of ['', '?_summary=false']) t.equal((await ask('GET', `/Binary/part${query}`)).text, content, query);
});

t.test('http.html#mime-type: forms and patches are in UTF-8', async (t) => {
  await ask('PUT', '/Patient/utf8', patient({ id: 'utf8' }));
  const form = 'application/x-www-form-urlencoded';
  const patch = 'application/json-patch+json';
  const operations = JSON.stringify([{ op: 'replace', path: '/gender', value: 'female' }]);
  const table: readonly (readonly [string, string, string, unknown, number])[] = [
    ['POST', '/Patient/_search', form, 'name=张三', 200],
    ['POST', '/Patient/_search', `${form}; charset=UTF-8`, 'name=张三', 200],
    ['POST', '/Patient/_search', `${form}; charset=gb2312`, 'name=x', 415],
    ['POST', '/_search', `${form}; charset="gbk"`, '_type=Patient', 415],
    ['POST', '/Patient/_search', form, Buffer.concat([Buffer.from('name='), Buffer.from([0xd5, 0xc5])]), 400],
    ['PATCH', '/Patient/utf8', `${patch}; charset=gb2312`, operations, 415],
    ['PATCH', '/Patient/utf8', `${patch}; charset=utf-8`, operations, 200],
  ];
  for (const [method, path, contentType, body, status] of table) {
    const reply = await ask(method, path, body, { 'content-type': contentType });
    t.equal(reply.status, status, `${path} ${contentType}`);
    if (status === 400) t.equal(reply.body.issue[0].details.coding[0].code, 'invalid-utf8');
  }
});
