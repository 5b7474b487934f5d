import type { SearchParameter } from '#fhir/model/definitions.ts';
import { isValidId, parseReference, splitCanonical } from '#fhir/values/references.ts';
import { atMost, limits } from '#limits';
import { mayYield, passesThrough } from '../extract/expression-types.ts';
import { and, type Filter, type Test } from '../model/filter.ts';
import { fold } from '../text/fold.ts';
import { closed, spellings } from '../text/names.ts';
import { sounds } from '../text/phonetic.ts';
import { hasHan, readings } from '../text/pinyin.ts';
import { splitEscaped, unescapeValue } from './escapes.ts';
import type { Filters } from './lists.ts';
import type { ReadingContext, TestAlternatives } from './ranges.ts';
import { forms, readReference, readString, readToken, readValue } from './values.ts';

/** The modifiers that a parameter has by its type (R4 search.html#modifiers) or by its own definition. */
export function modifiersOf(parameter: SearchParameter): readonly string[] {
  const allowed = parameter.limits?.modifiers;
  const all = typeModifiers(parameter);
  return allowed === undefined ? all : all.filter((m) => allowed.includes(parameter.targets.includes(m) ? 'type' : m));
}

function typeModifiers(parameter: SearchParameter): readonly string[] {
  const { type, usage, targets } = parameter;
  if (usage !== 'normal') return type === 'special' ? [] : ['missing'];
  switch (type) {
    case 'string':
      return ['missing', 'exact', 'contains'];
    case 'token': {
      const ofType = mayYield(parameter, 'Identifier') ? ['of-type'] : [];
      return ['missing', 'not', 'text', 'in', 'not-in', 'above', 'below', ...ofType];
    }
    case 'reference': {
      const identifier = mayYield(parameter, 'Reference') ? ['identifier'] : [];
      return ['missing', ...identifier, 'above', 'below', ...targets];
    }
    case 'uri':
      return ['missing', 'above', 'below'];
    // R4 search.html#composite: modifiers are not used on composites.
    case 'composite':
    case 'special':
      return [];
    default:
      return ['missing'];
  }
}

/** Whether the modifier asks for what its values do not match: resources without the parameter are found then too. */
export function isNegation(modifier: string | undefined): boolean {
  return modifier === 'not' || modifier === 'not-in';
}

/** Reads one value as the modifier says; for a negation, what must not hold. */
export function readModified(
  parameter: SearchParameter,
  modifier: string | undefined,
  value: string,
  reading: ReadingContext,
): Filters {
  const { code } = parameter;
  switch (modifier) {
    case undefined:
    case 'not':
      return readPlain(parameter, value, reading);
    case 'exact':
    case 'contains':
      return readText(parameter, modifier, value);
    case 'text':
      return matching(`${code}:text`, readString(value, 'starts'));
    case 'identifier':
      return matching(`${code}:identifier`, readToken(value));
    case 'of-type':
      return matching(`${code}:of-type`, readOfType(value));
    case 'in':
    case 'not-in':
      return readValueSet(code, value);
    case 'above':
    case 'below':
      return readHierarchy(parameter, modifier, value, reading);
    default:
      return matching(code, readTyped(parameter, modifier, value, reading));
  }
}

function matching(param: string, tests: TestAlternatives): Filters {
  return 'expected' in tests ? tests : tests.map((test) => ({ op: 'match', param, test }));
}

/** A value without a modifier. */
export function readPlain(parameter: SearchParameter, value: string, reading: ReadingContext): Filters {
  const { code, type, usage } = parameter;
  if (type === 'composite') return readTuples(parameter, value, reading);
  if (usage === 'phonetic') return readPhonetic(code, value);
  if (usage === 'pinyin') return readPinyin(code, value);
  if (type === 'string') return readText(parameter, 'starts', value);
  const found = matching(code, readValue(parameter, value, reading));
  return 'expected' in found || type !== 'uri' ? found : [...found, ...versionOf(code, unescapeValue(value))];
}

