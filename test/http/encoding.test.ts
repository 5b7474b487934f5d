import t from 'tap';
import { entry, patient, type Reply, startServer, type TestServer, transaction } from './harness.ts';
import { parameters } from './rest/requests.ts';
import { dial } from './wire.ts';

/** Text that is not UTF-8 (RFC 3986, RFC 9110) is refused wherever it says what is meant, and nothing is stored. */
const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const system = 'urn:example:plates';
const form = { 'content-type': 'application/x-www-form-urlencoded' };
/** As a client sends a header that it has in UTF-8. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

/** What is no UTF-8 in a text of percent escapes, and what is told of it. */
const broken: readonly (readonly [name: string, text: string, found: RegExp])[] = [
  ['two bytes of GBK', '%BB%A6A-1', /the byte %BB, which is no part/],
  ['half a character', '%E6%B2', /the byte %E6/],
  ['half a character before another', '%E6%B2A', /the byte %E6/],
  ['a byte that UTF-8 never has', 'A%FF', /the byte %FF/],
  ['an overlong form', '%C0%AF', /the byte %C0/],
  ['half of a pair', '%ED%A0%80', /the byte %ED/],
  ['no hexadecimal digits', '%zz', /a % that begins no escape/],
  ['a single %', '100%', /a % that begins no escape/],
  ['an escape that is broken off', 'a%4', /a % that begins no escape/],
  ['a replacement character before the fault', '%EF%BF%BD%FE', /the byte %FE/],
];

/** The places where such a text may stand, and what the refusal names. */
const places: readonly {
  readonly name: string;
  readonly send: (text: string) => Promise<Reply>;
  readonly place: RegExp;
  readonly expression?: string;
}[] = [
  { name: 'a search', send: (x) => ask('GET', `/Patient?identifier=${x}`), place: /parameter "identifier"/ },
  {
    name: 'the name of a parameter',
    send: (x) => ask('GET', `/Patient?active=true&${x}=1`),
    place: /name of parameter 2/,
  },
  {
    name: 'a form',
    send: (x) => ask('POST', '/Patient/_search', `identifier=${x}`, form),
    place: /parameter "identifier"/,
  },
  {
    name: 'the URL of a form',
    send: (x) => ask('POST', `/Patient/_search?name=${x}`, '', form),
    place: /parameter "name"/,
  },
  {
    name: 'a chain',
    send: (x) => ask('GET', `/Observation?subject:Patient.name=${x}`),
    place: /"subject:Patient.name"/,
  },
  { name: 'a filter', send: (x) => ask('GET', `/Patient?_filter=name eq ${x}`), place: /"_filter"/ },
  { name: 'a history', send: (x) => ask('GET', `/Patient/_history?_since=${x}`), place: /"_since"/ },
  { name: 'a page link', send: (x) => ask('GET', `/Patient?_after=${x}`), place: /"_after"/ },
  { name: 'an operation', send: (x) => ask('GET', `/$pending-references?_after=${x}`), place: /"_after"/ },
  { name: 'a path', send: (x) => ask('GET', `/Patient/${x}`), place: /The path/ },
  { name: 'a job', send: (x) => ask('GET', `/_jobs/${x}`), place: /The path/ },
  { name: 'a compartment', send: (x) => ask('GET', `/Patient/${x}/Observation`), place: /The path/ },
  {
    name: 'If-None-Exist',
    send: (x) => ask('POST', '/Patient', patient(), { 'if-none-exist': `identifier=${x}` }),
    place: /parameter "identifier"/,
  },
  {
    name: 'a conditional update',
    send: (x) => ask('PUT', `/Patient?identifier=${x}`, patient()),
    place: /"identifier"/,
  },
  { name: 'a conditional deletion', send: (x) => ask('DELETE', `/Patient?identifier=${x}`), place: /"identifier"/ },
  {
    name: 'a conditional patch',
    send: (x) => ask('PATCH', `/Patient?identifier=${x}`, parameters()),
    place: /"identifier"/,
  },
  {
    name: 'ifNoneExist of an entry',
    send: (x) => ask('POST', '', transaction(entry('POST', 'Patient', patient(), { ifNoneExist: `identifier=${x}` }))),
    place: /"identifier"/,
    expression: 'Bundle.entry[0].request.ifNoneExist',
  },
  {
    name: 'the url of an entry',
    send: (x) => ask('POST', '', transaction(entry('PUT', `Patient?identifier=${x}`, patient()))),
    place: /"identifier"/,
    expression: 'Bundle.entry[0].request.url',
  },
  {
    name: 'the path of an entry',
    send: (x) => ask('POST', '', transaction(entry('GET', `Patient/${x}`))),
    place: /The path/,
    expression: 'Bundle.entry[0].request.url',
  },
  {
    name: 'a conditional reference',
    send: (x) => ask('POST', '/Patient', patient({ managingOrganization: { reference: `Organization?name=${x}` } })),
    place: /"name"/,
    expression: 'Patient.managingOrganization.reference',
  },
];

