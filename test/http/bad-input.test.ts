import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

const server = await startServer({ HUFHIR_MAX_BODY: '20000', HUFHIR_MAX_ENTRIES: '3', HUFHIR_MAX_URL: '500' });
const { ask } = server;
t.teardown(() => server.stop());

interface Case {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  /** The FHIR issue type of the first issue. */
  readonly code: string;
  readonly expression?: string;
  readonly text: RegExp;
}

const post = { method: 'POST', path: '/Patient' } as const;
const deep = `{"resourceType":"Patient","extension":${'[{"url":"http://x.example","extension":'.repeat(60)}[]${'}]'.repeat(60)}}`;

const cases: readonly Case[] = [
  {
    name: 'malformed JSON',
    ...post,
    body: '{"resourceType":"Patient",}',
    status: 400,
    code: 'structure',
    text: /line 1, column/,
  },
  { name: 'empty body', ...post, body: '', status: 400, code: 'structure', text: /no body; expected a resource/ },
  {
    name: 'bad UTF-8',
    ...post,
    body: Uint8Array.of(0x7b, 0x22, 0xff, 0x22),
    status: 400,
    code: 'structure',
    text: /UTF-8/,
  },
  {
    name: 'duplicate key',
    ...post,
    body: '{"resourceType":"Patient","name":[{"text":"a","text":"b"}]}',
    status: 400,
    code: 'structure',
    expression: 'Patient.name[0].text',
    text: /"text" stands twice/,
  },
  { name: 'too deep', ...post, body: deep, status: 400, code: 'structure', text: /100 levels \(HUFHIR_MAX_DEPTH\)/ },
  {
    name: 'control character',
    ...post,
    body: '{"resourceType":"Patient","name":[{"text":"a\\u0000"}]}',
    status: 400,
    code: 'value',
    expression: 'Patient.name[0].text',
    text: /control characters/,
  },
  {
    name: 'body too large',
    ...post,
    body: patient({ name: [{ text: 'x'.repeat(20_000) }] }),
    status: 413,
    code: 'too-long',
    text: /20000 bytes \(HUFHIR_MAX_BODY\)/,
  },
  {
    name: 'media type',
    ...post,
    body: 'a,b',
    headers: { 'content-type': 'text/csv' },
    status: 415,
    code: 'not-supported',
    text: /text\/csv; expected application\/fhir\+json/,
  },
  {
    name: 'charset',
    ...post,
    body: patient(),
    headers: { 'content-type': 'application/fhir+json; charset=gbk' },
    status: 415,
    code: 'not-supported',
    text: /gbk/,
  },
  {
    name: 'accept',
    method: 'GET',
    path: '/Patient',
    headers: { accept: 'text/csv' },
    status: 406,
    code: 'not-supported',
    text: /text\/csv/,
  },
  {
    name: '_format',
    method: 'GET',
    path: '/Patient?_format=ttl',
    status: 406,
    code: 'not-supported',
    text: /ttl/,
  },
  {
    name: 'unknown type',
    method: 'GET',
    path: '/Patint/1',
    status: 404,
    code: 'not-supported',
    text: /"Patint" is not a resource type/,
  },
  { name: 'unknown path', method: 'GET', path: '/patient', status: 404, code: 'not-found', text: /not a path/ },
  {
    name: 'method',
    method: 'DELETE',
    path: '/Patient/1/_history',
    status: 405,
    code: 'not-supported',
    text: /expected GET/,
  },
  {
    name: 'no resourceType',
    ...post,
    body: { name: [] },
    status: 400,
    code: 'structure',
    expression: 'Patient',
    text: /no resourceType/,
  },
  { name: 'a list', ...post, body: [], status: 400, code: 'structure', expression: 'Patient', text: /no resourceType/ },
  {
    name: 'wrong type',
    ...post,
    body: { resourceType: 'Group' },
    status: 400,
    code: 'value',
    expression: 'Patient.resourceType',
    text: /"Group"; expected "Patient"/,
  },
  {
    name: 'unknown element',
    ...post,
    body: patient({ colour: 'red' }),
    status: 422,
    code: 'structure',
    expression: 'Patient.colour',
    text: /colour/,
  },
  {
    name: 'unknown element inside',
    ...post,
    body: patient({ name: [{ text: 'a' }, { txt: 'b' }] }),
    status: 422,
    code: 'structure',
    expression: 'Patient.name[1].txt',
    text: /txt/,
  },
  {
    name: 'required binding',
    ...post,
    body: patient({ gender: 'm' }),
    status: 422,
    code: 'code-invalid',
    expression: 'Patient.gender',
    text: /"m".*male/,
  },
  {
    name: 'bad date',
    ...post,
    body: patient({ birthDate: '1950-13-01' }),
    status: 422,
    code: 'value',
    expression: 'Patient.birthDate',
    text: /1950-13-01/,
  },
  {
    name: 'missing element',
    method: 'POST',
    path: '/Observation',
    body: { resourceType: 'Observation', status: 'final' },
    status: 422,
    code: 'required',
    expression: 'Observation.code',
    text: /code/,
  },
  {
    name: 'resourceType of JavaScript',
    ...post,
    body: { resourceType: { toString: 1 } },
    status: 400,
    code: 'value',
    expression: 'Patient.resourceType',
    text: /"an object"; expected "Patient"/,
  },
  {
    name: 'id of JavaScript',
    method: 'PUT',
    path: '/Patient/a',
    body: patient({ id: { toString: 1 } }),
    status: 400,
    code: 'value',
    expression: 'Patient.id',
    text: /an object.*"a"/,
  },
  {
    name: 'meta',
    ...post,
    body: patient({ meta: 'x' }),
    status: 422,
    code: 'structure',
    expression: 'Patient.meta',
    text: /meta is x; expected an object/,
  },
  {
    name: 'control character in a key',
    ...post,
    body: '{"resourceType":"Patient","meta":{"\\u0001":0}}',
    status: 400,
    code: 'value',
    expression: 'Patient.meta',
    text: /in a key/,
  },
  {
    name: '__proto__',
    ...post,
    body: '{"resourceType":"Patient","meta":{"__proto__":{}}}',
    status: 400,
    code: 'value',
    expression: 'Patient.meta',
    text: /__proto__/,
  },
  {
    name: 'operation parameter of JavaScript',
    method: 'POST',
    path: '/Measure/$evaluate-measure',
    body: { resourceType: 'Parameters', parameter: [{ name: 'x', valueReference: { reference: { toString: 1 } } }] },
    status: 422,
    code: 'structure',
    expression: 'Parameters.parameter[0].valueReference.reference.toString',
    text: /"toString"/,
  },
  {
    name: 'invalid id',
    method: 'GET',
    path: '/Patient/a_b',
    status: 400,
    code: 'value',
    expression: 'Patient.id',
    text: /"a_b" is not valid/,
  },
  {
    name: 'id of 65',
    method: 'PUT',
    path: `/Patient/${'a'.repeat(65)}`,
    body: patient(),
    status: 400,
    code: 'value',
    expression: 'Patient.id',
    text: /1 to 64/,
  },
  {
    name: 'other id',
    method: 'PUT',
    path: '/Patient/a',
    body: patient({ id: 'b' }),
    status: 400,
    code: 'value',
    expression: 'Patient.id',
    text: /"b".*"a"/,
  },
  {
    name: 'no id',
    method: 'PUT',
    path: '/Patient/a',
    body: patient(),
    status: 400,
    code: 'value',
    expression: 'Patient.id',
    text: /missing.*"a"/,
  },
  {
    name: 'subsetted',
    ...post,
    body: patient({ meta: { tag: [{ code: 'SUBSETTED' }] } }),
    status: 400,
    code: 'business-rule',
    expression: 'Patient.meta.tag',
    text: /incomplete/,
  },
  {
    name: 'If-Match',
    method: 'PUT',
    path: '/Patient/a',
    body: patient({ id: 'a' }),
    headers: { 'if-match': 'x' },
    status: 400,
    code: 'value',
    text: /If-Match is "x"/,
  },
  {
    name: 'too many entries',
    method: 'POST',
    path: '',
    body: transaction(...Array.from({ length: 4 }, () => entry('POST', 'Patient', patient()))),
    status: 413,
    code: 'too-long',
    expression: 'Bundle.entry',
    text: /4 entries; at most 3/,
  },
  {
    name: 'long URL',
    method: 'GET',
    path: `/Patient?name=${'x'.repeat(600)}`,
    status: 414,
    code: 'too-long',
    text: /POST _search/,
  },
  {
    name: 'unknown parameter',
    method: 'GET',
    path: '/Patient?colour=red',
    status: 400,
    code: 'invalid',
    text: /"colour" is not defined for Patient/,
  },
  {
    name: 'impossible date',
    method: 'GET',
    path: '/Patient?birthdate=2025-02-30',
    status: 400,
    code: 'value',
    text: /2025-02-30/,
  },
  {
    name: 'negative count',
    method: 'GET',
    path: '/Patient?_count=-1',
    status: 400,
    code: 'value',
    text: /-1/,
  },
  {
    name: 'forged cursor',
    method: 'GET',
    path: '/Patient?_after=AAAA',
    status: 400,
    code: 'value',
    text: /not valid or has expired/,
  },
  {
    name: 'unknown operation',
    method: 'GET',
    path: '/Patient/$nothing',
    status: 404,
    code: 'not-supported',
    text: /Patient\/\$nothing/,
  },
];

