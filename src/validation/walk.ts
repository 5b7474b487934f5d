import { type Issue, issue } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { digitsOf } from '#fhir/json/json.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Clock } from '#fhir/values/dates.ts';
import type { ValueSets } from '#terminology/value-sets.ts';
import { bindingIssue } from './binding.ts';
import { checkFullUrls } from './bundle.ts';
import { checkContained } from './contained.ts';
import { type Constraint, constraintIssue } from './invariants/constraint.ts';
import { primitiveFault } from './primitive.ts';
import { type ContainedIds, fragmentIssue, referenceIssue } from './reference.ts';
import type { Field, Slot, TypeSchema, TypeSchemas } from './schema.ts';
import { kindOf } from './value.ts';

/** What checks of profiles the walk calls on its way. */
export interface Hooks {
  /** A resource, at the top or nested, whose own structure has been checked. */
  resource(resource: JsonObject, path: string, walk: ValidationWalk): void;
  /** An extension; `owner` names what carries it, by path (`Patient.address`) and by type (`Address`). */
  extension(extension: JsonObject, path: string, owner: readonly string[], walk: ValidationWalk): void;
}

export interface WalkOptions {
  readonly schemas: TypeSchemas;
  readonly valueSets: ValueSets | undefined;
  readonly hooks: Hooks | undefined;
  /** Of the invariants that compare dates. */
  readonly clock: Clock;
}

/** One check of one resource; gathers every issue, up to the limit. */
export class ValidationWalk {
  readonly options: WalkOptions;
  readonly issues = new Issues();
  /** The resource that the walk is in: %resource. */
  resource: JsonObject;
  /** The same, or what contains it: %rootResource. An entry of a Bundle is not contained. */
  root: JsonObject;
  readonly contained: ContainedIds = new WeakMap();
  /** Of the elements met so far that are to differ in them; made for the first. */
  private ids: Set<string> | undefined;

  constructor(resource: JsonObject, options: WalkOptions) {
    this.options = options;
    this.resource = resource;
    this.root = this.resource;
  }

  /** A resource by its own type: at the top, in `contained`, in a Bundle's entry or in Parameters. */
  checkResource(value: JsonObject, path: string, contained: boolean): void {
    const type = value.resourceType;
    const schema = typeof type === 'string' ? this.options.schemas.get(type) : undefined;
    if (schema?.isResource !== true) {
      const found = typeof type === 'string' ? `"${type}"` : kindOf(type);
      this.add(issue('wrong-shape', { target: `${path}.resourceType`, found, expected: 'an R4 resource type' }, path));
      return;
    }
    const { resource, root, ids } = this;
    this.resource = value;
    this.ids = undefined;
    if (!contained) this.root = this.resource;
    this.checkObject(schema, value, path, [schema.type]);
    checkContained(value, path, contained, this.issues);
    if (type === 'Bundle') checkFullUrls(value, path, this.options.schemas, this.issues);
    this.options.hooks?.resource(value, path, this);
    this.resource = resource;
    this.root = root;
    this.ids = ids;
  }

  private checkObject(schema: TypeSchema, value: JsonObject, path: string, owner: readonly string[]): void {
    let seen: Map<Field, string> | undefined;
    for (const key of Object.keys(value)) {
      if (this.issues.full) return;
      const slot = schema.slots.get(key);
      const named = slot ?? siblingSlot(schema, key);
      if (named !== undefined && named.field.keys.length > 1) {
        seen ??= new Map();
        this.checkChoice(named.field, slot === undefined ? key.slice(1) : key, seen, path);
      }
      if (key === 'id' && !schema.isResource) this.checkElementId(value.id, path, owner);
      if (slot !== undefined) this.checkSlot(slot, key, value, path, owner);
      else if (named !== undefined) this.checkSibling(named, key, value, path);
      else this.checkOtherKey(schema, key, path, owner);
    }
    for (const field of schema.required) {
      if (field.keys.some((key) => value[key] !== undefined || value[`_${key}`] !== undefined)) continue;
      const details = { target: field.path, expected: `${range(field)} values` };
      this.add(issue('missing-element', details, `${path}.${field.name}`));
    }
    this.checkConstraints(schema.constraints, schema.type, value, path);
  }

  /** R4 element.html#id: without spaces, and unique within the resource. */
  private checkElementId(id: unknown, path: string, owner: readonly string[]): void {
    if (typeof id !== 'string') return;
    this.ids ??= new Set();
    const isTaken = this.ids.has(id);
    this.ids.add(id);
    if (!isTaken && !/\s/.test(id)) return;
    const expected = isTaken ? 'an id that no other element of the resource has' : 'an id without spaces';
    this.add(issue('bad-element-value', { target: `${owner[0]}.id`, found: id, expected }, `${path}.id`));
  }

