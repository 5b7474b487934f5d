import { Failure, type Outcome } from '#errors';
import type { Definitions, SearchParameter } from '#fhir/model/definitions.ts';
import { type Filter, or } from '../model/filter.ts';
import type { SearchBudget } from './budget.ts';
import { readList, unknownModifier } from './lists.ts';
import { isNegation, modifiersOf, readModified } from './modifiers.ts';
import type { ReadingContext } from './ranges.ts';
import { readFlag } from './special.ts';

/** What the reading of a criterion depends on besides its text. */
export interface ReadingScope {
  readonly definitions: Definitions;
  readonly reading: ReadingContext;
  readonly budget: SearchBudget;
}

/** Reads the comma list of one parameter, with or without a modifier; `label` is the whole name as it was sent. */
export function readCriterion(
  { reading }: ReadingScope,
  label: string,
  parameter: SearchParameter,
  modifier: string | undefined,
  text: string,
): Outcome<Filter> {
  const { code, limits } = parameter;
  if (modifier !== undefined && !modifiersOf(parameter).includes(modifier)) {
    return unknownModifier(code, modifier, modifiersOf(parameter).join(', ') || 'none');
  }
  if (modifier === 'missing') return readMissing(label, parameter, text);
  const read = (value: string) => readModified(parameter, modifier, value, reading);
  const filters = readList(label, text, read, limits?.multipleOr !== false);
  if (filters instanceof Failure) return filters;
  return isNegation(modifier) ? { op: 'not', of: or(filters) } : or(filters);
}

function readMissing(label: string, { code, type }: SearchParameter, value: string): Outcome<Filter> {
  const missing = readFlag(label, value);
  if (missing instanceof Failure) return missing;
  const present = presence(code, type);
  return missing ? { op: 'not', of: present } : present;
}

/** The parameter has a value; of a composite the first component tells. */
export function presence(code: string, type: SearchParameter['type']): Filter {
  return { op: 'present', param: type === 'composite' ? `${code}.0` : code };
}

export function splitModifier(name: string): readonly [code: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}
