import t from 'tap';
import { Failure } from '#errors';
import { loadDefinitions } from '#fhir/definitions.ts';
import type { Filter, Test } from '#search/filter.ts';
import { nextUp } from '#search/numbers.ts';
import { parseSearch, type SearchOptions } from '#search/parse.ts';
import type { Query } from '#search/query.ts';

const options: SearchOptions = {
  definitions: loadDefinitions(),
  timeZone: 'Asia/Shanghai',
  baseUrl: 'https://h.example/fhir',
  lenient: false,
  defaultCount: 20,
  maxCount: 100,
  maxIncludes: 1000,
  ignore: new Set(['_format']),
  now: Date.parse('2025-06-01T00:00:00+08:00'),
};

function parse(search: string, more: Partial<SearchOptions> = {}) {
  const [type = '', query = ''] = search.split(/\?(.*)/s);
  const pairs = query === '' ? [] : query.split('&').map((p) => p.split(/=(.*)/s) as [string, string]);
  return parseSearch(
    type.split(','),
    pairs.map(([n, v]) => [n, v] as const),
    { ...options, ...more },
  );
}

function query(search: string, more: Partial<SearchOptions> = {}): Query {
  const parsed = parse(search, more);
  if (parsed instanceof Failure) throw new Error(parsed.issues.map((i) => i.text).join(' '));
  return parsed;
}

function failure(search: string): Failure {
  const parsed = parse(search);
  if (!(parsed instanceof Failure)) throw new Error(`${search} was read as ${JSON.stringify(parsed.where)}`);
  return parsed;
}

/** A list of so many values. */
function many(count: number, prefix = 'x'): string {
  return Array.from({ length: count }, (_, i) => `${prefix}${String((i % 28) + 1).padStart(2, '0')}`).join(',');
}

function table(name: string, rows: readonly [search: string, expected: Filter][]): void {
  t.test(name, async (t) => {
    for (const [search, expected] of rows) t.strictSame(query(search).where, expected, search);
  });
}

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const or = (...of: Filter[]): Filter => ({ op: 'or', of });
const and = (...of: Filter[]): Filter => ({ op: 'and', of });
const not = (of: Filter): Filter => ({ op: 'not', of });

const a = match('code', { kind: 'token', code: 'a' });
table('token', [
  ['Observation?code=a', a],
  ['Observation?code=s|a', match('code', { kind: 'token', system: 's', code: 'a' })],
  ['Observation?code=|a', match('code', { kind: 'token', system: '', code: 'a' })],
  ['Observation?code=s|', match('code', { kind: 'token', system: 's' })],
  ['Observation?code=a,b', or(a, match('code', { kind: 'token', code: 'b' }))],
  ['Observation?code=a&code=b', and(a, match('code', { kind: 'token', code: 'b' }))],
  ['Observation?code=a\\,b', match('code', { kind: 'token', code: 'a,b' })],
  ['Observation?code=s\\|x|a\\|b', match('code', { kind: 'token', system: 's|x', code: 'a|b' })],
  ['Observation?code:not=a', not(a)],
  ['Observation?code:not=a,b', not(or(a, match('code', { kind: 'token', code: 'b' })))],
  ['Observation?_tag=t|x', match('_tag', { kind: 'token', system: 't', code: 'x' })],
]);

table('string and uri', [
  ['Patient?name=Müller', match('name', { kind: 'string', how: 'starts', value: 'muller' })],
  ['Patient?name=eve', match('name', { kind: 'string', how: 'starts', value: 'eve' })],
  ['Patient?name:contains=三', match('name', { kind: 'string', how: 'contains', value: '三' })],
  ['Patient?name:exact=Müller\\, A', match('name', { kind: 'string', how: 'exact', value: 'Müller, A' })],
  ['ValueSet?url=http://v', match('url', { kind: 'uri', how: 'equals', value: 'http://v' })],
  ['Patient?_source=http://s', match('_source', { kind: 'uri', how: 'equals', value: 'http://s' })],
  ['Patient?_profile=http://p|1', match('_profile', { kind: 'uri', how: 'equals', value: 'http://p|1' })],
]);

