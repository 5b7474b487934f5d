import t from 'tap';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';

/** R4 resource-operation-validate.html: what a write would refuse, said without writing. */

interface OutcomeIssue {
  readonly severity: string;
  readonly diagnostics: string;
  readonly expression?: readonly string[];
  readonly details?: { readonly coding: readonly { readonly code: string }[] };
}

/** `code at path` of each issue that refuses, or warns. */
function told(reply: Reply): string[] {
  const issues: readonly OutcomeIssue[] = reply.body.issue;
  return issues
    .filter((i) => i.severity !== 'information')
    .map((i) => [i.details?.coding[0]?.code, ...(i.expression ?? [])].join(' at '));
}

const wrong = {
  resourceType: 'Patient',
  gender: 'x',
  birthDate: '2025-02-30',
  name: [{ given: ['a', 1] }],
  foo: 1,
  managingOrganization: { reference: 'Organization?identifier=nobody' },
};

const faults = [
  'code-not-in-value-set at Patient.gender',
  'bad-element-value at Patient.birthDate',
  'wrong-shape at Patient.name[0].given[1]',
  'unknown-element at Patient.foo',
  'criteria-no-match at Patient.managingOrganization.reference',
];

const wrapped = (resource: unknown, ...more: unknown[]) => ({
  resourceType: 'Parameters',
  parameter: [...more, { name: 'resource', resource }],
});

const xml = { 'content-type': 'application/fhir+xml' };
const wrongXml = '<Patient xmlns="http://hl7.org/fhir"><gender value="x"/><birthDate value="2025-02-30"/></Patient>';
const ns = ' xmlns="http://hl7.org/fhir"';
const wrappedXml = `<Parameters${ns}><parameter><name value="resource"/><resource>${wrongXml.replace(ns, '')}</resource></parameter></Parameters>`;

t.test('a resource that a write would refuse: all of it, by its own paths, and 200', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const before = (await server.ask('GET', '/_history?_summary=count')).body.total;
  await server.ask('PUT', '/Organization/o', { resourceType: 'Organization', id: 'o', name: 'o' });

  for (const path of ['/$validate', '/Patient/$validate', '/Patient/p/$validate?mode=create']) {
    for (const body of [wrong, wrapped(wrong)]) {
      const reply = await server.ask('POST', path, body);
      t.equal(reply.status, 200, path);
      t.same(told(reply).toSorted(), faults.toSorted(), path);
    }
  }
  const created = await server.ask('POST', '/Patient', wrong);
  t.equal(created.status, 422);
  for (const fault of told(created)) t.ok(faults.includes(fault), `as a create: ${fault}`);

  for (const body of [wrongXml, wrappedXml]) {
    const reply = await server.ask('POST', '/Patient/$validate', body, xml);
    t.equal(reply.status, 200);
    t.same(told(reply), faults.slice(0, 2), 'XML');
  }

  const unread: readonly (readonly [string, string, string])[] = [
    [
      '/Patient/$validate',
      '{"resourceType":"Patient","gender":"male","gender":"x"}',
      'duplicate-key at Patient.gender',
    ],
    [
      '/Patient/$validate',
      '{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","name":[{"text":"a","text":"b"}]}}]}',
      'duplicate-key at Patient.name[0].text',
    ],
    ['/Patient/$validate', '{"resourceType":', 'malformed-json'],
    ['/$validate', '{"resourceType":"Person1"}', 'unknown-type at resourceType'],
    ['/Observation/$validate', '{"resourceType":"Patient"}', 'type-mismatch at Observation.resourceType'],
  ];
  for (const [path, body, fault] of unread) {
    const reply = await server.ask('POST', path, body);
    t.equal(reply.status, 200, fault);
    t.same(told(reply), [fault]);
  }
  const forms: readonly (readonly [string, string | Uint8Array, Record<string, string>, readonly string[]])[] = [
    [
      '/Patient/$validate',
      `<Patient${ns}><name><given/></name><foo value="1"/><gender value="zz"/><birthDate value="x"/></Patient>`,
      xml,
      [
        'wrong-xml at Patient.name[0].given[0]',
        'wrong-xml at Patient.foo',
        'code-not-in-value-set at Patient.gender',
        'bad-element-value at Patient.birthDate',
      ],
    ],
    [
      '/$validate',
      `<Parameters${ns}><parameter><name value="resource"/><resource><Patient><foo value="1"/><gender value="zz"/></Patient></resource></parameter></Parameters>`,
      xml,
      ['wrong-xml at Patient.foo', 'code-not-in-value-set at Patient.gender'],
    ],
    [
      '/$validate',
      '{"resourceType":"Patient","gender":"zz","birthDate":"x","name":[{"text":"\\u0001"}],"active":true,"active":true}',
      {},
      ['bad-text at Patient.name[0].text', 'duplicate-key at Patient.active', ...faults.slice(0, 2)],
    ],
    [
      '/$validate',
      '{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","gender":"zz","name":[{"text":"\\ud800"}]}}]}',
      {},
      ['bad-text at Patient.name[0].text', 'code-not-in-value-set at Patient.gender'],
    ],
    [
      '/Patient/$validate',
      `{"resourceType":"Patient","gender":"zz","name":[{"text":"a"},{"use":"zz"}${',{"text":"a"}'.repeat(8)},{"use":"usual","text":"a","text":"b"}]}`,
      {},
      [
        'duplicate-key at Patient.name[10].text',
        'code-not-in-value-set at Patient.gender',
        'code-not-in-value-set at Patient.name[1].use',
      ],
    ],
    ['/Patient/$validate', '[1]', {}, ['missing-resource-type at Patient']],
    ['/Patient/$validate', '{"a":1}', {}, ['missing-resource-type at Patient']],
    ['/Patient/$validate', '{"resourceType":["Patient"]}', {}, ['missing-resource-type at Patient']],
    ['/Patient/$validate', '{"resourceType":null}', {}, ['missing-resource-type at Patient']],
    [
      '/Patient/$validate',
      '{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"gender":"zz"}}]}',
      {},
      ['missing-resource-type at Patient'],
    ],
    ['/$validate', 'null', {}, ['missing-resource-type']],
    ['/$validate', new Uint8Array([123, 34, 255, 34]), {}, ['invalid-utf8']],
  ];
  for (const [path, body, headers, expected] of forms) {
    const reply = await server.ask('POST', path, body, headers);
    t.equal(reply.status, 200, String(body));
    t.same(told(reply).toSorted(), expected.toSorted(), String(body));
  }
  const foreign = await server.ask('POST', '/Patient/$validate', `<Patient${ns}><foo value="1"/></Patient>`, xml);
  t.same([foreign.status, told(foreign)], [200, ['wrong-xml at Patient.foo']]);

  t.equal((await server.ask('GET', '/_history?_summary=count')).body.total, before + 1, 'nothing else was written');
});

