import r4 from 'fhirpath/fhir-context/r4';
import type { JsonObject } from '../json/object.ts';
import { type Content, contentAt, exchange, itemsOf, type JsonMember, listOf, splice } from './edit.ts';

/** One element in JSON: its value, and for a primitive what stands beside it under `_name` (R4 json.html#primitive). */
export interface Item {
  readonly value?: Content | undefined;
  readonly sibling?: Content | undefined;
}

/** The element under a JSON key, or one of the list there. */
export function itemAt(holder: JsonObject, key: string, index: number | undefined): Item {
  const [value, sibling] = [key, `_${key}`].map((k) => {
    const content = contentAt(holder, k);
    const at = index === undefined ? content : contentAt(content?.value, index);
    return at?.value === null ? undefined : at;
  });
  return { value, sibling };
}

export function isThere(holder: JsonObject, key: string): boolean {
  return Object.hasOwn(holder, key) || Object.hasOwn(holder, `_${key}`);
}

/** How many elements there are in the list under a JSON key. */
export function countUnder(holder: JsonObject, key: string): number {
  return Math.max(...listsUnder(holder, key).map((list) => list?.length ?? 0));
}

function listsUnder(holder: JsonObject, key: string): readonly (readonly unknown[] | undefined)[] {
  return [holder[key], holder[`_${key}`]].map((value) => (Array.isArray(value) ? value : undefined));
}

/** The members that hold one element, or with `list` a list of elements: that of the values is there wherever that of the siblings is. */
export function membersWith(key: string, items: readonly Item[], list: boolean): readonly JsonMember[] {
  const hasSiblings = items.some(({ sibling }) => sibling !== undefined);
  return (['value', 'sibling'] as const).flatMap((part): JsonMember[] => {
    const contents = items.map((item) => item[part]);
    const keepsPlaces = list && part === 'value' && hasSiblings;
    if (!keepsPlaces && contents.every((content) => content === undefined)) return [];
    const [only] = contents;
    const content = list || only === undefined ? { value: listOf(contents.map((c) => c ?? { value: null })) } : only;
    return [[part === 'value' ? key : `_${key}`, content]];
  });
}

/** The holder with these members in place of a key and what stands beside it. */
export function withElements(holder: JsonObject, key: string, members: readonly JsonMember[]): JsonObject {
  return exchange(holder, [key, `_${key}`], members);
}

/** The holder with a list from which some elements are removed, and others in their place: values and siblings stay in step. */
export function withSpliced(
  holder: JsonObject,
  key: string,
  at: number,
  count: number,
  items: readonly Item[],
): JsonObject {
  const length = countUnder(holder, key);
  const [values, siblings] = listsUnder(holder, key);
  const parts = [
    [key, values, items.map((item) => item.value)],
    [`_${key}`, siblings, items.map((item) => item.sibling)],
  ] as const;
  const lists = parts.map(([name, list, contents]) => {
    const made = splice(
      padded(list ?? [], length),
      at,
      count,
      contents.map((content) => content ?? { value: null }),
    );
    return { name, made, isFilled: made.some((value) => value !== null) };
  });
  // R4 json.html#primitive: the values keep the places of what has none, the siblings stand only where there are some.
  const kept = lists.filter(({ name, isFilled }) => isFilled || (name === key && lists.some((l) => l.isFilled)));
  return withElements(
    holder,
    key,
    kept.map(({ name, made }) => [name, { value: made }]),
  );
}

function padded(list: readonly unknown[], length: number): readonly unknown[] {
  if (list.length === length) return list;
  return listOf(itemsOf(list).concat(Array.from({ length: length - list.length }, () => ({ value: null }))));
}

const parents: Readonly<Record<string, string | undefined>> = r4.type2Parent;
const elsewhere: Readonly<Record<string, string | undefined>> = r4.pathsDefinedElsewhere;
const repeating: Readonly<Record<string, boolean | undefined>> = r4.path2Repeating;

/** Whether R4 declares the element `name` of what is declared at `path` to repeat. */
export function repeats(path: string, name: string): boolean {
  for (let owner: string | undefined = path; owner !== undefined; owner = parents[owner]) {
    const declared = `${owner}.${name}`;
    if (repeating[elsewhere[declared] ?? declared] === true) return true;
  }
  return false;
}
