import {
  anonymous,
  asks,
  bundle,
  criteria,
  get,
  gone,
  issue,
  manyMatches,
  operation,
  parameters,
  patchEntry,
  person,
  statuses,
  stored,
  transaction,
  twins,
  woman,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const toWoman = [{ op: 'replace', path: '/gender', value: 'female' }];
const own = asks('PUT', 'Patient/{own}', person);
const toFemale = asks('PUT', 'Patient/{own}', woman);
const create = asks('POST', 'Patient', anonymous);
const remove = asks('DELETE', 'Patient/{own}');
const read = asks('GET', 'Patient/{own}');
const find = asks('GET', `Patient?${criteria}&_total=accurate`);
const unchanged = { when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } };

/** A transaction and its responses. */
const performed = (name: string, entries: object[], expected: object[], more: Partial<Case> = {}): Case => ({
  name,
  given: [stored],
  when: transaction(...entries),
  status: 200,
  body: { resourceType: 'Bundle', type: 'transaction-response', entry: expected },
  ...more,
});

const order: Table = {
  section: 'http.html#trules (3.1.0.11.2), order',
  cases: [
    {
      name: 'a transaction without entries',
      when: transaction(),
      status: 200,
      body: { type: 'transaction-response', entry: undefined },
    },
    performed(
      'responses come in the order of the entries',
      [read, toFemale, create, asks('DELETE', 'Basic/{own}')],
      statuses(200, 200, 201, 204),
    ),
    performed(
      'DELETE comes before POST',
      [asks('POST', 'Patient', anonymous, { ifNoneExist: criteria }), remove],
      statuses(201, 204),
      {
        after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}] } }],
      },
    ),
    performed(
      'PUT comes before GET',
      [read, toFemale],
      [{ resource: { gender: 'female', meta: { versionId: '2' } } }, {}],
    ),
    performed('POST comes before GET', [find, create], [{ resource: { total: 2 } }, {}]),
    performed(
      'DELETE comes before GET',
      [find, remove],
      [{ resource: { total: 0 } }, { response: { status: /^204/ } }],
    ),
    performed(
      'PATCH comes before GET',
      [read, patchEntry('Patient/{own}', toWoman)],
      [{ resource: { gender: 'female' } }, {}],
    ),
    performed(
      'a GET of what is created',
      [read, own],
      [{ resource: { id: '{own}', meta: { versionId: '1' } } }, { response: { status: /^201/ } }],
      {
        given: [],
      },
    ),
    performed(
      'the same entries in another order have the same outcome',
      [remove, create, find],
      [{}, {}, { resource: { total: 1 } }],
    ),
    performed(
      'each response has status, location, etag and lastModified',
      [own, create],
      [
        {
          response: {
            status: /^200/,
            location: /Patient\/[^/]+\/_history\/2$/,
            etag: 'W/"2"',
            lastModified: /^\d{4}-.*(Z|\d\d:\d\d)$/,
          },
        },
        {
          response: {
            status: /^201/,
            location: /Patient\/[^/]+\/_history\/1$/,
            etag: 'W/"1"',
            lastModified: /^\d{4}-.*(Z|\d\d:\d\d)$/,
          },
        },
      ],
    ),
    performed('the id of a POSTed resource is ignored', [asks('POST', 'Patient', woman)], statuses(201), {
      after: [unchanged],
    }),
    performed(
      'a search, a vread, a history',
      [find, asks('GET', 'Patient/{own}/_history/1'), asks('GET', 'Patient/{own}/_history')],
      [
        { resource: { type: 'searchset' } },
        { resource: { id: '{own}' } },
        { resource: { type: 'history', entry: [{}] } },
      ],
    ),
    performed('JSON Patch', [patchEntry('Patient/{own}', toWoman)], [{ response: { status: /^200/, etag: 'W/"2"' } }], {
      after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'female' } }],
    }),
    performed(
      'FHIRPath Patch',
      [
        asks(
          'PATCH',
          'Patient/{own}',
          parameters(operation('replace', 'Patient.gender', { value: { valueCode: 'female' } })),
        ),
      ],
      [{ response: { status: /^200/, etag: 'W/"2"' } }],
      { after: [{ when: get('/Patient/{own}'), status: 200, body: { gender: 'female' } }] },
    ),
    performed(
      'conditional update, one match',
      [asks('PUT', `Patient?${criteria}`, { ...anonymous, gender: 'female' })],
      [{ response: { status: /^200/, location: /\/_history\/2$/ } }],
    ),
    performed('conditional update, no match', [asks('PUT', `Patient?${criteria}`, anonymous)], statuses(201), {
      given: [],
      after: [{ when: get(`/Patient?${criteria}`), status: 200, body: { entry: [{}] } }],
    }),
    performed(
      'conditional patch',
      [patchEntry(`Patient?${criteria}`, toWoman)],
      [{ response: { status: /^200/, etag: 'W/"2"' } }],
    ),
    performed('conditional delete', [asks('DELETE', `Patient?${criteria}`)], statuses(204), {
      after: [{ when: get('/Patient/{own}'), status: 410 }],
    }),
    performed(
      'conditional create, one match',
      [asks('POST', 'Patient', anonymous, { ifNoneExist: criteria })],
      [{ response: { status: /^200/, location: /\/_history\/1$/, etag: 'W/"1"' } }],
    ),
    performed('ifMatch of the version', [asks('PUT', 'Patient/{own}', woman, { ifMatch: 'W/"1"' })], statuses(200)),
    performed(
      'ifNoneMatch of the version of a read',
      [asks('GET', 'Patient/{own}', undefined, { ifNoneMatch: 'W/"1"' })],
      [{ resource: undefined, response: { status: /^304/ } }],
    ),
    performed('all entries share one moment', [toFemale, create], [{}, {}], {
      body: {
        entry: (list: { response: { lastModified: string } }[]) =>
          list.length === 2 && new Set(list.map((e) => e.response.lastModified)).size === 1,
      },
    }),
  ],
};

