import t from 'tap';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';

const server = await startServer();
/** The bundles of these tests come back whole. */
const ask: typeof server.ask = (method, path, body, headers) =>
  server.ask(method, path, body, { prefer: 'return=representation', ...headers });
t.teardown(() => server.stop());

const system = 'urn:example:number';
const known = (value: string) => patient({ identifier: [{ system, value }] });
const observation = (subject: unknown) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject,
});

const statuses = (reply: Reply): string[] =>
  reply.body.entry?.map((e: { response: { status: string } }) => e.response.status) ?? [reply.text];

async function total(path: string): Promise<number> {
  return (await ask('GET', `${path}${path.includes('?') ? '&' : '?'}_total=accurate&_count=0`)).body.total;
}

t.test('http.html#trules: references between entries become those of the stored resources', async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-111111111111';
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Observation', {
        ...observation({ reference: urn }),
        text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn}">he</a></div>` },
        extension: [{ url: 'http://x.example/e', valueUri: urn }],
        identifier: [{ system: 'urn:ietf:rfc:3986', value: urn }],
      }),
      entry('POST', 'Patient', patient(), { fullUrl: urn }),
    ),
  );
  t.equal(reply.status, 200);
  t.equal(reply.body.type, 'transaction-response');
  const [first, second] = reply.body.entry;
  t.equal(first.response.status, '201');
  t.match(second.response.location, /\/Patient\/[^/]+\/_history\/1$/);
  const target = `Patient/${second.resource.id}`;
  t.equal(first.resource.subject.reference, target);
  t.equal(first.resource.extension[0].valueUri, target);
  t.match(first.resource.text.div, `href="${target}"`);
  t.equal(first.resource.identifier[0].value, urn, 'an identifier is not a reference');
});

t.test('bundle.html#references: a relative reference counts from the base of its entry', async (t) => {
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', patient(), { fullUrl: 'http://his.example/fhir/Patient/77' }),
      entry('POST', 'Observation', observation({ reference: 'Patient/77' }), {
        fullUrl: 'http://his.example/fhir/Observation/1',
      }),
      entry('POST', 'Observation', observation({ reference: 'http://his.example/fhir/Patient/77' })),
    ),
  );
  const [p, a, b] = reply.body.entry;
  t.equal(a.resource.subject.reference, `Patient/${p.resource.id}`);
  t.equal(b.resource.subject.reference, `Patient/${p.resource.id}`);
});

t.test(
  'http.html#trules: DELETE, POST, PUT, GET, whatever the places; answers in the places of the entries',
  async (t) => {
    await ask('PUT', '/Patient/order-1', patient({ id: 'order-1' }));
    const reply = await ask(
      'POST',
      '',
      transaction(
        entry('GET', 'Patient/order-2'),
        entry('PUT', 'Patient/order-2', patient({ id: 'order-2' })),
        entry('GET', `Patient?identifier=${system}|order-3&_total=accurate`),
        entry('POST', 'Patient', known('order-3')),
        entry('DELETE', 'Patient/order-1'),
      ),
    );
    t.equal(reply.status, 200);
    t.same(
      reply.body.entry.map((e: { response: { status: string } }) => e.response.status),
      ['200', '201', '200', '201', '204'],
    );
    t.equal(reply.body.entry[0].resource.id, 'order-2');
    t.equal(reply.body.entry[2].resource.total, 1, 'a search sees what the transaction commits');
  },
);

t.test('http.html#ccreate: If-None-Exist with no, one and several matches', async (t) => {
  const header = { 'if-none-exist': `identifier=${system}|cc` };
  const first = await ask('POST', '/Patient', known('cc'), header);
  t.equal(first.status, 201);
  const second = await ask('POST', '/Patient', known('cc'), header);
  t.equal(second.status, 200);
  t.equal(second.body.id, first.body.id);
  t.equal(second.body.meta.versionId, '1', 'nothing was written');
  await ask('POST', '/Patient', known('cc'));
  const third = await ask('POST', '/Patient', known('cc'), header);
  t.equal(third.status, 412);
  t.equal(third.body.issue[0].code, 'multiple-matches');
  t.notMatch(third.text, '|cc', 'the criteria may name a resident');
});

