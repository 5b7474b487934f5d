import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { Failure } from '#errors';
import { indexer } from '#search/extract/extract.ts';
import { containedMatches } from '#search/match/contained.ts';
import { matches } from '#search/match/matches.ts';
import { containedParam } from '#search/model/entry.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import type { Query } from '#search/model/query.ts';
import { parseSearch } from '#search/parse.ts';
import { restrict } from '#search/plan.ts';
import { definitions } from '../extract/entries.ts';

/** R4 search.html#contained. */

const zone = { timeZone: 'Asia/Shanghai', baseUrl: 'https://h.example/fhir' };
const index = indexer(definitions, zone);

function parse(search: string) {
  const [types = '', query = ''] = search.split('?', 2);
  const pairs = query.split('&').map((p): [string, string] => {
    const [name = '', value = ''] = p.split(/=(.*)/s);
    return [name, value];
  });
  const limits = { lenient: false, defaultCount: 20, maxCount: 100, maxIncludes: 1000 };
  return parseSearch(types.split(','), pairs, { definitions, ...zone, ...limits });
}

function query(search: string): Query {
  const parsed = parse(search);
  if (parsed instanceof Failure) throw new Error(parsed.issues.map((i) => i.text).join(' '));
  return parsed;
}

const medication = (id: string, code: string, more: object = {}) => {
  return { resourceType: 'Medication', id, code: { coding: [{ system: 'http://m', code }] }, ...more };
};
const request = (id: string, ...contained: object[]) =>
  ({ resourceType: 'MedicationRequest', id, status: 'active', contained }) as unknown as Resource;

const two = request('two', medication('m1', 'a'), medication('m2', 'b', { status: 'active' }));

t.test('the entries of contained resources are those of their container', async (t) => {
  const doctor = {
    resourceType: 'Practitioner',
    id: 'd',
    name: [{ text: '张三' }],
    identifier: [{ value: '1', type: { text: 'Card', coding: [{ system: 't', code: 'MD' }] } }],
  };
  const { entries, patients } = index({
    ...request(
      '1',
      medication('m', 'a'),
      doctor,
      { resourceType: 'Nothing', id: 'n' },
      {
        resourceType: 'Observation',
        id: 'o',
        subject: { identifier: { system: 's', value: '7' }, type: 'Patient' },
        performer: [{ reference: 'Patient/p' }],
        code: { coding: [{ code: 'c' }] },
        valueQuantity: { value: 1 },
        component: [{ code: { coding: [{ code: 'd' }] }, valueQuantity: { value: 2 } }],
      },
    ),
    text: { status: 'generated', div: '<div>x</div>' },
  } as Resource);
  const inside = entries.filter((e) => e.param.startsWith('contained:'));
  const of = (type: string, param: string) =>
    inside.filter((e) => e.param === containedParam(type, param)).map(({ param: _, ...rest }) => rest);
  const token = (pos: number, system: string, code: string) => ({ kind: 'token', system, code, pos });
  const text = (pos: number, value: string, exact = value) => ({ kind: 'string', value, exact, pos });
  const rows: [type: string, param: string, expected: object[]][] = [
    ['Medication', '_id', [token(0, '', 'm')]],
    ['Medication', 'code', [token(0, 'http://m', 'a')]],
    ['Practitioner', '_id', [token(1, '', 'd')]],
    ['Practitioner', 'name', [text(1, '张三')]],
    ['Practitioner', 'name:pinyin', ['zhangsan', 'zs', 'san', 'sanzhang', '张三', '三张'].map((v) => text(1, v))],
    ['Practitioner', 'identifier:text', [text(1, 'card', 'Card')]],
    ['Practitioner', 'identifier:of-type', [token(1, 't|MD', '1')]],
    ['Observation', '_id', [token(3, '', 'o')]],
    ['Observation', 'subject:identifier', [token(3, 's', '7')]],
    [
      'Observation',
      'patient',
      [{ kind: 'logical', system: 's', value: '7', types: ['Patient'], inCompartment: false, pos: 3 }],
    ],
    ['Observation', 'performer', [{ kind: 'reference', type: 'Patient', id: 'p', pos: 3 }]],
    ['Nothing', '_id', []],
  ];
  for (const [type, param, expected] of rows) t.strictSame(of(type, param), expected, `${type} ${param}`);
  t.notOk(
    inside.some((e) => /\.\d+$/.test(e.param)),
    'no components of composites',
  );
  t.strictSame(patients, [], 'what is contained is in no compartment');
});

const { id: _, ...medicationWithout } = medication('m', 'a');

t.test('what holds no resources has no such entries', async (t) => {
  for (const contained of [undefined, [], 'x', [null], [{}], [{ resourceType: 1, id: 'a' }], [medicationWithout]]) {
    const { entries } = index({ ...request('1'), contained } as unknown as Resource);
    t.notOk(entries.some((e) => e.param.startsWith('contained:')));
  }
});

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const code = (value: string): Filter => match('code', { kind: 'token', code: value });
const contained = (where: Filter, type = 'Medication'): Filter => ({ op: 'contained', type, where });
const id = (value: string): Filter => match('_id', { kind: 'token', code: value });

