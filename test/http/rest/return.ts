import {
  anonymous,
  bundle,
  changed,
  criteria,
  del,
  get,
  gone,
  harmless,
  imfDate,
  invalidGender,
  measured,
  measuredText,
  patch,
  person,
  post,
  put,
  stored,
  woman,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

const minimal = { prefer: 'return=minimal' };
const representation = { prefer: 'return=representation' };
const outcome = { prefer: 'return=OperationOutcome' };
const toWoman = [{ op: 'replace', path: '/gender', value: 'female' }];
const entries = (type: string) =>
  bundle(
    type,
    { resource: anonymous, request: { method: 'POST', url: 'Patient' } },
    { resource: person, request: { method: 'PUT', url: 'Patient/{own}' } },
  );
const versioned = { etag: 'W/"1"', 'last-modified': imfDate, location: /\/Patient\/[^/]+\/_history\/1$/ };

const prefer: Table = {
  section: 'http.html#prefer (3.1.0.1.8)',
  cases: [
    {
      name: 'create, return=minimal: no body',
      when: post('/Patient', anonymous, minimal),
      status: 201,
      headers: versioned,
      text: '',
      after: [{ when: get('{location}'), status: 200, body: { id: '{id}', gender: 'male' } }],
    },
    {
      name: 'create, return=representation: the resource',
      when: post('/Patient', anonymous, representation),
      status: 201,
      headers: versioned,
      body: { resourceType: 'Patient', id: '{id}', gender: 'male' },
    },
    {
      name: 'create, return=OperationOutcome: no resource, and no error',
      when: post('/Patient', anonymous, outcome),
      status: 201,
      headers: versioned,
      body: harmless,
    },
    {
      name: 'create, return=OperationOutcome: the warnings',
      when: post('/Patient', { ...anonymous, meta: { profile: ['http://x.example/unknown'] } }, outcome),
      status: 201,
      body: {
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'warning', diagnostics: /x\.example\/unknown/, expression: ['Patient.meta.profile[0]'] }],
      },
    },
    {
      name: 'create without a preference never answers an OperationOutcome',
      when: post('/Patient', { ...anonymous, meta: { profile: ['http://x.example/unknown'] } }),
      status: 201,
      body: { resourceType: 'Patient' },
    },
    {
      name: 'conditional create with a match, return=minimal: no body',
      given: [stored],
      when: post('/Patient', anonymous, { ...minimal, 'if-none-exist': criteria }),
      status: 200,
      headers: { etag: 'W/"1"', location: /\/Patient\/[^/]+\/_history\/1$/ },
      text: '',
    },
    {
      name: 'update, return=minimal: no body',
      given: [stored],
      when: put('/Patient/{own}', woman, minimal),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate },
      text: '',
    },
    {
      name: 'update as create, return=minimal: no body',
      when: put('/Patient/{own}', person, minimal),
      status: 201,
      headers: versioned,
      text: '',
    },
    {
      name: 'update, return=representation: the resource',
      given: [stored],
      when: put('/Patient/{own}', woman, representation),
      status: 200,
      body: { resourceType: 'Patient', id: '{own}', gender: 'female', meta: { versionId: '2' } },
    },
    {
      name: 'update, return=OperationOutcome: no resource, and no error',
      given: [stored],
      when: put('/Patient/{own}', woman, outcome),
      status: 200,
      headers: { etag: 'W/"2"' },
      body: harmless,
    },
    {
      name: 'patch, return=minimal: no body',
      given: [stored],
      when: patch('/Patient/{own}', toWoman, minimal),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate },
      text: '',
    },
    {
      name: 'patch, return=OperationOutcome: no resource, and no error',
      given: [stored],
      when: patch('/Patient/{own}', toWoman, outcome),
      status: 200,
      headers: { etag: 'W/"2"' },
      body: harmless,
    },
    {
      name: 'delete, return=OperationOutcome: 200 with an OperationOutcome',
      given: [stored],
      when: del('/Patient/{own}', outcome),
      status: 200,
      headers: { etag: 'W/"2"' },
      body: harmless,
    },
    {
      name: 'delete, return=minimal: 204',
      given: [stored],
      when: del('/Patient/{own}', minimal),
      status: 204,
      text: '',
    },
    {
      name: 'transaction, return=minimal: entries with a response only',
      when: post('', entries('transaction'), minimal),
      status: 200,
      body: {
        type: 'transaction-response',
        entry: [
          { resource: undefined, response: { status: /^201/, etag: 'W/"1"', location: /Patient\/.*\/_history\/1$/ } },
          { resource: undefined, response: { status: /^201/, etag: 'W/"1"', outcome: undefined } },
        ],
      },
    },
    {
      name: 'transaction, return=representation: entries with their resources',
      when: post('', entries('transaction'), representation),
      status: 200,
      body: { entry: [{ resource: { gender: 'male' } }, { resource: { id: '{own}', meta: { versionId: '1' } } }] },
    },
    {
      name: 'transaction, return=OperationOutcome: entries with an outcome',
      when: post('', entries('transaction'), outcome),
      status: 200,
      body: {
        entry: [
          { resource: undefined, response: { status: /^201/, outcome: harmless } },
          { resource: undefined, response: { status: /^201/, outcome: harmless } },
        ],
      },
    },
    {
      name: 'batch, return=minimal: entries with a response only',
      when: post('', entries('batch'), minimal),
      status: 200,
      body: {
        type: 'batch-response',
        entry: [
          { resource: undefined, response: { status: /^201/ } },
          { resource: undefined, response: { status: /^201/ } },
        ],
      },
    },
    {
      name: 'what a bundle reads comes whole, return=minimal or not',
      given: [stored],
      when: post('', bundle('batch', { request: { method: 'GET', url: 'Patient/{own}' } }), minimal),
      status: 200,
      body: { entry: [{ resource: { id: '{own}' }, response: { status: /^200/ } }] },
    },
    {
      name: 'a read comes whole, return=minimal or not',
      given: [stored],
      when: get('/Patient/{own}', minimal),
      status: 200,
      body: { id: '{own}', gender: 'male' },
    },
    {
      name: 'a failure has its OperationOutcome, return=minimal or not',
      when: post('/Patient', { ...anonymous, gender: 'm' }, minimal),
      status: 422,
      issue: invalidGender,
    },
    {
      name: 'a preference may be quoted and stand among others (RFC 7240)',
      when: post('/Patient', anonymous, { prefer: 'wait=10, handling=strict; x=y, return="minimal"' }),
      status: 201,
      text: '',
    },
    {
      name: 'the name of a preference has no case (RFC 7240)',
      when: post('/Patient', anonymous, { prefer: 'Return=minimal' }),
      status: 201,
      text: '',
    },
    {
      name: 'a preference that is not known is ignored (RFC 7240)',
      when: post('/Patient', anonymous, { prefer: 'return=everything, colour=red' }),
      status: 201,
      headers: versioned,
    },
  ],
};

