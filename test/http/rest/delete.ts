import {
  bundle,
  changed,
  criteria,
  del,
  deleted,
  emptyCriteria,
  get,
  gone,
  issue,
  manyMatches,
  notFound,
  person,
  post,
  put,
  statuses,
  stored,
  twins,
  unknownParameter,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

const stillThere = { when: get('/Patient/{own}'), status: 200, body: { meta: { versionId: '1' } } };
const noMatch = { when: get(`/Patient?${criteria}`), status: 200, body: { type: 'searchset', entry: undefined } };
const bothThere = { when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}, {}] } };

const deletion: Table = {
  section: 'http.html#delete (3.1.0.7)',
  cases: [
    {
      name: '204 without a body, with the ETag of the deletion',
      given: [stored, changed],
      when: gone,
      status: 204,
      headers: { etag: 'W/"3"', location: undefined },
      text: '',
    },
    {
      name: 'afterwards a read answers 410',
      given: [stored, gone],
      when: get('/Patient/{own}'),
      status: 410,
      issue: deleted,
    },
    {
      name: 'afterwards a search does not find it',
      given: [stored, gone],
      when: get(`/Patient?${criteria}`),
      status: 200,
      body: noMatch.body,
    },
    {
      name: 'afterwards a reference to it is found still',
      given: [
        stored,
        put('/Basic/{own}', {
          resourceType: 'Basic',
          id: '{own}',
          code: { text: 'x' },
          subject: { reference: 'Patient/{own}' },
        }),
        gone,
      ],
      when: get('/Basic?subject=Patient/{own}'),
      status: 200,
      body: { entry: [{ resource: { id: '{own}' } }] },
    },
    {
      name: 'the history stays, with the deletion as its newest version and no resource',
      given: [stored, gone],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: {
        entry: [
          { resource: undefined, request: { method: 'DELETE', url: 'Patient/{own}' } },
          { resource: { gender: 'male' }, request: { method: 'PUT', url: 'Patient/{own}' } },
        ],
      },
    },
    { name: 'of what is deleted already: 204', given: [stored, gone], when: gone, status: 204, text: '' },
    {
      name: 'of what is deleted already has no effect',
      given: [stored, gone, gone],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: { entry: [{ request: { method: 'DELETE' } }, { request: { method: 'PUT' } }] },
    },
    {
      name: 'of what never was: 204, and it stays unknown',
      when: gone,
      status: 204,
      text: '',
      after: [{ when: get('/Patient/{own}'), status: 404, issue: notFound }],
    },
    {
      name: 'an update brings it back as the next version',
      given: [stored, gone],
      when: changed,
      status: 201,
      headers: { etag: 'W/"3"', location: '{base}/Patient/{own}/_history/3' },
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{ resource: { id: '{own}' } }] } }],
    },
    {
      name: 'it can be deleted, brought back and deleted again',
      given: [stored, gone, stored],
      when: gone,
      status: 204,
      headers: { etag: 'W/"4"' },
      after: [{ when: get('/Patient/{own}'), status: 410, issue: deleted }],
    },
    {
      name: 'a parameter that would not be heeded is refused, and nothing deleted',
      given: [stored],
      when: del('/Patient/{own}?colour=red'),
      status: 400,
      issue: unknownParameter,
      after: [stillThere],
    },
  ],
};

/** What holds however many may be deleted. */
const atMostOne: Table['cases'] = [
  { name: 'no matches: 204', when: del(`/Patient?${criteria}`), status: 204, text: '' },
  {
    name: 'one match: 204, and it is deleted',
    given: [stored],
    when: del(`/Patient?${criteria}`),
    status: 204,
    text: '',
    after: [{ when: get('/Patient/{own}'), status: 410, issue: deleted }],
  },
];
const refused = (
  name: string,
  path: string,
  expected: ReturnType<typeof issue>,
  prefer = '',
): Table['cases'][number] => ({
  name: `${name}: 400, and nothing is deleted`,
  given: [stored],
  when: del(path, prefer === '' ? {} : { prefer }),
  status: 400,
  issue: expected,
  after: [stillThere],
});

