import { join } from 'node:path';
import t from 'tap';
import { ucumSystem } from '#fhir/values/units.ts';
import { convertedRange, matches, passes } from '#search/match/matches.ts';
import { containedParam, type Entry, type Words } from '#search/model/entry.ts';
import type { Compare, Filter, Test } from '#search/model/filter.ts';
import { nextDown, nextUp, point } from '#search/model/numbers.ts';
import { fold } from '#search/text/fold.ts';
import { type Random, random } from '#seed/random.ts';
import { openFile } from '#test/contract/opened.ts';
import {
  byIdentifier,
  carries,
  commit,
  ids,
  isToken,
  plan,
  put,
  refers,
  token,
  transaction,
} from '../../../contract/build.ts';

interface Candidate {
  readonly type: string;
  readonly id: string;
  readonly lastUpdated?: number;
  readonly entries: readonly Entry[];
  readonly words?: Words;
}
type Quantity = Extract<Entry, { readonly kind: 'quantity' }>;

const text = (param: string, exact: string): Entry => ({ kind: 'string', param, value: fold(exact), exact });
const uri = (param: string, value: string): Entry => ({ kind: 'uri', param, value });
const dates = (low: number, high: number): Entry => ({ kind: 'date', param: 'date', low, high });
const score = (low: number, high: number): Entry => ({ kind: 'number', param: 'score', low, high });
const measured = (param: string, low: number, code: string, more: Partial<Quantity> = {}): Entry => ({
  kind: 'quantity',
  param,
  low,
  high: low + 1,
  system: 'ucum',
  code,
  unit: '',
  ...more,
});

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const not = (of: Filter): Filter => ({ op: 'not', of });
const combined = (op: 'and' | 'or', ...of: readonly Filter[]): Filter => ({ op, of });
const compare = (part: string): Compare => {
  const [bound, op, value] = part.split(' ');
  return { bound, op, value: Number(value) } as Compare;
};
const isText = (how: 'starts' | 'contains' | 'exact', value: string): Filter =>
  match('note', { kind: 'string', how, value });
const isDate = (...parts: readonly string[]): Filter => match('date', { kind: 'date', where: parts.map(compare) });
const isScore = (...parts: readonly string[]): Filter => match('score', { kind: 'number', where: parts.map(compare) });
const isValue = (unit: object, ...parts: readonly string[]): Filter =>
  match('value', { kind: 'quantity', where: parts.map(compare), ...unit });
const isUrl = (how: 'equals' | 'below' | 'above', value: string): Filter => match('url', { kind: 'uri', how, value });
const isTo = (param: string, id: string, more: { readonly type?: string; readonly version?: string } = {}): Filter =>
  match(param, { kind: 'reference', id, ...more });
const pair = (...tests: readonly Test[]): Filter => ({ op: 'tuple', param: 'pair', tests });
const systolic: Test = { kind: 'token', code: 'sys' };
const atLeast = (value: number): Test => ({ kind: 'quantity', where: [{ bound: 'low', op: '>=', value }] });
const since = (op: Compare['op'], value: number): Filter => ({
  op: 'lastUpdated',
  where: [{ bound: 'low', op, value }],
});
const chain = (param: string, ...types: readonly string[]): Filter => ({
  op: 'chain',
  param,
  types,
  where: { op: 'all' },
});
const has: Filter = { op: 'has', type: 'Observation', param: 'subject', where: { op: 'all' } };
const all: Filter = { op: 'all' };
const none: Filter = { op: 'none' };

const near = (latitude: number, longitude: number, kilometres: number): Filter =>
  match('place', { kind: 'near', latitude, longitude, kilometres });
const words = (of: 'text' | 'content', ...all: readonly string[]): Filter => ({ op: 'words', of, words: all });
const ucum = (code: string) => ({ system: ucumSystem, code });

const isBelow = (code: string): Filter => match('format', { kind: 'token', code, below: true });
const holding = (type: string, where: Filter): Filter => ({ op: 'contained', type, where });
const active = isToken('status', '', 'active');

