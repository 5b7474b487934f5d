import type { Clock, DateRange } from '#fhir/dates.ts';
import type { SearchParameter } from '#fhir/definitions.ts';
import { type ElementType, isSubtype } from '#fhir/model.ts';
import { parseReference, referenceType, splitCanonical } from '#fhir/references.ts';
import type { Entry } from './entry.ts';
import { fold } from './fold.ts';
import { type NumberRange, nextUp, point } from './numbers.ts';

type WithoutPlace<T> = T extends unknown ? Omit<T, 'param' | 'pos'> : never;
/** An index entry that does not say yet which parameter it is of. */
export type Value = WithoutPlace<Entry>;

export interface Conversion {
  readonly clock: Clock;
  readonly baseUrl: string;
  /** Whether the parameter puts the resource into a Patient's compartment. */
  readonly compartment: boolean;
}

/**
 * The index values of one value that a parameter's expression gave, by the type of the parameter and of the value (the
 * tables of R4 search.html). None where the value has a type or shape that the parameter cannot be searched by.
 */
export function convert(value: unknown, element: ElementType, parameter: SearchParameter, how: Conversion): Value[] {
  switch (parameter.type) {
    case 'token':
      return tokens(value, element.type);
    case 'string':
      return strings(value, element.type);
    case 'date':
      return dates(value, element.type, how.clock);
    case 'number':
      return typeof value === 'number' ? [{ kind: 'number', ...point(value) }] : [];
    case 'quantity':
      return quantities(value, element.type);
    case 'uri':
      return uris(value, element.type);
    case 'reference':
      return references(value, element, parameter, how);
    case 'composite':
      return [];
  }
}

/** The identifier of a Reference, for `:identifier`. */
export function referenceIdentifier(value: unknown): Value[] {
  return tokens(object(value).identifier, 'Identifier');
}

type Fields = Readonly<Record<string, unknown>>;
const none: Fields = {};

function object(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : none;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function token(system: unknown, code: unknown): Value[] {
  return typeof code === 'string' && code !== '' ? [{ kind: 'token', system: text(system), code }] : [];
}

function tokens(value: unknown, type: string): Value[] {
  const fields = object(value);
  switch (type) {
    case 'CodeableConcept':
      return list(fields.coding).flatMap((c) => tokens(c, 'Coding'));
    case 'Coding':
      return token(fields.system, fields.code);
    case 'Identifier':
      return token(fields.system, fields.value);
    case 'ContactPoint':
      return token('', fields.value);
    case 'boolean':
      return typeof value === 'boolean' ? token('', String(value)) : [];
    default:
      return token('', value);
  }
}

function strings(value: unknown, type: string): Value[] {
  const fields = object(value);
  const parts =
    type === 'HumanName'
      ? [fields.text, fields.family, fields.given, fields.prefix, fields.suffix]
      : type === 'Address'
        ? [fields.text, fields.line, fields.city, fields.district, fields.state, fields.postalCode, fields.country]
        : [value];
  return parts.flatMap(list).flatMap((exact) => {
    const folded = fold(text(exact));
    return folded === '' ? [] : [{ kind: 'string', value: folded, exact: text(exact) }];
  });
}

function dates(value: unknown, type: string, clock: Clock): Value[] {
  const range = dateRange(value, type, clock);
  return range === undefined ? [] : [{ kind: 'date', ...range }];
}

function dateRange(value: unknown, type: string, clock: Clock): DateRange | undefined {
  switch (type) {
    case 'date':
    case 'dateTime':
    case 'instant':
      return clock.range(value);
    case 'Period':
      return clock.period(value);
    case 'Timing':
      return clock.timing(value);
    default:
      return undefined;
  }
}

const unbounded = Number.MAX_VALUE;

function quantities(value: unknown, type: string): Value[] {
  const fields = object(value);
  if (type === 'Range') {
    const [low, high] = [object(fields.low), object(fields.high)];
    const from = typeof low.value === 'number' ? low.value : -unbounded;
    const to = typeof high.value === 'number' ? nextUp(high.value) : unbounded;
    const unit = low.value === undefined ? high : low;
    return typeof unit.value === 'number' && from < to ? [quantity({ low: from, high: to }, unit)] : [];
  }
  if (typeof fields.value !== 'number') return [];
  if (type === 'Money') {
    return [quantity(point(fields.value), { system: 'urn:iso:std:iso:4217', code: fields.currency })];
  }
  return isSubtype(type, 'Quantity') ? [quantity(compared(fields.value, fields.comparator), fields)] : [];
}

function quantity(range: NumberRange, unit: Fields): Value {
  return { kind: 'quantity', ...range, system: text(unit.system), code: text(unit.code), unit: text(unit.unit) };
}

/** A result below or above the limit of a measuring device is a range. */
function compared(value: number, comparator: unknown): NumberRange {
  switch (comparator) {
    case '<':
      return { low: -unbounded, high: value };
    case '<=':
      return { low: -unbounded, high: nextUp(value) };
    case '>':
      return { low: nextUp(value), high: unbounded };
    case '>=':
      return { low: value, high: unbounded };
    default:
      return point(value);
  }
}

/** A canonical is found with its version and without. */
function uris(value: unknown, type: string): Value[] {
  if (typeof value !== 'string' || value === '') return [];
  const full: Value = { kind: 'uri', value };
  const { url, version } = splitCanonical(value);
  return type === 'canonical' && version !== undefined ? [full, { kind: 'uri', value: url }] : [full];
}

function references(value: unknown, element: ElementType, parameter: SearchParameter, how: Conversion): Value[] {
  if (element.type !== 'Reference') {
    return typeof value === 'string'
      ? [...local(splitCanonical(value).url, how.baseUrl), ...uris(value, element.type)]
      : [];
  }
  const fields = object(value);
  if (typeof fields.reference !== 'string') return logical(fields, element, parameter, how.compartment);
  const target = parseReference(fields.reference, how.baseUrl);
  if (target?.kind === 'foreign') return uris(target.url, 'uri');
  if (target?.kind === 'urn') return uris(target.urn, 'uri');
  return local(fields.reference, how.baseUrl);
}

function local(reference: string, baseUrl: string): Value[] {
  const target = parseReference(reference, baseUrl);
  if (target?.kind !== 'local') return [];
  const { type, id, version } = target;
  return [version === undefined ? { kind: 'reference', type, id } : { kind: 'reference', type, id, version }];
}

/** The types are those that the parameter and the element both allow, or the one that the reference declares. */
function logical(reference: Fields, element: ElementType, parameter: SearchParameter, compartment: boolean): Value[] {
  const { system, value } = object(reference.identifier);
  if (typeof value !== 'string' || value === '') return [];
  const allowed = parameter.targets.length === 0 ? element.targets : parameter.targets;
  const both = element.targets.length === 0 ? allowed : allowed.filter((t) => element.targets.includes(t));
  const declared = typeof reference.type === 'string' ? referenceType(reference.type) : undefined;
  const types = declared === undefined ? both : both.filter((t) => t === declared);
  if (types.length === 0) return [];
  const resident = compartment && types.includes('Patient');
  return [{ kind: 'logical', system: text(system), value, types, resident }];
}
