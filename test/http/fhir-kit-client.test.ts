import type { Bundle } from '@medplum/fhirtypes';
import { CapabilityTool, Client, type FhirResource } from 'fhir-kit-client';
import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

const server = await startServer();
t.teardown(() => server.stop());
const client = new Client({ baseUrl: server.base });

const resourceType = 'Patient';
const system = 'urn:example:kit';
const person = (value: string, more: Record<string, unknown> = {}) =>
  patient({ identifier: [{ system, value }], ...more }) as FhirResource;
const create = (value: string, more: Record<string, unknown> = {}) =>
  client.create({ resourceType, body: person(value, more) });
const idOf = (resource: FhirResource): string => String(resource.id);
const versionOf = (resource: FhirResource): unknown => (resource.meta as { versionId: string }).versionId;
const headerOf = (answer: FhirResource, name: string) => Client.httpFor(answer).response?.headers.get(name);
const statusOf = (answer: FhirResource) => Client.httpFor(answer).response?.status;

/** What the client throws at a refusal: the status, and the code of the OperationOutcome. */
async function refused(answer: Promise<unknown>): Promise<[number, string]> {
  const error = await answer.then(
    () => new Error('it was not refused'),
    (error) => error,
  );
  if (error.response === undefined) throw error;
  return [error.response.status, error.response.data.issue[0].details.coding[0].code];
}

/** All pages from this one on, by the client's own paging. */
async function pagesFrom(first: FhirResource): Promise<Bundle[]> {
  const pages: Bundle[] = [];
  for (let page: FhirResource | undefined = first; page !== undefined; ) {
    pages.push(page as unknown as Bundle);
    page = await client.nextPage({ bundle: page as never });
  }
  return pages;
}
const idsOf = (pages: readonly Bundle[]) => pages.flatMap((p) => p.entry?.map((e) => e.resource?.id) ?? []);

t.test('create, read, vread, update', async (t) => {
  const created = await create('a');
  const id = idOf(created);
  t.equal(statusOf(created), 201);
  t.equal(headerOf(created, 'location'), `${server.base}/Patient/${id}/_history/1`);
  t.same(await client.read({ resourceType, id }), created);
  const changed = await client.update({ resourceType, id, body: { ...created, gender: 'female' } });
  t.equal(statusOf(changed), 200);
  t.equal(headerOf(changed, 'etag'), 'W/"2"');
  t.match(changed, { id, gender: 'female', meta: { versionId: '2' } });
  t.same(await client.vread({ resourceType, id, version: '1' }), created);
  t.same(await client.vread({ resourceType, id, version: '2' }), changed);
  t.same(await client.resolve({ reference: `Patient/${id}` }), changed);
  t.same(await client.resolve({ reference: `${server.base}/Patient/${id}` }), changed);
});

t.test('update of the version that was read, and of another', async (t) => {
  const created = await create('match');
  const id = idOf(created);
  const options = { headers: { 'If-Match': String(headerOf(created, 'etag')) } };
  const update = () => client.update({ resourceType, id, body: created, options });
  t.equal(versionOf(await update()), '2');
  t.same(await refused(update()), [412, 'version-conflict']);
});

t.test('update as create', async (t) => {
  const body = person('own', { id: 'kit-own' });
  const made = await client.update({ resourceType, id: 'kit-own', body });
  t.equal(statusOf(made), 201);
  t.equal(made.id, 'kit-own');
});

t.test('conditional create and update', async (t) => {
  const options = { headers: { 'If-None-Exist': `identifier=${system}|once` } };
  const once = () => client.create({ resourceType, body: person('once'), options });
  const [first, second] = [await once(), await once()];
  t.same([statusOf(first), statusOf(second)], [201, 200]);
  t.same(second, first);
  const searchParams = { identifier: `${system}|once` };
  const update = (gender: string) => client.update({ resourceType, searchParams, body: person('once', { gender }) });
  const changed = await update('female');
  t.same([statusOf(changed), changed.id, versionOf(changed)], [200, first.id, '2']);
  const fresh = await client.update({
    resourceType,
    searchParams: { identifier: `${system}|fresh` },
    body: person('fresh'),
  });
  t.equal(statusOf(fresh), 201);
  await client.update({ resourceType, id: 'kit-twin', body: person('once', { id: 'kit-twin' }) });
  t.same(await refused(update('male')), [412, 'criteria-many-matches']);
});

