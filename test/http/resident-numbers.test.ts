import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { residentIdCheck } from '#seed/model/numbers.ts';
import { startServe } from '#test/process/hufhir.ts';
import { spellings } from '#test/spellings.ts';
import { ask, entry, patient, type Reply, transaction } from './harness.ts';
import { dial } from './wire.ts';

/** A resident ID number comes back in no error, explanation, log line, link or header, wherever it is put and however it is spelled. */

const folder = mkdtempSync(join(tmpdir(), 'hufhir-numbers-'));
const server = await startServe(folder, { HUFHIR_LOG_LEVEL: 'trace' });
t.teardown(() => {
  server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});
const { base, origin } = server;

const digits = '31010519500102999';
const number = digits + residentIdCheck(digits);
const withX = '11010519491231002X';

const json = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  ask(`${base}${path}`, method, body, headers);
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const post = (type: string, pairs: Record<string, string>) =>
  ask(`${base}/${type}/_search`, 'POST', new URLSearchParams(pairs).toString(), form);
const jsonPatch = { 'content-type': 'application/json-patch+json' };
const xml = { 'content-type': 'application/fhir+xml' };
const fhirPathPatch = (path: string) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'delete' },
        { name: 'path', valueString: path },
      ],
    },
  ],
});
const observation = (reference: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference },
});

const parameter = (more: Record<string, unknown>) => ({
  resourceType: 'SearchParameter',
  url: 'http://x.example/p',
  name: 'p',
  status: 'active',
  description: 'p',
  code: 'p',
  base: ['Patient'],
  type: 'string',
  expression: 'Patient.name.text',
  ...more,
});

type Place = (spelled: string) => Promise<Reply>;

