/**
 * All index entries of one resource as bytes: equal values once, each with the parameters under which it stands. The numbers
 * are those of the tables (names.ts). Layout: the number of patients and their rids; then values, each with its kind, its
 * fields, and its places. Whole numbers are written in groups of seven bits, the last one below 128.
 */

import { nextUp } from '#search/model/numbers.ts';

export type StoredValue =
  | { readonly kind: 'token'; readonly system: number; readonly code: string }
  /** `exact` is empty where it equals `value`. */
  | { readonly kind: 'string'; readonly value: string; readonly exact: string }
  | { readonly kind: 'date' | 'number'; readonly low: number; readonly high: number }
  | { readonly kind: 'quantity'; readonly unit: number; readonly low: number; readonly high: number }
  /** The number of an interned text. */
  | { readonly kind: 'uri'; readonly value: number }
  | { readonly kind: 'reference'; readonly target: number; readonly version: string; readonly logical: boolean }
  | { readonly kind: 'position'; readonly latitude: number; readonly longitude: number }
  /** A reference by identifier, of which only the presence is told. */
  | { readonly kind: 'logical' };

/** Where a value stands: `pos` is 0 for what is not part of a composite, else its position + 1. */
export interface EntryPosition {
  readonly param: number;
  readonly pos: number;
}

export interface StoredEntry extends EntryPosition {
  readonly value: StoredValue;
  /** The same for equal values (see keyOf). */
  readonly key: string;
}

export interface Packable {
  readonly patients: readonly number[];
  readonly entries: readonly StoredEntry[];
}

const kinds = ['token', 'string', 'date', 'number', 'quantity', 'uri', 'reference', 'position', 'logical'] as const;
const codes = Object.fromEntries(kinds.map((kind, i) => [kind, i])) as Readonly<Record<(typeof kinds)[number], number>>;

let buffer = Buffer.allocUnsafeSlow(16_384);
let at = 0;

function room(bytes: number): void {
  if (at + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (at + bytes));
  buffer.copy(larger, 0, 0, at);
  buffer = larger;
}

function whole(value: number): void {
  room(8);
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) + 128;
  buffer[at++] = rest;
}

function text(value: string): void {
  room(3 * value.length + 8);
  const bytes = Buffer.byteLength(value);
  whole(bytes);
  at += buffer.write(value, at);
}

function real(value: number): void {
  room(8);
  at = buffer.writeDoubleLE(value, at);
}

function isLength(value: number): boolean {
  return Number.isSafeInteger(value + 1) && value >= 0;
}

/** A value that is a point needs no second number. */
function range(low: number, high: number): void {
  const isPoint = high === nextUp(low);
  whole(isPoint ? 0 : 1);
  real(low);
  if (!isPoint) real(high);
}

function put(value: StoredValue): void {
  whole(codes[value.kind]);
  switch (value.kind) {
    case 'token':
      whole(value.system);
      text(value.code);
      break;
    case 'string':
      text(value.value);
      text(value.exact);
      break;
    case 'date':
      real(value.low);
      // The length is shorter; 0 says that the end follows, which no whole number tells.
      if (isLength(value.high - value.low)) whole(value.high - value.low + 1);
      else {
        whole(0);
        real(value.high);
      }
      break;
    case 'number':
      range(value.low, value.high);
      break;
    case 'quantity':
      whole(value.unit);
      range(value.low, value.high);
      break;
    case 'uri':
      whole(value.value);
      break;
    case 'reference':
      whole(value.target * 2 + (value.logical ? 1 : 0));
      text(value.version);
      break;
    case 'position':
      real(value.latitude);
      real(value.longitude);
      break;
    case 'logical':
      break;
  }
}

export function pack({ patients, entries }: Packable): Uint8Array {
  at = 0;
  whole(patients.length);
  for (const rid of patients) whole(rid);
  for (const [, same] of Map.groupBy(entries, ({ key }) => key)) {
    const [first] = same;
    if (first === undefined) continue;
    put(first.value);
    whole(same.length);
    for (const { param, pos } of same) {
      // The position stands only where there is one, told by the lowest bit.
      whole(param * 2 + (pos === 0 ? 0 : 1));
      if (pos !== 0) whole(pos);
    }
  }
  return Uint8Array.prototype.slice.call(buffer, 0, at);
}

