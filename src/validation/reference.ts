import { type Issue, issue } from '#errors';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { referenceType } from '#fhir/values/references.ts';
import type { TypeSchemas } from './schema.ts';

/** `Patient/1`, `Patient/1/_history/2`, `Patient?identifier=…`, with any base before it. */
const target = /(?:^|\/)([A-Za-z][A-Za-z0-9]*)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?(?:#.*)?|\?.*)$/;

/** The type that the text of a reference names; undefined for urn:uuid, fragments and foreign URLs. */
function typeOf(reference: string, schemas: TypeSchemas): string | undefined {
  const type = target.exec(reference)?.[1];
  return type !== undefined && (schemas.get(type)?.isResource === true || !reference.includes(':')) ? type : undefined;
}

/** The issue of a Reference to a type that the element does not allow, or that R4 does not have. */
export function referenceIssue(
  element: { readonly targets: readonly string[]; readonly field: { readonly path: string } },
  value: JsonObject,
  path: string,
  schemas: TypeSchemas,
): Issue | undefined {
  const named = typeof value.reference === 'string' ? typeOf(value.reference, schemas) : undefined;
  const type = named ?? declared(value.type);
  if (
    type === undefined ||
    (element.targets.length === 0 ? schemas.get(type)?.isResource === true : element.targets.includes(type))
  )
    return undefined;
  const expected = element.targets.length === 0 ? 'a resource type of R4' : element.targets.join(' or ');
  return issue(
    'wrong-reference',
    { target: element.field.path, found: type, expected },
    `${path}.${named === undefined ? 'type' : 'reference'}`,
  );
}

/** What `Reference.type` names; the URL of a logical model is no resource type, and says nothing here. */
function declared(type: unknown): string | undefined {
  const name = typeof type === 'string' ? referenceType(type) : undefined;
  return name?.includes(':') ? undefined : name;
}

/** The ids of the resources that each root contains, collected when first asked for. */
export type ContainedIds = WeakMap<object, ReadonlySet<string>>;

/**
 * ref-1: `#x` names a contained resource of the root resource; `#` is the root resource itself. R4's expression is empty,
 * so not true, for a reference that has only an identifier or a display; only its words are kept here.
 */
export function fragmentIssue(reference: unknown, root: unknown, path: string, known: ContainedIds): Issue | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#') || reference === '#') return undefined;
  if (isObject(root) && containedIds(root, known).has(reference.slice(1))) return undefined;
  return issue(
    'invalid-content',
    { text: `ref-1: no contained resource has the id of ${reference}` },
    `${path}.reference`,
  );
}

function containedIds(root: JsonObject, known: ContainedIds): ReadonlySet<string> {
  const held = known.get(root);
  if (held !== undefined) return held;
  const contained: readonly unknown[] = Array.isArray(root.contained) ? root.contained : [];
  const ids = new Set(contained.flatMap((c) => (isObject(c) && typeof c.id === 'string' ? [c.id] : [])));
  known.set(root, ids);
  return ids;
}
