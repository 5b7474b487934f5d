import t from 'tap';
import { nextUp } from '#search/model/numbers.ts';
import { date, entries, observation, patient, record, string, table, token } from './entries.ts';

const uri = (value: string) => ({ kind: 'uri', value });
const reference = (type: string, id: string) => ({ kind: 'reference', type, id });

table('token', [
  [
    observation({ code: { coding: [{ system: 's', code: 'a' }, { code: 'b' }], text: 'x' } }),
    'code',
    [token('s', 'a'), token('', 'b')],
  ],
  [observation({ code: { text: 'only words' } }), 'code', []],
  [observation({ code: { coding: [{ system: 's' }] } }), 'code', []],
  [observation({ status: 'final' }), 'status', [token('http://hl7.org/fhir/observation-status', 'final')]],
  [
    patient({ identifier: [{ system: 's', value: '1' }, { value: '2' }, { system: 's' }] }),
    'identifier',
    [token('s', '1'), token('', '2')],
  ],
  [patient({ telecom: [{ system: 'phone', use: 'home', value: '021' }] }), 'telecom', [token('', '021')]],
  [
    patient({
      telecom: [
        { system: 'phone', value: '021' },
        { system: 'email', value: 'a@b' },
      ],
    }),
    'email',
    [token('', 'a@b')],
  ],
  [patient({ active: false }), 'active', [token('', 'false')]],
  [patient({ deceasedBoolean: false }), 'deceased', [token('', 'false')]],
  [patient({ deceasedDateTime: '2025-01-01' }), 'deceased', [token('', 'true')]],
  [patient({ meta: { tag: [{ system: 't', code: 'x' }] } }), '_tag', [token('t', 'x')]],
  [patient({ meta: { security: [{ system: 't', code: 'R' }] } }), '_security', [token('t', 'R')]],
  [{ resourceType: 'AuditEvent', agent: [{ altId: 'x' }] }, 'altid', [token('', 'x')]],
  [{ resourceType: 'MessageHeader', eventUri: 'http://e' }, 'event', [token('', 'http://e')]],
  [
    { resourceType: 'Group', characteristic: [{ valueBoolean: true }, { valueQuantity: { value: 1 } }] },
    'value',
    [token('', 'true')],
  ],
]);

table('string', [
  [
    patient({ name: [{ text: '张 三', family: 'Zhäng', given: ['San', 'Wu'], prefix: ['Dr.'], suffix: ['II'] }] }),
    'name',
    [
      string('张 三', '张 三'),
      string('zhang', 'Zhäng'),
      string('san', 'San'),
      string('wu', 'Wu'),
      string('dr.', 'Dr.'),
      string('ii', 'II'),
    ],
  ],
  [
    patient({
      address: [{ text: 'T', line: ['L1', 'L2'], city: 'C', district: 'D', state: 'S', postalCode: 'P', country: 'N' }],
    }),
    'address',
    ['T', 'L1', 'L2', 'C', 'D', 'S', 'P', 'N'].map((x) => string(x.toLowerCase(), x)),
  ],
  [patient({ name: [{ given: ['A', null, ''] }] }), 'given', [string('a', 'A')]],
  [observation({ valueString: 'Positive' }), 'value-string', [string('positive', 'Positive')]],
  [observation({ valueCodeableConcept: { text: 'Some Text' } }), 'value-string', [string('some text', 'Some Text')]],
  [{ resourceType: 'ValueSet', description: 'Mark *down*' }, 'description', [string('mark *down*', 'Mark *down*')]],
  [{ resourceType: 'InsurancePlan', name: 'A', alias: ['B'] }, 'name', [string('a', 'A'), string('b', 'B')]],
]);