type How = Extract<Test, { kind: 'string' }>['how'];

/** A value of a string, compared in this way; of a name also as a whole, in every spelling. */
export function readText(parameter: SearchParameter, how: How, value: string): Filters {
  const { code } = parameter;
  const found = matching(code, readString(value, how));
  if ('expected' in found || how === 'exact' || !passesThrough(parameter, 'HumanName')) return found;
  const names = spellings(unescapeValue(value));
  const parts = new Set(names.flatMap((name) => [fold(name), closed(name)]).filter((text) => text !== ''));
  return [...[...parts].map((text) => compared(code, how, text)), ...names.flatMap((name) => asWhole(code, how, name))];
}

/**
 * What to ask of the readings and wholes of names (see nameBeginnings). One Latin word may be a reading or a later word, with which
 * names begin, no more, unless it may have an umlaut spelled out; other scripts write words without blanks.
 */
function asWhole(code: string, how: How, name: string): readonly Filter[] {
  const whole = closed(name);
  const isWithin = whole.length > 1 && (/[^a-z]|[aou]e|aa/.test(whole) || whole !== fold(name));
  const applied = how === 'contains' && /^[a-z]{2,}$/.test(whole) && !isWithin ? 'starts' : how;
  const isAsked = applied === 'starts' ? letters.test(whole) : isWithin;
  return isAsked ? [compared(`${code}:pinyin`, applied, whole)] : [];
}

const letters = /^\p{L}+$/u;

/** R4 search.html#uri: `url=<canonical>|1.0` asks for that version of what has the canonical as its url. */
function versionOf(param: string, text: string): readonly Filter[] {
  const { url, version } = splitCanonical(text);
  if (param !== 'url' || !url || !version) return [];
  const isUrl: Filter = { op: 'match', param, test: { kind: 'uri', how: 'equals', value: url } };
  return [and([isUrl, { op: 'match', param: 'version', test: { kind: 'token', code: fold(version) } }])];
}

function compared(param: string, how: How, value: string): Filter {
  return { op: 'match', param, test: { kind: 'string', how, value } };
}

function readPhonetic(code: string, value: string): Filters {
  const keys = sounds(unescapeValue(value));
  if (keys.length === 0) return { expected: 'a name that can be spoken' };
  return keys.map((key) => compared(code, 'starts', key));
}

function readPinyin(code: string, value: string): Filters {
  const text = unescapeValue(value);
  const found = hasHan(text) ? readings(text) : [closed(text)];
  const some = found.filter((reading) => reading !== '');
  if (some.length === 0) return { expected: 'pinyin, initials or Chinese characters' };
  return some.map((reading) => compared(code, 'starts', reading));
}

/** `a$b` of a composite; a component that reads as alternatives multiplies the tuples. */
function readTuples({ code, components }: SearchParameter, value: string, reading: ReadingContext): Filters {
  const parts = splitEscaped(value, '$', components.length);
  const expected = components.map((c) => `(${forms[c.parameter.type]})`).join(' $ ');
  if (parts.length !== components.length) return { expected };
  let tuples: (readonly Test[])[] = [[]];
  let start = 0;
  for (const [i, component] of components.entries()) {
    const part = parts[i] ?? '';
    const tests = readValue(component.parameter, part, reading);
    if ('expected' in tests) {
      const isForm = tests.expected === forms[component.parameter.type];
      const what = isForm ? expected : `${expected}, and there ${tests.expected}`;
      return { expected: what, at: start + (tests.at ?? 0) };
    }
    tuples = tuples.flatMap((tuple) => tests.map((test) => [...tuple, test]));
    start += part.length + 1;
  }
  return tuples.map((tests) => ({ op: 'tuple', param: code, tests }));
}

/** `system|code|value`, all three (R4 search.html#token). */
function readOfType(value: string): TestAlternatives {
  const parts = splitEscaped(value, '|', 3).map(unescapeValue);
  const [system = '', type = '', code = ''] = parts;
  if (parts.length !== 3 || parts.includes('')) {
    return { expected: 'system|code|value: system and code of the type, and the value of the identifier' };
  }
  return [{ kind: 'token', system: `${system}|${type}`, code }];
}