/** The same for equal values. */
export function keyOf(value: StoredValue): string {
  return Object.values(value).join('\u0000');
}

/** They lead beyond their end. Told as SQLite tells of its own pages (CORRUPT). */
class EntriesDamaged extends Error {
  readonly errcode = 11;
  constructor() {
    super('database disk image is malformed: the index entries of a resource cannot be read');
  }
}

/** Reads bytes that `pack` made. */
class Bytes {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  go(to: number): void {
    this.#at = to;
  }

  whole(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new EntriesDamaged();
      if (byte < 128) return value + byte * scale;
      value += (byte - 128) * scale;
      scale *= 128;
    }
  }

  text(): string {
    const length = this.whole();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  skipText(): void {
    const length = this.whole();
    this.#at += length;
  }

  real(): number {
    this.#at += 8;
    if (this.#at > this.#bytes.length) throw new EntriesDamaged();
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  skipRange(): void {
    const isPoint = this.whole() === 0;
    this.#at += isPoint ? 8 : 16;
  }

  range(): { readonly low: number; readonly high: number } {
    const isPoint = this.whole() === 0;
    const low = this.real();
    return { low, high: isPoint ? nextUp(low) : this.real() };
  }
}

function skip(bytes: Bytes, kind: number): void {
  switch (kinds[kind]) {
    case 'token':
      bytes.whole();
      bytes.skipText();
      break;
    case 'string':
      bytes.skipText();
      bytes.skipText();
      break;
    case 'date':
      bytes.go(bytes.at + 8);
      if (bytes.whole() === 0) bytes.go(bytes.at + 8);
      break;
    case 'quantity':
      bytes.whole();
      bytes.skipRange();
      break;
    case 'number':
      bytes.skipRange();
      break;
    case 'uri':
      bytes.whole();
      break;
    case 'reference':
      bytes.whole();
      bytes.skipText();
      break;
    case 'position':
      bytes.go(bytes.at + 16);
      break;
  }
}

function take(bytes: Bytes, kind: number): StoredValue {
  switch (kinds[kind]) {
    case 'token':
      return { kind: 'token', system: bytes.whole(), code: bytes.text() };
    case 'string':
      return { kind: 'string', value: bytes.text(), exact: bytes.text() };
    case 'date': {
      const low = bytes.real();
      const length = bytes.whole();
      return { kind: 'date', low, high: length === 0 ? bytes.real() : low + length - 1 };
    }
    case 'number':
      return { kind: 'number', ...bytes.range() };
    case 'quantity':
      return { kind: 'quantity', unit: bytes.whole(), ...bytes.range() };
    case 'uri':
      return { kind: 'uri', value: bytes.whole() };
    case 'reference': {
      const target = bytes.whole();
      return { kind: 'reference', target: Math.floor(target / 2), version: bytes.text(), logical: target % 2 === 1 };
    }
    case 'position':
      return { kind: 'position', latitude: bytes.real(), longitude: bytes.real() };
    default:
      return { kind: 'logical' };
  }
}

/** Visits the entries of these parameters; values of others are passed over unread. */
export function visit(
  packed: Uint8Array,
  wanted: ReadonlySet<number> | undefined,
  see: (value: StoredValue, param: number, pos: number) => void,
): void {
  const bytes = new Bytes(packed);
  for (let left = bytes.whole(); left > 0; left--) bytes.whole();
  while (bytes.more) {
    const kind = bytes.whole();
    const start = bytes.at;
    skip(bytes, kind);
    let value: StoredValue | undefined;
    for (let left = bytes.whole(); left > 0; left--) {
      const place = bytes.whole();
      const param = Math.floor(place / 2);
      const pos = place % 2 === 0 ? 0 : bytes.whole();
      if (wanted !== undefined && !wanted.has(param)) continue;
      if (value === undefined) {
        const end = bytes.at;
        bytes.go(start);
        value = take(bytes, kind);
        bytes.go(end);
      }
      see(value, param, pos);
    }
  }
}

export function unpack(packed: Uint8Array): Packable {
  const entries: StoredEntry[] = [];
  visit(packed, undefined, (value, param, pos) => entries.push({ value, param, pos, key: keyOf(value) }));
  const bytes = new Bytes(packed);
  const patients = Array.from({ length: bytes.whole() }, () => bytes.whole());
  return { patients, entries };
}
