/** Days since 1970-01-01, of no time zone. */
export type Day = number;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

export const DAY = 86_400_000;
const SHANGHAI = 8 * 3_600_000;

/** Month from 1. */
export function day(year: number, month: number, date: number): Day {
  return Date.UTC(year, month - 1, date) / DAY;
}

/** The time of a day in Shanghai (UTC+8 all year since 1992). */
export function instant(on: Day, hour = 0, minute = 0, second = 0): Instant {
  return on * DAY - SHANGHAI + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** The day in Shanghai. */
export function dayOf(at: Instant): Day {
  return Math.floor((at + SHANGHAI) / DAY);
}

/** FHIR date. */
export function dayText(on: Day): string {
  return new Date(on * DAY).toISOString().slice(0, 10);
}

/** FHIR dateTime, to the second, at +08:00. */
export function instantText(at: Instant): string {
  return `${new Date(at + SHANGHAI).toISOString().slice(0, 19)}+08:00`;
}

/** Month from 1. */
export function parts(on: Day): { year: number; month: number; date: number } {
  const at = new Date(on * DAY);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, date: at.getUTCDate() };
}

/** Whole years of age on a day. */
export function ageOn(birth: Day, on: Day): number {
  const [from, to] = [parts(birth), parts(on)];
  const before = to.month < from.month || (to.month === from.month && to.date < from.date);
  return to.year - from.year - (before ? 1 : 0);
}

/** A calendar year in Shanghai: `[start, end)`. */
export interface Period {
  readonly year: number;
  readonly first: Day;
  readonly last: Day;
  readonly start: Instant;
  readonly end: Instant;
}

export function calendarYear(year: number): Period {
  const [first, last] = [day(year, 1, 1), day(year, 12, 31)];
  return { year, first, last, start: instant(first), end: instant(last + 1) };
}