/** Entries and envelopes of transactions: the status and the place and text of the first issue. */
const odd = { toString: 1 };
const post0 = entry('POST', 'Patient', patient());
const asked = (more: Record<string, unknown>) => transaction({ ...post0, request: { ...post0.request, ...more } });
const bundles: readonly [name: string, bundle: unknown, status: number, expression: string, text: RegExp][] = [
  [
    'entries',
    { resourceType: 'Bundle', type: 'batch', entries: [] },
    422,
    'Bundle.entries',
    /"entries".*one of .*entry/,
  ],
  ['link', { ...transaction(), link: [{ uri: 'x' }] }, 422, 'Bundle.link[0].uri', /"uri".*Bundle\.link/],
  ['resourse', transaction({ ...post0, resourse: {} }), 422, 'Bundle.entry[0].resourse', /"resourse".*fullUrl/],
  [
    'ifNoneExists',
    asked({ ifNoneExists: 'x' }),
    422,
    'Bundle.entry[0].request.ifNoneExists',
    /ifNoneExist,|ifNoneExist\./,
  ],
  ['_request', transaction({ ...post0, _request: {} }), 422, 'Bundle.entry[0]._request', /"_request"/],
  ['method inside', asked({ method: { x: 1 } }), 422, 'Bundle.entry[0].request.method.x', /one of .*extension/],
  ['search', transaction({ ...post0, search: { mod: 'x' } }), 422, 'Bundle.entry[0].search.mod', /"mod"/],
  ['fullUrl', transaction({ ...post0, fullUrl: 5 }), 422, 'Bundle.entry[0].fullUrl', /fullUrl is 5; expected text/],
  ['no fullUrl', transaction({ ...post0, fullUrl: '' }), 422, 'Bundle.entry[0].fullUrl', /fullUrl is empty/],
  ['method of JavaScript', asked({ method: 'constructor' }), 405, 'Bundle.entry[0].request.url', /constructor Patient/],
  ['method', asked({ method: ['POST'] }), 422, 'Bundle.entry[0].request.method', /a list; expected text/],
  ['url', asked({ url: {} }), 422, 'Bundle.entry[0].request.url', /an object; expected text/],
  ['ifNoneExist', asked({ ifNoneExist: ['x'] }), 422, 'Bundle.entry[0].request.ifNoneExist', /a list; expected text/],
  ['ifMatch', asked({ ifMatch: 3 }), 422, 'Bundle.entry[0].request.ifMatch', /ifMatch is 3/],
  ['ifMatch of a create', asked({ ifMatch: 'W/"1"' }), 400, 'Bundle.entry[0].request.ifMatch', /update \(PUT\)/],
  [
    'ifNoneExist of an update',
    transaction(entry('PUT', 'Patient/a', patient({ id: 'a' }), { ifNoneExist: '_id=a' })),
    400,
    'Bundle.entry[0].request.ifNoneExist',
    /create \(POST\) alone/,
  ],
  [
    'ifNoneExist, unknown',
    asked({ ifNoneExist: 'colour=red' }),
    400,
    'Bundle.entry[0].request.ifNoneExist',
    /"colour"/,
  ],
  ['ifNoneExist, unknown _', asked({ ifNoneExist: '_id=a&_x=1' }), 400, 'Bundle.entry[0].request.ifNoneExist', /"_x"/],
  [
    'ifNoneExist, another type',
    asked({ ifNoneExist: 'Group?_id=a' }),
    400,
    'Bundle.entry[0].request.ifNoneExist',
    /Group/,
  ],
  ['ifNoneMatch', asked({ ifNoneMatch: 'W/"1"' }), 400, 'Bundle.entry[0].request.ifNoneMatch', /expected a read/],
  [
    'ifModifiedSince',
    asked({ ifModifiedSince: 1 }),
    422,
    'Bundle.entry[0].request.ifModifiedSince',
    /is 1; expected text/,
  ],
  ['parameters of a create', asked({ url: 'Patient?x=1' }), 400, 'Bundle.entry[0].request.url', /"x" is not defined/],
  ['type', { resourceType: 'Bundle', type: odd }, 400, 'Bundle.type', /"an object"/],
  ['resourceType', { resourceType: odd }, 400, 'resourceType', /"an object"/],
  ['entry', transaction(null), 400, 'Bundle.entry[0].request', /no request/],
];

