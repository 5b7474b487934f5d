import { issue, shown } from '#errors';
import type { Issues } from '#fhir/json/issues.ts';
import { digitsOf } from '#fhir/json/json.ts';
import { isObject } from '#fhir/json/object.ts';
import { isSubtype } from '#fhir/model/model.ts';
import type { Content } from '#fhir/patch/edit.ts';
import { layoutAt } from '#fhir/xml/layout.ts';
import { isPrimitive, primitiveFault } from '#validation/primitive.ts';

const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A time without seconds or zone, which searches understand too (R4 search.html#date): where the server is. */
const localTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

const completed = (text: string): string =>
  text.replace(localTime, (_, minutes: string, seconds = ':00', zone = 'Z') => minutes + seconds + zone);

const dates = 'a date, e.g. 2025, 2025-02 or 2025-02-03, or a time, e.g. 2025-02-03T10:00';

/** The value of a primitive type that a text stands for, or what was expected in its place. */
export function readPrimitive(type: string, text: string): { readonly value: unknown } | { readonly expected: string } {
  if (type === 'boolean') {
    return text === 'true' || text === 'false' ? { value: text === 'true' } : { expected: 'true or false' };
  }
  const isNumber = type === 'decimal' || isSubtype(type, 'integer');
  const value = !isNumber ? text : number.test(text) ? Number(text) : Number.NaN;
  if (type === 'dateTime') return primitiveFault(type, completed(text)) ? { expected: dates } : { value };
  const fault = primitiveFault(type, value, isNumber ? text : undefined);
  return fault === undefined ? { value } : { expected: fault.expected };
}

/**
 * Names what in a value of a complex data type has not R4's shape, so that handlers may rely on their types whatever HUFHIR_VALIDATION says.
 * Elements that R4 does not know are left to `checkElements`, rules between elements to the operation.
 */
export function checkDataType(
  value: Readonly<Record<string, unknown>>,
  model: string,
  path: string,
  issues: Issues,
): void {
  const layout = layoutAt(model);
  for (const [key, held] of Object.entries(value)) {
    if (issues.full) return;
    const element = layout?.get(key);
    if (element === undefined) continue;
    const { isArray } = element;
    if (isArray !== Array.isArray(held)) {
      const expected = isArray ? 'a list' : 'one value';
      issues.add(issue('wrong-shape', { target: key, found: shown(held), expected }, `${path}.${key}`));
      continue;
    }
    const items: readonly unknown[] = Array.isArray(held) ? held : [held];
    for (const [i, item] of items.entries()) {
      const digits = isArray ? digitsOf(items, i) : digitsOf(value, key);
      checkItem({ value: item, digits }, element, isArray ? `${path}.${key}[${i}]` : `${path}.${key}`, issues);
    }
  }
}

interface DeclaredElement {
  readonly key: string;
  readonly type: string;
  readonly path: string;
}

function checkItem(
  { value: item, digits }: Content,
  { key, type, path: model }: DeclaredElement,
  path: string,
  issues: Issues,
): void {
  if (isPrimitive(type)) {
    const fault = primitiveFault(type, item, digits);
    if (fault === undefined) return;
    const code = fault.kind === 'shape' ? 'wrong-shape' : 'bad-element-value';
    issues.add(issue(code, { target: key, found: fault.found ?? shown(item), expected: fault.expected }, path));
  } else if (type.startsWith('System.')) {
    if (typeof item === 'string') return;
    issues.add(issue('wrong-shape', { target: key, found: shown(item), expected: 'text' }, path));
  } else if (isObject(item)) checkDataType(item, model, path, issues);
  else issues.add(issue('wrong-shape', { target: key, found: shown(item), expected: `an object (${type})` }, path));
}