const observation: Candidate = {
  type: 'Observation',
  id: 'a',
  words: { text: ['blood', 'pressure'], content: ['blood', 'pressure', '血压'] },
  entries: [
    token('code', 'loinc', '1-8'),
    token('code', '', 'x'),
    text('note', 'Zhāng 三'),
    text('note', 'ABC'),
    dates(100, 200),
    score(0.5, 1.5),
    score(5, Number.MAX_VALUE),
    measured('value', 120, 'mm[Hg]', { unit: 'mmHg' }),
    measured('value', 7, 'mmol/L', { ...ucum('mmol/L'), ...point(7) }),
    { kind: 'position', param: 'place', latitude: 31.2304, longitude: 121.4737 },
    uri('url', 'http://example.org/a/b'),
    { ...refers('subject', 'Patient/p'), version: '2' } as Entry,
    refers('focus', 'Device/d'),
    uri('focus', 'http://other.example/Device/e'),
    byIdentifier('author', 's', '1', 'Practitioner'),
    token('pair.0', 'loinc', 'sys', 0),
    measured('pair.1', 140, 'mm[Hg]', { pos: 0 }),
    token('pair.0', 'loinc', 'dia', 1),
    measured('pair.1', 90, 'mm[Hg]', { pos: 1 }),
    token('format', '', 'text/xml; charset=UTF-8'),
    token('contained:Medication:code', 'm', 'x', 0),
    token('contained:Medication:code', 'm', 'y', 1),
    token('contained:Medication:status', '', 'active', 1),
    { ...byIdentifier('contained:Medication:maker', 's', '1', 'Organization'), pos: 1 },
    token('contained:Device:code', 'm', 'z', 2),
  ],
};

