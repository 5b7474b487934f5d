import t from 'tap';
import { patient, startServer } from './harness.ts';

const server = await startServer();
const { ask, base } = server;
t.teardown(() => server.stop());

t.test('http.html#create, #read, #vread: the server gives id, version and time', async (t) => {
  const created = await ask(
    'POST',
    '/Patient',
    patient({ id: 'ignored', meta: { versionId: '9', tag: [{ code: 'x' }] } }),
  );
  t.equal(created.status, 201);
  const { id, meta } = created.body;
  t.not(id, 'ignored');
  t.equal(meta.versionId, '1');
  t.match(meta.lastUpdated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(meta.tag, [{ code: 'x' }]);
  t.equal(created.headers.get('location'), `${base}/Patient/${id}/_history/1`);
  t.equal(created.headers.get('etag'), 'W/"1"');
  t.match(created.headers.get('content-type') ?? '', /^application\/fhir\+json/);
  const read = await ask('GET', `/Patient/${id}`);
  t.equal(read.text, created.text);
  t.equal(read.headers.get('etag'), 'W/"1"');
  t.equal(
    new Date(read.headers.get('last-modified') ?? '').getTime(),
    Math.floor(Date.parse(meta.lastUpdated) / 1000) * 1000,
  );
  t.equal((await ask('GET', `/Patient/${id}/_history/1`)).text, created.text);
  const head = await ask('HEAD', `/Patient/${id}`);
  t.equal(head.status, 200);
  t.equal(head.text, '');
});

t.test('http.html#update: client-assigned ids, versions counted up, optimistic locking', async (t) => {
  const first = await ask('PUT', '/Patient/u-1', patient({ id: 'u-1' }));
  t.equal(first.status, 201);
  const second = await ask('PUT', '/Patient/u-1', patient({ id: 'u-1', gender: 'female' }));
  t.equal(second.status, 200);
  t.equal(second.body.meta.versionId, '2');
  t.equal((await ask('GET', '/Patient/u-1/_history/1')).body.gender, 'male');
  const stale = await ask('PUT', '/Patient/u-1', patient({ id: 'u-1' }), { 'if-match': 'W/"1"' });
  t.equal(stale.status, 412);
  t.match(stale.body.issue[0].diagnostics, /version 2.*expected 1/);
  t.equal((await ask('PUT', '/Patient/u-1', patient({ id: 'u-1' }), { 'if-match': 'W/"2"' })).status, 200);
});

t.test('http.html#delete: 204, then 410; history stays; recreating continues the versions', async (t) => {
  await ask('PUT', '/Patient/d-1', patient({ id: 'd-1' }));
  t.equal((await ask('DELETE', '/Patient/d-1')).status, 204);
  t.equal((await ask('GET', '/Patient/d-1')).status, 410);
  t.equal((await ask('DELETE', '/Patient/d-1')).status, 204, 'again');
  t.equal((await ask('DELETE', '/Patient/never-was')).status, 204);
  t.equal((await ask('GET', '/Patient/never-was')).status, 404);
  t.equal((await ask('GET', '/Patient/d-1/_history/2')).status, 410);
  const again = await ask('PUT', '/Patient/d-1', patient({ id: 'd-1' }));
  t.equal(again.status, 201);
  t.equal(again.body.meta.versionId, '3');
  const history = await ask('GET', '/Patient/d-1/_history');
  t.same(
    history.body.entry.map((e: { request: unknown }) => e.request),
    [
      { method: 'PUT', url: 'Patient/d-1' },
      { method: 'DELETE', url: 'Patient/d-1' },
      { method: 'PUT', url: 'Patient/d-1' },
    ],
  );
  t.same(
    history.body.entry.map((e: { response: { status: string } }) => e.response.status),
    ['201', '204', '201'],
  );
});

t.test('http.html#history: pages of a type, newest first, by link', async (t) => {
  for (let i = 0; i < 5; i++) await ask('PUT', '/Basic/h', { resourceType: 'Basic', id: 'h', code: { text: `${i}` } });
  const seen: string[] = [];
  let next: string | undefined = '/Basic/_history?_count=2';
  while (next !== undefined) {
    const page = await ask('GET', next);
    t.equal(page.status, 200);
    seen.push(...page.body.entry.map((e: { resource: { meta: { versionId: string } } }) => e.resource.meta.versionId));
    const link = page.body.link.find((l: { relation: string }) => l.relation === 'next');
    next = link?.url.slice(base.length);
  }
  t.same(seen, ['5', '4', '3', '2', '1']);
});

t.test('json.html: what was sent comes back, digit for digit, in its order', async (t) => {
  const text =
    '{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"空腹血糖"},"extension":[{"url":"http://x.example/e","valueDecimal":1.00}],' +
    '"valueQuantity":{"value":5.60,"unit":"mmol/L"},"referenceRange":[{"low":{"value":0.10},"high":{"value":1e1}}]}';
  const put = await ask('PUT', '/Observation/digits', text);
  t.equal(put.status, 201);
  const read = await ask('GET', '/Observation/digits');
  const meta = /"meta":\{[^}]*\},/.exec(read.text)?.[0] ?? 'none';
  t.equal(read.text.replace(meta, ''), text);
});

t.test('http.html#capabilities tells what the server does', async (t) => {
  const { status, body } = await ask('GET', '/metadata');
  t.equal(status, 200);
  t.equal(body.fhirVersion, '4.0.1');
  const observation = body.rest[0].resource.find((r: { type: string }) => r.type === 'Observation');
  t.ok(
    observation.searchParam.some(
      (p: { name: string; type: string }) => p.name === 'code-value-quantity' && p.type === 'composite',
    ),
  );
  t.ok(observation.interaction.some((i: { code: string }) => i.code === 'vread'));
  t.equal(body.rest[0].resource.length, 146);
});

t.test('security.html: without tokens, everything but metadata and health is 401', async (t) => {
  const closed = await startServer({ HUFHIR_AUTH: 'required' });
  t.teardown(() => closed.stop());
  t.equal((await closed.ask('GET', '/metadata')).status, 200);
  for (const [method, path, body] of [
    ['GET', '/Patient', undefined],
    ['GET', '/Patient/1', undefined],
    ['POST', '', { resourceType: 'Bundle', type: 'batch' }],
    ['GET', '/_history', undefined],
  ] as const) {
    const refused = await closed.ask(method, path, body);
    t.equal(refused.status, 401, `${method} ${path}`);
    t.equal(refused.headers.get('www-authenticate'), 'Bearer');
    t.equal(refused.body.issue[0].code, 'login');
  }
  t.equal((await fetch(closed.base.replace('/fhir', '/healthz'))).status, 200);
});
