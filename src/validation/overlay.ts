import { type Issue, issue } from '#errors';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Rule, Slicing } from './profile.ts';
import { referenceIssue } from './reference.ts';
import { equals, kindOf, matchesPattern } from './value.ts';
import { range, type ValidationWalk } from './walk.ts';

/** One value that a rule speaks of, with its extensions if it is a primitive. */
interface Held {
  readonly value: unknown;
  readonly sibling: unknown;
  readonly type: string | undefined;
  readonly path: string;
}

/** Checks what a profile adds to an object: its invariants and its elements. */
export function checkRule(rule: Rule, value: JsonObject, type: string, path: string, walk: ValidationWalk): void {
  walk.checkConstraints(rule.constraints, type, value, path);
  checkChildren(rule, value, path, walk);
}

function checkChildren(rule: Rule, value: JsonObject, path: string, walk: ValidationWalk): void {
  for (const child of rule.children.values()) {
    const at = `${path}.${child.name}`;
    const held = heldBy(child, value, at, walk);
    checkCount(child, held.length, at, walk);
    for (const item of held) checkHeld(child, item, walk);
    if (child.slicing !== undefined) checkSlices(child, child.slicing, held, at, walk);
  }
}

function heldBy(rule: Rule, holder: JsonObject, at: string, walk: ValidationWalk): Held[] {
  const key = rule.choice ? choiceKey(rule, holder, at, walk) : rule.name;
  if (key === undefined) return [];
  const value = holder[key];
  const sibling = holder[`_${key}`];
  const type = rule.keys?.get(key) ?? rule.type;
  if (Array.isArray(value) || Array.isArray(sibling)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [];
    const siblings: readonly unknown[] = Array.isArray(sibling) ? sibling : [];
    const length = Math.max(values.length, siblings.length);
    return Array.from({ length }, (_, i) => ({ value: values[i], sibling: siblings[i], type, path: `${at}[${i}]` }));
  }
  return value === undefined && sibling === undefined ? [] : [{ value, sibling, type, path: at }];
}

/** The key under which a choice element stands; an issue if the profile does not allow its type. */
function choiceKey(rule: Rule, holder: JsonObject, at: string, walk: ValidationWalk): string | undefined {
  for (const key of rule.keys?.keys() ?? []) {
    if (holder[key] !== undefined || holder[`_${key}`] !== undefined) return key;
  }
  const isChoice = new RegExp(`^_?${rule.name}[A-Z]`);
  const found = Object.keys(holder).find((key) => isChoice.test(key));
  const key = found?.replace(/^_/, '');
  if (key === undefined || rule.keys === undefined) return key;
  const expected = [...rule.keys.keys()].join(' or ');
  if (rule.max > 0) walk.add(issue('wrong-shape', { target: `${rule.path}[x]`, found: key, expected }, at));
  return key;
}

function checkCount(rule: Rule, count: number, at: string, walk: ValidationWalk): void {
  if (count >= rule.min && count <= rule.max) return;
  walk.add(countIssue(rule, rule.path, count, at));
}

function countIssue(rule: Rule, target: string, count: number, at: string): Issue {
  return count === 0
    ? issue('missing-element', { target, expected: `${range(rule)} values` }, at)
    : issue('wrong-cardinality', { target, found: count, expected: range(rule) }, at);
}

function checkHeld(rule: Rule, held: Held, walk: ValidationWalk): void {
  const { value, path } = held;
  if (value !== undefined && value !== null) {
    checkExpected(rule, value, path, walk);
    walk.checkBinding(rule.valueSet, rule.path, value, path);
    walk.checkConstraints(rule.constraints, rule.base ?? held.type ?? '', value, path);
    if (isObject(value) && rule.targets.length > 0 && (held.type ?? 'Reference') === 'Reference') {
      const found = referenceIssue({ targets: rule.targets, field: rule }, value, path, walk.options.schemas);
      if (found !== undefined) walk.add(found);
    }
  }
  const parent = isObject(value) ? value : held.sibling;
  if (rule.children.size > 0 && (isObject(parent) || !isObject(value)))
    checkChildren(rule, isObject(parent) ? parent : {}, path, walk);
}

function checkExpected(rule: Rule, value: unknown, path: string, walk: ValidationWalk): void {
  if (rule.fixed !== undefined && !equals(value, rule.fixed)) walk.add(expectedIssue(rule, value, rule.fixed, path));
  if (rule.pattern !== undefined && !matchesPattern(value, rule.pattern))
    walk.add(expectedIssue(rule, value, rule.pattern, path));
}

function expectedIssue(rule: Rule, value: unknown, expected: unknown, path: string): Issue {
  if (typeof expected !== 'object' && typeof value !== 'object')
    return issue('bad-element-value', { target: rule.path, found: String(value), expected: String(expected) }, path);
  const found = isObject(value) ? JSON.stringify(value) : kindOf(value);
  return issue('bad-element-value', { target: rule.path, found, expected: JSON.stringify(expected) }, path);
}

function checkSlices(rule: Rule, slicing: Slicing, held: readonly Held[], at: string, walk: ValidationWalk): void {
  const counts = new Map<Rule, number>();
  for (const item of held) {
    const slice = [...slicing.slices.values()].find((s) => isInSlice(s, slicing, item));
    if (slice !== undefined) {
      counts.set(slice, (counts.get(slice) ?? 0) + 1);
      checkHeld(slice, item, walk);
    } else if (slicing.closed) {
      const expected = [...slicing.slices.keys()].join(', ');
      walk.add(issue('wrong-shape', { target: rule.path, found: 'none of the allowed slices', expected }, item.path));
    }
  }
  for (const [name, slice] of slicing.slices) {
    const count = counts.get(slice) ?? 0;
    if (count < slice.min || count > slice.max) walk.add(countIssue(slice, `${rule.path}:${name}`, count, at));
  }
}

function isInSlice(slice: Rule, slicing: Slicing, held: Held): boolean {
  if (slice.extension !== undefined) return isObject(held.value) && held.value.url === slice.extension;
  return slicing.discriminators.every((path) => {
    const rule =
      path === '$this' ? slice : path.split('.').reduce<Rule | undefined>((r, s) => r?.children.get(s), slice);
    const value =
      path === '$this' ? held.value : path.split('.').reduce((v, s) => (isObject(v) ? v[s] : undefined), held.value);
    if (rule === undefined) return false;
    return rule.fixed !== undefined
      ? equals(value, rule.fixed)
      : rule.pattern !== undefined && matchesPattern(value, rule.pattern);
  });
}