/** Where it may be put; `u` is the number as a URL carries it. */
const places: Readonly<Record<string, Place>> = {
  'an id that is read': (n) => json('GET', `/Patient/${encodeURIComponent(n)}`),
  'an id that is deleted': (n) => json('DELETE', `/Patient/${encodeURIComponent(n)}`),
  'an id that is updated': (n) => json('PUT', `/Patient/${encodeURIComponent(n)}`, patient({ id: n })),
  'an id that is patched': (n) => json('PATCH', `/Patient/${encodeURIComponent(n)}`, [], jsonPatch),
  'an id of a body': (n) => json('PUT', '/Patient/p1', patient({ id: n })),
  'an id of a conditional update': (n) => json('PUT', '/Patient?identifier=urn:x|1', patient({ id: n })),
  'a history': (n) => json('GET', `/Patient/${encodeURIComponent(n)}/_history`),
  'a version': (n) => json('GET', `/Patient/p1/_history/${encodeURIComponent(n)}`),
  'a compartment': (n) => json('GET', `/Patient/${encodeURIComponent(n)}/Observation`),
  'an operation of an instance': (n) => json('GET', `/Patient/${encodeURIComponent(n)}/$everything`),
  'the name of an operation': (n) => json('GET', `/$${encodeURIComponent(n)}`),
  'a job': (n) => json('GET', `/_jobs/${encodeURIComponent(n)}`),
  'a job that is ended': (n) => json('DELETE', `/_jobs/${encodeURIComponent(n)}`),
  'a type': (n) => json('GET', `/${encodeURIComponent(n)}/1`),
  'a path behind a type': (n) => json('GET', `/Patient/1/2/${encodeURIComponent(n)}`),
  'a path of no interface': (n) => ask(`${origin}/${encodeURIComponent(n)}/x`, 'GET'),
  'a value that is wrong': (n) => json('GET', `/Patient?birthdate=${encodeURIComponent(n)}`),
  'a value that is explained': (n) => post('Patient', { identifier: n, _explain: 'true' }),
  'many values that are explained': (n) => post('Patient', { identifier: `${'a,'.repeat(300)}${n}`, _explain: 'true' }),
  'a value with a long one before': (n) =>
    post('Patient', { name: 'a'.repeat(1_950 - 40), phone: n, _explain: 'true' }),
  'a name that is explained': (n) => post('Patient', { name: n, _explain: 'true' }),
  'a link of a search': (n) => json('GET', `/Patient?identifier=${encodeURIComponent(n)}`),
  'a link of a search by id': (n) => post('Patient', { _id: n }),
  'a parameter': (n) => json('GET', `/Patient?${encodeURIComponent(n)}=1`),
  'a parameter that is ignored': (n) =>
    json('GET', `/Patient?${encodeURIComponent(n)}=1`, undefined, { prefer: 'handling=lenient' }),
  'a modifier': (n) => json('GET', `/Patient?name:${encodeURIComponent(n)}=1`),
  'a chain': (n) => json('GET', `/Observation?subject.${encodeURIComponent(n)}=1`),
  'a filter': (n) => post('Patient', { _filter: `birthdate eq ${n}` }),
  'a filter that is no filter': (n) => post('Patient', { _filter: `${n} ${n}` }),
  'an order': (n) => post('Patient', { _sort: n }),
  'an include': (n) => post('Patient', { _include: `Patient:${n}` }),
  'a count': (n) => post('Patient', { _count: n }),
  elements: (n) => post('Patient', { _elements: n }),
  'a page': (n) => json('GET', `/Patient?_after=${encodeURIComponent(n)}`),
  'a time of a history': (n) => json('GET', `/_history?_since=${encodeURIComponent(n)}`),
  'a resource type': (n) => json('POST', '/Patient', patient({ resourceType: n })),
  'an element': (n) => json('POST', '/Patient', patient({ [n]: 1 })),
  'an element, twice': (n) =>
    json(
      'POST',
      '/Patient',
      `{"resourceType":"Patient","${n.replaceAll('\\', '\\\\')}":1,"${n.replaceAll('\\', '\\\\')}":2}`,
    ),
  'a code': (n) => json('POST', '/Patient', patient({ gender: n })),
  'a date': (n) => json('POST', '/Patient', patient({ birthDate: n })),
  'a reference': (n) => json('POST', '/Observation', observation(`Patient/${n}`)),
  'a reference to another server': (n) => json('POST', '/Observation', observation(`http://x.example/Patient/${n}`)),
  'a reference with a query': (n) => json('POST', '/Observation', observation(`http://x.example/p?id=${n}`)),
  'a reference in a bundle that is stored': (n) =>
    json('POST', '/Bundle', {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'http://x.example/Observation/1', resource: observation(`Patient?identifier=${n}`) }],
    }),
  'a contained resource': (n) =>
    json('POST', '/Observation', { ...observation('#a'), contained: [patient({ id: n }), patient({ id: 'a' })] }),
  'the url of a search parameter': (n) => json('POST', '/SearchParameter', parameter({ url: `http://x.example/${n}` })),
  'the code of a search parameter': (n) => json('POST', '/SearchParameter', parameter({ code: `a${n}` })),
  'a reference of the wrong type': (n) => json('POST', '/Observation', observation(`Medication/${n}`)),
  'a conditional reference': (n) =>
    json(
      'POST',
      '/',
      transaction(entry('POST', 'Observation', observation(`Patient?identifier=${encodeURIComponent(n)}`))),
    ),
  'a profile': (n) => json('POST', '/Patient', patient({ meta: { profile: [`http://x.example/${n}`] }, gender: 'x' })),
  'a text that is no JSON': (n) => json('POST', '/Patient', `{"resourceType":"Patient",${n}}`),
  'a text that ends too early': (n) => json('POST', '/Patient', `{"resourceType":"Patient","id":"${n}`),
  'an element in XML': (n) => json('POST', '/Patient', `<Patient xmlns="http://hl7.org/fhir"><a${n}/></Patient>`, xml),
  'a value in XML': (n) =>
    json('POST', '/Patient', `<Patient xmlns="http://hl7.org/fhir"><gender value="${n}"/></Patient>`, xml),
  'a text in XML': (n) => json('POST', '/Patient', `<Patient xmlns="http://hl7.org/fhir">${n}</Patient>`, xml),
  'a path of a JSON Patch': (n) => json('PATCH', '/Patient/p1', [{ op: 'remove', path: `/${n}` }], jsonPatch),
  'an operation of a JSON Patch': (n) => json('PATCH', '/Patient/p1', [{ op: n, path: '/x' }], jsonPatch),
  'a test of a JSON Patch': (n) => json('PATCH', '/Patient/p1', [{ op: 'test', path: '/gender', value: n }], jsonPatch),
  'a path of a FHIRPath Patch': (n) =>
    json('PATCH', '/Patient/p1', fhirPathPatch(`Patient.identifier.where(value='${n}'`)),
  'a type of a bundle': (n) => json('POST', '/', { resourceType: 'Bundle', type: n }),
  'a method of an entry': (n) => json('POST', '/', transaction(entry(n, 'Patient/1'))),
  'the url of an entry': (n) => json('POST', '/', transaction(entry('PUT', `Patient/${n}`, patient({ id: n })))),
  'the url of an entry of a batch': (n) =>
    json('POST', '/', {
      ...transaction(entry('PUT', `Patient/${n}`, patient({ id: n })), entry('GET', `Patient/${n}`)),
      type: 'batch',
    }),
  'a fullUrl': (n) =>
    json(
      'POST',
      '/',
      transaction(entry('POST', 'Patient', patient(), { fullUrl: `http://x.example/fhir/Patient/${n}` })),
    ),
  'criteria of an entry': (n) =>
    json(
      'POST',
      '/',
      transaction(entry('POST', 'Patient', patient(), { ifNoneExist: `birthdate=${encodeURIComponent(n)}` })),
    ),
  'a condition of an entry': (n) =>
    json('POST', '/', transaction(entry('PUT', 'Patient/p1', patient({ id: 'p1' }), { ifMatch: n }))),
  'an argument of an operation': (n) => json('GET', `/$pending-references?_count=${encodeURIComponent(n)}`),
  'a name of an argument': (n) => json('GET', `/$pending-references?${encodeURIComponent(n)}=1`),
  'a measure': (n) =>
    json(
      'GET',
      `/Measure/$evaluate-measure?measure=${encodeURIComponent(n)}&periodStart=2025-01-01&periodEnd=2025-12-31`,
    ),
  'a format': (n) => json('GET', `/Patient/p1?_format=${encodeURIComponent(n)}`),
};

