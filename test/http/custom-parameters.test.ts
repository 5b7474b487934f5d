import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { firstPlace, indexAnew, pageIndexer } from '#operations/search-parameters/indexing-pass.ts';
import { unrestricted } from '#security/rights.ts';
import { openFile } from '#test/contract/opened.ts';
import { startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { entry, patient, startOn, startServer, transaction } from './harness.ts';
import { keepAlive } from './keep-alive.ts';

const marital = (more: object = {}) => ({
  resourceType: 'SearchParameter',
  id: 'marital',
  url: 'https://h.example/SearchParameter/marital',
  name: 'Marital',
  status: 'active',
  description: 'Marital status',
  code: 'marital',
  base: ['Patient'],
  type: 'token',
  expression: 'Patient.maritalStatus',
  ...more,
});

const married = (id: string, code = 'M') => patient({ id, maritalStatus: { coding: [{ system: 'urn:m', code }] } });
const single = { maritalStatus: { coding: [{ system: 'urn:m', code: 'S' }] } };

/** Asks until the server says that the parameter is ready. */
async function whenReady<T extends { readonly status: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ids = ({
  body,
}: {
  readonly body: { readonly entry?: readonly { readonly resource: { readonly id: string } }[] };
}) => (body.entry ?? []).map((e) => e.resource.id).sort();

t.test('our own parameters are ready from the first start', async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  const street = 'https://fhir.changning.example/StructureDefinition/cn-sh-street';
  const streets = 'https://fhir.changning.example/CodeSystem/cn-sh-street-cs';
  const types = 'https://fhir.changning.example/CodeSystem/cn-sh-episode-type-cs';
  const coded = { url: street, valueCoding: { system: streets, code: '310105001' } };
  const identifier = [
    { system: 'urn:oid:2.16.156.10011.1.3', value: '11010519491231002X' },
    { system: 'urn:oid:2.16.156.10011.1.2', value: '31010500100100001' },
  ];
  const signing = (id: string, who: string, code: string) => ({
    resourceType: 'EpisodeOfCare',
    id,
    status: 'active',
    type: [{ coding: [{ system: types, code }] }],
    patient: { reference: `Patient/${who}` },
    managingOrganization: { reference: 'Organization/chc-01' },
  });
  const bundle = transaction(
    entry('PUT', 'Patient/a', patient({ id: 'a', identifier, address: [{ extension: [coded] }] })),
    entry('PUT', 'Patient/b', patient({ id: 'b', name: [{ text: '李四' }] })),
    entry('PUT', 'EpisodeOfCare/a', signing('a', 'a', 'family-doctor')),
    entry('PUT', 'EpisodeOfCare/b', signing('b', 'b', 'hypertension')),
  );
  t.equal((await ask('POST', '', bundle)).status, 200);
  const searches = [
    'Patient?resident-id=11010519491231002X',
    'Patient?archive-number=31010500100100001',
    `Patient?street=${streets}|310105001`,
    'Patient?street=310105001',
    'Patient?_has:EpisodeOfCare:patient:signing-chc=Organization/chc-01',
    'EpisodeOfCare?signing-chc=chc-01',
    'Patient?pinyin=zhangsan',
  ];
  for (const search of searches) {
    const found = await ask('GET', `/${search}`);
    t.equal(found.status, 200, `${search} ${found.text.slice(0, 300)}`);
    t.strictSame(ids(found), ['a'], search);
  }
  t.strictSame(ids(await ask('GET', '/Patient?resident-id=31010500100100001')), [], 'a number of another kind');
  t.equal((await ask('GET', '/SearchParameter/resident-id')).body.status, 'active');
});

/** A server of this process whose store outlives it; the tests hold up its indexing by its lease. */
async function start(file: string) {
  const { ask, context, stop } = await startOn(file);
  const hold = (ms: number) => context.store.shelf.lease('indexing', 'test', ms);
  return { ask, hold, stop };
}

t.test('a parameter is searched by when all is indexed, also after a restart', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-custom-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'test.db');
  const first = await start(file);
  const stood = Array.from({ length: 250 }, (_, i) =>
    entry('PUT', `Patient/p${i}`, married(`p${i}`, i === 7 ? 'M' : 'S')),
  );
  t.equal((await first.ask('POST', '', transaction(...stood))).status, 200);
  t.equal((await first.ask('GET', '/Patient?marital=M')).status, 400, 'unknown');
  t.ok(await first.hold(600_000));
  t.equal((await first.ask('POST', '/SearchParameter', marital({ id: undefined }))).status, 201);
  const refused = await first.ask('GET', '/Patient?marital=M');
  t.equal(refused.status, 503);
  t.match(refused.body.issue, [
    { code: 'transient', diagnostics: /"marital" of Patient is being indexed: 0 % are done/ },
  ]);
  t.equal((await first.ask('PUT', '/Patient/later', married('later'))).status, 201);
  t.match(
    (await first.ask('GET', '/metadata')).body.rest[0].resource.find((r: { type: string }) => r.type === 'Patient'),
    { documentation: /`marital`/ },
    'the CapabilityStatement tells of it',
  );
  await first.stop();

  const second = await start(file);
  t.equal((await second.ask('GET', '/Patient?marital=M')).status, 503, 'a restart does not make it ready');
  t.ok(await second.hold(0), 'the other process is done');
  const found = await whenReady(() => second.ask('GET', '/Patient?marital=M'));
  t.strictSame(ids(found), ['later', 'p7'], 'what stood there, and what came later');
  const { versionId } = (await second.ask('GET', '/Patient/p7')).body.meta;
  t.equal(versionId, '1', 'indexing makes no version');
  const told = (await second.ask('GET', '/metadata')).body.rest[0].resource.find(
    (r: { type: string }) => r.type === 'Patient',
  );
  t.match(
    told.searchParam.find((p: { name: string }) => p.name === 'marital'),
    { definition: marital().url, type: 'token' },
  );
  await second.stop();

  const third = await start(file);
  t.strictSame(ids(await third.ask('GET', '/Patient?marital=M')), ['later', 'p7'], 'ready at once');
  await third.stop();
});