const cases: readonly (readonly [string, Filter, boolean | undefined])[] = [
  ['all', all, true],
  ['none', none, false],
  ['type', { op: 'type', types: ['Patient', 'Observation'] }, true],
  ['another type', { op: 'type', types: ['Patient'] }, false],
  ['id', { op: 'id', ids: ['b', 'a'] }, true],
  ['another id', { op: 'id', ids: ['b'] }, false],
  ['token: code', isToken('code', undefined, '1-8'), true],
  ['token: system|code', isToken('code', 'loinc', '1-8'), true],
  ['token: system|code of two entries', isToken('code', 'loinc', 'x'), false],
  ['token: system|', isToken('code', 'loinc'), true],
  ['token: |code', isToken('code', '', 'x'), true],
  ['token: |code of what has a system', isToken('code', '', '1-8'), false],
  ['token: anything', isToken('code', undefined), true],
  ['token: case counts', isToken('code', undefined, 'X'), false],
  ['token: below, with parameters', isBelow('text/xml'), true],
  ['token: below itself', isBelow('text/xml; charset=UTF-8'), true],
  ['token: below is not a beginning', isBelow('text/x'), false],
  ['token: another parameter', isToken('category', undefined, 'x'), false],
  ['token: a parameter of another kind', isToken('note', undefined), false],
  ['string: starts', isText('starts', fold('ZHANG')), true],
  ['string: starts, not within', isText('starts', '三'), false],
  ['string: contains', isText('contains', '三'), true],
  ['string: contains is compared folded', isText('contains', 'B'), false],
  ['string: contains takes % as it is', isText('contains', 'a%c'), false],
  ['string: exact', isText('exact', 'ABC'), true],
  ['string: exact is not folded', isText('exact', 'abc'), false],
  ['string: exact is the whole', isText('exact', 'AB'), false],
  ['date: eq', isDate('low >= 100', 'high <= 200'), true],
  ['date: eq of what is longer', isDate('low >= 100', 'high <= 199'), false],
  ['date: gt', isDate('high > 200'), false],
  ['date: lt', isDate('low < 101'), true],
  ['date: sa', isDate('low >= 101'), false],
  ['date: =', isDate('low = 100', 'high = 200'), true],
  ['date: any', isDate(), true],
  ['number: one entry passes all', isScore('low >= 0.5', 'high <= 1.5'), true],
  ['number: not one entry each', isScore('low > 1', 'high < 5'), false],
  ['number: an open end is not beaten by infinity', isScore('low >= 5', 'high < Infinity'), false],
  ['number: is no date', match('score', { kind: 'date', where: [] }), false],
  ['quantity: value', isValue({}, 'low >= 120', 'high <= 121'), true],
  ['quantity: system|code', isValue({ system: 'ucum', code: 'mm[Hg]' }), true],
  ['quantity: another system', isValue({ system: 'local', code: 'mm[Hg]' }), false],
  ['quantity: the printed unit is no code', isValue({ system: 'ucum', code: 'mmHg' }), false],
  ['quantity: unit by code', isValue({ unit: 'mm[Hg]' }), true],
  ['quantity: unit as printed', isValue({ unit: 'mmHg' }), true],
  ['quantity: another unit', isValue({ unit: 'kPa' }), false],
  ['quantity: another unit of the same dimension', isValue(ucum('umol/L'), 'low >= 7000', 'high <= 7000.5'), true],
  ['quantity: the boundary is exact', isValue(ucum('umol/L'), 'low > 7000'), false],
  ['quantity: a unit of another dimension', isValue(ucum('mg/dL')), false],
  ['quantity: what is no unit of UCUM', isValue(ucum('MMOL/L')), false],
  ['quantity: UCUM without a code', isValue({ system: ucumSystem }, 'low = 7'), true],
  ['quantity: a code without a system is not converted', isValue({ code: 'umol/L' }), false],
  ['near: within', near(31.23, 121.47, 1), true],
  ['near: beyond', near(31.33, 121.47, 10), false],
  ['near: at the place itself', near(31.2304, 121.4737, 0), true],
  ['near: from the other side of the earth', near(-31.2304, -58.5263, 20_016), true],
  ['near: is no other kind', match('url', { kind: 'near', latitude: 0, longitude: 0, kilometres: 30_000 }), false],
  ['words: all of them', words('text', 'pressure', 'blood'), true],
  ['words: not one of two', words('text', 'blood', 'sugar'), false],
  ['words: of the narrative alone', words('text', '血压'), false],
  ['words: of the whole resource', words('content', '血压'), true],
  ['words: whole ones', words('content', 'press'), false],
  ['among', { op: 'lookup', set: { by: 'list', id: 'l' } }, undefined],
  ['not among', not({ op: 'lookup', set: { by: 'valueSet', param: 'code', url: 'http://v' } }), undefined],
  ['contained', holding('Medication', isToken('code', 'm', 'x')), true],
  ['contained: another type', holding('Device', isToken('code', 'm', 'x')), false],
  ['contained: a type that none has', holding('Patient', all), false],
  ['contained: any of the type', holding('Device', all), true],
  ['contained: one has both', holding('Medication', combined('and', isToken('code', 'm', 'y'), active)), true],
  ['contained: no one has both', holding('Medication', combined('and', isToken('code', 'm', 'x'), active)), false],
  ['contained: one has it not', holding('Medication', not(active)), true],
  ['contained: none has it not', holding('Medication', not(isToken('code', 'm'))), false],
  ['contained: none has it', not(holding('Medication', isToken('code', 'm', 'z'))), true],
  ['contained: what its container has', holding('Medication', isToken('code', 'loinc')), false],
  ['contained: present', holding('Medication', { op: 'present', param: 'status' }), true],
  ['contained: by identifier', holding('Medication', isTo('maker', '1', { type: 'Organization' })), undefined],
  ['uri: equals', isUrl('equals', 'http://example.org/a/b'), true],
  ['uri: equals the whole', isUrl('equals', 'http://example.org/a'), false],
  ['uri: below', isUrl('below', 'http://example.org/a'), true],
  ['uri: below itself', isUrl('below', 'http://example.org/a/b/'), true],
  ['uri: below is not within a segment', isUrl('below', 'http://exam'), false],
  ['uri: above', isUrl('above', 'http://example.org/a/b/c/d'), true],
  ['uri: above itself', isUrl('above', 'http://example.org/a/b'), true],
  ['uri: above is not within a segment', isUrl('above', 'http://example.org/a/bc'), false],
  ['uri: above is not below', isUrl('above', 'http://example.org/a'), false],
  [
    'uri: a reference to another server',
    match('focus', { kind: 'uri', how: 'below', value: 'http://other.example' }),
    true,
  ],
  ['reference: any type', isTo('subject', 'p'), true],
  ['reference: type', isTo('subject', 'p', { type: 'Patient' }), true],
  ['reference: another type', isTo('subject', 'p', { type: 'Group' }), false],
  ['reference: another id', isTo('subject', 'q', { type: 'Patient' }), false],
  ['reference: version', isTo('subject', 'p', { type: 'Patient', version: '2' }), true],
  ['reference: another version', isTo('subject', 'p', { type: 'Patient', version: '1' }), false],
  ['reference: version of what has none', isTo('focus', 'd', { type: 'Device', version: '1' }), false],
  ['reference: by identifier, may lead there', isTo('author', 'd', { type: 'Practitioner' }), undefined],
  ['reference: by identifier, to any type', isTo('author', 'd'), undefined],
  ['reference: by identifier, never to another type', isTo('author', 'd', { type: 'Patient' }), false],
  ['reference: by identifier, never to a version', isTo('author', 'd', { version: '1' }), false],
  ['concept: a store tells which there are', match('code', { kind: 'concept', set: 'kept' }), undefined],
  ['concept: what has no code is none', match('note', { kind: 'concept', set: 'kept' }), false],
  ['concept: in a composite', pair({ kind: 'concept', set: 'kept' }, atLeast(140)), undefined],
  [
    'concept: in a composite of which something else fails',
    pair({ kind: 'concept', set: 'kept' }, atLeast(141)),
    false,
  ],
  ['tuple: at one position', pair(systolic, atLeast(140)), true],
  ['tuple: not across positions', pair({ kind: 'token', code: 'dia' }, atLeast(140)), false],
  ['tuple: every component', pair(systolic, atLeast(140), systolic), false],
  ['tuple: of one component', pair(systolic), true],
  ['tuple: of none', pair(), false],
  ['present', { op: 'present', param: 'code' }, true],
  ['present: a reference by identifier', { op: 'present', param: 'author' }, true],
  ['present: not', { op: 'present', param: 'category' }, false],
  ['missing', not({ op: 'present', param: 'category' }), true],
  ['not', not(isToken('code', 'loinc')), false],
  ['not: without the parameter', not(isToken('category', 'loinc')), true],
  ['lastUpdated', since('>', 0), undefined],
  ['chain', chain('subject', 'Group', 'Patient'), undefined],
  ['chain: by identifier', chain('author', 'Practitioner'), undefined],
  ['chain: nothing leads to the types', chain('subject', 'Group'), false],
  ['chain: by identifier, to other types', chain('author', 'Patient'), false],
  ['chain: no such reference', chain('encounter', 'Encounter'), false],
  ['has', has, undefined],
  ['not unknown', not(has), undefined],
  ['unknown and true', combined('and', has, all), undefined],
  ['unknown and false', combined('and', has, none), false],
  ['unknown or true', combined('or', has, all), true],
  ['unknown or false', combined('or', has, none), undefined],
  ['and of nothing', combined('and'), true],
  ['or of nothing', combined('or'), false],
];

