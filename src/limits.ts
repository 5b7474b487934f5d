/**
 * What bounds a request and is no setting: bounds of algorithms, which guard the server from requests that are small and cost much. README.md
 * lists them, and a refusal names the one that it is about.
 */

export interface Limit {
  readonly most: number;
  readonly unit: string;
  /** Of what, and why it is fixed. */
  readonly of: string;
}

const limit = (most: number, unit: string, of: string): Limit => ({ most, unit, of });

export const limits = {
  'search-parameters': limit(100, 'parameters', 'of a search: each is a step of its plan'),
  'search-name-length': limit(1_000, 'characters', 'of the name of a parameter, with its chain'),
  'search-chain': limit(10, 'links', 'of a chain, `_has` too, or of a path in `_filter`: each may lead to many types'),
  'search-values': limit(1_000, 'values', 'of one parameter'),
  'search-value-length': limit(4_000, 'characters', 'of one value, but of `_filter`'),
  'search-uri-length': limit(
    1_000,
    'characters',
    'of a URL with `:above` or `:below`: each of its parts is looked for',
  ),
  'search-conditions': limit(
    2_000,
    'values and conditions',
    'of a search together: SQLite takes 32,766 in a statement',
  ),
  'search-work': limit(200_000, 'values and conditions', 'of a search, before those that say the same are one'),
  'search-sort': limit(10, 'parameters', 'of `_sort`'),
  'search-words': limit(100, 'words', 'of `_text` or `_content`'),
  'search-words-depth': limit(
    20,
    'levels',
    'of parentheses and `not` in `_text` or `_content`: they are read by recursion',
  ),
  'search-lookups': limit(10_000, 'codes and resources', 'of the value sets, hierarchies and lists of a search'),
  'value-set-sources': limit(1_000, 'value sets and code systems', 'that one value set draws from'),
  'filter-length': limit(16_000, 'characters', 'of a `_filter`'),
  'filter-depth': limit(30, 'levels', 'of brackets in a `_filter`: they are read by recursion'),
  'filter-comparisons': limit(500, 'comparisons', 'of a `_filter`'),
  'operation-parameters': limit(100, 'parameters', 'of an operation: more than any needs'),
  'json-values': limit(
    5_000_000,
    'values',
    'of a body: they take more memory than its bytes, of which 64 MB hold 3,000,000',
  ),
  'narrative-depth': limit(1_000, 'levels', 'of the elements of a narrative: no text for people has more'),
  'patch-operations': limit(10_000, 'operations', 'of a patch: as HUFHIR_MAX_ENTRIES'),
  'patch-copies': limit(1_000_000, 'values', 'that a patch copies or moves: each copy may double the resource'),
  'patch-work': limit(20_000_000, 'steps', 'that a patch takes to make lists anew'),
  'patch-path-length': limit(2_000, 'characters', 'of a path of a FHIRPath Patch'),
  'patch-path-work': limit(2_000_000, 'steps', 'that the paths of a FHIRPath Patch take, or two seconds of them'),
  'patch-work-time': limit(
    5_000,
    'ms of a processor',
    'that a FHIRPath Patch takes: no step of its paths can be stopped',
  ),
  'expression-length': limit(2_000, 'characters', 'of the expression of a SearchParameter: every write evaluates it'),
  'expression-depth': limit(10, 'levels', 'of parentheses in the expression of a SearchParameter'),
  'cql-length': limit(
    1_000_000,
    'characters',
    'of the CQL of all libraries of one request: they are translated together',
  ),
  'cql-libraries': limit(100, 'libraries', 'that the measures of one request use: each is looked up and translated'),
  'stratum-length': limit(1_000, 'characters', 'of the value of a stratifier: each resident has one'),
  'told-issues': limit(100, 'issues', 'that one answer tells: it is no larger than what was asked'),
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof limits;

/** `at most 100 parameters (limit search-parameters)`: what a refusal expects. */
export function atMost(name: LimitName): string {
  const { most, unit } = limits[name];
  return `at most ${most} ${unit} (limit ${name})`;
}
