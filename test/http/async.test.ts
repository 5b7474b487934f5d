import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { episode, patient } from '#test/unit/measure/records.ts';
import { entry, type Reply, startServer, type TestServer, transaction } from './harness.ts';

const measure = 'cn-sh-1-signing-coverage';
const canonical = `https://fhir.changning.example/Measure/${measure}`;
const period = 'periodStart=2025-01-01&periodEnd=2025-12-31';
const path = `/Measure/${measure}/$evaluate-measure?${period}`;
const async = { prefer: 'respond-async' };

async function start(settings: Record<string, string> = {}): Promise<TestServer> {
  const server = await startServer(settings);
  const residents = [patient(), episode('family-doctor'), { ...patient(), id: 'q' }];
  const entries = residents.map((r) => entry('PUT', `${r.resourceType}/${r.id}`, r));
  const sent = await server.ask('POST', '', transaction(...entries));
  if (sent.status !== 200) throw new Error(sent.text);
  return server;
}

const server = await start();
const { ask, base } = server;
t.teardown(() => server.stop());

/** Where the state of a job is told, behind the base. */
const placeOf = ({ headers }: Reply): string => headers.get('content-location')?.replace(base, '') ?? '';

/** Asks what became of a job until there is an answer other than "under way". */
async function fetched(place: string, headers: Record<string, string> = {}): Promise<Reply> {
  for (;;) {
    const reply = await ask('GET', place, undefined, headers);
    if (reply.status !== 202) return reply;
    if (reply.text !== '' || !reply.headers.has('x-progress')) throw new Error(`202 ${reply.text}`);
    await setTimeout(50);
  }
}

/** A report without the time at which it was made. */
const timeless = ({ text }: Reply) => text.replaceAll(/"date":"[^"]*"/g, '"date":""');

t.test('async.html: a request is accepted, and its result is that of the synchronous one', async (t) => {
  const parameters = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'measure', valueString: canonical },
      { name: 'periodStart', valueDate: '2025-01-01' },
      { name: 'periodEnd', valueDate: '2025-12-31' },
      { name: 'subject', valueString: 'Patient/p' },
    ],
  };
  const table: readonly (readonly [string, string, unknown?])[] = [
    ['GET', path],
    ['GET', `${path}&reportType=subject-list`],
    ['GET', `/Measure/$evaluate-measure?measure=${canonical}&measure=${canonical}&${period}`],
    ['POST', '/Measure/$evaluate-measure', parameters],
  ];
  for (const [method, url, body] of table) {
    const accepted = await ask(method, url, body, async);
    t.equal(accepted.status, 202, url);
    t.equal(accepted.text, '');
    t.match(accepted.headers.get('content-location'), new RegExp(`^${base}/[^/]`), 'absolute');
    t.match(accepted.headers.get('x-progress'), /./);
    const expected = await ask(method, url, body);
    t.equal(expected.status, 200);
    const result = await fetched(placeOf(accepted));
    t.equal(result.status, 200);
    t.match(result.headers.get('content-type'), 'application/fhir+json');
    t.equal(timeless(result), timeless(expected));
    t.same((await ask('GET', placeOf(accepted))).body, result.body, 'it can be fetched again');
    const head = await ask('HEAD', placeOf(accepted));
    t.equal(head.status, 200);
    t.equal(head.text, '');
    const xml = await ask('GET', placeOf(accepted), undefined, { accept: 'application/fhir+xml' });
    t.match(xml.headers.get('content-type'), 'application/fhir+xml');
    t.match(xml.text, /^<\?xml.*<(MeasureReport|Bundle) xmlns="http:\/\/hl7.org\/fhir">/s);
  }
});

t.test('async.html: what is refused synchronously is refused', async (t) => {
  const table: readonly (readonly [string, number, string])[] = [
    [`/Measure/${measure}/$evaluate-measure?periodStart=2025`, 400, 'missing-parameter'],
    [`${path}&colour=red`, 400, 'unknown-operation-parameter'],
    [`${path}&subject=Patient/nobody`, 400, 'bad-parameter-value'],
    [`/Measure/none/$evaluate-measure?${period}`, 404, 'not-found'],
  ];
  for (const [url, status, code] of table) {
    const asked = await ask('GET', url, undefined, async);
    const refused = asked.status === 202 ? await fetched(placeOf(asked)) : asked;
    t.equal(refused.status, status, url);
    t.equal(refused.body.issue[0].details.coding[0].code, code, url);
    t.same(refused.body, (await ask('GET', url)).body);
  }
});

