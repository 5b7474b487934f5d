import {
  anonymous,
  asks,
  criteria,
  get,
  gone,
  issue,
  manyMatches,
  observation,
  person,
  put,
  stored,
  transaction,
  twins,
} from './requests.ts';
import type { Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ab';
const other = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-0123456789ac';
const oid = 'urn:oid:1.2.36.146.595.217.0.1';
const foreign = 'http://his.example/fhir/Patient/77';
const at = (fullUrl: string, entry: object) => ({ fullUrl, ...entry });
const patient = asks('POST', 'Patient', anonymous);
const about = (reference: string, more: object = {}) => asks('POST', 'Observation', observation({ reference }, more));

/** A transaction, and what its second entry is when it is read afterwards; `{0}` is what its first entry became. */
const becomes = (name: string, entries: object[], body: object, given = [get('/metadata')]): Case => ({
  name,
  given,
  when: transaction(...entries),
  status: 200,
  body: { type: 'transaction-response' },
  after: [{ when: get('/{1}'), status: 200, body }],
});
const subject = (reference: string) => ({ subject: { reference } });

const references: Table = {
  section: 'http.html#trules (3.1.0.11.2), references',
  cases: [
    becomes('urn:uuid of an entry before', [at(urn, patient), about(urn)], subject('{0}')),
    {
      name: 'urn:uuid of an entry behind',
      when: transaction(about(urn), at(urn, patient)),
      status: 200,
      after: [{ when: get('/{0}'), status: 200, body: subject('{1}') }],
    },
    becomes('urn:oid', [at(oid, patient), about(oid)], subject('{0}')),
    becomes('an absolute fullUrl of another server', [at(foreign, patient), about(foreign)], subject('{0}')),
    becomes(
      'a relative reference, by the base of its own fullUrl',
      [at(foreign, patient), at('http://his.example/fhir/Observation/1', about('Patient/77'))],
      subject('{0}'),
    ),
    becomes(
      'a relative reference of an entry of another base is left as it is',
      [at(foreign, patient), at('http://lis.example/fhir/Observation/1', about('Patient/77'))],
      subject('Patient/77'),
    ),
    becomes(
      'a reference with a version stays one, to the version that was made',
      [at(foreign, patient), about(`${foreign}/_history/3`)],
      subject('{0}/_history/1'),
    ),
    becomes(
      'to an entry that updates',
      [at(urn, asks('PUT', 'Patient/{own}', person)), about(urn)],
      subject('Patient/{own}'),
    ),
    becomes(
      'to an entry that updates by criteria',
      [at(urn, asks('PUT', `Patient?${criteria}`, anonymous)), about(urn)],
      subject('Patient/{own}'),
      [stored],
    ),
    becomes(
      'to an entry that creates if none exists, with a match',
      [at(urn, asks('POST', 'Patient', anonymous, { ifNoneExist: criteria })), about(urn)],
      subject('Patient/{own}'),
      [stored],
    ),
    becomes(
      'to an entry that creates if none exists, without a match',
      [at(urn, asks('POST', 'Patient', anonymous, { ifNoneExist: criteria })), about(urn)],
      subject('{0}'),
    ),
    {
      name: 'circular references',
      when: transaction(
        at(urn, asks('POST', 'Patient', { ...anonymous, link: [{ other: { reference: other }, type: 'seealso' }] })),
        at(other, asks('POST', 'Patient', { ...anonymous, link: [{ other: { reference: urn }, type: 'seealso' }] })),
      ),
      status: 200,
      after: [
        { when: get('/{0}'), status: 200, body: { link: [{ other: { reference: '{1}' } }] } },
        { when: get('/{1}'), status: 200, body: { link: [{ other: { reference: '{0}' } }] } },
      ],
    },
    {
      name: 'a reference to itself',
      when: transaction(
        at(urn, asks('POST', 'Patient', { ...anonymous, link: [{ other: { reference: urn }, type: 'seealso' }] })),
      ),
      status: 200,
      after: [{ when: get('/{0}'), status: 200, body: { link: [{ other: { reference: '{0}' } }] } }],
    },
    becomes(
      'in a list, in an extension, in a contained resource',
      [
        at(urn, patient),
        about('Patient/1', {
          contained: [{ resourceType: 'Basic', id: 'b', code: { text: 'x' }, subject: { reference: urn } }],
          extension: [
            { url: 'http://x.example/e', valueReference: { reference: urn } },
            { url: 'http://x.example/f', valueReference: { reference: '#b' } },
          ],
          focus: [{ reference: 'Patient/1' }, { reference: urn }],
        }),
      ],
      {
        contained: [{ subject: { reference: '{0}' } }],
        extension: [{ valueReference: { reference: '{0}' } }, { valueReference: { reference: '#b' } }],
        focus: [{ reference: 'Patient/1' }, { reference: '{0}' }],
      },
    ),
    becomes(
      'elements of type uri and url; a uuid stays what it is',
      [
        at(urn, patient),
        about('Patient/1', {
          extension: [
            { url: 'http://x.example/a', valueUri: urn },
            { url: 'http://x.example/b', valueUrl: urn },
            { url: 'http://x.example/c', valueUuid: urn },
          ],
        }),
      ],
      { extension: [{ valueUri: '{0}' }, { valueUrl: '{0}' }, { valueUuid: urn }] },
    ),
    becomes(
      'an element of type uri that holds an absolute fullUrl',
      [at(foreign, patient), about('Patient/1', { extension: [{ url: 'http://x.example/a', valueUri: foreign }] })],
      { extension: [{ valueUri: /(^|\/)Patient\/(?!77$)[^/]+$/ }] },
    ),
    becomes(
      'elements of type canonical are not replaced, urn:uuid',
      [
        at(urn, asks('POST', 'Questionnaire', { resourceType: 'Questionnaire', status: 'draft' })),
        asks('POST', 'QuestionnaireResponse', {
          resourceType: 'QuestionnaireResponse',
          status: 'completed',
          questionnaire: urn,
        }),
      ],
      { questionnaire: urn },
    ),
    becomes(
      'elements of type canonical are not replaced, absolute',
      [
        at(
          'http://his.example/fhir/Questionnaire/1',
          asks('POST', 'Questionnaire', { resourceType: 'Questionnaire', status: 'draft' }),
        ),
        asks('POST', 'QuestionnaireResponse', {
          resourceType: 'QuestionnaireResponse',
          status: 'completed',
          questionnaire: 'http://his.example/fhir/Questionnaire/1',
        }),
      ],
      { questionnaire: 'http://his.example/fhir/Questionnaire/1' },
    ),
    becomes(
      'links and images of the narrative',
      [
        at(urn, patient),
        about('Patient/1', {
          text: {
            status: 'generated',
            div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn}">a</a><img src="${urn}" alt="b"/>${urn}</div>`,
          },
        }),
      ],
      { text: { div: new RegExp(`<a href="Patient/[^"]+">a</a><img src="Patient/[^"]+" alt="b"/>${urn}</div>`) } },
    ),
    becomes(
      'an identifier that looks like one is left as it is',
      [at(urn, patient), about('Patient/1', { identifier: [{ system: 'urn:ietf:rfc:3986', value: urn }] })],
      { identifier: [{ value: urn }] },
    ),
    becomes(
      'references to what is not in the bundle are left as they are',
      [at(urn, patient), about('Patient/{own}')],
      subject('Patient/{own}'),
    ),
    becomes(
      'absolute references to what is not in the bundle are left as they are',
      [at(urn, patient), about('http://other.example/fhir/Patient/1')],
      subject('http://other.example/fhir/Patient/1'),
    ),
    {
      name: 'the response shows the references as they are stored',
      when: { ...transaction(at(urn, patient), about(urn)), headers: { prefer: 'return=representation' } },
      status: 200,
      body: { entry: [{}, { resource: subject('{0}') }] },
    },
    {
      name: 'a urn:uuid that no entry has: 400, and nothing is stored',
      when: transaction(asks('PUT', 'Patient/{own}', person), about(urn)),
      status: 400,
      issue: issue(/./, 'unknown-full-url', /expected/, 'Bundle.entry[1].resource.subject.reference'),
      after: [{ when: get('/Patient/{own}'), status: 404 }],
    },
    {
      name: 'a fullUrl that two entries have: 400, and nothing is stored',
      when: transaction(at(urn, asks('PUT', 'Patient/{own}', person)), at(urn, patient)),
      status: 400,
      issue: issue('duplicate', 'duplicate-full-url', /more than one entry/, 'Bundle.entry[1].fullUrl'),
      after: [{ when: get('/Patient/{own}'), status: 404 }],
    },
  ],
};

