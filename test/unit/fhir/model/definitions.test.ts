import t from 'tap';
import { type CustomParameter, loadDefinitions, readParameter } from '#fhir/model/definitions.ts';

const definitions = loadDefinitions();

t.test('the resource types are the concrete ones of R4', async (t) => {
  t.equal(definitions.resourceTypes.size, 146);
  for (const type of ['Patient', 'Parameters', 'OperationOutcome', 'Binary']) t.ok(definitions.resourceTypes.has(type));
  for (const type of ['Resource', 'DomainResource', 'MetadataResource', 'SubscriptionStatus', 'Quantity']) {
    t.notOk(definitions.resourceTypes.has(type), type);
  }
});

t.test('a type has its own parameters and those of every resource', async (t) => {
  const codes = definitions.searchParameters('Observation');
  for (const code of ['_id', '_lastUpdated', '_tag', 'code', 'subject', 'patient', 'date', 'combo-code'])
    t.ok(codes.has(code), code);
  t.equal(codes.get('date')?.type, 'date');
  t.strictSame(codes.get('patient')?.targets, ['Patient']);
  t.ok(definitions.searchParameters('Binary').has('_id'));
  t.equal(definitions.searchParameters('Nothing').size, 0);
});

t.test('parameters that the index cannot answer are not offered', async (t) => {
  const absent = {
    Patient: ['_text', '_content', '_query'],
    Bundle: ['composition', 'message'],
  };
  for (const [type, codes] of Object.entries(absent)) {
    for (const code of codes) t.notOk(definitions.searchParameters(type).has(code), `${type}?${code}`);
  }
  t.ok(definitions.isPublished('http://hl7.org/fhir/SearchParameter/Bundle-message'), 'they are of R4 all the same');
});

t.test('what becomes of the values is told', async (t) => {
  const usages = [
    ['Patient', 'name', 'string', 'normal'],
    ['Patient', 'phonetic', 'string', 'phonetic'],
    ['Organization', 'phonetic', 'string', 'phonetic'],
    ['Location', 'near', 'special', 'nearby'],
  ] as const;
  for (const [type, code, kind, usage] of usages) {
    const parameter = definitions.searchParameters(type).get(code);
    t.strictSame([parameter?.type, parameter?.usage], [kind, usage], `${type}?${code}`);
  }
});

t.test('the components of a composite are resolved', async (t) => {
  const composite = definitions.searchParameters('Observation').get('code-value-quantity');
  t.strictSame(
    composite?.components.map((c) => [c.parameter.code, c.parameter.type, c.expression]),
    [
      ['code', 'token', 'code'],
      ['value-quantity', 'quantity', 'value.ofType(Quantity)'],
    ],
  );
});

t.test('what R4 says by mistake is corrected or left out', async (t) => {
  const relationship = definitions.searchParameters('DocumentReference').get('relationship');
  t.strictSame(
    relationship?.components.map((c) => [c.parameter.code, c.parameter.type, c.expression]),
    [
      ['relatesto', 'reference', 'target'],
      ['relation', 'token', 'code'],
    ],
  );
  t.notOk(definitions.searchParameters('DeviceDefinition').has('classification'), 'one of R5');
  t.notOk(definitions.isPublished('http://hl7.org/fhir/SearchParameter/DeviceDefinition-classification'));
});

t.test('the Patient compartment goes by reference parameters', async (t) => {
  t.strictSame(definitions.patientCompartment('Observation'), ['performer', 'subject']);
  t.strictSame(definitions.patientCompartment('Patient'), ['link']);
  t.strictSame(definitions.patientCompartment('Organization'), []);
});

t.test('every resource type has a structure', async (t) => {
  const { resources, types } = definitions.structures();
  const named = new Set(resources.entry?.map((e) => e.resource?.name));
  for (const type of definitions.resourceTypes) t.ok(named.has(type), type);
  t.notOk(named.has('SubscriptionStatus'), 'it came with R4B');
  t.ok(types.entry?.some((e) => e.resource?.name === 'Quantity'));
  const paths = new Set(
    [types, resources]
      .flatMap(({ entry = [] }) => entry.flatMap((e) => e.resource?.snapshot?.element ?? []))
      .map((e) => e.path),
  );
  for (const path of ['Meta.tag', 'Binary.data', 'Patient.contact.name', 'Observation.value[x]'])
    t.ok(paths.has(path), path);
  for (const path of ['Meta.project', 'Binary.url', 'DeviceDefinition.bodySite'])
    t.notOk(paths.has(path), `${path} is not in R4`);
});

function custom(code: string, base: string[], expression: string, progress?: number): CustomParameter {
  const url = `https://h.example/SearchParameter/${code}`;
  const parameter = { code, url, type: 'token', usage: 'normal', expression, targets: [], components: [] } as const;
  return { parameter, base, progress };
}

t.test('parameters come, get ready, and go', async (t) => {
  const own = loadDefinitions();
  const codes = (read: 'searchParameters' | 'indexParameters') =>
    [...own[read]('Patient').keys()].filter((code) => !definitions.searchParameters('Patient').has(code));
  const steps = [
    { define: [custom('a', ['Patient'], 'Patient.id', 0)], searched: [], indexed: ['a'], progress: 0 },
    {
      define: [custom('a', ['Patient'], 'Patient.id', 40)],
      searched: [],
      indexed: ['a'],
      progress: 40,
    },
    { define: [custom('a', ['Patient'], 'Patient.id')], searched: ['a'], indexed: ['a'] },
    { define: [custom('a', ['Patient'], 'Patient.id')], searched: ['a'], indexed: ['a'] },
    { define: [custom('a', ['Patient'], 'Patient.active')], searched: ['a'], indexed: ['a'] },
    { define: [custom('a', ['Resource'], 'Patient.active')], searched: ['a'], indexed: ['a'] },
    { define: [custom('a', ['Group'], 'Group.id')], searched: [], indexed: [] },
    { define: [custom('name', ['Patient'], 'Patient.id')], searched: [], indexed: [] },
    { define: [], searched: [], indexed: [] },
  ];
  for (const [i, { define, searched, indexed, progress }] of steps.entries()) {
    own.define(define, i);
    t.strictSame(codes('searchParameters'), searched, `step ${i}: searches`);
    t.strictSame(codes('indexParameters'), indexed, `step ${i}: the index`);
    t.equal(own.progress('Patient', 'a'), progress, `step ${i}: progress`);
    t.equal(own.revision, i);
  }
  t.equal(own.searchParameters('Patient').get('name')?.type, 'string', "R4's stay what they are");
});

t.test('a SearchParameter is read as a parameter, its components found by url', async (t) => {
  const found = definitions.parameter('http://hl7.org/fhir/SearchParameter/clinical-code');
  const common = { resourceType: 'SearchParameter', status: 'active', name: 'X', description: 'X' } as const;
  const composite = {
    ...common,
    url: 'https://h.example/SearchParameter/x',
    code: 'x',
    base: ['Observation' as const],
    type: 'composite' as const,
    expression: 'Observation',
    component: [{ definition: 'http://hl7.org/fhir/SearchParameter/clinical-code|4.0.1', expression: 'code' }],
  };
  t.equal(readParameter(composite, definitions.parameter)?.components[0]?.parameter, found);
  t.equal(
    readParameter(composite, () => undefined),
    undefined,
    'not without its components',
  );
  t.equal(
    readParameter({ ...common, url: 'u', code: 'x', base: [], type: 'string' }, definitions.parameter),
    undefined,
  );
});