t.test('http.html#ccreate in a transaction: references lead to the match', async (t) => {
  const one = await ask('POST', '/Patient', known('match'));
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-222222222222';
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', known('match'), { fullUrl: urn, ifNoneExist: `identifier=${system}|match` }),
      entry('POST', 'Observation', observation({ reference: urn })),
      entry('POST', 'Observation', observation({ reference: `Patient?identifier=${system}|match` })),
    ),
  );
  t.equal(reply.body.entry[0].response.status, '200');
  for (const i of [1, 2]) t.equal(reply.body.entry[i].resource.subject.reference, `Patient/${one.body.id}`);
});

t.test('http.html#trules: DELETE comes before POST, POST before PUT', async (t) => {
  const criterion = `identifier=${system}|first`;
  const old = await ask('POST', '/Patient', known('first'));
  await ask('PUT', '/Patient/put-last', patient({ id: 'put-last' }));
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('PUT', 'Patient/put-last', patient({ id: 'put-last' })),
      entry('POST', 'Patient', known('first'), { ifNoneExist: criterion }),
      entry('DELETE', `Patient/${old.body.id}`),
    ),
  );
  t.same(statuses(reply), ['200', '201', '204'], 'what is deleted is no match');
  t.not(reply.body.entry[1].resource.id, old.body.id);
  t.equal(await total(`/Patient?${criterion}`), 1);
  const { body } = await ask('GET', '/_history?_count=3');
  t.same(
    body.entry.map((e: { request: { method: string } }) => e.request.method),
    ['PUT', 'POST', 'DELETE'],
    'newest first',
  );
  const again = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', known('first'), { ifNoneExist: criterion }),
      entry('POST', 'Observation', observation({ reference: `Patient?${criterion}` })),
      entry('DELETE', `Patient/${old.body.id}`),
    ),
  );
  t.same(statuses(again), ['200', '201', '204']);
  const gone = transaction(
    entry('DELETE', `Patient/${reply.body.entry[1].resource.id}`),
    entry('POST', 'Observation', observation({ reference: `Patient?${criterion}` })),
  );
  t.equal((await ask('POST', '', gone)).status, 412, 'a conditional reference does not lead to it either');
});

t.test('http.html#ccreate: the criteria in every spelling', async (t) => {
  const url = { identifier: [{ system: 'http://x.example/y?z=1', value: '5' }] };
  const value = 'identifier=http://x.example/y?z=1|5';
  const first = await ask('POST', '', transaction(entry('POST', 'Patient', patient(url), { ifNoneExist: value })));
  t.same(statuses(first), ['201']);
  for (const ifNoneExist of [value, `?${value}`, `Patient?${value}`, `${value}&_count=1`, encodeURI(value)]) {
    const reply = await ask('POST', '', transaction(entry('POST', 'Patient', patient(url), { ifNoneExist })));
    t.same(statuses(reply), ['200'], ifNoneExist);
  }
  const header = await ask('POST', '/Patient', patient(url), { 'if-none-exist': `Patient?${value}` });
  t.equal(header.status, 200);
});

t.test('http.html#trules: resolved identities may not overlap', async (t) => {
  const one = await ask('PUT', '/Patient/twin', { ...known('twin'), id: 'twin' });
  const at = 'Bundle.entry[1].request.ifNoneExist';
  const create = (value: string, criterion = `identifier=${system}|${value}`) =>
    entry('POST', 'Patient', known(value), { ifNoneExist: criterion });
  const fresh = transaction(
    create('fresh'),
    create('fresh', `Patient?identifier=${encodeURIComponent(`${system}|fresh`)}`),
  );
  const update = transaction(entry('PUT', 'Patient/twin', { ...known('twin'), id: 'twin' }), create('twin'));
  for (const bundle of [fresh, update]) {
    const reply = await ask('POST', '', bundle);
    t.equal(reply.status, 400);
    t.same(reply.body.issue[0].expression, [at]);
    t.equal(reply.body.issue[0].details.coding[0].code, 'duplicate-target');
    t.notMatch(reply.text, '|fresh', 'the criteria may name a resident');
  }
  t.equal(await total(`/Patient?identifier=${system}|fresh`), 0);
  t.same(statuses(await ask('POST', '', transaction(create('twin'), create('twin')))), ['200', '200']);
  t.equal((await ask('GET', '/Patient/twin')).text, one.text, 'nothing was written');
});

