import {
  anonymous,
  changed,
  criteria,
  emptyCriteria,
  get,
  gone,
  imfDate,
  invalidGender,
  issue,
  manyMatches,
  observation,
  person,
  put,
  stored,
  twins,
  unknownParameter,
  woman,
} from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

const idMismatch = (found: string) => issue('value', 'id-mismatch', new RegExp(`${found}.*says`), 'Patient.id');
const unchanged = { when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } };

const update: Table = {
  section: 'http.html#update (3.1.0.4)',
  cases: [
    {
      name: 'an existing resource: 200, ETag and Last-Modified of the new version',
      given: [stored],
      when: put('/Patient/{own}', woman),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate },
      body: { id: '{own}', gender: 'female' },
    },
    {
      name: 'the whole contents are replaced',
      given: [stored],
      when: put('/Patient/{own}', { resourceType: 'Patient', id: '{own}' }),
      status: 200,
      body: { gender: undefined, name: undefined, identifier: undefined, birthDate: undefined },
    },
    {
      name: 'no id in the body: 400',
      given: [stored],
      when: put('/Patient/{own}', anonymous),
      status: 400,
      issue: idMismatch('missing'),
      after: [unchanged],
    },
    {
      name: 'another id in the body: 400',
      given: [stored],
      when: put('/Patient/{own}', { ...woman, id: 'other' }),
      status: 400,
      issue: idMismatch('other'),
      after: [unchanged],
    },
    {
      name: 'the id in another case: 400',
      when: put('/Patient/{own}', { ...person, id: '{OWN}' }),
      status: 400,
      issue: idMismatch(''),
    },
    {
      name: 'another type in the body: 400',
      given: [stored],
      when: put('/Patient/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } }),
      status: 400,
      issue: issue('value', 'type-mismatch', /"Basic".*expected "Patient"/, /resourceType$/),
      after: [unchanged],
    },
    {
      name: 'no resourceType in the body: 400',
      when: put('/Patient/{own}', { id: '{own}' }),
      status: 400,
      issue: issue('structure', 'missing-resource-type', /resourceType/),
    },
    {
      name: 'no body: 400',
      when: put('/Patient/{own}', ''),
      status: 400,
      issue: issue('structure', 'body-empty', /expected a resource/),
    },
    {
      name: 'a body that is not JSON: 400',
      when: put('/Patient/{own}', '{"resourceType"'),
      status: 400,
      issue: issue('structure', 'malformed-json', /not JSON/),
    },
    {
      name: 'a parameter that would not be heeded is refused, and nothing written',
      given: [stored],
      when: put('/Patient/{own}?colour=red', woman),
      status: 400,
      issue: unknownParameter,
      after: [unchanged],
    },
  ],
};

const upsert: Table = {
  section: 'http.html#upsert (3.1.0.4.1)',
  cases: [
    {
      name: 'a new id: 201, with Location',
      when: put('/Patient/{own}', person),
      status: 201,
      headers: { location: '{base}/Patient/{own}/_history/1', etag: 'W/"1"', 'last-modified': imfDate },
      body: { id: '{own}' },
    },
    {
      name: 'a deleted resource: 201, with Location and the next version',
      given: [stored, gone],
      when: put('/Patient/{own}', person),
      status: 201,
      headers: { location: '{base}/Patient/{own}/_history/3', etag: 'W/"3"' },
      body: { meta: { versionId: '3' } },
    },
    {
      name: 'If-None-Match: * creates what does not exist',
      when: put('/Patient/{own}', person, { 'if-none-match': '*' }),
      status: 201,
      headers: { etag: 'W/"1"' },
    },
    {
      name: 'If-None-Match: * does not update what exists',
      given: [stored],
      when: put('/Patient/{own}', woman, { 'if-none-match': '*' }),
      status: 412,
      issue: issue(/^(conflict|duplicate)$/, undefined, /expected|exists/),
      after: [unchanged],
    },
    {
      name: 'If-None-Match: * brings back what was deleted',
      given: [stored, gone],
      when: put('/Patient/{own}', person, { 'if-none-match': '*' }),
      status: 201,
      headers: { etag: 'W/"3"' },
    },
  ],
};

