import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { startServe } from '#test/process/hufhir.ts';
import { entry, patient, transaction } from './harness.ts';

/** Bytes from which on one of the servers works on a body in its thread of large bodies; the other never does here. */
const threshold = 20_000;
const folders = ['hufhir-large-', 'hufhir-plain-'].map((name) => mkdtempSync(join(tmpdir(), name)));
const settings = { HUFHIR_MAX_BODY: '2000000', HUFHIR_MAX_DEPTH: '50' };
const [threaded, plain] = await Promise.all([
  startServe(folders[0] as string, { ...settings, HUFHIR_LARGE_BODY: String(threshold) }),
  startServe(folders[1] as string, { ...settings, HUFHIR_LARGE_BODY: '2000000' }),
]);
const servers = [threaded, plain];
t.teardown(async () => {
  for (const { child } of servers) child.kill('SIGTERM');
  for (const { ended } of servers) await ended;
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const json = { 'content-type': 'application/fhir+json' };
const xml = { 'content-type': 'application/fhir+xml' };
const jsonPatch = { 'content-type': 'application/json-patch+json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
type Body = Record<string, unknown> | unknown[] | string | Uint8Array;
type Headers = Record<string, string>;

async function ask(base: string, method: string, path: string, body?: Body, headers: Headers = json) {
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const sent = (raw ? body : JSON.stringify(body)) as string | undefined;
  const reply = await fetch(`${base}${path}`, { method, headers, ...(sent !== undefined && { body: sent }) });
  return { status: reply.status, headers: reply.headers, text: await reply.text() };
}
type Reply = Awaited<ReturnType<typeof ask>>;

/** What an answer says, without what differs between two servers: ids they give, times, the address, what is sealed. */
function said({ status, headers, text }: Reply, base: string): string {
  const ids = new Map<string, string>();
  const named = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `#${ids.size + 1}`);
    return ids.get(id) ?? '';
  };
  const kept = [...headers].filter(([name]) => !/^(date|x-request-id|last-modified|content-length)$/.test(name));
  return [status, ...kept.map((pair) => pair.join(': ')), '', text]
    .join('\n')
    .replaceAll(base, 'BASE')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, named)
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME')
    .replace(/_after=[\w-]+/g, '_after=SEALED');
}

