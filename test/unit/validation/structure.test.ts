import t from 'tap';
import { checker, teller } from './fixture.ts';

const check = checker('structure');
const tell = teller('structure');

const patient = (rest: object) => ({ resourceType: 'Patient', ...rest });
const observation = (rest: object) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...rest });
const unknown = { extension: [{ url: 'http://x.org', valueCode: 'unknown' }] };

t.test('elements, shapes, cardinality', async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['nothing but a type', patient({}), []],
    ['an unknown type', { resourceType: 'Patientt' }, ['error wrong-shape Patientt']],
    ['an abstract type', { resourceType: 'DomainResource' }, ['error wrong-shape DomainResource']],
    ['an unknown element', patient({ nmae: [] }), ['error unknown-element Patient.nmae']],
    [
      'an unknown element below',
      patient({ name: [{ text: 'a' }, { texx: 'b' }] }),
      ['error unknown-element Patient.name[1].texx'],
    ],
    [
      'an unknown element of a backbone',
      patient({ contact: [{ name: { text: 'a' }, x: 1 }] }),
      ['error unknown-element Patient.contact[0].x'],
    ],
    ['one instead of a list', patient({ name: { text: 'a' } }), ['error wrong-shape Patient.name']],
    ['a list instead of one', patient({ gender: ['male'] }), ['error wrong-shape Patient.gender']],
    ['an empty list', patient({ name: [] }), ['error wrong-cardinality Patient.name']],
    ['an empty object', patient({ name: [{}] }), ['error wrong-shape Patient.name[0]']],
    ['text instead of an object', patient({ name: ['a'] }), ['error wrong-shape Patient.name[0]']],
    ['null', patient({ gender: null }), ['error wrong-shape Patient.gender']],
    [
      'null in a list without extension',
      patient({ name: [{ given: ['a', null] }] }),
      ['error wrong-shape Patient.name[0].given[1]'],
    ],
    ['null in a list, with its extension', patient({ name: [{ given: ['a', null], _given: [null, unknown] }] }), []],
    ['only the extensions of a list', patient({ name: [{ _given: [unknown] }] }), []],
    ['an id beside a value', patient({ name: [{ given: ['a'], _given: [{ id: 'x' }] }] }), []],
    [
      'an empty list of extensions',
      patient({ name: [{ _given: [] }] }),
      ['error wrong-cardinality Patient.name[0].given'],
    ],
    ['nulls alone', patient({ name: [{ _given: [null] }] }), ['error wrong-shape Patient.name[0].given[0]']],
    [
      'an id without a value',
      patient({ name: [{ given: ['a', null], _given: [null, { id: 'x' }] }], _gender: { id: 'y' } }),
      ['error wrong-shape Patient.name[0].given[1]', 'error wrong-shape Patient.gender'],
    ],
    [
      'a longer list of extensions',
      patient({ name: [{ given: ['a'], _given: [null, unknown] }] }),
      ['error wrong-cardinality Patient.name[0].given'],
    ],
    [
      'a shorter list of extensions',
      patient({ name: [{ given: ['a', 'b'], _given: [unknown] }] }),
      ['error wrong-cardinality Patient.name[0].given'],
    ],
    ['ele-1: an id alone', patient({ name: [{ id: 'x' }] }), ['error wrong-shape Patient.name[0]']],
    [
      'missing elements',
      { resourceType: 'Observation' },
      ['error missing-element Observation.status', 'error missing-element Observation.code'],
    ],
    [
      'an element given only by its extension',
      {
        ...observation({}),
        status: undefined,
        _status: { extension: [{ url: 'http://x.org', valueCode: 'unknown' }] },
      },
      [],
    ],
    ['two of a choice', observation({ valueString: 'a', valueInteger: 1 }), ['error wrong-shape Observation.value']],
    [
      'two of a choice, one by its extension',
      patient({ deceasedBoolean: true, _deceasedDateTime: unknown }),
      ['error wrong-shape Patient.deceased'],
    ],
    ['one of a choice, with its extension', patient({ deceasedBoolean: true, _deceasedBoolean: unknown }), []],
    [
      'a type that the choice lacks',
      observation({ valueDate: '2025-01-01' }),
      ['error unknown-element Observation.valueDate'],
    ],
    [
      'several problems, all told',
      patient({ gender: 'm', birthDate: '2025-02-30', x: 1 }),
      [
        'error code-not-in-value-set Patient.gender',
        'error bad-element-value Patient.birthDate',
        'error unknown-element Patient.x',
      ],
    ],
    [
      'an extension with a value and extensions',
      patient({ extension: [{ url: 'http://x.org', valueCode: 'a', extension: [{ url: 'b', valueCode: 'c' }] }] }),
      ['error wrong-shape Patient.extension[0]'],
    ],
    [
      'an extension without a url',
      patient({ extension: [{ valueCode: 'a' }] }),
      ['error missing-element Patient.extension[0].url'],
    ],
    [
      'an extension of a primitive',
      patient({ birthDate: '2025', _birthDate: { extension: [{ url: 'http://x.org', valueTime: '09:00:00' }] } }),
      [],
    ],
    [
      'a bad extension of a primitive',
      patient({ birthDate: '2025', _birthDate: { extension: [{ url: 'http://x.org', valueTime: '25:00:00' }] } }),
      ['error bad-element-value Patient.birthDate.extension[0].value'],
    ],
  ];
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
});

