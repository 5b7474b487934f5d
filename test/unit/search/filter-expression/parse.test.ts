import t from 'tap';
import { Failure } from '#errors';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import { parseSearch, type SearchOptions } from '#search/parse.ts';
import { chainsAlone } from '../chains.ts';

const options: SearchOptions = {
  definitions: loadDefinitions(),
  timeZone: 'Asia/Shanghai',
  baseUrl: 'https://h.example/fhir',
  lenient: false,
  defaultCount: 20,
  maxCount: 100,
  maxIncludes: 1000,
  now: Date.parse('2025-06-01T00:00:00+08:00'),
};

function parse(types: string, filter: string, lenient = false) {
  return parseSearch(types.split(','), [['_filter', filter]], { ...options, lenient });
}

function where(types: string, filter: string): Filter {
  const parsed = parse(types, filter);
  if (parsed instanceof Failure) throw new Error(parsed.issues.map((i) => i.text).join(' '));
  return chainsAlone(parsed.where);
}

/** What the parameters of a search without `_filter` are read as. */
function searched(types: string, ...pairs: [string, string][]): Filter {
  const parsed = parseSearch(types.split(','), pairs, options);
  if (parsed instanceof Failure) throw new Error(parsed.issues.map((i) => i.text).join(' '));
  return parsed.where;
}

function table(name: string, rows: readonly [type: string, filter: string, expected: Filter][]): void {
  t.test(name, async (t) => {
    for (const [type, filter, expected] of rows) t.strictSame(where(type, filter), expected, filter);
  });
}

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const text = (param: string, how: 'starts' | 'contains' | 'ends' | 'equals', value: string): Filter =>
  match(param, { kind: 'string', how, value });
const and = (...of: Filter[]): Filter => ({ op: 'and', of });
const or = (...of: Filter[]): Filter => ({ op: 'or', of });
const not = (of: Filter): Filter => ({ op: 'not', of });
const chain = (param: string, types: readonly string[], filter: Filter): Filter => {
  return { op: 'chain', param, types, where: filter };
};
const present = (param: string): Filter => ({ op: 'present', param });

const male = match('gender', { kind: 'token', code: 'male' });
const born = searched('Patient', ['birthdate', 'ge2014-10-10']);

/** A Latin word within a name, or at the beginning of its readings and wholes. */
const named = (value: string): Filter => or(text('name', 'contains', value), text('name:pinyin', 'starts', value));

table('the examples of R4', [
  ['Patient', 'name co "pet"', named('pet')],
  ['Patient', 'given eq "peter" and birthdate ge 2014-10-10', and(text('given', 'equals', 'peter'), born)],
  [
    'Observation',
    'code eq http://loinc.org|1234-5',
    match('code', { kind: 'token', system: 'http://loinc.org', code: '1234-5' }),
  ],
  ['Observation', 'subject:Patient.name co "pet"', chain('subject', ['Patient'], named('pet'))],
  [
    'Observation',
    'subject.name co "pet"',
    or(chain('subject', ['Patient'], named('pet')), chain('subject', ['Location'], text('name', 'contains', 'pet'))),
  ],
  [
    'Observation',
    'has-member re Observation/4',
    match('has-member', { kind: 'reference', type: 'Observation', id: '4' }),
  ],
  [
    'Observation',
    'code eq http://loinc.org|1234-5 and subject:Patient.name co "peter"',
    and(
      match('code', { kind: 'token', system: 'http://loinc.org', code: '1234-5' }),
      chain('subject', ['Patient'], named('peter')),
    ),
  ],
]);

const [a, b, c] = ['a', 'b', 'c'].map((code) => match('code', { kind: 'token', code })) as [Filter, Filter, Filter];
table('logic is read from left to right, without precedence', [
  ['Observation', 'code eq a and code eq b or code eq c', or(and(a, b), c)],
  ['Observation', 'code eq a or code eq b and code eq c', and(or(a, b), c)],
  ['Observation', 'code eq a or code eq b or code eq c', or(a, b, c)],
  ['Observation', 'code eq a or (code eq b and code eq c)', or(a, and(b, c))],
  ['Observation', ' ( ( code eq a ) ) ', a],
  ['Observation', 'not (code eq a)', not(a)],
  ['Observation', 'not(code eq a or code eq b)and(code eq c)', and(not(or(a, b)), c)],
  ['Observation', 'not (not (code eq a))', not(not(a))],
]);

