import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const system = 'urn:example:again';
const known = (value: string) => patient({ identifier: [{ system, value }] });
const urn = 'urn:uuid:6c2f7a00-1f53-4a7e-9b1d-000000000001';
const whole = { prefer: 'return=representation' };
const observation = (more: Record<string, unknown> = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const patchOf = (operations: unknown) => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

t.test('http.html#patch: what a patch refers to is there, also where it is planned again', async (t) => {
  for (let round = 0; round < 20; round++) {
    const value = `race-${round}`;
    const id = `o-${round}`;
    await ask('PUT', `/Observation/${id}`, { ...observation(), id });
    const subject = [{ op: 'add', path: '/subject', value: { reference: urn } }];
    const bundle = transaction(
      entry('POST', 'Patient', known(value), { fullUrl: urn, ifNoneExist: `identifier=${system}|${value}` }),
      entry('PATCH', `Observation/${id}`, patchOf(subject)),
    );
    const rival = ask('POST', '/Patient', known(value), { 'if-none-exist': `identifier=${system}|${value}` });
    const [reply] = await Promise.all([ask('POST', '', bundle), rival]);
    t.equal(reply.status, 200, reply.text);
    const { body } = await ask('GET', `/Observation/${id}`);
    t.equal((await ask('GET', `/${body.subject.reference}`)).status, 200, body.subject.reference);
  }
});

t.test('http.html#concurrency: those who lost a resource to each other take turns', async (t) => {
  await ask('PUT', '/Patient/turns', { ...known('turns'), id: 'turns' });
  const add = (i: number) => [{ op: 'add', path: '/name/-', value: { text: `n${i}` } }];
  const entries = Array.from({ length: 32 }, (_, i) => entry('PATCH', 'Patient/turns', patchOf(add(i))));
  const reply = await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry: entries });
  const statuses = new Set(reply.body.entry.map((e: { response: { status: string } }) => e.response.status));
  t.same([...statuses], ['200']);
  const { body } = await ask('GET', '/Patient/turns');
  t.equal(body.name.length, 33, 'none is lost');
  const updates = Array.from({ length: 32 }, () =>
    ask('PUT', `/Patient?identifier=${system}|turns`, known('turns')).then((r) => r.status),
  );
  t.same([...new Set(await Promise.all(updates))], [200]);
});

t.test('http.html#trules: conditional references see resources as they will be', async (t) => {
  await ask('PUT', '/Patient/seen', { ...known('seen'), id: 'seen' });
  const encounter = {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: urn },
  };
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', known('seen'), { fullUrl: urn, ifNoneExist: `identifier=${system}|seen` }),
      entry('POST', 'Encounter', encounter),
      entry('POST', 'Observation', observation({ encounter: { reference: 'Encounter?patient=Patient/seen' } })),
    ),
    whole,
  );
  t.equal(reply.status, 200, reply.text);
  const [, made, about] = reply.body.entry;
  t.equal(about.resource.encounter.reference, `Encounter/${made.resource.id}`);
});

t.test('bundle.html#references: a relative reference to a version counts from the base of its entry', async (t) => {
  const base = 'http://his.example/fhir';
  const subject = { reference: 'Patient/p1/_history/7' };
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', known('sibling'), { fullUrl: `${base}/Patient/p1` }),
      entry('POST', 'Observation', observation({ subject }), { fullUrl: `${base}/Observation/o1` }),
    ),
    whole,
  );
  const [made, about] = reply.body.entry;
  t.equal(about.resource.subject.reference, `Patient/${made.resource.id}/_history/1`);
});

t.test('http.html#cdelete: If-Match asks for a match', async (t) => {
  const reply = await ask('DELETE', `/Patient?identifier=${system}|nobody`, undefined, { 'if-match': '*' });
  t.equal(reply.status, 412);
  t.equal(reply.body.issue[0].details.coding[0].code, 'version-conflict');
});

t.test('a reference that must exist is named where it stands', async (t) => {
  const strict = await startServer({ HUFHIR_REFERENCES: 'strict' });
  t.teardown(() => strict.stop());
  const reply = await strict.ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', known('one')),
      entry('POST', 'Observation', observation({ subject: { reference: 'Patient/none' } })),
    ),
  );
  t.equal(reply.status, 422);
  t.same(reply.body.issue[0].expression, ['Bundle.entry[1].resource.subject.reference']);
});

t.test('what a transaction deletes is no match, however much it deletes', async (t) => {
  const ids = Array.from({ length: 300 }, (_, i) => `gone-${i}`);
  const put = (id: string) => entry('PUT', `Patient/${id}`, { ...known(id), id });
  t.equal((await ask('POST', '', transaction(...ids.map(put)))).status, 200);
  const reply = await ask(
    'POST',
    '',
    transaction(
      ...ids.map((id) => entry('DELETE', `Patient/${id}`)),
      ...ids.map((id) => entry('POST', 'Patient', known(id), { ifNoneExist: `identifier=${system}|${id}` })),
    ),
  );
  const statuses = reply.body.entry.map((e: { response: { status: string } }) => e.response.status);
  t.same([...new Set(statuses.slice(0, 300))], ['204']);
  t.same([...new Set(statuses.slice(300))], ['201']);
});