t.test('how a search is read', async (t) => {
  const both = (where: Filter): Filter => {
    const alone: Filter = where.op === 'all' ? { op: 'type', types: ['Medication'] } : medicationAnd(where);
    return { op: 'or', of: [alone, contained(where)] };
  };
  const medicationAnd = (where: Filter): Filter => ({ op: 'and', of: [{ op: 'type', types: ['Medication'] }, where] });
  const rows: [search: string, expected: Filter][] = [
    ['Medication?code=a&_contained=true', contained(code('a'))],
    ['Medication?_contained=true&code=a', contained(code('a'))],
    ['Medication?_contained=true', contained({ op: 'all' })],
    ['Medication?_contained=both&code=a', both(code('a'))],
    ['Medication?_contained=both', both({ op: 'all' })],
    ['Medication?_id=m1,m2&_contained=true', contained({ op: 'or', of: [id('m1'), id('m2')] })],
    ['Medication?_id:not=m1&_contained=true', contained({ op: 'not', of: id('m1') })],
    ['Medication?code:missing=true&_contained=true', contained({ op: 'not', of: { op: 'present', param: 'code' } })],
    [
      'Medication?code:in=http://v&_contained=true',
      contained({ op: 'lookup', set: { by: 'valueSet', param: 'code', url: 'http://v' } }),
    ],
    ['Medication?_filter=code eq a or code eq b&_contained=true', contained({ op: 'or', of: [code('a'), code('b')] })],
    [
      'Medication,Condition?code=a&_contained=true',
      { op: 'or', of: [contained(code('a')), contained(code('a'), 'Condition')] },
    ],
    [
      'Patient,Organization?name=x1&_contained=true',
      {
        op: 'or',
        of: ['Patient', 'Organization'].map((type) =>
          contained(match('name', { kind: 'string', how: 'starts', value: 'x1' }), type),
        ),
      },
    ],
  ];
  for (const [search, expected] of rows) t.strictSame(query(search).where, expected, search);
});

const leads = (param: string): Filter => match(`:${param}`, { kind: 'token', system: '', code: param });
const both = (...of: Filter[]): Filter => ({ op: 'and', of });

t.test('a chain asks the same of what the resource contains and refers to', async (t) => {
  const chain = (param: string, types: string[], where: Filter): Filter => ({ op: 'chain', param, types, where });
  const rows: [search: string, expected: Filter][] = [
    [
      'MedicationRequest?medication.code=a',
      {
        op: 'or',
        of: [chain('medication', ['Medication'], code('a')), contained(both(leads('medication'), code('a')))],
      },
    ],
    [
      'MedicationRequest?medication.code:not=a',
      {
        op: 'or',
        of: [
          chain('medication', ['Medication'], { op: 'not', of: code('a') }),
          contained(both(leads('medication'), { op: 'not', of: code('a') })),
        ],
      },
    ],
    // The id of a contained resource has no meaning outside, and its time, words and references do not stand with it.
    ...['_id=1', '_lastUpdated=2025', '_text=x', '_list=1', 'manufacturer:Organization._id=1'].map(
      (rest): [string, Filter] => {
        const { where } = query(`Medication?${rest}`);
        return [`MedicationRequest?medication.${rest}`, chain('medication', ['Medication'], where)];
      },
    ),
  ];
  for (const [search, expected] of rows) t.strictSame(query(search).where, expected, search);
  const deep = query('MedicationDispense?prescription.medication.code=a').where;
  t.equal(deep.op, 'chain', 'only the last link leads to what is contained');
});

t.test('what a chain asks of contained resources does not count against what a search may say', async (t) => {
  const codes = Array.from({ length: 999 }, (_, i) => `c${i}`).join(',');
  t.ok(query(`MedicationRequest?medication.code=${codes}&medication.code=${codes.replaceAll('c', 'd')}`));
});

t.test('a chain finds what refers to its contained resource with that parameter', async (t) => {
  const rows: [search: string, found: boolean][] = [
    ['MedicationRequest?medication.code=a', true],
    ['MedicationRequest?medication.code=b', false],
    ['MedicationRequest?medication.status=active', false],
    ['MedicationRequest?medication.code:not=a', false],
    ['MedicationRequest?requester.name=x1', true],
    ['MedicationRequest?requester:Practitioner.name=x1', true],
    ['MedicationRequest?requester:PractitionerRole.active=true', false],
    ['MedicationRequest?intended-performer.name=x1', false],
  ];
  const resource = {
    ...request('1', medication('m1', 'a'), medication('m2', 'b', { status: 'active' }), {
      resourceType: 'Practitioner',
      id: 'p',
      name: [{ text: 'x1' }],
    }),
    medicationReference: { reference: '#m1' },
    requester: { reference: '#p' },
  } as Resource;
  const { entries } = index(resource);
  const candidate = { type: 'MedicationRequest', id: '1', entries };
  for (const [search, found] of rows) t.equal(matches(query(search).where, candidate), found, search);
});

