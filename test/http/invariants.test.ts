import t from 'tap';
import { entry, startServer, transaction } from './harness.ts';

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const code = { coding: [{ system: 'http://loinc.org', code: '1' }] };
const observation = { resourceType: 'Observation', status: 'final', code, component: [{ code }] };
/** obs-7: the value of a code that a component has, too. */
const twice = { ...observation, valueString: 'x' };
const coding = '<coding><system value="http://loinc.org"/><code value="1"/></coding>';
const xml = `<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code>${coding}</code>
  <valueString value="x"/><component><code>${coding}</code></component></Observation>`;

t.test('an invariant that is not met refuses the resource, however it comes', async (t) => {
  const stored = await ask('PUT', '/Observation/o', { ...observation, id: 'o' });
  t.equal(stored.status, 201, 'one that meets it is stored');
  const add = [{ op: 'add', path: '/valueString', value: 'x' }];
  const patch = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'add' },
          { name: 'path', valueString: 'Observation' },
          { name: 'name', valueString: 'value' },
          { name: 'value', valueString: 'x' },
        ],
      },
    ],
  };
  const cases: readonly [name: string, request: Parameters<typeof ask>, expression: RegExp][] = [
    ['create', ['POST', '/Observation', twice], /^Observation$/],
    ['update', ['PUT', '/Observation/o', { ...twice, id: 'o' }], /^Observation$/],
    ['XML', ['POST', '/Observation', xml, { 'content-type': 'application/fhir+xml' }], /^Observation$/],
    [
      'JSON Patch',
      ['PATCH', '/Observation/o', add, { 'content-type': 'application/json-patch+json' }],
      /^Observation$/,
    ],
    ['FHIRPath Patch', ['PATCH', '/Observation/o', patch], /^Observation$/],
    [
      'transaction',
      ['POST', '/', transaction(entry('POST', 'Observation', observation), entry('POST', 'Observation', twice))],
      /^Bundle\.entry\[1\]\.resource/,
    ],
    [
      'a stored Bundle',
      ['POST', '/Bundle', { resourceType: 'Bundle', type: 'collection', entry: [{ resource: twice }] }],
      /^Bundle\.entry\[0\]\.resource$/,
    ],
  ];
  for (const [name, request, expression] of cases) {
    const { status, body } = await ask(...request);
    t.equal(status, 422, name);
    t.match(
      body.issue,
      [{ severity: 'error', code: 'invariant', expression: [expression], diagnostics: /obs-7/ }],
      name,
    );
    t.equal(body.issue.length, 1, name);
  }
  const batch = await ask('POST', '/', { ...transaction(entry('POST', 'Observation', twice)), type: 'batch' });
  t.match(
    batch.body.entry,
    [{ response: { status: /^422/, outcome: { issue: [{ diagnostics: /obs-7/ }] } } }],
    'batch',
  );
  const kept = await ask('GET', '/Observation?_summary=count');
  t.equal(kept.body.total, 1, 'nothing refused is stored');
});

t.test('what meets the words of an invariant is taken', async (t) => {
  const script = {
    resourceType: 'TestScript',
    url: 'http://x.example/t',
    name: 'Abc',
    status: 'draft',
    setup: { action: [{ assert: { response: 'okay', warningOnly: false } }] },
    test: [{ action: [{ assert: { responseCode: '200', warningOnly: false } }] }],
  };
  t.equal((await ask('POST', '/TestScript', script)).status, 201, 'tst-5, tst-6');
  const enableWhen = [{ question: '1', operator: 'exists', answerBoolean: true }];
  const item = [
    { linkId: '1', type: 'string' },
    { linkId: '2', type: 'string', enableWhen },
  ];
  t.equal(
    (await ask('POST', '/Questionnaire', { resourceType: 'Questionnaire', status: 'draft', item })).status,
    201,
    'que-7',
  );
  const same = { resourceType: 'Questionnaire', status: 'draft', item: [item[0], item[0]] };
  t.equal((await ask('POST', '/Questionnaire', same)).status, 422, 'que-2');
});
