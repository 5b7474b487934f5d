import type { TypedValue } from '#fhir/fhirpath/fhirpath.ts';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { type Comparing, compares as compareTexts, isNamed } from './oracle-names.ts';
import {
  aroundDate,
  aroundNumber,
  compares,
  dateRange,
  decimal,
  implied as impliedRange,
  infinite,
  type Range,
  splitPrefix,
} from './oracle-ranges.ts';
import { kindOf, toBase } from './oracle-units.ts';
import { fieldsOf, listOf, type World } from './oracle-world.ts';

/** Whether one value of a parameter is what was asked for. */
export type Test = (value: TypedValue) => boolean;

export interface Token {
  /** Empty if there is none; undefined for that of a `code`, which its value set implies. */
  readonly system: string | undefined;
  readonly code: string;
}

const ucum = 'http://unitsofmeasure.org';

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Splits at a separator that no backslash stands before; the parts stay escaped. */
export function split(value: string, separator: string): string[] {
  const parts = value.match(/\\.|[^\\]/gs) ?? [];
  const found = [''];
  for (const part of parts) {
    if (part === separator) found.push('');
    else found.push(`${found.pop()}${part}`);
  }
  return found;
}

export function unescaped(value: string): string {
  return value.replace(/\\([,|$\\])/g, '$1');
}

/** R4 search.html#token: what can be asked for in a value of each type. */
export function tokensOf({ value, type }: TypedValue): Token[] {
  const fields = fieldsOf(value);
  if (type === 'CodeableConcept') return listOf(fields.coding).flatMap((c) => tokensOf({ value: c, type: 'Coding' }));
  const [system, code] =
    type === 'Coding'
      ? [fields.system, fields.code]
      : type === 'Identifier'
        ? [fields.system, fields.value]
        : ['', fields.value ?? value];
  if (typeof code === 'boolean') return [{ system: '', code: String(code) }];
  if (typeof code !== 'string') return [];
  // The case of a string does not count.
  if (type === 'string') return plain(code) === '' ? [] : [{ system: '', code: plain(code) }];
  return [{ system: type === 'code' ? undefined : text(system), code }];
}

/** R4 search.html#string: the parts of a name and an address count each. */
export function stringsOf({ value, type }: TypedValue): string[] {
  const fields = fieldsOf(value);
  const names = ['text', 'family', 'given', 'prefix', 'suffix'];
  const places = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'];
  const parts = type === 'HumanName' ? names : type === 'Address' ? places : undefined;
  return (parts === undefined ? [value] : parts.flatMap((p) => listOf(fields[p]))).filter((s) => typeof s === 'string');
}

/** `:text` looks at these. */
export function textsOf({ value, type }: TypedValue): string[] {
  const fields = fieldsOf(value);
  const own =
    type === 'CodeableConcept' ? [fields.text] : type === 'Coding' ? [fields.display] : [fieldsOf(fields.type).text];
  const codings = type === 'CodeableConcept' ? listOf(fields.coding).map((c) => fieldsOf(c).display) : [];
  return [...own, ...codings].filter((s) => typeof s === 'string');
}

/** What stands for the letters of the vocabulary that do not decompose, and for its traditional characters. */
const others: Readonly<Record<string, string>> = {
  ß: 'ss',
  ς: 'σ',
  ø: 'o',
  æ: 'ae',
  ł: 'l',
  þ: 'th',
  張: '张',
  諸: '诸',
  豐: '丰',
  臺: '台',
};

/** Without case, accents, width, and letters that ASCII does not have. */
export function plain(value: string): string {
  const bare = value.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return [...bare].map((letter) => others[letter] ?? letter).join('');
}

export function rangeOf({ value, type }: TypedValue): Range | undefined {
  if (type === 'Period') {
    const { start, end } = fieldsOf(value);
    const [from, to] = [dateRange(start), dateRange(end)];
    if (from === undefined && to === undefined) return undefined;
    return { low: from?.low ?? -infinite, high: to?.high ?? infinite, highOpen: true };
  }
  if (type === 'instant') {
    // A point, however many digits its seconds have.
    const low = dateRange(value)?.low;
    return low === undefined ? undefined : { low, high: low };
  }
  if (type !== 'Timing') return dateRange(value);
  const { event, repeat } = fieldsOf(value);
  const all = [...listOf(event).map(dateRange), rangeOf({ value: fieldsOf(repeat).boundsPeriod, type: 'Period' })];
  const ranges = all.filter((r) => r !== undefined);
  const lowest = (a: bigint, b: bigint) => (a < b ? a : b);
  const highest = (a: bigint, b: bigint) => (a > b ? a : b);
  return ranges.reduce<Range | undefined>(
    (outer, r) => ({
      low: lowest(outer?.low ?? r.low, r.low),
      high: highest(outer?.high ?? r.high, r.high),
      highOpen: true,
    }),
    undefined,
  );
}