t.test('JSON Patch', async (t) => {
  const id = idOf(await create('patched'));
  const patched = await client.patch({
    resourceType,
    id,
    jsonPatch: [
      { op: 'test', path: '/gender', value: 'male' },
      { op: 'replace', path: '/gender', value: 'female' },
      { op: 'add', path: '/active', value: true },
      { op: 'copy', from: '/birthDate', path: '/deceasedDateTime' },
      { op: 'remove', path: '/birthDate' },
    ],
  });
  t.match(patched, { id, gender: 'female', active: true, deceasedDateTime: '1950-01-02' });
  t.notOk('birthDate' in patched);
  t.same(await client.read({ resourceType, id }), patched);
  const test = client.patch({ resourceType, id, jsonPatch: [{ op: 'test', path: '/gender', value: 'male' }] });
  t.same(await refused(test), [422, 'patch-test-failed']);
});

t.test('delete', async (t) => {
  const created = await create('gone');
  const id = idOf(created);
  const gone = await client.delete({ resourceType, id });
  t.equal(statusOf(gone), 204);
  t.same(await refused(client.read({ resourceType, id })), [410, 'deleted']);
  t.same(await client.vread({ resourceType, id, version: '1' }), created);
  const options = { headers: { Prefer: 'return=OperationOutcome' } };
  const again = await client.delete({ resourceType, id: idOf(await create('told')), options });
  t.match(again, { resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] });
  t.same(await refused(client.read({ resourceType, id: 'nobody' })), [404, 'not-found']);
});

t.test('search, page by page', async (t) => {
  const made: string[] = [];
  for (let i = 0; i < 7; i++) made.push(idOf(await create(`page-${i}`, { address: [{ city: 'Pagetown' }] })));
  const searchParams = { 'address-city': 'Pagetown', _count: 3, _sort: '_lastUpdated', _total: 'accurate' };
  for (const options of [{}, { postSearch: true }]) {
    const pages = await pagesFrom(await client.search({ resourceType, searchParams, options }));
    t.same(
      pages.map((p) => [p.type, p.total, p.entry?.length]),
      [3, 3, 1].map((n) => ['searchset', 7, n]),
    );
    t.same(idsOf(pages), made);
  }
  t.equal(
    await client.nextPage({ bundle: (await client.search({ resourceType, searchParams: { _id: 'none' } })) as never }),
    undefined,
  );
  const several = await client.resourceSearch({
    resourceType,
    searchParams: { identifier: [`${system}|`, `${system}|page-3`] },
  });
  t.same(idsOf([several as unknown as Bundle]), [made[3]], 'a parameter that is repeated is an AND');
  t.same(await refused(client.search({ resourceType, searchParams: { colour: 'red' } })), [400, 'unknown-parameter']);
});

t.test('search of the whole system', async (t) => {
  const id = idOf(await create('system'));
  const searchParams = { _type: 'Patient,Observation', _id: id };
  for (const options of [{}, { postSearch: true }]) {
    t.same(idsOf([(await client.systemSearch({ searchParams, options })) as unknown as Bundle]), [id]);
  }
});

t.test('history, page by page', async (t) => {
  const created = await create('history');
  const id = idOf(created);
  for (const gender of ['female', 'other', 'unknown', 'male']) {
    await client.update({ resourceType, id, body: { ...created, gender } });
  }
  await client.delete({ resourceType, id });
  const all = (await client.history({ resourceType, id })) as unknown as Bundle;
  t.same(
    all.entry?.map((e) => [e.request?.method, e.response?.etag]),
    [
      ['DELETE', 'W/"6"'],
      ['PUT', 'W/"5"'],
      ['PUT', 'W/"4"'],
      ['PUT', 'W/"3"'],
      ['PUT', 'W/"2"'],
      ['POST', 'W/"1"'],
    ],
  );
  const pages = await pagesFrom(await client.request(`Patient/${id}/_history?_count=4`));
  t.same(
    pages.map((p) => p.entry?.length),
    [4, 2],
  );
  t.same(
    pages.flatMap((p) => p.entry),
    all.entry,
  );
  for (const bundle of [await client.history({ resourceType }), await client.history()]) {
    t.match(bundle, { type: 'history', entry: [{ request: { method: 'DELETE', url: `Patient/${id}` } }] });
  }
});