const search = `Patient?${criteria}`;
const conditional = (
  name: string,
  when: Case['when'],
  expected: ReturnType<typeof issue>,
  status: number,
  given = [stored],
): Case => ({
  name: `${name}: ${status}, and nothing is stored`,
  given,
  when,
  status,
  issue: { ...expected, expression: 'Bundle.entry[1].resource.subject.reference' },
  after: [{ when: get('/Basic/{own}'), status: 404 }],
});
const marker = asks('PUT', 'Basic/{own}', { resourceType: 'Basic', id: '{own}', code: { text: 'x' } });
const noMatch = issue('not-found', 'criteria-no-match', /match no resource.*expected/);

const conditionalReferences: Table = {
  section: 'http.html#trules (3.1.0.11.2), conditional references',
  cases: [
    becomes('a single match is put in its place', [marker, about(search)], subject('Patient/{own}'), [stored]),
    becomes(
      'the search may be percent-encoded',
      [marker, about('Patient?identifier=urn%3Aexample%3Aown%7C{own}')],
      subject('Patient/{own}'),
      [stored],
    ),
    becomes(
      'the search may have several parameters',
      [marker, about(`${search}&gender=female`)],
      subject('Patient/{own}-w'),
      [stored, put('/Patient/{own}-w', { ...person, id: '{own}-w', gender: 'female' })],
    ),
    becomes(
      'in a list and in an extension too',
      [
        marker,
        about('Patient/1', {
          focus: [{ reference: search }],
          extension: [{ url: 'http://x.example/e', valueReference: { reference: search } }],
        }),
      ],
      { focus: [{ reference: 'Patient/{own}' }], extension: [{ valueReference: { reference: 'Patient/{own}' } }] },
      [stored],
    ),
    becomes(
      'they are resolved last: what the transaction creates is a match',
      [patient, about(search)],
      subject('{0}'),
    ),
    becomes(
      'they are resolved last: what the transaction updates is matched as it becomes',
      [
        asks('PUT', 'Patient/{own}', { ...person, identifier: [{ system: 'urn:example:own', value: '{own}-new' }] }),
        about('Patient?identifier=urn:example:own|{own}-new'),
      ],
      subject('Patient/{own}'),
      [stored],
    ),
    {
      name: 'they are resolved last: what the transaction deletes is no match',
      given: [stored],
      when: transaction(asks('DELETE', 'Patient/{own}'), about(search)),
      status: 412,
      issue: noMatch,
      after: [{ when: get('/Patient/{own}'), status: 200 }],
    },
    conditional('no match', transaction(marker, about(search)), noMatch, 412, [get('/metadata')]),
    conditional('what is deleted is no match', transaction(marker, about(search)), noMatch, 412, [stored, gone]),
    conditional('several matches', transaction(marker, about(search)), manyMatches, 412, twins),
    conditional(
      'no criteria',
      transaction(marker, about('Patient?')),
      issue('value', 'criteria-empty', /no search parameter/),
      400,
    ),
    conditional(
      'parameters that select nothing',
      transaction(marker, about('Patient?_count=1')),
      issue('value', 'criteria-empty', /no search parameter/),
      400,
    ),
    conditional(
      'an unknown parameter',
      transaction(marker, about('Patient?colour=red')),
      issue('invalid', 'unknown-parameter', /colour/),
      400,
    ),
    conditional(
      'a type that the element does not take',
      transaction(marker, about('Medication?code=x')),
      issue(/^(value|structure)$/, undefined, /Medication/),
      422,
    ),
  ],
};

export const suites: readonly Suite[] = [{ tables: [references, conditionalReferences] }];
