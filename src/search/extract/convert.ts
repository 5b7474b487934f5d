import { asObject, type JsonObject } from '#fhir/json/object.ts';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { type ElementType, isSubtype } from '#fhir/model/model.ts';
import type { Clock, DateRange } from '#fhir/values/dates.ts';
import { parseReference, referenceType, splitCanonical } from '#fhir/values/references.ts';
import { ucumSystem } from '#fhir/values/units.ts';
import type { Entry } from '../model/entry.ts';
import { convertBound, type NumberRange, nextUp, point } from '../model/numbers.ts';
import { fold } from '../text/fold.ts';

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
      return tokens(value, element.type, element.system);
    case 'string':
      return strings(value, element.type);
    case 'date':
      return dates(value, element.type, how.clock);
    case 'number':
      return numbers(value, element.type);
    case 'quantity':
      return quantities(value, element.type);
    case 'uri':
      return uris(value, element.type);
    case 'reference':
      return references(value, element, parameter, how);
    case 'composite':
    case 'special':
      return [];
  }
}

/** The identifier of a Reference, for `:identifier`. */
export function referenceIdentifier(value: unknown): Value[] {
  return tokens(asObject(value).identifier, 'Identifier');
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

/** `implied` is the system of a `code`. Booleans, uris and ContactPoints are searched without one. */
function tokens(value: unknown, type: string, implied?: string): Value[] {
  const fields = asObject(value);
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
    case 'string':
      // R4 search.html#token: the case of a string does not count.
      return token('', fold(text(value)));
    default:
      return token(implied, value);
  }
}

function strings(value: unknown, type: string): Value[] {
  const fields = asObject(value);
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
      return clock.range(value);
    case 'instant': {
      // R4: a fixed point in time, however many digits its seconds have.
      const low = clock.range(value)?.low;
      return low === undefined ? undefined : { low, high: low + 1 };
    }
    case 'Period':
      return clock.period(value);
    case 'Timing':
      return clock.timing(value);
    default:
      return undefined;
  }
}

const unbounded = Number.MAX_VALUE;

function numbers(value: unknown, type: string): Value[] {
  if (type === 'Range') {
    const { low, high } = asObject(value);
    const range = span(asObject(low).value, asObject(high).value);
    return range === undefined ? [] : [{ kind: 'number', ...range }];
  }
  return typeof value === 'number' ? [{ kind: 'number', ...point(value) }] : [];
}

/** From one number to the other, both included; an absent one is open. */
function span(from: unknown, to: unknown): NumberRange | undefined {
  if (typeof from !== 'number' && typeof to !== 'number') return undefined;
  const low = typeof from === 'number' ? from : -unbounded;
  const high = typeof to === 'number' ? nextUp(to) : unbounded;
  return low < high ? { low, high } : undefined;
}

function quantities(value: unknown, type: string): Value[] {
  const fields = asObject(value);
  if (type === 'Range') return quantityRange(asObject(fields.low), asObject(fields.high));
  if (type === 'SampledData') return sampled(fields);
  if (typeof fields.value !== 'number') return [];
  if (type === 'Money') {
    return [quantity(point(fields.value), { system: 'urn:iso:std:iso:4217', code: fields.currency })];
  }
  return isSubtype(type, 'Quantity') ? [quantity(compared(fields.value, fields.comparator), fields)] : [];
}

/** In the unit of its lower end; none if the two ends cannot be compared. */
function quantityRange(low: JsonObject, high: JsonObject): Value[] {
  if (typeof low.value !== 'number' || typeof high.value !== 'number' || unitKey(low) === unitKey(high)) {
    const range = span(low.value, high.value);
    return range === undefined ? [] : [quantity(range, typeof low.value === 'number' ? low : high)];
  }
  if (low.system !== ucumSystem || high.system !== ucumSystem) return [];
  const to = convertBound(nextUp(high.value), text(high.code), text(low.code));
  return low.value < to ? [quantity({ low: low.value, high: to }, low)] : [];
}