const may = date('2025-05-01T00:00:00+08:00', '2025-06-01T00:00:00+08:00');
table('date', [
  [patient({ birthDate: '2025-05-01' }), 'birthdate', [date('2025-05-01T00:00:00+08:00', '2025-05-02T00:00:00+08:00')]],
  [patient({ birthDate: '2025-02-30' }), 'birthdate', []],
  [observation({ effectiveDateTime: '2025-05' }), 'date', [may]],
  [
    observation({ effectiveInstant: '2025-05-01T00:00:00Z' }),
    'date',
    [date('2025-05-01T00:00:00Z', '2025-05-01T00:00:00.001Z')],
  ],
  [observation({ effectivePeriod: { start: '2025-05-01', end: '2025-05-31' } }), 'date', [may]],
  [observation({ effectivePeriod: { start: '2025-05' } }), 'date', [{ ...may, high: 8.64e15 }]],
  [observation({ effectiveTiming: { repeat: { boundsPeriod: { start: '2025-05', end: '2025-05' } } } }), 'date', [may]],
  [observation({ valueDateTime: '2025-05' }), 'value-date', [may]],
  [{ resourceType: 'Procedure', performedString: '2025' }, 'date', []],
  [patient({ meta: { lastUpdated: '2025-05-01T00:00:00Z' } }), '_lastUpdated', []],
]);

const kg = { system: 'http://unitsofmeasure.org', code: 'kg', unit: 'kilo' };
const quantity = (low: number, high: number, unit: object = kg) => ({ kind: 'quantity', low, high, ...unit });
const max = Number.MAX_VALUE;
table('number and quantity', [
  [
    { resourceType: 'ChargeItem', factorOverride: 0.8 },
    'factor-override',
    [{ kind: 'number', low: 0.8, high: nextUp(0.8) }],
  ],
  [
    { resourceType: 'MolecularSequence', variant: [{ start: 5 }] },
    'variant-start',
    [{ kind: 'number', low: 5, high: nextUp(5) }],
  ],
  [observation({ valueQuantity: { value: 80, ...kg } }), 'value-quantity', [quantity(80, nextUp(80))]],
  [
    observation({ valueQuantity: { value: 80 } }),
    'value-quantity',
    [quantity(80, nextUp(80), { system: '', code: '', unit: '' })],
  ],
  [observation({ valueQuantity: { value: 80, comparator: '<', ...kg } }), 'value-quantity', [quantity(-max, 80)]],
  [
    observation({ valueQuantity: { value: 80, comparator: '<=', ...kg } }),
    'value-quantity',
    [quantity(-max, nextUp(80))],
  ],
  [
    observation({ valueQuantity: { value: 80, comparator: '>', ...kg } }),
    'value-quantity',
    [quantity(nextUp(80), max)],
  ],
  [observation({ valueQuantity: { value: 80, comparator: '>=', ...kg } }), 'value-quantity', [quantity(80, max)]],
  [observation({ valueQuantity: kg }), 'value-quantity', []],
  [observation({ valueSampledData: { origin: { value: 1 } } }), 'value-quantity', []],
  [
    { resourceType: 'Condition', onsetRange: { low: { value: 3, ...kg }, high: { value: 5, ...kg } } },
    'onset-age',
    [quantity(3, nextUp(5))],
  ],
  [{ resourceType: 'Condition', onsetRange: { high: { value: 5, ...kg } } }, 'onset-age', [quantity(-max, nextUp(5))]],
  [{ resourceType: 'Condition', onsetAge: { value: 5, ...kg } }, 'onset-age', [quantity(5, nextUp(5))]],
  [
    { resourceType: 'Invoice', totalNet: { value: 1, currency: 'CNY' } },
    'totalnet',
    [quantity(1, nextUp(1), { system: 'urn:iso:std:iso:4217', code: 'CNY', unit: '' })],
  ],
]);

table('uri', [
  [{ resourceType: 'ValueSet', url: 'http://v' }, 'url', [uri('http://v')]],
  [patient({ meta: { source: 'http://s#1' } }), '_source', [uri('http://s#1')]],
  [
    patient({ meta: { profile: ['http://p|1.0', 'http://q'] } }),
    '_profile',
    [uri('http://p|1.0'), uri('http://p'), uri('http://q')],
  ],
]);

