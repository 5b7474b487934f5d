/** Hours east of UTC in a time zone at an instant. */
export function offsetAt(timeZone: string, ms: number): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  const value = Number(hours ?? 0) + Number(minutes ?? 0) / 60;
  return sign === '-' ? -value : value;
}

/** `+08:00` of 8. */
export function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) * 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A dateTime of FHIR in local time, e.g. `2025-01-01T00:00:00+08:00`; milliseconds only where there are some. */
export function localDateTime(ms: number, timeZone: string): string {
  const offset = offsetAt(timeZone, ms);
  const text = new Date(ms + offset * 3_600_000).toISOString().slice(0, -1);
  return text.replace(/\.000$/, '') + offsetText(offset);
}
