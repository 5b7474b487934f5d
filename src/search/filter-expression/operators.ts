import { Failure } from '#errors';
import type { SearchParameter } from '#fhir/model/definitions.ts';
import { presence } from '../criteria/criteria.ts';
import type { Filters } from '../criteria/lists.ts';
import { readModified, readPlain } from '../criteria/modifiers.ts';
import { type Comparison, type ReadingContext, readRange, type TestAlternatives } from '../criteria/ranges.ts';
import { readMoment, readSpecial, type SpecialCode } from '../criteria/special.ts';
import { readReference, readString } from '../criteria/values.ts';
import { and, type Filter, or } from '../model/filter.ts';
import { readWords } from '../text/words.ts';
import type { Operator } from './parse.ts';

/** The operators that there are, where the one asked is none of them. */
interface Refused {
  readonly operators: readonly Operator[];
}

const ordered = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'] as const;
const moments: readonly Operator[] = ordered;

/** What R4 search_filter.html#ops means for each type; what a type has no meaning for is not among them. */
function operatorsOf({ type, usage }: SearchParameter): readonly Operator[] {
  if (type === 'special') return ['eq', 'ne'];
  if (usage !== 'normal') return ['eq', 'ne', 'pr'];
  switch (type) {
    case 'string':
      return ['eq', 'ne', 'co', 'sw', 'ew', 'pr'];
    case 'token':
      return ['eq', 'ne', 'in', 'ni', 'ss', 'sb', 'pr'];
    case 'date':
      return [...ordered, 'co', 'po', 'pr'];
    case 'number':
    case 'quantity':
      return [...ordered, 'pr'];
    case 'reference':
      return ['eq', 'ne', 're', 'pr'];
    default:
      return ['eq', 'ne', 'pr'];
  }
}

/** Reads one comparison of `_filter` with a parameter. */
export function compareParameter(
  parameter: SearchParameter,
  operator: Operator,
  value: string,
  reading: ReadingContext,
): Filters | Refused {
  const operators = operatorsOf(parameter);
  if (!operators.includes(operator)) return { operators };
  const { code, type } = parameter;
  if (operator === 'pr') return readPresent(presence(code, type), value);
  if (type === 'date' || type === 'number' || type === 'quantity') {
    return matching(code, readRange(type, operator as Comparison, value, reading));
  }
  return compareText(parameter, operator, type === 'token' ? withSystem(value) : value, reading);
}

/** The systems that R4 search_filter.html#ops names by a code. */
const systems: Readonly<Record<string, string>> = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ucum: 'http://unitsofmeasure.org',
};

function withSystem(token: string): string {
  return token.replace(/^(loinc|snomed|rxnorm|ucum)(?=\|)/, (name) => systems[name] ?? name);
}

function compareText(parameter: SearchParameter, operator: Operator, value: string, reading: ReadingContext): Filters {
  const { code, type } = parameter;
  switch (operator) {
    case 'ne': {
      const equal = readEqual(parameter, value, reading);
      if ('expected' in equal) return equal;
      const different: Filter = { op: 'not', of: or(equal) };
      return [type === 'special' ? different : and([presence(code, type), different])];
    }
    case 'co':
      return matching(code, readString(asWritten(value), 'contains'));
    case 'sw':
      return readPlain(parameter, asWritten(value), reading);
    case 'ew':
      return matching(code, readString(asWritten(value), 'ends'));
    case 'in':
      return readModified(parameter, 'in', value, reading);
    case 'ni': {
      const members = readModified(parameter, 'in', value, reading);
      return 'expected' in members ? members : [{ op: 'not', of: or(members) }];
    }
    // `ss`: the value subsumes what the resource says, which lies below it.
    case 'ss':
      return readModified(parameter, 'below', value, reading);
    case 'sb':
      return readModified(parameter, 'above', value, reading);
    case 're':
      return matching(code, readReference(parameter, value, reading));
    default:
      return readEqual(parameter, value, reading);
  }
}

function matching(param: string, tests: TestAlternatives): Filters {
  return 'expected' in tests ? tests : tests.map((test) => ({ op: 'match', param, test }));
}

/** In strings of `_filter` no character is a separator, so none is escaped. */
function asWritten(value: string): string {
  return value.replace(/[\\,$|]/g, '\\$&');
}

/** `eq` of a string is its whole, without case and accents. */
function readEqual(parameter: SearchParameter, value: string, reading: ReadingContext): Filters {
  const { type, usage, code } = parameter;
  if (type === 'string' && usage === 'normal') return matching(code, readString(asWritten(value), 'equals'));
  return readPlain(parameter, value, reading);
}

function readPresent(present: Filter, value: string): Filters {
  if (value === 'true') return [present];
  return value === 'false' ? [{ op: 'not', of: present }] : { expected: 'true or false' };
}

/** Reads one comparison of `_filter` with what every type has. */
export function compareSpecial(
  code: SpecialCode,
  operator: Operator,
  value: string,
  reading: ReadingContext,
): Filters | Refused | Failure {
  switch (code) {
    case '_lastUpdated': {
      const prefix = ordered.find((o) => o === operator);
      return prefix === undefined ? { operators: moments } : readMoment(prefix, value, reading);
    }
    case '_text':
    case '_content':
      if (operator !== 'co') return { operators: ['co'] };
      return single(readWords(code === '_text' ? 'text' : 'content', value));
    default: {
      if (operator !== 'eq' && operator !== 'ne') return { operators: ['eq', 'ne'] };
      const equal = readSpecial(`_filter: ${code}`, code, undefined, asWritten(value), reading);
      if (equal instanceof Failure) return equal;
      return operator === 'eq' ? [equal] : [{ op: 'not', of: equal }];
    }
  }
}

function single(filter: Filter | Failure): Filters | Failure {
  return filter instanceof Failure ? filter : [filter];
}
