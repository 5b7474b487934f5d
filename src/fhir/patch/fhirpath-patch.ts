import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, failIfAny, type Outcome } from '#errors';
import { atMost } from '#limits';
import { Issues } from '../json/issues.ts';
import { isObject, type JsonObject } from '../json/object.ts';
import { children } from '../model/model.ts';
import { changeAt, contentUnder, costAlong, emptyIn, type Key, maxRemade, measure, withoutEmpty } from './edit.ts';
import { countUnder, isThere, itemAt, membersWith, repeats, withElements, withSpliced } from './element.ts';
import { type ElementLocation, keysTo, Paths, type Selected } from './element-location.ts';
import {
  type FhirPathPatchOperation,
  type Given,
  type PatchParameter,
  readFhirPathPatch,
} from './fhirpath-patch-operations.ts';
import { make, type PatchValue } from './fhirpath-patch-value.ts';

/**
 * The resource as a FHIRPath Patch makes it (R4 fhirpatch.html). It may share parts with the resource, which stays as it was. Only
 * when all is done are objects and lists removed that the patch left empty.
 */
export function applyFhirPathPatch(resource: Resource, parameters: unknown, maxDepth = 100): Outcome<Resource> {
  const paths = new Paths();
  const operations = readFhirPathPatch(parameters, paths);
  if (operations instanceof Failure) return operations;
  const before = resource as unknown as JsonObject;
  const spent = { remade: 0 };
  let root = before;
  for (const operation of operations) {
    const { path } = operation;
    const step: PatchStep = { root, operation, maxDepth, spent };
    const selected = paths.select(root, path.value);
    const next =
      'found' in selected ? refuse(step, path, selected.found, selected.expected) : apply(step, operation, selected);
    if (next instanceof Failure) return next;
    root = next;
  }
  return (root === before ? root : (withoutEmpty(root, emptyIn(before)) ?? {})) as unknown as Resource;
}

/** One operation, and the resource as those before left it. */
interface PatchStep {
  readonly root: JsonObject;
  readonly operation: FhirPathPatchOperation;
  readonly maxDepth: number;
  /** What the whole patch made anew so far. */
  readonly spent: { remade: number };
}

function apply(step: PatchStep, operation: FhirPathPatchOperation, selected: readonly Selected[]): Outcome<JsonObject> {
  switch (operation.type) {
    case 'add':
      return add(step, selected, operation.name.value, operation.value);
    case 'insert':
      return insert(step, selected, operation.at, operation.value);
    case 'delete': {
      if (selected.length === 0) return step.root;
      const place = onePlace(step, selected);
      if (place instanceof Failure) return place;
      return exchangeAt(step, place, undefined);
    }
    case 'replace':
      return replace(step, selected, operation.value);
    case 'move':
      return move(step, selected, operation.source, operation.destination);
  }
}

function add(step: PatchStep, selected: readonly Selected[], name: string, part: PatchParameter): Outcome<JsonObject> {
  const target = oneElement(step, selected);
  if (target instanceof Failure) return target;
  const { place, path = '' } = target;
  const keys = place === undefined ? [] : keysTo(place);
  const made = makeIn(step, keys, path, name, part);
  if (made instanceof Failure) return made;
  const value = contentUnder(step.root, keys)?.value;
  if (isObject(value)) {
    const costly = spend(step, keys, made.key);
    if (costly !== undefined) return costly;
    const changed = withAdded(value, path, name, made);
    return changed === undefined ? refuseSecond(step, name) : changeAt(step.root, keys, () => changed);
  }
  if (place === undefined) throw new Error('the resource is no object');
  const item = itemAt(ownerOf(step.root, place), place.key, place.index);
  const beside = item.sibling?.value;
  const costly = isObject(beside) && spend(step, keysTo({ ...place, key: `_${place.key}` }), made.key);
  if (costly) return costly;
  const changed = withAdded(isObject(beside) ? beside : {}, path, name, made);
  if (changed === undefined) return refuseSecond(step, name);
  return exchangeAt(step, place, { key: place.key, item: { value: item.value, sibling: { value: changed } } });
}

/** Undefined if the element may stand once, and does. */
function withAdded(holder: JsonObject, path: string, name: string, { key, item }: PatchValue): JsonObject | undefined {
  if (repeats(path, name)) return withSpliced(holder, key, countUnder(holder, key), 0, [item]);
  const keys = [...(children(path, name)?.keys() ?? [])];
  if (keys.some((k) => isThere(holder, k))) return undefined;
  return withElements(holder, key, membersWith(key, [item], false));
}

function insert(
  step: PatchStep,
  selected: readonly Selected[],
  { value: index, place: at }: Given<number>,
  part: PatchParameter,
) {
  const list = wholeList(step, selected);
  if (list instanceof Failure) return list;
  const { place, length } = list;
  if (index > length) return refuseIndex(step, at, index, length, length);
  const made = makeIn(step, place.owner, place.ownerPath, place.name, part);
  if (made instanceof Failure) return made;
  return changeOwner(step, place, (owner) => withSpliced(owner, place.key, index, 0, [made.item]));
}

function replace(step: PatchStep, selected: readonly Selected[], part: PatchParameter): Outcome<JsonObject> {
  const place = onePlace(step, selected);
  if (place instanceof Failure) return place;
  const made = makeIn(step, place.owner, place.ownerPath, place.name, part);
  return made instanceof Failure ? made : exchangeAt(step, place, made);
}