t.test('primitive types', async (t) => {
  const good: [string, unknown][] = [
    ['valueDateTime', '2024-02-29'],
    ['valueDateTime', '2025'],
    ['valueDateTime', '2025-01-01T08:00:00+08:00'],
    ['valueDateTime', '2025-01-01T08:00:00.123456Z'],
    ['valueTime', '23:59:60'],
    ['valueInteger', -2147483648],
    ['valueBoolean', false],
    ['valueString', ' 血压 '],
  ];
  for (const [key, value] of good) t.same(check(observation({ [key]: value })), [], `${key} ${value}`);
  const bad: [string, unknown, 'wrong-shape' | 'bad-element-value'][] = [
    ['valueDateTime', '2025-13', 'bad-element-value'],
    ['valueDateTime', '2025-02-29', 'bad-element-value'],
    ['valueDateTime', '2025-01-01T08:00', 'bad-element-value'],
    ['valueDateTime', '2025-01-01T08:00:00', 'bad-element-value'],
    ['valueDateTime', '2025-01-01T24:00:00Z', 'bad-element-value'],
    ['valueDateTime', '20250101', 'bad-element-value'],
    ['valueDateTime', 2025, 'wrong-shape'],
    ['valueTime', '8:00', 'bad-element-value'],
    ['valueInteger', 1.5, 'bad-element-value'],
    ['valueInteger', 2147483648, 'bad-element-value'],
    ['valueInteger', '1', 'wrong-shape'],
    ['valueBoolean', 'true', 'wrong-shape'],
    ['valueString', '', 'bad-element-value'],
    ['valueString', '   ', 'bad-element-value'],
    ['valueString', 'a\u0000', 'bad-element-value'],
  ];
  for (const [key, value, code] of bad)
    t.same(
      check(observation({ [key]: value })),
      [`error ${code} Observation.value`],
      `${key} ${JSON.stringify(value)}`,
    );
  const others: [object, string][] = [
    [patient({ id: 'a_b' }), 'Patient.id'],
    [patient({ id: 'a'.repeat(65) }), 'Patient.id'],
    [patient({ language: ' zh' }), 'Patient.language'],
    [patient({ implicitRules: 'a b' }), 'Patient.implicitRules'],
    [patient({ meta: { lastUpdated: '2025-01-01' } }), 'Patient.meta.lastUpdated'],
    [patient({ photo: [{ contentType: 'a/b', data: 'QUJ' }] }), 'Patient.photo[0].data'],
    [patient({ photo: [{ size: -1 }] }), 'Patient.photo[0].size'],
    [patient({ telecom: [{ rank: 0 }] }), 'Patient.telecom[0].rank'],
  ];
  for (const [resource, at] of others) t.same(check(resource), [`error bad-element-value ${at}`], at);
});

