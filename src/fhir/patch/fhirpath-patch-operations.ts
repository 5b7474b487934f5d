import { failIfAny, issue, type Outcome, shown } from '#errors';
import { atMost, limits } from '#limits';
import { Issues } from '../json/issues.ts';
import { isObject, type JsonObject } from '../json/object.ts';
import { children } from '../model/model.ts';
import { type Content, contentAt } from './edit.ts';
import type { Item } from './element.ts';
import type { Paths } from './element-location.ts';

/** What a part holds: a value of a data type, a resource, or more parts, which are the elements of an anonymous type. */
export type Payload =
  | { readonly kind: 'value'; readonly key: string; readonly type: string; readonly item: Item }
  | { readonly kind: 'resource'; readonly item: Item }
  | { readonly kind: 'part'; readonly parts: readonly PatchParameter[] };

/** A part of an operation, or of a part; `place` is its FHIRPath. */
export interface PatchParameter {
  readonly name: string;
  readonly payload: Payload;
  readonly place: string;
}

/** A part that may be malformed, which the issues say. */
type Read = Omit<PatchParameter, 'payload'> & { readonly payload: Payload | undefined };

/** A simple part: what it says, and where. */
export interface Given<T> {
  readonly value: T;
  readonly place: string;
}

interface LocatedOperation {
  readonly index: number;
  readonly path: Given<string>;
}

/** One operation of a FHIRPath Patch (R4 fhirpatch.html). */
export type FhirPathPatchOperation = LocatedOperation &
  (
    | { readonly type: 'add'; readonly name: Given<string>; readonly value: PatchParameter }
    | { readonly type: 'insert'; readonly at: Given<number>; readonly value: PatchParameter }
    | { readonly type: 'delete' }
    | { readonly type: 'replace'; readonly value: PatchParameter }
    | { readonly type: 'move'; readonly source: Given<number>; readonly destination: Given<number> }
  );

/** The parts that each type of operation has, besides `type`; it has each of them once. */
const partsOf = {
  add: ['path', 'name', 'value'],
  insert: ['path', 'index', 'value'],
  delete: ['path'],
  replace: ['path', 'value'],
  move: ['path', 'source', 'destination'],
} as const;

type OperationType = keyof typeof partsOf;

function isOperationType(text: string): text is OperationType {
  return Object.hasOwn(partsOf, text);
}

/** Reads the Parameters of a FHIRPath Patch; a failure names everything that is malformed. */
export function readFhirPathPatch(parameters: unknown, paths: Paths): Outcome<readonly FhirPathPatchOperation[]> {
  const reader = new PatchParameterReader(paths);
  const operations = reader.parameters(parameters);
  return failIfAny(reader.issues.list) ?? operations;
}

class PatchParameterReader {
  readonly issues = new Issues();
  readonly #paths: Paths;

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  parameters(raw: unknown): readonly FhirPathPatchOperation[] {
    if (!isObject(raw)) return this.#refuse('Parameters', 'The patch', shown(raw), 'a Parameters resource') ?? [];
    if (raw.resourceType !== 'Parameters')
      this.#refuse('Parameters', 'resourceType', shown(raw.resourceType), 'Parameters');
    this.#only(raw, ['resourceType', 'id', 'meta', 'language', 'parameter'], 'Parameters');
    const { parameter = [] } = raw;
    const place = 'Parameters.parameter';
    if (!Array.isArray(parameter)) return this.#refuse(place, 'parameter', shown(parameter), 'a list') ?? [];
    const { length } = parameter;
    if (length > limits['patch-operations'].most) {
      return this.#refuse(place, 'parameter', `${length} operations`, atMost('patch-operations')) ?? [];
    }
    return parameter.flatMap((one: unknown, i) => this.#operation(one, i, `${place}[${i}]`) ?? []);
  }

  #operation(raw: unknown, index: number, place: string): FhirPathPatchOperation | undefined {
    if (!isObject(raw)) return this.#refuse(place, 'parameter', shown(raw), 'an object');
    this.#only(raw, ['id', 'extension', 'name', 'part'], place);
    if (raw.name !== 'operation') this.#refuse(`${place}.name`, 'name', shown(raw.name), 'operation');
    const parts = this.#parts(raw.part, place);
    if (parts === undefined) return undefined;
    const type = this.#text(parts, 'type', 'valueCode', place);
    if (type === undefined) return undefined;
    if (!isOperationType(type.value)) {
      return this.#refuse(type.place, 'type', type.value, `one of ${Object.keys(partsOf).join(', ')}`);
    }
    this.#names(parts, ['type', ...partsOf[type.value]]);
    return this.#complete(type.value, index, parts, place);
  }

