import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Bundle, Observation, Patient, Resource } from '@medplum/fhirtypes';
import fhirClient from 'fhirclient';
import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

const server = await startServer();
t.teardown(() => server.stop());

/** A client as an application on a server makes one for a request of its user's browser. */
function clientOf(more: Record<string, unknown> = {}) {
  const request = new IncomingMessage(new Socket());
  const state = { serverUrl: server.base, ...more } as unknown as string;
  return fhirClient(request, new ServerResponse(request)).client(state);
}
const client = clientOf();

const system = 'urn:example:smart';
const person = (value: string, more: Record<string, unknown> = {}) =>
  patient({ identifier: [{ system, value }], ...more }) as { resourceType: string };
const create = (value: string, more: Record<string, unknown> = {}): Promise<Patient & { id: string }> =>
  client.create(person(value, more));
const json = (method: string, url: string, body: unknown, headers: Record<string, string> = {}) => ({
  url,
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/fhir+json', ...headers },
});

/** What the client throws at a refusal: the status, and the code of the OperationOutcome that its message shows. */
async function refused(answer: Promise<unknown>): Promise<[number, string | undefined]> {
  const error = await answer.then(
    () => new Error('it was not refused'),
    (error) => error,
  );
  if (error.status === undefined) throw error;
  return [error.status, /"coding": \[\s*\{[^}]*"code": "([\w-]+)"/.exec(error.message)?.[1]];
}

const idsOf = (bundle: Bundle) => bundle.entry?.map((e) => e.resource?.id) ?? [];

t.test('create, read, vread, update', async (t) => {
  const { body, response } = await client.create(person('a'), { includeResponse: true });
  const created = body as Patient & { id: string };
  t.equal(response.status, 201);
  t.equal(response.headers.get('location'), `${server.base}/Patient/${created.id}/_history/1`);
  t.same(await client.request(`Patient/${created.id}`), created);
  const changed = await client.update({ ...created, gender: 'female' } as never, { includeResponse: true });
  t.equal(changed.response.status, 200);
  t.equal(changed.response.headers.get('etag'), 'W/"2"');
  t.match(changed.body, { id: created.id, gender: 'female', meta: { versionId: '2' } });
  t.same(await client.request(`Patient/${created.id}/_history/1`), created);
  t.same(await client.request(`Patient/${created.id}/_history/2`), changed.body);
  t.same(await refused(client.update(created as never, { headers: { 'if-match': 'W/"1"' } })), [
    412,
    'version-conflict',
  ]);
});

t.test('after a create without an answer, the client reads at the Location', async (t) => {
  const created = await client.create<Patient>(person('minimal'), { headers: { prefer: 'return=minimal' } });
  t.match(created, { resourceType: 'Patient', identifier: [{ value: 'minimal' }], meta: { versionId: '1' } });
});

t.test('conditional create and update', async (t) => {
  const options = { headers: { 'if-none-exist': `identifier=${system}|once` }, includeResponse: true } as const;
  const once = () => client.create(person('once'), options);
  const [first, second] = [await once(), await once()];
  t.same([first.response.status, second.response.status], [201, 200]);
  t.same(second.body, first.body);
  const update = () =>
    client.request(json('PUT', `Patient?identifier=${system}|once`, person('once', { gender: 'other' })));
  t.match(await update(), { id: first.body?.id, gender: 'other', meta: { versionId: '2' } });
  await create('once');
  t.same(await refused(update()), [412, 'criteria-many-matches']);
});

t.test('JSON Patch', async (t) => {
  const { id } = await create('patched');
  const patched = await client.patch(`Patient/${id}`, [
    { op: 'test', path: '/gender', value: 'male' },
    { op: 'replace', path: '/gender', value: 'female' },
    { op: 'add', path: '/identifier/-', value: { system, value: 'second' } },
    { op: 'move', from: '/birthDate', path: '/deceasedDateTime' },
  ]);
  t.match(patched, { id, gender: 'female', identifier: [{}, { value: 'second' }], deceasedDateTime: '1950-01-02' });
  t.same(await client.request(`Patient/${id}`), patched);
  const test = client.patch(`Patient/${id}`, [{ op: 'test', path: '/gender', value: 'male' }]);
  t.same(await refused(test), [422, 'patch-test-failed']);
});

t.test('delete', async (t) => {
  const created = await create('gone');
  const answer = await client.delete<Response>(`Patient/${created.id}`);
  t.equal(answer.status, 204);
  t.same(await refused(client.request(`Patient/${created.id}`)), [410, 'deleted']);
  t.same(await client.request(`Patient/${created.id}/_history/1`), created);
  const { id } = await create('told');
  const told = await client.delete(`Patient/${id}`, { headers: { prefer: 'return=OperationOutcome' } });
  t.match(told, { resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] });
  t.same(await refused(client.request('Patient/nobody')), [404, 'not-found']);
});

