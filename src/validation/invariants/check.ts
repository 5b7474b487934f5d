import type { Variables } from '#fhir/fhirpath/run.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { Clock } from '#fhir/values/dates.ts';

/** What an invariant may ask beside its element: the resources that hold it, and the time zone of dates. */
export interface ConstraintContext extends Variables {
  readonly resource: JsonObject;
  readonly rootResource: JsonObject;
  readonly clock: Clock;
}

/** Whether a value that stands where the invariant does meets it. Values of a wrong form are reported elsewhere. */
export type NativeCheck<T> = (value: T, context: ConstraintContext) => boolean;

/** Native forms of invariants, by the expression that R4 or the guide publishes. */
export type Checks = readonly (readonly [expression: string, check: NativeCheck<JsonObject>])[];

/** Whether an element stands there, be it with extensions only: `exists()`. */
export function has(value: JsonObject, key: string): boolean {
  return value[key] !== undefined || value[`_${key}`] !== undefined;
}

/** The objects of a list. */
export function objects(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** Whether no two of the values that are there are the same. */
export function areDistinct(values: readonly unknown[]): boolean {
  const present = values.filter((v) => v !== undefined);
  return new Set(present).size === present.length;
}
