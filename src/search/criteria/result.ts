import { Failure, fail, type Outcome } from '#errors';
import type { Definitions } from '#fhir/model/definitions.ts';
import { atMost, limits } from '#limits';
import type { SortKey } from '../model/filter.ts';
import { parseCount } from '../model/numbers.ts';
import type { Include } from '../model/query.ts';
import { readInclude } from './includes.ts';
import { badValue, notReady, unknownModifier } from './lists.ts';

/** The parameters that shape the result (R4 search.html, search result parameters). Which part of each resource is shown
 * (`_summary`, `_elements`) is read elsewhere. */
export interface ResultShape {
  readonly sort: readonly SortKey[];
  readonly count: number;
  readonly total: 'none' | 'estimate' | 'accurate';
  readonly includes: readonly Include[];
  readonly summaryCount: boolean;
  readonly explain: boolean;
  /** R4 search.html#contained: `true` looks in resources alone, `both` at them too. */
  readonly contained: 'false' | 'true' | 'both';
  readonly containedType: 'container' | 'contained';
}

export interface ResultScope {
  readonly definitions: Definitions;
  readonly types: readonly string[];
  readonly maxCount: number;
}

/** Result parameters, each of which may stand once; includes may stand several times. */
const single = [
  '_count',
  '_sort',
  '_total',
  '_summary',
  '_elements',
  '_explain',
  '_contained',
  '_containedType',
] as const;

const names: ReadonlySet<string> = new Set([...single, '_include', '_revinclude']);

/** Whether it may stand only once in a search. */
export function standsOnce(name: string): boolean {
  return (single as readonly string[]).includes(name);
}

export function isResultParameter(name: string): boolean {
  return names.has(name.split(':', 1)[0] ?? '');
}

/** Reads one result parameter: what it adds to the shape so far, and the value that was used. */
export function readResultParameter(
  scope: ResultScope,
  shape: ResultShape,
  name: string,
  value: string,
): Outcome<{ readonly shape: ResultShape; readonly used: string }> {
  const [code = '', modifier] = name.split(':');
  const include = code === '_include' || code === '_revinclude';
  if (modifier !== undefined && !(include && name === `${code}:iterate`)) {
    return unknownModifier(code, modifier, include ? 'iterate' : 'none');
  }
  switch (code) {
    case '_count':
      return readCount(scope, shape, value);
    case '_sort':
      return readSort(scope, shape, value);
    case '_total':
      return oneOf(code, value, ['none', 'estimate', 'accurate'], (total) => ({ ...shape, total }));
    case '_summary':
      return { shape: value === 'count' ? totalAlone(shape) : shape, used: value };
    case '_elements':
      return { shape, used: value };
    case '_explain':
      return oneOf(code, value, ['true', 'false'], (explain) => ({ ...shape, explain: explain === 'true' }));
    case '_contained':
      return oneOf(code, value, ['false', 'true', 'both'], (contained) => ({ ...shape, contained }));
    case '_containedType':
      return oneOf(code, value, ['container', 'contained'], (containedType) => ({ ...shape, containedType }));
    default: {
      const includes = readInclude(scope, name, value);
      if (includes instanceof Failure) return includes;
      return { shape: { ...shape, includes: [...shape.includes, ...includes] }, used: value };
    }
  }
}

function oneOf<T extends string>(
  name: string,
  value: string,
  allowed: readonly T[],
  shaped: (value: T) => ResultShape,
): Outcome<{ readonly shape: ResultShape; readonly used: string }> {
  const found = allowed.find((a) => a === value);
  if (found === undefined) return badValue(name, value, `'${allowed.join("', '")}'`);
  return { shape: shaped(found), used: value };
}

function totalAlone(shape: ResultShape): ResultShape {
  return { ...shape, count: 0, total: 'accurate', summaryCount: true };
}

function readCount(scope: ResultScope, shape: ResultShape, value: string) {
  const asked = parseCount(value);
  if (asked === undefined) return badValue('_count', value, 'a whole number, 0 or more');
  // R4 search.html#count: a server may return fewer than asked for.
  const count = Math.min(asked, scope.maxCount);
  // R4: `_count=0` is treated as `_summary=count`.
  return { shape: count === 0 ? totalAlone(shape) : { ...shape, count }, used: String(count) };
}

function readSort(scope: ResultScope, shape: ResultShape, value: string) {
  const sort: SortKey[] = [];
  const parts = value.split(',');
  if (parts.length > limits['search-sort'].most) {
    return badValue('_sort', value, `${atMost('search-sort')} to sort by; found ${parts.length}`);
  }
  for (const [i, part] of parts.entries()) {
    const descending = part.startsWith('-');
    const param = descending ? part.slice(1) : part;
    const kind = sortKind(scope, param);
    if (kind === undefined) {
      const early = notReady(scope.definitions, scope.types, param);
      return early ?? notSortable(scope, param, parts.length > 1 ? ` (value ${i + 1})` : '');
    }
    if (sort.some((key) => key.param === param)) return badValue('_sort', value, `"${param}" once`);
    sort.push({ param, kind, descending });
  }
  return { shape: { ...shape, sort }, used: value };
}

function notSortable(scope: ResultScope, param: string, place: string): Failure {
  const expected = `${['_id', '_lastUpdated', ...sortable(scope)].sort().join(', ')}${place}`;
  return fail('unknown-parameter', { found: `_sort=${param}`, target: scope.types.join(' or '), expected });
}

/** Undefined if a searched type does not know the parameter, or it has no order. */
function sortKind({ definitions, types }: ResultScope, code: string): SortKey['kind'] | undefined {
  if (code === '_id') return 'id';
  if (code === '_lastUpdated') return 'lastUpdated';
  const kinds = new Set(types.map((t) => definitions.searchParameters(t).get(code)?.type));
  const [kind] = kinds;
  return kinds.size !== 1 || kind === 'composite' || kind === 'special' ? undefined : kind;
}

function sortable(scope: ResultScope): string[] {
  const [first = ''] = scope.types;
  const codes = [...scope.definitions.searchParameters(first).keys()];
  return codes.filter((code) => !code.startsWith('_') && sortKind(scope, code) !== undefined);
}