const rejecting: Table = {
  section: 'http.html#rejecting-updates (3.1.0.4.2)',
  cases: [
    {
      name: 'a code that is not in the value set: 422, and nothing is written',
      given: [stored],
      when: put('/Patient/{own}', { ...person, gender: 'm' }),
      status: 422,
      issue: invalidGender,
      after: [unchanged],
    },
    {
      name: 'an unknown element: 422',
      when: put('/Patient/{own}', { ...person, colour: 'red' }),
      status: 422,
      issue: issue('structure', 'unknown-element', /"colour".*expected/, 'Patient.colour'),
    },
    {
      name: 'a missing element: 422',
      when: put('/Observation/{own}', { resourceType: 'Observation', id: '{own}', status: 'final' }),
      status: 422,
      issue: issue('required', 'missing-element', /code.*expected/, 'Observation.code'),
    },
    {
      name: 'an impossible date: 422',
      when: put('/Patient/{own}', { ...person, birthDate: '1950-02-30' }),
      status: 422,
      issue: issue('value', 'bad-element-value', /"1950-02-30".*expected/, 'Patient.birthDate'),
    },
    {
      name: 'a list where one value belongs: 422',
      when: put('/Patient/{own}', { ...person, gender: ['male'] }),
      status: 422,
      issue: issue('structure', undefined, /gender.*expected/, 'Patient.gender'),
    },
    {
      name: 'every problem is told at once',
      when: put('/Patient/{own}', { ...person, gender: 'm', birthDate: 'x', colour: 'red' }),
      status: 422,
      body: {
        issue: (list: { expression: string[] }[]) =>
          ['Patient.gender', 'Patient.birthDate', 'Patient.colour'].every((at) =>
            list.some((i) => i.expression?.[0] === at),
          ),
      },
    },
    {
      name: 'a reference to what is no patient: 422',
      when: put('/Observation/{own}', { ...observation({ reference: 'Medication/1' }), id: '{own}' }),
      status: 422,
      issue: issue('value', 'wrong-reference', /Medication.*expected/, /^Observation\.subject/),
    },
  ],
};

/** A conditional update of the case's Patients. */
const conditional = (body: unknown, headers: Record<string, string> = {}): Step =>
  put(`/Patient?${criteria}`, body, headers);
const other = put('/Patient/{own}', { ...person, identifier: [{ system: 'urn:example:own', value: '{own}-other' }] });