t.test('a conditional create and a rival that deletes: a Patient or nothing, never a broken answer', async (t) => {
  const body = transaction(entry('POST', 'Patient', known('rival'), { ifNoneExist: `identifier=${system}|rival` }));
  let { id } = (await ask('POST', '/Patient', known('rival'))).body;
  for (let i = 0; i < 20; i++) {
    const [reply] = await Promise.all([ask('POST', '', body), ask('DELETE', `/Patient/${id}`)]);
    t.equal(reply.status, 200);
    t.equal(reply.body.entry[0].resource.resourceType, 'Patient');
    id = (await ask('POST', '', body)).body.entry[0].resource.id;
  }
});

t.test('http.html#trules: what a transaction reads succeeds or fails with it', async (t) => {
  await ask('PUT', '/Patient/here', patient({ id: 'here' }));
  const bad: [url: string, status: number, text: RegExp][] = [
    ['Patient?colour=red', 400, /"colour" is not defined/],
    ['Patient?birthdate=2025-02-30', 400, /2025-02-30/],
    ['Patient/_history?colour=red', 400, /colour/],
    ['Patient/here?colour=red', 400, /colour/],
    ['Patient/none', 404, /does not exist/],
    ['Patient/none/_history', 404, /does not exist/],
    ['Patient/here/_history/7', 404, /no version 7/],
    ['Patient/to-delete', 410, /was deleted/],
    ['Measure/$evaluate-measure', 400, /operation \$evaluate-measure is not supported/],
  ];
  await ask('PUT', '/Patient/to-delete', patient({ id: 'to-delete' }));
  const before = await total('/Patient');
  for (const [url, status, text] of bad) {
    const reply = await ask(
      'POST',
      '',
      transaction(entry('POST', 'Patient', patient()), entry('GET', url), entry('DELETE', 'Patient/to-delete')),
    );
    t.equal(reply.status, status, url);
    t.match(reply.body.issue[0].diagnostics, text, url);
    t.same(reply.body.issue[0].expression, ['Bundle.entry[1].request.url'], url);
  }
  t.equal(await total('/Patient'), before, 'nothing was stored');
  const good = transaction(
    entry('GET', 'Patient/here'),
    entry('GET', 'Patient/new-here/_history'),
    entry('PUT', 'Patient/new-here', patient({ id: 'new-here' })),
    entry('PUT', 'Patient/here', patient({ id: 'here', gender: 'female' })),
  );
  const reply = await ask('POST', '', good);
  t.same(statuses(reply), ['200', '200', '201', '200']);
  t.equal(reply.body.entry[0].resource.gender, 'female', 'the state after the commit');
});

t.test('http.html#trules: elements of type uri in lists lead to the stored resources', async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-444444444444';
  const carePlan = { resourceType: 'CarePlan', status: 'active', intent: 'plan', subject: { display: 'x' } };
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'CarePlan', { ...carePlan, instantiatesUri: ['http://x.example/plan', urn] }),
      entry('POST', 'Basic', { resourceType: 'Basic', code: { text: 'x' } }, { fullUrl: urn }),
    ),
  );
  const [plan, basic] = reply.body.entry;
  t.same(plan.resource.instantiatesUri, ['http://x.example/plan', `Basic/${basic.resource.id}`]);
});

t.test('bundle.html: a stored Bundle keeps the references between its entries', async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-555555555555';
  const sent = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ fullUrl: urn, resource: patient() }, { resource: observation({ reference: urn }) }],
  };
  const reply = await ask('POST', '/Bundle', sent);
  t.equal(reply.status, 201);
  t.same(reply.body.entry, sent.entry);
});

