import { isObject } from '#fhir/json/object.ts';
import type { Clock } from '#fhir/values/dates.ts';
import { convert, ucumSystem } from '#fhir/values/units.ts';

/** Whether all that date `a` may mean is after all that `b` may mean; a day, month or year beside a time is also one of that time's zone. */
export function isLate(a: unknown, b: unknown, clock: Clock): boolean {
  const first = clock.range(a);
  const second = clock.range(b);
  if (first === undefined || second === undefined || first.low < second.high) return false;
  const [one, other] = [String(a), String(b)];
  if (one.includes('T') === other.includes('T')) return true;
  const length = Math.min(one.length, other.length);
  return one.slice(0, length) > other.slice(0, length);
}

/** Whether quantity `a` is above `b`; without a common unit nobody knows. */
export function isAbove(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b) || typeof a.value !== 'number' || typeof b.value !== 'number') return false;
  if (a.system === b.system && a.code === b.code && (a.code !== undefined || a.unit === b.unit))
    return a.value > b.value;
  if (a.system !== ucumSystem || b.system !== ucumSystem) return false;
  if (typeof a.code !== 'string' || typeof b.code !== 'string') return false;
  const converted = convert(a.value, a.code, b.code);
  return converted !== undefined && converted > b.value;
}