const marker = asks('PUT', 'Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } });
/** A transaction of a good entry and one that fails: nothing of it is stored. */
const refused = (
  name: string,
  entry: object,
  status: number,
  expected: ReturnType<typeof issue>,
  given = [stored],
): Case => ({
  name: `${name}: ${status}, and nothing is stored`,
  given,
  when: transaction(marker, entry),
  status,
  body: { resourceType: 'OperationOutcome' },
  issue: expected,
  after: [{ when: get('/Basic/{own}'), status: 404 }],
});
const at = (part: string) => new RegExp(`^Bundle\\.entry\\[1\\]\\.${part}`);

const atomic: Table = {
  section: 'http.html#trules (3.1.0.11.2), all or nothing',
  cases: [
    refused(
      'a resource that breaks a rule',
      asks('POST', 'Patient', { ...anonymous, gender: 'm' }),
      422,
      issue('code-invalid', undefined, /gender/, at('resource\\.gender$')),
    ),
    refused(
      'an unknown element',
      asks('POST', 'Patient', { ...anonymous, colour: 'red' }),
      422,
      issue('structure', 'unknown-element', /colour/, at('resource\\.colour$')),
    ),
    refused(
      'another id than the url’s',
      asks('PUT', 'Patient/{own}', { ...person, id: 'x' }),
      400,
      issue('value', 'id-mismatch', /x/, at('resource\\.id$')),
    ),
    refused(
      'another type than the url’s',
      asks('PUT', 'Patient/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } }),
      400,
      issue('value', 'type-mismatch', /"Basic".*"Patient"/, at('resource')),
    ),
    refused(
      'an unknown type',
      asks('POST', 'Patint', { resourceType: 'Patint' }),
      404,
      issue(/./, undefined, /Patint/, at('request\\.url$')),
    ),
    refused(
      'ifMatch of another version',
      asks('PUT', 'Patient/{own}', woman, { ifMatch: 'W/"7"' }),
      412,
      issue('conflict', 'version-conflict', /version 1; If-Match.*expected.*7/, at('request\\.ifMatch$')),
    ),
    refused(
      'ifMatch of a tag that is none of ours',
      asks('PUT', 'Patient/{own}', woman, { ifMatch: 'W/"abc"' }),
      412,
      issue(
        'conflict',
        'version-conflict',
        /version 1; If-Match.*expected a version.*W\/"3"/,
        at('request\\.ifMatch$'),
      ),
    ),
    refused(
      'ifMatch of another version, of a delete',
      asks('DELETE', 'Patient/{own}', undefined, { ifMatch: 'W/"7"' }),
      412,
      issue('conflict', 'version-conflict', /expected.*7/),
    ),
    refused(
      'ifMatch that is no ETag',
      asks('PUT', 'Patient/{own}', woman, { ifMatch: 'x' }),
      400,
      issue('value', undefined, /x.*expected/, at('request\\.ifMatch$')),
    ),
    refused(
      'ifNoneMatch * of what exists',
      asks('PUT', 'Patient/{own}', woman, { ifNoneMatch: '*' }),
      412,
      issue('conflict', 'version-conflict', /If-None-Match.*none/, at('request\\.ifNoneMatch$')),
    ),
    refused(
      'several matches of a conditional create',
      asks('POST', 'Patient', anonymous, { ifNoneExist: criteria }),
      412,
      manyMatches,
      [...twins],
    ),
    refused(
      'several matches of a conditional update',
      asks('PUT', `Patient?${criteria}`, anonymous),
      412,
      manyMatches,
      [...twins],
    ),
    refused('several matches of a conditional delete', asks('DELETE', `Patient?${criteria}`), 412, manyMatches, [
      ...twins,
    ]),
    refused(
      'no match of a conditional patch',
      patchEntry(`Patient?${criteria}`, toWoman),
      404,
      issue('not-found', undefined, /./),
      [],
    ),
    refused(
      'a patch of what does not exist',
      patchEntry('Patient/{own}', toWoman),
      404,
      issue('not-found', 'not-found', /does not exist/),
      [],
    ),
    refused(
      'a patch whose test fails',
      patchEntry('Patient/{own}', [{ op: 'test', path: '/gender', value: 'x' }]),
      422,
      issue(/./, undefined, /test|gender/),
    ),
    refused(
      'a patch with a result that breaks a rule',
      patchEntry('Patient/{own}', [{ ...toWoman[0], value: 'm' }]),
      422,
      issue('code-invalid', undefined, /gender/, /^Bundle\.entry\[1\]/),
    ),
    refused(
      'a read of what does not exist',
      read,
      404,
      issue('not-found', 'not-found', /does not exist/, at('request\\.url$')),
      [],
    ),
    refused('a read of what was deleted', read, 410, issue('deleted', 'deleted', /was deleted/, at('request\\.url$')), [
      stored,
      gone,
    ]),
    refused(
      'a search with an unknown parameter',
      asks('GET', 'Patient?colour=red'),
      400,
      issue('invalid', 'unknown-parameter', /colour/, at('request\\.url$')),
    ),
    refused(
      'no request',
      { resource: anonymous },
      400,
      issue(/^(structure|required)$/, undefined, /request/, at('request$')),
    ),
    refused('no resource', asks('POST', 'Patient'), 400, issue(/./, undefined, /resource/, /^Bundle\.entry\[1\]/)),
    refused(
      'a method of no kind',
      asks('LIST', 'Patient'),
      405,
      issue('not-supported', undefined, /LIST/, at('request')),
    ),
    refused(
      'POST to an id',
      asks('POST', 'Patient/{own}', person),
      405,
      issue('not-supported', 'method-not-allowed', /POST/, at('request')),
    ),
    refused(
      'an operation',
      asks('GET', '$pending-references'),
      400,
      issue('not-supported', 'entry-not-supported', /pending-references.*transaction/, at('request\\.url$')),
    ),
    refused(
      'a bundle within the bundle',
      asks('POST', '/', bundle('batch')),
      400,
      issue(/./, undefined, /bundle/i, at('request')),
    ),
    {
      name: 'every problem is told at once',
      when: transaction(
        asks('POST', 'Patient', { ...anonymous, gender: 'm' }),
        asks('POST', 'Patient', { ...anonymous, birthDate: 'x' }),
      ),
      status: 422,
      body: {
        issue: [
          { expression: ['Bundle.entry[0].resource.gender'] },
          { expression: ['Bundle.entry[1].resource.birthDate'] },
        ],
      },
    },
    {
      name: 'a deletion is undone with the rest',
      given: [stored],
      when: transaction(remove, asks('POST', 'Observation', { resourceType: 'Observation' })),
      status: 422,
      after: [unchanged],
    },
  ],
};

export const suites: readonly Suite[] = [{ tables: [order, atomic] }];