t.test('async.html: DELETE forgets a result, before or after it is there', async (t) => {
  const places: string[] = [];
  for (const wait of [false, true]) {
    const place = placeOf(await ask('GET', path, undefined, async));
    if (wait) await fetched(place);
    const deleted = await ask('DELETE', place);
    t.equal(deleted.status, 202);
    t.equal(deleted.text, '');
    places.push(place);
  }
  for (const place of places) {
    for (const method of ['GET', 'DELETE']) {
      const unknown = await ask(method, place);
      t.equal(unknown.status, 404, method);
      t.equal(unknown.body.issue[0].code, 'not-found');
    }
  }
});

t.test('async.html: what no job is', async (t) => {
  const place = placeOf(await ask('GET', path, undefined, async));
  const table: readonly (readonly [string, string, number])[] = [
    ['GET', place.replace(/[^/]+$/, 'none'), 404],
    ['DELETE', place.replace(/[^/]+$/, 'none'), 404],
    ['DELETE', place.replace(/\/[^/]+$/, ''), 405],
    ['GET', `${place.replace(/\/[^/]+$/, '')}?colour=red`, 400],
    ['GET', `${place}/x`, 404],
    ['GET', `${place}?colour=red`, 400],
    ['PUT', place, 405],
    ['POST', place, 405],
  ];
  for (const [method, url, status] of table) {
    const refused = await ask(method, url, method.startsWith('P') ? {} : undefined);
    t.equal(refused.status, status, `${method} ${url}`);
    t.match(refused.body, { resourceType: 'OperationOutcome' });
  }
  t.equal((await fetched(place)).status, 200, 'the job is still there');
});

t.test('RFC 7240: the preference is one of several, and is passed over where it cannot be met', async (t) => {
  for (const prefer of ['respond-async, wait=10', 'return=representation, Respond-Async', 'respond-async; foo']) {
    t.equal((await ask('GET', path, undefined, { prefer })).status, 202, prefer);
  }
  t.equal((await ask('GET', '/Patient/p', undefined, async)).status, 200);
  t.equal((await ask('GET', '/Patient?_id=p', undefined, async)).status, 200);
  t.equal((await ask('PUT', '/Patient/r', { ...patient(), id: 'r' }, async)).status, 201);
});

t.test('HUFHIR_MAX_JOBS: what is kept bounds what is begun', async (t) => {
  const small = await start({ HUFHIR_MAX_JOBS: '1' });
  t.teardown(() => small.stop());
  const begin = () => small.ask('GET', path, undefined, async);
  const first = await begin();
  t.equal(first.status, 202);
  const second = await begin();
  t.equal(second.status, 429);
  t.match(second.body.issue[0], {
    code: 'too-costly',
    details: { coding: [{ code: 'too-many-jobs' }] },
    diagnostics: /1 asynchronous requests.*HUFHIR_MAX_JOBS/,
  });
  t.equal((await small.ask('GET', path)).status, 200, 'a synchronous request may come');
  t.equal(
    (await small.ask('DELETE', first.headers.get('content-location')?.replace(small.base, '') ?? '')).status,
    202,
  );
  let next = await begin();
  for (; next.status === 429; next = await begin()) await setTimeout(50);
  t.equal(next.status, 202, 'there is room again once its work has ended');
});

t.test('HUFHIR_JOB_LIFETIME: a result is kept so long', async (t) => {
  const short = await start({ HUFHIR_MAX_JOBS: '1', HUFHIR_JOB_LIFETIME: '1' });
  t.teardown(() => short.stop());
  const begin = () => short.ask('GET', path, undefined, async);
  const pathOf = ({ headers }: Reply) => headers.get('content-location')?.replace(short.base, '') ?? '';
  const first = await begin();
  t.equal(first.status, 202);
  let second = await begin();
  for (; second.status === 429; second = await begin()) await setTimeout(50);
  t.equal(second.status, 202, 'what is over makes room');
  t.equal((await short.ask('GET', pathOf(first))).status, 404);

  let state = await short.ask('GET', pathOf(second));
  for (; state.status !== 404; state = await short.ask('GET', pathOf(second))) await setTimeout(50);
  t.equal(state.body.issue[0].code, 'not-found', 'what is over is gone, also where no other job is begun');
  t.equal((await short.ask('DELETE', pathOf(second))).status, 404);
});

t.test('a body of an asynchronous request is read as any other', async (t) => {
  const body = { resourceType: 'Parameters', parameter: [{ name: 'measure', valueString: canonical, part: [] }] };
  const refused = await ask('POST', '/Measure/$evaluate-measure', body, async);
  t.equal(refused.status, 422);
  t.same(refused.body.issue[0].expression, ['Parameters.parameter[0].part']);
});