const identifier = { system: 'urn:oid:1.2', value: '31' };
const logical = (types: string[], inCompartment: boolean) => ({
  kind: 'logical',
  ...{ system: 'urn:oid:1.2', value: '31' },
  types,
  inCompartment,
});
const subjects = ['Group', 'Device', 'Patient', 'Location'];
table('reference', [
  [observation({ subject: { reference: 'Patient/1' } }), 'subject', [reference('Patient', '1')]],
  [
    observation({ subject: { reference: 'Patient/1/_history/2' } }),
    'subject',
    [{ ...reference('Patient', '1'), version: '2' }],
  ],
  [observation({ subject: { reference: 'https://h.example/fhir/Patient/1' } }), 'subject', [reference('Patient', '1')]],
  [
    observation({ subject: { reference: 'https://o.example/Patient/1' } }),
    'subject',
    [uri('https://o.example/Patient/1')],
  ],
  [observation({ subject: { reference: 'urn:uuid:1' } }), 'subject', [uri('urn:uuid:1')]],
  [observation({ subject: { reference: '#p' } }), 'subject', []],
  [observation({ subject: { reference: 'Patient?identifier=1' } }), 'subject', []],
  [observation({ subject: { display: 'somebody' } }), 'subject', []],
  [observation({ subject: { identifier } }), 'subject', [logical(subjects, true)]],
  [observation({ subject: { type: 'Patient', identifier } }), 'subject', [logical(['Patient'], true)]],
  [observation({ subject: { type: 'Group', identifier } }), 'subject', [logical(['Group'], false)]],
  [observation({ subject: { reference: 'Patient/1', identifier } }), 'subject', [reference('Patient', '1')]],
  [
    observation({ subject: { reference: 'Patient/1', identifier } }),
    'subject:identifier',
    [token('urn:oid:1.2', '31')],
  ],
  [observation({ subject: { identifier } }), 'subject:identifier', [token('urn:oid:1.2', '31')]],
  [observation({ subject: { identifier } }), 'patient', [logical(['Patient'], false)]],
  [observation({ encounter: { identifier } }), 'encounter', [logical(['Encounter'], false)]],
]);

table('reference, where the expression asks what it resolves to', [
  [observation({ subject: { reference: 'Patient/1' } }), 'patient', [reference('Patient', '1')]],
  [observation({ subject: { reference: 'Group/1' } }), 'patient', []],
  [
    observation({ subject: { reference: 'https://o.example/Patient/1' } }),
    'patient',
    [uri('https://o.example/Patient/1')],
  ],
  [observation({ subject: { reference: 'https://o.example/Group/1' } }), 'patient', []],
  [observation({ subject: { reference: 'urn:uuid:1', type: 'Group' } }), 'patient', []],
  [observation({ subject: { reference: 'urn:uuid:1' } }), 'patient', [uri('urn:uuid:1')]],
  [observation({ subject: { type: 'Group', identifier } }), 'patient', []],
  [
    {
      resourceType: 'Encounter',
      participant: [{ individual: { reference: 'Practitioner/1' } }, { individual: { reference: 'RelatedPerson/2' } }],
    },
    'practitioner',
    [reference('Practitioner', '1')],
  ],
]);

table('reference, as canonical', [
  [
    { resourceType: 'QuestionnaireResponse', questionnaire: 'http://q|2' },
    'questionnaire',
    [uri('http://q|2'), uri('http://q')],
  ],
  [
    { resourceType: 'QuestionnaireResponse', questionnaire: 'https://h.example/fhir/Questionnaire/a' },
    'questionnaire',
    [reference('Questionnaire', 'a'), uri('https://h.example/fhir/Questionnaire/a')],
  ],
]);

t.test('a composite is a tuple for each place where all its components are', async (t) => {
  const resource = observation({
    code: { coding: [{ code: 'bp' }] },
    component: [
      { code: { coding: [{ code: 'sys' }] }, valueQuantity: { value: 120, ...kg } },
      { code: { coding: [{ code: 'dia' }] } },
      { code: { coding: [{ code: 'map' }] }, valueQuantity: { value: 90, ...kg } },
    ],
  });
  t.strictSame(entries(resource, 'combo-code-value-quantity.0'), [
    { pos: 0, ...token('', 'sys') },
    { pos: 1, ...token('', 'map') },
  ]);
  t.strictSame(entries(resource, 'combo-code-value-quantity.1'), [
    { pos: 0, ...quantity(120, nextUp(120)) },
    { pos: 1, ...quantity(90, nextUp(90)) },
  ]);
  t.strictSame(entries(resource, 'code-value-quantity.0'), []);
  const dated = observation({ code: { coding: [{ code: 'a' }] }, valueDateTime: '2025-05' });
  t.strictSame(entries(dated, 'code-value-date.1'), [{ pos: 0, ...may }]);
});

