import type { Clock } from '#fhir/dates.ts';
import type { SearchParameter, SearchType } from '#fhir/definitions.ts';
import { isValidId, parseReference } from '#fhir/references.ts';
import { compareRanges, type Prefix, splitPrefix } from './compare.ts';
import type { Test } from './filter.ts';
import { fold } from './fold.ts';
import { impliedRange, type NumberRange, parseNumber, point } from './numbers.ts';

/** What reading a value needs besides the value. */
export interface Reading {
  readonly clock: Clock;
  readonly baseUrl: string;
  /** Milliseconds since 1970; `ap` on dates widens with the distance from it. */
  readonly now: number;
}

/** Tests of which one must hold, or the description of what was expected instead. */
export type Alternatives = readonly Test[] | { readonly expected: string };

/** Splits at an unescaped separator; `\,` `\$` `\|` `\\` stay escaped in the parts (R4 search.html#escaping). */
export function splitEscaped(text: string, separator: ',' | '$' | '|'): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '\\') part += c + text.charAt(++i);
    else if (c === separator) {
      parts.push(part);
      part = '';
    } else part += c;
  }
  return [...parts, part];
}

export function unescapeValue(text: string): string {
  return text.replace(/\\([,$|\\])/g, '$1');
}

/** Reads one value (no comma list) of a parameter in its plain form; composites are put together by their reader. */
export function readValue(parameter: SearchParameter, value: string, reading: Reading): Alternatives {
  switch (parameter.type) {
    case 'token':
      return readToken(value);
    case 'string':
      return readString(value, 'starts');
    case 'date':
      return readDate(value, reading);
    case 'number':
      return readNumber(value);
    case 'quantity':
      return readQuantity(value);
    case 'uri':
      return value === '' ? { expected: 'a URI' } : [{ kind: 'uri', how: 'equals', value: unescapeValue(value) }];
    case 'reference':
      return readReference(value, parameter.targets, reading.baseUrl);
    case 'composite':
      return { expected: forms.composite };
  }
}

const prefixes = 'with or without one of eq ne gt lt ge le sa eb ap before it';

/** What a value of each type looks like, for error texts. */
export const forms: Readonly<Record<SearchType, string>> = {
  token: 'code, system|code, |code or system|',
  string: 'some text',
  date: `a date such as 2025, 2025-03, 2025-03-01 or 2025-03-01T08:00:00+08:00, ${prefixes}`,
  number: `a number, ${prefixes}`,
  quantity: `number, number|system|code or number||unit, ${prefixes}`,
  uri: 'a URI',
  reference: 'id, Type/id or a URL',
  composite: 'one value for each component, separated by $',
};

export function readToken(value: string): Alternatives {
  const parts = splitEscaped(value, '|').map(unescapeValue);
  const [first = '', second] = parts;
  if (parts.length > 2 || (first === '' && (second ?? '') === '')) return { expected: forms.token };
  if (second === undefined) return [{ kind: 'token', code: first }];
  if (second === '') return [{ kind: 'token', system: first }];
  return [{ kind: 'token', system: first, code: second }];
}

export function readString(value: string, how: 'starts' | 'contains' | 'exact'): Alternatives {
  const text = unescapeValue(value);
  const folded = fold(text);
  if (folded === '') return { expected: forms.string };
  return [{ kind: 'string', how, value: how === 'exact' ? text : folded }];
}

function readDate(value: string, { clock, now }: Reading): Alternatives {
  const { prefix, rest } = splitPrefix(value);
  const range = clock.range(rest);
  if (range === undefined) return { expected: forms.date };
  return compareRanges(prefix, range, aroundDate(range, now)).map((where) => ({ kind: 'date', where }));
}

/** R4 suggests a tenth of the distance between the date and now. */
export function aroundDate({ low, high }: NumberRange, now: number): NumberRange {
  const margin = Math.round(Math.abs(now - (low + high) / 2) / 10);
  return { low: low - margin, high: high + margin };
}

interface Ranges {
  readonly prefix: Prefix;
  readonly exact: NumberRange;
  readonly approximate: NumberRange;
}

/** The precision of the text counts for equality alone; the other prefixes take the number as exact. */
function readRanges(value: string): Ranges | undefined {
  const { prefix, rest } = splitPrefix(value);
  const number = parseNumber(rest);
  const implied = impliedRange(rest);
  if (number === undefined || implied === undefined) return undefined;
  const margin = Math.abs(number) / 10;
  const approximate = { low: Math.min(number - margin, implied.low), high: Math.max(number + margin, implied.high) };
  return { prefix, exact: prefix === 'eq' || prefix === 'ne' ? implied : point(number), approximate };
}

function readNumber(value: string): Alternatives {
  const ranges = readRanges(value);
  if (ranges === undefined) return { expected: forms.number };
  return compareRanges(ranges.prefix, ranges.exact, ranges.approximate).map((where) => ({ kind: 'number', where }));
}

function readQuantity(value: string): Alternatives {
  const parts = splitEscaped(value, '|').map(unescapeValue);
  const [number = '', system = '', code = ''] = parts;
  const ranges = readRanges(number);
  if (ranges === undefined || parts.length === 2 || parts.length > 3) return { expected: forms.quantity };
  const unit = system === '' ? (code === '' ? {} : { unit: code }) : code === '' ? { system } : { system, code };
  return compareRanges(ranges.prefix, ranges.exact, ranges.approximate).map((where) => ({
    kind: 'quantity',
    where,
    ...unit,
  }));
}

/** `targets` are the types that the parameter may lead to; with one alone, a bare id means that type. */
export function readReference(value: string, targets: readonly string[], baseUrl: string): Alternatives {
  const text = unescapeValue(value);
  const [only] = targets;
  if (isValidId(text)) {
    return [
      targets.length === 1 && only ? { kind: 'reference', type: only, id: text } : { kind: 'reference', id: text },
    ];
  }
  const target = parseReference(text, baseUrl);
  const uri: Test = { kind: 'uri', how: 'equals', value: text };
  switch (target?.kind) {
    case 'local': {
      const { type, id, version } = target;
      const test: Test =
        version === undefined ? { kind: 'reference', type, id } : { kind: 'reference', type, id, version };
      // An absolute URL under our base may also be a canonical, which the index keeps as it was written.
      return text.startsWith(baseUrl) ? [test, uri] : [test];
    }
    case 'foreign':
    case 'urn':
      return [uri];
    default:
      return { expected: forms.reference };
  }
}