const one = searched('RiskAssessment', ['probability', 'gt0.5']);
table('operators', [
  ['Patient', 'gender eq male', male],
  ['Patient', 'gender ne male', and(present('gender'), not(male))],
  ['Patient', 'gender pr true', present('gender')],
  ['Patient', 'gender pr false', not(present('gender'))],
  ['Patient', 'address co "a, b"', text('address', 'contains', 'a, b')],
  ['Patient', 'address sw Shang', text('address', 'starts', 'shang')],
  ['Patient', 'address ew hai', text('address', 'ends', 'hai')],
  ['Patient', 'address eq "back\\\\slash \\"x\\" \\u4e09"', text('address', 'equals', 'back\\slash "x" 三')],
  ['Patient', 'address eq a$b|c', text('address', 'equals', 'a$b|c')],
  ['Patient', 'name sw zhang', or(text('name', 'starts', 'zhang'), text('name:pinyin', 'starts', 'zhang'))],
  ['RiskAssessment', 'probability gt 0.5', one],
  ['RiskAssessment', 'probability ne 0.5', searched('RiskAssessment', ['probability', 'ne0.5'])],
  ['Observation', 'date sa 2025-05', searched('Observation', ['date', 'sa2025-05'])],
  ['Observation', 'date ap 2025-05', searched('Observation', ['date', 'ap2025-05'])],
  [
    'Observation',
    'date co 2025-05',
    match('date', {
      kind: 'date',
      where: [
        { bound: 'low', op: '<=', value: Date.parse('2025-05-01T00:00:00+08:00') },
        { bound: 'high', op: '>=', value: Date.parse('2025-06-01T00:00:00+08:00') },
      ],
    }),
  ],
  [
    'Observation',
    'date po 2025-05',
    match('date', {
      kind: 'date',
      where: [
        { bound: 'low', op: '<', value: Date.parse('2025-06-01T00:00:00+08:00') },
        { bound: 'high', op: '>', value: Date.parse('2025-05-01T00:00:00+08:00') },
      ],
    }),
  ],
  [
    'Observation',
    'value-quantity le 5.4|http://unitsofmeasure.org|mg',
    searched('Observation', ['value-quantity', 'le5.4|http://unitsofmeasure.org|mg']),
  ],
  ['Observation', 'code in http://v', { op: 'lookup', set: { by: 'valueSet', param: 'code', url: 'http://v' } }],
  [
    'Observation',
    'code ni ValueSet/1',
    not({ op: 'lookup', set: { by: 'valueSet', param: 'code', url: 'ValueSet/1' } }),
  ],
  [
    'Observation',
    'code ss s|a',
    { op: 'lookup', set: { by: 'code', param: 'code', how: 'below', system: 's', code: 'a' } },
  ],
  [
    'Observation',
    'code sb loinc|a',
    { op: 'lookup', set: { by: 'code', param: 'code', how: 'above', system: 'http://loinc.org', code: 'a' } },
  ],
  ['Observation', 'code eq snomed|1', match('code', { kind: 'token', system: 'http://snomed.info/sct', code: '1' })],
  ['Observation', 'code eq ucum', match('code', { kind: 'token', code: 'ucum' })],
  ['Observation', 'patient eq 1', match('patient', { kind: 'reference', type: 'Patient', id: '1' })],
  ['ValueSet', 'url eq http://v', match('url', { kind: 'uri', how: 'equals', value: 'http://v' })],
  ['Observation', 'code-value-quantity eq a$gt5', searched('Observation', ['code-value-quantity', 'a$gt5'])],
  ['Location', 'near eq 31.2|121.4|5', searched('Location', ['near', '31.2|121.4|5'])],
  ['Patient', '_id eq 1', { op: 'id', ids: ['1'] }],
  ['Patient', '_id ne 1', not({ op: 'id', ids: ['1'] })],
  ['Patient', '_lastUpdated ge 2025-05', searched('Patient', ['_lastUpdated', 'ge2025-05'])],
  ['Patient', '_list eq 42', { op: 'lookup', set: { by: 'list', id: '42' } }],
  ['Patient', '_text co bone', { op: 'words', of: 'text', words: ['bone'] }],
]);