t.test('transaction', async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-555555555555';
  const observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: urn },
  };
  const body = transaction(
    entry('POST', 'Observation', observation),
    entry('POST', 'Patient', person('joined'), { fullUrl: urn }),
  ) as FhirResource;
  const answer = (await client.transaction({ body })) as unknown as Bundle;
  t.match(answer, {
    type: 'transaction-response',
    entry: [{ response: { status: /^201/ } }, { response: { status: /^201/ } }],
  });
  const [observed, joined] = answer.entry?.map((e) => e.response?.location?.split('/').at(-3)) ?? [];
  t.match(await client.read({ resourceType: 'Observation', id: String(observed) }), {
    subject: { reference: `Patient/${joined}` },
  });
  const compartment = { resourceType, id: String(joined) };
  const inCompartment = (await client.search({ resourceType: 'Observation', compartment })) as unknown as Bundle;
  t.same(
    inCompartment.entry?.map((e) => e.resource?.id),
    [observed],
  );
  const broken = transaction(
    entry('POST', 'Patient', person('never')),
    entry('POST', 'Patient', person('never', { gender: 'm' })),
  ) as FhirResource;
  t.same(await refused(client.transaction({ body: broken })), [422, 'code-not-in-value-set']);
  const search = await client.search({ resourceType, searchParams: { identifier: `${system}|never` } });
  t.same(idsOf([search as unknown as Bundle]), [], 'all or nothing');
});

t.test('batch', async (t) => {
  const body = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      entry('POST', 'Patient', person('batched')),
      entry('POST', 'Patient', person('batched', { gender: 'm' })),
      entry('GET', 'Patient/nobody'),
      entry('GET', 'metadata'),
    ],
  };
  const answer = await client.batch({ body });
  t.match(answer, {
    type: 'batch-response',
    entry: [{ response: { status: /^201/ } }, { response: { status: /^422/ } }, { response: { status: /^404/ } }, {}],
  });
});

t.test('operations', async (t) => {
  const pending = { resourceType: 'Parameters', parameter: [{ name: 'total', valueInteger: 0 }] };
  for (const method of ['GET', 'POST'] as const) {
    t.same(await client.operation({ name: 'pending-references', method }), pending, method);
  }
  t.same(await client.operation({ name: '$pending-references', method: 'GET', input: { _count: 1 } }), pending);
  const period = { periodStart: '2025-01-01', periodEnd: '2025-12-31' };
  const report = await client.operation({
    name: 'evaluate-measure',
    resourceType: 'Measure',
    id: 'cn-sh-1-signing-coverage',
    method: 'GET',
    input: period,
  });
  t.match(report, { resourceType: 'MeasureReport', type: 'summary', period: { start: /^2025-01-01/ } });
  const parameter = [
    { name: 'measure', valueString: 'https://fhir.changning.example/Measure/cn-sh-1-signing-coverage' },
    { name: 'periodStart', valueDate: period.periodStart },
    { name: 'periodEnd', valueDate: period.periodEnd },
  ];
  const posted = await client.operation({
    name: '$evaluate-measure',
    resourceType: 'Measure',
    input: { resourceType: 'Parameters', parameter },
  });
  t.same({ ...posted, date: '' }, { ...report, date: '' }, 'POST says the same as GET');
  t.same(await refused(client.operation({ name: 'nothing', method: 'GET' })), [404, 'unknown-operation']);
});

t.test('capability statement', async (t) => {
  const statement = await client.capabilityStatement();
  t.match(statement, { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' });
  const tool = new CapabilityTool(statement);
  for (const code of ['create', 'read', 'vread', 'update', 'patch', 'delete', 'search-type', 'history-instance']) {
    t.ok(tool.resourceCan('Patient', code), code);
  }
});
