import { issue, shown } from '#errors';
import type { Issues } from '#fhir/json/issues.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { type ElementType, elementAt, elementNames } from '#fhir/model/model.ts';

/**
 * Names every element that R4 does not define, wherever it stands in the envelope of a Bundle. The resources in it are
 * checked by those who store them. `model` is where R4 declares the elements of `value`.
 */
export function checkElements(value: JsonObject, model: string, path: string, issues: Issues): void {
  for (const key of Object.keys(value)) {
    if (issues.full) return;
    const sibling = key.startsWith('_');
    const element = elementAt(model, sibling ? key.slice(1) : key);
    if (element === undefined || (sibling && !isPrimitive(element))) {
      const expected = elementNames(model).join(', ');
      issues.add(issue('unknown-element', { found: key, target: model, expected }, `${path}.${key}`));
    } else if (element.type !== 'Resource') {
      const held = value[key];
      const items: readonly unknown[] = Array.isArray(held) ? held : [held];
      const at = (i: number) => (Array.isArray(held) ? `${path}.${key}[${i}]` : `${path}.${key}`);
      for (const [i, item] of items.entries()) {
        if (isObject(item)) checkElements(item, sibling ? 'Element' : element.path, at(i), issues);
      }
    }
  }
}

/** R4 writes the names of primitive types small; only their elements have a sibling `_name`. */
function isPrimitive({ type }: ElementType): boolean {
  return /^[a-z]|^System\./.test(type);
}

/** Names those of the elements that are there and are no text. */
export function checkTexts(value: JsonObject, names: readonly string[], path: string, issues: Issues): void {
  for (const name of names) {
    const found = value[name];
    if (found === undefined || (typeof found === 'string' && found !== '')) continue;
    const details = { target: name, found: found === '' ? 'empty' : shown(found), expected: 'text' };
    issues.add(issue('wrong-shape', details, `${path}.${name}`));
  }
}
