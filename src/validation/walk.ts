import type { TypedValue } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import { type Issue, issue } from '#errors';
import type { ValueSets } from '#terminology/value-sets.ts';
import { bindingIssue } from './binding.ts';
import { type Constraint, constraintIssue } from './constraint.ts';
import { checkContained } from './contained.ts';
import { primitiveFault } from './primitive.ts';
import { fragmentIssue, referenceIssue } from './reference.ts';
import type { Field, Schema, Schemas, Slot } from './schema.ts';
import { isObject, kindOf } from './value.ts';

/** What checks of profiles the walk calls on its way. */
export interface Hooks {
  /** A resource, at the top or nested, whose own structure has been checked. */
  resource(resource: Record<string, unknown>, path: string, walk: Walk): void;
  /** An extension; `owner` names what carries it, by path (`Patient.address`) and by type (`Address`). */
  extension(extension: Record<string, unknown>, path: string, owner: readonly string[], walk: Walk): void;
}

export interface Options {
  readonly schemas: Schemas;
  readonly valueSets: ValueSets | undefined;
  readonly hooks: Hooks | undefined;
}

/** One check of one resource; gathers every issue. */
export class Walk {
  readonly options: Options;
  readonly issues: Issue[] = [];
  /** The resource that the walk is in: %resource. */
  resource: TypedValue;
  /** The same, or what contains it: %rootResource. An entry of a Bundle is not contained. */
  root: TypedValue;

  constructor(resource: Resource, options: Options) {
    this.options = options;
    this.resource = { type: resource.resourceType, value: resource };
    this.root = this.resource;
  }

  /** A resource by its own type: at the top, in `contained`, in a Bundle's entry or in Parameters. */
  checkResource(value: Record<string, unknown>, path: string, contained: boolean): void {
    const type = value.resourceType;
    const schema = typeof type === 'string' ? this.options.schemas.get(type) : undefined;
    if (schema?.isResource !== true) {
      const found = typeof type === 'string' ? `"${type}"` : kindOf(type);
      this.add(issue('wrong-shape', { target: `${path}.resourceType`, found, expected: 'an R4 resource type' }, path));
      return;
    }
    const { resource, root } = this;
    this.resource = { type: schema.type, value };
    if (!contained) this.root = this.resource;
    this.checkObject(schema, value, path, [schema.type]);
    checkContained(value, path, contained, this.issues);
    this.options.hooks?.resource(value, path, this);
    this.resource = resource;
    this.root = root;
  }

  private checkObject(schema: Schema, value: Record<string, unknown>, path: string, owner: readonly string[]): void {
    let seen: Map<Field, string> | undefined;
    for (const key of Object.keys(value)) {
      const slot = schema.slots.get(key);
      if (slot === undefined) this.checkOtherKey(schema, value, key, path, owner);
      else {
        if (slot.field.keys.length > 1) {
          seen ??= new Map();
          this.checkChoice(slot.field, key, seen, path);
        }
        this.checkSlot(slot, key, value, path, owner);
      }
    }
    for (const field of schema.required) {
      if (field.keys.some((key) => value[key] !== undefined || value[`_${key}`] !== undefined)) continue;
      const details = { target: field.path, expected: `${range(field)} values` };
      this.add(issue('missing-element', details, `${path}.${field.name}`));
    }
    this.checkConstraints(schema.constraints, schema.type, value, path);
  }

  private checkChoice(field: Field, key: string, seen: Map<Field, string>, path: string): void {
    const other = seen.get(field);
    if (other === undefined) seen.set(field, key);
    else {
      const details = { target: `${field.path}[x]`, found: `${other} and ${key}`, expected: 'one of them' };
      this.add(issue('wrong-shape', details, `${path}.${field.name}`));
    }
  }

  /** `resourceType`, the sibling `_key` of a primitive, or an element that is not defined. */
  private checkOtherKey(
    schema: Schema,
    value: Record<string, unknown>,
    key: string,
    path: string,
    owner: readonly string[],
  ): void {
    if (key === 'resourceType' && schema.isResource) return;
    const slot = key.startsWith('_') ? schema.slots.get(key.slice(1)) : undefined;
    if (slot?.primitive === true) {
      this.checkSibling(slot, key, value, path, owner);
      return;
    }
    const expected = [...schema.slots.keys()].join(', ');
    this.add(issue('unknown-element', { found: key, target: owner.at(-1) ?? schema.type, expected }, `${path}.${key}`));
  }

  private checkSlot(
    slot: Slot,
    key: string,
    holder: Record<string, unknown>,
    path: string,
    owner: readonly string[],
  ): void {
    const { field } = slot;
    const value = holder[key];
    const at = `${path}.${field.name}`;
    if (Array.isArray(value) !== field.isArray) {
      const expected = field.isArray ? `an array of ${slot.type}` : `one ${slot.type}, not in an array`;
      this.add(issue('wrong-shape', { target: field.path, found: kindOf(value), expected }, at));
    } else if (!Array.isArray(value)) this.checkValue(slot, value, at, owner);
    else {
      if (value.length === 0 || value.length > field.max || value.length < field.min) this.countIssue(field, value, at);
      const siblings = slot.primitive ? holder[`_${key}`] : undefined;
      for (let i = 0; i < value.length; i++) {
        const item: unknown = value[i];
        if (item === null && Array.isArray(siblings) && isObject(siblings[i])) continue;
        this.checkValue(slot, item, `${at}[${i}]`, owner);
      }
    }
  }