t.test('changes and deletions take effect', async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  const search = (query: string) => whenReady(() => ask('GET', `/Patient?${query}`));
  t.equal((await ask('PUT', '/Patient/m', married('m'))).status, 201);
  t.equal((await ask('PUT', '/SearchParameter/marital', marital({ status: 'draft' }))).status, 201);
  t.equal((await search('marital=M')).status, 400, 'a draft is not in force');
  t.equal((await ask('PUT', '/SearchParameter/marital', marital())).status, 200);
  t.strictSame(ids(await search('marital=M')), ['m']);
  t.equal((await ask('PUT', '/SearchParameter/marital', marital({ expression: 'Patient.gender' }))).status, 200);
  t.strictSame(ids(await search('marital=male')), ['m'], 'another expression');
  t.strictSame(ids(await search('marital=M')), [], 'and no entry of the old one');
  t.equal((await ask('PUT', '/SearchParameter/marital', marital({ code: 'wed' }))).status, 200);
  t.strictSame(ids(await search('wed=M')), ['m'], 'another code');
  t.equal((await search('marital=M')).status, 400);
  t.equal((await ask('DELETE', '/SearchParameter/marital')).status, 204);
  t.equal((await search('wed=M')).status, 400, 'withdrawn');
  t.equal((await ask('PUT', '/Patient/n', married('n'))).status, 201);
  const both = transaction(
    entry('PUT', 'SearchParameter/marital', marital()),
    entry('PUT', 'Patient/o', { ...married('o'), id: 'o' }),
    entry('PUT', 'Patient/s', patient({ id: 's', ...single })),
  );
  t.equal((await ask('POST', '', both)).status, 200);
  t.strictSame(ids(await search('marital=M')), ['m', 'n', 'o'], 'with what was written while it was gone');
});