  private checkChoice(field: Field, key: string, seen: Map<Field, string>, path: string): void {
    const other = seen.get(field);
    seen.set(field, key);
    if (other !== undefined && other !== key) {
      const details = { target: `${field.path}[x]`, found: `${other} and ${key}`, expected: 'one of them' };
      this.add(issue('wrong-shape', details, `${path}.${field.name}`));
    }
  }

  /** `resourceType`, or an element that is not defined. */
  private checkOtherKey(schema: TypeSchema, key: string, path: string, owner: readonly string[]): void {
    if (key === 'resourceType' && schema.isResource) return;
    const expected = [...schema.slots.keys()].join(', ');
    this.add(issue('unknown-element', { found: key, target: owner.at(-1) ?? schema.type, expected }, `${path}.${key}`));
  }

  private checkSlot(slot: Slot, key: string, holder: JsonObject, path: string, owner: readonly string[]): void {
    const { field } = slot;
    const value = holder[key];
    const at = `${path}.${field.name}`;
    if (Array.isArray(value) !== field.isArray) {
      const expected = field.isArray ? `an array of ${slot.type}` : `one ${slot.type}, not in an array`;
      this.add(issue('wrong-shape', { target: field.path, found: kindOf(value), expected }, at));
    } else if (!Array.isArray(value)) this.checkValue(slot, value, digitsAt(holder, key, value), at, owner);
    else {
      if (value.length === 0 || value.length > field.max || value.length < field.min) this.countIssue(field, value, at);
      const siblings = slot.primitive ? holder[`_${key}`] : undefined;
      for (let i = 0; i < value.length; i++) {
        if (this.issues.full) return;
        const item: unknown = value[i];
        if (item === null && Array.isArray(siblings) && isObject(siblings[i])) continue;
        this.checkValue(slot, item, digitsAt(value, i, item), `${at}[${i}]`, owner);
      }
    }
  }

  private countIssue(field: Field, values: readonly unknown[], at: string): void {
    const expected = values.length === 0 ? 'at least 1, or no array at all' : range(field);
    this.add(issue('wrong-cardinality', { target: field.path, found: values.length, expected }, at));
  }

  /** `digits` are those that a number came with, where JavaScript would print others. */
  private checkValue(
    slot: Slot,
    value: unknown,
    digits: string | undefined,
    path: string,
    owner: readonly string[],
  ): void {
    const { field } = slot;
    if (slot.primitive) {
      if (!this.checkPrimitive(slot, value, digits, path)) return;
    } else {
      if (!isObject(value) || (slot.type !== 'Resource' && isEmpty(value))) {
        const found = isObject(value) ? 'an empty object' : kindOf(value);
        this.add(issue('wrong-shape', { target: field.path, found, expected: `a JSON object (${slot.type})` }, path));
        return;
      }
      this.checkComplex(slot, value, path, owner);
    }
    this.checkBinding(field.valueSet, field.path, value, path);
    this.checkConstraints(field.constraints, slot.type, value, path);
  }

  private checkComplex(slot: Slot, value: JsonObject, path: string, owner: readonly string[]): void {
    if (slot.type === 'Resource') {
      this.checkResource(value, path, slot.field.name === 'contained');
      return;
    }
    const schema = this.options.schemas.get(slot.inner ?? slot.type);
    if (schema === undefined) throw new Error(`No structure of the type ${slot.type}`);
    const { ids } = this;
    const isScope = ownIds.has(slot.field.path);
    if (isScope) this.ids = undefined;
    this.checkObject(schema, value, path, [slot.field.path, schema.type]);
    if (isScope) this.ids = ids;
    if (schema.type === 'Extension') this.checkExtension(value, path, owner);
    else if (schema.type === 'Reference') {
      const found =
        fragmentIssue(value.reference, this.root, path, this.contained) ??
        referenceIssue(slot, value, path, this.options.schemas);
      if (found !== undefined) this.add(found);
    }
  }

  /** ext-1, and the definition of the extension. */
  private checkExtension(value: JsonObject, path: string, owner: readonly string[]): void {
    const hasValue = Object.keys(value).some((key) => /^_?value/.test(key));
    if (hasValue === (value.extension !== undefined)) {
      const found = hasValue ? 'both a value and extensions' : 'neither a value nor extensions';
      this.add(issue('wrong-shape', { target: 'Extension', found, expected: 'one of the two' }, path));
    }
    this.options.hooks?.extension(value, path, owner, this);
  }

