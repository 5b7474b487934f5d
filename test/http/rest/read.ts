import {
  bundle,
  changed,
  deleted,
  get,
  gone,
  head,
  imfDate,
  issue,
  measuredText,
  notFound,
  observation,
  person,
  put,
  stored,
  unknownParameter,
} from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

const now = { etag: 'W/"1"', 'last-modified': imfDate };
const noVersion = (version: string) =>
  issue('not-found', 'version-not-found', `Patient/{own} has no version ${version}`);

const read: Table = {
  section: 'http.html#read (3.1.0.2)',
  cases: [
    {
      name: 'the current contents, with id, ETag and Last-Modified',
      given: [stored, changed],
      when: get('/Patient/{own}'),
      status: 200,
      headers: { etag: 'W/"2"', 'last-modified': imfDate, 'content-type': /^application\/fhir\+json/ },
      body: { resourceType: 'Patient', id: '{own}', gender: 'female', name: [{ text: '张三' }] },
    },
    { name: 'unknown resource answers 404', when: get('/Patient/{own}'), status: 404, issue: notFound },
    {
      name: 'deleted resource answers 410',
      given: [stored, gone],
      when: get('/Patient/{own}'),
      status: 410,
      issue: deleted,
    },
    {
      name: 'a resource brought back to life is read again',
      given: [stored, gone, changed],
      when: get('/Patient/{own}'),
      status: 200,
      body: { gender: 'female', meta: { versionId: '3' } },
    },
    {
      name: 'another type has no resource of this id',
      given: [stored],
      when: get('/Basic/{own}'),
      status: 404,
      issue: issue('not-found', 'not-found', 'Basic/{own} does not exist'),
    },
    {
      name: 'a parameter that would not be heeded is refused',
      given: [stored],
      when: get('/Patient/{own}?colour=red'),
      status: 400,
      issue: unknownParameter,
    },
  ],
};

const vread: Table = {
  section: 'http.html#vread (3.1.0.3)',
  cases: [
    {
      name: 'an earlier version, with its own id, ETag and Last-Modified',
      given: [stored, changed],
      when: get('/Patient/{own}/_history/1'),
      status: 200,
      headers: now,
      body: { id: '{own}', gender: 'male', meta: { versionId: '1' } },
    },
    {
      name: 'the current version is what a read answers',
      given: [stored],
      when: get('/Patient/{own}/_history/1'),
      status: 200,
      headers: now,
      text: '{text}',
    },
    {
      name: 'a version that there is not',
      given: [stored],
      when: get('/Patient/{own}/_history/2'),
      status: 404,
      issue: noVersion('2'),
    },
    {
      name: 'a version id is opaque: one that is no number is not there',
      given: [stored],
      when: get('/Patient/{own}/_history/a-1.b'),
      status: 404,
      issue: noVersion('a-1.b'),
    },
    {
      name: 'a version id is opaque: 01 is not 1',
      given: [stored],
      when: get('/Patient/{own}/_history/01'),
      status: 404,
      issue: noVersion('01'),
    },
    {
      name: 'a version of an unknown resource',
      when: get('/Patient/{own}/_history/1'),
      status: 404,
      issue: issue('not-found', undefined, /Patient\/\S+ (does not exist|has no version 1)/),
    },
    {
      name: 'the version that was the deletion answers 410',
      given: [stored, gone],
      when: get('/Patient/{own}/_history/2'),
      status: 410,
      issue: issue('deleted', 'deleted', /Patient\/\S+ was deleted/),
    },
    {
      name: 'a version before the deletion is still read',
      given: [stored, gone],
      when: get('/Patient/{own}/_history/1'),
      status: 200,
      headers: now,
      body: { gender: 'male' },
    },
    {
      name: 'a version after the resource came back',
      given: [stored, gone, changed],
      when: get('/Patient/{own}/_history/3'),
      status: 200,
      headers: { etag: 'W/"3"' },
      body: { gender: 'female' },
    },
    {
      name: 'a parameter that would not be heeded is refused',
      given: [stored],
      when: get('/Patient/{own}/_history/1?colour=red'),
      status: 400,
      issue: unknownParameter,
    },
  ],
};