t.test('32 transactions create one Patient if none exists: one is made', async (t) => {
  const body = transaction(entry('POST', 'Patient', known('race'), { ifNoneExist: `identifier=${system}|race` }));
  const replies = await Promise.all(Array.from({ length: 32 }, () => ask('POST', '', body)));
  t.ok(
    replies.every((r) => r.status === 200),
    replies.find((r) => r.status !== 200)?.text ?? 'all stored',
  );
  t.equal(replies.filter((r) => r.body.entry[0].response.status === '201').length, 1);
  t.equal(await total(`/Patient?identifier=${system}|race`), 1);
});

t.test('a batch succeeds and fails one by one', async (t) => {
  const reply = await ask('POST', '', {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      entry('PUT', 'Patient/batch-1', patient({ id: 'batch-1' })),
      entry('PUT', 'Patient/batch-2', { resourceType: 'Patient', id: 'batch-2', colour: 'red' }),
      entry('GET', 'Patient/none'),
      entry('POST', 'Observation', observation({ reference: 'Patient/batch-1' })),
      { resource: patient() },
    ],
  });
  t.equal(reply.status, 200);
  t.equal(reply.body.type, 'batch-response');
  t.same(
    reply.body.entry.map((e: { response: { status: string } }) => e.response.status),
    ['201', '422', '404', '201', '400'],
  );
  t.same(reply.body.entry[1].response.outcome.issue[0].expression, ['Bundle.entry[1].resource.colour']);
});

t.test('a transaction with one bad entry stores nothing, and names every problem', async (t) => {
  const before = await total('/Patient');
  const reply = await ask(
    'POST',
    '',
    transaction(
      entry('POST', 'Patient', patient()),
      entry('POST', 'Patient', patient({ gender: 'm' })),
      entry('POST', 'Observation', { resourceType: 'Observation', status: 'final' }),
      entry('PUT', 'Patient/a', patient({ id: 'b' })),
    ),
  );
  t.equal(reply.status, 422);
  t.same(
    reply.body.issue
      .filter((i: { severity: string }) => i.severity === 'error')
      .map((i: { expression: string[] }) => i.expression[0]),
    ['Bundle.entry[1].resource.gender', 'Bundle.entry[2].resource.code', 'Bundle.entry[3].resource.id'],
  );
  t.equal(await total('/Patient'), before);
});

t.test('what a transaction refuses, with the element', async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-333333333333';
  await ask('POST', '/Patient', known('twice'));
  await ask('POST', '/Patient', known('twice'));
  const subject = 'Bundle.entry[0].resource.subject.reference';
  const cases: [name: string, bundle: unknown, status: number, expression: string, text: RegExp][] = [
    [
      'no match',
      transaction(entry('POST', 'Observation', observation({ reference: `Patient?identifier=${system}|none` }))),
      412,
      subject,
      /no resource.*exactly one/,
    ],
    [
      'several',
      transaction(entry('POST', 'Observation', observation({ reference: `Patient?identifier=${system}|twice` }))),
      412,
      subject,
      /several/,
    ],
    [
      'no filter',
      transaction(entry('POST', 'Observation', observation({ reference: 'Patient?_count=1' }))),
      400,
      subject,
      /no search parameter/,
    ],
    [
      'unknown parameter',
      transaction(entry('POST', 'Observation', observation({ reference: 'Patient?colour=red' }))),
      400,
      subject,
      /"colour" is not defined for Patient/,
    ],
    [
      'unknown urn',
      transaction(entry('POST', 'Observation', observation({ reference: urn }))),
      400,
      subject,
      /names no fullUrl of this bundle/,
    ],
    [
      'same target',
      transaction(entry('PUT', 'Patient/t', patient({ id: 't' })), entry('DELETE', 'Patient/t')),
      400,
      'Bundle.entry[1].request.url',
      /more than one entry/,
    ],
    [
      'same fullUrl',
      transaction(
        entry('POST', 'Patient', patient(), { fullUrl: urn }),
        entry('POST', 'Patient', patient(), { fullUrl: urn }),
      ),
      400,
      'Bundle.entry[1].fullUrl',
      /more than one entry/,
    ],
    [
      'type',
      { resourceType: 'Bundle', type: 'collection' },
      400,
      'Bundle.type',
      /"collection"; expected transaction or batch/,
    ],
    ['method', transaction({ request: { url: 'Patient' } }), 400, 'Bundle.entry[0].request.method', /no method/],
    [
      'url',
      transaction(entry('POST', 'Patint', patient())),
      404,
      'Bundle.entry[0].request.url',
      /"Patint" is not a resource type/,
    ],
    [
      'wrong type',
      transaction(entry('POST', 'Patient', observation({}))),
      400,
      'Bundle.entry[0].resource.resourceType',
      /"Observation"; expected "Patient"/,
    ],
    [
      'version',
      transaction(entry('PUT', 'Patient/order-2', patient({ id: 'order-2' }), { ifMatch: 'W/"7"' })),
      412,
      'Bundle.entry[0].request.ifMatch',
      /version 1.*expected 7/,
    ],
  ];
  for (const [name, bundle, status, expression, text] of cases) {
    const reply = await ask('POST', '', bundle);
    t.equal(reply.status, status, name);
    t.equal(reply.body.issue[0].expression?.[0] ?? '', expression, name);
    t.match(reply.body.issue[0].diagnostics, text, name);
  }
});