for (const [name, body, status, expression, text] of bundles) {
  t.test(`bundle: ${name}`, async (t) => {
    const before = await lastSeq();
    const reply = await ask('POST', '', body);
    t.equal(reply.status, status);
    t.same(reply.body.issue[0].expression, [expression]);
    t.match(reply.body.issue[0].diagnostics, text);
    t.equal(await lastSeq(), before, 'nothing was stored');
  });
}

/** Entries whose interaction takes no resource: a filter in one would be passed over in silence. */
const filter = { resourceType: 'Parameters', parameter: [{ name: 'name', valueString: 'x' }] };
const takesNone: readonly [method: string, url: string][] = [
  ['GET', 'Patient/a'],
  ['HEAD', 'Patient/a'],
  ['GET', 'Patient/a/_history/1'],
  ['GET', 'Patient'],
  ['GET', '?_type=Patient'],
  ['POST', 'Patient/_search'],
  ['POST', '_search'],
  ['GET', 'Patient/a/_history'],
  ['GET', 'Patient/_history'],
  ['GET', '_history'],
  ['GET', 'metadata'],
  ['GET', '_jobs'],
  ['GET', '_jobs/a'],
  ['GET', '$pending-references'],
  ['DELETE', 'Patient/a'],
  ['DELETE', 'Patient?name=x'],
];