t.test('each filter', async (t) => {
  for (const [name, filter, expected] of cases) t.equal(matches(filter, observation), expected, name);
});

t.test('a resource without words has none of them', async (t) => {
  const { words: _, ...mute } = observation;
  t.equal(matches(words('text', 'blood'), mute), false);
});

t.test('search.html#quantity: values are compared in every unit that converts', async (t) => {
  const entry = (value: number, code: string): Entry => ({
    ...{ kind: 'quantity', param: 'value', unit: '', system: ucumSystem },
    ...{ code, ...point(value) },
  });
  const rows: [number, string, number, string, ...(readonly boolean[])][] = [
    //                                        <      =     >
    [7, 'mmol/L', 7000, 'umol/L', false, true, false],
    [7000, 'umol/L', 7, 'mmol/L', false, true, false],
    [0.1, 'g', 100, 'mg', false, true, false],
    [0.3, 'mg', 300, 'ug', false, true, false],
    [36.6, 'Cel', 97.88, '[degF]', false, true, false],
    [98.6, '[degF]', 37, 'Cel', false, true, false],
    [37, 'Cel', 310.15, 'K', false, true, false],
    [-40, 'Cel', -40, '[degF]', false, true, false],
    [154.3, '[lb_av]', 69.989302691, 'kg', false, true, false],
    [0, 'mg', 0, 'kg', false, true, false],
    [0, 'Cel', 32, '[degF]', false, true, false],
    [5.4, '10*9/L', 5.4, '10*3/uL', false, true, false],
    [6.9, 'mmol/L', 7000, 'umol/L', true, false, false],
    [7.1, 'mmol/L', 7000, 'umol/L', false, false, true],
    [7.000000000001, 'mmol/L', 7000, 'umol/L', false, false, true],
    [6.999999999999, 'mmol/L', 7000, 'umol/L', true, false, false],
    [7, 'mmol/L', 7, 'mg/dL', false, false, false],
  ];
  for (const [value, unit, asked, code, ...expected] of rows) {
    const { low, high } = point(asked);
    const alternatives: readonly (readonly Compare[])[] = [
      [{ bound: 'high', op: '<=', value: low }],
      [
        { bound: 'low', op: '>=', value: low },
        { bound: 'high', op: '<=', value: high },
      ],
      [{ bound: 'low', op: '>=', value: high }],
    ];
    const found = alternatives.map((where) => passes(entry(value, unit), { kind: 'quantity', where, ...ucum(code) }));
    t.strictSame(found, expected, `${value} ${unit} before, at, after ${asked} ${code}`);
  }
});

