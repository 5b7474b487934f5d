import type { AnyTypeSpecifier, PatientObject, RecordObject, RetrieveDetails } from 'cql-execution';
import { Code, Date as CqlDate, DateTime } from 'cql-execution';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { FhirElement, FhirType, SystemType } from './elements.ts';
import { offsetText } from './period.ts';

/** Hours east of UTC: the offset of every DateTime that is made, so that calendar months and days are the district's. */
type Offset = number;

/**
 * A FHIR element as cql-execution's data model interface wants it. Children are made when first read and kept, since the
 * libraries of all measures read the same ones.
 */
export class FhirValue implements RecordObject {
  /** The only enumerable property: what cql-execution compares when two values are asked to be equal. */
  readonly json: JsonObject;
  readonly #type: FhirType;
  readonly #offset: Offset;
  readonly #read = new Map<string, unknown>();

  constructor(json: JsonObject, type: FhirType, offset: Offset) {
    this.json = json;
    this.#type = type;
    this.#offset = offset;
  }

  get(path: string): unknown {
    const dot = path.indexOf('.');
    if (dot > 0) {
      const first = this.get(path.slice(0, dot));
      return first instanceof FhirValue ? first.get(path.slice(dot + 1)) : undefined;
    }
    if (this.#read.has(path)) return this.#read.get(path);
    const element = this.#type.element(path);
    const value = element === undefined ? undefined : this.#child(element);
    this.#read.set(path, value);
    return value;
  }

  #child(element: FhirElement): unknown {
    for (const { key, type } of element.options) {
      const found = this.json[key];
      const extra = this.json[`_${key}`];
      if (found === undefined && extra === undefined) continue;
      if (!element.list) return this.#wrap(found, extra, type);
      const items = Array.isArray(found) ? found : [];
      const extras = Array.isArray(extra) ? extra : [];
      const length = Math.max(items.length, extras.length);
      return Array.from({ length }, (_, i) => this.#wrap(items[i], extras[i], type));
    }
    return element.list ? [] : undefined;
  }

  #wrap(found: unknown, extra: unknown, type: FhirType | SystemType): unknown {
    if (typeof type === 'string') return systemValue(found, type, this.#offset);
    if (type.primitive) return new FhirValue({ ...(isObject(extra) ? extra : {}), value: found }, type, this.#offset);
    return isObject(found) ? new FhirValue(found, type, this.#offset) : undefined;
  }

  getId(): unknown {
    return this.json.id;
  }

  getCode(path: string): unknown {
    const value = this.get(path);
    return Array.isArray(value) ? value.flatMap(codes) : codes(value);
  }

  getDate(path: string): unknown {
    const value = this.get(path);
    return value instanceof FhirValue ? value.get('value') : value;
  }

  getDateOrInterval(path: string): unknown {
    return this.getDate(path);
  }

  _is(specifier: AnyTypeSpecifier): boolean {
    return specifier.type === 'NamedTypeSpecifier' && this.#type.names.has(specifier.name);
  }

  _typeHierarchy(): AnyTypeSpecifier[] {
    return [...this.#type.names].map((name) => ({ type: 'NamedTypeSpecifier', name }));
  }
}

/** The codes of a Coding, a CodeableConcept or a primitive. */
function codes(value: unknown): Code[] {
  if (!(value instanceof FhirValue)) return [];
  const { coding, code, system, value: plain } = value.json;
  if (Array.isArray(coding)) return coding.filter(isObject).map((c) => new Code(String(c.code), text(c.system)));
  if (typeof code === 'string') return [new Code(code, text(system))];
  return typeof plain === 'string' ? [new Code(plain)] : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function systemValue(value: unknown, type: SystemType, offset: Offset): unknown {
  if (typeof value !== 'string' || type === 'String') return value;
  if (type === 'DateTime') return dateTime(value, offset);
  if (type === 'Date') return CqlDate.parse(value);
  if (type === 'Time') return DateTime.parse(`0000-01-01T${value}`)?.getTime() ?? null;
  return value;
}

/** A value with a time of day is an instant, to the millisecond; one without keeps its precision. */
function dateTime(value: string, offset: Offset): DateTime | null {
  if (!value.includes('T')) {
    const [year, month = null, day = null] = value.split('-').map(Number);
    return new DateTime(year, month, day, null, null, null, null, offset);
  }
  const zoned = /Z|[+-]\d\d:\d\d$/.test(value) ? value : value + offsetText(offset);
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : atOffset(ms, offset);
}

/** An instant as CQL DateTime, written in that offset. */
export function atOffset(ms: number, offset: Offset): DateTime {
  return DateTime.fromJSDate(new Date(ms), offset);
}

/** A Patient with the records that retrieves of the Patient context find, by type and code. */
export class Resident extends FhirValue implements PatientObject {
  readonly #byType: Map<string, FhirValue[]>;
  /** `Type/id` of every record that a retrieve has found so far. */
  readonly retrieved = new Set<string>();

  constructor(
    patient: JsonObject,
    records: readonly JsonObject[],
    types: (name: string) => FhirType | undefined,
    offset: Offset,
  ) {
    const patientType = types('Patient');
    if (patientType === undefined) throw new Error('the model info has no Patient');
    super(patient, patientType, offset);
    this.#byType = new Map([['Patient', [this]]]);
    for (const record of records) {
      const name = String(record.resourceType);
      const type = types(name);
      if (type === undefined) continue;
      const value = new FhirValue(record, type, offset);
      const list = this.#byType.get(name);
      if (list === undefined) this.#byType.set(name, [value]);
      else list.push(value);
    }
  }

  findRecords(_profile: string | null, details?: RetrieveDetails): RecordObject[] {
    const records = this.#byType.get(details?.datatype.replace(/^\{.*\}/, '') ?? '') ?? [];
    const found = details?.codes === undefined ? records : records.filter((r) => hasCode(r, details));
    for (const record of found) this.retrieved.add(`${record.json.resourceType}/${record.json.id}`);
    return found;
  }
}

function hasCode(record: FhirValue, { codes: wanted = [], codeProperty = 'code' }: RetrieveDetails): boolean {
  const held = record.getCode(codeProperty);
  return Array.isArray(wanted) ? wanted.some((c) => c.hasMatch(held)) : wanted.hasMatch(held);
}