  #complete(
    type: OperationType,
    index: number,
    parts: readonly Read[],
    place: string,
  ): FhirPathPatchOperation | undefined {
    const text = (name: string) => this.#text(parts, name, 'valueString', place);
    const whole = (name: string) => this.#whole(parts, name, place);
    const path = this.#path(text('path'));
    switch (type) {
      case 'add': {
        const [name, value] = [text('name'), this.#part(parts, 'value', place)];
        return path && name && value && { type, index, path, name, value };
      }
      case 'insert': {
        const [at, value] = [whole('index'), this.#part(parts, 'value', place)];
        return path && at && value && { type, index, path, at, value };
      }
      case 'delete':
        return path && { type, index, path };
      case 'replace': {
        const value = this.#part(parts, 'value', place);
        return path && value && { type, index, path, value };
      }
      case 'move': {
        const [source, destination] = [whole('source'), whole('destination')];
        return path && source && destination && { type, index, path, source, destination };
      }
    }
  }

  /** Each part has one of these names, and no other has it. */
  #names(parts: readonly Read[], names: readonly string[]): void {
    const seen = new Set<string>();
    for (const { name, place } of parts) {
      if (!names.includes(name)) this.#refuse(place, 'name', name, `one of ${names.join(', ')}`);
      else if (seen.has(name)) this.#refuse(place, 'name', `${name} again`, `${name} once`);
      seen.add(name);
    }
  }

  #part(parts: readonly Read[], name: string, place: string): PatchParameter | undefined {
    const found = parts.find((part) => part.name === name);
    if (found === undefined) return this.#refuse(place, `The part ${name}`, 'missing', 'it once');
    return isComplete(found) ? found : undefined;
  }

  #text(parts: readonly Read[], name: string, key: string, place: string): Given<string> | undefined {
    const part = this.#part(parts, name, place);
    if (part === undefined) return undefined;
    const value =
      part.payload.kind === 'value' && part.payload.key === key ? part.payload.item.value?.value : undefined;
    if (typeof value === 'string' && value !== '') return { value, place: part.place };
    return this.#refuse(part.place, `The part ${name}`, described(part.payload), key);
  }

  #whole(parts: readonly Read[], name: string, place: string): Given<number> | undefined {
    const part = this.#part(parts, name, place);
    if (part === undefined) return undefined;
    const key = 'valueInteger';
    const { value, digits } =
      (part.payload.kind === 'value' && part.payload.key === key && part.payload.item.value) || nothing;
    if (typeof value !== 'number') return this.#refuse(part.place, `The part ${name}`, described(part.payload), key);
    if (Number.isInteger(value) && value >= 0 && digits === undefined) return { value, place: part.place };
    return this.#refuse(part.place, `The part ${name}`, digits ?? value, 'an integer that is not negative');
  }

  #path(path: Given<string> | undefined): Given<string> | undefined {
    const fault = path && this.#paths.fault(path.value);
    if (path === undefined || fault === undefined) return path;
    return this.#refuse(path.place, 'The part path', fault.found, fault.expected);
  }

  /** Undefined if there is no list of parts. */
  #parts(raw: unknown, place: string): readonly Read[] | undefined {
    if (!Array.isArray(raw) || raw.length === 0) return this.#refuse(place, 'part', shownList(raw), 'a list of parts');
    return raw.flatMap((one: unknown, i) => this.#read(one, `${place}.part[${i}]`) ?? []);
  }

  #read(raw: unknown, place: string): Read | undefined {
    if (!isObject(raw)) return this.#refuse(place, 'part', shown(raw), 'an object');
    const { name } = raw;
    const payload = this.#payload(raw, place);
    if (typeof name !== 'string' || name === '') return this.#refuse(`${place}.name`, 'name', shown(name), 'a text');
    return { name, payload, place };
  }

  /** R4 parameters.html, inv-1: a part holds a value, a resource or parts. */
  #payload(raw: JsonObject, place: string): Payload | undefined {
    const keys = Object.keys(raw).filter((key) => !['id', 'extension', 'name'].includes(key));
    const [main = '', ...others] = new Set(keys.map((key) => key.replace(/^_/, '')));
    if (others.length > 0) return this.#refuse(place, 'part', `one with ${keys.join(' and ')}`, oneOfThese);
    if (main === 'part' && keys[0] === main) {
      const parts = this.#parts(raw.part, place);
      return parts && { kind: 'part', parts: parts.filter(isComplete) };
    }
    if (main === 'resource' && keys[0] === main) {
      if (isObject(raw.resource)) return { kind: 'resource', item: { value: { value: raw.resource } } };
      return this.#refuse(`${place}.resource`, 'resource', shown(raw.resource), 'an object');
    }
    const type = children('Parameters.parameter', 'value')?.get(main)?.type;
    if (type === undefined)
      return this.#refuse(place, 'part', main === '' ? 'empty' : `one with ${keys.join(' and ')}`, oneOfThese);
    return this.#value(raw, main, type, place);
  }

  #value(raw: JsonObject, key: string, type: string, place: string): Payload | undefined {
    const [value, sibling] = [contentAt(raw, key), contentAt(raw, `_${key}`)];
    const form = formOf(type);
    const fits = value === undefined || (form === 'object' ? isFilled(value.value) : typeof value.value === form);
    if (!fits) return this.#refuse(`${place}.value`, key, kindOf(value.value), expectedForm[form]);
    if (sibling !== undefined && (form === 'object' || !isFilled(sibling.value))) {
      const expected = form === 'object' ? `none beside ${key}` : expectedForm.object;
      return this.#refuse(`${place}.value`, `_${key}`, kindOf(sibling.value), expected);
    }
    return { kind: 'value', key, type, item: { value, sibling } };
  }

  #only(raw: JsonObject, names: readonly string[], place: string): void {
    for (const key of Object.keys(raw)) {
      if (!names.includes(key)) this.#refuse(place, 'A member', key, `one of ${names.join(', ')}`);
    }
  }

  #refuse(place: string, target: string, found: string | number, expected: string): undefined {
    this.issues.add(issue('patch-invalid', { target, found, expected }, place));
  }
}

function isComplete(part: Read): part is PatchParameter {
  return part.payload !== undefined;
}

const nothing: Content = { value: undefined };

const oneOfThese = 'one value[x], resource or part';

const expectedForm = {
  object: 'an object that is not empty',
  boolean: 'true or false',
  number: 'a number',
  string: 'a text',
} as const;

/** How R4 writes a data type in JSON (json.html#primitive). */
function formOf(type: string): keyof typeof expectedForm {
  if (/^[A-Z]/.test(type)) return 'object';
  if (type === 'boolean') return type;
  return /^(decimal|integer|positiveInt|unsignedInt)$/.test(type) ? 'number' : 'string';
}

function isFilled(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length > 0;
}

/** What a JSON value is, never what it says. */
function kindOf(value: unknown): string {
  return typeof value === 'object' ? shown(value) : `a ${typeof value}`;
}

function shownList(value: unknown): string {
  return Array.isArray(value) ? 'an empty list' : shown(value);
}

/** What a part holds, for texts. */
export function described(payload: Payload): string {
  return payload.kind === 'value' ? payload.key : payload.kind;
}
