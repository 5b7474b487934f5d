import { limits } from '#limits';
import { digitsOf, keepDigits, putNumber } from '../json/json.ts';
import { isObject, type JsonObject } from '../json/object.ts';

/*
 * Changes to JSON that leave the original as it was: what stands on the way to a change is made anew, the rest is shared.
 * No client's key is ever assigned to, so that none can reach a prototype.
 */

export type Key = string | number;
export type Holder = JsonObject | readonly unknown[];

/** What stands under a key: a value, and if it is a number, the digits that it came with. */
export interface Content {
  readonly value: unknown;
  readonly digits?: string | undefined;
}

export function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null;
}

/** What stands under the holder's own key; undefined if nothing does. */
export function contentAt(holder: unknown, key: Key): Content | undefined {
  if (!isHolder(holder) || !Object.hasOwn(holder, key)) return undefined;
  if (Array.isArray(holder) && !isIndex(key)) return undefined;
  return { value: (holder as JsonObject)[key], digits: digitsOf(holder, key) };
}

/** What the keys lead to; undefined if they lead nowhere. */
export function contentUnder(root: unknown, keys: readonly Key[]): Content | undefined {
  let found: Content | undefined = { value: root };
  for (const key of keys) {
    found = contentAt(found.value, key);
    if (found === undefined) return undefined;
  }
  return found;
}

/** RFC 6901, 4: digits without a leading zero. */
export function isIndex(key: Key): boolean {
  return /^(?:0|[1-9]\d*)$/.test(String(key));
}

export function itemsOf(list: readonly unknown[]): Content[] {
  return list.map((value, i) => ({ value, digits: digitsOf(list, i) }));
}

export function listOf(items: readonly Content[]): readonly unknown[] {
  const list = items.map((item) => item.value);
  return withDigits(
    list,
    items.map((item, i) => [i, item]),
  );
}

/** The list with some of its items removed, and others in their place. */
export function splice(
  list: readonly unknown[],
  at: number,
  count: number,
  items: readonly Content[],
): readonly unknown[] {
  // Lists are long where there are no numbers in them, and only numbers have digits.
  if (hasNumbers(list) || items.some(({ digits }) => digits !== undefined)) {
    return listOf(itemsOf(list).toSpliced(at, count, ...items));
  }
  return withDigits(list.toSpliced(at, count, ...items.map(({ value }) => value)), []);
}

function hasNumbers(list: readonly unknown[]): boolean {
  return list.some((value) => typeof value === 'number');
}

export type JsonMember = readonly [key: string, content: Content];

export function membersOf(holder: JsonObject): JsonMember[] {
  return Object.entries(holder).map(([key, value]) => [key, { value, digits: digitsOf(holder, key) }]);
}

export function objectOf(members: readonly JsonMember[]): JsonObject {
  const object = Object.fromEntries(members.map(([key, content]) => [key, content.value]));
  return withDigits(object, members);
}

/** Every holder that is made here says that there may be digits below it. */
function withDigits<T extends object>(holder: T, contents: readonly (readonly [Key, Content])[]): T {
  for (const [key, { digits }] of contents) if (digits !== undefined) putNumber(holder, key, digits);
  keepDigits(holder);
  return holder;
}

/** The object with new members in the place of the old ones: where the first of them stood, or at the end. */
export function exchange(holder: JsonObject, old: readonly string[], made: readonly JsonMember[]): JsonObject {
  const members = membersOf(holder);
  const first = members.findIndex(([key]) => old.includes(key));
  const rest = (some: readonly JsonMember[]) => some.filter(([key]) => !old.includes(key));
  if (first < 0) return objectOf([...members, ...made]);
  return objectOf([...members.slice(0, first), ...made, ...rest(members.slice(first))]);
}

/** The holder with another content under a key; in a list, the key is one of its indexes. */
export function withContent(holder: Holder, key: Key, content: Content): Holder {
  if (!isObject(holder)) return splice(holder, Number(key), 1, [content]);
  return exchange(holder, [String(key)], [[String(key), content]]);
}

/** The root with what `change` makes of the holder to which the keys lead; one that is not there is taken for an empty object. */
export function changeAt<T extends Holder>(root: T, keys: readonly Key[], change: (holder: Holder) => Holder): T {
  const [key, ...rest] = keys;
  if (key === undefined) return change(root) as T;
  const child = contentAt(root, key)?.value;
  return withContent(root, key, { value: changeAt(isHolder(child) ? child : {}, rest, change) }) as T;
}

/** What making anew may cost in one patch: a long list can change some times, a short one in each operation. */
export const maxRemade = limits['patch-work'].most;

/** A member of an object, and an item beside numbers, whose digits are looked up, cost as much as so many other items. */
const costOfLookup = 10;