t.test('comparisons are restated in another unit', async (t) => {
  const where: readonly Compare[] = [
    { bound: 'low', op: '>=', value: 6999.5 },
    { bound: 'high', op: '<=', value: nextUp(7000) },
    { bound: 'high', op: '<', value: Number.MAX_VALUE },
    { bound: 'low', op: '>', value: -Infinity },
  ];
  t.strictSame(convertedRange(where, 'umol/L', 'mmol/L'), [
    { bound: 'low', op: '>=', value: 6.9995 },
    { bound: 'high', op: '<=', value: nextUp(7) },
    { bound: 'high', op: '<', value: Number.MAX_VALUE },
    { bound: 'low', op: '>', value: -Infinity },
  ]);
  t.strictSame(convertedRange(where, 'umol/L', 'mg/dL'), undefined);
  t.strictSame(convertedRange(where, 'nothing', 'mg/dL'), undefined);
  t.equal(convertedRange(where, 'nothing', 'nothing'), where);
  t.equal(nextUp(nextDown(7000)), 7000);
});

t.test('lastUpdated, where it is known', async (t) => {
  const at = (filter: Filter) => matches(filter, { ...observation, lastUpdated: 1000 });
  const expected: readonly (readonly [Compare['op'], readonly boolean[]])[] = [
    ['<', [false, false, true]],
    ['<=', [false, true, true]],
    ['=', [false, true, false]],
    ['>=', [true, true, false]],
    ['>', [true, false, false]],
  ];
  for (const [op, answers] of expected) {
    const given = [999.5, 1000, 1000.5].map((value) => at(since(op, value)));
    t.strictSame(given, answers, op);
  }
});