t.test('number and date prefixes compare ranges', async (t) => {
  const exact = { low: 100, high: nextUp(100) };
  const may = { low: Date.parse('2025-05-01T00:00:00+08:00'), high: Date.parse('2025-06-01T00:00:00+08:00') };
  const rows: [string, readonly [string, string, number][][], readonly [string, string, number][][]][] = [
    [
      '',
      [
        [
          ['low', '>=', 99.5],
          ['high', '<=', 100.5],
        ],
      ],
      [
        [
          ['low', '>=', may.low],
          ['high', '<=', may.high],
        ],
      ],
    ],
    [
      'eq',
      [
        [
          ['low', '>=', 99.5],
          ['high', '<=', 100.5],
        ],
      ],
      [
        [
          ['low', '>=', may.low],
          ['high', '<=', may.high],
        ],
      ],
    ],
    ['ne', [[['low', '<', 99.5]], [['high', '>', 100.5]]], [[['low', '<', may.low]], [['high', '>', may.high]]]],
    ['gt', [[['high', '>', exact.high]]], [[['high', '>', may.high]]]],
    ['lt', [[['low', '<', 100]]], [[['low', '<', may.low]]]],
    ['ge', [[['low', '>=', 100]], [['high', '>', exact.high]]], [[['low', '>=', may.low]], [['high', '>', may.high]]]],
    ['le', [[['high', '<=', exact.high]], [['low', '<', 100]]], [[['high', '<=', may.high]], [['low', '<', may.low]]]],
    ['sa', [[['low', '>=', exact.high]]], [[['low', '>=', may.high]]]],
    ['eb', [[['high', '<=', 100]]], [[['high', '<=', may.low]]]],
    [
      'ap',
      [
        [
          ['low', '<', 110],
          ['high', '>', 90],
        ],
      ],
      [
        [
          ['low', '<', may.high + 1.55 * 86_400_000],
          ['high', '>', may.low - 1.55 * 86_400_000],
        ],
      ],
    ],
  ];
  const filterOf = (kind: 'number' | 'date', param: string, alternatives: readonly [string, string, number][][]) => {
    const tests = alternatives.map((where) =>
      match(param, { kind, where: where.map(([bound, op, value]) => ({ bound, op, value })) } as unknown as Test),
    );
    return tests.length === 1 ? tests[0] : or(...tests);
  };
  for (const [prefix, numbers, dates] of rows) {
    t.strictSame(
      query(`RiskAssessment?probability=${prefix}100`).where,
      filterOf('number', 'probability', numbers),
      `${prefix}100`,
    );
    t.strictSame(query(`Observation?date=${prefix}2025-05`).where, filterOf('date', 'date', dates), `${prefix}2025-05`);
  }
});

const over5 = [{ bound: 'high', op: '>', value: nextUp(5.4) }] as const;
table('quantity', [
  ['Observation?value-quantity=gt5.4', match('value-quantity', { kind: 'quantity', where: over5 })],
  [
    'Observation?value-quantity=gt5.4|s|mg',
    match('value-quantity', { kind: 'quantity', where: over5, system: 's', code: 'mg' }),
  ],
  ['Observation?value-quantity=gt5.4|s|', match('value-quantity', { kind: 'quantity', where: over5, system: 's' })],
  ['Observation?value-quantity=gt5.4||mg', match('value-quantity', { kind: 'quantity', where: over5, unit: 'mg' })],
]);

const subject = (test: Test) => match('subject', test);
table('reference', [
  ['Observation?subject=1', subject({ kind: 'reference', id: '1' })],
  ['Observation?patient=1', match('patient', { kind: 'reference', type: 'Patient', id: '1' })],
  ['Observation?subject=Patient/1', subject({ kind: 'reference', type: 'Patient', id: '1' })],
  ['Observation?subject=Patient/1/_history/2', subject({ kind: 'reference', type: 'Patient', id: '1', version: '2' })],
  ['Observation?subject:Patient=1', subject({ kind: 'reference', type: 'Patient', id: '1' })],
  ['Observation?subject:Patient=Patient/1', subject({ kind: 'reference', type: 'Patient', id: '1' })],
  ['Observation?subject=urn:uuid:1', subject({ kind: 'uri', how: 'equals', value: 'urn:uuid:1' })],
  [
    'Observation?subject=https://o.example/Patient/1',
    subject({ kind: 'uri', how: 'equals', value: 'https://o.example/Patient/1' }),
  ],
  [
    'Observation?subject=https://h.example/fhir/Patient/1',
    or(
      subject({ kind: 'reference', type: 'Patient', id: '1' }),
      subject({ kind: 'uri', how: 'equals', value: 'https://h.example/fhir/Patient/1' }),
    ),
  ],
  [
    'QuestionnaireResponse?questionnaire=http://q|2',
    match('questionnaire', { kind: 'uri', how: 'equals', value: 'http://q|2' }),
  ],
  ['Observation?subject:identifier=s|1', match('subject:identifier', { kind: 'token', system: 's', code: '1' })],
]);

