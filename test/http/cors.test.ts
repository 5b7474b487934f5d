import t from 'tap';
import { patient, startServer, type TestServer } from './harness.ts';

const own = 'https://app.example';
const second = 'http://localhost:3000';
const foreign = 'https://evil.example';

const asks = (server: TestServer, origin: string) => (method: string, path: string, body?: unknown) =>
  server.ask(method, path, body, { origin });
const preflight = (server: TestServer, origin: string, more: Record<string, string> = {}) =>
  server.ask('OPTIONS', '/Patient/1', undefined, {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'content-type,if-match,prefer',
    ...more,
  });
const allowed = 'access-control-allow-origin';

t.test('security.html#cors: no web page may ask unless the settings say so', async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const ask = asks(server, own);
  for (const reply of [
    await ask('GET', '/metadata'),
    await ask('GET', '/Patient/none'),
    await preflight(server, own),
  ]) {
    t.same(
      [...reply.headers.keys()].filter((name) => name.startsWith('access-control')),
      [],
    );
  }
  t.equal((await preflight(server, own)).status, 403);
  t.equal((await server.ask('OPTIONS', '/Patient/1')).status, 405);
});

t.test('security.html#cors: pages of the origins of HUFHIR_CORS_ORIGINS may ask, no others', async (t) => {
  const server = await startServer({ HUFHIR_CORS_ORIGINS: `${own},${second}` });
  t.teardown(() => server.stop());
  for (const origin of [own, second]) {
    const flight = await preflight(server, origin);
    t.equal(flight.status, 204);
    t.equal(flight.text, '');
    t.equal(flight.headers.get(allowed), origin);
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      t.match(flight.headers.get('access-control-allow-methods'), method);
    }
    for (const name of ['content-type', 'if-match', 'prefer']) {
      t.match(flight.headers.get('access-control-allow-headers'), name);
    }
    t.match(flight.headers.get('access-control-max-age'), /^\d+$/);
    t.match(flight.headers.get('vary'), /origin/i);
    const ask = asks(server, origin);
    const answers = [
      [await ask('POST', '/Patient', patient()), 201],
      [await ask('GET', '/metadata'), 200],
      [await ask('GET', '/Patient/none'), 404],
      [await ask('POST', '/Patient', '{'), 400],
      [await ask('PATCH', '/Patient', 'x'), 400],
      [await ask('GET', '/Nothing'), 404],
    ] as const;
    for (const [{ status, headers }, expected] of answers) {
      t.equal(status, expected);
      t.equal(headers.get(allowed), origin, 'a page may read a refusal too');
      t.match(headers.get('vary'), /origin/i, 'so that no cache gives it to another');
      for (const name of ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Request-Id']) {
        t.match(headers.get('access-control-expose-headers'), name);
      }
    }
  }
  for (const origin of [foreign, `${own}.evil.example`, own.toUpperCase(), 'null', 'http://app.example']) {
    t.equal((await preflight(server, origin)).headers.get(allowed), null, origin);
    t.equal((await asks(server, origin)('GET', '/metadata')).headers.get(allowed), null, origin);
  }
  t.equal((await server.ask('GET', '/metadata')).headers.get(allowed), null, 'who is no page needs none');
});

t.test('security.html#cors: HUFHIR_CORS_ORIGINS=*', async (t) => {
  const server = await startServer({ HUFHIR_CORS_ORIGINS: '*' });
  t.teardown(() => server.stop());
  const flight = await preflight(server, foreign);
  t.equal(flight.status, 204);
  t.equal(flight.headers.get(allowed), '*');
  t.equal(flight.headers.get('access-control-allow-credentials'), null);
  t.equal((await asks(server, foreign)('GET', '/metadata')).headers.get(allowed), '*');
});

t.test('a browser sends no token with a preflight, and reads why it needs one', async (t) => {
  const server = await startServer({ HUFHIR_CORS_ORIGINS: own, HUFHIR_AUTH: 'required' });
  t.teardown(() => server.stop());
  const flight = await preflight(server, own);
  t.equal(flight.status, 204);
  t.equal(flight.headers.get(allowed), own);
  const refused = await asks(server, own)('GET', '/Patient/1');
  t.equal(refused.status, 401);
  t.equal(refused.headers.get(allowed), own);
});

t.test('OPTIONS that is no preflight is answered without a body, or refused in FHIR', async (t) => {
  const server = await startServer({ HUFHIR_CORS_ORIGINS: own });
  t.teardown(() => server.stop());
  const table: readonly Record<string, string>[] = [{}, { origin: own }, { 'access-control-request-method': 'PUT' }];
  for (const headers of table) {
    const { status, text, body } = await server.ask('OPTIONS', '/Patient/1', undefined, headers);
    t.match(status, /^(204|400|405)$/);
    t.ok(status === 204 ? text === '' : body?.resourceType === 'OperationOutcome', `${status} ${text}`);
  }
});