t.test('what would be taken is told so, and not written', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const before = (await server.ask('GET', '/_history?_summary=count')).body.total;
  const many = Array.from({ length: 3_000 }, (_, i) => ({ item: { reference: `Patient/p${i}` } }));
  const list = { resourceType: 'List', status: 'current', mode: 'working', entry: many };
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'a', valueString: 'b' }] };
  const rows: readonly (readonly [string, unknown])[] = [
    ['/$validate', patient()],
    ['/Patient/$validate', wrapped(patient())],
    ['/Patient/$validate?mode=create', patient()],
    ['/Patient/a/$validate', patient({ id: 'a' })],
    ['/Patient/a/$validate?mode=update', wrapped(patient({ id: 'a' }))],
    ['/$validate', wrapped(parameters, { name: 'mode', valueCode: 'create' })],
    ['/Patient/a/$validate?mode=delete', undefined],
    ['/$validate', list],
    ['/List/$validate', wrapped(list)],
    ['/$validate', { ...list, note: [{ text: 'x'.repeat(1_000_000) }] }],
  ];
  for (const [path, body] of rows) {
    const reply = await server.ask('POST', path, body);
    t.equal(reply.status, 200, path, { text: reply.text });
    t.match(reply.body, { resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] }, path);
    t.same(told(reply), [], path);
  }
  t.equal((await server.ask('GET', '/_history?_summary=count')).body.total, before);

  const xmlAnswer = await server.ask('POST', '/$validate?_format=xml', patient());
  t.match(xmlAnswer.text, /^<\?xml[^>]*>\s*<OperationOutcome|^<OperationOutcome/);

  const batch = await server.ask('POST', '', {
    ...transaction(entry('POST', 'Patient/$validate', wrong), entry('POST', '$validate', patient())),
    type: 'batch',
  });
  t.same(
    batch.body.entry.map((e: { response: { status: string } }) => e.response.status),
    ['200', '200'],
  );
  t.equal(batch.body.entry[0].resource.issue.length, faults.length);
});

t.test('against the state: versions, ids, matches, references', async (t) => {
  const server = await startServer({ HUFHIR_REFERENCES: 'strict', HUFHIR_IF_MATCH: 'required' });
  t.teardown(server.stop);
  t.equal((await server.ask('PUT', '/Patient/a', patient({ id: 'a' }))).status, 201);
  const toNobody = patient({ managingOrganization: { reference: 'Organization/none' } });
  const rows: readonly (readonly [string, unknown, Record<string, string>, readonly string[]])[] = [
    ['/Patient/a/$validate', patient({ id: 'b' }), { 'if-match': 'W/"1"' }, ['id-mismatch at Patient.id']],
    ['/Patient/a/$validate?mode=update', patient({ id: 'a' }), { 'if-match': 'W/"7"' }, ['version-conflict']],
    ['/Patient/a/$validate?mode=update', patient({ id: 'a' }), { 'if-match': 'W/"1"' }, []],
    ['/Patient/a/$validate?mode=update', patient({ id: 'a' }), {}, ['if-match-required']],
    ['/Patient/a/$validate?mode=delete', undefined, { 'if-match': 'W/"2"' }, ['version-conflict']],
    ['/Patient/$validate', toNobody, {}, ['reference-not-found at Patient.managingOrganization.reference']],
    ['/Patient/$validate', patient({ link: [{ other: { reference: 'Patient/a' }, type: 'seealso' }] }), {}, []],
  ];
  for (const [path, body, headers, expected] of rows) {
    const reply = await server.ask('POST', path, body, headers);
    t.equal(reply.status, 200, path, { text: reply.text });
    t.same(told(reply), expected, path);
  }
});