const systems = ['', 's', 't'];
const codes = ['a', 'b', 'A', 'sys', '三', 'a; b'];
const texts = ['Zhāng 三', 'zhang', 'ZHANG San', 'abc', 'Ab%c_', 'b', 'Ｂ 三', "o'Neil"];
const paths = ['http:', 'http://e.org', 'http://e.org/', 'http://e.org/a', 'http://e.org/a/', 'http://e.org/ab'];
const urls = [...paths, 'http://e.org/a/b', 'http://e.org/a/b/c', 'urn:uuid:1', '/a', '/'];
const numbers = [-2, -1, -0.5, 0, 0.5, 1, 2, 3, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity];
/** UCUM's; one of them is no unit. */
const masses = ['g', 'mg', 'kg', '[lb_av]', '1', 'unit'];
const degrees = [-90, -1, 0, 1, 60, 89, 90];
const targets = ['Patient', 'Group'];
const targetIds = ['p1', 'p2', 'p3'];
const versions = ['1', '2'];
const identifiers = ['1', '2', '9'];
const ops = ['<', '<=', '>', '>=', '='] as const;

const range = (draw: Random): { readonly low: number; readonly high: number } => {
  const [low, high] = [draw.pick(numbers), draw.pick(numbers)];
  return low < high ? { low, high } : { low: high, high: low };
};

type Draw = (draw: Random, param: string) => Entry;
const references: readonly Draw[] = [
  (draw, param) => refers(param, `${draw.pick(targets)}/${draw.pick(targetIds)}`),
  (draw, param) => ({ ...refers(param, `Patient/${draw.pick(targetIds)}`), version: draw.pick(versions) }) as Entry,
  (draw, param) => byIdentifier(param, 's', draw.pick(identifiers), draw.pick(targets)),
  (draw, param) => uri(param, draw.pick(urls)),
];
const drawReference: Draw = (draw, param) => draw.pick(references)(draw, param);
const drawQuantity: Draw = (draw, param) =>
  draw.chance(0.5)
    ? measured(param, 0, draw.pick(codes), { ...range(draw), system: draw.pick(systems), unit: draw.pick(codes) })
    : measured(param, 0, draw.pick(masses), { ...range(draw), system: ucumSystem });

/** The parameters: how each is tested, and an entry of it. */
const parameters: readonly (readonly [string, Test['kind'], Draw])[] = [
  ['code', 'token', (draw, param) => token(param, draw.pick(systems), draw.pick(codes))],
  ['note', 'string', (draw, param) => text(param, draw.pick(texts))],
  ['date', 'date', (draw, param) => ({ kind: 'date', param, low: draw.int(0, 3), high: draw.int(4, 6) })],
  ['score', 'number', (draw, param) => ({ kind: 'number', param, ...range(draw) })],
  ['value', 'quantity', drawQuantity],
  ['url', 'uri', (draw, param) => uri(param, draw.pick(urls))],
  ['subject', 'reference', drawReference],
  [
    'place',
    'near',
    (draw, param) => ({ kind: 'position', param, latitude: draw.pick(degrees), longitude: draw.pick(degrees) }),
  ],
];
const params = parameters.map(([param]) => param);

function drawRecord(draw: Random, type: string, id: string): Candidate {
  const entries: Entry[] = [];
  for (const [param, , of] of parameters) {
    for (let i = draw.int(0, 2); i > 0; i--) entries.push(of(draw, param));
  }
  for (let pos = draw.int(-1, 2); pos >= 0; pos--) {
    entries.push(token('pair.0', draw.pick(systems), draw.pick(codes), pos));
    const second = draw.pick([drawQuantity, drawReference]);
    if (draw.chance(0.8)) entries.push({ ...second(draw, 'pair.1'), pos });
  }
  for (let pos = draw.int(-2, 2); pos >= 0; pos--) {
    const held = draw.pick(targets);
    const own = parameters.flatMap(([param, , of]) => (draw.chance(0.4) ? [of(draw, param)] : []));
    for (const entry of [token('_id', '', `c${pos}`), ...own]) {
      entries.push({ ...entry, param: containedParam(held, entry.param), pos });
    }
  }
  if (type === 'Patient') entries.push(carries('s', id.slice(1)));
  return { type, id, entries };
}

const optional = (draw: Random, name: string, values: readonly string[]): object =>
  draw.chance(0.5) ? { [name]: draw.pick(values) } : {};