t.test('narrative', async (t) => {
  const good = [
    '<div xmlns="http://www.w3.org/1999/xhtml">文</div>',
    '<div><p title="a > b" style="color: red">onset = 2025, javascript: a language</p></div>',
    '<div><img src="#a"/></div>',
    "<div><!-- it's -->x</div>",
    '<div>a&nbsp;b</div>',
    '<div><a href="http://x.org/?once=2">x</a></div>',
    '<div xml:lang="zh"><p xml:lang="en">a:b</p><br/>c:d</div>',
  ];
  const bad = [
    'x',
    '<div/>',
    '<div> <p>\n</p></div>',
    '<div>x<script>1</script></div>',
    '<div>x<p onclick="f()">y</p></div>',
    "<div>x<p title='>'\nonMouseOver = 'f()'>y</p></div>",
    '<div>x<svg/onload=f()></div>',
    '<div>x<!--><p onclick="f()">--></div>',
    '<div><a href="javascript:f()">x</a></div>',
    '<div><a href=" Java&#115;&#x63;ript&#58;f()">x</a></div>',
    '<div><a href="java\nscript:f()">x</a></div>',
    '<div><IMG """><SCRIPT>f()</SCRIPT>"></div>',
    '<div><<SCRIPT>f();//<</SCRIPT></div>',
    '<div>a<br></div>',
    '<div>a</div><div>b</div>',
    '<div>&copy;</div>',
    '<div xmlns="http://www.w3.org/1999/xhtml">x<x:script xmlns:x="http://www.w3.org/1999/xhtml">f()</x:script></div>',
    '<div xmlns:文="http://www.w3.org/1999/xhtml">x<文:iframe src="a"/></div>',
    '<div xmlns:x="http://www.w3.org/1999/xhtml">x<x:p>y</x:p></div>',
    '<div><a xlink:href="javascript:f()" xmlns:xlink="http://www.w3.org/1999/xlink">x</a></div>',
  ];
  const found = (div: string) => check(patient({ text: { status: 'generated', div } }));
  for (const div of good) t.same(found(div), [], div);
  for (const div of bad) t.same(found(div), ['error bad-element-value Patient.text.div'], div);
});

t.test('required bindings of R4', async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['a code inside', patient({ gender: 'female' }), []],
    ['a code outside', patient({ gender: 'F' }), ['error code-not-in-value-set Patient.gender']],
    [
      'a CodeableConcept inside',
      { resourceType: 'Condition', subject: { display: 'x' }, clinicalStatus: status('active') },
      [],
    ],
    [
      'a CodeableConcept outside',
      { resourceType: 'Condition', subject: { display: 'x' }, clinicalStatus: status('ill') },
      ['error code-not-in-value-set Condition.clinicalStatus'],
    ],
    ['a MIME type: not enumerable, so not refused', patient({ photo: [{ contentType: 'image/png' }] }), []],
  ];
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
});

function status(code: string): object {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code }] };
}

t.test('references', async (t) => {
  const about = (subject: object) => observation({ subject });
  const cases: [object, string[]][] = [
    [{ reference: 'Patient/1' }, []],
    [{ reference: 'https://a.example/fhir/Patient/1/_history/2' }, []],
    [{ reference: 'urn:uuid:5f66ecbb-b445-1290-4b55-9fc3ddfd569e' }, []],
    [{ reference: 'Patient?identifier=a|b' }, []],
    [{ identifier: { value: '1' } }, []],
    [{ display: 'x' }, []],
    [{ reference: 'https://a.example/documents/1' }, []],
    [{ reference: 'Practitioner/1' }, ['error wrong-reference Observation.subject.reference']],
    [{ reference: 'Practitioner?identifier=1' }, ['error wrong-reference Observation.subject.reference']],
    [{ reference: 'Patientt/1' }, ['error wrong-reference Observation.subject.reference']],
    [{ type: 'Patient', identifier: { value: '1' } }, []],
    [{ type: 'http://hl7.org/fhir/StructureDefinition/Patient', identifier: { value: '1' } }, []],
    [{ type: 'http://x.org/StructureDefinition/logical', identifier: { value: '1' } }, []],
    [{ type: 'Practitioner', identifier: { value: '1' } }, ['error wrong-reference Observation.subject.type']],
    [
      { type: 'http://hl7.org/fhir/StructureDefinition/Practitioner', display: 'x' },
      ['error wrong-reference Observation.subject.type'],
    ],
    [{ reference: '#a' }, ['error invalid-content Observation.subject.reference']],
  ];
  for (const [subject, expected] of cases) t.same(check(about(subject)), expected, JSON.stringify(subject));
});

