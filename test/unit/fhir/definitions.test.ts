import t from 'tap';
import { loadDefinitions } from '#fhir/definitions.ts';

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
    Patient: ['phonetic', '_text', '_content', '_query'],
    Location: ['near'],
    Bundle: ['composition', 'message'],
  };
  for (const [type, codes] of Object.entries(absent)) {
    for (const code of codes) t.notOk(definitions.searchParameters(type).has(code), `${type}?${code}`);
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

t.test('the Patient compartment goes by reference parameters', async (t) => {
  t.strictSame(definitions.patientCompartment('Observation'), ['subject', 'performer']);
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
