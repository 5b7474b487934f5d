import { Failure, fail, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Definitions } from '#fhir/model/definitions.ts';
import { atMost, limits } from '#limits';
import type { Filter } from '../model/filter.ts';
import { afterBackslash, orPlus, splitEscaped, strayBackslash, unescapeValue } from './escapes.ts';
import type { ValueFault } from './ranges.ts';

/** Filters of which one must hold, or what was expected instead. */
export type Filters = readonly Filter[] | ValueFault;

const maxValues = limits['search-values'].most;

/**
 * Reads the comma list of a parameter, value by value; `parameter` is its name as it was sent. A failure tells every bad value,
 * its place in the list and the character where it goes wrong.
 */
export function readList(
  parameter: string,
  text: string,
  read: (value: string) => Filters,
  many = true,
): Outcome<readonly Filter[]> {
  const values = splitEscaped(text, ',', maxValues);
  if (values.length > maxValues) {
    return fail('too-costly', {
      text: `The parameter "${parameter}" has more values; expected ${atMost('search-values')}.`,
    });
  }
  if (values.length > 1 && !many) return badValue(parameter, text, 'one value: this parameter takes no list');
  const filters: Filter[] = [];
  const issues = new Issues();
  for (const [i, value] of values.entries()) {
    if (issues.full) break;
    if (value.length > limits['search-value-length'].most) {
      const text = `A value of the parameter "${parameter}" has ${value.length} characters; expected ${atMost('search-value-length')}.`;
      return fail('too-costly', { text });
    }
    const stray = strayBackslash(value);
    const one = stray === undefined ? read(value) : { expected: afterBackslash, at: stray };
    if ('expected' in one) {
      const expected = orPlus(value, one.expected + place(i, values.length, one.at));
      issues.add(issue('bad-parameter-value', { parameter, found: unescapeValue(value), expected }));
    } else for (const filter of one) filters.push(filter);
  }
  const [first, ...more] = issues.list;
  return first === undefined ? filters : new Failure([first, ...more]);
}

/** Where a value stands in its list and where it goes wrong, counted from 1, as the end of an error text. */
function place(index: number, count: number, at: number | undefined): string {
  const parts = [
    ...(count > 1 ? [`value ${index + 1} of ${count}`] : []),
    ...(at === undefined ? [] : [`character ${at + 1}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

export function badValue(parameter: string, found: string, expected: string): Failure {
  return fail('bad-parameter-value', { found, parameter, expected });
}

export function unknownModifier(parameter: string, found: string, expected: string): Failure {
  return fail('unknown-modifier', { found, parameter, expected });
}

/** The refusal of a parameter by which one of the types is still being indexed; undefined of any other. */
export function notReady(definitions: Definitions, types: readonly string[], code: string): Failure | undefined {
  for (const target of types) {
    const progress = definitions.searchParameters(target).has(code) ? undefined : definitions.progress(target, code);
    if (progress !== undefined) return fail('parameter-not-ready', { found: code, target, progress });
  }
  return undefined;
}