t.test('escapes that are no UTF-8', async (t) => {
  for (const { name, send, place, expression } of places) {
    for (const [kind, text, found] of broken) {
      const { status, body } = await send(text);
      const [issue] = body.issue;
      t.equal(status, 400, `${name}: ${kind}`);
      t.match(issue, { code: 'value', details: { coding: [{ code: 'bad-encoding' }] }, diagnostics: place }, name);
      t.match(issue.diagnostics, found, `${name}: ${kind}`);
      t.equal(issue.expression?.[0], expression, name);
    }
  }
  t.equal((await ask('GET', '/Patient?_summary=count')).body.total, 0, 'nothing was stored');
});

t.test('XML, and the form that was asked for', async (t) => {
  const resource = '<resource><Patient xmlns="http://hl7.org/fhir"><gender value="male"/></Patient></resource>';
  const request =
    '<request><method value="POST"/><url value="Patient"/><ifNoneExist value="identifier=%BB%A6"/></request>';
  const bundle = `<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry>${resource}${request}</entry></Bundle>`;
  const inBatch = await ask('POST', '', bundle, { 'content-type': 'application/fhir+xml' });
  t.match(inBatch.body.entry[0].response, { status: /^400/, outcome: { issue: [{ diagnostics: /"identifier"/ }] } });
  const xml = await ask('GET', '/Patient?_format=xml&name=%FF');
  t.match([xml.status, xml.text], [400, /<OperationOutcome/]);
});

t.test('every parameter that is not UTF-8 is told at once', async (t) => {
  const { body } = await ask('GET', '/Patient?name=%FF&active=true&gender=%zz');
  t.match(body.issue, [{ diagnostics: /"name"/ }, { diagnostics: /"gender"/ }]);
});

t.test('half a character in JSON', async (t) => {
  const body = transaction(entry('POST', 'Patient', patient(), { ifNoneExist: 'identifier=沪A-1' }));
  const half = JSON.stringify(body).replace('沪', '\\ud83d');
  t.equal((await ask('POST', '', half)).status, 400);
});

/** A value, and the ways in which UTF-8 says it. */
const values = ['沪A-1', 'Ωμέγα', 'Müller', '𠮷野', 'A+B', '50%'];

t.test('criteria in a header are UTF-8, raw or in escapes', async (t) => {
  for (const value of values) {
    const resource = patient({ identifier: [{ system, value }] });
    const plain = value.replaceAll('%', '%25').replaceAll('+', '%2B');
    const create = (text: string) =>
      ask('POST', '/Patient', resource, { 'if-none-exist': `identifier=${encodeURIComponent(system)}|${text}` });
    t.equal((await create(bytes(plain))).status, 201, `${value} is made`);
    t.equal((await create(bytes(plain))).status, 200, `${value} is found as raw UTF-8`);
    t.equal((await create(encodeURIComponent(value))).status, 200, `${value} is found by escapes`);
    const found = await ask('GET', `/Patient?identifier=${encodeURIComponent(`${system}|${value}`)}&_summary=count`);
    t.equal(found.body.total, 1, value);
  }
});

t.test('criteria in a header that are no UTF-8', async (t) => {
  const before = await count(server);
  for (const text of ['identifier=\xbb\xa6A-1', 'identifier=\xe6\xb2', 'identifier=\xff', '\xe9=1', 'name=M\xfcller']) {
    const { status, body } = await ask('POST', '/Patient', patient(), { 'if-none-exist': text });
    t.equal(status, 400);
    t.match(body.issue[0], { diagnostics: /The header If-None-Exist has the byte %\w\w/ });
  }
  t.equal(await count(server), before);
});

t.test('headers whose text is read are UTF-8', async (t) => {
  const before = await count(server);
  const texts = ['Accept', 'Content-Type', 'If-Match', 'If-None-Exist', 'If-None-Match', 'Prefer'];
  const more = ['X-Correlation-Id', 'X-Request-Id', 'X-Security-Context'];
  for (const name of [...texts, ...more, 'Origin', 'Content-Encoding', 'If-Modified-Since']) {
    for (const path of ['/Patient', '/Binary']) {
      for (const text of ['\xff', 'application/json; name="\xe6\xb2"']) {
        const { status, body } = await ask('POST', path, patient(), { [name]: text });
        t.equal(status, 400, `${name}: ${path}`);
        t.match(body.issue[0], {
          details: { coding: [{ code: 'bad-encoding' }] },
          diagnostics: new RegExp(`The header ${name} has the byte %`),
        });
      }
    }
  }
  for (const name of ['Origin', 'Content-Encoding', 'If-Modified-Since']) {
    const { status, body } = await ask('POST', '/Patient', patient(), { [name]: bytes('沪') });
    t.match([status, body.issue[0].diagnostics], [400, `Header ${name} is "沪"; expected ASCII.`]);
  }
  for (const [name, text, found] of [
    ['Host', '\xff', 'The header Host has the byte %FF'],
    ['Host', bytes('沪.example'), '沪.example'],
    ['Expect', '\xff', 'The header Expect has the byte %FF'],
  ]) {
    const host = name === 'Host' ? '' : 'Host: localhost\r\n';
    const request = `GET /fhir/Patient HTTP/1.1\r\n${host}${name}: ${text}\r\nConnection: close\r\n\r\n`;
    t.match(await dial(server.base, request).ended, bytes(found ?? ''));
  }
  t.equal(await count(server), before);
  t.equal(
    (await ask('GET', '/Patient', undefined, { 'user-agent': '\xff' })).status,
    200,
    'what is not read may be any',
  );
});

