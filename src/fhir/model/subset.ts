import type { Resource } from '@medplum/fhirtypes';
import { failIfAny, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '../json/issues.ts';
import { copyDigits } from '../json/json.ts';
import { isObject } from '../json/object.ts';
import { children, elementAt, elementNames, isSubtype, modelTypes } from './model.ts';
import { mandatoryKeys, summaryKeys } from './summary.ts';

/** The part of a resource that a client asks for: `_summary`, or the names of `_elements` (`name`, `Patient.name`). */
export type Subset =
  | { readonly summary: 'true' | 'text' | 'data' }
  /** As readSubset leaves them: elements that R4 has, each once. */
  | { readonly elements: readonly string[] };

type MutableObject = Record<string, unknown>;

const summary = { summary: 'true' } as const;

const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** In every subset: without its modifiers a resource could be misread, and the client cannot know of these two. */
const always: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'implicitRules', 'modifierExtension']);

/**
 * A copy of the resource with the part that is wanted, marked as SUBSETTED (R4 search.html#summary and #elements). What is kept
 * may be shared with the resource.
 */
export function subset(resource: Resource, wanted: Subset): Resource {
  const source = resource as unknown as MutableObject;
  const part = membersOf(resource.resourceType, source, wanted);
  const contained = part.contained === undefined ? referenced(source.contained, part) : part.contained;
  const members: MutableObject = {};
  for (const key of Object.keys(source)) {
    if (key === 'meta') members.meta = tagged(source.meta);
    else if (key === 'contained' && contained !== undefined) members.contained = contained;
    else if (part[key] !== undefined) members[key] = part[key];
    if (key === (source.id === undefined ? 'resourceType' : 'id') && source.meta === undefined)
      members.meta = tagged({});
  }
  copyDigits(source, members);
  return members as unknown as Resource;
}

function membersOf(type: string, source: MutableObject, wanted: Subset): MutableObject {
  if ('elements' in wanted) {
    const keys = named(type, wanted.elements);
    const mandatory = mandatoryKeys(type);
    return pick(source, (key) => always.has(key) || mandatory.has(key) || keys.has(key));
  }
  switch (wanted.summary) {
    case 'data':
      return pick(source, (key) => key !== 'text');
    case 'text': {
      const mandatory = mandatoryKeys(type);
      return pick(source, (key) => always.has(key) || key === 'text' || mandatory.has(key));
    }
    case 'true':
      return summaryOf(source, type);
  }
}

/** The members whose keys are kept, each with its sibling `_name`: that may be all that there is of a primitive. */
function pick(source: MutableObject, keep: (key: string) => boolean): MutableObject {
  return Object.fromEntries(Object.entries(source).filter(([key]) => keep(withoutMark(key))));
}

function withoutMark(key: string): string {
  return key.startsWith('_') ? key.slice(1) : key;
}

/** The JSON keys of the elements that are named for this type; `value` means all of `valueQuantity`, `valueString` … */
function named(type: string, elements: readonly string[]): ReadonlySet<string> {
  const own = elements.flatMap((name) => {
    const [first = '', second] = name.split('.');
    return second === undefined ? [first] : first === type ? [second] : [];
  });
  return new Set(own.flatMap((name) => [...(children(type, name)?.keys() ?? [name])]));
}

/** What R4 marks as summary, at every level. `path` is where R4 declares the members. */
function summaryOf(source: MutableObject, path: string): MutableObject {
  const summary = summaryKeys(path);
  const members: MutableObject = {};
  for (const [key, value] of Object.entries(source)) {
    const name = withoutMark(key);
    if (always.has(name) && path === source.resourceType) members[key] = value;
    else if (summary.has(name)) {
      const part = key === name ? summaryPart(value, path, key) : value;
      if (part !== undefined) members[key] = part;
    }
  }
  copyDigits(source, members);
  return members;
}

