import { Failure, fail, failIfAny, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Definitions } from '#fhir/model/definitions.ts';
import { type Clock, clock } from '#fhir/values/dates.ts';
import { atMost, limits } from '#limits';
import { SearchBudget, sizeOf, tooMany } from './criteria/budget.ts';
import { isUnknownParameter, readOverTypes } from './criteria/chain.ts';
import { type ReadingScope, splitModifier } from './criteria/criteria.ts';
import { badValue, unknownModifier } from './criteria/lists.ts';
import type { ReadingContext } from './criteria/ranges.ts';
import {
  isResultParameter,
  type ResultScope,
  type ResultShape,
  readResultParameter,
  standsOnce,
} from './criteria/result.ts';
import { readFilter } from './filter-expression/evaluate.ts';
import { containing, isDecidedInside, mayContain } from './match/contained.ts';
import { and, type Filter } from './model/filter.ts';
import type { Query } from './model/query.ts';

export interface SearchOptions {
  readonly definitions: Definitions;
  /** IANA name; what dates without an offset are read in. */
  readonly timeZone: string;
  /** Absolute, without a slash at the end. */
  readonly baseUrl: string;
  /** `Prefer: handling=lenient`: unknown and empty parameters are passed over and named in `ignored`. */
  readonly lenient: boolean;
  readonly defaultCount: number;
  readonly maxCount: number;
  readonly maxIncludes: number;
  /** Names that are read elsewhere. */
  readonly ignore?: ReadonlySet<string>;
  /** Milliseconds since 1970; the prefix `ap` measures dates from it. */
  readonly now?: number;
  /** Of criteria: where a reference leads that names an entry of the same transaction. A URN that names none is refused then. */
  readonly references?: ReadingContext['references'];
}

type Pair = readonly [name: string, value: string];

/**
 * Reads the parameters of a search, names and values decoded but not unescaped (R4 search.html). With several types, each
 * parameter must be one of all of them. A failure names every problem.
 */
export function parseSearch(
  type: string | readonly string[],
  pairs: readonly Pair[],
  options: SearchOptions,
): Outcome<Query> {
  if (pairs.length > limits['search-parameters'].most) {
    const text = `The search has ${pairs.length} parameters; expected ${atMost('search-parameters')}.`;
    return fail('too-costly', { text });
  }
  const types = typeof type === 'string' ? [type] : type;
  const { definitions, baseUrl, lenient, maxCount, maxIncludes } = options;
  const { references, now = Date.now() } = options;
  const reading = { clock: clockOf(options.timeZone), baseUrl, now, ...(references && { references }) };
  const criteria: ReadingScope = { definitions, reading, budget: new SearchBudget() };
  const result: ResultScope = { definitions, types, maxCount };
  let shape: ResultShape = { ...plain, count: options.defaultCount };
  const filters: ParsedCriterion[] = [];
  const applied: Pair[] = [];
  const ignored: string[] = [];
  const issues = new Issues();
  for (const [i, pair] of pairs.entries()) {
    const [name, value] = pair;
    if (options.ignore?.has(name)) continue;
    if (lenient && value === '') {
      ignored.push(name);
      continue;
    }
    const repeated = repetition(definitions, types, pairs.slice(0, i), pair);
    const read = isResultParameter(name)
      ? (repeated ?? readResultParameter(result, shape, name, value))
      : (repeated ?? readFiltering(criteria, types, name, value));
    if (read instanceof Failure) {
      if (lenient && isUnknownParameter(read)) ignored.push(name);
      else issues.addAll(read.issues);
    } else if ('shape' in read) {
      shape = read.shape;
      applied.push([name, read.used]);
    } else {
      filters.push({ pair, where: read });
      applied.push(pair);
    }
  }
  const asked = { types, where: and(filters.map((f) => f.where)) };
  const searched = shape.contained === 'false' ? asked : inContainers(definitions, asked, shape);
  issues.addAll([...contradiction(shape, pairs), ...outsideContained(shape, filters), ...excess(searched.where)]);
  return failIfAny(issues.list) ?? { ...searched, ...finalShape(shape), maxIncludes, applied, ignored };
}

