import { isObject } from '#fhir/json/object.ts';

/** What a JSON value is, for texts; never its contents. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Whether `value` has everything that `pattern` has (R4 elementdefinition.html, pattern[x]): lists hold a match for each item. */
export function matchesPattern(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((p) => value.some((v) => matchesPattern(v, p)));
  }
  if (isObject(pattern)) {
    return isObject(value) && Object.keys(pattern).every((key) => matchesPattern(value[key], pattern[key]));
  }
  return value === pattern;
}

/** Whether both are the same, key by key: fixed[x]. */
export function equals(a: unknown, b: unknown): boolean {
  return matchesPattern(a, b) && matchesPattern(b, a);
}