t.test('what a header says of a Binary is kept as text, and goes out again as it came', async (t) => {
  for (const [contentType, context] of [
    ['text/plain; name="沪"', 'Patient/1'],
    ['text/plain', 'http://x.example/沪/Patient/1'],
    ['text/plain; name="é"', 'http://x.example/é/Patient/1'],
  ] as const) {
    const headers = { 'content-type': bytes(contentType), 'x-security-context': bytes(context) };
    const made = await ask('POST', '/Binary', 'a', headers);
    t.equal(made.status, 201, made.text);
    const path = `/Binary/${made.body.id}`;
    const { body } = await ask('GET', path, undefined, { accept: 'application/fhir+json' });
    t.match(body, { contentType, securityContext: { reference: context } });
    const raw = await ask('GET', path);
    t.equal(raw.headers.get('content-type'), bytes(contentType));
    t.equal(raw.headers.get('x-security-context'), bytes(context));
  }
});

t.test('bytes of a request target are refused, UTF-8 or not: they have escapes', async (t) => {
  for (const target of [bytes('Patient?name=沪'), 'Patient?name=\xbb\xa6', bytes('Patient/沪'), 'Patient/\xff']) {
    const request = `GET /fhir/${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    t.match(await dial(server.base, request).ended, /^HTTP\/1\.1 400 .*HPE_INVALID_URL/s);
  }
});

async function count({ ask }: TestServer): Promise<number> {
  return (await ask('GET', '/Patient?_summary=count')).body.total;
}

t.test('a + that is not escaped is a blank, which no value of these has', async (t) => {
  const hint = /a \+ is sent as %2B, since by itself it is a blank/;
  const resource = patient({ identifier: [{ system, value: 'plus' }] });
  const refused = [
    'Patient?_lastUpdated=gt2025-03-01T08:00:00+08:00',
    'Patient?birthdate=2025-03-01T08:00:00+08:00',
    'Patient?birthdate=1950,ge2025-03-01T08:00:00+08:00',
    'Patient?_filter=birthdate ge 2025-03-01T08:00:00+08:00',
    'Patient?_has:Observation:patient:date=ge2025-03-01T08:00:00+08:00',
    'Patient?phone=+8621123',
    'Patient?_id=a+b',
    'Patient?organization=a+b',
    'Patient?organization=http://x.example/a+b/Organization/1',
    'Patient?organization=http://x.example/a+b',
    'Patient?identifier=http://x.example/a+b|1',
    'Patient?organization:identifier=http://x.example/a+b|1',
    'Patient?_tag=urn:a+b|',
    'Patient?_profile:below=http://x.example/a+b',
    'Patient/_history?_since=2025-03-01T08:00:00+08:00',
    'Observation?value-quantity=+5',
    'Observation?value-quantity=5|http://unitsofmeasure.org|10*+3',
    'Observation?code-value-date=http://loinc.org|1$2025-03-01T08:00:00+08:00',
    'RiskAssessment?probability=+0.5',
    'DocumentReference?contenttype=application/fhir+json',
    'ValueSet?url=http://x.example/a+b',
    'Location?near=+31.2|121.4',
    'Measure/x/$evaluate-measure?periodStart=2025-01-01T00:00:00+08:00&periodEnd=2025-03-31',
  ];
  for (const url of refused) {
    const { status, body } = await ask('GET', `/${url}`);
    t.match([status, body.issue?.[0].diagnostics], [400, hint], url);
    const [inBatch] = (await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry: [entry('GET', url)] }))
      .body.entry;
    t.match([inBatch.response.status, inBatch.response.outcome?.issue[0].diagnostics], [/^400/, hint], url);
    const escaped = await ask('GET', `/${url.replaceAll('+', '%2B')}`);
    t.notMatch(escaped.text, hint, url);
    const [type = '', criteria = ''] = url.split('?');
    if (type !== 'Patient') continue;
    const created = await ask('POST', '/Patient', resource, { 'if-none-exist': criteria });
    t.match([created.status, created.text], [400, hint], `If-None-Exist: ${criteria}`);
  }
});
