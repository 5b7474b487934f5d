import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { type Constraint, compileConstraints } from './invariants/constraint.ts';
import { isPrimitive } from './primitive.ts';

/** One element of a type, as its StructureDefinition declares it. */
export interface Field {
  /** `gender`, or `value` for `value[x]`. */
  readonly name: string;
  /** For texts: `Patient.contact.gender`. */
  readonly path: string;
  readonly min: number;
  readonly max: number;
  readonly isArray: boolean;
  /** The value set of a required binding. */
  readonly valueSet: string | undefined;
  readonly constraints: readonly Constraint[];
  /** The JSON keys that may hold it: one, or one for each type of a choice. */
  readonly keys: readonly string[];
}

/** A field under one of its JSON keys, so with one type. */
export interface Slot {
  readonly field: Field;
  readonly type: string;
  readonly primitive: boolean;
  /** The resource types that a Reference may lead to; empty if any. */
  readonly targets: readonly string[];
  /** The path in the same structure whose children are meant: of a backbone element or a content reference. */
  readonly inner: string | undefined;
}

export interface TypeSchema {
  /** `Patient`, `Period`, or the path of a backbone element: `Patient.contact`. */
  readonly type: string;
  /** A resource type that is not abstract. */
  readonly isResource: boolean;
  readonly slots: Map<string, Slot>;
  readonly required: Field[];
  readonly constraints: readonly Constraint[];
}

/** The compiled types, each by its name or by the path of a backbone element (`Patient.contact`). */
export type TypeSchemas = ReadonlyMap<string, TypeSchema>;

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const CORE = 'http://hl7.org/fhir/StructureDefinition/';

/** Compiles the snapshots of R4's own structures. Profiles other than SimpleQuantity and the like are passed over. */
export function compileSchemas(structures: readonly StructureDefinition[]): TypeSchemas {
  const schemas = new Map<string, TypeSchema>();
  for (const structure of structures) {
    if (structure.kind === 'primitive-type' || structure.snapshot === undefined) continue;
    compileStructure(structure, schemas);
  }
  return schemas;
}

function compileStructure(structure: StructureDefinition, schemas: Map<string, TypeSchema>): void {
  const [root, ...elements] = structure.snapshot?.element ?? [];
  if (root === undefined) return;
  const name = structure.url.replace(CORE, '');
  const at = (path: string) => (path === root.path ? name : path);
  schemas.set(name, newSchema(structure.type, root, structure.kind === 'resource' && !structure.abstract));
  for (const element of elements) {
    const cut = element.path.lastIndexOf('.');
    const schema = schemas.get(at(element.path.slice(0, cut)));
    if (schema === undefined) continue;
    const field = fieldOf(element, element.path.slice(cut + 1));
    if (field.min > 0) schema.required.push(field);
    const slots = slotsOf(element, field);
    slots.forEach((slot, i) => {
      schema.slots.set(field.keys[i] ?? field.name, slot);
      if (slot.inner === element.path) schemas.set(slot.inner, newSchema(slot.inner, element, false));
    });
  }
}

function newSchema(type: string, element: ElementDefinition, isResource: boolean): TypeSchema {
  return { type, isResource, slots: new Map(), required: [], constraints: compileConstraints(element.constraint) };
}

function fieldOf(element: ElementDefinition, last: string): Field {
  const choice = last.endsWith('[x]');
  const name = choice ? last.slice(0, -3) : last;
  const binding = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  return {
    name,
    path: element.path.replace('[x]', ''),
    min: element.min ?? 0,
    max: bound(element.max),
    isArray: bound(element.base?.max ?? element.max) > 1,
    valueSet: binding?.replace(/\|.*$/, ''),
    // Those of a backbone element stand at its own schema, which content references share.
    constraints: element.type?.some((t) => isInline(t.code)) ? [] : compileConstraints(element.constraint),
    keys: choice ? (element.type ?? []).map((t) => name + capitalize(t.code)) : [name],
  };
}

function slotsOf(element: ElementDefinition, field: Field): Slot[] {
  if (element.contentReference !== undefined) {
    const inner = element.contentReference.slice(element.contentReference.indexOf('#') + 1);
    return [{ field, type: inner, primitive: false, targets: [], inner }];
  }
  return (element.type ?? []).map((t) => {
    const type = typeName(element, t);
    const inner = isInline(type) ? element.path : undefined;
    const targets = (type === 'Reference' ? (t.targetProfile ?? []) : []).map((url) => url.replace(CORE, ''));
    return {
      field,
      type: inner ?? type,
      primitive: isPrimitive(type),
      targets: targets.includes('Resource') ? [] : targets,
      inner,
    };
  });
}

function isInline(type: string): boolean {
  return type === 'BackboneElement' || type === 'Element';
}

function typeName(element: ElementDefinition, type: NonNullable<ElementDefinition['type']>[number]): string {
  if (element.base?.path === 'Resource.id') return 'id';
  const special = type.extension?.find((e) => e.url === FHIR_TYPE);
  if (special !== undefined) return special.valueUrl ?? special.valueUri ?? 'string';
  if (type.code.startsWith('http://hl7.org/fhirpath/')) return 'string';
  return type.profile?.[0] === `${CORE}SimpleQuantity` ? 'SimpleQuantity' : type.code;
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function bound(max: string | undefined): number {
  return max === '*' || max === undefined ? Number.POSITIVE_INFINITY : Number(max);
}
