import t from 'tap';
import { parseResource } from '#fhir/json/json.ts';
import { parseXml } from '#fhir/xml/read.ts';
import { primitiveFault } from '#validation/primitive.ts';
import { checker, teller } from './fixture.ts';

const check = checker('structure');
const tell = teller('structure');

/** R4 datatypes.html#primitive: of each type what is a value, and what is none. */
const edges: Record<string, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }> = {
  base64Binary: {
    good: ['QUJD', 'QUI=', 'QQ==', 'QUJD\r\nQUJD', ' QUJD ', '+/+/'],
    bad: ['', ' ', 'QUJ', 'QUJDQ', 'QQ=', '====', 'Q===', 'QU=D', 'QQ==QUJD', '-_-_', 'QUJ.', 1],
  },
  boolean: { good: [true, false], bad: ['true', 0, 1, null] },
  canonical: {
    good: ['http://x.org/a', 'http://x.org/a|1.0', '#a', 'urn:uuid:a'],
    bad: ['', ' ', 'http://x.org/a b', 1],
  },
  code: {
    good: ['a', 'a b', 'a-b c', '血压', '>='],
    bad: ['', ' ', ' a', 'a ', 'a  b', 'a\tb', 'a\nb', 'a\n', 'a\u00a0b', 1],
  },
  date: {
    good: ['0001', '2025', '2025-02', '2025-02-28', '2024-02-29', '2000-02-29', '0004-02-29', '9999-12-31'],
    bad: [
      ...[
        '0000',
        '0000-01-01',
        '25',
        '20250',
        '2025-00',
        '2025-13',
        '2025-2',
        '2025-02-00',
        '2025-02-29',
        '1900-02-29',
      ],
      ...['2025-04-31', '2025-01-32', '2025-1-1', '2025/01/01', '20250101', ' 2025', '2025\n', '-2025', '２０２５'],
      '2025-01-01T00:00:00Z',
      2025,
    ],
  },
  dateTime: {
    good: [
      ...[
        '2025',
        '2025-02',
        '2024-02-29',
        '2025-01-01T00:00:00Z',
        '2025-01-01T23:59:60Z',
        '2025-01-01T23:59:59.9999999Z',
      ],
      ...[
        '2025-01-01T08:00:00+08:00',
        '2025-01-01T08:00:00-00:00',
        '2025-01-01T08:00:00+14:00',
        '2025-01-01T08:00:00-14:00',
      ],
      '2025-01-01T08:00:00+13:59',
    ],
    bad: [
      ...[
        '2025-01-01T24:00:00Z',
        '2025-01-01T08:00:61Z',
        '2025-01-01T08:60:00Z',
        '2025-01-01T08:00Z',
        '2025-01-01T08:00:00',
      ],
      ...[
        '2025-01-01T08:00:00+14:01',
        '2025-01-01T08:00:00+15:00',
        '2025-01-01T08:00:00+08:60',
        '2025-01-01T08:00:00+0800',
      ],
      ...[
        '2025-01-01T08:00:00.Z',
        '2025-01-01T08:00:00,5Z',
        '2025-01-01 08:00:00Z',
        '2025-01-01t08:00:00z',
        '2025-01T08:00:00Z',
      ],
      ...['2025-02-29T08:00:00Z', '0000-01-01T08:00:00Z', '2025-01-01T', ''],
    ],
  },
  decimal: { good: [0, -0, 1.5, -1, 1e300, 5e-324, 2 ** 53], bad: ['1', Number.POSITIVE_INFINITY, Number.NaN, null] },
  id: { good: ['a', 'A-1.b', '.', '-', '1'.repeat(64)], bad: ['', 'a'.repeat(65), 'a_b', 'a b', 'a/b', 'é', 'a\n', 1] },
  instant: {
    good: ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00.001+08:00', '2016-12-31T23:59:60Z', '2024-02-29T00:00:00Z'],
    bad: [
      '2025-01-01',
      '2025',
      '2025-01-01T00:00Z',
      '2025-01-01T00:00:00',
      '2025-01-01T24:00:00Z',
      '2023-02-29T00:00:00Z',
    ],
  },
  integer: {
    good: [0, 1, -1, 2147483647, -2147483648],
    bad: [1.5, 2147483648, -2147483649, '1', true, Number.NaN],
  },
  markdown: { good: ['a', '# a\n\n- b', ' a '], bad: ['', ' \n ', 'a\u0000', 1] },
  oid: {
    good: ['urn:oid:1.2.3', 'urn:oid:2.999', 'urn:oid:0.0'],
    bad: [
      '1.2.3',
      'urn:oid:3.1',
      'urn:oid:1',
      'urn:oid:1.02',
      'urn:oid:1.2.',
      'urn:oid:1..2',
      'URN:OID:1.2',
      'urn:oid:',
    ],
  },
  positiveInt: { good: [1, 2147483647], bad: [0, -1, 2147483648, 1.5, '1'] },
  string: {
    good: ['a', ' a ', 'a\tb\r\nc', '张\u3000三', '\u0085a', '😀', 'a\u00a0'],
    bad: ['', ' ', '\t\n', '\u3000', 'a\u0000', 'a\u0008', 'a\u000b', 'a\u000c', 'a\u001f', 1],
  },
  time: {
    good: ['00:00:00', '23:59:59', '23:59:60', '08:00:00.123'],
    bad: ['24:00:00', '8:00:00', '08:00', '08:60:00', '08:00:61', '08:00:00Z', '08:00:00.', ''],
  },
  unsignedInt: { good: [0, 1, 2147483647], bad: [-1, 2147483648, 0.5, '0'] },
  uri: {
    good: ['a', 'http://x.org/a?b=c#d', 'urn:oid:1.2', '../a', 'http://例.org'],
    bad: ['', ' ', 'a b', ' a', 'a\n', 1],
  },
  url: { good: ['http://x.org', 'mailto:a@x.org', 'Patient/1'], bad: ['', 'http://x.org/a b', 1] },
  uuid: {
    good: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    bad: [
      ...['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:C757873D-EC9A-4326-A141-556F43239520'],
      ...['urn:uuid:c757873dec9a4326a141556f43239520', 'urn:uuid:c757873d-ec9a-4326-a141-556f4323952', 'urn:uuid:'],
    ],
  },
};

