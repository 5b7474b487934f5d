import { Failure, fail, type Outcome } from '#errors';
import { isValidId } from '#fhir/values/references.ts';
import { type Filter, or } from '../model/filter.ts';
import { readWords } from '../text/words.ts';
import { compareMoments, type Prefix, splitPrefix } from './compare.ts';
import { afterBackslash, strayBackslash, unescapeValue } from './escapes.ts';
import { badValue, type Filters, readList, unknownModifier } from './lists.ts';
import { aroundDate, dateFault, prefixes, type ReadingContext, rangeForms } from './ranges.ts';

/** The criteria that every type has and that no values of an index parameter answer (R4 search.html#all). */
export type SpecialCode = '_id' | '_lastUpdated' | '_list' | '_text' | '_content' | '_query';

const codes: ReadonlySet<string> = new Set(['_id', '_lastUpdated', '_list', '_text', '_content', '_query']);

export function isSpecial(code: string): code is SpecialCode {
  return codes.has(code);
}

/** Reads such a criterion; `label` is its name as it was sent. */
export function readSpecial(
  label: string,
  code: SpecialCode,
  modifier: string | undefined,
  text: string,
  reading: ReadingContext,
): Outcome<Filter> {
  const allowed = code === '_id' ? 'not' : 'none';
  if (modifier !== undefined && modifier !== allowed) return unknownModifier(label, modifier, allowed);
  switch (code) {
    case '_id': {
      const ids = readIds(label, text);
      return modifier === undefined || ids instanceof Failure ? ids : { op: 'not', of: ids };
    }
    case '_lastUpdated':
      return anyOf(readList(label, text, (value) => readLastUpdated(value, reading)));
    case '_list':
      return readLists(label, text);
    case '_query':
      return fail('unsupported-search', { found: text, parameter: label, expected: 'none: no named query is defined' });
    case '_text':
    case '_content': {
      const stray = strayBackslash(text);
      if (stray !== undefined) return badValue(label, text, `${afterBackslash} (character ${stray + 1})`);
      return readWords(code === '_text' ? 'text' : 'content', unescapeValue(text));
    }
  }
}

function anyOf(filters: Outcome<readonly Filter[]>): Outcome<Filter> {
  return filters instanceof Failure ? filters : or(filters);
}

function readIds(label: string, text: string): Outcome<Filter> {
  const expected = 'ids: 1 to 64 of A-Z a-z 0-9 - .';
  const ids: string[] = [];
  const read = readList(label, text, (value) => {
    const id = unescapeValue(value);
    if (!isValidId(id)) return { expected };
    ids.push(id);
    return [];
  });
  return read instanceof Failure ? read : { op: 'id', ids };
}

function readLastUpdated(value: string, reading: ReadingContext): Filters {
  const { prefix, rest } = splitPrefix(value);
  const read = readMoment(prefix, rest, reading);
  if (!('expected' in read)) return read;
  return { expected: `${rangeForms.date}, ${prefixes}`, at: (read.at ?? 0) + value.length - rest.length };
}

/** `_lastUpdated` without its prefix. */
export function readMoment(prefix: Prefix, text: string, { clock, now }: ReadingContext): Filters {
  const range = clock.range(text);
  if (range === undefined) return { expected: rangeForms.date, at: dateFault(text, clock) };
  return compareMoments(prefix, range, aroundDate(range, now)).map((where) => ({ op: 'lastUpdated', where }));
}

/** R4 search.html#list; of its functional lists this server keeps none. */
function readLists(label: string, text: string): Outcome<Filter> {
  if (text.startsWith('$')) {
    const expected = 'the id of a List: functional lists are not kept';
    return fail('unsupported-search', { found: text, parameter: label, expected });
  }
  return anyOf(
    readList(label, text, (value) => {
      const id = unescapeValue(value);
      return isValidId(id) ? [{ op: 'lookup', set: { by: 'list', id } }] : { expected: 'the id of a List' };
    }),
  );
}

/** `badValue` of a criterion that takes `true` or `false`. */
export function readFlag(label: string, value: string): Outcome<boolean> {
  if (value === 'true') return true;
  return value === 'false' ? false : badValue(label, value, 'true or false');
}