const headers: Readonly<Record<string, (n: string) => Promise<Reply>>> = Object.fromEntries(
  [
    'X-Request-Id',
    'X-Correlation-Id',
    'If-Match',
    'If-None-Exist',
    'If-None-Match',
    'If-Modified-Since',
    'Prefer',
    'Accept',
    'Content-Type',
    'Origin',
    'Content-Encoding',
  ].map((name) => [
    name,
    (n: string) =>
      json('POST', '/Patient', patient(), { [name]: bytes(name === 'If-None-Exist' ? `birthdate=${n}` : n) }),
  ]),
);

/** As a header carries it. */
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

function told(t: Test, { text, headers }: Pick<Reply, 'text' | 'headers'>, spelled: string, name: string): void {
  const all = `${text}\n${[...headers].map((pair) => pair.join(': ')).join('\n')}`;
  const signs = [...spelled];
  const tail = signs.slice(signs.length / 2).join('');
  for (const part of [
    spelled,
    tail,
    bytes(spelled),
    bytes(tail),
    encodeURIComponent(tail),
    JSON.stringify(tail).slice(1, -1),
  ]) {
    if (all.includes(part)) return void t.fail(`${name}: ${all.slice(0, 600)}`);
  }
  t.pass(name);
}

t.test('nothing that is answered tells a number', async (t) => {
  await json('PUT', '/Patient/p1', patient({ id: 'p1' }));
  const seen = new Set<number>();
  for (const n of [number, withX]) {
    for (const [spelling, spelled] of Object.entries(spellings(n))) {
      for (const [place, send] of Object.entries(places)) {
        const reply = await send(spelled);
        seen.add(reply.status);
        if (reply.status >= 500) t.fail(`${place}, ${spelling}: ${reply.text}`);
        // What is stored comes back to whoever sent it.
        if (place.startsWith('a reference')) t.match(reply.text, 'resident-number-as-id', `${place}, ${spelling}`);
        if (/^(a contained resource|the (url|code) of a search)/.test(place))
          t.not(reply.status, 201, `${place}, ${spelling}`);
        if (reply.status !== 201) told(t, reply, spelled, `${place}, ${spelling}`);
      }
      for (const [header, send] of Object.entries(headers)) {
        const reply = await send(spelled);
        if (reply.status >= 500) t.fail(`${header}, ${spelling}: ${reply.text}`);
        told(t, { ...reply, text: reply.status === 201 ? '' : reply.text }, spelled, `${header}, ${spelling}`);
      }
      for (const request of [
        `GET /fhir/Patient HTTP/1.1\r\nHost: ${bytes(spelled)}.example\r\nConnection: close\r\n\r\n`,
        `GET /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nExpect: ${bytes(spelled)}\r\nConnection: close\r\n\r\n`,
        `GET /fhir/Patient/${spelled} HTTP/1.1\r\nConnection: close\r\n\r\n`,
        `GET /${encodeURIComponent(spelled)} ${spelled}\r\n\r\n`,
      ]) {
        told(
          t,
          { text: await dial(base, request).ended, headers: new Headers() },
          spelled,
          `${request.slice(0, 12)}, ${spelling}`,
        );
      }
    }
  }
  t.match(
    [...seen].sort(),
    [200, 201, 400, 404, 405, 406, 412, 422].filter((s) => seen.has(s)),
  );
});