const filler = (bytes: number) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${'长'.repeat(bytes / 3)}</div>`,
});
const long = (id: string, more: Record<string, unknown> = {}) =>
  patient({ id, text: filler(threshold + 5_000), ...more });
const system = 'urn:example:large';
const urn = (i: number) => `urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-${String(i).padStart(12, '0')}`;
const observation = (subject: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
  ...more,
});
const many = (n: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: n }, (_, i) => entry('POST', 'Patient', patient(more), { fullUrl: urn(i) }));
const patchEntry = (url: string, patch: unknown) =>
  entry('PATCH', url, {
    resourceType: 'Binary',
    contentType: 'application/json-patch+json',
    data: Buffer.from(JSON.stringify(patch)).toString('base64'),
  });
const batch = (...list: unknown[]) => ({ ...transaction(...list), type: 'batch' });

const toXml = (id: string) =>
  `<Patient xmlns="http://hl7.org/fhir"><id value="${id}"/><text><status value="generated"/>` +
  `<div xmlns="http://www.w3.org/1999/xhtml">${'长'.repeat(9_000)}</div></text><birthDate value="1950-01-02"/></Patient>`;

interface Asked {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: Body;
  readonly headers?: Headers;
  readonly status: number;
}

const asked = (name: string, status: number, method: string, path: string, body?: Body, headers?: Headers): Asked => ({
  name,
  status,
  method,
  path,
  ...(body !== undefined && { body }),
  ...(headers !== undefined && { headers }),
});

/** In this order: later requests rest on what earlier ones stored. */
const table: readonly Asked[] = [
  asked('update that creates', 201, 'PUT', '/Patient/a', long('a')),
  asked('update', 200, 'PUT', '/Patient/a', long('a', { gender: 'female' })),
  asked('its history', 200, 'GET', '/Patient/a/_history'),
  asked('update, minimal', 200, 'PUT', '/Patient/a', long('a'), { ...json, prefer: 'return=minimal' }),
  asked('update, outcome', 200, 'PUT', '/Patient/a', long('a'), { ...json, prefer: 'return=OperationOutcome' }),
  asked('update, representation', 200, 'PUT', '/Patient/a', long('a'), { ...json, prefer: 'return=representation' }),
  asked('update of this version', 200, 'PUT', '/Patient/a', long('a'), { ...json, 'if-match': 'W/"5"' }),
  asked('update of another version', 412, 'PUT', '/Patient/a', long('a'), { ...json, 'if-match': 'W/"5"' }),
  asked('update of what must not be', 412, 'PUT', '/Patient/a', long('a'), { ...json, 'if-none-match': '*' }),
  asked('update, indented', 200, 'PUT', '/Patient/a?_pretty=true', long('a')),
  asked('update, answered in XML', 200, 'PUT', '/Patient/a', long('a'), { ...json, accept: 'application/fhir+xml' }),
  asked('create', 201, 'POST', '/Patient', long('ignored', { identifier: [{ system, value: '1' }] })),
  asked('conditional create', 200, 'POST', '/Patient', long('b'), {
    ...json,
    'if-none-exist': `identifier=${system}|1`,
  }),
  asked(
    'conditional update',
    200,
    'PUT',
    `/Patient?identifier=${system}|1`,
    patient({ text: filler(threshold + 100), identifier: [{ system, value: '1' }] }),
  ),
  asked(
    'digits',
    201,
    'PUT',
    '/Observation/d',
    JSON.stringify({
      ...observation('Patient/a'),
      id: 'd',
      text: filler(threshold + 100),
      valueQuantity: { value: 1 },
    }).replace('"value":1}', '"value":1.00}'),
  ),
  asked('digits, read', 200, 'GET', '/Observation/d'),
  asked('XML', 201, 'PUT', '/Patient/x', toXml('x'), xml),
  asked('XML, answered in XML', 200, 'PUT', '/Patient/x', toXml('x'), { ...xml, accept: 'application/fhir+xml' }),
  asked('gzip', 200, 'PUT', '/Patient/a', gzipSync(JSON.stringify(long('a'))), { ...json, 'content-encoding': 'gzip' }),
  asked('br', 200, 'PUT', '/Patient/a', brotliCompressSync(JSON.stringify(long('a'))), {
    ...json,
    'content-encoding': 'br',
  }),
  asked('answered in gzip', 200, 'PUT', '/Patient/a', long('a'), { ...json, 'accept-encoding': 'gzip' }),
  asked(
    'JSON Patch',
    200,
    'PATCH',
    '/Patient/a',
    [{ op: 'replace', path: '/text/div', value: filler(threshold + 900).div }],
    jsonPatch,
  ),
  asked(
    'JSON Patch that fails',
    422,
    'PATCH',
    '/Patient/a',
    [{ op: 'test', path: '/text/div', value: filler(threshold + 9).div }],
    jsonPatch,
  ),
  asked('FHIRPath Patch', 200, 'PATCH', '/Patient/a', {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'Patient.name[0].text' },
          { name: 'value', valueString: '长'.repeat(9_000) },
        ],
      },
    ],
  }),
  asked('read', 200, 'GET', '/Patient/a'),
  asked(
    'transaction',
    200,
    'POST',
    '',
    transaction(
      ...many(200),
      entry('POST', 'Observation', observation(urn(7))),
      entry('POST', 'Observation', observation(`Patient?identifier=${system}|1`)),
      entry('POST', 'Patient', patient(), { ifNoneExist: `identifier=${system}|1` }),
      entry('PUT', 'Patient/t', patient({ id: 't', link: [{ type: 'seealso', other: { reference: urn(9) } }] })),
      patchEntry('Patient/x', [{ op: 'add', path: '/active', value: true }]),
      entry('DELETE', 'Observation/d'),
      entry('PUT', 'Patient/u', patient({ id: 'u' })),
      entry('GET', 'Patient/t'),
      entry('GET', 'Patient?_id=x'),
    ),
  ),
  asked('transaction, representation', 200, 'POST', '', transaction(...many(200)), {
    ...json,
    prefer: 'return=representation',
  }),
  asked(
    'transaction that breaks rules',
    422,
    'POST',
    '',
    transaction(...many(100, { gender: 'm' }), ...many(1, { colour: 'red' })),
  ),
  asked(
    'transaction with conflicts',
    400,
    'POST',
    '',
    transaction(...many(150), entry('PUT', 'Patient/t', patient({ id: 't' })), entry('DELETE', 'Patient/t')),
  ),
  asked(
    'transaction with an unmet condition',
    412,
    'POST',
    '',
    transaction(...many(150), entry('POST', 'Observation', observation('Patient?identifier=none'))),
  ),
  asked('transaction of a wrong shape', 400, 'POST', '', transaction(...many(150), { resource: patient() }, 'x')),
  asked(
    'batch',
    200,
    'POST',
    '',
    batch(
      ...many(150),
      ...many(3, { gender: 'm' }),
      entry('PUT', 'Patient/t', patient({ id: 't' }), { ifMatch: 'W/"7"' }),
      entry('GET', 'Patient/none'),
      entry('GET', 'Patient?colour=red'),
      // Of another one: the entries of a batch have no order.
      entry('DELETE', 'Patient/u'),
    ),
  ),
  asked('another bundle', 400, 'POST', '', { ...transaction(...many(150)), type: 'collection' }),
  asked('another bundle, stored', 201, 'PUT', '/Bundle/kept', {
    resourceType: 'Bundle',
    id: 'kept',
    type: 'collection',
    entry: many(150).map(({ resource, fullUrl }) => ({ fullUrl, resource })),
  }),
  asked('a rule broken', 422, 'PUT', '/Patient/a', long('a', { gender: 'm', colour: 'red', birthDate: 'x' })),
  asked('another id', 400, 'PUT', '/Patient/a', long('b')),
  asked('another type', 400, 'PUT', '/Observation/a', long('a')),
  asked('an unknown type', 404, 'PUT', '/Nothing/a', long('a')),
  asked('an unknown parameter', 400, 'PUT', '/Patient/a?colour=red', long('a')),
  asked('no JSON', 400, 'PUT', '/Patient/a', JSON.stringify(long('a')).slice(0, -1)),
  asked('a key twice', 400, 'PUT', '/Patient/a', JSON.stringify(long('a')).replace('{', '{"id":"a",')),
  asked('no UTF-8', 400, 'PUT', '/Patient/a', Buffer.from(JSON.stringify(long('a')), 'utf16le')),
  asked('too deep', 400, 'PUT', '/Patient/a', `{"a":${'['.repeat(threshold)}${']'.repeat(threshold)}}`),
  asked('no XML', 400, 'PUT', '/Patient/x', toXml('x').slice(0, -1), xml),
  asked('another media type', 415, 'PUT', '/Patient/a', long('a'), { 'content-type': 'text/csv' }),
  asked('another version of FHIR', 415, 'PUT', '/Patient/a', long('a'), {
    'content-type': 'application/fhir+json; fhirVersion=5.0',
  }),
  asked('no media type to answer in', 406, 'PUT', '/Patient/a', long('a'), { ...json, accept: 'text/csv' }),
  asked('a method that is none', 405, 'POST', '/metadata', long('a')),
  asked('beyond the limit', 413, 'PUT', '/Patient/a', patient({ id: 'a', text: filler(2_000_000) })),
  asked('a deletion with a body', 204, 'DELETE', '/Patient/x', 'x'.repeat(threshold + 1)),
  asked(
    'search',
    200,
    'POST',
    '/Patient/_search',
    `_id=a,${Array.from({ length: 900 }, (_, i) => `none-and-never-anywhere-${i}`).join(',')}`,
    form,
  ),
  asked('search with an unknown parameter', 400, 'POST', '/Patient/_search', `colour=${'r'.repeat(threshold)}`, form),
  asked('raw Binary', 201, 'PUT', '/Binary/raw', Buffer.alloc(threshold + 1, 'abc'), { 'content-type': 'text/plain' }),
  asked('raw Binary, read', 200, 'GET', '/Binary/raw', undefined, { accept: 'text/plain' }),
  asked('operation', 422, 'POST', '/Measure/$evaluate-measure', {
    resourceType: 'Parameters',
    text: filler(threshold + 1),
    parameter: [{ name: 'colour', valueString: 'red' }],
  }),
];

t.test('a large body is answered as it is where no thread works on it', async (t) => {
  for (const { name, method, path, body, headers, status } of table) {
    const [found, expected] = await Promise.all(
      servers.map(async ({ base }) => {
        const reply = await ask(base, method, path, body, headers);
        return { status: reply.status, said: said(reply, base) };
      }),
    );
    t.equal(expected?.status, status, name);
    t.equal(found?.said, expected?.said, name);
  }
});
