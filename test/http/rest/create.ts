import {
  anonymous,
  criteria,
  emptyCriteria,
  get,
  gone,
  imfDate,
  invalidGender,
  issue,
  manyMatches,
  person,
  post,
  stored,
  twins,
  unknownParameter,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

const none = { when: get(`/Patient?${criteria}`), status: 200, body: { type: 'searchset', entry: undefined } };
const one = { when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}] } };

const create: Table = {
  section: 'http.html#create (3.1.0.8)',
  cases: [
    {
      name: '201, with Location, ETag and Last-Modified',
      when: post('/Patient', anonymous),
      status: 201,
      headers: {
        location: /^http:\/\/[^/]+\/fhir\/Patient\/[A-Za-z0-9.-]{1,64}\/_history\/1$/,
        etag: 'W/"1"',
        'last-modified': imfDate,
        'content-type': /^application\/fhir\+json/,
      },
      body: { id: '{id}', ...anonymous },
    },
    {
      name: 'Location leads to the version that was created',
      when: post('/Patient', anonymous),
      status: 201,
      after: [{ when: get('{location}'), status: 200, text: '{text}' }],
    },
    {
      name: 'the id of the client is ignored',
      when: post('/Patient', person),
      status: 201,
      body: { id: (id: string) => !/^c\d+x$/.test(id) },
      after: [{ when: get('/Patient/{own}'), status: 404 }],
    },
    {
      name: 'an id of the client that exists is ignored',
      given: [stored],
      when: post('/Patient', { ...person, gender: 'female' }),
      status: 201,
      after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } }],
    },
    {
      name: 'the same twice is two resources',
      given: [post('/Patient', anonymous), post('/Patient', anonymous)],
      when: get(`/Patient?${criteria}`),
      status: 200,
      body: { entry: [{ resource: { resourceType: 'Patient' } }, { resource: { resourceType: 'Patient' } }] },
    },
    {
      name: 'another type in the body: 400',
      when: post('/Patient', { resourceType: 'Basic', code: { text: 'x' } }),
      status: 400,
      issue: issue('value', 'type-mismatch', /"Basic".*expected "Patient"/, /resourceType$/),
    },
    {
      name: 'a body that cannot be parsed: 400',
      when: post('/Patient', '{"resourceType":"Patient",}'),
      status: 400,
      issue: issue('structure', 'malformed-json', /not JSON/),
    },
    {
      name: 'a resource that breaks a rule: 422, and nothing is created',
      when: post('/Patient', { ...anonymous, gender: 'm' }),
      status: 422,
      issue: invalidGender,
      after: [none],
    },
    {
      name: 'an invariant that does not hold: 422',
      when: post('/Patient', { ...anonymous, contact: [{ gender: 'male' }] }),
      status: 422,
      issue: issue('invariant', 'invalid-content', /pat-1/, 'Patient.contact[0]'),
    },
    {
      name: 'a subset: 400',
      when: post('/Patient', { ...anonymous, meta: { tag: [{ code: 'SUBSETTED' }] } }),
      status: 400,
      issue: issue('business-rule', 'subsetted', /SUBSETTED/, /^Patient\.meta\.tag/),
    },
    {
      name: 'a parameter that would not be heeded: 400, and nothing is created',
      when: post('/Patient?colour=red', anonymous),
      status: 400,
      issue: unknownParameter,
      after: [none],
    },
    {
      name: 'a Bundle is a resource too: it is stored, not performed',
      when: post('/Bundle', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: anonymous, request: { method: 'POST', url: 'Patient' } }],
      }),
      status: 201,
      body: { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST' } }] },
      after: [none],
    },
  ],
};

const ifNoneExist = (value: string, body: unknown = anonymous) => post('/Patient', body, { 'if-none-exist': value });

const conditional: Table = {
  section: 'http.html#ccreate (3.1.0.8.1)',
  cases: [
    {
      name: 'no matches: 201',
      when: ifNoneExist(criteria),
      status: 201,
      headers: { location: /\/_history\/1$/, etag: 'W/"1"' },
      body: anonymous,
      after: [one],
    },
    {
      name: 'one match: 200, with the Location, the ETag and the contents of the match',
      given: [stored],
      when: ifNoneExist(criteria, { ...anonymous, gender: 'female' }),
      status: 200,
      headers: { location: '{base}/Patient/{own}/_history/1', etag: 'W/"1"', 'last-modified': imfDate },
      body: { id: '{own}', gender: 'male', meta: { versionId: '1' } },
      after: [one],
    },
    {
      name: 'several matches: 412, and nothing is created',
      given: twins,
      when: ifNoneExist(criteria),
      status: 412,
      issue: manyMatches,
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}, {}] } }],
    },
    {
      name: 'the same create twice makes one resource',
      given: [ifNoneExist(criteria)],
      when: ifNoneExist(criteria),
      status: 200,
      headers: { location: '{base}{location}' },
      after: [one],
    },
    {
      name: 'what is deleted is no match',
      given: [stored, gone],
      when: ifNoneExist(criteria),
      status: 201,
      after: [one],
    },
    {
      name: 'the criteria search this type only',
      given: [stored],
      when: post(
        '/Basic',
        { resourceType: 'Basic', code: { text: 'x' }, identifier: [{ system: 'urn:example:own', value: '{own}' }] },
        { 'if-none-exist': criteria },
      ),
      status: 201,
      body: { resourceType: 'Basic' },
    },
    {
      name: 'the criteria may be percent-encoded',
      given: [stored],
      when: ifNoneExist('identifier=urn%3Aexample%3Aown%7C{own}'),
      status: 200,
      body: { id: '{own}' },
    },
    {
      name: 'all criteria must hold',
      given: [stored],
      when: post('/Patient', { ...anonymous, gender: 'female' }, { 'if-none-exist': `${criteria}&gender=female` }),
      status: 201,
    },
    { name: 'no criteria: 400', when: ifNoneExist(' '), status: 400, issue: emptyCriteria, after: [none] },
    {
      name: 'parameters that select nothing: 400',
      when: ifNoneExist('_count=1'),
      status: 400,
      issue: emptyCriteria,
      after: [none],
    },
    {
      name: 'an unknown parameter: 400',
      when: ifNoneExist('colour=red'),
      status: 400,
      issue: unknownParameter,
      after: [none],
    },
    {
      name: 'an unknown parameter, handling=lenient: still 400',
      given: [],
      when: post('/Patient', anonymous, { 'if-none-exist': 'colour=red', prefer: 'handling=lenient' }),
      status: 400,
      issue: issue(/./, undefined, /colour|no search parameter/),
      after: [none],
    },
    {
      name: 'a value that cannot be: 400',
      when: ifNoneExist('birthdate=2025-02-30'),
      status: 400,
      issue: issue('value', 'bad-parameter-value', /2025-02-30.*birthdate/),
      after: [none],
    },
    {
      name: 'a history tells the create, not the criteria',
      given: [ifNoneExist(criteria)],
      when: get('/Patient/{id}/_history'),
      status: 200,
      body: { entry: [{ request: { method: 'POST', url: 'Patient', ifNoneExist: undefined } }] },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [create, conditional] }];