t.test('a resident ID number is no id, in whatever way it comes', async (t) => {
  const refused = ({ status, text }: Reply, name: string) => {
    t.ok(status === 400 || status === 422, `${name}: ${status} ${text}`);
    t.match(text, 'resident-number-as-id', name);
  };
  const ids = {
    number,
    'lower case': withX.toLowerCase(),
    hyphens: `310105-19500102-999${number.at(-1)}`,
    dots: `310105.19500102.${number.slice(14)}`,
    'within an id': `p-${number}-1`,
    'of fifteen digits': '310105500102999',
  };
  for (const [name, id] of Object.entries(ids)) {
    for (const place of [
      'an id that is read',
      'an id that is updated',
      'an id that is deleted',
      'an id that is patched',
      'an id of a conditional update',
      'a history',
      'a compartment',
      'an operation of an instance',
      'a reference',
      'a reference to another server',
      'the url of an entry',
      'the url of an entry of a batch',
      'a fullUrl',
    ]) {
      const reply = (await places[place]?.(id)) as Reply;
      if (place === 'the url of an entry of a batch')
        t.match(reply.text, /"status":"400".*resident-number-as-id.*"status":"400"/s);
      else refused(reply, `${place}, ${name}`);
    }
    refused(
      await json('POST', '/Observation', {
        ...observation('Patient/p1'),
        performer: [{ reference: `Practitioner/${id}/_history/1` }],
      }),
      name,
    );
    refused(
      await json(
        'POST',
        '/Observation',
        `<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="x"/></code><subject><reference value="Patient/${id}"/></subject></Observation>`,
        xml,
      ),
      name,
    );
    await json('PUT', '/Observation/o1', { ...observation('Patient/p1'), id: 'o1' });
    refused(
      await json(
        'PATCH',
        '/Observation/o1',
        [{ op: 'replace', path: '/subject/reference', value: `Patient/${id}` }],
        jsonPatch,
      ),
      name,
    );
  }
  const stored = await json('GET', '/_history?_count=1000');
  for (const id of Object.values(ids)) t.notOk(stored.text.includes(`/${id}`), 'none is stored');
});

t.test('ids that are no such number are taken', async (t) => {
  for (const id of [
    '123456789012345678',
    '310105195001029991',
    '900000000000207008',
    '20250301083000123',
    '1.2.156.10011.2.3',
    'chc-01-000123',
  ]) {
    t.equal((await json('PUT', `/Patient/${id}`, patient({ id }))).status, 201, id);
    t.equal((await json('POST', '/Observation', observation(`Patient/${id}`))).status, 201, id);
  }
});

t.test('what a resource says stays, and is found', async (t) => {
  const identifier = [{ system: 'urn:oid:2.16.156', value: number }];
  const made = await json('POST', '/Patient', patient({ identifier }));
  t.equal(made.status, 201);
  t.match(made.text, number);
  const logical = { ...observation('Patient/p1'), subject: { identifier: identifier[0] } };
  t.equal((await json('POST', '/Observation', logical)).status, 201, 'a logical reference');
  const criteria = observation(`Patient?identifier=${number}`);
  const resolved = await json('POST', '/', transaction(entry('POST', 'Observation', criteria)));
  t.equal(resolved.status, 200, 'a conditional reference');
  const found = await post('Patient', { identifier: number });
  t.match(
    found.body.entry.map((e: { resource: { id: string } }) => e.resource.id),
    [made.body.id],
  );
  t.match(JSON.stringify(found.body.entry[0].resource), number);
  t.notMatch(JSON.stringify(found.body.link), number);
});

t.test('no line of the log tells a number', async (t) => {
  await json('GET', '/Patient/p1', undefined, { 'x-request-id': 'a-request.1' });
  const log = () => server.printed() + server.said();
  while (!log().includes('"reqId":"a-request.1"')) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const n of [number, withX]) {
    for (const [name, spelled] of Object.entries(spellings(n))) {
      t.notOk(log().includes(spelled) || log().includes(JSON.stringify(spelled).slice(1, -1)), name);
    }
  }
  t.notMatch(log(), /"level":50/, 'and no defect was met');
  const metrics = await fetch(`${origin}/metrics`).then((reply) => reply.text());
  for (const n of [number, withX]) t.notMatch(metrics, n);
});