const noLater = (value: string) =>
  ({ op: 'lastUpdated', where: [{ bound: 'low', op: '<', value: Date.parse(value) }] }) as const;
table('composite, missing, and the columns of the store', [
  [
    'Observation?code-value-quantity=s|a$gt5.4||mg',
    {
      op: 'tuple',
      param: 'code-value-quantity',
      tests: [
        { kind: 'token', system: 's', code: 'a' },
        { kind: 'quantity', where: over5, unit: 'mg' },
      ],
    },
  ],
  [
    'Observation?code-value-string=a\\$b$c',
    {
      op: 'tuple',
      param: 'code-value-string',
      tests: [
        { kind: 'token', code: 'a$b' },
        { kind: 'string', how: 'starts', value: 'c' },
      ],
    },
  ],
  ['Observation?code:missing=false', { op: 'present', param: 'code' }],
  ['Observation?code:missing=true', not({ op: 'present', param: 'code' })],
  ['Observation?code-value-quantity:missing=true', not({ op: 'present', param: 'code-value-quantity.0' })],
  ['Patient?_id=1,2', { op: 'id', ids: ['1', '2'] }],
  ['Patient?_lastUpdated=lt2025-05-01', noLater('2025-05-01T00:00:00+08:00')],
  ['Patient?_lastUpdated=le2025-05', noLater('2025-06-01T00:00:00+08:00')],
  ['Patient', { op: 'all' }],
]);

const deviceMaker = match('manufacturer', { kind: 'string', how: 'starts', value: 'acme ltd' });
const zhang = match('name', { kind: 'string', how: 'exact', value: 'Z' });
table('chains', [
  ['Observation?subject:Patient.name:exact=Z', { op: 'chain', param: 'subject', types: ['Patient'], where: zhang }],
  ['Observation?subject.name:exact=Z', { op: 'chain', param: 'subject', types: ['Patient', 'Location'], where: zhang }],
  [
    'Observation?patient.general-practitioner:Organization.name:exact=Z',
    {
      op: 'chain',
      param: 'patient',
      types: ['Patient'],
      where: { op: 'chain', param: 'general-practitioner', types: ['Organization'], where: zhang },
    },
  ],
  // A reference to the other targets of substance, to which this is no value.
  [
    'AdverseEvent?substance.manufacturer=Acme Ltd',
    { op: 'chain', param: 'substance', types: ['Device'], where: deviceMaker },
  ],
  [
    'Observation?part-of.series:exact=Z',
    {
      op: 'chain',
      param: 'part-of',
      types: ['Immunization'],
      where: match('series', { kind: 'string', how: 'exact', value: 'Z' }),
    },
  ],
  ['Patient?_has:Observation:patient:code=a', { op: 'has', type: 'Observation', param: 'patient', where: a }],
  ['Patient?_has:Observation:patient:code:not=a', { op: 'has', type: 'Observation', param: 'patient', where: not(a) }],
  [
    'Encounter?patient._has:Observation:patient:code=a',
    {
      op: 'chain',
      param: 'patient',
      types: ['Patient'],
      where: { op: 'has', type: 'Observation', param: 'patient', where: a },
    },
  ],
  [
    'Patient?_has:Observation:patient:encounter:Encounter.status=a',
    {
      op: 'has',
      type: 'Observation',
      param: 'patient',
      where: {
        op: 'chain',
        param: 'encounter',
        types: ['Encounter'],
        where: match('status', { kind: 'token', code: 'a' }),
      },
    },
  ],
]);