t.test('invariants of R4', async (t) => {
  const cases: [string, unknown, string[]][] = [
    ['pat-1', patient({ contact: [{ gender: 'male' }] }), ['error invalid-content Patient.contact[0]']],
    [
      'per-1, of a data type',
      patient({ address: [{ period: { start: '2025-02-01', end: '2025-01-01' } }] }),
      ['error invalid-content Patient.address[0].period'],
    ],
    [
      'obs-6',
      observation({ valueString: 'a', dataAbsentReason: { text: 'b' } }),
      ['error invalid-content Observation'],
    ],
    ['qty-3', observation({ valueQuantity: { value: 1, code: 'mg' } }), ['error invalid-content Observation.value']],
  ];
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
});

t.test('invariants that compare', async (t) => {
  const period = (start: string, end: string) => patient({ address: [{ period: { start, end } }] });
  const dispensed = (whenPrepared: string, whenHandedOver: string) => ({
    resourceType: 'MedicationDispense',
    status: 'completed',
    medicationCodeableConcept: { text: 'x' },
    whenPrepared,
    whenHandedOver,
  });
  const task = (authoredOn: string, lastModified: string) => ({
    resourceType: 'Task',
    status: 'draft',
    intent: 'order',
    authoredOn,
    lastModified,
  });
  const dates: [string, string, boolean][] = [
    ['2012-02-03T10:00:00Z', '2012-02-03', true],
    ['2012-02-03T23:00:00Z', '2012-02-03', true],
    ['2012-12-31T23:00:00-05:00', '2012', true],
    ['2012-02-04T01:00:00+08:00', '2012-02-03', false],
    ['2013-01-01T00:00:00Z', '2012', false],
    ['2012-02-04', '2012-02-03T23:00:00Z', true],
    ['2012-02-05', '2012-02-03T23:00:00Z', false],
    ['2012-02-03T23:00:00Z', '2012-02-04', true],
    ['2012-02-03', '2012', true],
    ['2012-02-03', '2012-02-03', true],
    ['2013', '2012-12', false],
    ['2020-01-01T10:00:00+08:00', '2020-01-01T03:00:00Z', true],
    ['2020-01-01T03:00:00Z', '2020-01-01T03:00:00.000Z', true],
    ['2020-01-01T03:00:00Z', '2020-01-01T10:00:00+08:00', false],
  ];
  for (const [a, b, met] of dates) {
    const at = (path: string) => (met ? [] : [`error invalid-content ${path}`]);
    t.same(check(period(a, b)), at('Patient.address[0].period'), `per-1: ${a} to ${b}`);
    t.same(check(dispensed(a, b)), at('MedicationDispense'), `mdd-1: ${a} to ${b}`);
    t.same(check(task(a, b)), at('Task'), `inv-1: ${a} to ${b}`);
  }
  t.same(
    check(period('2025', 'x')),
    ['error bad-element-value Patient.address[0].period.end'],
    'no date, no comparison',
  );

  const mg = { system: 'http://unitsofmeasure.org', code: 'mg', unit: 'mg' };
  const ranges: [object, object, boolean][] = [
    [{ value: 2, ...mg }, { value: 10, ...mg }, true],
    [{ value: 10, ...mg }, { value: 10, ...mg, unit: '毫克' }, true],
    [{ value: 10, ...mg }, { value: 2, ...mg }, false],
    [{ value: 10, ...mg }, { value: 2, ...mg, unit: '毫克' }, false],
    [{ value: 10, ...mg }, { value: 2, ...mg, code: 'g' }, true],
    [{ value: 10, unit: '片' }, { value: 2, unit: '片' }, false],
    [{ value: 10, unit: '片' }, { value: 2, unit: '盒' }, true],
    [{ value: 10 }, { value: 2 }, false],
    [{ value: 10 }, { unit: '片' }, true],
  ];
  for (const [low, high, met] of ranges) {
    const expected = met ? [] : ['error invalid-content Observation.value'];
    t.same(check(observation({ valueRange: { low, high } })), expected, `rng-2: ${JSON.stringify([low, high])}`);
  }
});

