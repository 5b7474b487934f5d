import t from 'tap';
import { Failure } from '#errors';
import { type CustomParameter, loadDefinitions, type SearchParameter } from '#fhir/model/definitions.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import { nextUp } from '#search/model/numbers.ts';
import type { Query } from '#search/model/query.ts';
import { parseSearch, type SearchOptions } from '#search/parse.ts';
import { chainsAlone } from './chains.ts';

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
    for (const [search, expected] of rows) t.strictSame(chainsAlone(query(search).where), expected, search);
  });
}

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const or = (...of: Filter[]): Filter => ({ op: 'or', of });
const and = (...of: Filter[]): Filter => ({ op: 'and', of });
const not = (of: Filter): Filter => ({ op: 'not', of });

const starts = (param: string, value: string): Filter => match(param, { kind: 'string', how: 'starts', value });

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
  [
    'Patient?active=http://hl7.org/fhir/special-values|true',
    or(
      match('active', { kind: 'token', system: 'http://hl7.org/fhir/special-values', code: 'true' }),
      match('active', { kind: 'token', system: '', code: 'true' }),
    ),
  ],
  ['Observation?_tag=t|x', match('_tag', { kind: 'token', system: 't', code: 'x' })],
  // Of a string, whose case does not count, and which the index has folded.
  ['ValueSet?version=1.0', match('version', { kind: 'token', code: '1.0' })],
  [
    'ValueSet?version=Beta',
    or(match('version', { kind: 'token', code: 'Beta' }), match('version', { kind: 'token', code: 'beta' })),
  ],
]);

table('a name of Latin letters may be pinyin', [
  [
    'Patient?name=Müller',
    or(
      starts('name', 'muller'),
      starts('name', 'mueller'),
      starts('name:pinyin', 'muller'),
      starts('name:pinyin', 'mueller'),
    ),
  ],
  [
    "Patient?given=Xi'an Li",
    or(starts('given', "xi'an li"), starts('given', 'xianli'), starts('given:pinyin', 'xianli')),
  ],
  ['Practitioner?family=zhang', or(starts('family', 'zhang'), starts('family:pinyin', 'zhang'))],
  ['RelatedPerson?name=zs', or(starts('name', 'zs'), starts('name:pinyin', 'zs'))],
  ['Patient?name=zhang3', starts('name', 'zhang3')],
  ['Organization?name=zhang', starts('name', 'zhang')],
  [
    'Patient?name:contains=zs',
    or(match('name', { kind: 'string', how: 'contains', value: 'zs' }), starts('name:pinyin', 'zs')),
  ],
  ['Patient?name:contains=z', match('name', { kind: 'string', how: 'contains', value: 'z' })],
  ['Organization?name:contains=zs', match('name', { kind: 'string', how: 'contains', value: 'zs' })],
  ['Patient?name:exact=zs', match('name', { kind: 'string', how: 'exact', value: 'zs' })],
]);

const valueSet = (url: string): Filter => ({ op: 'lookup', set: { by: 'valueSet', param: 'code', url } });
const concept = (how: 'above' | 'below', code: string, system: string): Filter => {
  return { op: 'lookup', set: { by: 'code', param: 'code', how, system, code } };
};
table('token modifiers', [
  ['Condition?code:text=Head Ache', starts('code:text', 'head ache')],
  ['Condition?code:text=this,that', or(starts('code:text', 'this'), starts('code:text', 'that'))],
  ['Condition?code:in=http://v', valueSet('http://v')],
  [
    'Condition?code:in=http://snomed.info/sct?fhir_vs=isa/126851005',
    valueSet('http://snomed.info/sct?fhir_vs=isa/126851005'),
  ],
  ['Condition?code:in=ValueSet/1,http://v|2', or(valueSet('ValueSet/1'), valueSet('http://v|2'))],
  ['Condition?code:not-in=http://v', not(valueSet('http://v'))],
  ['Condition?code:below=s|126851005', concept('below', '126851005', 's')],
  [
    'DocumentReference?contenttype:below=text/xml',
    match('contenttype', { kind: 'token', code: 'text/xml', below: true }),
  ],
  ['Condition?code:above=s|a', concept('above', 'a', 's')],
  [
    'Patient?identifier:of-type=http://t|MR|446053',
    match('identifier:of-type', { kind: 'token', system: 'http://t|MR', code: '446053' }),
  ],
  ['Patient?gender:missing=true', not({ op: 'present', param: 'gender' })],
]);

