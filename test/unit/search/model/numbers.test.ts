import t from 'tap';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import { ucumSystem } from '#fhir/values/units.ts';
import { readValue } from '#search/criteria/values.ts';
import { convert } from '#search/extract/convert.ts';
import { passes } from '#search/match/matches.ts';
import { convertBound, nextDown, nextUp } from '#search/model/numbers.ts';

const parameter = (type: 'number' | 'quantity'): SearchParameter => ({
  ...{ code: 'p', url: 'http://p', type, usage: 'normal', expression: 'p', targets: [], components: [] },
});
const reading = { clock: clock('Asia/Shanghai'), baseUrl: 'https://h.example/fhir', now: 0 };
const how = { ...reading, compartment: false };

/** Which of the values a search finds; each value is what a resource holds, with its type. */
function found(
  type: 'number' | 'quantity',
  search: string,
  values: readonly (readonly [unknown, string])[],
): unknown[] {
  const tests = readValue(parameter(type), search, reading);
  if ('expected' in tests) throw new Error(`${search}: ${tests.expected}`);
  return values.flatMap(([value, of]) => {
    const entries = convert(value, { type: of, path: of, targets: [] }, parameter(type), how);
    const passed = entries.some((entry) => tests.some((test) => passes({ param: 'p', ...entry }, test)));
    return passed ? [value] : [];
  });
}

const decimals = [94.9, 95, 99.4, 99.5, 99.99, 99.995, 100, 100.004, 100.005, 100.4, 100.5, 104.9, 105];

function rangeOf(from: number, to: number): number[] {
  return decimals.filter((d) => d >= from && d < to);
}

t.test('search.html#number: the examples, over decimals', async (t) => {
  const searches: [string, number[]][] = [
    ['100', rangeOf(99.5, 100.5)],
    ['100.00', rangeOf(99.995, 100.005)],
    ['1e2', rangeOf(95, 105)],
    ['1.00e2', rangeOf(99.5, 100.5)],
    ['lt100', rangeOf(0, 100)],
    ['le100', [...rangeOf(0, 100), 100]],
    ['gt100', rangeOf(100.001, 200)],
    ['ge100', rangeOf(100, 200)],
    ['ne100', [94.9, 95, 99.4, 100.5, 104.9, 105]],
    ['sa100', rangeOf(100.001, 200)],
    ['eb100', rangeOf(0, 100)],
    ['ap100', decimals],
    ['ap1e2', decimals],
    ['ap99.99', decimals],
    ['ap50', []],
  ];
  const values = decimals.map((d) => [d, 'decimal'] as const);
  for (const [search, expected] of searches) t.strictSame(found('number', search, values), expected, search);
});

t.test('search.html#number: integers are found exactly, and by no digits after the point', async (t) => {
  const searches: [string, number[]][] = [
    ['2', [2]],
    ['2.0', [2]],
    ['2.1', []],
    ['1e1', [10]],
    ['gt2', [3, 10, 11, 12]],
    ['ge2', [2, 3, 10, 11, 12]],
    ['ne2', [1, 3, 10, 11, 12]],
  ];
  const values = [1, 2, 3, 10, 11, 12].map((n) => [n, 'positiveInt'] as const);
  for (const [search, expected] of searches) t.strictSame(found('number', search, values), expected, search);
});

const below = { value: 100, comparator: '<' };
const upTo = { value: 100, comparator: '<=' };
const from = { value: 100, comparator: '>=' };
const above = { value: 100, comparator: '>' };
const exactly = { value: 100 };
const between = { low: { value: 90 }, high: { value: 110 } };
const atLeast = { low: { value: 90 } };

t.test('search.html#prefix: values that are ranges', async (t) => {
  const quantities = [below, upTo, exactly, from, above].map((q) => [q, 'Quantity'] as const);
  const ranges = [between, atLeast].map((r) => [r, 'Range'] as const);
  const searches: [string, object[]][] = [
    ['100', [exactly]],
    ['1e2', [exactly]],
    ['ne100', [below, upTo, from, above, between, atLeast]],
    ['gt100', [from, above, between, atLeast]],
    ['gt110', [from, above, atLeast]],
    ['gt109', [from, above, between, atLeast]],
    ['lt100', [below, upTo, between, atLeast]],
    ['lt90', [below, upTo]],
    ['lt91', [below, upTo, between, atLeast]],
    ['ge90', [below, upTo, exactly, from, above, between, atLeast]],
    ['le110', [below, upTo, exactly, from, above, between, atLeast]],
    ['sa100', [above]],
    ['sa89', [exactly, from, above, between, atLeast]],
    ['eb100', [below]],
    ['eb111', [below, upTo, exactly, between]],
    ['ap100', [below, upTo, exactly, from, above, between, atLeast]],
  ];
  for (const [search, expected] of searches) {
    t.strictSame(found('quantity', search, [...quantities, ...ranges]), expected, search);
  }
});

