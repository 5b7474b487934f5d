/** A range of exact values; an end that is `open` does not belong to it. */
export interface Range {
  readonly low: bigint;
  readonly high: bigint;
  readonly lowOpen?: boolean;
  readonly highOpen?: boolean;
}

export const infinite = 10n ** 80n;

export const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof prefixes)[number];

export function splitPrefix(text: string): { readonly prefix: Prefix; readonly rest: string } {
  const found = prefixes.find((p) => text.startsWith(p));
  return found === undefined ? { prefix: 'eq', rest: text } : { prefix: found, rest: text.slice(2) };
}

function contains(outer: Range, inner: Range): boolean {
  const low = inner.low > outer.low || (inner.low === outer.low && (!outer.lowOpen || inner.lowOpen === true));
  const high = inner.high < outer.high || (inner.high === outer.high && (!outer.highOpen || inner.highOpen === true));
  return low && high;
}

/** Whether something of the first range is less than everything in the second. */
function reachesBelow(a: Range, b: Range): boolean {
  return a.low < b.low || (a.low === b.low && !a.lowOpen && b.lowOpen === true);
}

function reachesAbove(a: Range, b: Range): boolean {
  return a.high > b.high || (a.high === b.high && !a.highOpen && b.highOpen === true);
}

/** Whether all of the first range is less than everything in the second. */
function endsBefore(a: Range, b: Range): boolean {
  return a.high < b.low || (a.high === b.low && (a.highOpen === true || b.lowOpen === true));
}

/** How the value of a resource must lie to the searched one (R4 search.html#prefix). */
export function compares(prefix: Prefix, value: Range, searched: Range, approximate: Range): boolean {
  switch (prefix) {
    case 'eq':
      return contains(searched, value);
    case 'ne':
      return !contains(searched, value);
    case 'gt':
      return reachesAbove(value, searched);
    case 'lt':
      return reachesBelow(value, searched);
    case 'ge':
      return reachesAbove(value, searched) || contains(searched, value);
    case 'le':
      return reachesBelow(value, searched) || contains(searched, value);
    case 'sa':
      return endsBefore(searched, value);
    case 'eb':
      return endsBefore(value, searched);
    case 'ap':
      return !endsBefore(value, approximate) && !endsBefore(approximate, value);
  }
}

const dateForm = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;
const hour = 3_600_000;

/**
 * The milliseconds that a date covers by its precision. Without an offset it is Shanghai's, eight hours before UTC in all
 * the years that the data know.
 */
export function dateRange(text: unknown): Range | undefined {
  const m = typeof text === 'string' ? dateForm.exec(text) : null;
  if (m === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = m
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (year === undefined) return undefined;
  const at = (y: number, mo = 1, d = 1, h = 0, mi = 0, s = 0, ms = 0) => Date.UTC(y, mo - 1, d, h, mi, s, ms);
  const start = at(year, month, day, hours, minutes, seconds, Number((m[7] ?? '').padEnd(3, '0')));
  const end = (): number => {
    if (month === undefined) return at(year + 1);
    if (day === undefined) return at(year, month + 1);
    if (hours === undefined) return at(year, month, day + 1);
    if (seconds === undefined) return start + 60_000;
    return start + (m[7] === undefined ? 1000 : 10 ** (3 - m[7].length));
  };
  const zone = m[8] ?? '+08:00';
  const offset =
    zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * hour + Number(zone.slice(4)) * 60_000);
  return { low: BigInt(start - offset), high: BigInt(end() - offset), highOpen: true };
}

/** A tenth of the distance from now to the middle of the range, to both sides. */
export function aroundDate({ low, high }: Range, now: number): Range {
  const margin = BigInt(Math.round(Math.abs(now - Number(low + high) / 2) / 10));
  return { low: low - margin, high: high + margin, highOpen: true };
}

const digits = 30;

/** A decimal, exact: as a whole number of 10^-30. */
export function decimal(text: string): bigint | undefined {
  const m = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (m === null) return undefined;
  const shift = digits - (m[3] ?? '').length + Number(m[4] ?? 0);
  return (
    (shift < 0 ? undefined : BigInt(`${m[1] === '-' ? '-' : ''}${m[2]}${m[3] ?? ''}`) * 10n ** BigInt(shift)) ??
    undefined
  );
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) / 10n ** BigInt(digits);
}

/** Half of the last digit to both sides; a whole number with an exponent has one digit more (`1e2` is [95, 105)). */
export function implied(text: string): Range | undefined {
  const value = decimal(text);
  const m = /^[+-]?\d+(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (value === undefined || m === null) return undefined;
  const fraction = m[1]?.length ?? (m[2] === undefined ? 0 : 1);
  const half = 5n * 10n ** BigInt(digits - fraction - 1 + Number(m[2] ?? 0));
  return { low: value - half, high: value + half, highOpen: true };
}

/** The tenth that R4 recommends, but never less than what the digits leave open. */
export function aroundNumber(value: bigint, { low, high }: Range): Range {
  const margin = (value < 0n ? -value : value) / 10n;
  const [from, to] = [value - margin, value + margin];
  return { low: from < low ? from : low, high: to > high ? to : high, highOpen: true };
}