const meta = {
  versionId: '99',
  lastUpdated: '2001-01-01T00:00:00Z',
  source: 'http://x.example/s',
  profile: ['http://x.example/p'],
  security: [{ system: 'http://x.example/c', code: 's' }],
  tag: [{ system: 'http://x.example/c', code: 't' }],
};
const kept = {
  ...meta,
  versionId: '1',
  lastUpdated: (value: string) => value.startsWith('20') && !value.startsWith('2001'),
};

const versioning: Table = {
  section: 'http.html#versioning (3.1.0.1.3)',
  cases: [
    {
      name: 'the first version is W/"1", with its time as IMF-fixdate',
      when: put('/Patient/{own}', person),
      status: 201,
      headers: { etag: 'W/"1"', 'last-modified': imfDate },
      body: { meta: { versionId: '1', lastUpdated: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/ } },
    },
    {
      name: 'each update is a version more',
      given: [stored, changed],
      when: put('/Patient/{own}', person),
      status: 200,
      headers: { etag: 'W/"3"', 'last-modified': imfDate },
      body: { meta: { versionId: '3' } },
    },
    {
      name: 'an update that changes nothing is a version too',
      given: [stored],
      when: put('/Patient/{own}', person),
      status: 200,
      body: { meta: { versionId: '2' } },
    },
    {
      name: 'a read tells the version and the time in the headers',
      given: [stored, changed],
      when: get('/Patient/{own}'),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate },
      body: { meta: { versionId: '2' } },
    },
    {
      name: 'a read tells what the write told',
      given: [stored],
      when: get('/Patient/{own}'),
      status: 200,
      headers: { etag: '{etag}', 'last-modified': '{last-modified}' },
      text: '{text}',
    },
    {
      name: 'a create ignores versionId and lastUpdated of the client and keeps the other meta',
      when: post('/Patient', { ...anonymous, meta }),
      status: 201,
      body: { meta: kept },
    },
    {
      name: 'an update ignores versionId and lastUpdated of the client and keeps the other meta',
      given: [],
      when: put('/Patient/{own}', { ...person, meta }),
      status: 201,
      body: { meta: kept },
    },
    {
      name: 'an update takes the meta that it brings, not what was there',
      given: [put('/Patient/{own}', { ...person, meta })],
      when: put('/Patient/{own}', person),
      status: 200,
      body: { meta: { versionId: '2', tag: undefined, profile: undefined, security: undefined, source: undefined } },
    },
    {
      name: 'versions of a bundle entry stand in meta.versionId',
      given: [stored, changed],
      when: get('/Patient?_id={own}'),
      status: 200,
      body: { entry: [{ resource: { meta: { versionId: '2' } } }] },
    },
    {
      name: 'a deletion is a version, told in the ETag',
      given: [stored],
      when: gone,
      status: 204,
      headers: { etag: 'W/"2"' },
      text: '',
    },
  ],
};