t.test('what was written while a parameter was gone is found, though a pass for it was half done', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-half-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { ask, context, stop } = await startOn(join(folder, 'test.db'));
  t.teardown(stop);
  const { store, parameters, index } = context;
  const stood = Array.from({ length: 250 }, (_, i) => entry('PUT', `Patient/p${i}`, married(`p${i}`, 'S')));
  t.equal((await ask('POST', '', transaction(...stood))).status, 200);
  const lease = await store.shelf.lease('indexing', 'test', 600_000);
  if (lease === undefined) throw new Error('no lease');
  t.equal((await ask('PUT', '/SearchParameter/marital', marital())).status, 201);
  // As a process leaves it that is ended after the first page of its pass.
  await parameters.refresh();
  const page = await indexAnew(pageIndexer({ store, index }), {}, await firstPlace(store, ['Patient'])).next();
  const indexing = JSON.stringify({ parameters: { marital: parameters.hashes.marital }, place: page.value });
  const note = { guards: [], writes: [], references: 'lenient', rights: unrestricted, settings: { indexing } } as const;
  t.ok('versions' in (await store.transact(note)));
  for (const without of ['DELETE', 'PUT']) {
    const away = without === 'PUT' ? marital({ expression: 'Patient.gender' }) : undefined;
    t.match(await ask(without, '/SearchParameter/marital', away), { status: without === 'PUT' ? 200 : 204 });
    t.equal((await ask('PUT', `/Patient/${without}`, married(without))).status, 201);
    t.equal((await ask('PUT', '/Patient/p0', married('p0'))).status, 200);
    t.equal((await ask('PUT', '/SearchParameter/marital', marital())).status, without === 'PUT' ? 200 : 201);
    if (without === 'DELETE') t.ok('versions' in (await store.transact(note)), 'another process went on meanwhile');
  }
  await store.shelf.release(lease);
  const found = await whenReady(() => ask('GET', '/Patient?marital=M'));
  t.strictSame(ids(found), ['DELETE', 'PUT', 'p0']);
});

t.test('what its definition limits is limited', async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  const limited = { modifier: ['not'], multipleOr: false, multipleAnd: false };
  t.equal((await ask('PUT', '/SearchParameter/marital', marital(limited))).status, 201);
  const cases = [
    ['marital=M', 200],
    ['marital:not=M', 200],
    ['marital:missing=true', 400],
    ['marital=M,S', 400],
    ['marital=M&marital=S', 400],
  ] as const;
  for (const [query, status] of cases) {
    t.equal((await whenReady(() => ask('GET', `/Patient?${query}`))).status, status, query);
  }
});

t.test('a bad one is refused with all its problems, and changes nothing', async (t) => {
  const { ask, stop } = await startServer();
  t.teardown(stop);
  const bad = marital({ code: 'name', base: ['Patient', 'Man'], expression: 'Patient.nothing', target: ['Woman'] });
  const places = ['base[1]', 'target[0]', 'code', 'expression'];
  for (const [method, path, body, at] of [
    ['PUT', '/SearchParameter/marital', bad, 'SearchParameter'],
    ['POST', '', transaction(entry('POST', 'SearchParameter', bad)), 'Bundle.entry[0].resource'],
  ] as const) {
    const refused = await ask(method, path, body);
    t.equal(refused.status, 422);
    const told = refused.body.issue.map((i: { expression: string[] }) => i.expression[0]);
    t.strictSame(told.sort(), places.map((place) => `${at}.${place}`).sort());
  }
  t.equal((await ask('GET', '/SearchParameter/marital')).status, 404);
  t.equal((await ask('GET', '/Patient?marital=M')).status, 400);
  t.equal((await ask('GET', '/Patient?name=x')).status, 200);
  const good = await ask('PUT', '/SearchParameter/marital', marital());
  t.equal(good.status, 201);
  const patched = await ask(
    'PATCH',
    '/SearchParameter/marital',
    JSON.stringify([{ op: 'replace', path: '/expression', value: "Patient.id.matches('.*')" }]),
    { 'content-type': 'application/json-patch+json' },
  );
  t.equal(patched.status, 422);
  t.match(patched.body.issue, [{ expression: ['SearchParameter.expression'] }]);
});

t.test('a store that another program indexed is indexed anew before it is served', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-index-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'test.db');
  const first = await start(file);
  t.equal((await first.ask('PUT', '/Patient/a', married('a'))).status, 201);
  await first.stop();
  const { store } = await openFile(file);
  const settings = { index: 'that of another program' };
  await store.transact({ guards: [], writes: [], references: 'lenient', rights: unrestricted, settings });
  await store.reindex([{ type: 'Patient', id: 'a', version: 1, index: { entries: [], patients: [] } }], {});
  await store.close();
  const second = await start(file);
  t.strictSame(ids(await second.ask('GET', '/Patient?gender=male')), ['a']);
  t.strictSame(ids(await second.ask('GET', '/Patient?pinyin=zs')), ['a'], 'and by our own');
  await second.stop();
});