for (const [method, url] of takesNone) {
  t.test(`resource at an entry: ${method} ${url}`, async (t) => {
    const batch = { ...transaction(entry(method, url, filter)), type: 'batch' };
    const { body } = await ask('POST', '', batch);
    const { status, outcome } = body.entry[0].response;
    t.match(status, /^400/);
    t.same(outcome.issue[0].expression, ['Bundle.entry[0].resource']);
    t.match(outcome.issue[0].diagnostics, /expected none, and parameters in the url/);
  });
}

t.test('resource at an entry: a posted operation takes one', async (t) => {
  const parameters = { resourceType: 'Parameters', parameter: [{ name: '_count', valueInteger: 1 }] };
  const batch = { ...transaction(entry('POST', '$pending-references', parameters)), type: 'batch' };
  t.match((await ask('POST', '', batch)).body.entry[0].response.status, /^200/);
});

/** Bodies of operations: the status, and the places of all issues. */
const good = { name: '_count', valueInteger: 1 };
const operationBodies: readonly [name: string, body: unknown, status: number, places: string[]][] = [
  ['no resource', {}, 400, ['Parameters']],
  ['a list', [], 400, ['Parameters']],
  ['another resource', { resourceType: 'Patient' }, 400, ['resourceType']],
  ['elements', { resourceType: 'Parameters', parameters: [good] }, 422, ['Parameters.parameters']],
  ['no list', { resourceType: 'Parameters', parameter: good }, 422, ['Parameters.parameter']],
  [
    'every problem',
    {
      resourceType: 'Parameters',
      parameter: [
        5,
        { valueInteger: 1 },
        { name: 5, valueInteger: 1 },
        { name: '_count' },
        { ...good, valueString: '1' },
        { ...good, resource: patient() },
        { ...good, part: [good] },
        { ...good, value: 1 },
        { name: '_count', valueReference: { display: 'x' } },
        { name: '_count', valueCoding: { code: 'x' } },
        { name: '_count', valueInteger: [1] },
        { ...good, modifierExtension: [{ url: 'http://x.example', valueBoolean: true }] },
        good,
      ],
    },
    422,
    [
      '[0]',
      '[1].name',
      '[2].name',
      '[3].value',
      '[4].valueString',
      '[5].resource',
      '[6].part',
      '[7].value',
      '[8].valueReference',
      '[9].valueCoding',
      '[10].valueInteger',
      '[11].modifierExtension',
    ].map((place) => `Parameters.parameter${place}`),
  ],
];

for (const [name, body, status, places] of operationBodies) {
  t.test(`body of an operation: ${name}`, async (t) => {
    const reply = await ask('POST', '/$pending-references', body);
    t.equal(reply.status, status);
    const found = new Set(reply.body.issue.flatMap((i: { expression?: string[] }) => i.expression ?? []));
    t.same([...found].sort(), [...places].sort());
  });
}

/** The store's count of versions. */
async function lastSeq(): Promise<unknown> {
  const ready = (await (await fetch(server.base.replace('/fhir', '/readyz'))).json()) as { lastSeq: number };
  return ready.lastSeq;
}

