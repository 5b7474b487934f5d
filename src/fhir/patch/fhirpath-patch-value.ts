import { issue } from '#errors';
import type { Issues } from '../json/issues.ts';
import { children, type ElementType, elementNames, isSubtype } from '../model/model.ts';
import { objectOf } from './edit.ts';
import { type Item, membersWith, repeats } from './element.ts';
import { described, type PatchParameter, type Payload } from './fhirpath-patch-operations.ts';

/** An element, and the JSON key that its type gives it. */
export interface PatchValue {
  readonly key: string;
  readonly item: Item;
}

/**
 * What a part says, as the element `name` of what R4 declares at `path` (R4 fhirpatch.html: "the type of the value must be correct
 * for the place"). Why it cannot be that, the issues say; what is returned then is empty.
 */
export function make(path: string, name: string, part: PatchParameter, issues: Issues): PatchValue {
  const declared = children(path, name);
  if (declared === undefined) {
    const details = { found: name, target: path, expected: elementNames(path).join(', ') };
    issues.add(issue('unknown-element', details, part.place));
    return { key: name, item: {} };
  }
  const { payload } = part;
  const found = [...declared].find(([, { type }]) => payload.kind === 'value' && payload.type === type);
  const [key, element] = found ?? [...declared].find(([, { type }]) => fits(payload, type)) ?? [];
  const ambiguous = payload.kind === 'part' && declared.size > 1;
  if (key === undefined || element === undefined || ambiguous) {
    const expected = [...new Set([...declared.values()].map(partFor))].join(' or ');
    const details = { target: `${path}.${name}`, found: described(payload), expected };
    issues.add(issue('wrong-shape', details, part.place));
    return { key: name, item: {} };
  }
  return { key, item: payload.kind === 'part' ? anonymous(element.path, payload.parts, issues) : payload.item };
}

/** An element of an anonymous type, or of one that no value[x] has (R4 fhirpatch.html#anonymous). */
function anonymous(path: string, parts: readonly PatchParameter[], issues: Issues): Item {
  const names = new Set<string>();
  const byKey = new Map<string, { readonly items: Item[]; readonly list: boolean }>();
  for (const part of parts) {
    const { name } = part;
    const list = repeats(path, name);
    if (names.has(name) && !list) {
      const details = { target: `${path}.${name}`, found: 'several', expected: 'at most one' };
      issues.add(issue('wrong-cardinality', details, part.place));
    }
    names.add(name);
    const { key, item } = make(path, name, part, issues);
    const same = byKey.get(key) ?? { items: [], list };
    byKey.set(key, same);
    same.items.push(item);
  }
  const members = [...byKey].flatMap(([key, { items, list }]) => membersWith(key, items, list));
  return { value: { value: objectOf(members) } };
}

/** A derived type fits its ancestor; date and integer fit where FHIRPath converts them of itself (FHIRPath, 5.5 Conversion). */
function fits(payload: Payload, declared: string): boolean {
  if (payload.kind === 'resource') return isSubtype(declared, 'Resource');
  const isText = declared === 'xhtml' || declared.startsWith('System.');
  if (payload.kind === 'part') return /^[A-Z]/.test(declared) && !isText && !isSubtype(declared, 'Resource');
  const { type } = payload;
  if (isText) return isSubtype(type, 'string') || isSubtype(type, 'uri');
  return (
    isSubtype(type, declared) ||
    (type === 'date' && declared === 'dateTime') ||
    (type === 'integer' && declared === 'decimal')
  );
}

/** How a part gives a value of the type. */
function partFor({ type }: ElementType): string {
  if (isSubtype(type, 'Resource')) return 'resource';
  const key = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  if (children('Parameters.parameter', 'value')?.has(key)) return key;
  return type === 'xhtml' || type.startsWith('System.') ? 'valueString' : 'part';
}
