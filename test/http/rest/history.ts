import {
  anonymous,
  changed,
  criteria,
  del,
  get,
  gone,
  head,
  issue,
  measuredText,
  notFound,
  person,
  post,
  put,
  stored,
  unknownParameter,
} from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
type Entry = {
  fullUrl: string;
  resource?: { id: string; resourceType: string; meta: { versionId: string; lastUpdated: string } };
  request: { method: string };
};
type Link = { relation: string; url: string };

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const version = (n: number, status: number, method = 'PUT', url = 'Patient/{own}') => ({
  fullUrl: '{base}/Patient/{own}',
  ...(method === 'DELETE' ? { resource: undefined } : { resource: { id: '{own}', meta: { versionId: String(n) } } }),
  request: { method, url },
  response: { status: new RegExp(`^(${status}|200)`), etag: `W/"${n}"`, lastModified: instant },
});
const shows = (name: string, given: readonly Step[], entry: unknown, when = get('/Patient/{own}/_history')): Case => ({
  name,
  given,
  when,
  status: 200,
  body: { resourceType: 'Bundle', type: 'history', entry },
});

const instance: Table = {
  section: 'http.html#history (3.1.0.12), of a resource',
  cases: [
    shows('an update that created', [stored], [version(1, 201)]),
    shows('updates, the newest first', [stored, changed, stored], [version(3, 200), version(2, 200), version(1, 201)]),
    shows('a deletion has no resource', [stored, gone], [version(2, 204, 'DELETE'), version(1, 201)]),
    shows(
      'what came back to life',
      [stored, gone, stored],
      [version(3, 201), version(2, 204, 'DELETE'), version(1, 201)],
    ),
    {
      name: 'a create is POST to its type',
      given: [post('/Patient', anonymous)],
      when: get('/Patient/{id}/_history'),
      status: 200,
      body: {
        entry: [
          {
            fullUrl: '{base}/Patient/{id}',
            resource: { id: '{id}' },
            request: { method: 'POST', url: 'Patient' },
            response: { status: /^20[01]/, lastModified: instant },
          },
        ],
      },
    },
    {
      name: 'each version has the contents that it had',
      given: [stored, changed],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: { entry: [{ resource: { gender: 'female' } }, { resource: { gender: 'male' } }] },
    },
    {
      name: 'the digits of each version',
      given: [put('/Observation/{own}', measuredText), put('/Observation/{own}', measuredText.replace('1.00', '1.0'))],
      when: get('/Observation/{own}/_history'),
      status: 200,
      text: /"value":1\.0,.*"value":1\.00,/,
    },
    {
      name: 'a self link',
      given: [stored, changed],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: { link: [{ relation: 'self', url: '{base}/Patient/{own}/_history' }] },
    },
    { name: 'of an unknown resource: 404', when: get('/Patient/{own}/_history'), status: 404, issue: notFound },
    {
      name: 'of another type with this id: 404',
      given: [stored],
      when: get('/Basic/{own}/_history'),
      status: 404,
      issue: issue('not-found', 'not-found', 'Basic/{own} does not exist'),
    },
    {
      name: 'a refused write leaves no trace',
      given: [stored],
      when: put('/Patient/{own}', { ...person, gender: 'm' }),
      status: 422,
      after: [{ when: get('/Patient/{own}/_history'), status: 200, body: { entry: [{}] } }],
    },
    {
      name: '_elements',
      given: [stored],
      when: get('/Patient/{own}/_history?_elements=gender'),
      status: 200,
      body: { entry: [{ resource: { gender: 'male', name: undefined, meta: { tag: [{ code: 'SUBSETTED' }] } } }] },
    },
    {
      name: '_summary',
      given: [stored],
      when: get('/Patient/{own}/_history?_summary=text'),
      status: 200,
      body: { entry: [{ resource: { id: '{own}', name: undefined, meta: { tag: [{ code: 'SUBSETTED' }] } } }] },
    },
    { name: 'HEAD', given: [stored], when: head('/Patient/{own}/_history'), status: 200, text: '' },
  ],
};

const both = (entries: Entry[]) => entries.length === 2 && entries[0]?.request.method === 'DELETE';
const ids = (...list: string[]) => list.map((id) => ({ resource: { id } }));

