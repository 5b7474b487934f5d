import { convert } from '#fhir/values/units.ts';

/** The half-open range `[low, high)`. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

const buffer = new DataView(new ArrayBuffer(8));

/** The least double above a finite value: the end of a range that holds this value alone. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  buffer.setFloat64(0, value);
  buffer.setBigInt64(0, buffer.getBigInt64(0) + (value > 0 ? 1n : -1n));
  const next = buffer.getFloat64(0);
  return Number.isFinite(next) ? next : value;
}

/** The greatest double below a finite value. */
export function nextDown(value: number): number {
  return -nextUp(-value);
}

/** The range of one exact value. */
export function point(value: number): NumberRange {
  return { low: value, high: nextUp(value) };
}

const decimal = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads a number of a search; undefined if it is not a decimal that a double can hold. */
export function parseNumber(text: string): number | undefined {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  // What is too small for a double is not nothing.
  const isLost = value === 0 && /^[^eE]*[1-9]/.test(text);
  return Number.isFinite(value) && !isLost ? value : undefined;
}

/** Reads how many are asked for, in as many digits as there are; undefined if it is no whole number from 0. */
export function parseCount(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined;
}

/**
 * The numbers that a decimal stands for by its significant digits (R4 search.html, number): `100` is [99.5, 100.5),
 * `5.40` is [5.395, 5.405), `5.4e-3` is [0.00535, 0.00545). A whole number with an exponent counts as having one more
 * digit, since R4 gives `1e2` as [95, 105).
 */
export function impliedRange(text: string): NumberRange | undefined {
  const m = decimal.exec(text);
  if (m === null || parseNumber(text) === undefined) return undefined;
  const fraction = m[3] ?? (m[4] === undefined ? '' : '0');
  // In decimal digits, since 5.4 - 0.005 is not the double nearest to 5.395.
  const middle = BigInt(`${m[2]}${fraction}0`) * (m[1] === '-' ? -1n : 1n);
  const exponent = Number(m[4] ?? 0) - fraction.length - 1;
  const range = { low: Number(`${middle - 5n}e${exponent}`), high: Number(`${middle + 5n}e${exponent}`) };
  // Beyond the digits of a double both ends are the number itself.
  return range.low < range.high ? range : point(Number(text));
}

/** The end of a range in another unit. Open ends stay open. */
export function convertBound(value: number, from: string, to: string): number {
  if (Math.abs(value) >= Number.MAX_VALUE) return value;
  // The end of a point is the double after it, and has to be that in the other unit too. Of two neighbours only one can be
  // written with 15 digits: the number that was meant.
  const before = nextDown(value);
  return !isWritten(value) && isWritten(before) ? nextUp(converted(before, from, to)) : converted(value, from, to);
}

function isWritten(value: number): boolean {
  return value !== Number.MIN_VALUE && Number(value.toPrecision(15)) === value;
}

function converted(value: number, from: string, to: string): number {
  const result = convert(value, from, to) ?? Number.NaN;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, result));
}