table('paths', [
  [
    'Observation',
    'subject:Patient[gender eq male].birthdate ge 2014-10-10',
    chain('subject', ['Patient'], and(male, born)),
  ],
  ['Observation', 'subject[gender eq male].birthdate ge 2014-10-10', chain('subject', ['Patient'], and(male, born))],
  [
    'Encounter',
    'patient.general-practitioner:Organization[active eq true].name ew x',
    chain(
      'patient',
      ['Patient'],
      chain(
        'general-practitioner',
        ['Organization'],
        and(match('active', { kind: 'token', code: 'true' }), text('name', 'ends', 'x')),
      ),
    ),
  ],
  ['Patient,Practitioner', 'gender eq male', male],
  [
    'Patient,Organization',
    'active eq true and _id eq 1',
    and(match('active', { kind: 'token', code: 'true' }), { op: 'id', ids: ['1'] }),
  ],
]);

t.test('a long filter over every type is read', async (t) => {
  const ids = Array.from({ length: 500 }, (_, i) => String(i));
  const filter = ids.map((id) => `_id eq ${id}`).join(' or ');
  t.strictSame(
    where([...options.definitions.resourceTypes].join(','), filter),
    or(...ids.map((id): Filter => ({ op: 'id', ids: [id] }))),
  );
});

t.test('what cannot be read is refused with its place', async (t) => {
  const bad: [type: string, filter: string, text: RegExp][] = [
    ['Patient', ' ', /name of a search parameter.*\(character 2\)/],
    ['Patient', '(gender eq male', /"\)", and or or \(character 16\)/],
    ['Patient', 'gender eq male)', /and, or, or the end \(character 15\)/],
    ['Patient', 'gender eq male and', /name of a search parameter.*\(character 19\)/],
    ['Patient', 'gender eq male birthdate eq 2014', /and, or, or the end \(character 16\)/],
    ['Patient', 'gender', /a blank and an operator \(character 7\)/],
    ['Patient', 'gender is male', /one of eq, ne, .*\(character 8\)/],
    ['Patient', 'gender eq', /a blank and a value \(character 10\)/],
    ['Patient', 'gender eq )', /a value \(character 11\)/],
    ['Patient', 'name eq "x', /string that ends.*\(character 9\)/],
    ['Patient', 'name eq "\\x"', /string that ends/],
    ['Patient', 'sex eq male', /search parameter of Patient, one of .*gender.*\(character 1\)/],
    ['Patient', 'gender gt male', /one of eq, ne, in, ni, ss, sb, pr for the parameter "gender" \(character 8\)/],
    ['Patient', 'birthdate sw 2014', /one of eq, ne, gt.* co, po, pr for the parameter "birthdate"/],
    ['RiskAssessment', 'probability po 1', /for the parameter "probability"/],
    ['Patient', '_text eq x', /one of co for/],
    ['Patient', 'gender eq male and birthdate eq 2025-13', /a date such as .*\(character 39\)/],
    ['Patient', 'birthdate eq "2025-13"', /\(character 21\)/],
    ['Patient', 'birthdate ge ge2025', /a date such as .*\(character 14\)/],
    ['Patient', 'gender pr maybe', /true or false \(character 11\)/],
    ['Observation', 'code.x eq 1', /a reference before the dot \(character 1\)/],
    ['Observation', 'subject.foo eq 1', /search parameter of .*Patient or Location \(character 9\)/],
    ['Observation', 'subject:Organization.name eq x', /with one of .*Patient.*\(character 1\)/],
    ['Observation', 'subject[name eq x] eq 1', /a dot and a parameter.*\(character 19\)/],
    ['Observation', 'subject[name eq x.birthdate eq 2025', /"\]", and or or/],
    ['Observation', 'value-quantity eq 1|http://s|foo|', /number\|\|unit.*\(character 33\)/],
    ['Observation', `${'('.repeat(40)}code eq a${')'.repeat(40)}`, /at most 30 levels \(limit filter-depth\)/],
    ['Observation', Array(501).fill('code eq a').join(' or '), /at most 500 comparisons \(limit filter-comparisons\)/],
    ['Observation', `code eq "${'a'.repeat(16_000)}"`, /at most 16000 characters \(limit filter-length\); found 16010/],
    ['Patient', `${'link.'.repeat(12)}name eq a`, /at most 10 links \(limit search-chain\)/],
  ];
  for (const [type, filter, expected] of bad) {
    const parsed = parse(type, filter, true);
    if (!(parsed instanceof Failure)) throw new Error(`${filter} was read`);
    t.equal(parsed.issues[0].code, 'bad-parameter-value', filter.slice(0, 60));
    t.match(parsed.issues[0].text, expected);
    t.match(parsed.issues[0].text, /"_filter"/);
  }
  const several = parse('Patient', 'sex eq male and birthdate eq x');
  t.equal(several instanceof Failure && several.issues.length, 2, 'all that is wrong at once');
});
