import type { Clock } from '#fhir/values/dates.ts';
import { ucumSystem } from '#fhir/values/units.ts';
import type { Compare, Test } from '../model/filter.ts';
import { impliedRange, type NumberRange, parseNumber, point } from '../model/numbers.ts';
import { compareRanges, type Prefix } from './compare.ts';
import { splitEscaped, startOf, unescapeValue } from './escapes.ts';

/** What reading a value needs besides the value. */
export interface ReadingContext {
  readonly clock: Clock;
  readonly baseUrl: string;
  /** Milliseconds since 1970; `ap` on dates widens with the distance from it. */
  readonly now: number;
  /** As in SearchOptions. */
  readonly references?: (reference: string) => string | undefined;
}

/** What was expected of a value, and where in it (from 0) it goes wrong, if that is one place. */
export interface ValueFault {
  readonly expected: string;
  readonly at?: number;
}

/** Tests of which one must hold, or what was expected instead. */
export type TestAlternatives = readonly Test[] | ValueFault;

/** A prefix, or of `_filter` `po`: the ranges overlap, and `co`: the range of the entry holds the other. */
export type Comparison = Prefix | 'po' | 'co';

export const prefixes = 'with or without one of eq ne gt lt ge le sa eb ap before it';

/** What the text after the prefix looks like. */
export const rangeForms = {
  date: 'a date such as 2025, 2025-03, 2025-03-01 or 2025-03-01T08:00:00+08:00',
  number: 'a number',
  quantity: 'number, number|system|code, number|system or number||unit',
} as const;

/** Reads a date, number or quantity without its prefix (R4 search.html#prefix). */
export function readRange(
  type: keyof typeof rangeForms,
  comparison: Comparison,
  text: string,
  reading: ReadingContext,
): TestAlternatives {
  switch (type) {
    case 'date':
      return readDate(comparison, text, reading);
    case 'number': {
      const where = readNumber(comparison, text);
      return where === undefined
        ? numberFault(text, rangeForms.number)
        : where.map((w) => ({ kind: 'number', where: w }));
    }
    case 'quantity':
      return readQuantity(comparison, text);
  }
}

function compared(
  comparison: Comparison,
  range: NumberRange,
  approximate: NumberRange,
): readonly (readonly Compare[])[] {
  if (comparison === 'po') return compareRanges('ap', range, range);
  if (comparison !== 'co') return compareRanges(comparison, range, approximate);
  const { low, high } = range;
  return [
    [
      { bound: 'low', op: '<=', value: low },
      { bound: 'high', op: '>=', value: high },
    ],
  ];
}

function readDate(comparison: Comparison, text: string, { clock, now }: ReadingContext): TestAlternatives {
  const range = clock.range(text);
  if (range === undefined) return { expected: rangeForms.date, at: dateFault(text, clock) };
  return compared(comparison, range, aroundDate(range, now)).map((where) => ({ kind: 'date', where }));
}

const example = '2000-01-01T00:00:00+00:00';

/** The length of the longest beginning that some date has. */
export function dateFault(text: string, clock: Clock): number {
  let at = Math.min(text.length, example.length);
  while (at > 0 && clock.range(text.slice(0, at) + example.slice(at)) === undefined) at--;
  return at;
}

/** R4 suggests a tenth of the distance between the date and now. */
export function aroundDate({ low, high }: NumberRange, now: number): NumberRange {
  const margin = Math.round(Math.abs(now - (low + high) / 2) / 10);
  return { low: low - margin, high: high + margin };
}

/** The precision of the text counts for equality alone; the other comparisons take the number as exact. */
function readNumber(comparison: Comparison, text: string): readonly (readonly Compare[])[] | undefined {
  const number = parseNumber(text);
  const implied = impliedRange(text);
  if (number === undefined || implied === undefined) return undefined;
  const margin = Math.abs(number) / 10;
  const approximate = { low: Math.min(number - margin, implied.low), high: Math.max(number + margin, implied.high) };
  const exact = comparison === 'eq' || comparison === 'ne' ? implied : point(number);
  return compared(comparison, exact, approximate);
}

function numberFault(text: string, expected: string): ValueFault {
  return { expected, at: /^[+-]?\d*(?:(?<=\d)\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?/.exec(text)?.[0].length ?? 0 };
}

function readQuantity(comparison: Comparison, text: string): TestAlternatives {
  const parts = splitEscaped(text, '|', 4);
  const [number = '', system = '', code = ''] = parts.map(unescapeValue);
  const expected = rangeForms.quantity;
  const alternatives = readNumber(comparison, number);
  if (alternatives === undefined) return numberFault(number, expected);
  if (parts.length > 3) return { expected, at: startOf(parts, 3) - 1 };
  if (system === ucumSystem && /\s/.test(code))
    return { expected: 'a UCUM code, which has no blank', at: startOf(parts, 2) };
  return alternatives.map((where) => ({ kind: 'quantity', where, ...unitAsked(system, code) }));
}

function unitAsked(system: string, code: string): { system?: string; code?: string; unit?: string } {
  if (system === '') return code === '' ? {} : { unit: code };
  return code === '' ? { system } : { system, code };
}