function drawTest(draw: Random, kind: Test['kind']): Test {
  const comparison = (): Compare => ({
    bound: draw.pick(['low', 'high']),
    op: draw.pick(ops),
    value: kind === 'date' ? draw.int(0, 12) / 2 : draw.pick(numbers),
  });
  const where = Array.from({ length: draw.int(0, 2) }, comparison);
  const coded = { ...optional(draw, 'system', [...systems, 'unknown']), ...optional(draw, 'code', codes) };
  switch (kind) {
    case 'token':
      return draw.chance(0.2) ? { kind, code: draw.pick(['a', 'a', 'b', 'a; b']), below: true } : { kind, ...coded };
    case 'concept':
      return { kind, set: draw.pick(['kept', 'kept', 'unknown']) };
    case 'string': {
      const how = draw.pick(['starts', 'contains', 'exact'] as const);
      const value = draw.pick(texts);
      if (how === 'exact') return { kind, how, value: draw.pick([value, fold(value)]) };
      return { kind, how, value: fold(value).slice(draw.int(0, 1), draw.int(0, 4)) };
    }
    case 'date':
    case 'number':
      return { kind, where };
    case 'quantity':
      if (draw.chance(0.5)) return { kind, where, system: ucumSystem, code: draw.pick(masses) };
      return { kind, where, ...coded, ...optional(draw, 'unit', codes) };
    case 'uri':
      return {
        kind,
        how: draw.pick(['equals', 'below', 'above']),
        value: draw.pick([...urls, '']) + draw.pick(['', '', '/c']),
      };
    case 'near':
      return {
        kind,
        latitude: draw.pick(degrees),
        longitude: draw.pick(degrees),
        kilometres: draw.pick([0, 200, 9000, 20_100]),
      };
    case 'reference': {
      const version = draw.chance(0.2) ? optional(draw, 'version', versions) : {};
      return { kind, id: draw.pick(targetIds), ...optional(draw, 'type', [...targets, 'Device']), ...version };
    }
  }
}

/** What may be asked of a contained resource too. */
const simple: readonly ((draw: Random) => Filter)[] = [
  ...parameters.map(
    ([param, kind]) =>
      (draw: Random) =>
        match(param, drawTest(draw, kind)),
  ),
  (draw) => match('code', drawTest(draw, 'concept')),
  (draw) => ({ op: 'present', param: draw.pick([...params, 'nothing']) }),
  (draw) => isToken('_id', undefined, draw.pick(['c0', 'c1', 'c2'])),
  () => all,
];
const leaves: readonly ((draw: Random, times: readonly number[]) => Filter)[] = [
  ...parameters.map(
    ([param, kind]) =>
      (draw: Random) =>
        match(param, drawTest(draw, kind)),
  ),
  (draw) => match('subject', drawTest(draw, 'uri')),
  (draw) => match(draw.pick(['code', 'code', 'note']), drawTest(draw, 'concept')),
  (draw) => pair(drawTest(draw, 'token'), drawTest(draw, draw.pick(['quantity', 'quantity', 'reference']))),
  (draw) => pair(drawTest(draw, 'concept'), drawTest(draw, draw.pick(['quantity', 'reference']))),
  (draw) => ({ op: 'present', param: draw.pick([...params, 'pair.1', 'nothing']) }),
  (draw) => ({ op: 'id', ids: [`o${draw.int(0, 99)}`, draw.pick(targetIds)] }),
  (draw) => ({ op: 'type', types: draw.pick([['Observation'], ['Patient', 'Basic'], ['Device']]) }),
  (draw, times) => since(draw.pick(ops), draw.pick(times) + draw.pick([-0.5, 0, 0.5])),
  (draw, times) => holding(draw.pick([...targets, 'Device']), drawFilter(draw, times, simple, 2)),
  (draw) => draw.pick([all, none]),
];
const onOthers: typeof leaves = [
  (draw, times) => ({
    op: 'chain',
    param: 'subject',
    types: draw.pick([['Patient'], ['Group'], targets]),
    where: drawFilter(draw, times, leaves, 1),
  }),
  (draw, times) => ({ op: 'has', type: 'Basic', param: 'subject', where: drawFilter(draw, times, leaves, 1) }),
];