t.test('the edges of each primitive type', async (t) => {
  for (const [type, { good, bad }] of Object.entries(edges)) {
    for (const value of good) t.same(primitiveFault(type, value), undefined, `${type} takes ${JSON.stringify(value)}`);
    for (const value of bad) t.ok(primitiveFault(type, value), `${type} refuses ${JSON.stringify(value)}`);
  }
});

t.test('a string has 1,048,576 characters at most', async (t) => {
  const most = 1024 * 1024;
  for (const type of ['string', 'markdown', 'code']) {
    t.same(primitiveFault(type, 'a'.repeat(most)), undefined, `${type} of so many`);
    t.same(primitiveFault(type, '😀'.repeat(most)), undefined, `${type} of so many that take two units each`);
    t.match(primitiveFault(type, 'a'.repeat(most + 1)), { kind: 'value', expected: /1048576 characters/ }, type);
    t.ok(primitiveFault(type, '😀'.repeat(most + 1)), `${type} of one more, of two units each`);
  }
  for (const type of ['uri', 'base64Binary']) t.same(primitiveFault(type, 'a'.repeat(most * 2)), undefined, type);
  t.same(
    tell({ resourceType: 'Patient', name: [{ text: 'a'.repeat(most + 1) }] }),
    [
      'HumanName.text is "1048577 characters"; expected text that is neither blank nor has control characters, of at most 1048576 characters.',
    ],
    'the text says how many there are',
  );
});

t.test('integers are written in digits alone', async (t) => {
  const places: [string, string, string][] = [
    ['Observation', '"status":"final","code":{"text":"x"},"valueInteger":', 'Observation.value'],
    ['Patient', '"telecom":[{"system":"phone","value":"1","rank":', 'Patient.telecom[0].rank'],
    ['Patient', '"photo":[{"size":', 'Patient.photo[0].size'],
    ['Parameters', '"parameter":[{"name":"a","valuePositiveInt":', 'Parameters.parameter[0].value'],
    ['Patient', '"extension":[{"url":"http://x.org","valueUnsignedInt":', 'Patient.extension[0].value'],
  ];
  const closing = (text: string) => [...text.matchAll(/[[{]/g)].map(([c]) => (c === '[' ? ']' : '}'));
  for (const [type, before, at] of places) {
    for (const [written, isInteger] of [
      ['1', true],
      ['2147483647', true],
      ['1.0', false],
      ['1e2', false],
      ['1E0', false],
      ['-0', false],
      ['10e-1', false],
      ['1.5', false],
    ] as const) {
      const start = `{"resourceType":"${type}",${before}`;
      const ends = closing(start.replace('"code":{"text":"x"}', '')).reverse();
      const resource = parseResource(start + written + ends.join(''), 100);
      t.same(check(resource), isInteger ? [] : [`error bad-element-value ${at}`], `${type} ${written}`);
    }
  }
  t.same(
    tell(parseResource('{"resourceType":"Patient","telecom":[{"system":"phone","value":"1","rank":1.0}]}', 100)),
    ['ContactPoint.rank is "1.0"; expected an integer from 1 to 2147483647, in digits alone.'],
    'what was found is what was sent',
  );
});

t.test('integers in XML', async (t) => {
  for (const [written, isInteger] of [
    ['1', true],
    ['+1', true],
    ['1.0', false],
    ['1e2', false],
    ['-0', false],
  ] as const) {
    const xml = `<Patient xmlns="http://hl7.org/fhir"><telecom><system value="phone"/><value value="1"/><rank value="${written}"/></telecom></Patient>`;
    const resource = parseXml(Buffer.from(xml), 100);
    const expected = isInteger ? [] : ['error bad-element-value Patient.telecom[0].rank'];
    t.same(check(resource), expected, written);
  }
});

t.test('decimals keep how they are written', async (t) => {
  for (const written of ['1.0', '1e2', '-0.00', '-0', '1E-3', '123456789012345678901234567890.123456789']) {
    const resource = parseResource(
      `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${written}}}`,
      100,
    );
    t.same(check(resource), [], written);
  }
});