const hierarchy = (param: string, how: 'above' | 'below', type: string, id: string): Filter => {
  return { op: 'lookup', set: { by: 'hierarchy', param, how, type, id } };
};
const uri = (how: 'equals' | 'above' | 'below', value: string): Test => ({ kind: 'uri', how, value });
table('reference and uri modifiers', [
  ['Procedure?location:below=42', hierarchy('location', 'below', 'Location', '42')],
  ['MedicationAdministration?context:above=Encounter/21', hierarchy('context', 'above', 'Encounter', '21')],
  ['Procedure?location:below=https://h.example/fhir/Location/4', hierarchy('location', 'below', 'Location', '4')],
  ['QuestionnaireResponse?questionnaire:below=http://q', match('questionnaire', uri('equals', 'http://q'))],
  ['QuestionnaireResponse?questionnaire:below=http://q|1', match('questionnaire', uri('below', 'http://q|1'))],
  [
    'ValueSet?url=http://v|1.0-A',
    or(
      match('url', uri('equals', 'http://v|1.0-A')),
      and(match('url', uri('equals', 'http://v')), match('version', { kind: 'token', code: '1.0-a' })),
    ),
  ],
  ['ValueSet?url=http://v|', match('url', uri('equals', 'http://v|'))],
  ['Patient?_profile=http://p', match('_profile', uri('equals', 'http://p'))],
  [
    'Patient?_profile=Profile/lipid',
    or(
      match('_profile', uri('equals', 'Profile/lipid')),
      match('_profile', uri('equals', 'https://h.example/fhir/Profile/lipid')),
    ),
  ],
  ['Patient?_source=a/b', match('_source', uri('equals', 'a/b'))],
  ['ValueSet?url:below=http://acme.org/fhir/', match('url', uri('below', 'http://acme.org/fhir/'))],
  ['ValueSet?url:above=http://acme.org/fhir/1/2', match('url', uri('above', 'http://acme.org/fhir/1/2'))],
]);

const near = (kilometres: number, latitude = 31.2, longitude = 121.4): Filter => {
  return match('near', { kind: 'near', latitude, longitude, kilometres });
};
table('near', [
  ['Location?near=31.2|121.4|5|km', near(5)],
  ['Location?near=31.2|121.4|500|m', near(0.5)],
  ['Location?near=31.2|121.4|5', near(5)],
  ['Location?near=31.2|121.4', near(10)],
  ['Location?near=-83.69|-42.25|11.2|km', near(11.2, -83.69, -42.25)],
  ['Location?near=31.2|121.4|1,31.2|121.4|2', or(near(1), near(2))],
]);

const list: Filter = { op: 'lookup', set: { by: 'list', id: '42' } };
table('what every type has', [
  ['Patient?_list=42', list],
  ['Patient?_list=42,43', or(list, { op: 'lookup', set: { by: 'list', id: '43' } })],
  ['Observation?patient._list=42', { op: 'chain', param: 'patient', types: ['Patient'], where: list }],
  ['Condition?_text=bone', { op: 'words', of: 'text', words: ['bone'] }],
  ['Condition?_content=bone', { op: 'words', of: 'content', words: ['bone'] }],
  ['Patient?_contained=false&_containedType=container', { op: 'all' }],
]);

