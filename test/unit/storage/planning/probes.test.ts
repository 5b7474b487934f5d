import t from 'tap';
import { and, type Compare, everything, type Filter, nothing, or, type Test } from '#search/model/filter.ts';
import { type KnownParams, type Probe, probesOf, rangesOf } from '#storage/planning/probes.ts';

const match = (param: string, test: Test): Filter => ({ op: 'match', param, test });
const not = (of: Filter): Filter => ({ op: 'not', of });
const token = (code: string, system?: string): Test =>
  system === undefined ? { kind: 'token', code } : { kind: 'token', code, system };
const from = (value: number): readonly Compare[] => [{ bound: 'low', op: '>=', value }];
const till = (value: number): readonly Compare[] => [{ bound: 'high', op: '<=', value }];
const range = (kind: 'date' | 'number', where: readonly Compare[]): Test => ({ kind, where });
const quantity = (where: readonly Compare[], code = 'mg'): Test => ({ kind: 'quantity', where, code });
const reference = (id: string, version?: string): Test =>
  version === undefined ? { kind: 'reference', id } : { kind: 'reference', id, version };
const text = (value: string, how: 'starts' | 'contains' = 'starts'): Test => ({ kind: 'string', how, value });
const concept: Test = { kind: 'concept', set: 'kept' };
const tuple = (...tests: readonly Test[]): Filter => ({ op: 'tuple', param: 'part', tests });
const inside = (where: Filter): Filter => ({ op: 'contained', type: 'Patient', where });

const since = match('date', range('date', from(1)));
const until = match('date', range('date', till(9)));
const final = match('status', token('final'));
const ids: Filter = { op: 'id', ids: ['a'] };
const words = (word: string): Filter => ({ op: 'words', of: 'text', words: [word] });
const chain: Filter = { op: 'chain', param: 'subject', types: ['Patient'], where: ids };
const has: Filter = { op: 'has', type: 'Observation', param: 'subject', where: ids };
const changed: Filter = { op: 'lastUpdated', where: from(1) };

/** Every resource has a status, none has a score, and of dates named `period` a resource may have several. */
const known: KnownParams = {
  hasSeveral: (param) => param === 'period',
  presence: (param) => (param === 'status' ? true : param === 'score' ? false : undefined),
};

const values = (param: string, tests: readonly [Test, ...Test[]], exact = true): Probe => ({
  op: 'values',
  param,
  tests,
  exact,
});
const pair = (code: string, tests: readonly Test[], system?: string): Probe => ({
  op: 'pairs',
  param: 'part',
  system,
  code,
  tests,
});

/** Name, one condition, and what it asks of an index. */
const single: readonly (readonly [string, Filter, Probe | undefined])[] = [
  ['everything asks nothing', everything, undefined],
  ['types ask nothing', { op: 'type', types: ['Patient'] }, undefined],
  ['what no resource passes', nothing, { op: 'none' }],
  ['ids', ids, { op: 'id', ids: ['a'] }],
  ['words', words('a'), { op: 'words', of: 'text', words: ['a'] }],
  ['a time', changed, { op: 'lastUpdated', where: from(1) }],
  ['a chain', chain, { op: 'chain', param: 'subject', types: ['Patient'], where: ids }],
  ['_has', has, { op: 'has', type: 'Observation', param: 'subject', where: ids }],
  ['a test', final, values('status', [token('final')])],
  ['one range', since, values('date', [range('date', from(1))])],
  ['a parameter that some have', { op: 'present', param: 'code' }, undefined],
  ['a parameter that none has', { op: 'present', param: 'score' }, { op: 'none' }],
  ['a parameter that all have', { op: 'present', param: 'status' }, undefined],
  ['to be without what some have', not({ op: 'present', param: 'code' }), undefined],
  ['to be without what none has', not({ op: 'present', param: 'score' }), undefined],
  ['to be without what all have', not({ op: 'present', param: 'status' }), { op: 'none' }],
  ['another code', not(final), { op: 'others', param: 'status', codes: ['final'] }],
  [
    'another code than two',
    not(or([final, match('status', token('amended'))])),
    { op: 'others', param: 'status', codes: ['final', 'amended'] },
  ],
  ['the negation of codes of two parameters', not(or([final, match('code', token('a'))])), undefined],
  ['the negation of a code and its system', not(match('status', token('final', 's'))), undefined],
  ['the negation of any token', not(match('status', { kind: 'token' })), undefined],
  ['the negation of a code and something else', not(or([final, ids])), undefined],
  ['the negation of a range', not(since), undefined],
  ['a pair', tuple(token('a', 's'), quantity(from(1))), pair('a', [quantity(from(1))], 's')],
  ['a pair of any code', tuple({ kind: 'token' }, quantity(from(1))), undefined],
  ['a set of concepts', match('code', concept), values('code', [concept])],
  ['another than the concepts of a set', not(match('status', concept)), undefined],
  ['a composite of a concept: its rows may be those of pairs', tuple(concept, quantity(from(1))), undefined],
  ['a composite of two tokens', tuple(token('a'), token('b')), values('part.0', [token('a')], false)],
  ['a composite of a text', tuple(text('a'), quantity(from(1))), values('part.0', [text('a')], false)],
  [
    'a contained resource, by the first that is asked of it',
    inside(and([not(final), match('name', text('wang')), final])),
    values('contained:Patient:name', [text('wang')], false),
  ],
  ['any contained resource', inside(everything), values('contained:Patient:_id', [{ kind: 'token' }], false)],
];

t.test('what one condition asks of an index', (t) => {
  for (const [name, filter, probe] of single) {
    t.strictSame(probesOf([filter], known), probe === undefined ? [] : [{ filters: [filter], probe }], name);
  }
  t.end();
});