t.test('several types share what reads the same and branch where it does not', async (t) => {
  t.strictSame(query('Encounter,Observation?status=a').where, match('status', { kind: 'token', code: 'a' }));
  t.strictSame(
    query('Encounter,CareTeam?patient=1').where,
    match('patient', { kind: 'reference', type: 'Patient', id: '1' }),
  );
  const read = query('Patient,Composition?identifier:missing=true&_id=1');
  t.strictSame(read.types, ['Patient', 'Composition']);
  t.equal(failure('Patient,Observation?name=x').issues[0].code, 'unknown-parameter');
});

t.test('result parameters', async (t) => {
  const shape = (search: string) => {
    const { sort, count, total, summaryCount } = query(search);
    return { sort, count, total, summaryCount };
  };
  const plain = { sort: [], count: 20, total: 'none', summaryCount: false };
  const totalAlone = { sort: [], count: 0, total: 'accurate', summaryCount: true };
  t.strictSame(shape('Patient?_format=json'), plain);
  t.strictSame(shape('Patient?_count=5'), { ...plain, count: 5 });
  t.strictSame(shape('Patient?_count=5000'), { ...plain, count: 100 });
  t.strictSame(shape('Patient?_count=0'), totalAlone);
  t.strictSame(shape('Patient?_summary=count&_count=5&_total=none'), totalAlone);
  t.strictSame(shape('Patient?_total=estimate'), { ...plain, total: 'estimate' });
  t.strictSame(shape('Observation?_sort=-date,code,_id,-_lastUpdated').sort, [
    { param: 'date', kind: 'date', descending: true },
    { param: 'code', kind: 'token', descending: false },
    { param: '_id', kind: 'id', descending: false },
    { param: '_lastUpdated', kind: 'lastUpdated', descending: true },
  ]);
});

t.test('includes', async (t) => {
  const { includes, maxIncludes } = query(
    'Observation?_include=Observation:subject:Patient&_include:iterate=Patient:general-practitioner&_revinclude=Provenance:target:Observation',
  );
  t.equal(maxIncludes, 1000);
  t.strictSame(includes, [
    { direction: 'include', type: 'Observation', param: 'subject', targets: ['Patient'], iterate: false },
    {
      direction: 'include',
      type: 'Patient',
      param: 'general-practitioner',
      targets: ['Practitioner', 'Organization', 'PractitionerRole'],
      iterate: true,
    },
    { direction: 'revinclude', type: 'Provenance', param: 'target', targets: ['Observation'], iterate: false },
  ]);
});

t.test('the self link holds what was used, and no more', async (t) => {
  const read = query('Patient?name=x&_format=json&_count=5000&foo=1&_sort=-birthdate', { lenient: true });
  t.strictSame(read.applied, [
    ['name', 'x'],
    ['_count', '100'],
    ['_sort', '-birthdate'],
  ]);
  t.strictSame(read.ignored, ['foo']);
});