t.test('nested resources are checked by their own type', async (t) => {
  const contained = (...list: object[]) => observation({ subject: { reference: '#p' }, contained: list });
  const bad = { resourceType: 'Patient', id: 'p', gender: 'm' };
  const cases: [string, unknown, string[]][] = [
    ['contained, used', contained({ resourceType: 'Patient', id: 'p' }), []],
    ['contained, bad', contained(bad), ['error code-not-in-value-set Observation.contained[0].gender']],
    [
      'contained, unused',
      contained({ resourceType: 'Patient', id: 'p' }, { resourceType: 'Patient', id: 'q' }),
      ['error invalid-content Observation.contained[1]'],
    ],
    [
      'contained within contained',
      contained({ resourceType: 'Patient', id: 'p', contained: [{ resourceType: 'Patient', id: 'q', link: [] }] }),
      [
        'error wrong-cardinality Observation.contained[0].contained[0].link',
        'error invalid-content Observation.contained[0].contained',
        'error invalid-content Observation.contained[0].contained[0]',
      ],
    ],
    [
      'contained with a version',
      contained({ resourceType: 'Patient', id: 'p', meta: { versionId: '1' } }),
      ['error invalid-content Observation.contained[0].meta'],
    ],
    [
      'an entry of a bundle',
      { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient({}) }, { resource: bad }] },
      ['error code-not-in-value-set Bundle.entry[1].resource.gender'],
    ],
    [
      'a parameter',
      { resourceType: 'Parameters', parameter: [{ name: 'a', resource: { ...bad, x: 1 } }] },
      [
        'error code-not-in-value-set Parameters.parameter[0].resource.gender',
        'error unknown-element Parameters.parameter[0].resource.x',
      ],
    ],
    [
      'a resource without a type',
      { resourceType: 'Bundle', type: 'collection', entry: [{ resource: { id: 'a' } }] },
      ['error wrong-shape Bundle.entry[0].resource'],
    ],
  ];
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
});

t.test('texts say what was found and what was expected', async (t) => {
  t.same(tell(patient({ gender: 'm' })), [
    'Patient.gender is "m"; expected a code of http://hl7.org/fhir/ValueSet/administrative-gender (male, female, other, unknown).',
  ]);
  t.same(tell(patient({ birthDate: '2025-02-30' })), [
    'Patient.birthDate is "2025-02-30"; expected a date YYYY, YYYY-MM or YYYY-MM-DD.',
  ]);
  t.same(tell(patient({ name: { text: 'a' } })), ['Patient.name is an object; expected an array of HumanName.']);
  t.same(tell(observation({ subject: { reference: 'Device2/1' } })), [
    'Observation.subject leads to Device2; expected Patient or Group or Device or Location.',
  ]);
  t.match(
    tell(patient({ period: {} }))[0],
    /^The element "period" is not defined for Patient; expected one of id, meta, /,
  );
  t.same(tell({ ...observation({}), status: undefined }), ['Observation.status is missing; expected 1..1 values.']);
});

t.test('off checks nothing', async (t) => {
  t.same(checker('off')({ resourceType: 'Patient', x: 1 }), []);
});
