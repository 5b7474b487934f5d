import { Failure, fail, failIfAny, type Issue, issue, type Outcome } from '#errors';
import { type Clock, clock } from '#fhir/dates.ts';
import type { Definitions } from '#fhir/definitions.ts';
import { isUnknownParameter, readOverTypes, type Scope } from './criteria.ts';
import { and, type Filter } from './filter.ts';
import type { Query } from './query.ts';
import { isResultParameter, type ResultShape, readResultParameter } from './result.ts';

export interface SearchOptions {
  readonly definitions: Definitions;
  /** IANA name; what dates without an offset are read in. */
  readonly timeZone: string;
  /** Absolute, without a slash at the end. */
  readonly baseUrl: string;
  /** `Prefer: handling=lenient`: unknown parameters are passed over and named in `ignored`. */
  readonly lenient: boolean;
  readonly defaultCount: number;
  readonly maxCount: number;
  readonly maxIncludes: number;
  /** Names that are read elsewhere. */
  readonly ignore?: ReadonlySet<string>;
  /** Milliseconds since 1970; the prefix `ap` measures dates from it. */
  readonly now?: number;
}

const maxParameters = 100;
/** Of all parameters together: a store's statement takes some 32,000 values, and a test up to eight. */
const maxTests = 2_000;
const once: ReadonlySet<string> = new Set(['_count', '_total', '_summary', '_elements']);

/**
 * Reads the parameters of a search, names and values decoded but not unescaped (R4 search.html). With several types, each
 * parameter must be one of all of them. A failure names every problem.
 */
export function parseSearch(
  type: string | readonly string[],
  pairs: readonly (readonly [string, string])[],
  options: SearchOptions,
): Outcome<Query> {
  if (pairs.length > maxParameters) {
    const text = `The search has ${pairs.length} parameters; at most ${maxParameters} are allowed.`;
    return fail('too-costly', { text });
  }
  const types = typeof type === 'string' ? [type] : type;
  const { definitions, baseUrl, lenient, maxCount, maxIncludes } = options;
  const scope: Scope = {
    definitions,
    reading: { clock: clockOf(options.timeZone), baseUrl, now: options.now ?? Date.now() },
  };
  let shape: ResultShape = { sort: [], count: options.defaultCount, total: 'none', includes: [], summaryCount: false };
  const filters: Filter[] = [];
  const applied: [string, string][] = [];
  const ignored: string[] = [];
  const issues: Issue[] = [];
  const refuse = (name: string, failure: Failure): void => {
    if (lenient && isUnknownParameter(failure)) ignored.push(name);
    else issues.push(...failure.issues);
  };
  for (const [name, value] of pairs) {
    if (options.ignore?.has(name)) continue;
    if (isResultParameter(name)) {
      const read =
        once.has(name) && applied.some(([n]) => n === name)
          ? fail('bad-parameter-value', { parameter: name, found: value, expected: 'the parameter once' })
          : readResultParameter({ definitions, types, maxCount }, shape, name, value);
      if (read instanceof Failure) refuse(name, read);
      else {
        shape = read.shape;
        applied.push([name, read.used]);
      }
      continue;
    }
    const filter = readOverTypes(scope, types, name, value);
    if (filter instanceof Failure) refuse(name, filter);
    else {
      filters.push(filter);
      applied.push([name, value]);
    }
  }
  const where = and(filters);
  const found = tests(where);
  if (found > maxTests) {
    const text = `The search has ${found} values and conditions in all; at most ${maxTests} are allowed.`;
    issues.push(issue('too-costly', { text }));
  }
  return failIfAny(issues) ?? { types, where, ...settled(shape), maxIncludes, applied, ignored };
}

/** A count of nothing but the total stays so, in whatever order the parameters came. */
function settled(shape: ResultShape): ResultShape {
  return shape.summaryCount ? { ...shape, count: 0, total: 'accurate' } : shape;
}

function tests(filter: Filter): number {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.reduce((sum, f) => sum + tests(f), 0);
    case 'not':
      return tests(filter.of);
    case 'tuple':
      return filter.tests.length;
    case 'chain':
    case 'has':
      return 1 + tests(filter.where);
    default:
      return 1;
  }
}

const clocks = new Map<string, Clock>();

/** Made once a zone: a clock remembers offsets. */
function clockOf(timeZone: string): Clock {
  const known = clocks.get(timeZone) ?? clock(timeZone);
  clocks.set(timeZone, known);
  return known;
}
