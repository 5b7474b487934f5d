import t from 'tap';
import { checker, teller } from './fixture.ts';

const check = checker('structure');

const observation = (rest: object) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...rest });
const patient = (rest: object) => ({ resourceType: 'Patient', ...rest });
const held = (id: string) => ({ id, text: 'a' });

t.test('the ids of elements are unique within their resource', async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['different ones', patient({ name: [held('a'), held('b')] }), []],
    ['the same in a list', patient({ name: [held('a'), held('a')] }), ['error bad-element-value Patient.name[1].id']],
    [
      'the same at different depths',
      patient({ name: [held('a')], contact: [{ id: 'b', name: held('a') }] }),
      ['error bad-element-value Patient.contact[0].name.id'],
    ],
    [
      'the same at primitives',
      patient({
        gender: 'male',
        _gender: { id: 'a' },
        name: [{ given: ['x', 'y'], _given: [{ id: 'b' }, { id: 'a' }] }],
      }),
      ['error bad-element-value Patient.name[0].given[1].id'],
    ],
    [
      'the same in extensions',
      patient({ extension: [{ id: 'a', url: 'http://x.org', valueString: 'x' }], name: [held('a')] }),
      ['error bad-element-value Patient.name[0].id'],
    ],
    [
      'all are told',
      patient({ name: [held('a'), held('a'), held('a')] }),
      ['error bad-element-value Patient.name[1].id', 'error bad-element-value Patient.name[2].id'],
    ],
    ['that of the resource is another matter', patient({ id: 'a', name: [held('a')] }), []],
    [
      'a contained resource has its own',
      observation({
        code: { id: 'a', text: 'x' },
        subject: { reference: '#p' },
        contained: [patient({ id: 'p', name: [held('a')] })],
        method: { id: 'b', text: 'x' },
      }),
      [],
    ],
    [
      'twice around a contained resource',
      observation({
        code: { id: 'a', text: 'x' },
        subject: { reference: '#p' },
        contained: [patient({ id: 'p', name: [held('b')] })],
        method: { id: 'a', text: 'x' },
      }),
      ['error bad-element-value Observation.method.id'],
    ],
    [
      'twice in a contained resource',
      observation({ subject: { reference: '#p' }, contained: [patient({ id: 'p', name: [held('a'), held('a')] })] }),
      ['error bad-element-value Observation.contained[0].name[1].id'],
    ],
    [
      'each entry of a Bundle has its own',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ id: 'a', resource: patient({ name: [held('a')] }) }, { resource: patient({ name: [held('a')] }) }],
      },
      [],
    ],
    [
      'two entries with one',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          { id: 'a', resource: patient({}) },
          { id: 'a', resource: patient({}) },
        ],
      },
      ['error bad-element-value Bundle.entry[1].id'],
    ],
    ['spaces', patient({ name: [held('a b')] }), ['error bad-element-value Patient.name[0].id']],
    ['any other text', patient({ name: [held('名/1:x')] }), []],
  ];
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
  t.same(teller('structure')(patient({ name: [held('a'), held('a')] })), [
    'Patient.name.id is "a"; expected an id that no other element of the resource has.',
  ]);
});

t.test('a snapshot and a differential have the same ids', async (t) => {
  const element = [
    { id: 'Patient', path: 'Patient' },
    { id: 'Patient.name', path: 'Patient.name' },
  ];
  const structure = (differential: readonly object[]) => ({
    resourceType: 'StructureDefinition',
    url: 'http://x.org/a',
    name: 'A',
    status: 'draft',
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: { element: differential },
  });
  t.same(check(structure(element)), []);
  const twice = check(structure([...element, { id: 'Patient.name', path: 'Patient.name' }]));
  t.ok(twice.includes('error bad-element-value StructureDefinition.differential.element[2].id'), twice.join());
});

t.test('the ids of contained resources are unique', async (t) => {
  const about = (...contained: object[]) =>
    observation({ subject: { reference: '#p' }, performer: [{ reference: '#q' }], contained });
  t.same(check(about(patient({ id: 'p' }), patient({ id: 'q' }))), []);
  t.same(check(about(patient({ id: 'p' }), patient({ id: 'q' }), patient({ id: 'p' }))), [
    'error bad-element-value Observation.contained[2].id',
  ]);
  t.same(
    check(about(patient({ id: 'p' }), patient({ id: 'q' }), { resourceType: 'Practitioner', id: 'q' })),
    ['error bad-element-value Observation.contained[2].id'],
    'of different types too: `#q` names none',
  );
});

t.test('the fullUrls of a stored Bundle', async (t) => {
  const bundle = (entry: object, type = 'collection') => ({ resourceType: 'Bundle', type, entry: [entry] });
  const uuid = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
  const at = 'error bad-element-value Bundle.entry[0].fullUrl';
  const cases: [string, object, string[]][] = [
    ['none', { resource: patient({}) }, []],
    ['absolute', { fullUrl: 'http://x.org/fhir/Patient/1', resource: patient({ id: '1' }) }, []],
    ['of a resource without id', { fullUrl: 'http://x.org/fhir/Patient/1', resource: patient({}) }, []],
    ['a UUID', { fullUrl: uuid, resource: patient({ id: '1' }) }, []],
    ['an OID', { fullUrl: 'urn:oid:1.2.3', resource: patient({ id: '1' }) }, []],
    ['one that is not RESTful', { fullUrl: 'http://x.org/documents/2', resource: patient({ id: '1' }) }, []],
    ['relative', { fullUrl: 'Patient/1', resource: patient({ id: '1' }) }, [at]],
    ['from the root', { fullUrl: '/fhir/Patient/1', resource: patient({ id: '1' }) }, [at]],
    ['a bare UUID', { fullUrl: uuid.slice(9), resource: patient({ id: '1' }) }, [at]],
    ['a fragment', { fullUrl: '#a', resource: patient({ id: '1' }) }, [at]],
    ['of another id', { fullUrl: 'http://x.org/fhir/Patient/2', resource: patient({ id: '1' }) }, [at]],
    ['of another type', { fullUrl: 'http://x.org/fhir/Practitioner/1', resource: patient({ id: '1' }) }, [at]],
    ['of another type, without id', { fullUrl: 'http://x.org/fhir/Practitioner/1', resource: patient({}) }, [at]],
  ];
  for (const [name, entry, expected] of cases) t.same(check(bundle(entry)), expected, name);
  const inner = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ fullUrl: 'Patient/1', resource: patient({}) }],
  };
  t.same(
    check(bundle({ resource: inner })),
    ['error bad-element-value Bundle.entry[0].resource.entry[0].fullUrl'],
    'of a Bundle in a Bundle',
  );
  t.same(
    check({ resourceType: 'Parameters', parameter: [{ name: 'a', resource: inner }] }),
    ['error bad-element-value Parameters.parameter[0].resource.entry[0].fullUrl'],
    'of a Bundle in Parameters',
  );
  const tell = teller('structure');
  t.same(tell(bundle({ fullUrl: 'http://x.org/fhir/Patient/2', resource: patient({ id: '1' }) })), [
    'Bundle.entry.fullUrl is "http://x.org/fhir/Patient/2"; expected one that ends in Patient/1, as its resource says.',
  ]);
});