interface ParsedCriterion {
  readonly pair: Pair;
  readonly where: Filter;
}

const plain: ResultShape = {
  sort: [],
  count: 0,
  total: 'none',
  includes: [],
  summaryCount: false,
  explain: false,
  contained: 'false',
  containedType: 'container',
};

type Searched = Pick<Query, 'types' | 'where' | 'contained'>;

/** R4 search.html#contained: what is found are containers, whichever types they have. */
function inContainers({ resourceTypes }: Definitions, { types, where }: Searched, shape: ResultShape): Searched {
  const { contained, containedType } = shape;
  if (contained === 'false') return { types, where };
  const containers = [...resourceTypes].filter(
    (type) => mayContain(type) || (contained === 'both' && types.includes(type)),
  );
  return { types: containers, where: containing(where, types, contained), contained: containedType };
}

/** What cannot be told of a contained resource is refused by its name. */
function outsideContained({ contained, sort, includes }: ResultShape, criteria: readonly ParsedCriterion[]) {
  if (contained === 'false') return [];
  const refused = criteria.filter(({ where }) => !isDecidedInside(where)).map(({ pair }) => pair);
  const order = sort.filter(({ kind }) => kind !== 'id' && kind !== 'lastUpdated').map(({ param }) => ['_sort', param]);
  const others = includes.map(({ direction, type, param }) => [`_${direction}`, `${type}:${param}`]);
  const expected = `with _contained=${contained} simple parameters of the contained resource alone, and _sort by _id or _lastUpdated`;
  return [...refused, ...order, ...others].map(([parameter = '', found = '']) =>
    issue('unsupported-search', { parameter, found, expected }),
  );
}

/** A criterion, or `_filter`. */
function readFiltering(scope: ReadingScope, types: readonly string[], name: string, value: string): Outcome<Filter> {
  const [code, modifier] = splitModifier(name);
  if (code !== '_filter') return readOverTypes(scope, types, name, value);
  return modifier === undefined ? readFilter(scope, types, value) : unknownModifier(code, modifier, 'none');
}

/** What is wrong with a parameter that came before, if it may stand only once. */
function repetition(
  { searchParameters }: Definitions,
  types: readonly string[],
  before: readonly Pair[],
  [name, value]: Pair,
): Failure | undefined {
  const [code] = splitModifier(name);
  const once = standsOnce(name) || types.some((t) => searchParameters(t).get(code)?.limits?.multipleAnd === false);
  if (!once || !before.some(([other]) => splitModifier(other)[0] === code)) return undefined;
  return badValue(name, value, 'the parameter once');
}

/** R4 search.html#summary: `_summary=text` and includes cannot be mixed. */
function contradiction({ includes }: ResultShape, pairs: readonly Pair[]) {
  if (includes.length === 0 || !pairs.some(([name, value]) => name === '_summary' && value === 'text')) return [];
  return badValue('_summary', 'text', 'it without _include and _revinclude').issues;
}

function excess(where: Filter) {
  const found = sizeOf(where);
  return found > limits['search-conditions'].most ? tooMany(found, 'search-conditions').issues : [];
}

/** A count of nothing but the total stays so, in whatever order the parameters came. */
function finalShape({ contained: _, containedType: __, ...shape }: ResultShape) {
  return shape.summaryCount ? { ...shape, count: 0, total: 'accurate' as const } : shape;
}

const clocks = new Map<string, Clock>();

/** Made once a zone: a clock remembers offsets. */
function clockOf(timeZone: string): Clock {
  const known = clocks.get(timeZone) ?? clock(timeZone);
  clocks.set(timeZone, known);
  return known;
}