/** What it costs to make anew the holder to which the keys lead, and all on the way to it, in items of lists. */
export function costAlong(root: unknown, keys: readonly Key[]): number {
  let cost = costOf(root);
  let holder = root;
  for (const key of keys) {
    holder = contentAt(holder, key)?.value;
    cost += costOf(holder);
  }
  return cost;
}

function costOf(holder: unknown): number {
  if (!isHolder(holder)) return 0;
  if (isObject(holder)) return costOfLookup * Object.keys(holder).length;
  return holder.length * (hasNumbers(holder) ? costOfLookup : 1);
}

/** How deep holders nest in a value, and how many values there are; of more than `limit` the rest is not looked at. */
export function measure(
  value: unknown,
  limit = Number.POSITIVE_INFINITY,
): { readonly depth: number; readonly count: number } {
  if (!isHolder(value)) return { depth: 0, count: 1 };
  let depth = 0;
  let count = 1;
  for (const child of Object.values(value)) {
    if (count > limit) break;
    const inner = measure(child, limit - count);
    depth = Math.max(depth, inner.depth);
    count += inner.count;
  }
  return { depth: depth + 1, count };
}

/** The objects and lists in a value that say nothing: without members or items, or lists of nulls. */
export function emptyIn(value: unknown, found = new Set<unknown>()): ReadonlySet<unknown> {
  if (!isHolder(value)) return found;
  const children = Object.values(value);
  if (isObject(value) ? children.length === 0 : children.every((child) => child === null)) found.add(value);
  for (const child of children) emptyIn(child, found);
  return found;
}

/**
 * The value without what is empty, which FHIR does not know (R4 json.html), save what is to be kept; undefined if nothing is left.
 * In a list under `_name`, null takes the place of an empty object, and a list of nulls counts as empty; what then has neither a value
 * nor anything beside it goes.
 */
export function withoutEmpty(value: unknown, keep: ReadonlySet<unknown>, siblings = false): unknown {
  if (!isHolder(value) || keep.has(value)) return value;
  if (!isObject(value)) return listWithoutEmpty(value, keep, siblings);
  const before = membersOf(value);
  const filled = before.flatMap(([key, content]): JsonMember[] => {
    const left = withoutEmpty(content.value, keep, key.startsWith('_'));
    return left === undefined ? [] : [[key, left === content.value ? content : { value: left }]];
  });
  const after = before.reduce<readonly JsonMember[]>(
    (members, [key]) => (key.startsWith('_') ? inStep(value, members, key.slice(1)) : members),
    filled,
  );
  if (after.length === 0) return undefined;
  return after.length === before.length && after.every(([, c], i) => c === before[i]?.[1]) ? value : objectOf(after);
}

/**
 * What is left of an object, with the values and the siblings of a repeating primitive in step (R4 json.html#primitive): an item that
 * lost its sibling and has no value goes from both lists, and nulls stand for values that are all gone.
 */
function inStep(holder: JsonObject, left: readonly JsonMember[], key: string): readonly JsonMember[] {
  const { [key]: values, [`_${key}`]: siblings } = holder;
  if (!Array.isArray(siblings) || (values !== undefined && !Array.isArray(values))) return left;
  const beside = left.find(([name]) => name === `_${key}`)?.[1].value as readonly unknown[] | undefined;
  const isThere = (list: readonly unknown[] | undefined, i: number) => (list?.[i] ?? null) !== null;
  const stays = siblings.map((sibling, i) => sibling === null || isThere(beside, i) || isThere(values, i));
  const isEmptied = beside !== undefined && values?.length === 0;
  if (!isEmptied && stays.every(Boolean)) return left;
  const kept = (list: readonly unknown[]) => itemsOf(list).filter((_, i) => stays[i] !== false);
  const besideKept = kept(beside ?? []);
  const valuesKept = isEmptied ? besideKept.map(() => ({ value: null })) : kept(values ?? []);
  const isFilled = (list: readonly Content[]) => list.some(({ value }) => value !== null);
  const made: JsonMember[] = [];
  if (isFilled(valuesKept) || (values !== undefined && isFilled(besideKept)))
    made.push([key, { value: listOf(valuesKept) }]);
  if (isFilled(besideKept)) made.push([`_${key}`, { value: listOf(besideKept) }]);
  const others = left.filter(([name]) => name !== key && name !== `_${key}`);
  const at = left.findIndex(([name]) => name === key || name === `_${key}`);
  return others.toSpliced(at, 0, ...made);
}

function listWithoutEmpty(list: readonly unknown[], keep: ReadonlySet<unknown>, siblings: boolean): unknown {
  const before = itemsOf(list);
  const after = before.flatMap((content): Content[] => {
    const left = withoutEmpty(content.value, keep);
    if (left === content.value) return [content];
    if (left === undefined) return siblings ? [{ value: null }] : [];
    return [{ value: left }];
  });
  if (siblings ? after.every(({ value }) => value === null) : after.length === 0) return undefined;
  return after.length === before.length && after.every((c, i) => c === before[i]) ? list : listOf(after);
}