/** Undefined if nothing of an object is summary. */
function summaryPart(value: unknown, path: string, key: string): unknown {
  if (Array.isArray(value)) {
    const parts = value.map((item) => (Array.isArray(item) ? item : summaryPart(item, path, key)));
    const items = parts.filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const element = elementAt(path, key);
  if (!isObject(value) || element === undefined || element.type === 'Extension') return value;
  if (element.type === 'Resource') {
    return typeof value.resourceType === 'string' ? subset(value as unknown as Resource, summary) : undefined;
  }
  const members = summaryOf(value, element.path);
  if (Object.keys(members).length > 0) return members;
  return value.extension === undefined ? undefined : { extension: value.extension };
}

/** The contained resources that what is kept refers to, directly or through each other; undefined if none. */
function referenced(contained: unknown, part: MutableObject): readonly unknown[] | undefined {
  if (!Array.isArray(contained)) return undefined;
  const byReference = new Map(contained.filter(isObject).map((r) => [`#${r.id}`, r]));
  const found = new Set<unknown>();
  const look = (value: unknown): void => {
    const target = typeof value === 'string' ? byReference.get(value) : undefined;
    if (target !== undefined && !found.has(target)) {
      found.add(target);
      look(target);
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look);
  };
  look(part);
  return found.size === 0 ? undefined : contained.filter((r) => found.has(r));
}

function tagged(meta: unknown): MutableObject {
  const members = isObject(meta) ? meta : {};
  const tags: readonly unknown[] = Array.isArray(members.tag) ? members.tag : [];
  const has = tags.some((t) => isObject(t) && t.system === tag.system && t.code === tag.code);
  return has ? members : { ...members, tag: [...tags, tag] };
}

type SubsetParameters = readonly (readonly [string, string])[];

const summaries = new Map<string, Subset | 'count' | undefined>([
  ['true', { summary: 'true' }],
  ['text', { summary: 'text' }],
  ['data', { summary: 'data' }],
  ['count', 'count'],
  ['false', undefined],
]);

/**
 * Reads `_summary` and `_elements` among decoded parameters; undefined if the whole resource is wanted. Each element must be one
 * of the types', or of any resource type if these are not given. A failure names every problem.
 */
export function readSubset(
  pairs: SubsetParameters,
  types: readonly string[] | undefined,
): Outcome<Subset | 'count' | undefined> {
  const issues = new Issues();
  const summary = only(pairs, '_summary', issues);
  const list = only(pairs, '_elements', issues);
  if (summary !== undefined && !summaries.has(summary)) {
    issues.add(refused('_summary', summary, [...summaries.keys()].join(', ')));
  }
  if (summary !== undefined && list !== undefined) issues.add(refused('_elements', list, 'it without _summary'));
  const elements = new Set((list?.split(',') ?? []).map((name) => name.trim().replace(/\[x\]$/, '')));
  for (const name of elements) {
    if (!issues.full) checkElement(name, types, issues);
  }
  const failure = failIfAny(issues.list);
  if (failure !== undefined) return failure;
  if (list !== undefined) return { elements: [...elements] };
  return summary === undefined ? undefined : summaries.get(summary);
}

function only(pairs: SubsetParameters, parameter: string, issues: Issues): string | undefined {
  const [first, second] = pairs.filter(([name]) => name === parameter).map(([, value]) => value);
  if (second !== undefined) issues.add(refused(parameter, second, 'the parameter once'));
  return first;
}

function checkElement(name: string, types: readonly string[] | undefined, issues: Issues): void {
  const [first = '', second] = name.split('.', 2);
  const prefixed = second !== undefined && name === `${first}.${second}`;
  const possible = types ?? modelTypes().filter((type) => isSubtype(type, 'Resource'));
  const asked = prefixed ? possible.filter((type) => type === first) : possible;
  if (asked.some((type) => children(type, prefixed ? second : name) !== undefined)) return;
  const [one] = asked.length === 1 ? asked : possible.length === 1 ? possible : [];
  const expected =
    one !== undefined
      ? `an element of ${one}: ${elementNames(one).join(', ')}`
      : `an element at the top of ${types === undefined ? 'a resource' : types.join(' or ')}, e.g. ${possible[0]}.meta`;
  issues.add(refused('_elements', name, expected));
}

function refused(parameter: string, found: string, expected: string): Issue {
  return issue('bad-parameter-value', { parameter, found, expected });
}