const integrity: Table = {
  section: 'http.html#transactional-integrity (3.1.0.13)',
  cases: [
    {
      name: 'decimals keep their digits, in the answer and in a read',
      when: put('/Observation/{own}', measuredText),
      status: 201,
      text: /"value":1\.00,/,
      after: [{ when: get('/Observation/{own}'), status: 200, text: /"value":1\.00,/ }],
    },
    {
      name: 'large and small decimals keep their digits',
      given: [put('/Observation/{own}', measuredText.replace('1.00', '12345678901234567.890E-3'))],
      when: get('/Observation/{own}'),
      status: 200,
      text: /"value":12345678901234567\.890E-3,/,
    },
    {
      name: 'elements keep their order',
      given: [
        put('/Patient/{own}', '{"birthDate":"1950-01-02","resourceType":"Patient","gender":"male","id":"{own}"}'),
      ],
      when: get('/Patient/{own}'),
      status: 200,
      text: /"birthDate":.*"gender":/,
    },
    {
      name: 'extensions and contained resources are kept',
      given: [
        put('/Observation/{own}', {
          ...measured,
          contained: [{ resourceType: 'Patient', id: 'p' }],
          subject: { reference: '#p' },
          extension: [{ url: 'http://x.example/e', valueString: 'e' }],
          _status: { extension: [{ url: 'http://x.example/e', valueString: 's' }] },
        }),
      ],
      when: get('/Observation/{own}'),
      status: 200,
      body: {
        contained: [{ resourceType: 'Patient', id: 'p' }],
        subject: { reference: '#p' },
        extension: [{ valueString: 'e' }],
        _status: { extension: [{ valueString: 's' }] },
      },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [prefer, versioning, integrity] }];
