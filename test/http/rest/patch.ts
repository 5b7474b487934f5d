import {
  criteria,
  deleted,
  emptyCriteria,
  fhirPatch,
  get,
  gone,
  imfDate,
  invalidGender,
  issue,
  manyMatches,
  measuredText,
  notFound,
  operation,
  patch,
  person,
  put,
  stored,
  twins,
  unknownParameter,
} from './requests.ts';
import type { Step, Suite, Table } from './suite.ts';

type Case = Table['cases'][number];
const patched = { etag: 'W/"2"', 'last-modified': imfDate };
const unchanged = { when: get('/Patient/{own}'), status: 200, body: { gender: 'male', meta: { versionId: '1' } } };

/** A patch of the case's Patient, and what it becomes. */
const changes = (name: string, when: Step, body: object, given: readonly Step[] = [stored]): Case => ({
  name,
  given,
  when,
  status: 200,
  headers: patched,
  body: { resourceType: 'Patient', id: '{own}', birthDate: '1950-01-02', ...body },
});
/** A patch that is refused and changes nothing. */
const refused = (name: string, when: Step, status: number, expected: ReturnType<typeof issue>): Case => ({
  name: `${name}: ${status}`,
  given: [stored],
  when,
  status,
  issue: expected,
  after: [unchanged],
});
const json = (...operations: object[]) => patch('/Patient/{own}', operations);
const toWoman = { op: 'replace', path: '/gender', value: 'female' };
const failed = (text: RegExp) =>
  issue(/^(processing|invariant|value|business-rule|not-found|invalid|conflict)$/, undefined, text);
const badPatch = (text: RegExp) => issue(/^(structure|value|invalid|required|not-supported)$/, undefined, text);
const wrongType = (type: string) =>
  issue(
    'not-supported',
    'unsupported-media-type',
    new RegExp(`${type.replace('+', '\\+')}.*expected.*application/json-patch\\+json`),
  );
const ofType = (type: string, body: string): Case => ({
  ...refused(
    type,
    { method: 'PATCH', path: '/Patient/{own}', body, headers: { 'content-type': type } },
    415,
    wrongType(type),
  ),
});