t.test('search, page by page', async (t) => {
  const made: string[] = [];
  for (let i = 0; i < 7; i++) made.push((await create(`page-${i}`, { address: [{ city: 'Pagetown' }] })).id);
  const search = 'Patient?address-city=Pagetown&_count=3&_sort=_lastUpdated&_total=accurate';
  const pages: Bundle[] = [];
  for await (const page of client.pages(search)) pages.push(page as Bundle);
  t.same(
    pages.map((p) => [p.total, p.entry?.length]),
    [
      [7, 3],
      [7, 3],
      [7, 1],
    ],
  );
  t.same(pages.flatMap(idsOf), made);
  const found: string[] = [];
  for await (const resource of client.resources(search)) found.push((resource as { id: string }).id);
  t.same(found, made);
  const flat: Resource[] = await client.request(search, { pageLimit: 0, flat: true });
  t.same(
    flat.map((r) => r.id),
    made,
  );
  const two: Bundle[] = await client.request(search, { pageLimit: 2 });
  t.same(two.flatMap(idsOf), made.slice(0, 6));
  t.same(await refused(client.request('Patient?colour=red')), [400, 'unknown-parameter']);
});

t.test('search by POST', async (t) => {
  const { id } = await create('posted');
  const body = new URLSearchParams({ identifier: `${system}|posted` });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const found: Bundle = await client.request({ url: 'Patient/_search', method: 'POST', body: String(body), headers });
  t.same(idsOf(found), [id]);
});

t.test('history, page by page', async (t) => {
  const created = await create('history');
  for (const gender of ['female', 'other', 'unknown']) await client.update({ ...created, gender } as never);
  await client.delete(`Patient/${created.id}`);
  const pages: Bundle[] = await client.request(`Patient/${created.id}/_history?_count=2`, { pageLimit: 0 });
  t.same(
    pages.map((p) => p.entry?.map((e) => [e.request?.method, e.response?.etag])),
    [
      [
        ['DELETE', 'W/"5"'],
        ['PUT', 'W/"4"'],
      ],
      [
        ['PUT', 'W/"3"'],
        ['PUT', 'W/"2"'],
      ],
      [['POST', 'W/"1"']],
    ],
  );
  for (const url of ['Patient/_history', '_history']) {
    t.match(await client.request(url), { type: 'history', entry: [{ request: { method: 'DELETE' } }] }, url);
  }
});

const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-666666666666';
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: urn } };

t.test('transaction; references, as the client resolves them', async (t) => {
  const answer: Bundle = await client.request(
    json(
      'POST',
      '/',
      transaction(
        entry('POST', 'Observation', observation),
        entry('POST', 'Patient', person('joined'), { fullUrl: urn }),
      ),
    ),
  );
  t.equal(answer.type, 'transaction-response');
  t.same(
    answer.entry?.map((e) => e.response?.status?.slice(0, 3)),
    ['201', '201'],
  );
  const [observed, joined] = answer.entry?.map((e) => e.response?.location?.split('/').at(-3)) ?? [];
  const resolved = await client.request(`Observation/${observed}`, { resolveReferences: ['subject'] });
  t.match(resolved.subject, { resourceType: 'Patient', id: joined, identifier: [{ value: 'joined' }] });
  const plain: Observation = await client.request(`Observation/${observed}`);
  t.match(await client.getReferences(plain as never, ['subject']), { [`Patient/${joined}`]: { id: joined } });
  const broken = transaction(
    entry('POST', 'Patient', person('never')),
    entry('POST', 'Patient', person('never', { gender: 'm' })),
  );
  t.same(await refused(client.request(json('POST', '/', broken))), [422, 'code-not-in-value-set']);
  t.same(idsOf(await client.request(`Patient?identifier=${system}|never`)), [], 'all or nothing');
});

t.test('batch', async (t) => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [entry('POST', 'Patient', person('batched')), entry('GET', 'Patient/nobody')],
  };
  const answer: Bundle = await client.request(json('POST', '/', bundle));
  t.equal(answer.type, 'batch-response');
  t.same(
    answer.entry?.map((e) => e.response?.status?.slice(0, 3)),
    ['201', '404'],
  );
});

t.test('operations', async (t) => {
  const pending = { resourceType: 'Parameters', parameter: [{ name: 'total', valueInteger: 0 }] };
  t.same(await client.request('$pending-references'), pending);
  t.same(await client.request({ url: '$pending-references', method: 'POST' }), pending);
  t.same(await refused(client.request('$nothing')), [404, 'unknown-operation']);
});

t.test('capability statement: the version, and by which parameter a type is found for a patient', async (t) => {
  t.equal(await client.getFhirVersion(), '4.0.1');
  t.equal(await client.getFhirRelease(), 4);
  const { id } = await create('chosen');
  const { id: other } = await create('other');
  for (const patientId of [id, other]) {
    await client.create({ ...observation, subject: { reference: `Patient/${patientId}` } });
  }
  const chosen = clientOf({ tokenResponse: { patient: id, access_token: 'any' } });
  t.match(await chosen.patient.read(), { resourceType: 'Patient', id });
  const found: Bundle = await chosen.patient.request('Observation');
  t.match(found.entry, [{ resource: { subject: { reference: `Patient/${id}` } } }]);
  t.equal(found.entry?.length, 1);
  for (const type of ['Encounter', 'Immunization', 'CarePlan', 'EpisodeOfCare', 'QuestionnaireResponse']) {
    t.same((await chosen.patient.request<Bundle>(type)).entry ?? [], [], type);
  }
});
