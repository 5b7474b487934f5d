import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import { asObject, isObject } from '../json/object.ts';
import { layoutAt } from '../xml/layout.ts';
import {
  type Content,
  changeAt,
  contentAt,
  contentUnder,
  costAlong,
  emptyIn,
  exchange,
  type Holder,
  isHolder,
  isIndex,
  maxRemade,
  measure,
  membersOf,
  objectOf,
  splice,
  withContent,
  withoutEmpty,
} from './edit.ts';
import { type JsonPatchOperation, type Pointer, readJsonPatch, type Transfer } from './json-patch-operations.ts';

/** `copy` can double what it copies, so that a short patch could fill the memory. */
const maxCopied = limits['patch-copies'].most;

/** What one patch may do, and has done. */
interface PatchLimits {
  readonly depth: number;
  copied: number;
  remade: number;
}

/**
 * The resource as a JSON Patch makes it (RFC 6902, R4 http.html#patch). It may share parts with the resource, which stays as it
 * was. Only when all is done are objects and lists removed that the patch left empty: it may remove the last item and add another.
 */
export function applyJsonPatch(resource: Resource, patch: unknown, maxDepth = 100): Outcome<Resource> {
  const operations = readJsonPatch(patch);
  if (operations instanceof Failure) return operations;
  const limits: PatchLimits = { depth: maxDepth, copied: 0, remade: 0 };
  let root: unknown = resource;
  for (const operation of operations) {
    root = apply(root, operation, limits);
    if (root instanceof Failure) return root;
  }
  return (root === resource ? root : (withoutEmpty(root, emptyIn(resource)) ?? {})) as Resource;
}

function apply(root: unknown, operation: JsonPatchOperation, limits: PatchLimits): Outcome<unknown> {
  switch (operation.op) {
    case 'add':
      return add(root, operation, operation.value, limits);
    case 'remove':
      return remove(root, operation, operation.path, limits);
    case 'replace': {
      const { path, value } = operation;
      if (contentUnder(root, path.tokens) === undefined) return absent(operation, path);
      return isWhole(path) ? whole(operation, value) : put(root, operation, value, limits, withContent);
    }
    case 'move':
    case 'copy':
      return transfer(root, operation, limits);
    case 'test': {
      const { index, path, value } = operation;
      const there = contentUnder(root, path.tokens);
      if (there !== undefined && isSame(there, value)) return root;
      const found = there === undefined ? 'nothing' : 'another value';
      return fail('patch-test-failed', { index, target: path.text, found }, `[${index}].value`);
    }
  }
}

function add(root: unknown, operation: JsonPatchOperation, content: Content, limits: PatchLimits): Outcome<unknown> {
  const { path } = operation;
  if (isWhole(path)) return whole(operation, content);
  const holder = contentUnder(root, path.tokens.slice(0, -1))?.value;
  if (!isHolder(holder)) {
    const expected = holder === undefined ? expectedHolder(root, path) : 'one that is there';
    return refuse(operation, path, 'no object or list to hold it', expected);
  }
  if (isObject(holder)) return put(root, operation, content, limits, withContent);
  const { length } = holder;
  const key = path.tokens.at(-1) ?? '';
  const at = key === '-' ? length : isIndex(key) ? Number(key) : Number.POSITIVE_INFINITY;
  if (at > length) return refuse(operation, path, `a list of ${length}`, `an index from 0 to ${length}, or -`);
  return put(root, operation, content, limits, (list) => splice(list as readonly unknown[], at, 0, [content]));
}

/** What a path misses that could hold a value: the first of its keys that leads nowhere is to be made, which JSON Patch does only where it is told to. */
function expectedHolder(root: unknown, { tokens }: Pointer): string {
  let there = 0;
  while (contentUnder(root, tokens.slice(0, there + 1)) !== undefined) there++;
  const place = tokens.slice(0, there + 1).map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  const asList = isPlace(tokens[there + 1] ?? '');
  if (!mayHold(root, tokens.slice(0, there + 1), asList)) return 'one that is there';
  const what = asList ? ['a list', '[ … ]'] : ['an object', '{ … }'];
  const path = place.join('');
  return `${what[0]} at "${path}"; make it first: { "op": "add", "path": "${path}", "value": ${what[1]} }`;
}

/** Whether a key is one of a list. */
function isPlace(key: string): boolean {
  return key === '-' || isIndex(key);
}