function unitKey({ system, code, unit }: JsonObject): string {
  return `${text(system)}|${text(code) || text(unit)}`;
}

/** Of sampled data R4 searches the bounds of the values (SearchParameter Observation-value-quantity). */
function sampled({ origin, factor, data }: JsonObject): Value[] {
  const { value: zero, ...unit } = asObject(origin);
  if (typeof zero !== 'number' || typeof data !== 'string') return [];
  const scale = typeof factor === 'number' ? factor : 1;
  const points = data.split(/\s+/);
  const values = points.filter((p) => /^-?\d+(\.\d+)?$/.test(p)).map((p) => zero + Number(p) * scale);
  if (values.length === 0) return [];
  let [low, high] = [unbounded, -unbounded];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  // A point may lie below (L) or above (U) what could be measured. Sums of decimals are rounded to what a decimal keeps.
  const from = points.includes('L') ? -unbounded : Number(low.toPrecision(15));
  const to = points.includes('U') ? unbounded : nextUp(Number(high.toPrecision(15)));
  return [quantity({ low: from, high: to }, unit)];
}

function quantity(range: NumberRange, unit: JsonObject): Value {
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

/** A canonical (R4 references.html#canonical) is found as it is, without its fragment, and without its version too. */
function uris(value: unknown, type: string): Value[] {
  if (typeof value !== 'string' || value === '') return [];
  if (type !== 'canonical') return [{ kind: 'uri', value }];
  const whole = value.replace(/#.*$/s, '');
  const forms = new Set([value, whole, splitCanonical(whole).url]);
  // What is only a fragment names a contained resource.
  return whole === '' ? [] : [...forms].map((form) => ({ kind: 'uri', value: form }));
}

function references(value: unknown, element: ElementType, parameter: SearchParameter, how: Conversion): Value[] {
  if (element.type !== 'Reference') {
    return typeof value === 'string'
      ? [...local(splitCanonical(value.replace(/#.*$/s, '')).url, how.baseUrl), ...uris(value, element.type)]
      : [];
  }
  const fields = asObject(value);
  if (typeof fields.reference !== 'string') return logical(fields, element, parameter, how.compartment);
  const target = parseReference(fields.reference, how.baseUrl);
  if (target?.kind === 'foreign') return foreign(target.url);
  if (target?.kind === 'urn') return uris(target.urn, 'uri');
  return local(fields.reference, how.baseUrl);
}

/** As a reference to a resource of this server, it is found with its version and without. */
function foreign(url: string): Value[] {
  const current = url.replace(/\/_history\/[^/]+$/, '');
  return [...new Set([url, current])].map((value) => ({ kind: 'uri', value }));
}

function local(reference: string, baseUrl: string): Value[] {
  const target = parseReference(reference, baseUrl);
  if (target?.kind !== 'local') return [];
  const { type, id, version } = target;
  return [version === undefined ? { kind: 'reference', type, id } : { kind: 'reference', type, id, version }];
}

/** The types are those that the parameter and the element both allow, or the one that the reference declares. */
function logical(
  reference: JsonObject,
  element: ElementType,
  parameter: SearchParameter,
  compartment: boolean,
): Value[] {
  const { system, value } = asObject(reference.identifier);
  if (typeof value !== 'string' || value === '') return [];
  const allowed = parameter.targets.length === 0 ? element.targets : parameter.targets;
  const both = element.targets.length === 0 ? allowed : allowed.filter((t) => element.targets.includes(t));
  const declared = typeof reference.type === 'string' ? referenceType(reference.type) : undefined;
  const types = declared === undefined ? both : both.filter((t) => t === declared);
  if (types.length === 0) return [];
  const inCompartment = compartment && types.includes('Patient');
  return [{ kind: 'logical', system: text(system), value, types, inCompartment }];
}