const condUpdate: Table = {
  section: 'http.html#cond-update (3.1.0.4.3)',
  cases: [
    {
      name: 'no matches, no id provided: created under an id of the server',
      when: conditional(anonymous),
      status: 201,
      headers: {
        location: /^http.*\/Patient\/(?!c\d+x\/)[^/]+\/_history\/1$/,
        etag: 'W/"1"',
        'last-modified': imfDate,
      },
      body: { id: '{id}', gender: 'male' },
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{ resource: { id: '{id}' } }] } }],
    },
    {
      name: 'no matches, id provided: update as create',
      when: conditional(person),
      status: 201,
      headers: { location: '{base}/Patient/{own}/_history/1', etag: 'W/"1"' },
      body: { id: '{own}' },
    },
    {
      name: 'no matches, id provided that another resource has: 409',
      given: [other],
      when: conditional(woman),
      status: 409,
      issue: issue(/^(conflict|duplicate)$/, undefined, /Patient\/c\d+x/),
      after: [unchanged],
    },
    {
      name: 'no matches, id provided of a deleted resource: brought back',
      given: [stored, gone],
      when: conditional(person),
      status: 201,
      headers: { location: '{base}/Patient/{own}/_history/3' },
    },
    {
      name: 'one match, no id provided: updated',
      given: [stored],
      when: conditional({ ...anonymous, gender: 'female' }),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate },
      body: { id: '{own}', gender: 'female', meta: { versionId: '2' } },
    },
    {
      name: 'one match, its id provided: updated',
      given: [stored],
      when: conditional(woman),
      status: 200,
      headers: { etag: 'W/"2"' },
      body: { id: '{own}', gender: 'female' },
    },
    {
      name: 'one match, another id provided: 400',
      given: [stored],
      when: conditional({ ...woman, id: 'other' }),
      status: 400,
      issue: issue('value', 'id-mismatch', /other/, 'Patient.id'),
      after: [unchanged],
    },
    {
      name: 'several matches: 412',
      given: twins,
      when: conditional({ ...anonymous, gender: 'female' }),
      status: 412,
      issue: manyMatches,
      after: [{ when: get(`/Patient?${criteria}&gender=female`), status: 200, body: { entry: undefined } }],
    },
    {
      name: 'several matches, the id of one provided: 412',
      given: twins,
      when: conditional({ ...woman, id: '{own}-a' }),
      status: 412,
      issue: manyMatches,
    },
    {
      name: 'a deleted resource is no match',
      given: [stored, gone],
      when: conditional(anonymous),
      status: 201,
      headers: { location: /\/_history\/1$/ },
    },
    {
      name: 'the criteria may be any search: _id',
      given: [stored],
      when: put('/Patient?_id={own}', { ...anonymous, gender: 'female' }),
      status: 200,
      body: { id: '{own}', meta: { versionId: '2' } },
    },
    {
      name: 'the criteria may be any search: several parameters, all of which hold',
      given: twins,
      when: put(`/Patient?${criteria}&_id={own}-a`, { ...anonymous, gender: 'female' }),
      status: 200,
      body: { id: '{own}-a', meta: { versionId: '2' } },
    },
    { name: 'no criteria: 400', when: put('/Patient', anonymous), status: 400, issue: emptyCriteria },
    { name: 'an empty query: 400', when: put('/Patient?', anonymous), status: 400, issue: emptyCriteria },
    {
      name: 'parameters that select nothing are no criteria: 400',
      when: put('/Patient?_count=1', anonymous),
      status: 400,
      issue: emptyCriteria,
    },
    {
      name: 'a criterion without a value: 400',
      when: put('/Patient?identifier=', anonymous),
      status: 400,
      issue: issue(/^(value|required|invalid)$/, undefined, /identifier/),
    },
    {
      name: 'an unknown parameter: 400',
      when: put('/Patient?colour=red', anonymous),
      status: 400,
      issue: unknownParameter,
    },
    {
      name: 'an unknown parameter, handling=lenient: still 400',
      when: put('/Patient?colour=red', anonymous, { prefer: 'handling=lenient' }),
      status: 400,
      issue: issue(/./, undefined, /colour|no search parameter/),
    },
    {
      name: 'a value that cannot be: 400',
      when: put('/Patient?birthdate=2025-02-30', anonymous),
      status: 400,
      issue: issue('value', 'bad-parameter-value', /2025-02-30.*birthdate/),
    },
    {
      name: 'a resource that breaks a rule: 422',
      given: [stored],
      when: conditional({ ...anonymous, gender: 'm' }),
      status: 422,
      issue: invalidGender,
      after: [unchanged],
    },
    {
      name: 'another type in the body: 400',
      when: conditional({ resourceType: 'Basic', code: { text: 'x' } }),
      status: 400,
      issue: issue('value', 'type-mismatch', /"Basic".*expected "Patient"/, /resourceType$/),
    },
    {
      name: 'If-Match of the version that the match has: updated',
      given: [stored, changed],
      when: conditional(anonymous, { 'if-match': 'W/"2"' }),
      status: 200,
      headers: { etag: 'W/"3"' },
    },
    {
      name: 'If-Match of another version: 412',
      given: [stored],
      when: conditional({ ...anonymous, gender: 'female' }, { 'if-match': 'W/"7"' }),
      status: 412,
      issue: issue('conflict', 'version-conflict', /version 1.*expected.*7/),
      after: [unchanged],
    },
    {
      name: 'If-Match of a tag that is none of ours: 412, which says how they look',
      given: [stored],
      when: conditional({ ...anonymous, gender: 'female' }, { 'if-match': 'W/"abc"' }),
      status: 412,
      issue: issue('conflict', 'version-conflict', /version 1.*expected a version.*W\/"3"\.$/),
      after: [unchanged],
    },
    {
      name: 'If-Match and no match: 412',
      when: conditional(anonymous, { 'if-match': 'W/"1"' }),
      status: 412,
      issue: issue(/^(conflict|not-found)$/, undefined, /expected/),
    },
    {
      name: 'a history tells the update of the resource, not the criteria',
      given: [stored, conditional({ ...anonymous, gender: 'female' })],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: { entry: [{ request: { method: 'PUT', url: 'Patient/{own}' } }, {}] },
    },
    {
      name: 'the same update twice makes one resource of two versions',
      given: [conditional(anonymous)],
      when: conditional(anonymous),
      status: 200,
      headers: { etag: 'W/"2"' },
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}] } }],
    },
    {
      name: '[base]/[type]/?criteria is the same as [base]/[type]?criteria',
      given: [stored],
      when: put(`/Patient/?${criteria}`, anonymous),
      status: 200,
      headers: { etag: 'W/"2"' },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [update, upsert, rejecting, condUpdate] }];
