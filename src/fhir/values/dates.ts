import { LRUCache } from 'lru-cache';
import { asObject } from '../json/object.ts';

/** Milliseconds since 1970, half-open. */
export interface DateRange {
  readonly low: number;
  readonly high: number;
}

/** Where an open period begins and ends: the limits of a JavaScript date. */
export const earliest = -8.64e15;
export const latest = 8.64e15;

/** What local times mean in one IANA time zone. */
export interface Clock {
  /** The range that a date, dateTime or instant covers by its precision; undefined if it is not valid. */
  range(text: unknown): DateRange | undefined;
  /** A Period; an absent end is open. Undefined if empty, or if an end is not valid or before the start. */
  period(value: unknown): DateRange | undefined;
  /** The outer limits of a Timing's events and bounding Period (R4 search.html, date). */
  timing(value: unknown): DateRange | undefined;
}

const minute = 60_000;
/** Clocks change on quarters of an hour only. */
const quarter = 15 * minute;
const day = 86_400_000;
/** Days whose offset is kept, of each time zone. */
const maxDays = 10_000;
/** The Gregorian calendar repeats after 400 years; shifting by it keeps Date.UTC off its special years 0 to 99. */
const cycle = 146_097 * day;

const pattern =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:(Z)|([+-])(\d\d):(\d\d))?)?)?)?$/;

interface Parsed {
  /** Milliseconds of the first moment and of the one after the last, as if the text were UTC. */
  readonly low: number;
  readonly high: number;
  /** Milliseconds east of UTC, if the text says so. */
  readonly offset: number | undefined;
  readonly precision: 'year' | 'month' | 'day' | 'minute' | 'second';
}

/** The seconds may be absent, as R4 allows in searches; second 60 counts as the first of the next minute. */
function parse(text: string): Parsed | undefined {
  const m = pattern.exec(text);
  if (m === null || m[1] === '0000') return undefined;
  const year = Number(m[1]);
  if (m[2] === undefined) return span(year, 1, 1, year + 1, 1, 1, 'year');
  const month = Number(m[2]);
  if (month < 1 || month > 12) return undefined;
  if (m[3] === undefined) return span(year, month, 1, year, month + 1, 1, 'month');
  const date = Number(m[3]);
  if (date < 1 || date > daysIn(year, month)) return undefined;
  if (m[4] === undefined) return span(year, month, date, year, month, date + 1, 'day');
  return parseTime(utc(year, month, date), m);
}

function parseTime(midnight: number, m: RegExpExecArray): Parsed | undefined {
  const [hour, minutes, seconds] = [Number(m[4]), Number(m[5]), Number(m[6] ?? 0)];
  if (hour > 23 || minutes > 59 || seconds > 60) return undefined;
  const offset = m[8] === 'Z' ? 0 : offsetOf(m[9], m[10], m[11]);
  if (offset === null) return undefined;
  const fraction = m[7] ?? '';
  const low =
    midnight + hour * 3_600_000 + minutes * minute + seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  const width = m[6] === undefined ? minute : 10 ** (3 - Math.min(fraction.length, 3));
  return { low, high: low + width, offset, precision: m[6] === undefined ? 'minute' : 'second' };
}

/** Undefined if absent, null if not valid. */
function offsetOf(sign: string | undefined, hours = '', minutes = ''): number | undefined | null {
  if (sign === undefined) return undefined;
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) > 59 || total > 14 * 60 ? null : (sign === '-' ? -total : total) * minute;
}

function span(
  y1: number,
  m1: number,
  d1: number,
  y2: number,
  m2: number,
  d2: number,
  precision: Parsed['precision'],
): Parsed {
  return { low: utc(y1, m1, d1), high: utc(y2, m2, d2), offset: undefined, precision };
}

function utc(year: number, month: number, date: number): number {
  return Date.UTC(year + 400, month - 1, date) - cycle;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export function isDate(text: string): boolean {
  const parsed = parse(text);
  return (
    parsed !== undefined && (parsed.precision === 'year' || parsed.precision === 'month' || parsed.precision === 'day')
  );
}

/** R4 dateTime: a time of day comes with seconds and an offset. */
export function isDateTime(text: string): boolean {
  return isDate(text) || isInstant(text);
}

export function isInstant(text: string): boolean {
  const parsed = parse(text);
  return parsed?.precision === 'second' && parsed.offset !== undefined;
}

export function isTime(text: string): boolean {
  return timeRange(text) !== undefined;
}

/** A time of day, `hh:mm:ss` with an optional fraction, in milliseconds since midnight. */
export function timeRange(text: string): DateRange | undefined {
  if (!/^\d\d:\d\d:\d\d(\.\d+)?$/.test(text)) return undefined;
  const parsed = parse(`1970-01-01T${text}`);
  return parsed === undefined ? undefined : { low: parsed.low, high: parsed.high };
}

/** Makes the clock of a time zone; a name that the platform does not know throws. */
export function clock(timeZone: string): Clock {
  const toUtc = zone(timeZone);
  const range = (text: unknown): DateRange | undefined => {
    const parsed = typeof text === 'string' ? parse(text) : undefined;
    if (parsed === undefined) return undefined;
    const { low, high, offset } = parsed;
    if (offset !== undefined) return { low: low - offset, high: high - offset };
    return { low: toUtc(low), high: toUtc(high) };
  };
  const period = (value: unknown): DateRange | undefined => {
    const { start, end } = asObject(value);
    if (start === undefined && end === undefined) return undefined;
    const low = start === undefined ? earliest : range(start)?.low;
    const high = end === undefined ? latest : range(end)?.high;
    return low === undefined || high === undefined || low >= high ? undefined : { low, high };
  };
  const timing = (value: unknown): DateRange | undefined => {
    const { event, repeat } = asObject(value);
    const ranges = (Array.isArray(event) ? event : []).map(range);
    ranges.push(period(asObject(repeat).boundsPeriod));
    let outer: DateRange | undefined;
    for (const r of ranges) {
      if (r === undefined) continue;
      outer = { low: Math.min(r.low, outer?.low ?? r.low), high: Math.max(r.high, outer?.high ?? r.high) };
    }
    return outer;
  };
  return { range, period, timing };
}

/** From local milliseconds to those since 1970. A local time that a clock change skips is read with the offset after it. */
function zone(timeZone: string): (local: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetFrom = (at: number): number => {
    const parts = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
    const seconds = Number(parts.hour) * 3600 + Number(parts.minute) * 60 + Number(parts.second);
    return utc(year, Number(parts.month), Number(parts.day)) + seconds * 1000 - at;
  };
  /** Of days on which the clock does not change; no zone has ever changed it twice within 24 hours. */
  const offsets = new LRUCache<number, number>({ max: maxDays });
  const offsetAt = (time: number): number => {
    const today = Math.floor(time / day);
    const known = offsets.get(today);
    if (known !== undefined) return known;
    const offset = offsetFrom(today * day);
    if (offset === offsetFrom((today + 1) * day - quarter)) {
      offsets.set(today, offset);
      return offset;
    }
    return offsetFrom(Math.floor(time / quarter) * quarter);
  };
  return (local) => local - offsetAt(local - offsetAt(local));
}
