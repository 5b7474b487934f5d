import type { Compare } from '../model/filter.ts';
import type { NumberRange } from '../model/numbers.ts';

/** R4 search.html#prefix. */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

/** Takes the prefix off a value; a value without one is `eq`. */
export function splitPrefix(value: string): { readonly prefix: Prefix; readonly rest: string } {
  const m = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(.*)$/s.exec(value);
  return m === null ? { prefix: 'eq', rest: value } : { prefix: m[1] as Prefix, rest: m[2] ?? '' };
}

type ComparisonAlternatives = readonly (readonly Compare[])[];

function test(bound: Compare['bound'], op: Compare['op'], value: number): Compare {
  return { bound, op, value };
}

/**
 * How the range of an entry must lie to the range of the searched value, as alternatives of which one must hold.
 * `approximate` is the wider range of `ap`.
 */
export function compareRanges(
  prefix: Prefix,
  { low, high }: NumberRange,
  approximate: NumberRange,
): ComparisonAlternatives {
  switch (prefix) {
    case 'eq':
      return [[test('low', '>=', low), test('high', '<=', high)]];
    case 'ne':
      return [[test('low', '<', low)], [test('high', '>', high)]];
    case 'gt':
      return [[test('high', '>', high)]];
    case 'lt':
      return [[test('low', '<', low)]];
    case 'ge':
      return [[test('low', '>=', low)], [test('high', '>', high)]];
    case 'le':
      return [[test('high', '<=', high)], [test('low', '<', low)]];
    case 'sa':
      return [[test('low', '>=', high)]];
    case 'eb':
      return [[test('high', '<=', low)]];
    case 'ap':
      return [[test('low', '<', approximate.high), test('high', '>', approximate.low)]];
  }
}

/** As compareRanges, for a moment that a store keeps as one number of whole milliseconds (meta.lastUpdated). */
export function compareMoments(
  prefix: Prefix,
  { low, high }: NumberRange,
  approximate: NumberRange,
): ComparisonAlternatives {
  switch (prefix) {
    case 'eq':
      return [[test('low', '>=', low), test('low', '<', high)]];
    case 'ne':
      return [[test('low', '<', low)], [test('low', '>=', high)]];
    case 'gt':
    case 'sa':
      return [[test('low', '>=', high)]];
    case 'lt':
    case 'eb':
      return [[test('low', '<', low)]];
    case 'ge':
      return [[test('low', '>=', low)]];
    case 'le':
      return [[test('low', '<', high)]];
    case 'ap':
      return [[test('low', '>=', approximate.low), test('low', '<', approximate.high)]];
  }
}