const code = (value: string, system?: string): Filter => match('code', token(value, system));
const subject = (id: string, version?: string): Filter => match('subject', reference(id, version));

/** Name, alternatives, and what they ask: those of one form together. */
const alternatives: readonly (readonly [string, readonly Filter[], Probe | undefined])[] = [
  ['codes', [code('a'), code('b')], values('code', [token('a'), token('b')])],
  ['codes of one system', [code('a', 's'), code('b', 's')], values('code', [token('a', 's'), token('b', 's')])],
  [
    'codes of two systems',
    [code('a', 's'), code('b', 'r'), code('c', 's')],
    { op: 'any', of: [values('code', [token('a', 's'), token('c', 's')]), values('code', [token('b', 'r')])] },
  ],
  [
    'codes of two parameters',
    [code('a'), final],
    { op: 'any', of: [values('code', [token('a')]), values('status', [token('final')])] },
  ],
  ['targets', [subject('a'), subject('b')], values('subject', [reference('a'), reference('b')])],
  [
    'versions of targets',
    [subject('a', '1'), subject('b', '1')],
    { op: 'any', of: [values('subject', [reference('a', '1')]), values('subject', [reference('b', '1')])] },
  ],
  ['dates', [since, until], values('date', [range('date', from(1)), range('date', till(9))])],
  ['beginnings', [match('name', text('a')), match('name', text('b'))], values('name', [text('a'), text('b')])],
  [
    'texts within',
    [match('name', text('a', 'contains')), match('name', text('b'))],
    { op: 'any', of: [values('name', [text('b')]), values('name', [text('a', 'contains')])] },
  ],
  [
    'pairs that differ in their range alone',
    [tuple(token('a'), quantity(from(1))), tuple(token('a'), quantity(till(9)))],
    pair('a', [quantity(from(1)), quantity(till(9))]),
  ],
  [
    'pairs that differ in more',
    [
      tuple(token('a'), quantity(from(1))),
      tuple(token('b'), quantity(from(1))),
      tuple(token('a'), quantity(from(1), 'g')),
    ],
    {
      op: 'any',
      of: [pair('a', [quantity(from(1))]), pair('b', [quantity(from(1))]), pair('a', [quantity(from(1), 'g')])],
    },
  ],
  [
    'one that asks for itself',
    [ids, code('a')],
    { op: 'any', of: [values('code', [token('a')]), { op: 'id', ids: ['a'] }] },
  ],
  ['one that asks nothing', [code('a'), { op: 'present', param: 'code' }], undefined],
  [
    'as many as are tried',
    Array.from({ length: 50 }, () => words('a')),
    { op: 'any', of: Array.from({ length: 50 }, () => ({ op: 'words', of: 'text', words: ['a'] })) },
  ],
  ['too many', Array.from({ length: 51 }, () => words('a')), undefined],
];

t.test('alternatives of one form ask together', (t) => {
  for (const [name, of, probe] of alternatives) {
    const filter: Filter = { op: 'or', of };
    t.strictSame(probesOf([filter], known), probe === undefined ? [] : [{ filters: [filter], probe }], name);
  }
  const codes = Array.from({ length: 5000 }, (_, i) => code(`c${i}`));
  const [listed] = probesOf([{ op: 'or', of: codes }], known);
  t.equal(listed?.probe.op === 'values' && listed.probe.tests.length, 5000, 'a long list is one alternative');
  t.end();
});

const period = (where: readonly Compare[]): Filter => match('period', range('date', where));
const score = match('score', range('number', from(3)));

/** Name, conditions, and the groups that ask: those of the places named. */
const together: readonly (readonly [string, readonly Filter[], readonly (readonly number[])[]])[] = [
  ['two sides of a date', [since, until], [[0, 1]]],
  ['two sides among others', [final, since, code('a'), until], [[1, 3], [0], [2]]],
  ['alternatives of a date', [or([since, until]), until], [[0, 1]]],
  ['two parameters', [since, score], [[0], [1]]],
  ['dates of which a resource may have several', [period(from(1)), period(till(9))], [[0], [1]]],
  ['a date or something else', [or([since, final]), until], [[0], [1]]],
  ['two tokens', [code('a'), code('b')], [[0], [1]]],
  ['what asks nothing', [everything, final], [[1]]],
];

t.test('conditions on the one range of a parameter narrow together', (t) => {
  for (const [name, filters, groups] of together) {
    const found = probesOf(filters, known).map((criterion) => criterion.filters);
    t.strictSame(
      found,
      groups.map((places) => places.map((place) => filters[place])),
      name,
    );
  }
  const [both] = probesOf([or([since, until]), until], known);
  const conditions = [[from(1), till(9)], [till(9)]];
  t.strictSame(both?.probe, { op: 'ranges', param: 'date', kind: 'date', conditions });
  t.end();
});

t.test('the conditions on the ranges of one parameter are split off', (t) => {
  /** Name, conditions, parameter, conditions on it, and places of the rest. */
  const rows: readonly (readonly [string, readonly Filter[], string, unknown, readonly number[]])[] = [
    ['none', [final], 'date', [], [0]],
    ['one', [final, since], 'date', [[from(1)]], [0]],
    ['two', [since, final, until], 'date', [[from(1)], [till(9)]], [1]],
    ['alternatives', [or([since, until])], 'date', [[from(1), till(9)]], []],
    ['of another parameter', [since, score], 'score', [[from(3)]], [0]],
    ['where a resource may have several', [period(from(1))], 'period', [], [0]],
  ];
  for (const [name, filters, param, conditions, rest] of rows) {
    const found = rangesOf(filters, param, known);
    t.strictSame(found, { conditions, rest: rest.map((place) => filters[place]) }, name);
  }
  t.end();
});
