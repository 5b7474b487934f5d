import t from 'tap';
import type { Filter } from '#search/model/filter.ts';
import { choose, type IndexedCriterion, isFullSoon, type Purpose, reckon, unanswered } from '#storage/planning/cost.ts';
import { explainedCriterion } from '#storage/planning/explain.ts';

const code = (value: string): Filter => ({ op: 'match', param: 'code', test: { kind: 'token', code: value } });
const page: Purpose = { page: 10 };

type Considered = IndexedCriterion & { readonly rows: number };

/** Criteria of one condition each, by the rows that they have. */
const inOrder = (rows: number, exact = true): Considered => ({
  rows,
  filters: [code(`${rows} in order`)],
  source: { exact, ordered: true },
});
const collected = (rows: number, exact = true): Considered => ({
  rows,
  filters: [code(`${rows} in any order`)],
  source: { exact, ordered: false },
});

/** By a set of concepts. */
const joined = (rows: number, seeks: number): Considered => ({
  rows,
  filters: [{ op: 'match', param: 'code', test: { kind: 'concept', set: `${rows} of ${seeks}` } }],
  source: { exact: true, ordered: false, seeks },
});

/** Of so many resources. */
const all = 10_000;

/** Name, what for, the criteria, how many conditions no index answers, and the place of the chosen one. */
const table: readonly (readonly [string, Purpose, readonly Considered[], number, number | undefined])[] = [
  ['no criterion', page, [], 1, undefined],
  ['the only one, for all', 'all', [collected(9000)], 0, 0],
  ['the least, for all', 'all', [collected(900), collected(500), inOrder(700)], 0, 1],
  ['the first of equal ones', 'all', [collected(500), collected(500)], 0, 0],
  ['for all, whether it is exact or not', 'all', [collected(500, false), collected(501)], 0, 0],
  ['few rows, whatever their order', page, [inOrder(5000), collected(199)], 0, 1],
  ['none at all', page, [inOrder(5000), collected(0)], 0, 1],
  ['in order before fewer to be collected', page, [collected(2000), inOrder(5000)], 0, 1],
  ['few enough to be collected before many in order', page, [collected(300), inOrder(9000)], 0, 0],
  ['in order before as many to be collected', page, [collected(200), inOrder(200)], 0, 1],
  ['one that need not be checked', page, [inOrder(4000)], 0, 0],
  ['everything in order before a common one to be collected', page, [collected(9000)], 0, undefined],
  ['everything in order, where most pass and all is checked', page, [collected(9000, false)], 1, undefined],
  ['one in order, where what is checked is rare', page, [inOrder(400), inOrder(3000)], 3, 0],
  ['none at all, of few concepts', page, [collected(150), joined(0, 100)], 0, 1],
  ['few rows, before none of many concepts', page, [joined(0, 100_000), collected(150)], 0, 1],
  ['few rows, before none of many concepts, for all', 'all', [joined(0, 100_000), collected(9000)], 0, 1],
  ['everything, before very many concepts, for all', 'all', [joined(0, 400_000)], 0, undefined],
  ['many concepts, before more that is checked', page, [joined(10, 20_000)], 1, 0],
  ['everything in order, before very many concepts', page, [joined(9000, 400_000)], 1, undefined],
];

t.test('the criterion that makes the least work is chosen', (t) => {
  for (const [name, purpose, criteria, others, expected] of table) {
    const filters = [...criteria.flatMap((c) => c.filters), ...Array.from({ length: others }, (_, i) => code(`o${i}`))];
    const rows = criteria.map((c) => c.rows);
    t.equal(choose(filters, criteria, rows, all, purpose), expected, name);
  }
  t.end();
});

t.test('resources are reckoned as if criteria had nothing to do with each other', (t) => {
  const rows: readonly (readonly [readonly number[], number, number])[] = [
    [[], 100, 100],
    [[], 0, 0],
    [[50], 100, 50],
    [[50, 10], 100, 5],
    [[300], 100, 100],
    [[0, 50], 100, 0],
    [[5], 0, 1],
  ];
  for (const [counts, of, expected] of rows) {
    t.ok(Math.abs(reckon(counts, of) - expected) < 1e-9, `${counts} of ${of}: ${reckon(counts, of)}`);
  }
  t.end();
});

t.test('an exact criterion answers its conditions, others are checked again', (t) => {
  const [a, b, c] = [code('a'), code('b'), code('c')];
  const source = (exact: boolean) => ({ exact, ordered: true });
  t.same(unanswered([a, b, c], { filters: [a, c], source: source(true) }), [b]);
  t.same(unanswered([a, b, c], { filters: [a, c], source: source(false) }), [a, b, c]);
  t.same(unanswered([a, b, c], undefined), [a, b, c]);
  t.end();
});

t.test('a page in the order asked for is full soon where most resources pass', (t) => {
  /** Limit, resources, those that pass, rows to be collected instead. */
  const rows: readonly (readonly [number, number, number, number, boolean])[] = [
    [10, 10_000, 10_000, 10_000, true],
    [10, 10_000, 5_000, 21, true],
    [10, 10_000, 5_000, 20, false],
    [10, 10_000, 0, 10_000, false],
    [10, 10_000, 10, 10_000, false],
    [10, 10_000, 100, 10_000, true],
  ];
  for (const [limit, of, matches, collected, expected] of rows) {
    t.equal(isFullSoon(limit, of, matches, collected), expected, `${limit} of ${matches} in ${of}, or ${collected}`);
  }
  t.end();
});

t.test('a criterion is explained in words', (t) => {
  const criterion = { filters: [code('a'), code('b')], source: { exact: true, ordered: true } };
  const { part, ...step } = explainedCriterion(criterion, true, 300, 317, 2);
  t.same(step, { step: 'start', estimated: 300, rows: 317, milliseconds: 2 });
  t.match(part, /a.* and .*b/);
  t.equal(explainedCriterion(criterion, false, 300, 317, 2).step, 'considered');
  t.end();
});