function drawFilter(draw: Random, times: readonly number[], from: typeof leaves, depth: number): Filter {
  if (depth === 0 || draw.chance(0.3)) return draw.pick(from)(draw, times);
  const inner = () => drawFilter(draw, times, from, depth - 1);
  if (draw.chance(0.25)) return not(inner());
  return { op: draw.pick(['and', 'or']), of: Array.from({ length: draw.int(1, 3) }, inner) };
}

function label(filter: Filter): string {
  if (filter.op !== 'match') return filter.op;
  return 'how' in filter.test ? `${filter.test.kind} ${filter.test.how}` : filter.test.kind;
}

t.test('random filters find in the store what they match here', async (t) => {
  const seed = 1;
  t.comment(`seed ${seed}`);
  const draw = random('matches', seed);
  const { store } = await openFile(join(t.testdir(), 'hufhir.db'));
  t.teardown(() => store.close());

  const records = [
    ...['p1', 'p2'].map((id) => drawRecord(draw, 'Patient', id)),
    ...Array.from({ length: 200 }, (_, i) => drawRecord(draw, draw.pick(['Observation', 'Basic']), `o${i}`)),
  ];
  const candidates: Candidate[] = [];
  for (let from = 0; from < records.length; from += 20) {
    const some = records.slice(from, from + 20);
    const { versions } = await commit(store, ...some.map((r) => put(`${r.type}/${r.id}`, { entries: r.entries })));
    for (const [i, r] of some.entries()) candidates.push({ ...r, lastUpdated: versions[i]?.lastUpdated ?? Number.NaN });
  }
  const kept = [...systems.slice(0, 2), ''].map((system) => ({ system, code: codes[0] ?? '' }));
  t.ok('versions' in (await store.transact(transaction([], { concepts: { kept } }))));
  const times = candidates.map((c) => c.lastUpdated ?? Number.NaN);

  const seen = new Map<string, Set<boolean | undefined>>();
  const compareAll = async (filter: Filter): Promise<readonly unknown[]> => {
    const found = new Set(ids(await store.find(plan(['Observation', 'Basic', 'Patient'], filter, { limit: 1000 }))));
    const shape = JSON.stringify(filter);
    const verdicts = seen.get(label(filter)) ?? new Set();
    seen.set(label(filter), verdicts);
    return candidates.flatMap((candidate) => {
      const { lastUpdated: _, ...fresh } = candidate;
      const mayDepend =
        /"op":"(chain|has)"|"kind":"concept"/.test(shape) ||
        (/"kind":"reference"/.test(shape) && candidate.entries.some((e) => e.kind === 'logical'));
      const expected = found.has(candidate.id);
      const [verdict, early] = [matches(filter, candidate), matches(filter, fresh)];
      verdicts.add(verdict);
      const right = verdict === expected || (verdict === undefined && mayDepend);
      const earlyRight = early === verdict || (early === undefined && /"op":"lastUpdated"/.test(shape));
      return right && earlyRight ? [] : [{ filter, candidate, expected, verdict, early }];
    });
  };

  const wrong: unknown[] = [];
  for (const leaf of [...leaves, ...onOthers]) {
    for (let i = 0; i < 25; i++) wrong.push(...(await compareAll(leaf(draw, times))));
  }
  for (let i = 0; i < 300; i++) wrong.push(...(await compareAll(drawFilter(draw, times, leaves, 3))));
  for (let i = 0; i < 100; i++) {
    wrong.push(...(await compareAll(drawFilter(draw, times, [...leaves, ...onOthers], 3))));
  }
  t.strictSame(wrong.slice(0, 3), [], `${wrong.length} disagree`);

  for (const [name, verdicts] of seen) {
    const unsure = { chain: [false, undefined], has: [undefined], concept: [false, undefined] };
    const expected = { all: [true], none: [false], ...unsure }[name] ?? [true, false];
    for (const verdict of expected) t.ok(verdicts.has(verdict), `${name} was ${verdict} somewhere`);
  }
  t.equal(seen.size, 26, 'every kind of filter was drawn');
});
