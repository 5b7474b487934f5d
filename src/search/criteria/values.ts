import type { SearchParameter, SearchType } from '#fhir/model/definitions.ts';
import { isValidId, parseReference } from '#fhir/values/references.ts';
import { mayYield, yieldsOnly } from '../extract/expression-types.ts';
import type { Test } from '../model/filter.ts';
import { fold } from '../text/fold.ts';
import { splitPrefix } from './compare.ts';
import { splitEscaped, startOf, unescapeValue } from './escapes.ts';
import { nearForm, readNear } from './near.ts';
import { prefixes, type ReadingContext, rangeForms, readRange, type TestAlternatives } from './ranges.ts';

/** Reads one value (no comma list) of a parameter in its plain form; composites are put together by their reader. */
export function readValue(parameter: SearchParameter, value: string, reading: ReadingContext): TestAlternatives {
  const { type } = parameter;
  switch (type) {
    case 'token':
      return readTokenOf(parameter, value);
    case 'string':
      return readString(value, 'starts');
    case 'date':
    case 'number':
    case 'quantity':
      return readPrefixed(parameter, type, value, reading);
    case 'uri':
      return readUri(parameter, value, reading.baseUrl);
    case 'reference':
      return readReference(parameter, value, reading);
    case 'special':
      return readNear(value);
    case 'composite':
      return { expected: forms.composite };
  }
}

/** What a value of each type looks like, for error texts. */
export const forms: Readonly<Record<SearchType, string>> = {
  token: 'code, system|code, |code or system|',
  string: 'some text',
  date: `${rangeForms.date}, ${prefixes}`,
  number: `${rangeForms.number}, ${prefixes}`,
  quantity: `${rangeForms.quantity}, ${prefixes}`,
  uri: 'a URI',
  reference: 'id, Type/id or a URL',
  composite: 'one value for each component, separated by $',
  special: nearForm,
};

export function readToken(value: string): TestAlternatives {
  const raw = splitEscaped(value, '|', 3);
  const [first = '', second] = raw.map(unescapeValue);
  if (raw.length > 2) return { expected: forms.token, at: startOf(raw, 2) - 1 };
  if (first === '' && (second ?? '') === '') return { expected: forms.token };
  if (second !== undefined && blank.test(first))
    return { expected: `${forms.token}, the system a URI`, at: first.search(blank) };
  if (second === undefined) return [{ kind: 'token', code: first }];
  if (second === '') return [{ kind: 'token', system: first }];
  const test: Test = { kind: 'token', system: first, code: second };
  // The index has the values of booleans without their system.
  const isBoolean = first === specialValues && (second === 'true' || second === 'false');
  return isBoolean ? [test, { kind: 'token', system: '', code: second }] : [test];
}

/** What no URI has. */
const blank = /\s/;

/** R4 search.html#token: the system of the values of booleans. */
const specialValues = 'http://hl7.org/fhir/special-values';

/** What R4 search.html#token allows no `|` for. */
const withoutSystem: ReadonlySet<string> = new Set(['boolean', 'ContactPoint', 'string', 'uri']);

/** A token of a parameter: with a system only where its values may have one. */
function readTokenOf(parameter: SearchParameter, value: string): TestAlternatives {
  const read = readToken(value);
  if ('expected' in read) return read;
  const [first = '', second] = splitEscaped(value, '|', 1);
  const isBoolean = read.length > 1 && mayYield(parameter, 'boolean');
  if (second !== undefined && !isBoolean && yieldsOnly(parameter, withoutSystem)) {
    return { expected: 'a value without |, since no value of this parameter has a system', at: first.length };
  }
  const form = withoutBlanks.find(({ types, never }) => never.test(value) && yieldsOnly(parameter, types));
  if (form !== undefined) return { expected: form.expected };
  // The index has strings folded, whose case does not count.
  return mayYield(parameter, 'string') ? read.flatMap(withFolded) : read;
}

/** Values that no element of these types has, and that are typed with a `+` otherwise. */
const withoutBlanks = [
  { types: new Set(['ContactPoint']), never: /^ +\d/, expected: 'a number as it is called: +86 21 …' },
  {
    types: new Set(['code']),
    never: /^[\w.-]+\/[\w.-]+ [\w.-]+$/,
    expected: 'a MIME type such as application/fhir+json',
  },
] as const;

function withFolded(test: Test): readonly Test[] {
  if (test.kind !== 'token' || test.code === undefined || fold(test.code) === test.code) return [test];
  return [test, { ...test, code: fold(test.code) }];
}

export function readString(value: string, how: Extract<Test, { kind: 'string' }>['how']): TestAlternatives {
  const text = unescapeValue(value);
  const folded = fold(text);
  if (folded === '') return { expected: forms.string };
  return [{ kind: 'string', how, value: how === 'exact' ? text : folded }];
}

/** A relative canonical, such as `Profile/lipid`, is also one of this server (R4 search.html#profile). */
function readUri(parameter: SearchParameter, value: string, baseUrl: string): TestAlternatives {
  if (value === '') return { expected: forms.uri };
  const text = unescapeValue(value);
  if (blank.test(text)) return { expected: forms.uri, at: text.search(blank) };
  const isRelative = /^[A-Za-z]+\/\S+$/.test(text) && mayYield(parameter, 'canonical');
  const urls = isRelative ? [text, `${baseUrl}/${text}`] : [text];
  return urls.map((url) => ({ kind: 'uri', how: 'equals', value: url }));
}

function readPrefixed(
  { limits }: SearchParameter,
  type: 'date' | 'number' | 'quantity',
  value: string,
  reading: ReadingContext,
): TestAlternatives {
  const { prefix, rest } = splitPrefix(value);
  const allowed = limits?.comparators;
  if (allowed !== undefined && rest !== value && !allowed.includes(prefix)) {
    const which = allowed.length === 0 ? 'no prefix' : `no prefix but ${allowed.join(' ')}`;
    return { expected: `${rangeForms[type]}, with ${which}`, at: 0 };
  }
  const read = readRange(type, prefix, rest, reading);
  if (!('expected' in read)) return read;
  const expected = Object.values<string>(rangeForms).includes(read.expected) ? forms[type] : read.expected;
  return read.at === undefined ? { expected } : { expected, at: read.at + value.length - rest.length };
}

/** `targets` are the types that the parameter may lead to; with one alone, a bare id means that type. */
export function readReference(
  parameter: SearchParameter,
  value: string,
  { baseUrl, references }: ReadingContext,
  targets: readonly string[] = parameter.targets,
): TestAlternatives {
  const sent = unescapeValue(value);
  const text = references?.(sent) ?? sent;
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
    case 'urn':
      // No resource is stored with such a Reference; a canonical may be one.
      if (references !== undefined && !mayYield(parameter, 'canonical')) return { expected: entryForm };
      return [uri];
    case 'foreign':
      return [uri];
    default:
      return { expected: forms.reference };
  }
}

/** What was expected of a URN in criteria. */
const entryForm = 'id, Type/id, a URL, or the fullUrl of an entry of the same transaction, which this is not';