const absolute = /^[a-z][a-z0-9+.-]*:\S+$/i;

function readValueSet(param: string, value: string): Filters {
  const url = unescapeValue(value);
  const [type, id = ''] = url.split('/', 2);
  const literal = type === 'ValueSet' && isValidId(id) && url === `ValueSet/${id}`;
  if (!literal && !absolute.test(url)) return { expected: 'the URL of a ValueSet, or ValueSet/id' };
  return [{ op: 'lookup', set: { by: 'valueSet', param, url } }];
}

/** R4 search.html#subsumption, #recursive, #versions and #uri. */
function readHierarchy(
  parameter: SearchParameter,
  how: 'above' | 'below',
  value: string,
  reading: ReadingContext,
): Filters {
  const { code: param, type } = parameter;
  if (type === 'token') return readConcept(parameter, how, value);
  if (type === 'uri') return readUriPart(param, how, unescapeValue(value));
  const text = unescapeValue(value);
  const [only] = parameter.targets;
  const expected = parameter.targets.length === 1 ? 'id or Type/id' : 'Type/id';
  if (isValidId(text)) {
    if (parameter.targets.length !== 1 || only === undefined) return { expected };
    return [{ op: 'lookup', set: { by: 'hierarchy', param, how, type: only, id: text } }];
  }
  const target = parseReference(text, reading.baseUrl);
  if (target?.kind === 'local') {
    if (target.version !== undefined) return { expected: `${expected}, without a version` };
    return [{ op: 'lookup', set: { by: 'hierarchy', param, how, type: target.type, id: target.id } }];
  }
  if (how === 'above' || !mayYield(parameter, 'canonical') || !absolute.test(text)) return { expected };
  return [{ op: 'match', param, test: canonicalBelow(text) }];
}

/** All versions of a canonical, or those that a version is the beginning of: `1` of `1.0` and `1.1`. */
function canonicalBelow(text: string): Test {
  const { version } = splitCanonical(text);
  return { kind: 'uri', how: version === undefined ? 'equals' : 'below', value: text };
}

function readConcept(parameter: SearchParameter, how: 'above' | 'below', value: string): Filters {
  const { code: param } = parameter;
  const read = readToken(value);
  if ('expected' in read) return read;
  const [test] = read;
  if (how === 'below' && test?.kind === 'token' && isMimeType(parameter, test)) {
    return [{ op: 'match', param, test: { ...test, below: true } }];
  }
  if (test?.kind !== 'token' || !test.code || !test.system) {
    return { expected: `system|code, since only a code system tells what lies ${how} a code` };
  }
  const { system, code } = test;
  return [{ op: 'lookup', set: { by: 'code', param, how, system, code } }];
}

/** R4 search.html#mimetype; MIME types are codes, and have no system. */
function isMimeType(parameter: SearchParameter, { system, code }: Extract<Test, { kind: 'token' }>): boolean {
  return system === undefined && /^[\w.+-]+\/[\w.+*-]+$/.test(code ?? '') && mayYield(parameter, 'code');
}

function readUriPart(param: string, how: 'above' | 'below', value: string): Filters {
  if (!absolute.test(value) || /^urn:/i.test(value)) return { expected: 'a URL: a URN has nothing above or below it' };
  if (value.length > limits['search-uri-length'].most) {
    return { expected: `a URL of ${atMost('search-uri-length')}; found ${value.length}` };
  }
  return [{ op: 'match', param, test: { kind: 'uri', how, value } }];
}

function readTyped(parameter: SearchParameter, type: string, value: string, reading: ReadingContext): TestAlternatives {
  const tests = readReference(parameter, value, reading, [type]);
  if ('expected' in tests || tests.every((t) => t.kind !== 'reference' || t.type === type)) return tests;
  return { expected: `id or ${type}/id` };
}
