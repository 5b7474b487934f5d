import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Clock } from '#fhir/values/dates.ts';

/** Whether a value that stands where the invariant does meets it. Values of a wrong form are reported elsewhere. */
export type NativeCheck = (value: JsonObject, clock: Clock) => boolean;

/**
 * R4's invariants that compare dates or quantities, by their expressions. Dates differ in precision and offset and quantities in
 * unit, which the FHIRPath engine does not see: it compares dates as texts.
 */
const checks: ReadonlyMap<string, NativeCheck> = new Map<string, NativeCheck>([
  // per-1
  ['start.hasValue().not() or end.hasValue().not() or (start <= end)', ({ start, end }, c) => !late(start, end, c)],
  // mdd-1
  [
    'whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared',
    ({ whenPrepared, whenHandedOver }, c) => !late(whenPrepared, whenHandedOver, c),
  ],
  // inv-1 of Task
  [
    'lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn',
    ({ authoredOn, lastModified }, c) => !late(authoredOn, lastModified, c),
  ],
  // rng-2
  ['low.empty() or high.empty() or (low <= high)', ({ low, high }) => !above(low, high)],
]);

/** The native form of an expression, if it has one. */
export function nativeCheck(expression: string): NativeCheck | undefined {
  return checks.get(expression);
}

/** Whether all that `a` may mean is after all that `b` may mean. */
function late(a: unknown, b: unknown, clock: Clock): boolean {
  const first = clock.range(a);
  const second = clock.range(b);
  return first !== undefined && second !== undefined && first.low >= second.high;
}

/** Whether quantity `a` is above `b`; without a common unit nobody knows. */
function above(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return false;
  const sameUnit = a.system === b.system && a.code === b.code && (a.code !== undefined || a.unit === b.unit);
  return sameUnit && typeof a.value === 'number' && typeof b.value === 'number' && a.value > b.value;
}
