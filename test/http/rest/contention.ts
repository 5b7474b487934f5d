import {
  changed,
  conflict,
  del,
  get,
  gone,
  invalidGender,
  issue,
  noVersion,
  patch,
  person,
  put,
  stored,
  woman,
} from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

const toWoman = [{ op: 'replace', path: '/gender', value: 'female' }];
/** The three requests that change what exists, each with this If-Match. */
const update = (match: string) => put('/Patient/{own}', woman, { 'if-match': match });
const patching = (match: string) => patch('/Patient/{own}', toWoman, { 'if-match': match });
const deletion = (match: string) => del('/Patient/{own}', { 'if-match': match });

const twoVersions = [stored, put('/Patient/{own}', person)];
const stillTwo = { when: get('/Patient/{own}'), status: 200, headers: { etag: 'W/"2"' }, body: { gender: 'male' } };
const nothing = { when: get('/Patient/{own}'), status: 404 };
const accepted = (match: string) => ({
  name: `If-Match: ${match} of a resource at version 2: updated`,
  given: twoVersions,
  when: update(match),
  status: 200,
  headers: { etag: 'W/"3"' },
  body: { gender: 'female' },
});
const refused = (match: string) => ({
  name: `If-Match: ${match} of a resource at version 2: 412, and nothing is written`,
  given: twoVersions,
  when: update(match),
  status: 412,
  issue: conflict,
  after: [stillTwo],
});
const malformed = (match: string) => ({
  name: `If-Match: ${match} is no list of ETags: 400, and nothing is written`,
  given: twoVersions,
  when: update(match),
  status: 400,
  issue: issue('value', 'bad-header', /If-Match is ".*expected/),
  after: [stillTwo],
});

const ifMatch: Table = {
  section: 'http.html#concurrency (3.1.0.5)',
  cases: [
    accepted('W/"2"'),
    accepted('"2"'),
    accepted('W/"1", W/"2"'),
    accepted('W/"2",W/"9"'),
    accepted('*'),
    refused('W/"1"'),
    refused('W/"3"'),
    refused('W/"1", W/"3"'),
    refused('W/"02"'),
    refused('W/"abc"'),
    malformed('latest'),
    malformed('W/2'),
    malformed('W/"2'),
    malformed('W/"2" W/"3"'),
    {
      name: 'the ETag that a read answers is what If-Match takes',
      given: [stored, get('/Patient/{own}')],
      when: update('{etag}'),
      status: 200,
      headers: { etag: 'W/"2"' },
    },
    {
      name: 'the second of two clients with the same version is refused',
      given: [stored, update('W/"1"')],
      when: update('W/"1"'),
      status: 412,
      issue: conflict,
    },
    {
      name: 'update of what does not exist: 412, and nothing is created',
      when: update('W/"1"'),
      status: 412,
      issue: noVersion,
      after: [nothing],
    },
    {
      name: 'update of what does not exist, *: 412',
      when: update('*'),
      status: 412,
      issue: noVersion,
      after: [nothing],
    },
    {
      name: 'update of what is deleted, with the version before: 412',
      given: [stored, gone],
      when: update('W/"1"'),
      status: 412,
      issue: noVersion,
      after: [{ when: get('/Patient/{own}'), status: 410 }],
    },
    {
      name: 'update of what is deleted, *: 412',
      given: [stored, gone],
      when: update('*'),
      status: 412,
      issue: noVersion,
    },
    {
      name: 'update of what is deleted, with the ETag of the deletion: brought back',
      given: [stored, gone],
      when: update('W/"2"'),
      status: 201,
      headers: { etag: 'W/"3"' },
    },
    {
      name: 'a resource that breaks a rule is 422, whatever the version',
      given: [stored],
      when: put('/Patient/{own}', { ...person, gender: 'm' }, { 'if-match': 'W/"1"' }),
      status: 422,
      issue: invalidGender,
    },
    {
      name: 'patch of the current version',
      given: twoVersions,
      when: patching('W/"2"'),
      status: 200,
      headers: { etag: 'W/"3"' },
    },
    {
      name: 'patch of another version: 412, and nothing is written',
      given: twoVersions,
      when: patching('W/"1"'),
      status: 412,
      issue: conflict,
      after: [stillTwo],
    },
    { name: 'patch, *', given: twoVersions, when: patching('*'), status: 200, headers: { etag: 'W/"3"' } },
    {
      name: 'delete of the current version',
      given: twoVersions,
      when: deletion('W/"2"'),
      status: 204,
      headers: { etag: 'W/"3"' },
      after: [{ when: get('/Patient/{own}'), status: 410 }],
    },
    {
      name: 'delete of another version: 412, and nothing is deleted',
      given: twoVersions,
      when: deletion('W/"1"'),
      status: 412,
      issue: conflict,
      after: [stillTwo],
    },
    { name: 'delete, *', given: twoVersions, when: deletion('*'), status: 204 },
    { name: 'delete of what does not exist, *: 412', when: deletion('*'), status: 412, issue: noVersion },
    {
      name: 'delete, malformed: 400, and nothing is deleted',
      given: twoVersions,
      when: deletion('latest'),
      status: 400,
      issue: issue('value', 'bad-header', /If-Match is "latest".*expected/),
      after: [stillTwo],
    },
    {
      name: 'without If-Match the last one wins',
      given: [stored, changed],
      when: put('/Patient/{own}', person),
      status: 200,
      headers: { etag: 'W/"3"' },
    },
  ],
};

const missing = issue('required', 'if-match-required', /If-Match/);
const needs = (name: string, when: Step): Table['cases'][number] => ({
  name: `${name} without If-Match: 400, and nothing is written`,
  given: [stored],
  when,
  status: 400,
  issue: missing,
  after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } }],
});
const one = 'identifier=urn:example:own|{own}';
const inTransaction = (more: object) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ resource: woman, request: { method: 'PUT', url: 'Patient/{own}', ...more } }],
});

