import { anonymous, get, gone, head, imfDate, issue, post, put } from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

const data = (text: string) => Buffer.from(text).toString('base64');
const resource = { resourceType: 'Binary', id: '{own}', contentType: 'text/plain', data: data('hello') };
const { id: _, ...unnamed } = resource;
const stored = put('/Binary/{own}', resource);
const secured = put('/Binary/{own}', { ...resource, securityContext: { reference: 'Patient/1' } });
const raw = (method: string, path: string, type: string, body: string, headers: Record<string, string> = {}): Step => ({
  method,
  path,
  body,
  headers: { 'content-type': type, ...headers },
});
const fhir = { accept: 'application/fhir+json' };
const now = { etag: 'W/"1"', 'last-modified': imfDate };
const asResource = (body: object) => [{ when: get('/Binary/{own}', fhir), status: 200, body }];

const reading: Table = {
  section: 'binary.html#rest, read',
  cases: [
    {
      name: 'as FHIR where Accept asks for FHIR',
      given: [stored],
      when: get('/Binary/{own}', fhir),
      status: 200,
      headers: { 'content-type': /^application\/fhir\+json/, ...now },
      body: resource,
    },
    {
      name: 'as FHIR where _format asks for FHIR',
      given: [stored],
      when: get('/Binary/{own}?_format=json', { accept: 'text/plain' }),
      status: 200,
      body: resource,
    },
    {
      name: 'as FHIR XML',
      given: [stored],
      when: get('/Binary/{own}', { accept: 'application/fhir+xml' }),
      status: 200,
      text: /<Binary xmlns="http:\/\/hl7\.org\/fhir">.*<data value="aGVsbG8="\/>/s,
    },
    {
      name: 'as it is where Accept names its type',
      given: [stored],
      when: get('/Binary/{own}', { accept: 'text/plain' }),
      status: 200,
      headers: { 'content-type': /^text\/plain/, ...now },
      text: 'hello',
    },
    {
      name: 'as it is where Accept does not ask for FHIR',
      given: [stored],
      when: get('/Binary/{own}', { accept: '*/*' }),
      status: 200,
      headers: { 'content-type': /^text\/plain/, ...now },
      text: 'hello',
    },
    {
      name: 'application/json is no FHIR type here',
      given: [put('/Binary/{own}', { ...resource, contentType: 'application/json', data: data('{"a":1}') })],
      when: get('/Binary/{own}', { accept: 'application/json' }),
      status: 200,
      headers: { 'content-type': /^application\/json/ },
      text: '{"a":1}',
    },
    {
      name: 'an earlier version as it was',
      given: [stored, put('/Binary/{own}', { ...resource, data: data('bye') })],
      when: get('/Binary/{own}/_history/1', { accept: 'text/plain' }),
      status: 200,
      headers: { 'content-type': /^text\/plain/, etag: 'W/"1"' },
      text: 'hello',
    },
    {
      name: 'HEAD',
      given: [stored],
      when: head('/Binary/{own}', { accept: 'text/plain' }),
      status: 200,
      headers: { 'content-type': /^text\/plain/, ...now },
      text: '',
    },
    {
      name: 'If-None-Match of the version: 304',
      given: [stored],
      when: get('/Binary/{own}', { accept: 'text/plain', 'if-none-match': 'W/"1"' }),
      status: 304,
      text: '',
    },
    {
      name: 'X-Security-Context is its securityContext',
      given: [secured],
      when: get('/Binary/{own}', { accept: 'text/plain' }),
      status: 200,
      headers: { 'x-security-context': /Patient\/1$/ },
      text: 'hello',
    },
    {
      name: 'what does not exist: an OperationOutcome',
      when: get('/Binary/{own}', { accept: 'text/plain' }),
      status: 404,
      issue: issue('not-found', 'not-found', 'Binary/{own} does not exist'),
    },
    {
      name: 'what is deleted: an OperationOutcome',
      given: [stored, { ...gone, path: '/Binary/{own}' }],
      when: get('/Binary/{own}', { accept: 'text/plain' }),
      status: 410,
      issue: issue('deleted', 'deleted', 'Binary/{own} was deleted'),
    },
    {
      name: 'in a bundle it is a resource',
      given: [stored],
      when: get('/Binary?_id={own}', { accept: '*/*' }),
      status: 200,
      body: { entry: [{ resource }] },
    },
  ],
};

/** Content-Type, body, and what that is: no Binary resource. */
const contents: readonly (readonly [string, string, string])[] = [
  ['application/json', '{"a":1}', 'an object'],
  ['application/json', '[{"a":1}]', 'a list'],
  ['text/json', '"text"', 'a text'],
  ['application/json', '{"a":1', 'what is no JSON'],
  ['application/json', '{"a":1,"a":2}', 'JSON with a key twice'],
  ['application/fhir+json', '{"a":1}', 'an object without resourceType'],
  [
    'application/fhir+json',
    '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Binary"}}]}',
    'a Bundle with a Binary',
  ],
  ['application/xml', '<a/>', 'XML of another namespace'],
  ['application/xml', '<Binary xmlns="http://other.example/x"><a/></Binary>', 'a Binary of another namespace'],
  ['application/xml', '<Binary/>', 'a Binary of no namespace'],
  ['application/xml', '<a><Binary xmlns="http://hl7.org/fhir"/>', 'broken XML with a Binary in it'],
  ['text/xml', '<a', 'what is no XML'],
  ['application/fhir+xml', '<Patient xmlns="http://hl7.org/fhir"/>', 'a Patient in XML'],
  ['application/json', '\u00ff{}', 'JSON after a byte order mark, or what looks like one'],
];