  private countIssue(field: Field, values: readonly unknown[], at: string): void {
    const expected = values.length === 0 ? 'at least 1, or no array at all' : range(field);
    this.add(issue('wrong-cardinality', { target: field.path, found: values.length, expected }, at));
  }

  private checkValue(slot: Slot, value: unknown, path: string, owner: readonly string[]): void {
    const { field } = slot;
    if (slot.primitive) {
      if (!this.checkPrimitive(slot, value, path)) return;
    } else {
      if (!isObject(value) || Object.keys(value).length === 0) {
        const found = isObject(value) ? 'an empty object' : kindOf(value);
        this.add(issue('wrong-shape', { target: field.path, found, expected: `a JSON object (${slot.type})` }, path));
        return;
      }
      this.checkComplex(slot, value, path, owner);
    }
    this.checkBinding(field.valueSet, field.path, value, path);
    this.checkConstraints(field.constraints, slot.type, value, path);
  }

  private checkComplex(slot: Slot, value: Record<string, unknown>, path: string, owner: readonly string[]): void {
    if (slot.type === 'Resource') {
      this.checkResource(value, path, slot.field.name === 'contained');
      return;
    }
    const schema = this.options.schemas.get(slot.inner ?? slot.type);
    if (schema === undefined) throw new Error(`No structure of the type ${slot.type}`);
    this.checkObject(schema, value, path, [slot.field.path, schema.type]);
    if (schema.type === 'Extension') this.checkExtension(value, path, owner);
    else if (schema.type === 'Reference') {
      const found =
        fragmentIssue(value.reference, this.root.value, path) ??
        referenceIssue(slot, value, path, this.options.schemas);
      if (found !== undefined) this.add(found);
    }
  }

  /** ext-1, and the definition of the extension. */
  private checkExtension(value: Record<string, unknown>, path: string, owner: readonly string[]): void {
    const hasValue = Object.keys(value).some((key) => /^_?value/.test(key));
    if (hasValue === (value.extension !== undefined)) {
      const found = hasValue ? 'both a value and extensions' : 'neither a value nor extensions';
      this.add(issue('wrong-shape', { target: 'Extension', found, expected: 'one of the two' }, path));
    }
    this.options.hooks?.extension(value, path, owner, this);
  }

  private checkPrimitive(slot: Slot, value: unknown, path: string): boolean {
    const fault = primitiveFault(slot.type, value);
    if (fault === undefined) return true;
    const target = slot.field.path;
    const { expected } = fault;
    this.add(
      fault.kind === 'shape'
        ? issue('wrong-shape', { target, found: kindOf(value), expected }, path)
        : issue('bad-element-value', { target, found: String(value), expected }, path),
    );
    return false;
  }

  /** R4 json.html#primitive: id and extensions of a primitive stand in `_key`, for arrays item by item. */
  private checkSibling(
    slot: Slot,
    key: string,
    holder: Record<string, unknown>,
    path: string,
    owner: readonly string[],
  ): void {
    const { field } = slot;
    const at = `${path}.${field.name}`;
    const sibling = holder[key];
    if (Array.isArray(sibling) !== field.isArray) {
      const expected = field.isArray ? 'an array of JSON objects or nulls' : 'a JSON object';
      this.add(issue('wrong-shape', { target: key, found: kindOf(sibling), expected }, at));
      return;
    }
    const items: readonly unknown[] = Array.isArray(sibling) ? sibling : [sibling];
    items.forEach((item, i) => {
      const itemPath = field.isArray ? `${at}[${i}]` : at;
      if (item === null && field.isArray) return;
      if (!isObject(item) || Object.keys(item).length === 0) {
        const found = isObject(item) ? 'an empty object' : kindOf(item);
        this.add(issue('wrong-shape', { target: key, found, expected: 'id or extension' }, itemPath));
        return;
      }
      const schema = this.options.schemas.get('Element');
      if (schema !== undefined) this.checkObject(schema, item, itemPath, [field.path, ...owner.slice(2)]);
    });
  }

  /** A required binding, of R4 or of a profile. */
  checkBinding(valueSet: string | undefined, target: string, value: unknown, path: string): void {
    if (valueSet === undefined || this.options.valueSets === undefined) return;
    const found = bindingIssue(valueSet, target, value, path, this.options.valueSets);
    if (found !== undefined) this.add(found);
  }

  checkConstraints(constraints: readonly Constraint[], type: string, value: unknown, path: string): void {
    for (const constraint of constraints) {
      const found = constraintIssue(constraint, { type, value, resource: this.resource, root: this.root }, path);
      if (found !== undefined) this.add(found);
    }
  }

  add(found: Issue): void {
    this.issues.push(found);
  }
}

export function range(field: { readonly min: number; readonly max: number }): string {
  return `${field.min}..${Number.isFinite(field.max) ? field.max : '*'}`;
}