function amount(value: unknown): bigint | undefined {
  return typeof value === 'number' ? decimal(String(value)) : undefined;
}

/** A number, or what lies between the numbers of a Range; an absent end is open. */
export function numberOf({ value, type }: TypedValue): Range | undefined {
  const { low, high } = fieldsOf(type === 'Range' ? value : { low: { value }, high: { value } });
  const [from, to] = [amount(fieldsOf(low).value), amount(fieldsOf(high).value)];
  return from === undefined && to === undefined ? undefined : { low: from ?? -infinite, high: to ?? infinite };
}

export interface Quantity {
  readonly range: Range;
  readonly system: string;
  readonly code: string;
  readonly unit: string;
}

export function quantityOf({ value, type }: TypedValue): Quantity | undefined {
  const fields = fieldsOf(value);
  const named = (range: Range, of: Readonly<Record<string, unknown>>): Quantity => {
    return { range, system: text(of.system), code: text(of.code), unit: text(of.unit) };
  };
  if (type === 'Range') {
    const range = numberOf({ value, type });
    return range && named(range, fieldsOf(fields[range.low === -infinite ? 'high' : 'low']));
  }
  const number = amount(fields.value);
  if (number === undefined) return undefined;
  if (type === 'Money')
    return named({ low: number, high: number }, { system: 'urn:iso:std:iso:4217', code: fields.currency });
  const { comparator } = fields;
  if (comparator === '<' || comparator === '<=')
    return named({ low: -infinite, high: number, highOpen: comparator === '<' }, fields);
  if (comparator === '>' || comparator === '>=')
    return named({ low: number, high: infinite, lowOpen: comparator === '>' }, fields);
  return named({ low: number, high: number }, fields);
}

/** Whether the parameter has something to be found by in this value; `:missing` goes by it. */
export function isSearchable(world: World, value: TypedValue, { type }: SearchParameter): boolean {
  switch (type) {
    case 'token':
      return tokensOf(value).length > 0;
    case 'string':
      return stringsOf(value).some((s) => plain(s) !== '');
    case 'date':
      return rangeOf(value) !== undefined;
    case 'number':
      return numberOf(value) !== undefined;
    case 'quantity':
      return quantityOf(value) !== undefined;
    case 'reference':
      return world.link(value) !== undefined;
    default:
      return typeof value.value === 'string';
  }
}

/** The systems that the value sets of some elements of type code imply. */
export const implied: Readonly<Record<string, string>> = {
  'http://hl7.org/fhir/SearchParameter/individual-gender': 'http://hl7.org/fhir/administrative-gender',
  'http://hl7.org/fhir/SearchParameter/Observation-status': 'http://hl7.org/fhir/observation-status',
  'http://hl7.org/fhir/SearchParameter/Encounter-status': 'http://hl7.org/fhir/encounter-status',
};

/** Reads `code`, `system|code`, `|code` or `system|`; a code has the `own` system of its parameter. */
export function tokenTest(asked: string, own?: string): ((token: Token) => boolean) | undefined {
  const [first = '', second, ...more] = split(asked, '|').map(unescaped);
  if (more.length > 0 || (first === '' && (second ?? '') === '')) return undefined;
  if (second === undefined) return ({ code }) => code === first;
  return ({ system = own, code }) => system === first && (second === '' || code === second);
}

/** `named`: the values are people's names, or family or given names. */
export function stringTest(asked: string, how: Comparing | 'exact', named: boolean): Test {
  if (how === 'exact') return (v) => stringsOf(v).includes(asked);
  const folded = plain(asked);
  return (v) => {
    const texts = stringsOf(v);
    if (texts.some((s) => compareTexts(how, plain(s), folded))) return true;
    return (v.type === 'HumanName' || named) && isNamed(v.value, texts, asked, how, plain);
  };
}

/** Whether the values of a parameter are family or given names. */
export function isNamePart({ code }: SearchParameter): boolean {
  return code === 'family' || code === 'given';
}

function dateTest(asked: string): Test | undefined {
  const { prefix, rest } = splitPrefix(asked);
  const searched = dateRange(rest);
  if (searched === undefined) return undefined;
  const approximate = aroundDate(searched, Date.now());
  return (v) => {
    const range = rangeOf(v);
    return range !== undefined && compares(prefix, range, searched, approximate);
  };
}