/** Content-Type, body and the code of its refusal: what says that it is a Binary resource. */
const broken: readonly (readonly [string, string, string])[] = [
  ['application/fhir+json', '{"resourceType":"Binary","contentType":"a/b"', 'malformed-json'],
  ['application/json', '{"resourceType" : "Binary","contentType":"a/b","contentType":"c/d"}', 'duplicate-key'],
  ['application/fhir+xml', '<Binary xmlns="http://hl7.org/fhir"><contentType value="a/b">', 'malformed-xml'],
  [
    'application/xml',
    '<?xml version="1.0"?><!-- x --><f:Binary xmlns:f="http://hl7.org/fhir"><f:contentType',
    'malformed-xml',
  ],
];

const writing: Table = {
  section: 'binary.html#rest, write',
  cases: [
    {
      name: 'create of a Binary resource',
      when: post('/Binary', unnamed),
      status: 201,
      headers: { location: /\/Binary\/[^/]+\/_history\/1$/ },
      after: [{ when: get('{location}', fhir), status: 200, body: unnamed }],
    },
    {
      name: 'create of other contents',
      when: raw('POST', '/Binary', 'text/csv', 'a,b\n1,2\n'),
      status: 201,
      headers: { location: /\/Binary\/[^/]+\/_history\/1$/, ...now },
      after: [
        {
          when: get('{location}', { accept: '*/*' }),
          status: 200,
          headers: { 'content-type': /^text\/csv/ },
          text: 'a,b\n1,2\n',
        },
      ],
    },
    {
      name: 'create of other contents, read as FHIR',
      when: raw('POST', '/Binary', 'application/pdf', '%PDF'),
      status: 201,
      after: [
        {
          when: get('{location}', fhir),
          status: 200,
          body: { resourceType: 'Binary', contentType: 'application/pdf', data: data('%PDF') },
        },
      ],
    },
    {
      name: 'update of other contents',
      given: [stored],
      when: raw('PUT', '/Binary/{own}', 'text/csv', 'a,b'),
      status: 200,
      headers: { etag: 'W/"2"' },
      after: asResource({ id: '{own}', contentType: 'text/csv', data: data('a,b'), meta: { versionId: '2' } }),
    },
    {
      name: 'update of other contents as create',
      when: raw('PUT', '/Binary/{own}', 'text/csv', 'a,b'),
      status: 201,
      headers: { location: '{base}/Binary/{own}/_history/1' },
      after: asResource({ id: '{own}', contentType: 'text/csv', data: data('a,b') }),
    },
    {
      name: 'X-Security-Context becomes its securityContext',
      when: raw('PUT', '/Binary/{own}', 'text/csv', 'a,b', { 'x-security-context': 'Patient/1' }),
      status: 201,
      after: asResource({ contentType: 'text/csv', securityContext: { reference: 'Patient/1' } }),
    },
    {
      name: 'other contents with If-Match of another version: 412',
      given: [stored],
      when: raw('PUT', '/Binary/{own}', 'text/csv', 'a,b', { 'if-match': 'W/"7"' }),
      status: 412,
      issue: issue('conflict', 'version-conflict', /version 1.*expected.*7/),
      after: asResource({ contentType: 'text/plain' }),
    },
    {
      name: 'FHIR that is no Binary is contents like any other',
      when: post('/Binary', anonymous),
      status: 201,
      after: [
        {
          when: get('{location}', fhir),
          status: 200,
          body: { resourceType: 'Binary', contentType: /^application\/fhir\+json/ },
        },
      ],
    },
    ...contents.map(([type, text, what]) => ({
      name: `${what} is contents (${type})`,
      when: raw('POST', '/Binary', type, text),
      status: 201,
      after: [{ when: get('{location}', fhir), status: 200, body: { contentType: type, data: data(text) } }],
    })),
    {
      name: 'contents of a JSON type replace a Binary',
      given: [stored],
      when: raw('PUT', '/Binary/{own}', 'application/json', '[1,2]'),
      status: 200,
      after: asResource({ contentType: 'application/json', data: data('[1,2]') }),
    },
    ...broken.map(([type, text, code]) => ({
      name: `a Binary resource that cannot be read: 400 (${type} ${code})`,
      when: raw('POST', '/Binary', type, text),
      status: 400,
      issue: issue('structure', code, /./),
    })),
    {
      name: 'nothing under a type of JSON: 400',
      when: raw('POST', '/Binary', 'application/json', ''),
      status: 400,
      issue: issue('structure', 'body-empty', /./),
    },
    {
      name: 'a Binary resource in XML',
      when: raw(
        'POST',
        '/Binary',
        'application/xml',
        '<Binary xmlns="http://hl7.org/fhir"><contentType value="a/b"/></Binary>',
      ),
      status: 201,
      after: [{ when: get('{location}', fhir), status: 200, body: { contentType: 'a/b' } }],
    },
    {
      name: 'a Binary resource that breaks a rule: 422',
      when: post('/Binary', { resourceType: 'Binary', data: 'aGVsbG8=' }),
      status: 422,
      issue: issue('required', 'missing-element', /contentType.*expected/, 'Binary.contentType'),
    },
    {
      name: 'data that is no base64: 422',
      when: put('/Binary/{own}', { ...resource, data: '?' }),
      status: 422,
      issue: issue('value', undefined, /data.*expected/, 'Binary.data'),
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [reading, writing] }];
