import { bundle, criteria, del, get, issue, notFound, patch, person, post, put, stored } from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

const unknownType = issue(/^not-(found|supported)$/, undefined, /Patint/);
const unknownPath = issue('not-found', 'unknown-route', /not a path/);
const invalidId = issue('value', 'invalid-id', /expected 1 to 64/, 'Patient.id');
const long = 'a'.repeat(64);
const named = (id: string) => ({ resourceType: 'Patient', id });

const root: Table = {
  section: 'http.html#root (3.1.0.1.2)',
  cases: [
    {
      name: 'each type has its manager at [base]/[type]',
      given: [stored],
      when: get(`/Patient?${criteria}`),
      status: 200,
      body: { resourceType: 'Bundle', type: 'searchset', entry: [{ resource: { id: '{own}' } }] },
    },
    {
      name: '[base]/[type]/ is the same as [base]/[type] in a search',
      given: [stored],
      when: get(`/Patient/?${criteria}`),
      status: 200,
      body: { resourceType: 'Bundle', type: 'searchset', entry: [{ resource: { id: '{own}' } }] },
    },
    {
      name: '[base]/[type]/ is the same as [base]/[type] in a create',
      when: post('/Patient/', person),
      status: 201,
      headers: { location: /\/Patient\/[^/]+\/_history\/1$/ },
    },
    {
      name: '[base]/ is the same as [base] for a bundle',
      when: post('/', bundle('batch')),
      status: 200,
      body: { resourceType: 'Bundle', type: 'batch-response' },
    },
    {
      name: 'the type is case sensitive',
      given: [stored],
      when: get('/patient/{own}'),
      status: 404,
      issue: issue(/^not-(found|supported)$/, undefined, 'patient'),
    },
    {
      name: 'the id is case sensitive',
      given: [stored],
      when: get('/Patient/{OWN}'),
      status: 404,
      issue: issue('not-found', 'not-found', 'Patient/{OWN} does not exist'),
    },
    {
      name: 'ids that differ in case are two resources',
      given: [stored, put('/Patient/{OWN}', { ...person, id: '{OWN}', gender: 'female' })],
      when: get('/Patient/{own}'),
      status: 200,
      body: { id: '{own}', gender: 'male', meta: { versionId: '1' } },
    },
    {
      name: 'the same id under two types is two resources',
      given: [stored, put('/Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } })],
      when: get('/Patient/{own}'),
      status: 200,
      body: { resourceType: 'Patient', meta: { versionId: '1' } },
    },
    {
      name: 'a path may be percent-encoded',
      given: [stored],
      when: get('/%50atient/{own}'),
      status: 200,
      body: { id: '{own}' },
    },
    {
      name: 'a query is decoded as UTF-8',
      given: [put('/Patient/{own}', { ...person, name: [{ text: '欧阳{own}' }] })],
      when: get('/Patient?name=%E6%AC%A7%E9%98%B3{own}'),
      status: 200,
      body: { entry: [{ resource: { id: '{own}' } }] },
    },
    {
      name: 'an id may have 64 characters',
      when: put(`/Patient/${long}`, named(long)),
      status: 201,
      body: { id: long },
    },
    {
      name: 'an id of 65 is refused',
      when: put(`/Patient/${long}a`, named(`${long}a`)),
      status: 400,
      issue: invalidId,
    },
    { name: 'an id may have dots and dashes', when: put('/Patient/{own}.-', named('{own}.-')), status: 201 },
    { name: 'an id may have no underscore', when: get('/Patient/{own}_'), status: 400, issue: invalidId },
    { name: 'an id may have no letter outside A-Z', when: get('/Patient/%E5%BC%A0'), status: 400, issue: invalidId },
    { name: 'a path of no interaction is not found', when: get('/Patient/1/2/3'), status: 404, issue: unknownPath },
    { name: 'a path behind metadata is not found', when: get('/metadata/1'), status: 404, issue: unknownPath },
    { name: 'read of an unknown type', when: get('/Patint/{own}'), status: 404, issue: unknownType },
    { name: 'search of an unknown type', when: get('/Patint'), status: 404, issue: unknownType },
    {
      name: 'create of an unknown type',
      when: post('/Patint', { resourceType: 'Patint' }),
      status: 404,
      issue: unknownType,
    },
    {
      name: 'update of an unknown type',
      when: put('/Patint/1', { resourceType: 'Patint', id: '1' }),
      status: 404,
      issue: unknownType,
    },
    { name: 'delete of an unknown type', when: del('/Patint/1'), status: 404, issue: unknownType },
    { name: 'patch of an unknown type', when: patch('/Patint/1', []), status: 404, issue: unknownType },
    { name: 'history of an unknown type', when: get('/Patint/_history'), status: 404, issue: unknownType },
    {
      name: 'a data type has no manager',
      when: get('/HumanName'),
      status: 404,
      issue: issue(/./, undefined, 'HumanName'),
    },
    {
      name: 'an abstract type has no manager',
      when: get('/DomainResource'),
      status: 404,
      issue: issue(/./, undefined, 'DomainResource'),
    },
    {
      name: 'an unknown operation is not found',
      when: get('/Patient/$nothing'),
      status: 404,
      issue: issue(/^not-(found|supported)$/, 'unknown-operation', 'Patient/$nothing'),
    },
  ],
};

/** RFC 9110 15.5.6: a method that a path does not take, and what it does take. */
const refusedMethod = (when: Step, allow: RegExp): Table['cases'][number] => ({
  name: `${when.method} ${when.path} is not allowed`,
  when,
  status: 405,
  headers: { allow },
  issue: issue('not-supported', 'method-not-allowed', new RegExp(`${when.method}.*expected`)),
});

const methods: Table = {
  section: 'http.html#interactions (3.1.0)',
  cases: [
    refusedMethod(post('/Patient/1', person), /^GET, HEAD, PUT, PATCH, DELETE$/),
    refusedMethod(post('/Patient/1/_history', ''), /^GET, HEAD$/),
    refusedMethod(put('/Patient/1/_history/1', person), /^GET, HEAD$/),
    refusedMethod(del('/Patient/1/_history/1'), /^GET, HEAD$/),
    refusedMethod(del('/Patient/1/_history'), /^GET, HEAD$/),
    refusedMethod(patch('/Patient/1/_history/1', []), /^GET, HEAD$/),
    refusedMethod(put('/Patient/_search', ''), /POST/),
    refusedMethod(del('/Patient/_history'), /^GET, HEAD$/),
    refusedMethod(post('/_history', ''), /^GET, HEAD$/),
    refusedMethod(post('/metadata', ''), /^GET, HEAD$/),
    refusedMethod(put('', bundle('batch')), /POST/),
    refusedMethod(del(''), /POST/),
  ],
};

const code = (status: number, name: string, when: Step, expected: ReturnType<typeof issue>, given: Step[] = []) => ({
  name: `${status} ${name}`,
  given,
  when,
  status,
  issue: expected,
});

const codes: Table = {
  section: 'http.html#Status-Codes (3.1.0.1.5)',
  cases: [
    code(400, 'the body cannot be parsed', post('/Patient', '{'), issue('structure', 'malformed-json', /not JSON/)),
    code(400, 'the body is empty', post('/Patient', ''), issue('structure', 'body-empty', /expected a resource/)),
    code(400, 'the body is a list', post('/Patient', []), issue(/^(structure|value)$/, undefined, /expected/)),
    code(
      400,
      'the body has no resourceType',
      post('/Patient', {}),
      issue('structure', 'missing-resource-type', /resourceType/),
    ),
    code(
      400,
      'a key stands twice',
      post('/Patient', '{"resourceType":"Patient","gender":"male","gender":"female"}'),
      issue('structure', 'duplicate-key', /"gender"/),
    ),
    code(404, 'the resource is unknown', get('/Patient/{own}'), notFound),
    code(
      406,
      'the format asked for is not supported',
      get('/metadata', { accept: 'image/png' }),
      issue('not-supported', 'not-acceptable', /image\/png.*application\/fhir\+json/),
    ),
    code(
      415,
      'the format sent is not supported',
      post('/Patient', 'x', { 'content-type': 'image/png' }),
      issue('not-supported', 'unsupported-media-type', /image\/png.*application\/fhir\+json/),
    ),
    code(
      422,
      'the resource breaks a rule of R4',
      post('/Observation', { resourceType: 'Observation', status: 'final' }),
      issue('required', 'missing-element', /code.*expected/, 'Observation.code'),
    ),
  ],
};

const custom: Table = {
  section: 'http.html#custom (3.1.0.16)',
  cases: [
    {
      name: 'X-Request-Id of the client is echoed',
      when: get('/metadata', { 'x-request-id': '{own}' }),
      status: 200,
      headers: { 'x-request-id': '{own}', 'x-correlation-id': undefined },
    },
    {
      name: 'X-Request-Id is given where the client sends none',
      when: get('/metadata'),
      status: 200,
      headers: { 'x-request-id': /^[\w-]{36}$/ },
    },
    {
      name: 'X-Request-Id is echoed by a failure',
      when: get('/Patient/{own}', { 'x-request-id': '{own}' }),
      status: 404,
      headers: { 'x-request-id': '{own}' },
      issue: notFound,
    },
    {
      name: 'an X-Request-Id that the server replaces comes back as X-Correlation-Id',
      when: get('/metadata', { 'x-request-id': '{own}/{own}' }),
      status: 200,
      headers: { 'x-request-id': /^[\w-]{36}$/, 'x-correlation-id': '{own}/{own}' },
    },
    {
      name: 'X-Correlation-Id is echoed',
      when: get('/metadata', { 'x-correlation-id': '{own}' }),
      status: 200,
      headers: { 'x-correlation-id': '{own}' },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [root, methods, codes, custom] }];