/** What a conditional read of a Patient at version 2 answers: 304 without a body, or all of it. */
const conditional = (name: string, headers: Record<string, string>, status: 200 | 304, path = '/Patient/{own}') => ({
  name: `${name}: ${status}`,
  given: [stored, changed],
  when: get(path, headers),
  status,
  headers: { etag: 'W/"2"', 'last-modified': imfDate },
  text: status === 304 ? '' : /^\{"resourceType":"Patient"/,
});

const cread: Table = {
  section: 'http.html#cread (3.1.0.1.7)',
  cases: [
    conditional('If-None-Match of the current version', { 'if-none-match': 'W/"2"' }, 304),
    conditional('If-None-Match compares weakly', { 'if-none-match': '"2"' }, 304),
    conditional('If-None-Match of another version', { 'if-none-match': 'W/"1"' }, 200),
    conditional('If-None-Match of a list with the current version', { 'if-none-match': 'W/"1", W/"2"' }, 304),
    conditional('If-None-Match of a list without it', { 'if-none-match': 'W/"1",W/"3"' }, 200),
    conditional('If-None-Match: *', { 'if-none-match': '*' }, 304),
    conditional('If-Modified-Since of Last-Modified', { 'if-modified-since': '{last-modified}' }, 304),
    conditional('If-Modified-Since of a time before', { 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' }, 200),
    conditional('If-Modified-Since that is no date is ignored', { 'if-modified-since': 'yesterday' }, 200),
    conditional(
      'If-None-Match goes before If-Modified-Since (RFC 9110 13.2.2)',
      { 'if-none-match': 'W/"1"', 'if-modified-since': '{last-modified}' },
      200,
    ),
    conditional('vread, If-None-Match of it', { 'if-none-match': 'W/"2"' }, 304, '/Patient/{own}/_history/2'),
    conditional('vread, If-None-Match of another', { 'if-none-match': 'W/"1"' }, 200, '/Patient/{own}/_history/2'),
    {
      name: 'If-None-Match: * of an unknown resource: 404',
      when: get('/Patient/{own}', { 'if-none-match': '*' }),
      status: 404,
      issue: notFound,
    },
    {
      name: 'If-None-Match of a deleted resource: 410',
      given: [stored, gone],
      when: get('/Patient/{own}', { 'if-none-match': 'W/"2"' }),
      status: 410,
      issue: deleted,
    },
    {
      name: 'HEAD with If-None-Match of the current version: 304',
      given: [stored],
      when: head('/Patient/{own}', { 'if-none-match': 'W/"1"' }),
      status: 304,
      headers: now,
    },
  ],
};

const tagged = (extra: object = {}) => ({
  tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }],
  versionId: '1',
  ...extra,
});
const rich = put('/Observation/{own}', {
  ...JSON.parse(measuredText),
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
  note: [{ text: 'long' }],
});
const full = { status: 'final', code: { text: 'x' }, valueQuantity: { value: 1 } };
const none = { text: undefined, note: undefined, valueQuantity: undefined, subject: undefined };
const subset = (
  query: string,
  body: object,
  when: Step = get(`/Observation/{own}?${query}`),
): Table['cases'][number] => ({
  name: `${when.path.includes('_history') ? 'vread, ' : ''}${query}`,
  given: [rich],
  when,
  status: 200,
  headers: now,
  body: { resourceType: 'Observation', id: '{own}', ...body },
});
const badSummary = issue('value', 'bad-parameter-value', /"some".*_summary.*expected/);

const summary: Table = {
  section: 'http.html#read (3.1.0.2), search.html#summary',
  cases: [
    subset('_summary=true', { ...full, text: undefined, note: undefined, meta: tagged() }),
    subset('_summary=text', { ...none, text: { status: 'generated' }, status: 'final', code: {}, meta: tagged() }),
    subset('_summary=data', { ...full, note: [{ text: 'long' }], text: undefined, meta: tagged() }),
    subset('_summary=false', { ...full, note: [{}], text: { status: 'generated' }, meta: { tag: undefined } }),
    subset('_elements=note', { ...none, note: [{}], status: 'final', code: { text: 'x' }, meta: tagged() }),
    subset('_elements=note,subject', { ...none, note: [{}], subject: { reference: 'Patient/{own}' }, meta: tagged() }),
    subset(
      '_summary=data',
      { ...full, text: undefined, meta: tagged() },
      get('/Observation/{own}/_history/1?_summary=data'),
    ),
    subset(
      '_elements=note',
      { ...none, note: [{}], meta: tagged() },
      get('/Observation/{own}/_history/1?_elements=note'),
    ),
    {
      name: '_summary keeps the digits',
      given: [put('/Observation/{own}', measuredText)],
      when: get('/Observation/{own}?_summary=true'),
      status: 200,
      text: /"value":1\.00,/,
    },
    {
      name: 'the SUBSETTED tag stands beside the tags of the resource',
      given: [put('/Patient/{own}', { ...person, meta: { tag: [{ code: 'mine' }] } })],
      when: get('/Patient/{own}?_elements=gender'),
      status: 200,
      body: { meta: { tag: [{ code: 'mine' }, { code: 'SUBSETTED' }] }, name: undefined, gender: 'male' },
    },
    {
      name: '_summary of an unknown kind is refused',
      given: [stored],
      when: get('/Patient/{own}?_summary=some'),
      status: 400,
      issue: badSummary,
    },
    {
      name: 'what a subset shows cannot be stored again',
      when: put('/Observation/{own}', { ...observation({}), id: '{own}', subject: undefined, meta: tagged() }),
      status: 400,
      issue: issue('business-rule', 'subsetted', /SUBSETTED/, /^Observation\.meta\.tag/),
    },
  ],
};

/** HEAD answers what GET answers, without the body. */
const heads = (name: string, path: string, status: number, headers: object = {}, given: Step[] = [stored]) => ({
  name: `HEAD of ${name}`,
  given,
  when: head(path),
  status,
  headers: { 'content-type': /^application\/fhir\+json/, ...headers },
  text: '',
});

const headRequests: Table = {
  section: 'http.html#head (3.1.0.15)',
  cases: [
    heads('a read', '/Patient/{own}', 200, now),
    heads('a vread', '/Patient/{own}/_history/1', 200, now),
    heads('an unknown resource', '/Patient/{own}', 404, {}, []),
    heads('a deleted resource', '/Patient/{own}', 410, {}, [stored, gone]),
    heads('a search', '/Patient?_id={own}', 200),
    heads('a bad search', '/Patient?colour=red', 400),
    heads('the history of a resource', '/Patient/{own}/_history', 200),
    heads('the history of a type', '/Patient/_history?_count=1', 200),
    heads('the history of all', '/_history?_count=1', 200),
    heads('the capabilities', '/metadata', 200, {}, []),
    {
      name: 'HEAD tells the length that GET has',
      given: [stored],
      when: get('/Patient/{own}', { 'accept-encoding': 'identity' }),
      status: 200,
      after: [
        {
          when: head('/Patient/{own}', { 'accept-encoding': 'identity' }),
          status: 200,
          headers: { 'content-length': '{length}' },
        },
      ],
    },
    {
      name: 'HEAD in a batch',
      given: [stored],
      when: {
        ...get(''),
        method: 'POST',
        body: bundle('batch', { request: { method: 'HEAD', url: 'Patient/{own}' } }),
      },
      status: 200,
      body: { entry: [{ resource: undefined, response: { status: /^200/, etag: 'W/"1"' } }] },
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [read, vread, cread, summary, headRequests] }];