t.test('what is found are containers', async (t) => {
  const only = query('Binary?_id=1&_contained=true');
  t.ok(only.types.includes('MedicationRequest'));
  for (const type of ['Bundle', 'Binary', 'Parameters']) t.notOk(only.types.includes(type), `${type} contains nothing`);
  t.ok(query('Binary?_id=1&_contained=both').types.includes('Binary'));
  const shown: [search: string, expected: Query['contained']][] = [
    ['Medication?_contained=true', 'container'],
    ['Medication?_contained=true&_containedType=contained', 'contained'],
    ['Medication?_contained=both&_containedType=container', 'container'],
    ['Medication?_contained=false&_containedType=contained', undefined],
    ['Medication?_containedType=contained', undefined],
  ];
  for (const [search, expected] of shown) t.equal(query(search).contained, expected, search);
});

t.test('what a contained resource does not tell is refused by name', async (t) => {
  const rows: [search: string, ...refused: RegExp[]][] = [
    ['Medication?manufacturer.name=x', /"x" of parameter "manufacturer.name".*_contained=true/],
    ['Medication?_has:MedicationRequest:medication:status=active', /"_has:MedicationRequest:medication:status"/],
    ['Medication?_lastUpdated=2025&code=a', /"2025" of parameter "_lastUpdated"/],
    ['Medication?_text=x&_content=y', /"_text"/, /"_content"/],
    ['Medication?_list=1', /"_list"/],
    ['Observation?code-value-quantity=a$1', /"code-value-quantity"/],
    ['Medication?_filter=manufacturer.name eq x', /"_filter"/],
    ['Medication?_sort=-code,_id', /"code" of parameter "_sort"/],
    ['Medication?_include=Medication:manufacturer', /"Medication:manufacturer" of parameter "_include"/],
  ];
  for (const [search, ...refused] of rows) {
    const failure = parse(`${search}&_contained=true`);
    const issues = failure instanceof Failure ? failure.issues : [];
    t.strictSame([...new Set(issues.map((i) => i.code))], ['unsupported-search'], search);
    t.equal(issues.length, refused.length, search);
    for (const [i, text] of refused.entries()) t.match(issues[i]?.text, text);
    t.ok(query(search), 'and read without _contained');
  }
  t.ok(query('Medication?_contained=true&_sort=-_lastUpdated,_id'));
});

t.test('one contained resource has to pass all', async (t) => {
  const rows: [search: string, found: boolean][] = [
    ['code=a', true],
    ['code=c', false],
    ['code=b&status=active', true],
    ['code=a&status=active', false],
    ['code=a&status:missing=true', true],
    ['code:not=a', true],
    ['code:not=a,b', false],
    ['_id=m2&code=b', true],
    ['_id=m2&code=a', false],
    ['_id=two', false],
    ['status=active,inactive', true],
  ];
  for (const [search, found] of rows) {
    const { where } = query(`Medication?${search}&_contained=true`);
    t.equal(matches(where, { type: 'MedicationRequest', id: 'two', entries: index(two).entries }), found, search);
  }
  const other = query('Practitioner?_contained=true').where;
  t.equal(matches(other, { type: 'MedicationRequest', id: 'two', entries: index(two).entries }), false);
});

t.test('rights hold for the container', async (t) => {
  const rights: Filter = { op: 'type', types: ['Patient'] };
  t.strictSame(restrict(contained(code('a')), rights), contained(code('a')));
  t.strictSame(restrict(contained({ op: 'none' }), rights), { op: 'none' });
  t.strictSame(restrict(contained({ op: 'not', of: { op: 'not', of: code('a') } }), rights), contained(code('a')));
});

t.test('_containedType=contained shows what was found', async (t) => {
  const alone = medication('alone', 'a') as Resource;
  const rows: [search: string, resource: Resource, itself: boolean, contained: string[]][] = [
    ['Medication?code=a&_contained=true', two, false, ['m1']],
    ['Medication?_contained=true', two, false, ['m1', 'm2']],
    ['Medication?code=a,b&_contained=true', two, false, ['m1', 'm2']],
    ['Medication?code=a&_contained=both', two, false, ['m1']],
    ['Medication?code=a&_contained=both', alone, true, []],
    ['MedicationRequest?_contained=both', two, true, []],
    ['Medication,MedicationRequest?_contained=both', two, true, ['m1', 'm2']],
    ['Medication,Patient?_id=m2&_contained=true', two, false, ['m2']],
  ];
  for (const [search, resource, itself, ids] of rows) {
    const found = containedMatches(query(search).where, resource, index);
    t.strictSame({ ...found, contained: found.contained.map((r) => r.id) }, { itself, contained: ids }, search);
  }
});
