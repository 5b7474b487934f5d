import {
  anonymous,
  asks,
  bundle,
  criteria,
  get,
  issue,
  patchEntry,
  person,
  post,
  statuses,
  stored,
  transaction,
  woman,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ab';

/** A Bundle type that is no request, and an example of it. */
const others: Record<string, object> = {
  collection: bundle('collection', { fullUrl: urn, resource: anonymous }),
  searchset: { ...bundle('searchset', { fullUrl: urn, resource: anonymous, search: { mode: 'match' } }), total: 1 },
  history: bundle('history', {
    fullUrl: '{base}/Patient/{own}',
    ...asks('PUT', 'Patient/{own}', person),
    response: { status: '201' },
  }),
  'batch-response': bundle('batch-response', { response: { status: '204' } }),
  'transaction-response': bundle('transaction-response', { response: { status: '204' } }),
};
const nothingStored = { when: get('/Patient/{own}'), status: 404 };

const otherTypes: Table = {
  section: 'http.html#other-bundles (3.1.0.11.4)',
  cases: [
    ...Object.entries(others).flatMap(([type, sent]): Case[] => [
      {
        name: `a ${type} sent to the base: 400`,
        when: post('', sent),
        status: 400,
        issue: issue('value', 'bundle-type', new RegExp(`"${type}".*expected transaction or batch`), 'Bundle.type'),
        after: [nothingStored],
      },
      {
        name: `a ${type} sent to [base]/Bundle is stored as it is`,
        when: post('/Bundle', sent),
        status: 201,
        after: [{ when: get('/Bundle/{id}'), status: 200, body: sent }, nothingStored],
      },
    ]),
    {
      name: 'a batch sent to [base]/Bundle is stored, not performed',
      when: post('/Bundle', bundle('batch', asks('PUT', 'Patient/{own}', person))),
      status: 201,
      body: { type: 'batch', entry: [{ request: { method: 'PUT' } }] },
      after: [nothingStored],
    },
    {
      name: 'no type: 400',
      when: post('', { resourceType: 'Bundle' }),
      status: 400,
      issue: issue('value', 'bundle-type', /missing.*expected/, 'Bundle.type'),
    },
    {
      name: 'no Bundle: 400',
      when: post('', person),
      status: 400,
      issue: issue('value', 'type-mismatch', /"Patient".*expected "Bundle"/, /resourceType$/),
    },
    {
      name: 'entries that are no list: 400',
      when: post('', { ...bundle('batch'), entry: {} }),
      status: 400,
      issue: issue('structure', undefined, /entry.*expected/, 'Bundle.entry'),
    },
  ],
};

const toWoman = [{ op: 'replace', path: '/gender', value: 'female' }];
const own = asks('PUT', 'Patient/{own}', person);
const toFemale = asks('PUT', 'Patient/{own}', woman);
const remove = asks('DELETE', 'Patient/{own}');
const read = asks('GET', 'Patient/{own}');
const unchanged = { when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } };

/** Two entries that write one resource. */
const overlap = (name: string, first: object, second: object, given = [stored]): Case => ({
  name: `${name}: 400, and nothing is written`,
  given,
  when: transaction(first, second),
  status: 400,
  issue: issue('duplicate', 'duplicate-target', /more than one entry/, /^Bundle\.entry\[[01]\]\.request/),
  ...(given.length > 0 && { after: [unchanged] }),
});

const identities: Table = {
  section: 'http.html#trules (3.1.0.11.2), identities may not overlap',
  cases: [
    overlap('PUT and PUT', own, toFemale),
    overlap('PUT and DELETE', toFemale, remove),
    overlap('PUT and PATCH', toFemale, patchEntry('Patient/{own}', toWoman)),
    overlap('PATCH and PATCH', patchEntry('Patient/{own}', toWoman), patchEntry('Patient/{own}', toWoman)),
    overlap('PATCH and DELETE', remove, patchEntry('Patient/{own}', toWoman)),
    overlap('DELETE and DELETE', remove, remove),
    overlap('PUT and conditional PUT', toFemale, asks('PUT', `Patient?${criteria}`, { ...anonymous, gender: 'other' })),
    overlap(
      'conditional PUT and conditional PUT',
      asks('PUT', `Patient?${criteria}`, anonymous),
      asks('PUT', 'Patient?_id={own}', anonymous),
    ),
    overlap('PUT and conditional DELETE', toFemale, asks('DELETE', `Patient?${criteria}`)),
    {
      name: 'conditional PATCH and DELETE: 404, since what is deleted first is no match, and nothing is written',
      given: [stored],
      when: transaction(patchEntry(`Patient?${criteria}`, toWoman), remove),
      status: 404,
      issue: issue('not-found', undefined, /./, /^Bundle\.entry\[0\]\.request/),
      after: [unchanged],
    },
    overlap(
      'conditional POST with a match and PUT',
      toFemale,
      asks('POST', 'Patient', anonymous, { ifNoneExist: criteria }),
    ),
    overlap(
      'two conditional PUTs that would both create',
      asks('PUT', `Patient?${criteria}`, anonymous),
      asks('PUT', `Patient?${criteria}`, anonymous),
      [],
    ),
    {
      name: 'PUT and GET are no overlap',
      given: [stored],
      when: transaction(toFemale, read),
      status: 200,
      body: { entry: statuses(200, 200) },
    },
    {
      name: 'two PUTs of two resources',
      given: [stored],
      when: transaction(toFemale, asks('PUT', 'Patient/{OWN}', { ...person, id: '{OWN}' })),
      status: 200,
      body: { entry: statuses(200, 201) },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [otherTypes, identities] }];
