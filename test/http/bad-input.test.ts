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
    expression: 'name[0].text',
    text: /"text" stands twice/,
  },
  { name: 'too deep', ...post, body: deep, status: 400, code: 'structure', text: /100 levels \(HUFHIR_MAX_DEPTH\)/ },
  {
    name: 'control character',
    ...post,
    body: '{"resourceType":"Patient","name":[{"text":"a\\u0000"}]}',
    status: 400,
    code: 'value',
    expression: 'name[0].text',
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
    path: '/Patient',
    status: 405,
    code: 'not-supported',
    text: /expected GET, POST/,
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