function move(step: PatchStep, selected: readonly Selected[], source: Given<number>, destination: Given<number>) {
  const list = wholeList(step, selected);
  if (list instanceof Failure) return list;
  const { place, length } = list;
  for (const { value, place: at } of [source, destination]) {
    if (value >= length) return refuseIndex(step, at, value, length, length - 1);
  }
  return changeOwner(step, place, (owner) => {
    const item = itemAt(owner, place.key, source.value);
    const without = withSpliced(owner, place.key, source.value, 1, []);
    return withSpliced(without, place.key, destination.value, 0, [item]);
  });
}

/** The resource with another element at a place, or with none. */
function exchangeAt(step: PatchStep, place: ElementLocation, made: PatchValue | undefined): Outcome<JsonObject> {
  const { key, index } = place;
  const items = made === undefined ? [] : [made.item];
  return changeOwner(step, place, (owner) =>
    index === undefined
      ? withElements(owner, key, membersWith(made?.key ?? key, items, false))
      : withSpliced(owner, key, index, 1, items),
  );
}

function changeOwner(
  step: PatchStep,
  { owner, key }: ElementLocation,
  edit: (owner: JsonObject) => JsonObject,
): Outcome<JsonObject> {
  return spend(step, owner, key) ?? changeAt(step.root, owner, (holder) => edit(holder as JsonObject));
}

/** Counts what a change under a key of the object to which the keys lead makes anew: its lists of values and of siblings too. */
function spend(step: PatchStep, keys: readonly Key[], key: string): Failure | undefined {
  const holder = contentUnder(step.root, keys)?.value;
  const lists = isObject(holder) ? 2 * countUnder(holder, key) : 0;
  step.spent.remade += costAlong(step.root, keys) + lists;
  if (step.spent.remade <= maxRemade) return undefined;
  return refuse(step, step.operation.path, 'too much to make anew', atMost('patch-work'));
}

function ownerOf(root: JsonObject, { owner }: ElementLocation): JsonObject {
  const holder = contentUnder(root, owner)?.value;
  return isObject(holder) ? holder : {};
}

/** The element that a part gives, to stand in the object to which the keys lead. */
function makeIn(
  step: PatchStep,
  owner: readonly Key[],
  path: string,
  name: string,
  part: PatchParameter,
): Outcome<PatchValue> {
  const issues = new Issues();
  const made = make(path, name, part, issues);
  const failure = failIfAny(issues.list);
  if (failure !== undefined) return failure;
  const depth = Math.max(measure(made.item.value?.value).depth, measure(made.item.sibling?.value).depth);
  const list = repeats(path, name) ? 1 : 0;
  if (owner.length + 1 + list + depth <= step.maxDepth) return made;
  return refuse(step, part, 'deeper nesting', `at most ${step.maxDepth} levels (HUFHIR_MAX_DEPTH)`);
}

/** R4 fhirpatch.html: "The FHIRPath statement must return a single element". */
function oneElement(step: PatchStep, selected: readonly Selected[]): Outcome<Selected> {
  const [only, second] = selected;
  const { path } = step.operation;
  if (only === undefined) return refuse(step, path, 'nothing', 'one element');
  return second === undefined ? only : refuse(step, path, `${selected.length} elements`, 'one');
}

function onePlace(step: PatchStep, selected: readonly Selected[]): Outcome<ElementLocation> {
  const one = oneElement(step, selected);
  if (one instanceof Failure) return one;
  return one.place ?? refuse(step, step.operation.path, 'the whole resource', 'an element of it');
}

/** The place of the first item, and how many items the list has, if all of it is selected. */
function wholeList(
  step: PatchStep,
  selected: readonly Selected[],
): Outcome<{ readonly place: ElementLocation; readonly length: number }> {
  const { path } = step.operation;
  const [first] = selected;
  if (first === undefined) return refuse(step, path, 'nothing', 'a list');
  const { place } = first;
  const length = place === undefined ? 0 : countUnder(ownerOf(step.root, place), place.key);
  const indexes = new Set(selected.map((s) => (isBeside(s.place, place) ? s.place?.index : undefined)));
  if (place !== undefined && indexes.size === length && selected.length === length && !indexes.has(undefined)) {
    return { place, length };
  }
  return refuse(step, path, 'something else than one whole list', 'the path of a list');
}

function isBeside(one: ElementLocation | undefined, other: ElementLocation | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return (
    one.key === other.key && one.owner.length === other.owner.length && one.owner.every((k, i) => k === other.owner[i])
  );
}

function refuseSecond(step: PatchStep, name: string): Failure {
  return refuse(step, step.operation.path, `${name} there already`, 'none, or the operation replace');
}

function refuseIndex(step: PatchStep, place: string, index: number, length: number, last: number): Failure {
  return refuse(step, { place }, `index ${index} for a list of ${length}`, `an index from 0 to ${last}`);
}

function refuse(
  { operation }: PatchStep,
  { place }: { readonly place: string },
  found: string,
  expected: string,
): Failure {
  const { index, path } = operation;
  return fail('patch-failed', { index, target: path.value, found, expected }, place);
}