for (const c of cases) {
  t.test(c.name, async (t) => {
    const before = await lastSeq();
    const reply = await ask(c.method, c.path, c.body, c.headers);
    t.equal(reply.status, c.status);
    t.equal(reply.body?.resourceType, 'OperationOutcome');
    const [issue] = reply.body?.issue ?? [];
    t.equal(issue?.code, c.code);
    if (c.expression !== undefined) t.same(issue?.expression, [c.expression]);
    t.match(issue?.diagnostics, c.text);
    t.equal(await lastSeq(), before, 'nothing was stored');
  });
}

t.test('every problem at once', async (t) => {
  const { body } = await ask('POST', '/Patient', patient({ gender: 'm', colour: 'red', birthDate: 'x' }));
  t.same(body.issue.map((i: { expression: string[] }) => i.expression[0]).sort(), [
    'Patient.birthDate',
    'Patient.colour',
    'Patient.gender',
  ]);
  const search = await ask('GET', '/Patient?colour=red&birthdate=x');
  t.equal(search.body.issue.length, 2);
});

t.test('of very many problems a hundred are told', async (t) => {
  const large = await startServer();
  t.teardown(() => large.stop());
  const colours = patient(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`colour${i}`, 1])));
  const many = (one: unknown, n: number) => Array.from({ length: n }, () => one);
  const cases: [name: string, path: string, body: unknown][] = [
    ['unknown elements', '/Patient', colours],
    ['duplicate keys', '/Patient', `{${many('"a":1', 150_000).join(',')}}`],
    ['bad entries', '', transaction(...many({ x: 1 }, 5000))],
    ['bad resources', '', transaction(...many(entry('POST', 'Patient', patient({ colour: 1 })), 1000))],
    [
      'bad references',
      '',
      transaction(
        entry('POST', 'Group', {
          resourceType: 'Group',
          type: 'person',
          actual: true,
          member: many({ entity: { reference: 'Patient?_id=none' } }, 5000),
        }),
      ),
    ],
  ];
  for (const [name, path, body] of cases) {
    const reply = await large.ask('POST', path, body);
    t.ok(reply.status >= 400 && reply.status < 500, `${name}: ${reply.status}`);
    t.equal(reply.body.issue.length, 101, name);
    t.equal(reply.body.issue[100].details.coding[0].code, 'more-issues', name);
    t.ok(reply.text.length < 200_000, `${name}: ${reply.text.length} characters`);
  }
});

t.test('without validation, what the server itself relies on is still checked', async (t) => {
  const off = await startServer({ HUFHIR_VALIDATION: 'off' });
  t.teardown(() => off.stop());
  const marker = await off.ask('POST', '/Patient', '{"resourceType":"Patient","meta":{"\\u0001":0},"x":1}');
  t.equal(marker.status, 400);
  for (const meta of [[], 'x', 1, null]) t.equal((await off.ask('POST', '/Patient', patient({ meta }))).status, 422);
  const numbered = await off.ask('POST', '/Patient', '{"resourceType":"Patient","meta":{"1":{"a":1.00},"source":"b"}}');
  t.equal(numbered.status, 201);
  t.match(numbered.body.meta, { 1: { a: 1 }, source: 'b', versionId: '1' });
  t.match(numbered.text, '"a":1.00');
  t.equal((await off.ask('GET', `/Patient/${numbered.body.id}`)).text, numbered.text);
});

t.test('a large transaction leaves room for others', async (t) => {
  const large = await startServer();
  t.teardown(() => large.stop());
  const body = JSON.stringify(transaction(...Array.from({ length: 3000 }, () => entry('POST', 'Patient', patient()))));
  await large.ask('PUT', '/Patient/other', patient({ id: 'other' }));
  let done = false;
  const under = large.ask('POST', '', body).finally(() => {
    done = true;
  });
  let served = 0;
  while (!done) {
    t.equal((await large.ask('GET', '/Patient/other')).status, 200);
    served++;
  }
  t.equal((await under).status, 200);
  // The last one may have come after it.
  t.ok(served > 1, `${served - 1} reads were answered meanwhile`);
});

t.test('no error text carries a resident ID number', async (t) => {
  const number = '11010519491231002X';
  for (const [method, path, body] of [
    ['GET', `/Patient/${number}_`, undefined],
    ['GET', `/Patient?birthdate=${number}`, undefined],
    ['POST', '/Patient', patient({ birthDate: number })],
    ['POST', '/Patient', `{"x":"${number}" "y"}`],
  ] as const) {
    const { text, status } = await ask(method, path, body);
    t.ok(status >= 400 && status < 500);
    t.notMatch(text, number);
  }
});

t.test('the server is alive after all that', async (t) => {
  t.equal((await ask('POST', '/Patient', patient())).status, 201);
});
