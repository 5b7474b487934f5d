import { LRUCache } from 'lru-cache';

const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = '\\d\\d:\\d\\d:\\d\\d';
const named = new RegExp(`^(?:${day}, \\d\\d ${month} \\d{4}|${day}[a-z]{3,6}, \\d\\d-${month}-\\d\\d) ${time} GMT$`);
const asctime = new RegExp(`^${day} ${month} [ \\d]\\d ${time} \\d{4}$`);

/** A date of RFC 9110 (5.6.7) with its zone, which the oldest form leaves out; undefined for a text in none of its three forms. */
export function readHttpDate(text: string | undefined): string | undefined {
  if (text === undefined || named.test(text)) return text;
  return asctime.test(text) ? `${text} GMT` : undefined;
}

/** Versions of one second share a text; an import makes many. */
const dates = new LRUCache<number, string>({ max: 2_000 });

/** RFC 9110, IMF-fixdate. */
export function writeHttpDate(time: number): string {
  const second = Math.floor(time / 1000);
  const known = dates.get(second);
  if (known !== undefined) return known;
  const text = new Date(time).toUTCString();
  dates.set(second, text);
  return text;
}
