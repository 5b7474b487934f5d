import { type Issue, issue } from '#errors';
import { isObject } from '#fhir/json/object.ts';
import type { ValueSets } from '#terminology/value-sets.ts';

/** More codes than this are not listed in a text. */
const LISTED = 20;

/**
 * The issue of a code, Coding or CodeableConcept outside its value set. Of a CodeableConcept one coding has to be inside
 * (R4 terminologies.html#required). A value set that cannot be enumerated (MIME types, currencies) refuses nothing.
 */
export function bindingIssue(
  valueSet: string,
  target: string,
  value: unknown,
  path: string,
  valueSets: ValueSets,
): Issue | undefined {
  const codings = codingsOf(value);
  if (codings === undefined) return undefined;
  const verdicts = codings.map(({ system, code }) => valueSets.memberOf(valueSet, system, code));
  const known = codings.length > 0 ? verdicts : [valueSets.codesOf(valueSet) === undefined ? undefined : false];
  if (known.some((v) => v !== false)) return undefined;
  const found = codings.map(({ system, code }) => (system === undefined ? `"${code}"` : `"${system}|${code}"`));
  const codes = valueSets.codesOf(valueSet) ?? [];
  const listed = codes.length > LISTED ? '' : ` (${codes.join(', ')})`;
  const details = { target, found: found.join(', ') || 'without a code', expected: `a code of ${valueSet}${listed}` };
  return issue('code-not-in-value-set', details, path);
}

interface Code {
  /** Undefined for a value of type `code`; a Coding without a system is in no value set. */
  readonly system: string | undefined;
  readonly code: string;
}

/** Undefined if the value cannot be bound: a Quantity, or a shape that is reported elsewhere. */
function codingsOf(value: unknown): readonly Code[] | undefined {
  if (typeof value === 'string') return [{ system: undefined, code: value }];
  if (!isObject(value) || 'value' in value) return undefined;
  const codings: readonly unknown[] = Array.isArray(value.coding) ? value.coding : 'coding' in value ? [] : [value];
  return codings
    .filter(isObject)
    .filter((c) => typeof c.code === 'string')
    .map((c) => ({ system: typeof c.system === 'string' ? c.system : '', code: String(c.code) }));
}