t.test('OR lists of date ranges are alternatives', async (t) => {
  const from = Date.parse('2025-01-01T00:00:00+08:00');
  const year = Date.parse('2020-01-01T00:00:00+08:00');
  const date = (bound: 'low' | 'high', op: '>=' | '>' | '<', value: number) =>
    match('date', { kind: 'date', where: [{ bound, op, value }] });
  t.strictSame(
    query('Observation?date=ge2025-01-01,lt2020').where,
    or(date('low', '>=', from), date('high', '>', from + 86_400_000), date('low', '<', year)),
  );
});

t.test('names are found by their sound and by pinyin where a parameter says so', async (t) => {
  const [phonetic] = [query('Patient?phonetic=张三').where];
  const also = query('Patient?phonetic=zhangsan').where;
  const keys = (where: Filter) => (where.op === 'or' ? where.of : [where]).map((f) => JSON.stringify(f));
  t.ok(
    keys(phonetic).some((key) => keys(also).includes(key)),
    'Chinese and Latin letters have a key in common',
  );
  t.match(phonetic.op === 'or' ? phonetic.of[0] : phonetic, {
    op: 'match',
    param: 'phonetic',
    test: { kind: 'string', how: 'starts' },
  });
});

table('string and uri', [
  ['Patient?address=Müller', starts('address', 'muller')],
  ['Patient?address=eve', starts('address', 'eve')],
  ['Patient?name=张', or(starts('name', '张'), starts('name:pinyin', '张'))],
  ['Patient?name=买提·艾', or(starts('name', '买提·艾'), starts('name', '买提艾'), starts('name:pinyin', '买提艾'))],
  ['Patient?name=x1', starts('name', 'x1')],
  [
    'Patient?name:contains=张 三',
    or(
      match('name', { kind: 'string', how: 'contains', value: '张 三' }),
      match('name', { kind: 'string', how: 'contains', value: '张三' }),
      match('name:pinyin', { kind: 'string', how: 'contains', value: '张三' }),
    ),
  ],
  [
    'Patient?name:contains=Ann Li',
    or(
      match('name', { kind: 'string', how: 'contains', value: 'ann li' }),
      match('name', { kind: 'string', how: 'contains', value: 'annli' }),
      match('name:pinyin', { kind: 'string', how: 'contains', value: 'annli' }),
    ),
  ],
  ['Patient?address:contains=上 海', match('address', { kind: 'string', how: 'contains', value: '上 海' })],
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
  ['Patient?_id=1,2', { op: 'id', ids: ['1', '2'] }],
  ['Patient?_id:not=1', not({ op: 'id', ids: ['1'] })],
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

const reach = (param: string, types: readonly string[], where: Filter): Filter => ({
  op: 'chain',
  param,
  types,
  where,
});
const has = (type: string, param: string, where: Filter): Filter => ({ op: 'has', type, param, where });
const user = match('agent', { kind: 'reference', id: 'x' });
table('chains and _has in each other', [
  [
    'Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=x',
    has('Observation', 'patient', has('AuditEvent', 'entity', user)),
  ],
  [
    'Patient?general-practitioner:Practitioner._has:AuditEvent:entity:agent=x',
    reach('general-practitioner', ['Practitioner'], has('AuditEvent', 'entity', user)),
  ],
  [
    'Patient?link:Patient.link:Patient.link:Patient.link:Patient.link:Patient._id=1',
    ['link', 'link', 'link', 'link', 'link'].reduce<Filter>((where, link) => reach(link, ['Patient'], where), {
      op: 'id',
      ids: ['1'],
    }),
  ],
]);

t.test('a chain over any types does not grow beyond what it asks', async (t) => {
  const targets = 'target.'.repeat(9);
  const read = query(`Provenance?${targets}_id=1`);
  t.ok(JSON.stringify(read.where).length < 100_000, 'the types that read the same share a branch');
  const { issues } = failure(`Task?${'based-on.'.repeat(9)}identifier=a`);
  t.match(issues[0].text, /at most 2000 /, 'here each link multiplies what follows');
  t.ok(query(`${[...options.definitions.resourceTypes].join(',')}?_tag=${many(1000)}`), 'every type shares _tag');
});

t.test('what a definition limits is refused', async (t) => {
  const definitions = loadDefinitions();
  const own = (code: string, more: Partial<SearchParameter>): CustomParameter => {
    const shape = { code, url: `http://s/${code}`, usage: 'normal', targets: [], components: [] } as const;
    const parameter = { ...shape, type: 'date', expression: 'Patient.birthDate', ...more } as SearchParameter;
    return { parameter, base: ['Patient'], progress: undefined };
  };
  const link = { type: 'reference', expression: 'Patient.link.other', targets: ['Patient'] } as const;
  definitions.define(
    [
      own('born', { limits: { comparators: ['ge', 'lt'], multipleOr: false, multipleAnd: false, modifiers: [] } }),
      own('relative', { ...link, limits: { chain: ['name'], modifiers: ['missing', 'type'] } }),
      { ...own('coming', {}), progress: 40 },
    ],
    1,
  );
  t.ok(query('Patient?born=ge2025', { definitions }));
  t.ok(query('Patient?relative.name=x&relative:Patient=1', { definitions }));
  const bad: [string, string, RegExp][] = [
    ['Patient?born=gt2025', 'bad-parameter-value', /no prefix but ge lt \(character 1\)/],
    ['Patient?born=2025,2026', 'bad-parameter-value', /no list/],
    ['Patient?born=ge2025&born=lt2026', 'bad-parameter-value', /once/],
    ['Patient?born:missing=true', 'unknown-modifier', /none/],
    ['Patient?relative:identifier=1', 'unknown-modifier', /missing, Patient/],
    ['Patient?relative.gender=male', 'unknown-parameter', /"gender".*relative.*name/],
    ['Patient?coming=2025', 'parameter-not-ready', /"coming" of Patient .*40 %/],
  ];
  for (const [search, code, text] of bad) {
    const parsed = parse(search, { definitions });
    if (!(parsed instanceof Failure)) throw new Error(`${search} was read`);
    t.equal(parsed.issues[0].code, code, search);
    t.match(parsed.issues[0].text, text);
  }
});

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

t.test('wildcards are the includes that they stand for', async (t) => {
  const wild = (search: string) => query(search).includes;
  const params = (search: string) => wild(search).map((i) => `${i.type}:${i.param}`);
  const ofPatient = ['Patient:general-practitioner', 'Patient:link', 'Patient:organization'];
  t.strictSame(params('Patient?_include=*').sort(), ofPatient);
  t.strictSame(params('Patient?_include=Patient:*').sort(), ofPatient);
  t.strictSame(params('Patient?_include=Patient:*:Organization').sort(), [
    'Patient:general-practitioner',
    'Patient:organization',
  ]);
  t.ok(wild('Patient?_include=Patient:*:Organization').every((i) => i.targets.join() === 'Organization'));
  const back = params('Patient?_revinclude=*');
  t.ok(back.includes('Observation:patient') && back.includes('Provenance:target'));
  t.notOk(back.includes('Observation:encounter'), 'what cannot lead to a Patient');
  t.ok(params('Patient?_revinclude=Observation:*').every((p) => p.startsWith('Observation:')));
  const iterated = wild('Patient?_include:iterate=*');
  t.ok(iterated.every((i) => i.iterate) && iterated.some((i) => i.type === 'Encounter'), 'those of every type');
});

t.test('how a search is explained', async (t) => {
  t.equal(query('Patient').explain, false);
  t.equal(query('Patient?_explain=false').explain, false);
  t.equal(query('Patient?_explain=true').explain, true);
});

t.test('every bad value of a list is told, with its place', async (t) => {
  const { issues } = failure('Patient?birthdate=x,2025,2024-02-30');
  t.equal(issues.length, 2);
  t.match(issues[0].text, /"x".*\(value 1 of 3, character 1\)/);
  t.match(issues[1]?.text, /"2024-02-30".*\(value 3 of 3, character 9\)/);
  t.equal(failure(`Patient?birthdate=${many(1000)}`).issues.length, 101, 'and no more than an answer holds');
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
    ['Patient?name:fuzzy=x', 'unknown-modifier', /"fuzzy" of parameter "name".* missing, exact, contains/],
    ['Patient?birthdate:exact=2025', 'unknown-modifier', /"birthdate"/],
    ['Patient?_id:missing=true', 'unknown-modifier', /"_id/],
    ['Observation?subject:Organization=1', 'unknown-modifier', /Organization.*Patient/],
    ['Patient?name:text=x', 'unknown-modifier', /"text"/],
    ['Patient?gender:of-type=a|b|c', 'unknown-modifier', /"of-type"/],
    ['Location?near:missing=true', 'unknown-modifier', /"near".*none/],
    ['Observation?code-value-quantity:missing=true', 'unknown-modifier', /"code-value-quantity".*none/],
    ['Patient?phonetic:exact=x', 'unknown-modifier', /"exact".*missing/],
    ['Patient?identifier:of-type=a|b', 'bad-parameter-value', /system\|code\|value/],
    ['Patient?identifier:of-type=a||b', 'bad-parameter-value', /system\|code\|value/],
    ['Condition?code:in=v', 'bad-parameter-value', /URL of a ValueSet/],
    ['Condition?code:below=s|', 'bad-parameter-value', /expected system\|code, since .* below a code/],
    ['Condition?code:above=|a', 'bad-parameter-value', /expected system\|code, since .* above a code/],
    ['Condition?code:below=126851005', 'bad-parameter-value', /expected system\|code/],
    ['DocumentReference?contenttype:below=text', 'bad-parameter-value', /expected system\|code/],
    ['Provenance?target.code:above=Location/1', 'bad-parameter-value', /expected system\|code/],
    ['Patient?telecom=phone|1', 'bad-parameter-value', /"phone\|1".*without \|.*\(character 6\)/],
    ['Patient?active=|true', 'bad-parameter-value', /without \|.*\(character 1\)/],
    ['Patient?active=http://hl7.org/fhir/special-values|sufficient', 'bad-parameter-value', /without \|/],
    ['ValueSet?version=x|1', 'bad-parameter-value', /without \|/],
    ['Observation?code=xx\\xx', 'bad-parameter-value', /"xx\\xx".*, \$ \| \\ after a backslash \(character 3\)/],
    ['Patient?name=a,b\\', 'bad-parameter-value', /after a backslash \(value 2 of 2, character 2\)/],
    ['Patient?_text=a\\b', 'bad-parameter-value', /after a backslash \(character 2\)/],
    ['Observation?subject:below=1', 'bad-parameter-value', /expected Type\/id/],
    ['Observation?subject:below=http://o.example/Patient/1', 'bad-parameter-value', /expected Type\/id/],
    ['QuestionnaireResponse?questionnaire:above=http://q|1', 'bad-parameter-value', /expected id or Type\/id/],
    ['ValueSet?url:below=urn:oid:1.2', 'bad-parameter-value', /a URN has nothing/],
    [
      `ValueSet?url:above=http://a/${'b/'.repeat(600)}`,
      'bad-parameter-value',
      /at most 1000 characters \(limit search-uri-length\)/,
    ],
    ['Location?near=91|0', 'bad-parameter-value', /latitude from -90 to 90.*character 1\)/],
    ['Location?near=31|-181', 'bad-parameter-value', /longitude from -180 to 180.*character 4\)/],
    ['Location?near=31|121|x', 'bad-parameter-value', /distance of 0 or more.*character 8\)/],
    ['Location?near=31|121|-1|km', 'bad-parameter-value', /distance of 0 or more/],
    ['Location?near=31|121|1|kg', 'bad-parameter-value', /unit of length.*character 10\)/],
    ['Location?near=31', 'bad-parameter-value', /latitude\|longitude\|distance\|units/],
    ['Observation?value-quantity=1,2|a|b,3|http://unitsofmeasure.org|?|', 'bad-parameter-value', /value 3 of 3/],
    ['Patient?_list=$current-problems', 'unsupported-search', /"\$current-problems".*functional/],
    ['Patient?_list=a_b', 'bad-parameter-value', /id of a List/],
    ['Patient?_query=q', 'unsupported-search', /"q" of parameter "_query".*no named query/],
    ['Patient?_text=', 'bad-parameter-value', /_text/],
    ['Patient?_text:contains=a', 'unknown-modifier', /"contains"/],
    ['Patient?_contained=all', 'bad-parameter-value', /'false', 'true', 'both'/],
    ['Patient?_containedType=all', 'bad-parameter-value', /'container', 'contained'/],
    ['Patient?_explain=yes', 'bad-parameter-value', /'true', 'false'/],
    ['Patient?birthdate=2025-13', 'bad-parameter-value', /"2025-13" of parameter "birthdate".*\(character 7\)/],
    ['Patient?birthdate=gt2025-02-30', 'bad-parameter-value', /\(character 11\)/],
    ['Patient?birthdate=2024,2025-13', 'bad-parameter-value', /\(value 2 of 2, character 7\)/],
    ['RiskAssessment?probability=gt0.8x', 'bad-parameter-value', /\(character 6\)/],
    ['Observation?subject:Patient.birthdate=x', 'bad-parameter-value', /"subject:Patient.birthdate"/],
    ['Patient?_has:Observation:patient:date=x', 'bad-parameter-value', /"_has:Observation:patient:date"/],
    ['Observation?subject:Organization.name=x', 'unknown-modifier', /"Organization".*"subject".*Patient/],
    ['Patient?birthdate=gx2025', 'bad-parameter-value', /\(character 1\)/],
    ['Patient?birthdate=2025-02-30', 'bad-parameter-value', /"2025-02-30" of parameter "birthdate"/],
    ['Patient?birthdate=gr2025', 'bad-parameter-value', /eq ne gt/],
    ['Patient?birthdate=', 'bad-parameter-value', /birthdate/],
    ['Patient?name=', 'bad-parameter-value', /some text/],
    ['Patient?name=a,,b', 'bad-parameter-value', /name/],
    ['Patient?gender=|', 'bad-parameter-value', /system\|code/],
    ['Patient?identifier=a|b|c', 'bad-parameter-value', /identifier/],
    ['RiskAssessment?probability=x', 'bad-parameter-value', /probability/],
    ['Observation?value-quantity=5|s|mg|', 'bad-parameter-value', /number\|\|unit.*\(character 7\)/],
    ['Observation?value-quantity=5|||', 'bad-parameter-value', /number\|\|unit.*\(character 4\)/],
    ['Observation?code-value-quantity=a$1|s||', 'bad-parameter-value', /\(character 7\)/],
    ['Observation?subject:Patient._has:Observation:patient:value-quantity=1|s|c|', 'bad-parameter-value', /unit/],
    ['Observation?code-value-quantity=a', 'bad-parameter-value', /\$/],
    ['Observation?code-value-quantity=a$x', 'bad-parameter-value', /code-value-quantity/],
    ['Observation?subject=a b', 'bad-parameter-value', /Type\/id/],
    ['Observation?subject:Patient=Group/1', 'bad-parameter-value', /Patient\/id/],
    ['Patient?active:missing=maybe', 'bad-parameter-value', /true or false/],
    ['Patient?_id=a_b', 'bad-parameter-value', /_id/],
    ['Patient?_lastUpdated=yesterday', 'bad-parameter-value', /_lastUpdated/],
    ['Patient?_count=-1', 'bad-parameter-value', /_count/],
    ['Patient?_count=x', 'bad-parameter-value', /_count/],
    ['Patient?_count=1.5', 'bad-parameter-value', /_count/],
    ['Patient?_count=+5', 'bad-parameter-value', /_count/],
    ['Patient?_count=1e3', 'bad-parameter-value', /_count/],
    ['Patient?_count=１', 'bad-parameter-value', /_count/],
    ['RiskAssessment?probability=1e400', 'bad-parameter-value', /probability/],
    ['RiskAssessment?probability=1e-400', 'bad-parameter-value', /probability/],
    ['RiskAssessment?probability=5.', 'bad-parameter-value', /probability/],
    ['RiskAssessment?probability=ge', 'bad-parameter-value', /probability/],
    ['Location?near=1e1000|0', 'bad-parameter-value', /latitude/],
    ['Location?near=0|0|1e400', 'bad-parameter-value', /distance/],
    ['Patient?_count=5&_count=6', 'bad-parameter-value', /once/],
    ['Patient?_sort=_id&_sort=name', 'bad-parameter-value', /once/],
    ['Patient?_sort=name,-name', 'bad-parameter-value', /"name" once/],
    ['Patient?_sort=name,', 'unknown-parameter', /value 2/],
    ['Patient?_summary=text&_include=Patient:link', 'bad-parameter-value', /without _include/],
    ['Location?_sort=near', 'unknown-parameter', /_sort=near/],
    ['Patient?_total=some', 'bad-parameter-value', /_total/],
    ['Patient?_sort=foo', 'unknown-parameter', /_sort=foo/],
    ['Observation?_sort=code-value-quantity', 'unknown-parameter', /_sort=code-value-quantity/],
    ['Patient?_include=Patient:name', 'bad-parameter-value', /Type:reference-parameter/],
    ['Patient?_include=*:*:Patient:x', 'bad-parameter-value', /_include/],
    ['Patient?_include=*:link', 'bad-parameter-value', /_include/],
    ['Patient?_include=Nothing:*', 'bad-parameter-value', /_include/],
    ['Patient?_include=Observation:*', 'bad-parameter-value', /from Patient/],
    ['Patient?_revinclude=Location:*', 'bad-parameter-value', /to Patient/],
    ['Patient?_include=Observation:subject', 'bad-parameter-value', /from Patient/],
    ['Patient?_include=Patient:organization:Group', 'bad-parameter-value', /Organization/],
    ['Patient?_revinclude=Observation:encounter', 'bad-parameter-value', /to Patient/],
    ['Patient?_include:recurse=Patient:link', 'unknown-modifier', /iterate/],
    ['Observation?code.text=x', 'unknown-parameter', /"code"/],
    ['Observation?subject.foo=x', 'unknown-parameter', /"foo".*Patient/],
    ['Patient?_has:Observation:encounter:code=x', 'unknown-parameter', /leads to Patient/],
    ['Patient?_has:Observation:patient:foo=x', 'unknown-parameter', /"foo" is not defined for Observation/],
    [`Patient?${'link.'.repeat(11)}name=x`, 'too-costly', /has 11 links; expected at most 10 links/],
    [`Patient?${'link.'.repeat(1000)}name=x`, 'too-costly', /has 5004 characters; expected at most 1000 characters/],
    [`Patient?name=${','.repeat(10_000)}`, 'too-costly', /more values; expected at most 1000 values/],
    [`Patient?name=${'x'.repeat(4_001)}`, 'too-costly', /has 4001 characters; expected at most 4000 characters/],
    [`Patient?_id=${Array(1001).fill('1').join(',')}`, 'too-costly', /"_id" has more values; expected at most 1000/],
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
    ['AdverseEvent?substance.manufacturer:fuzzy=x', 'unknown-modifier', /fuzzy/],
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

t.test('lenient handling passes over unknown and empty parameters, never over bad values or modifiers', async (t) => {
  t.strictSame(query('Patient?foo=1&link.foo=2', { lenient: true }).ignored, ['foo', 'link.foo']);
  const empty = query('Patient?gender=&name=x1&_sort=&foo=', { lenient: true });
  t.strictSame(empty.ignored, ['gender', '_sort', 'foo']);
  t.strictSame(empty.where, starts('name', 'x1'));
  for (const search of ['Patient?birthdate=x', 'Patient?name:foo=x']) {
    t.ok(parse(search, { lenient: true }) instanceof Failure, search);
  }
});