const wider: Table = {
  section: 'http.html#history (3.1.0.12), of a type and of all',
  cases: [
    shows(
      'of a type: the newest of its resources',
      [stored, put('/Patient/{own}-b', { ...person, id: '{own}-b' })],
      ids('{own}-b', '{own}'),
      get('/Patient/_history?_count=2'),
    ),
    shows(
      'of a type: not those of others',
      [stored, put('/Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } })],
      [{ resource: { resourceType: 'Patient', id: '{own}' } }],
      get('/Patient/_history?_count=1'),
    ),
    shows('of a type: deletions too', [stored, gone], both, get('/Patient/_history?_count=2')),
    shows(
      'of all: the newest of every type',
      [stored, put('/Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } })],
      [{ resource: { resourceType: 'Basic', id: '{own}' } }, { resource: { resourceType: 'Patient', id: '{own}' } }],
      get('/_history?_count=2'),
    ),
    shows('of all: deletions too', [stored, gone], both, get('/_history?_count=2')),
    {
      name: 'of all: every version since a time, once',
      given: [stored, { ...changed, pause: 5 }, { ...gone, pause: 5 }],
      when: get('/_history?_since={lastUpdated}'),
      status: 200,
      body: { entry: both },
    },
    {
      name: 'of a type without resources',
      when: get('/EvidenceVariable/_history'),
      status: 200,
      body: { type: 'history', entry: undefined },
    },
    {
      name: 'a conditional create stands as a create, a conditional delete as a delete',
      given: [post('/Patient', anonymous, { 'if-none-exist': criteria }), del(`/Patient?${criteria}`)],
      when: get('/Patient/_history?_count=2'),
      status: 200,
      body: {
        entry: [
          { request: { method: 'DELETE', url: /^Patient\/[^?]+$/ } },
          { request: { method: 'POST', url: 'Patient', ifNoneExist: undefined } },
        ],
      },
    },
  ],
};

const links =
  (...relations: string[]) =>
  (list: Link[]) =>
    relations.join() === list.map((l) => l.relation).join();
const pageOf = (n: number, ...relations: string[]) => ({
  status: 200,
  body: { type: 'history', entry: [{ resource: { meta: { versionId: String(n) } } }], link: links(...relations) },
});
const threeVersions = [stored, changed, stored];
const bad = (query: string, expected: ReturnType<typeof issue>): Case => ({
  name: `${query}: 400`,
  given: [stored],
  when: get(`/Patient/{own}/_history?${query}`),
  status: 400,
  issue: expected,
});
const badValue = (name: string, value: string) =>
  issue('value', 'bad-parameter-value', new RegExp(`"${value}".*"${name}".*expected`));
const numbers = (...list: string[]) => list.map((versionId) => ({ resource: { meta: { versionId } } }));

/** A version is current until the next one is, so that the moment between two may show both. */
const atSecond = (list: Entry[]) =>
  list.some((e) => e.resource?.meta.versionId === '2') && list.every((e) => e.resource?.meta.versionId !== '3');
/** Of the server's time zone. */
const thisYear = new Date(Date.now() + 8 * 60 * 60 * 1000).getUTCFullYear();

const parametersOf: Table = {
  section: 'http.html#history (3.1.0.12), parameters and pages',
  cases: [
    {
      name: '_count and next lead through all versions, each once',
      given: threeVersions,
      when: get('/Patient/{own}/_history?_count=1'),
      ...pageOf(3, 'self', 'next'),
      after: [
        { when: get('{next}'), ...pageOf(2, 'self', 'next') },
        { when: get('{next}'), ...pageOf(1, 'self') },
      ],
    },
    {
      name: 'a version that comes meanwhile neither repeats nor hides another',
      given: threeVersions,
      when: get('/Patient/{own}/_history?_count=2'),
      status: 200,
      body: { entry: numbers('3', '2') },
      after: [
        { when: changed, status: 200 },
        { when: get('{next}'), ...pageOf(1, 'self') },
      ],
    },
    {
      name: 'pages of all keep their place too',
      given: threeVersions,
      when: get('/_history?_count=2'),
      status: 200,
      body: { entry: numbers('3', '2'), link: links('self', 'next') },
      after: [
        { when: changed, status: 200 },
        {
          when: get('{next}'),
          status: 200,
          body: {
            entry: (list: Entry[]) => list[0]?.resource?.id.startsWith('c') && list[0].resource.meta.versionId === '1',
          },
        },
      ],
    },
    shows(
      '_count beyond what there is',
      threeVersions,
      numbers('3', '2', '1'),
      get('/Patient/{own}/_history?_count=100'),
    ),
    {
      name: '_since: at or after the instant',
      given: [stored, { ...changed, pause: 5 }],
      when: get('/Patient/{own}/_history?_since={lastUpdated}'),
      status: 200,
      body: { entry: numbers('2') },
    },
    {
      name: '_since with an offset',
      given: [stored],
      when: get('/Patient/{own}/_history?_since=2001-01-01T08:00:00%2B08:00'),
      status: 200,
      body: { entry: numbers('1') },
    },
    {
      name: '_since in the future: nothing',
      given: [stored],
      when: get('/Patient/{own}/_history?_since=2999-01-01T00:00:00Z'),
      status: 200,
      body: { type: 'history', entry: undefined },
    },
    {
      name: '_since shows a deletion after it',
      given: [stored, { ...gone, pause: 5 }],
      when: get('/Patient/{own}/_history?_since={lastUpdated}'),
      status: 200,
      body: { entry: [{ request: { method: 'DELETE' } }, { request: { method: 'PUT' } }] },
    },
    {
      name: '_at an instant: the version that was current',
      given: [changed, stored],
      when: { ...put('/Patient/{own}', { ...person, gender: 'other' }), pause: 5 },
      status: 200,
      after: [
        { when: get('/Patient/{own}/_history/2'), status: 200 },
        { when: get('/Patient/{own}/_history?_at={lastUpdated}'), status: 200, body: { entry: atSecond } },
      ],
    },
    {
      name: '_at a period: all that were current at some time of it',
      given: threeVersions,
      when: get(`/Patient/{own}/_history?_at=${thisYear}`),
      status: 200,
      body: { entry: numbers('3', '2', '1') },
    },
    {
      name: '_at before it was made: nothing',
      given: [stored],
      when: get('/Patient/{own}/_history?_at=2001-01-01'),
      status: 200,
      body: { type: 'history', entry: undefined },
    },
    bad('_count=many', badValue('_count', 'many')),
    bad('_count=-1', badValue('_count', '-1')),
    bad('_since=yesterday', badValue('_since', 'yesterday')),
    bad('_at=yesterday', badValue('_at', 'yesterday')),
    bad('colour=red', unknownParameter),
    bad('_count=1&_count=2', issue(/./, undefined, /_count/)),
    bad('_since=2001-01-01T00:00:00Z&_since=2002-01-01T00:00:00Z', issue(/./, undefined, /_since/)),
    bad('_after=x', issue('value', 'bad-cursor', /page link/)),
  ],
};

export const suites: readonly Suite[] = [{ tables: [instance, wider, parametersOf] }];