t.test('references that arrive early are pending until their target comes', async (t) => {
  const pending = async () => {
    const { body } = await ask('GET', '/$pending-references');
    const rows = body.parameter.filter((p: { name: string }) => p.name === 'pending');
    return {
      total: body.parameter[0].valueInteger,
      targets: rows.map(
        (p: { part: { name: string; valueString?: string }[] }) => p.part.find((q) => q.name === 'target')?.valueString,
      ),
    };
  };
  const before = (await pending()).total;
  await ask('PUT', '/Observation/early-1', { ...observation({ reference: 'Patient/late' }), id: 'early-1' });
  await ask('PUT', '/Observation/early-2', {
    ...observation({ identifier: { system, value: 'late' } }),
    id: 'early-2',
  });
  const listed = await pending();
  t.equal(listed.total, before + 2);
  t.ok(listed.targets.includes('Patient/late'));
  t.notMatch(JSON.stringify(listed.targets), `${system}|late`, 'the identifier is not told');
  await ask('PUT', '/Patient/late', { ...known('late'), id: 'late' });
  t.equal((await pending()).total, before);
  const found = await ask('GET', '/Observation?subject=Patient/late');
  t.same(found.body.entry.map((e: { resource: { id: string } }) => e.resource.id).sort(), ['early-1', 'early-2']);
});

t.test('HUFHIR_REFERENCES=strict: the target must exist', async (t) => {
  const strict = await startServer({ HUFHIR_REFERENCES: 'strict' });
  t.teardown(() => strict.stop());
  const refused = await strict.ask('POST', '/Observation', observation({ reference: 'Patient/none' }));
  t.equal(refused.status, 422);
  t.match(refused.body.issue[0].diagnostics, 'Patient/none');
  await strict.ask('PUT', '/Patient/none', patient({ id: 'none' }));
  t.equal((await strict.ask('POST', '/Observation', observation({ reference: 'Patient/none' }))).status, 201);
});

t.test('_include follows a reference by identifier to the one that carries it, and to none of several', async (t) => {
  await ask('PUT', '/Observation/by-identifier', {
    ...observation({ identifier: { system, value: 'carried' } }),
    id: 'by-identifier',
  });
  const included = async () => {
    const { body } = await ask('GET', '/Observation?_id=by-identifier&_include=Observation:subject');
    return body.entry.map((e: { resource: { id: string } }) => e.resource.id);
  };
  await ask('PUT', '/Patient/carrier-1', { ...known('carried'), id: 'carrier-1' });
  t.same(await included(), ['by-identifier', 'carrier-1']);
  await ask('PUT', '/Patient/carrier-2', { ...known('carried'), id: 'carrier-2' });
  t.same(await included(), ['by-identifier'], 'an identifier of two names neither');
});