  private checkPrimitive(slot: Slot, value: unknown, digits: string | undefined, path: string): boolean {
    const fault = primitiveFault(slot.type, value, digits);
    if (fault === undefined) return true;
    const target = slot.field.path;
    const { expected } = fault;
    this.add(
      fault.kind === 'shape'
        ? issue('wrong-shape', { target, found: kindOf(value), expected }, path)
        : issue('bad-element-value', { target, found: fault.found ?? String(value), expected }, path),
    );
    return false;
  }

  /** R4 json.html#primitive: id and extensions of a primitive stand in `_key`, for arrays item by item. */
  private checkSibling(slot: Slot, key: string, holder: JsonObject, path: string): void {
    const { field } = slot;
    const at = `${path}.${field.name}`;
    const sibling = holder[key];
    if (Array.isArray(sibling) !== field.isArray) {
      const expected = field.isArray ? 'an array of JSON objects or nulls' : 'a JSON object';
      this.add(issue('wrong-shape', { target: key, found: kindOf(sibling), expected }, at));
      return;
    }
    const value = holder[key.slice(1)];
    const items: readonly unknown[] = Array.isArray(sibling) ? sibling : [sibling];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (field.isArray) this.checkLengths(field, key, items, value, at);
    items.forEach((item, i) => {
      if (this.issues.full) return;
      const itemPath = field.isArray ? `${at}[${i}]` : at;
      const alone = values[i] === undefined || values[i] === null;
      if (item === null && field.isArray && !(alone && value === undefined)) return;
      if (!isObject(item) || (alone ? isEmpty(item) : Object.keys(item).length === 0)) {
        const found = isObject(item) ? 'an empty object' : kindOf(item);
        const expected = alone ? 'an extension, or a value beside it' : 'id or extension';
        this.add(issue('wrong-shape', { target: key, found, expected }, itemPath));
        return;
      }
      const schema = this.options.schemas.get('Element');
      if (schema !== undefined) this.checkObject(schema, item, itemPath, [field.path, slot.type]);
    });
  }

  /** Both lists speak of the same items, so they are equally long, with nulls for what is not there. */
  private checkLengths(field: Field, key: string, items: readonly unknown[], value: unknown, at: string): void {
    if (Array.isArray(value) && items.length !== value.length) {
      const details = { target: key, found: items.length, expected: `${value.length}, as ${field.path} has` };
      this.add(issue('wrong-cardinality', details, at));
    } else if (value === undefined && (items.length === 0 || items.length > field.max))
      this.countIssue(field, items, at);
  }

  /** A required binding, of R4 or of a profile. */
  checkBinding(valueSet: string | undefined, target: string, value: unknown, path: string): void {
    if (valueSet === undefined || this.options.valueSets === undefined) return;
    const found = bindingIssue(valueSet, target, value, path, this.options.valueSets);
    if (found !== undefined) this.add(found);
  }

  /** `base` is the type of the value, or the path of a backbone element. */
  checkConstraints(constraints: readonly Constraint[], base: string, value: unknown, path: string): void {
    if (constraints.length === 0) return;
    const context = { resource: this.resource, rootResource: this.root, clock: this.options.clock };
    for (const constraint of constraints) {
      const found = constraintIssue(constraint, value, base, context, path);
      if (found !== undefined) this.add(found);
    }
  }

  add(found: Issue): void {
    this.issues.add(found);
  }
}

/** What each has element ids of its own (R4 elementdefinition.html#id): the same elements stand in both. */
const ownIds: ReadonlySet<string> = new Set(['StructureDefinition.snapshot', 'StructureDefinition.differential']);

function digitsAt(holder: object, key: string | number, value: unknown): string | undefined {
  return typeof value === 'number' ? digitsOf(holder, key) : undefined;
}

/** The primitive element whose id and extensions stand under this key. */
function siblingSlot(schema: TypeSchema, key: string): Slot | undefined {
  const slot = key.startsWith('_') ? schema.slots.get(key.slice(1)) : undefined;
  return slot?.primitive === true ? slot : undefined;
}

/** ele-1: an id alone is not content. */
function isEmpty(value: JsonObject): boolean {
  for (const key in value) if (key !== 'id') return false;
  return true;
}

export function range(field: { readonly min: number; readonly max: number }): string {
  return `${field.min}..${Number.isFinite(field.max) ? field.max : '*'}`;
}