t.test('a component may look at the whole resource', async (t) => {
  const resource = {
    resourceType: 'MolecularSequence',
    referenceSeq: { chromosome: { coding: [{ code: '7' }] } },
    variant: [
      { start: 1, end: 2 },
      { start: 5, end: 6 },
    ],
  };
  t.strictSame(entries(resource, 'chromosome-variant-coordinate.0'), [
    { pos: 0, ...token('', '7') },
    { pos: 1, ...token('', '7') },
  ]);
});

t.test('200,000 codings in one element are indexed', async (t) => {
  const coding = Array.from({ length: 200_000 }, (_, i) => ({ code: `c${i}` }));
  const event = Array.from({ length: 200_000 }, () => '2025-05');
  const resource = observation({ code: { coding }, effectiveTiming: { event }, valueQuantity: { value: 1, ...kg } });
  const params = record(resource).entries.map((e) => e.param);
  for (const [param, count] of [
    ['code', 200_000],
    ['code-value-quantity.0', 200_000],
    ['date', 1],
  ]) {
    t.equal(params.filter((p) => p === param).length, count, String(param));
  }
});

t.test('of 10,000 Chinese names the first hundred are read', async (t) => {
  const name = Array.from({ length: 10_000 }, (_, i) => ({ text: `王${String.fromCodePoint(0x4e00 + i)}` }));
  const found = record(patient({ name })).entries.filter(({ param }) => param === 'name');
  const read = record(patient({ name })).entries.filter(({ param }) => param === 'name:pinyin');
  t.equal(found.length, 10_000);
  t.ok(read.length > 100 && read.length < 3_000, `${read.length} readings`);
});

t.test('an entry stands once', async (t) => {
  const twice = { coding: [{ system: 's', code: 'a' }] };
  t.strictSame(entries(observation({ category: [twice, twice] }), 'category'), [token('s', 'a')]);
});

t.test('the patients are those whose compartment it is in', async (t) => {
  const rows: [object, string[]][] = [
    [patient({ id: 'p1' }), ['p1']],
    [patient({ id: 'p1', link: [{ other: { reference: 'Patient/p2' }, type: 'replaces' }] }), ['p1', 'p2']],
    [observation({ subject: { reference: 'Patient/p1' }, performer: [{ reference: 'Patient/p2' }] }), ['p1', 'p2']],
    [observation({ subject: { reference: 'https://h.example/fhir/Patient/p1' } }), ['p1']],
    [observation({ subject: { reference: 'https://o.example/Patient/p1' } }), []],
    [observation({ subject: { reference: 'Group/g' }, focus: [{ reference: 'Patient/p1' }] }), []],
    [observation({ subject: { identifier } }), []],
    [{ resourceType: 'Organization', id: 'o' }, []],
  ];
  for (const [resource, expected] of rows) t.strictSame(record(resource).patients, expected, JSON.stringify(resource));
});

t.test('what has a wrong shape gives no entries and no exception', async (t) => {
  const odd = [null, 5, 'x', true, [], {}, [null], [[1]], { coding: 'x' }, { coding: [null] }];
  for (const value of odd) {
    const resource = observation({
      code: value,
      subject: value,
      valueQuantity: value,
      effectivePeriod: value,
      component: value,
      meta: value,
    });
    t.strictSame(record(resource), { entries: [], patients: [] }, JSON.stringify(value));
  }
});

t.test('the words come with the entries', async (t) => {
  t.strictSame(record(patient({ name: [{ text: 'Ann' }] })).words, { text: [], content: ['ann'] });
  t.notOk('words' in record(patient({ active: true })));
});