t.test('while another version of the program indexes the store, what needs no index is answered', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-other-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { ask, base, context, stop } = await startOn(join(folder, 'test.db'), { HUFHIR_LOG_LEVEL: 'silent' });
  t.equal((await ask('PUT', '/Patient/a', married('a'))).status, 201);
  const settings = { index: 'another 0' };
  const change = {
    guards: [],
    writes: [],
    references: 'lenient',
    rights: unrestricted,
    settings,
    raises: true,
  } as const;
  t.ok('versions' in (await context.store.transact(change)));
  for (const [method, path, status] of [
    ['GET', '/Patient/a', 200],
    ['GET', '/Patient?gender=male', 503],
    ['PUT', '/Patient/a', 503],
    ['GET', '/metadata', 503],
  ] as const) {
    const answer = await ask(method, path, method === 'PUT' ? married('a') : undefined);
    t.equal(answer.status, status, path);
    if (status === 503) t.equal(answer.headers.get('retry-after'), '1');
  }
  const described = await fetch(base.replace(/fhir$/, 'openapi.json'));
  t.equal(described.status, 200, 'the API is described by what is in force here');
  await described.text();
  await stop();
});

/** A server with two threads, in a process of its own, and a client of it. */
async function startTwo(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-custom-large-'));
  const server = await startServe(folder, { HUFHIR_LARGE_BODY: String(threshold) });
  const { ask, close } = keepAlive(server.base, 8);
  t.teardown(async () => {
    close();
    server.child.kill('SIGTERM');
    await server.ended;
    rmSync(folder, { recursive: true });
  });
  return async (method: string, path: string, body?: object) => {
    const { status, text } = await ask(method, path, body);
    return { status, body: text === '' ? undefined : JSON.parse(text) };
  };
}

/** Bytes from which on a body goes to the other thread. */
const threshold = 20_000;

const div = `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(threshold)}</div>`;
const large = (id: string) => ({ ...married(id), text: { status: 'generated', div } });

t.test('both threads know the parameters', async (t) => {
  const ask = await startTwo(t);
  const search = (query: string) => whenReady(() => ask('GET', `/Patient?${query}`));

  t.equal((await ask('PUT', '/Patient/before', large('before'))).status, 201, 'the thread has started');
  t.equal((await ask('PUT', '/SearchParameter/marital', marital())).status, 201, 'defined here');
  t.equal((await ask('PUT', '/Patient/there', large('there'))).status, 201, 'indexed there');
  t.strictSame(ids(await search('marital=M')), ['before', 'there']);

  const url = 'https://h.example/SearchParameter/wed';
  const defining = transaction(
    entry('PUT', 'SearchParameter/wed', marital({ id: 'wed', code: 'wed', url })),
    entry('PUT', 'Patient/with', large('with')),
  );
  t.equal((await ask('POST', '', defining)).status, 200, 'defined there');
  t.equal((await ask('PUT', '/Patient/here', married('here'))).status, 201, 'indexed here');
  t.strictSame(ids(await search('wed=M')), ['before', 'here', 'there', 'with']);
  const conditional = { ...large('x'), id: undefined };
  const batch = {
    ...transaction(entry('POST', 'Patient', conditional, { ifNoneExist: 'wed=M&_id=here' })),
    type: 'batch',
  };
  t.match((await ask('POST', '', batch)).body.entry, [{ response: { status: '200' } }], 'searched by there');
});

t.test('what is being written when a parameter comes is found by it', async (t) => {
  const ask = await startTwo(t);
  const search = (query: string) => whenReady(() => ask('GET', `/Patient?_count=100&${query}`));
  const written: string[] = [];
  for (let round = 0; round < sized(4, 8); round++) {
    const code = `round-${round}`;
    const names = Array.from({ length: 6 }, (_, i) => `${code}-${i}`);
    const url = `https://h.example/SearchParameter/${code}`;
    const patients = names.map((id, i) => ask('PUT', `/Patient/${id}`, i % 2 === 0 ? large(id) : married(id)));
    const defined = ask('PUT', `/SearchParameter/${code}`, marital({ id: code, code, url }));
    for (const { status } of await Promise.all([...patients, defined])) t.equal(status, 201);
    written.push(...names);
    t.strictSame(ids(await search(`${code}=M`)), written.toSorted(), code);
  }
});
