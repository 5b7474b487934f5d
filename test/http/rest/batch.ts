import {
  anonymous,
  asks,
  batch,
  bundle,
  criteria,
  get,
  gone,
  harmless,
  observation,
  operation,
  parameters,
  patchEntry,
  person,
  stored,
  twins,
  woman,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const toWoman = [{ op: 'replace', path: '/gender', value: 'female' }];
const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ab';

/** A batch of one entry, and the response to it; failures have the issue in the entry's outcome. */
const single = (
  name: string,
  entry: object,
  response: object,
  more: Partial<Case> & { resource?: object } = {},
): Case => {
  const { resource, ...rest } = more;
  return {
    name,
    given: [stored],
    when: batch(entry),
    status: 200,
    body: { type: 'batch-response', entry: [{ ...(resource !== undefined && { resource }), response }] },
    ...rest,
  };
};
/** What the outcome of an entry that failed holds. */
const failed = (status: number, code: string | RegExp, diagnostics: RegExp, expression?: RegExp) => ({
  status: new RegExp(`^${status}\\b`),
  outcome: {
    resourceType: 'OperationOutcome',
    issue: (list: { severity: string; code: string; diagnostics: string; expression?: string[] }[]) => {
      const [first] = list;
      return (
        first !== undefined &&
        first.severity === 'error' &&
        new RegExp(code).test(first.code) &&
        diagnostics.test(first.diagnostics) &&
        (expression === undefined || expression.test(first.expression?.[0] ?? ''))
      );
    },
  },
});
const unchanged = { when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } };

const rules: Table = {
  section: 'http.html#brules (3.1.0.11.1)',
  cases: [
    { name: 'a batch without entries', when: batch(), status: 200, body: { type: 'batch-response', entry: undefined } },
    {
      name: 'one response an entry, in their order',
      given: [stored],
      when: batch(
        asks('GET', 'Patient/{own}'),
        asks('POST', 'Patient', anonymous),
        asks('PUT', 'Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } }),
        asks('DELETE', 'Basic/{own}-none'),
        asks('GET', 'Patient/{own}-none'),
      ),
      status: 200,
      body: {
        type: 'batch-response',
        entry: [
          { resource: { id: '{own}' }, response: { status: /^200/ } },
          { response: { status: /^201/, location: /Patient\/[^/]+\/_history\/1$/, etag: 'W/"1"' } },
          { response: { status: /^201/, location: /Basic\/[^/]+\/_history\/1$/ } },
          { response: { status: /^204/ } },
          { resource: undefined, response: { status: /^404/ } },
        ],
      },
    },
    {
      name: 'one that fails does not hinder the others',
      when: batch(
        asks('PUT', 'Patient/{own}', { ...person, gender: 'm' }),
        asks('PUT', 'Patient/{own}-b', { ...person, id: '{own}-b' }),
      ),
      status: 200,
      body: { entry: [{ response: { status: /^422/ } }, { response: { status: /^201/ } }] },
      after: [
        { when: get('/Patient/{own}'), status: 404 },
        { when: get('/Patient/{own}-b'), status: 200 },
      ],
    },
    {
      name: 'all that fail: still 200',
      when: batch(asks('GET', 'Patient/{own}'), asks('GET', 'Patint/1')),
      status: 200,
      body: { entry: [{ response: failed(404, 'not-found', /does not exist/) }, { response: { status: /^404/ } }] },
    },
    {
      name: 'a failure names the place in the bundle',
      when: batch(asks('GET', 'metadata'), asks('PUT', 'Patient/{own}', { ...person, gender: 'm' })),
      status: 200,
      body: {
        entry: [
          { response: { status: /^200/ } },
          { response: failed(422, 'code-invalid', /gender/, /^Bundle\.entry\[1\]\.resource\.gender$/) },
        ],
      },
    },
    {
      name: 'a reference to another entry of the batch does not conform: that entry fails',
      when: batch(
        { fullUrl: urn, ...asks('POST', 'Patient', anonymous) },
        asks('POST', 'Observation', observation({ reference: urn })),
      ),
      status: 200,
      body: {
        entry: [
          { response: { status: /^201/ } },
          { response: failed(400, '.', /no fullUrl|expected/, /^Bundle\.entry\[1\]\.resource\.subject/) },
        ],
      },
    },
  ],
};

const entries: Table = {
  section: 'http.html#transaction (3.1.0.11), batch',
  cases: [
    single(
      'read',
      asks('GET', 'Patient/{own}'),
      { status: /^200/, etag: 'W/"1"', lastModified: /^\d{4}-.*(Z|\d\d:\d\d)$/ },
      {
        resource: { id: '{own}' },
      },
    ),
    single(
      'vread',
      asks('GET', 'Patient/{own}/_history/1'),
      { status: /^200/, etag: 'W/"1"' },
      { resource: { gender: 'male' } },
    ),
    single(
      'search',
      asks('GET', `Patient?${criteria}`),
      { status: /^200/ },
      {
        resource: { type: 'searchset', entry: [{ resource: { id: '{own}' } }] },
      },
    ),
    single(
      'history',
      asks('GET', 'Patient/{own}/_history'),
      { status: /^200/ },
      { resource: { type: 'history', entry: [{}] } },
    ),
    single(
      'capabilities',
      asks('GET', 'metadata'),
      { status: /^200/ },
      { resource: { resourceType: 'CapabilityStatement' } },
    ),
    single(
      'an operation',
      asks('GET', '$pending-references'),
      { status: /^200/ },
      { resource: { resourceType: 'Parameters' } },
    ),
    single(
      'a url with the base',
      asks('GET', '{base}/Patient/{own}'),
      { status: /^200/ },
      { resource: { id: '{own}' } },
    ),
    single('a read of what was deleted', asks('GET', 'Patient/{own}'), failed(410, 'deleted', /was deleted/), {
      given: [stored, gone],
    }),
    single('update', asks('PUT', 'Patient/{own}', woman), {
      status: /^200/,
      etag: 'W/"2"',
      location: /Patient\/.*\/_history\/2$/,
    }),
    single(
      'update with ifMatch of another version',
      asks('PUT', 'Patient/{own}', woman, { ifMatch: 'W/"7"' }),
      failed(412, 'conflict', /version 1.*expected.*7/),
      {
        after: [unchanged],
      },
    ),
    single('update with ifMatch', asks('PUT', 'Patient/{own}', woman, { ifMatch: 'W/"1"' }), {
      status: /^200/,
      etag: 'W/"2"',
    }),
    single(
      'delete',
      asks('DELETE', 'Patient/{own}'),
      { status: /^204/ },
      { after: [{ when: get('/Patient/{own}'), status: 410 }] },
    ),
    single(
      'delete with ifMatch of another version',
      asks('DELETE', 'Patient/{own}', undefined, { ifMatch: 'W/"7"' }),
      failed(412, 'conflict', /expected.*7/),
      {
        after: [unchanged],
      },
    ),
    single(
      'JSON Patch',
      patchEntry('Patient/{own}', toWoman),
      { status: /^200/, etag: 'W/"2"' },
      {
        after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'female' } }],
      },
    ),
    single(
      'FHIRPath Patch',
      asks(
        'PATCH',
        'Patient/{own}',
        parameters(operation('replace', 'Patient.gender', { value: { valueCode: 'female' } })),
      ),
      { status: /^200/, etag: 'W/"2"' },
      { after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'female' } }] },
    ),
    single(
      'patch with ifMatch of another version',
      patchEntry('Patient/{own}', toWoman, { ifMatch: 'W/"7"' }),
      failed(412, 'conflict', /expected.*7/),
      {
        after: [unchanged],
      },
    ),
    single('conditional create with a match', asks('POST', 'Patient', anonymous, { ifNoneExist: criteria }), {
      status: /^200/,
      location: /\/_history\/1$/,
      etag: 'W/"1"',
    }),
    single('conditional update', asks('PUT', `Patient?${criteria}`, { ...anonymous, gender: 'female' }), {
      status: /^200/,
      etag: 'W/"2"',
    }),
    single('conditional patch', patchEntry(`Patient?${criteria}`, toWoman), { status: /^200/, etag: 'W/"2"' }),
    single(
      'conditional delete',
      asks('DELETE', `Patient?${criteria}`),
      { status: /^204/ },
      {
        after: [{ when: get('/Patient/{own}'), status: 410 }],
      },
    ),
    single(
      'conditional update with several matches',
      asks('PUT', `Patient?${criteria}`, anonymous),
      failed(412, 'multiple-matches', /several/),
      {
        given: twins,
      },
    ),
    single('read with ifNoneMatch of the version', asks('GET', 'Patient/{own}', undefined, { ifNoneMatch: 'W/"1"' }), {
      status: /^304/,
      etag: 'W/"1"',
    }),
    single(
      'read with ifNoneMatch of another version',
      asks('GET', 'Patient/{own}', undefined, { ifNoneMatch: 'W/"7"' }),
      { status: /^200/ },
      {
        resource: { id: '{own}' },
      },
    ),
    single(
      'read with ifModifiedSince',
      asks('GET', 'Patient/{own}', undefined, { ifModifiedSince: '2999-01-01T00:00:00Z' }),
      { status: /^304/ },
    ),
    single(
      'read with ifModifiedSince before',
      asks('GET', 'Patient/{own}', undefined, { ifModifiedSince: '2001-01-01T00:00:00Z' }),
      { status: /^200/ },
      {
        resource: { id: '{own}' },
      },
    ),
    single(
      'update with ifNoneMatch *',
      asks('PUT', 'Patient/{own}', woman, { ifNoneMatch: '*' }),
      failed(412, 'conflict', /If-None-Match/, /^Bundle\.entry\[0\]\.request\.ifNoneMatch$/),
      {
        after: [unchanged],
      },
    ),
    single(
      'update with ifNoneMatch of the version',
      asks('PUT', 'Patient/{own}', woman, { ifNoneMatch: 'W/"1"' }),
      failed(412, 'conflict', /If-None-Match.*none of 1/, /\.request\.ifNoneMatch$/),
      { after: [unchanged] },
    ),
    {
      name: 'a reference to another entry',
      given: [stored],
      when: batch(asks('POST', 'Observation', observation({ reference: urn })), {
        ...asks('PUT', 'Patient/{own}', woman),
        fullUrl: urn,
      }),
      status: 200,
      body: {
        entry: [
          {
            response: failed(
              400,
              'structure',
              /another entry of the batch.*expected a transaction/,
              /entry\[0\]\.resource\.subject\.reference$/,
            ),
          },
          { response: { status: /^200/ } },
        ],
      },
    },
    ...(
      [
        ['the fullUrl of an entry that is created', 'http://ehr.example/fhir/Patient/77'],
        ['the same from the base of its own entry', 'Patient/77'],
      ] as const
    ).map(([name, reference]) => ({
      name,
      when: batch(
        { ...asks('POST', 'Patient', anonymous), fullUrl: 'http://ehr.example/fhir/Patient/77' },
        {
          ...asks('POST', 'Observation', observation({ reference })),
          fullUrl: 'http://ehr.example/fhir/Observation/9',
        },
      ),
      status: 200,
      body: {
        entry: [
          { response: { status: /^201/ } },
          {
            response: failed(
              400,
              'structure',
              /another entry of the batch/,
              /entry\[1\]\.resource\.subject\.reference$/,
            ),
          },
        ],
      },
    })),
    {
      name: 'a reference to what another entry puts where the reference leads',
      when: batch(
        { ...asks('PUT', 'Patient/{own}', woman), fullUrl: '{base}/Patient/{own}' },
        {
          ...asks('POST', 'Observation', observation({ reference: 'Patient/{own}' })),
          fullUrl: '{base}/Observation/9',
        },
      ),
      status: 200,
      body: { entry: [{ response: { status: /^201/ } }, { response: { status: /^201/ } }] },
    },
    single(
      'a URN in capitals',
      asks('POST', 'Observation', observation({ reference: urn.replace('urn:uuid', 'URN:UUID') })),
      failed(400, 'structure', /names no entry/, /entry\[0\]\.resource\.subject\.reference$/),
    ),
    single(
      'a URN that no entry has',
      asks('POST', 'Observation', observation({ reference: urn })),
      failed(400, 'structure', /names no entry; expected a transaction/, /entry\[0\]\.resource\.subject\.reference$/),
    ),
    single(
      'no request',
      { resource: anonymous },
      failed(400, '(structure|required)', /request/, /^Bundle\.entry\[0\]\.request$/),
    ),
    single(
      'no method',
      { request: { url: 'Patient' } },
      failed(400, '(structure|required)', /method/, /\.request\.method$/),
    ),
    single('no url', { request: { method: 'GET' } }, failed(400, '(structure|required)', /url/, /\.request\.url$/)),
    single(
      'a method of no kind',
      asks('LIST', 'Patient'),
      failed(405, 'not-supported', /LIST/, /^Bundle\.entry\[0\]\.request/),
    ),
    single('POST without a resource', asks('POST', 'Patient'), failed(400, '.', /resource/, /^Bundle\.entry\[0\]/)),
    single('PUT without a resource', asks('PUT', 'Patient/{own}'), failed(400, '.', /resource/, /^Bundle\.entry\[0\]/)),
    single(
      'PUT of another id',
      asks('PUT', 'Patient/{own}', { ...person, id: 'x' }),
      failed(400, 'value', /"?x"?/, /resource\.id$/),
    ),
    single(
      'a bundle within a bundle',
      asks('POST', '/', bundle('batch')),
      failed(400, '.', /bundle/i, /^Bundle\.entry\[0\]\.request/),
    ),
    single(
      'a method that the url does not take',
      asks('PUT', 'metadata', person),
      failed(405, 'not-supported', /PUT/, /^Bundle\.entry\[0\]\.request/),
    ),
    single(
      'a search with an unknown parameter',
      asks('GET', 'Patient?colour=red'),
      failed(400, 'invalid', /colour/, /^Bundle\.entry\[0\]\.request\.url$/),
    ),
    single(
      'a warning stands in the outcome',
      asks('PUT', 'Patient/{own}', { ...person, meta: { profile: ['http://x.example/u'] } }),
      {
        status: /^200/,
        outcome: harmless,
      },
    ),
  ],
};

export const suites: readonly Suite[] = [{ tables: [rules, entries] }];