t.test('what is stored, and profiles', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const profile = 'https://fhir.changning.example/StructureDefinition/cn-sh-patient';
  const core = 'http://hl7.org/fhir/StructureDefinition';
  const poor = { resourceType: 'Patient', id: 'poor', gender: 'male' };
  t.equal((await server.ask('PUT', '/Patient/poor', poor)).status, 201);
  const rows: readonly (readonly [string, string, unknown, readonly string[]])[] = [
    ['GET', '/Patient/poor/$validate', undefined, []],
    ['GET', `/Patient/poor/$validate?profile=${profile}`, undefined, ['missing-element at Patient.name']],
    ['GET', `/Patient/poor/$validate?mode=profile&profile=${profile}`, undefined, ['missing-element at Patient.name']],
    ['POST', `/Patient/$validate?mode=profile&profile=${profile}`, poor, ['missing-element at Patient.name']],
    [
      'POST',
      `/Patient/$validate?profile=${profile}`,
      { ...poor, meta: { profile: [profile] } },
      ['missing-element at Patient.name'],
    ],
    ['POST', `/$validate?profile=${core}/Patient`, poor, []],
    ['POST', `/$validate?profile=${core}/Patient|4.0.1`, poor, []],
    ['POST', `/$validate?profile=${core}/DomainResource`, poor, []],
    ['POST', `/$validate?profile=${core}/Observation`, poor, ['wrong-shape at Patient']],
    ['POST', `/$validate?profile=${profile}`, { resourceType: 'Basic', code: { text: 'x' } }, ['wrong-shape at Basic']],
    [
      'POST',
      '/Patient/$validate',
      wrapped(poor, { name: 'profile', valueUri: profile }, { name: 'mode', valueCode: 'create' }),
      ['missing-element at Patient.name'],
    ],
  ];
  for (const [method, path, body, expected] of rows) {
    const reply = await server.ask(method, path, body);
    t.equal(reply.status, 200, `${method} ${path}`, { text: reply.text });
    t.same(told(reply), expected, `${method} ${path}`);
  }
});

t.test('what cannot be validated is refused', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const rows: readonly (readonly [string, string, unknown, number, string])[] = [
    ['GET', '/$validate', undefined, 405, 'POST'],
    ['GET', '/Patient/$validate?mode=create', undefined, 405, 'POST'],
    ['POST', '/Patient/$validate', undefined, 400, '"resource"'],
    ['POST', '/Patient/a/$validate', undefined, 404, 'Patient/a'],
    ['POST', '/Patient/a/$validate?mode=update', undefined, 400, '"resource"'],
    ['POST', '/Patient/$validate?mode=update', patient(), 400, '"mode"'],
    ['POST', '/Patient/$validate?mode=delete', undefined, 400, '"mode"'],
    ['POST', '/Patient/$validate?mode=profile', patient(), 400, '"profile"'],
    ['POST', '/Patient/$validate?mode=strict', patient(), 400, 'create, update, delete, profile'],
    ['POST', '/Patient/$validate?profile=http://example.org/none', patient(), 400, '"profile"'],
    ['POST', '/$validate?profile=http://hl7.org/fhir/StructureDefinition/Patient|9', patient(), 400, '"profile"'],
    [
      'POST',
      '/$validate?profile=https://fhir.changning.example/StructureDefinition/cn-sh-patient|99',
      patient(),
      400,
      '"profile"',
    ],
    ['POST', '/Patient/$validate?x=1', patient(), 400, '"x"'],
    ['PUT', '/Patient/$validate', patient(), 405, 'POST'],
    ['POST', '/Nothing/$validate', patient(), 404, 'Nothing'],
  ];
  for (const [method, path, body, status, named] of rows) {
    const reply = await server.ask(method, path, body);
    t.equal(reply.status, status, `${method} ${path}`, { text: reply.text });
    t.match(reply.text.replaceAll('\\"', '"'), named, `${method} ${path}`);
  }
  const other = await server.ask('POST', '/Patient/$validate', 'a,b', { 'content-type': 'text/csv' });
  t.equal(other.status, 415);

  for (const [mode, core] of [
    ['off', 400],
    ['structure', 200],
  ] as const) {
    const loose = await startServer({ HUFHIR_VALIDATION: mode });
    t.teardown(loose.stop);
    const own = 'https://fhir.changning.example/StructureDefinition/cn-sh-patient';
    const refused = await loose.ask('POST', `/$validate?profile=${own}`, patient());
    t.equal(refused.status, 400, mode);
    t.match(refused.text, `HUFHIR_VALIDATION=${mode}`);
    const path = '/$validate?profile=http://hl7.org/fhir/StructureDefinition/Patient';
    t.equal((await loose.ask('POST', path, patient())).status, core, mode);
  }
});