t.test('what cannot be read is refused by name', async (t) => {
  const bad: [string, string, RegExp][] = [
    ['Patient?foo=1', 'unknown-parameter', /"foo" is not defined for Patient; expected one of .*birthdate/],
    ['Patient?phonetic=x', 'unknown-parameter', /"phonetic"/],
    ['Patient?name:fuzzy=x', 'unknown-modifier', /"fuzzy" of parameter "name".* missing, exact, contains/],
    ['Patient?birthdate:exact=2025', 'unknown-modifier', /"birthdate"/],
    ['Patient?_id:missing=true', 'unknown-modifier', /"_id/],
    ['Observation?subject:Organization=1', 'unknown-modifier', /Organization.*Patient/],
    ['Observation?code:text=x', 'unknown-modifier', /"text"/],
    ['Patient?birthdate=2025-02-30', 'bad-parameter-value', /"2025-02-30" of parameter "birthdate"/],
    ['Patient?birthdate=gr2025', 'bad-parameter-value', /eq ne gt/],
    ['Patient?birthdate=', 'bad-parameter-value', /birthdate/],
    ['Patient?name=', 'bad-parameter-value', /some text/],
    ['Patient?name=a,,b', 'bad-parameter-value', /name/],
    ['Patient?gender=|', 'bad-parameter-value', /system\|code/],
    ['Patient?identifier=a|b|c', 'bad-parameter-value', /identifier/],
    ['RiskAssessment?probability=x', 'bad-parameter-value', /probability/],
    ['Observation?value-quantity=5|mg', 'bad-parameter-value', /number\|system\|code/],
    ['Observation?code-value-quantity=a', 'bad-parameter-value', /\$/],
    ['Observation?code-value-quantity=a$x', 'bad-parameter-value', /code-value-quantity/],
    ['Observation?subject=a b', 'bad-parameter-value', /Type\/id/],
    ['Observation?subject:Patient=Group/1', 'bad-parameter-value', /Patient\/id/],
    ['Patient?active:missing=maybe', 'bad-parameter-value', /true or false/],
    ['Patient?_id=a_b', 'bad-parameter-value', /_id/],
    ['Patient?_lastUpdated=yesterday', 'bad-parameter-value', /_lastUpdated/],
    ['Patient?_count=-1', 'bad-parameter-value', /_count/],
    ['Patient?_count=5&_count=6', 'bad-parameter-value', /once/],
    ['Patient?_total=some', 'bad-parameter-value', /_total/],
    ['Patient?_sort=foo', 'unknown-parameter', /_sort=foo/],
    ['Observation?_sort=code-value-quantity', 'unknown-parameter', /_sort=code-value-quantity/],
    ['Patient?_include=Patient:name', 'bad-parameter-value', /Type:reference-parameter/],
    ['Patient?_include=*', 'bad-parameter-value', /_include/],
    ['Patient?_include=Observation:subject', 'bad-parameter-value', /from Patient/],
    ['Patient?_include=Patient:organization:Group', 'bad-parameter-value', /Organization/],
    ['Patient?_revinclude=Observation:encounter', 'bad-parameter-value', /to Patient/],
    ['Patient?_include:recurse=Patient:link', 'unknown-modifier', /iterate/],
    ['Observation?code.text=x', 'unknown-parameter', /"code"/],
    ['Observation?subject.foo=x', 'unknown-parameter', /"foo".*Patient/],
    ['Patient?_has:Observation:encounter:code=x', 'unknown-parameter', /leads to Patient/],
    ['Patient?_has:Observation:patient:foo=x', 'unknown-parameter', /"foo" is not defined for Observation/],
    ['Patient?link.link.link.link.link.name=x', 'too-costly', /links/],
    [`Patient?_id=${Array(1001).fill('1').join(',')}`, 'too-costly', /"_id" has 1001 values/],
    [`Patient?${Array(101).fill('_id=1').join('&')}`, 'too-costly', /101 parameters/],
    [
      `Patient?${Array(20)
        .fill(`name=${many(1000)}`)
        .join('&')}`,
      'too-costly',
      /20000 values .* at most 2000/,
    ],
    [`Observation?date=${many(700, 'ge2025-01-')}&code=${many(601)}`, 'too-costly', /2001 values/],
    [
      `Observation?${Array(3)
        .fill(`subject.name=${many(700)}`)
        .join('&')}`,
      'too-costly',
      /2103 values/,
    ],
    ['AdverseEvent?substance.manufacturer:above=x', 'unknown-modifier', /above/],
  ];
  for (const [search, code, text] of bad) {
    const { issues } = failure(search);
    t.strictSame(
      issues.map((i) => i.code),
      [code],
      search.slice(0, 100),
    );
    t.match(issues[0].text, text);
  }
});

t.test('2,000 values in all are allowed', async (t) => {
  for (const search of [
    `Patient?name=${many(1000)}&family=${many(1000)}`,
    `Patient?_id=${many(1000)}&_lastUpdated=2025`,
  ])
    t.ok(query(search), search.slice(0, 30));
});

t.test('all problems are told at once, and no resident ID number', async (t) => {
  const { issues } = failure('Patient?foo=1&birthdate=x&identifier=a|b|31010519900307001X');
  t.strictSame(
    issues.map((i) => i.code),
    ['unknown-parameter', 'bad-parameter-value', 'bad-parameter-value'],
  );
  t.notMatch(issues.map((i) => i.text).join(), /31010519900307/);
});

t.test('lenient handling passes over unknown parameters, never over bad values or modifiers', async (t) => {
  t.strictSame(query('Patient?foo=1&link.foo=2', { lenient: true }).ignored, ['foo', 'link.foo']);
  for (const search of ['Patient?birthdate=x', 'Patient?name:foo=x']) {
    t.ok(parse(search, { lenient: true }) instanceof Failure, search);
  }
});
