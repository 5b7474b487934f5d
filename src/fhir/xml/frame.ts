import { keepDigits, putNumber } from '../json/json.ts';
import type { Layout, LayoutElement } from './layout.ts';

type FrameObject = Record<string, unknown>;

/** An element that has begun and not ended, and the JSON that came of it so far. */
export class Frame {
  readonly parent: Frame | undefined;
  /** Undefined for a resource: `Patient` stands in an element, or is the root. */
  readonly place: LayoutElement | undefined;
  readonly type: string;
  /** What may stand in it; undefined if that is a resource. */
  readonly layout: Layout | undefined;
  /** Among its like, if R4 lets them repeat. */
  readonly index: number;
  /** The levels of JSON down to its content. */
  depth: number;
  /** The JSON object; of a primitive that of its id and extensions, once it has any. */
  content: FrameObject | undefined;
  /** The attribute `value`. */
  value: string | undefined = undefined;
  /** Something stands in it, right or wrong. */
  filled = false;
  /** A number in it, at any depth, has digits of its own. */
  exact = false;
  /** The last element in it. If it repeats: its values so far, and the objects of their ids and extensions. */
  last: LayoutElement | undefined = undefined;
  #values: unknown[] | undefined = undefined;
  #siblings: unknown[] | undefined = undefined;

  constructor(parent: Frame | undefined, place: LayoutElement | undefined, type: string, layout: Layout | undefined) {
    this.parent = parent;
    this.place = place;
    this.type = type;
    this.layout = layout;
    this.index = parent === undefined ? 0 : parent.count;
    const object = place === undefined || place.form === 'complex';
    this.content = place === undefined ? { resourceType: type } : object ? {} : undefined;
    this.depth = (parent?.depth ?? 0) + (object ? 1 : 0) + (place?.isArray ? 1 : 0);
  }

  /** How many of the list that it is in have been put. */
  get count(): number {
    return this.#values?.length ?? 0;
  }

  /** FHIRPath of the element, or of one in it. */
  path(child?: string): string {
    const { parent, place } = this;
    let path = parent === undefined ? this.type : parent.path();
    if (place !== undefined) path += `.${place.name}${place.isArray ? `[${this.index}]` : ''}`;
    return child === undefined ? path : `${path}.${child}`;
  }

  /** Adds the value of an element in it; undefined where only an id or extensions came of that. */
  put(place: LayoutElement, value: unknown, exact = false): void {
    if (place.isArray) {
      this.#values ??= [];
      this.#values.push(value ?? null);
      if (exact) keepDigits(this.#values);
    } else if (value !== undefined) this.object()[place.key] = value;
  }

  /** Adds a number with its digits. */
  putDigits(place: LayoutElement, source: string): void {
    if (source !== String(Number(source))) this.exact = true;
    if (place.isArray) {
      this.#values ??= [];
      putNumber(this.#values, this.#values.length, source);
    } else putNumber(this.object(), place.key, source);
  }

  /** Adds the id and extensions of the primitive that was put last (R4 json.html#primitive). */
  putSibling(place: LayoutElement, sibling: FrameObject, exact: boolean): void {
    if (!place.isArray) {
      this.object()[place.sibling] = sibling;
      return;
    }
    this.#siblings ??= [];
    pad(this.#siblings, this.count - 1);
    this.#siblings.push(sibling);
    if (exact) keepDigits(this.#siblings);
  }

  /** What repeats stands together, so another element, or the end, ends its list. */
  endList(): void {
    const values = this.#values;
    if (this.last === undefined || values === undefined) return;
    this.object()[this.last.key] = values;
    if (this.#siblings !== undefined) {
      pad(this.#siblings, values.length);
      this.object()[this.last.sibling] = this.#siblings;
    }
    this.#values = undefined;
    this.#siblings = undefined;
  }

  /** The content; of a primitive it begins here, as a level of its own. */
  object(): FrameObject {
    if (this.content === undefined) {
      this.content = {};
      this.depth++;
    }
    return this.content;
  }
}

function pad(list: unknown[], length: number): void {
  while (list.length < length) list.push(null);
}

/** R4's primitives have a value; a narrative is its own text. */
export function isPrimitive(place: LayoutElement | undefined): boolean {
  const form = place?.form;
  return form === 'text' || form === 'number' || form === 'boolean';
}