/** HUFHIR_IF_MATCH=required: servers can require If-Match by returning 400. */
const required: Table = {
  section: 'http.html#concurrency (3.1.0.5), If-Match required',
  cases: [
    needs('update', changed),
    needs('patch', patch('/Patient/{own}', toWoman)),
    needs('delete', gone),
    needs('conditional update', put(`/Patient?${one}`, woman)),
    needs('conditional patch', patch(`/Patient?${one}`, toWoman)),
    needs('conditional delete', del(`/Patient?${one}`)),
    {
      name: 'an entry of a transaction without ifMatch: 400',
      given: [stored],
      when: { method: 'POST', path: '', body: inTransaction({}) },
      status: 400,
      issue: issue('required', 'if-match-required', /If-?Match/i, /^Bundle\.entry\[0\]\.request/),
    },
    {
      name: 'an entry of a transaction with ifMatch',
      given: [stored],
      when: { method: 'POST', path: '', body: inTransaction({ ifMatch: 'W/"1"' }) },
      status: 200,
      body: { entry: [{ response: { status: /^200/, etag: 'W/"2"' } }] },
    },
    { name: 'update with If-Match', given: [stored], when: update('W/"1"'), status: 200 },
    {
      name: 'update with If-Match of another version: 412',
      given: [stored],
      when: update('W/"2"'),
      status: 412,
      issue: conflict,
    },
    { name: 'delete with If-Match', given: [stored], when: deletion('W/"1"'), status: 204 },
    { name: 'patch with If-Match', given: [stored], when: patching('W/"1"'), status: 200 },
    { name: 'a create needs none', when: { method: 'POST', path: '/Patient', body: person }, status: 201 },
    { name: 'an update of a new resource needs none', when: stored, status: 201 },
    {
      name: 'the CapabilityStatement says so',
      when: get('/metadata'),
      status: 200,
      body: {
        rest: (rest: { resource: { versioning: string }[] }[]) =>
          rest[0]?.resource.every((r) => r.versioning === 'versioned-update'),
      },
    },
  ],
};

export const suites: readonly Suite[] = [
  { tables: [ifMatch] },
  { tables: [required], settings: { HUFHIR_IF_MATCH: 'required' } },
];