t.test('search.html#quantity: the examples', async (t) => {
  const q = (value: number, code: string, more: object = {}) => ({ value, system: ucumSystem, code, ...more });
  const [mg, g, ug] = [q(5.4, 'mg'), q(0.0054, 'g'), q(5400, 'ug')];
  const [low, high, lower] = [q(5.35, 'mg'), q(5.45, 'mg'), q(5.3, 'mg')];
  const printed = { value: 5.4, unit: 'mg' };
  const local = { value: 5.4, system: 'http://local', code: 'mg' };
  const all = [mg, g, ug, low, high, lower, printed, local];
  const ucum = `|${ucumSystem}|`;
  const searches: [string, object[]][] = [
    [`5.4${ucum}mg`, [mg, g, ug, low]],
    [`5.40e-3${ucum}g`, [mg, g, ug]],
    [`0.0054${ucum}g`, [mg, g, ug, low]],
    [`5400${ucum}ug`, [mg, g, ug]],
    ['5.4||mg', [mg, low, printed, local]],
    ['5.4', [mg, low, printed, local]],
    [`le5.4${ucum}mg`, [mg, g, ug, low, lower]],
    [`lt5400${ucum}ug`, [low, lower]],
    [`gt0.0054${ucum}g`, [high]],
    [`ne5.4${ucum}mg`, [high, lower]],
    [`ap5.4${ucum}mg`, [mg, g, ug, low, high, lower]],
    [`5.4${ucum}mL`, []],
    ['5.4|http://local|mg', [local]],
    ['5.4|http://local|g', []],
  ];
  const values = all.map((value) => [value, 'Quantity'] as const);
  for (const [search, expected] of searches) t.strictSame(found('quantity', search, values), expected, search);
});

t.test('7 mmol/L is 7000 umol/L, whichever of them is asked for', async (t) => {
  const units: [number, string, number, string][] = [
    [7, 'mmol/L', 7000, 'umol/L'],
    [0.1, 'kg', 100, 'g'],
    [36.6, 'Cel', 97.88, '[degF]'],
    [1, '[lb_av]', 453.59237, 'g'],
  ];
  const never = ['lt', 'gt', 'sa', 'eb', 'ne'];
  for (const [a, unitA, b, unitB] of units) {
    for (const [value, code, asked, unit] of [[a, unitA, b, unitB] as const, [b, unitB, a, unitA] as const]) {
      const values = [[{ value, system: ucumSystem, code }, 'Quantity']] as const;
      for (const prefix of ['', 'ge', 'le', 'ap', ...never]) {
        const search = `${prefix}${asked}|${ucumSystem}|${unit}`;
        t.equal(
          found('quantity', search, values).length,
          never.includes(prefix) ? 0 : 1,
          `${search} for ${value} ${code}`,
        );
      }
    }
  }
});

t.test('the ends of ranges keep, in another unit, what they include', async (t) => {
  const bounds: [number, string, number, string][] = [
    [7, 'mmol/L', 7000, 'umol/L'],
    [nextUp(7), 'mmol/L', nextUp(7000), 'umol/L'],
    [nextUp(7000), 'umol/L', nextUp(7), 'mmol/L'],
    [nextUp(-7), 'm', nextUp(-700), 'cm'],
    [nextUp(0), 'kg', nextUp(0), 'g'],
    [nextUp(0), 'g', nextUp(0), 'kg'],
    [nextUp(0), 'Cel', nextUp(273.15), 'K'],
    [Number.MAX_VALUE, 'kg', Number.MAX_VALUE, 'g'],
    [-Number.MAX_VALUE, 'Cel', -Number.MAX_VALUE, 'K'],
    [1e308, 'kg', Number.MAX_VALUE, 'g'],
    [Infinity, 'kg', Infinity, 'g'],
  ];
  for (const [value, from, expected, to] of bounds) {
    t.equal(convertBound(value, from, to), expected, `${value} ${from} in ${to}`);
  }
  for (const value of [1, -1, 0, 5.4, 1e-300]) t.equal(nextUp(nextDown(value)), value);
});