/** The digits count for `eq` and `ne`; for the other prefixes the number is exact. */
function searchedNumber(asked: string) {
  const { prefix, rest } = splitPrefix(asked);
  const [value, around] = [decimal(rest), impliedRange(rest)];
  if (value === undefined || around === undefined) return undefined;
  const searched = prefix === 'eq' || prefix === 'ne' ? around : { low: value, high: value };
  return { prefix, searched, approximate: aroundNumber(value, around) };
}

function numberTest(asked: string): Test | undefined {
  const number = searchedNumber(asked);
  return (
    number &&
    ((v) => {
      const found = numberOf(v);
      return found !== undefined && compares(number.prefix, found, number.searched, number.approximate);
    })
  );
}

/** With a unit of UCUM, values in every unit that converts are compared; the others as they stand. A system alone takes all its units. */
function quantityTest(asked: string): Test | undefined {
  const parts = split(asked, '|').map(unescaped);
  const [amount = '', system = '', unit = ''] = parts;
  const number = searchedNumber(amount);
  if (number === undefined || parts.length > 3) return undefined;
  const kind = system === ucum ? kindOf(unit) : undefined;
  const { prefix, searched, approximate } = number;
  return (value) => {
    const found = quantityOf(value);
    if (found === undefined) return false;
    if (kind !== undefined) {
      if (found.system !== ucum || kindOf(found.code) !== kind) return false;
      return compares(prefix, toBase(found.range, found.code), toBase(searched, unit), toBase(approximate, unit));
    }
    const same =
      system === ''
        ? unit === '' || found.code === unit || found.unit === unit
        : found.system === system && (unit === '' || found.code === unit);
    return same && compares(prefix, found.range, searched, approximate);
  };
}

function uriTest(asked: string, how: string | undefined): Test {
  const url = unescaped(asked);
  const path = url.replace(/\/+$/, '');
  const passes = (value: string): boolean => {
    if (how === 'below') return value === path || value.startsWith(`${path}/`);
    if (how === 'above') return path === value || path.startsWith(`${value}/`);
    return value === url;
  };
  return ({ value, type }) => {
    const found = text(value);
    return passes(found) || (type === 'canonical' && passes(found.replace(/\|.*/s, '')));
  };
}

/** `type`: what a bare id means, or what `:[type]` demands. */
function referenceTest(
  world: World,
  asked: string,
  parameter: SearchParameter,
  demanded: string | undefined,
): Test | undefined {
  const value = unescaped(asked);
  const bare = /^[A-Za-z0-9.-]{1,64}$/.test(value);
  const wanted = bare ? undefined : world.linkOf(value);
  if (wanted?.to === 'local' && demanded !== undefined && wanted.type !== demanded) return undefined;
  return (v) => {
    const link = world.link(v);
    if (bare || wanted?.to === 'local') {
      const version = wanted?.to === 'local' ? wanted.version : undefined;
      const target = world.target(v, parameter);
      const type =
        wanted?.to === 'local'
          ? wanted.type
          : (demanded ?? (parameter.targets.length === 1 ? parameter.targets[0] : undefined));
      const id = wanted?.to === 'local' ? wanted.id : value;
      if (target === undefined || target.id !== id || (type !== undefined && target.type !== type)) return false;
      return version === undefined || (link?.to === 'local' && link.version === version);
    }
    if (v.type === 'canonical' && text(v.value).replace(/\|.*/s, '') === value) return true;
    return v.type === 'Reference' ? link?.to === 'url' && link.url === value : v.value === value;
  };
}

/** Reads one value of a parameter, without a modifier or with one that concerns a single value. */
export function testOf(world: World, parameter: SearchParameter, asked: string, modifier?: string): Test | undefined {
  switch (parameter.type) {
    case 'token': {
      const [test, folded] = [asked, plain(asked)].map((one) => tokenTest(one, implied[parameter.url]));
      return test && folded && ((v) => tokensOf(v).some(v.type === 'string' ? folded : test));
    }
    case 'string':
      return stringTest(
        unescaped(asked),
        modifier === 'exact' || modifier === 'contains' ? modifier : 'starts',
        isNamePart(parameter),
      );
    case 'date':
      return dateTest(asked);
    case 'number':
      return numberTest(asked);
    case 'quantity':
      return quantityTest(asked);
    case 'uri':
      return uriTest(asked, modifier);
    case 'reference':
      return referenceTest(world, asked, parameter, modifier);
    default:
      return undefined;
  }
}