const jsonPatch: Table = {
  section: 'http.html#patch (3.1.0.6), JSON Patch',
  cases: [
    changes('replace', json(toWoman), { gender: 'female' }),
    changes('add an element', json({ op: 'add', path: '/active', value: true }), { active: true }),
    changes('add to the end of a list', json({ op: 'add', path: '/name/-', value: { text: '二' } }), {
      name: [{ text: '张三' }, { text: '二' }],
    }),
    changes('add into a list', json({ op: 'add', path: '/name/0', value: { text: '二' } }), {
      name: [{ text: '二' }, { text: '张三' }],
    }),
    changes('remove an element', json({ op: 'remove', path: '/gender' }), { gender: undefined }),
    changes('remove the only one of a list with it', json({ op: 'remove', path: '/name' }), { name: undefined }),
    changes('copy', json({ op: 'copy', from: '/name/0', path: '/name/-' }), {
      name: [{ text: '张三' }, { text: '张三' }],
    }),
    changes(
      'move',
      json({ op: 'add', path: '/name/-', value: { text: '二' } }, { op: 'move', from: '/name/1', path: '/name/0' }),
      { name: [{ text: '二' }, { text: '张三' }] },
    ),
    changes('a test that holds', json({ op: 'test', path: '/gender', value: 'male' }, toWoman), { gender: 'female' }),
    changes(
      'each operation sees what those before it made',
      json(toWoman, { op: 'test', path: '/gender', value: 'female' }),
      { gender: 'female' },
    ),
    changes(
      'versionId and lastUpdated are the server’s',
      json(toWoman, { op: 'replace', path: '/meta/versionId', value: '99' }),
      {
        gender: 'female',
        meta: { versionId: '2' },
      },
    ),
    refused(
      'a test that fails',
      json(toWoman, { op: 'test', path: '/gender', value: 'other' }),
      422,
      failed(/test.*gender|gender.*test/i),
    ),
    refused(
      'replace of what is not there',
      json({ op: 'replace', path: '/active', value: true }),
      422,
      failed(/active/),
    ),
    refused('remove of what is not there', json(toWoman, { op: 'remove', path: '/photo/0' }), 422, failed(/photo/)),
    refused(
      'add where the parent is not there',
      json({ op: 'add', path: '/contact/0/gender', value: 'male' }),
      422,
      failed(/contact/),
    ),
    refused('add beyond the end of a list', json({ op: 'add', path: '/name/7', value: {} }), 422, failed(/name/)),
    refused('move from what is not there', json({ op: 'move', from: '/photo', path: '/x' }), 422, failed(/photo/)),
    refused('a result that breaks a rule', json({ op: 'replace', path: '/gender', value: 'm' }), 422, invalidGender),
    refused(
      'a result with an unknown element',
      json({ op: 'add', path: '/colour', value: 'red' }),
      422,
      issue('structure', 'unknown-element', /"colour".*expected/, 'Patient.colour'),
    ),
    refused(
      'another id',
      json({ op: 'replace', path: '/id', value: 'x' }),
      400,
      issue(/^(value|business-rule)$/, undefined, /\bid\b/, 'Patient.id'),
    ),
    refused(
      'no id',
      json({ op: 'remove', path: '/id' }),
      400,
      issue(/^(value|business-rule)$/, undefined, /\bid\b/, 'Patient.id'),
    ),
    refused(
      'another resourceType',
      json({ op: 'replace', path: '/resourceType', value: 'Basic' }),
      400,
      issue(/^(value|business-rule)$/, undefined, /resourceType/, /resourceType$/),
    ),
    refused(
      'a body that is not JSON',
      patch('/Patient/{own}', '[{'),
      400,
      issue('structure', 'malformed-json', /not JSON/),
    ),
    refused('a body that is no list', patch('/Patient/{own}', toWoman), 400, badPatch(/list|array/i)),
    refused('no body', patch('/Patient/{own}', ''), 400, issue('structure', 'body-empty', /expected/)),
    refused(
      'an unknown op',
      json({ op: 'change', path: '/gender', value: 'female' }),
      400,
      badPatch(/change.*expected/),
    ),
    refused('an operation without op', json({ path: '/gender', value: 'female' }), 400, badPatch(/op\b/)),
    refused('an operation without path', json({ op: 'replace', value: 'female' }), 400, badPatch(/path/)),
    refused('an operation without value', json({ op: 'replace', path: '/gender' }), 400, badPatch(/value/)),
    refused(
      'a path that is no JSON Pointer',
      json({ op: 'replace', path: 'gender', value: 'female' }),
      400,
      badPatch(/gender/),
    ),
    refused('an unknown parameter', patch('/Patient/{own}?colour=red', [toWoman]), 400, unknownParameter),
    ofType('application/merge-patch+json', '{"gender":"female"}'),
    ofType('application/xml-patch+xml', '<diff/>'),
    ofType('text/plain', 'x'),
    {
      name: '415 tells what is taken in Accept-Patch (RFC 5789 2.2)',
      given: [stored],
      when: patch('/Patient/{own}', '{}', { 'content-type': 'application/merge-patch+json' }),
      status: 415,
      headers: { 'accept-patch': /application\/json-patch\+json/ },
    },
    { name: 'an unknown resource: 404', when: patch('/Patient/{own}', [toWoman]), status: 404, issue: notFound },
    {
      name: 'a deleted resource: 410',
      given: [stored, gone],
      when: patch('/Patient/{own}', [toWoman]),
      status: 410,
      issue: deleted,
    },
    {
      name: 'a patch that changes nothing writes nothing',
      given: [stored],
      when: json({ op: 'replace', path: '/gender', value: 'male' }),
      status: 200,
      headers: { etag: 'W/"1"' },
      after: [unchanged],
    },
    {
      name: 'an empty patch writes nothing',
      given: [stored],
      when: patch('/Patient/{own}', []),
      status: 200,
      headers: { etag: 'W/"1"' },
    },
    {
      name: 'the digits of what is not touched stay, and those of what is added',
      given: [put('/Observation/{own}', measuredText)],
      when: patch('/Observation/{own}', '[{"op":"add","path":"/referenceRange","value":[{"low":{"value":2.50}}]}]'),
      status: 200,
      text: /"value":1\.00,.*"low":\{"value":2\.50\}/,
    },
    {
      name: 'it stands in the history',
      given: [stored, json(toWoman)],
      when: get('/Patient/{own}/_history'),
      status: 200,
      body: {
        entry: [
          {
            resource: { gender: 'female', meta: { versionId: '2' } },
            request: { method: /^(PUT|PATCH)$/, url: 'Patient/{own}' },
          },
          { resource: { gender: 'male' } },
        ],
      },
    },
  ],
};

const replaceGender = (code: string) => operation('replace', 'Patient.gender', { value: { valueCode: code } });
const fhir = (...operations: unknown[]) => fhirPatch('/Patient/{own}', ...operations);
const text = (value: string) => ({ value: { valueHumanName: { text: value } } });
const index = (value: number) => ({ valueInteger: value });