/** Whether R4 has an element there that is a list, or none; unless it is not known what the resource is. */
function mayHold(root: unknown, tokens: readonly string[], asList: boolean): boolean {
  let { resourceType: model } = asObject(root);
  let isList = false;
  for (const token of tokens) {
    if (typeof model !== 'string') return true;
    if (isPlace(token)) {
      isList = false;
      continue;
    }
    const element = layoutAt(model)?.get(token);
    if (element === undefined) return false;
    isList = element.isArray;
    model = element.form === 'resource' ? undefined : element.path;
  }
  return isList === asList;
}

type Change = (holder: Holder, key: string, content: Content) => Holder;

/** Lets `change` put the content under the last key of the path. */
function put(
  root: unknown,
  operation: JsonPatchOperation,
  content: Content,
  limits: PatchLimits,
  change: Change,
): Outcome<unknown> {
  const { tokens } = operation.path;
  if (tokens.length + measure(content.value).depth > limits.depth) {
    const expected = `at most ${limits.depth} levels (HUFHIR_MAX_DEPTH)`;
    return refuse(operation, operation.path, 'deeper nesting', expected);
  }
  return changed(root, operation, operation.path, limits, (holder) => change(holder, tokens.at(-1) ?? '', content));
}

/** The root with what `change` makes of the object or list that holds what is at the pointer. */
function changed(
  root: unknown,
  operation: JsonPatchOperation,
  at: Pointer,
  limits: PatchLimits,
  change: (holder: Holder) => Holder,
): Outcome<unknown> {
  const keys = at.tokens.slice(0, -1);
  limits.remade += costAlong(root, keys);
  if (limits.remade > maxRemade) {
    return refuse(operation, at, 'too much to make anew', atMost('patch-work'));
  }
  return changeAt(root as Holder, keys, change);
}

function remove(root: unknown, operation: JsonPatchOperation, at: Pointer, limits: PatchLimits): Outcome<unknown> {
  if (contentUnder(root, at.tokens) === undefined) return absent(operation, at);
  if (isWhole(at)) return refuse(operation, at, 'the whole resource', 'an element of it');
  const key = at.tokens.at(-1) ?? '';
  return changed(root, operation, at, limits, (holder) =>
    isObject(holder) ? exchange(holder, [key], []) : splice(holder, Number(key), 1, []),
  );
}

function transfer(root: unknown, operation: Transfer, limits: PatchLimits): Outcome<unknown> {
  const { op, from, path } = operation;
  const content = contentUnder(root, from.tokens);
  if (content === undefined) return absent(operation, from);
  if (op === 'move' && from.text === path.text) return root;
  limits.copied += measure(content.value, maxCopied).count;
  if (limits.copied > maxCopied) return refuse(operation, from, 'too much to copy', atMost('patch-copies'));
  const left = op === 'move' ? remove(root, operation, from, limits) : root;
  return left instanceof Failure ? left : add(left, operation, content, limits);
}

function isWhole({ tokens }: Pointer): boolean {
  return tokens.length === 0;
}

function whole(operation: JsonPatchOperation, { value }: Content): Outcome<unknown> {
  if (isObject(value)) return objectOf(membersOf(value));
  return refuse(operation, operation.path, 'another value for the whole resource', 'an object');
}

function absent(operation: JsonPatchOperation, at: Pointer): Failure {
  return refuse(operation, at, 'nothing', 'a value that is there');
}

function refuse({ index }: JsonPatchOperation, at: Pointer, found: string, expected: string): Failure {
  return fail('patch-failed', { index, target: at.text, found, expected }, `[${index}].${at.member}`);
}

/** RFC 6902, 4.6: members in any order, numbers by what they are worth. */
function isSame(a: Content, b: Content): boolean {
  if (typeof a.value === 'number' && typeof b.value === 'number') return worth(a) === worth(b);
  if (!isHolder(a.value) || !isHolder(b.value)) return a.value === b.value;
  if (Array.isArray(a.value) !== Array.isArray(b.value)) return false;
  const keys = Object.keys(a.value);
  return (
    keys.length === Object.keys(b.value).length &&
    keys.every((key) => {
      const [mine, other] = [contentAt(a.value, key), contentAt(b.value, key)];
      return mine !== undefined && other !== undefined && isSame(mine, other);
    })
  );
}

/** The same text for the same number, beyond what a double holds: its digits without zeros around them, and an exponent. */
function worth({ value, digits = String(value) }: Content): string {
  const [, sign = '', integer = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(digits) ?? [];
  const figures = (integer + fraction).replace(/^0+/, '');
  const kept = figures.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${Number(exponent) - fraction.length + figures.length - kept.length}`;
}