const single: Table = {
  section: 'http.html#delete (3.1.0.7.1), conditional',
  cases: [
    ...atMostOne,
    {
      name: 'the path may end with a slash',
      given: [stored],
      when: del(`/Patient/?${criteria}`),
      status: 204,
      after: [{ when: get('/Patient/{own}'), status: 410, issue: deleted }],
    },
    {
      name: 'only what matches all criteria',
      given: twins,
      when: del(`/Patient?${criteria}&_id={own}-a`),
      status: 204,
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{ resource: { id: '{own}-b' } }] } }],
    },
    {
      name: 'several matches: 412, and nothing is deleted',
      given: twins,
      when: del(`/Patient?${criteria}`),
      status: 412,
      issue: manyMatches,
      after: [bothThere],
    },
    {
      name: 'what is deleted already is no match',
      given: [stored, gone],
      when: del(`/Patient?${criteria}`),
      status: 204,
      after: [{ when: get('/Patient/{own}/_history'), status: 200, body: { entry: [{}, {}] } }],
    },
    {
      name: 'a history tells the deletion of the resource, not the criteria',
      given: [stored, del(`/Patient?${criteria}`)],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: { entry: [{ request: { method: 'DELETE', url: 'Patient/{own}' } }, {}] },
    },
    refused('no criteria', '/Patient', emptyCriteria),
    refused('an empty query', '/Patient?', emptyCriteria),
    refused('parameters that select nothing', '/Patient?_count=1', emptyCriteria),
    refused('an unknown parameter', '/Patient?colour=red', unknownParameter),
    refused('an unknown parameter beside a known one', `/Patient?${criteria}&colour=red`, unknownParameter),
    refused(
      'an unknown parameter, handling=lenient',
      '/Patient?colour=red',
      issue(/./, undefined, /./),
      'handling=lenient',
    ),
    refused(
      'a criterion without a value',
      '/Patient?identifier=',
      issue(/^(value|required|invalid)$/, undefined, /identifier/),
    ),
    refused(
      'a value that cannot be',
      '/Patient?birthdate=x',
      issue('value', 'bad-parameter-value', /"x".*birthdate.*expected/),
    ),
    {
      name: 'If-Match of another version: 412, and nothing is deleted',
      given: [stored],
      when: del(`/Patient?${criteria}`, { 'if-match': 'W/"7"' }),
      status: 412,
      issue: issue('conflict', 'version-conflict', /expected.*7/),
      after: [stillThere],
    },
    {
      name: 'If-Match of its version',
      given: [stored],
      when: del(`/Patient?${criteria}`, { 'if-match': 'W/"1"' }),
      status: 204,
    },
    {
      name: 'the CapabilityStatement says single',
      when: get('/metadata'),
      status: 200,
      body: {
        rest: (rest: { resource: { conditionalDelete: string }[] }[]) =>
          rest[0]?.resource.every((r) => r.conditionalDelete === 'single'),
      },
    },
  ],
};

const more = ['{own}-c', '{own}-d'].map((id) => put(`/Patient/${id}`, { ...person, id }));

/** HUFHIR_CONDITIONAL_DELETE=multiple, HUFHIR_MAX_CONDITIONAL_DELETE=3. */
const multiple: Table = {
  section: 'http.html#delete (3.1.0.7.1), conditional, multiple',
  cases: [
    ...atMostOne,
    {
      name: 'several matches: 204, and all are deleted',
      given: twins,
      when: del(`/Patient?${criteria}`),
      status: 204,
      text: '',
      after: [
        noMatch,
        { when: get('/Patient/{own}-a'), status: 410 },
        { when: get('/Patient/{own}-b/_history/2'), status: 410 },
      ],
    },
    {
      name: 'as many as the limit: 204',
      given: [...twins, more[0] ?? gone],
      when: del(`/Patient?${criteria}`),
      status: 204,
      after: [noMatch],
    },
    {
      name: 'more than the limit: 412, and nothing is deleted',
      given: [...twins, ...more],
      when: del(`/Patient?${criteria}`),
      status: 412,
      issue: issue(/^(multiple-matches|too-costly|too-long)$/, undefined, /3/),
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}, {}, {}, {}] } }],
    },
    {
      name: 'no criteria still delete nothing: 400',
      given: [stored],
      when: del('/Patient?_count=1'),
      status: 400,
      issue: emptyCriteria,
      after: [stillThere],
    },
    {
      name: 'in a transaction',
      given: twins,
      when: post('', bundle('transaction', { request: { method: 'DELETE', url: `Patient?${criteria}` } })),
      status: 200,
      body: { entry: statuses(204) },
      after: [noMatch],
    },
    {
      name: 'the CapabilityStatement says multiple',
      when: get('/metadata'),
      status: 200,
      body: {
        rest: (rest: { resource: { conditionalDelete: string }[] }[]) =>
          rest[0]?.resource.every((r) => r.conditionalDelete === 'multiple'),
      },
    },
  ],
};

export const suites: readonly Suite[] = [
  { tables: [deletion, single] },
  { tables: [multiple], settings: { HUFHIR_CONDITIONAL_DELETE: 'multiple', HUFHIR_MAX_CONDITIONAL_DELETE: '3' } },
];