const fhirPathPatch: Table = {
  section: 'http.html#patch (3.1.0.6), FHIRPath Patch',
  cases: [
    changes('replace', fhir(replaceGender('female')), { gender: 'female' }),
    changes(
      'add a primitive',
      fhir(operation('add', 'Patient', { name: { valueString: 'active' }, value: { valueBoolean: true } })),
      {
        active: true,
      },
    ),
    changes('add to a list', fhir(operation('add', 'Patient', { name: { valueString: 'name' }, ...text('二') })), {
      name: [{ text: '张三' }, { text: '二' }],
    }),
    changes('insert', fhir(operation('insert', 'Patient.name', { index: index(0), ...text('二') })), {
      name: [{ text: '二' }, { text: '张三' }],
    }),
    changes('delete', fhir(operation('delete', 'Patient.gender')), { gender: undefined }),
    changes(
      'delete one of a list',
      fhir(operation('delete', "Patient.name.where(text = '二')")),
      { name: [{ text: '张三' }] },
      [put('/Patient/{own}', { ...person, name: [{ text: '二' }, { text: '张三' }] })],
    ),
    changes(
      'move',
      fhir(operation('move', 'Patient.name', { source: index(1), destination: index(0) })),
      { name: [{ text: '二' }, { text: '一' }] },
      [put('/Patient/{own}', { ...person, name: [{ text: '一' }, { text: '二' }] })],
    ),
    changes(
      'several operations, one after the other',
      fhir(
        operation('delete', 'Patient.gender'),
        operation('add', 'Patient', { name: { valueString: 'gender' }, value: { valueCode: 'other' } }),
      ),
      { gender: 'other' },
    ),
    changes(
      'in XML',
      {
        method: 'PATCH',
        path: '/Patient/{own}',
        headers: { 'content-type': 'application/fhir+xml', accept: 'application/fhir+json' },
        body: '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="replace"/></part><part><name value="path"/><valueString value="Patient.gender"/></part><part><name value="value"/><valueCode value="female"/></part></parameter></Parameters>',
      },
      { gender: 'female' },
    ),
    {
      name: 'Parameters without an operation write nothing',
      given: [stored],
      when: fhir(),
      status: 200,
      headers: { etag: 'W/"1"' },
    },
    refused(
      'replace of what is not there',
      fhir(operation('replace', 'Patient.photo[0]', { value: { valueCode: 'x' } })),
      422,
      failed(/Patient\.photo\[0\]/),
    ),
    refused(
      'insert beyond the end',
      fhir(operation('insert', 'Patient.name', { index: index(7), ...text('x') })),
      422,
      failed(/Patient\.name|7/),
    ),
    refused(
      'the second of two operations fails',
      fhir(replaceGender('female'), operation('replace', 'Patient.photo[0]', { value: { valueCode: 'x' } })),
      422,
      failed(/Patient\.photo\[0\]/),
    ),
    refused('a result that breaks a rule', fhir(replaceGender('m')), 422, invalidGender),
    refused(
      'another id',
      fhir(operation('replace', 'Patient.id', { value: { valueId: 'x' } })),
      400,
      issue(/^(value|business-rule)$/, undefined, /\bid\b/, 'Patient.id'),
    ),
    refused(
      'an unknown type of operation',
      fhir(operation('change', 'Patient.gender')),
      400,
      badPatch(/change.*expected/),
    ),
    refused(
      'an operation without a path',
      fhir({ name: 'operation', part: [{ name: 'type', valueCode: 'delete' }] }),
      400,
      badPatch(/path/),
    ),
    refused(
      'a path that is no FHIRPath',
      fhir(operation('delete', 'Patient.((')),
      400,
      issue('structure', 'patch-invalid', /path is not FHIRPath.*expected/, /^Parameters\.parameter\[0\]/),
    ),
    refused(
      'another resource than Parameters',
      { ...fhir(), body: person },
      400,
      issue('structure', 'patch-invalid', /Patient.*expected Parameters/, /^Parameters/),
    ),
  ],
};

const conditional = (query: string, headers: Record<string, string> = {}) =>
  patch(`/Patient?${query}`, [toWoman], headers);

const conditionalPatch: Table = {
  section: 'http.html#patch (3.1.0.6), conditional',
  cases: [
    { name: 'no matches: 404', when: conditional(criteria), status: 404, issue: issue('not-found', undefined, /./) },
    { ...changes('one match', conditional(criteria), { gender: 'female' }) },
    changes(
      'one match, FHIRPath Patch',
      { ...fhir(replaceGender('female')), path: `/Patient?${criteria}` },
      { gender: 'female' },
    ),
    {
      name: 'several matches: 412',
      given: twins,
      when: conditional(criteria),
      status: 412,
      issue: manyMatches,
      after: [{ when: get(`/Patient?${criteria}&gender=female`), status: 200, body: { entry: undefined } }],
    },
    refused('no criteria', patch('/Patient', [toWoman]), 400, emptyCriteria),
    refused('an unknown parameter', conditional('colour=red'), 400, unknownParameter),
    refused(
      'If-Match of another version',
      conditional(criteria, { 'if-match': 'W/"7"' }),
      412,
      issue('conflict', 'version-conflict', /expected.*7/),
    ),
    changes('If-Match of the version of the match', conditional(criteria, { 'if-match': 'W/"1"' }), {
      gender: 'female',
    }),
  ],
};

export const suites: readonly Suite[] = [{ tables: [jsonPatch, fhirPathPatch, conditionalPatch] }];
