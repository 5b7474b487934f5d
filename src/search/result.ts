import { type Failure, fail, type Outcome } from '#errors';
import type { Definitions } from '#fhir/definitions.ts';
import type { SortKey } from './filter.ts';
import type { Include } from './query.ts';

/** The parameters that shape the result (R4 search.html, search result parameters). Which part of each resource is shown
 * (`_summary`, `_elements`) is read elsewhere. */
export interface ResultShape {
  readonly sort: readonly SortKey[];
  readonly count: number;
  readonly total: 'none' | 'estimate' | 'accurate';
  readonly includes: readonly Include[];
  readonly summaryCount: boolean;
}

export interface ResultScope {
  readonly definitions: Definitions;
  readonly types: readonly string[];
  readonly maxCount: number;
}

const names: ReadonlySet<string> = new Set([
  '_count',
  '_sort',
  '_total',
  '_summary',
  '_elements',
  '_include',
  '_revinclude',
]);

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
  if (modifier !== undefined && !(include && modifier === 'iterate')) {
    return fail('unknown-modifier', { found: modifier, parameter: code, expected: include ? 'iterate' : 'none' });
  }
  switch (code) {
    case '_count':
      return readCount(scope, shape, value);
    case '_sort':
      return readSort(scope, shape, value);
    case '_total':
      if (value !== 'none' && value !== 'estimate' && value !== 'accurate') {
        return badValue('_total', value, 'none, estimate or accurate');
      }
      return { shape: { ...shape, total: value }, used: value };
    case '_summary':
      return { shape: value === 'count' ? totalAlone(shape) : shape, used: value };
    case '_elements':
      return { shape, used: value };
    default:
      return readInclude(scope, shape, name, value);
  }
}

function badValue(parameter: string, found: string, expected: string): Failure {
  return fail('bad-parameter-value', { parameter, found, expected });
}

function totalAlone(shape: ResultShape): ResultShape {
  return { ...shape, count: 0, total: 'accurate', summaryCount: true };
}

function readCount(scope: ResultScope, shape: ResultShape, value: string) {
  if (!/^\d{1,9}$/.test(value)) return badValue('_count', value, 'a whole number, 0 or more');
  const count = Math.min(Number(value), scope.maxCount);
  // R4: `_count=0` is treated as `_summary=count`.
  return { shape: count === 0 ? totalAlone(shape) : { ...shape, count }, used: String(count) };
}

function readSort(scope: ResultScope, shape: ResultShape, value: string) {
  const sort: SortKey[] = [];
  for (const part of value.split(',')) {
    const descending = part.startsWith('-');
    const param = descending ? part.slice(1) : part;
    const kind = sortKind(scope, param);
    if (kind === undefined) {
      const expected = [...sortable(scope)].sort().join(', ');
      return fail('unknown-parameter', { found: `_sort=${param}`, target: scope.types.join(' or '), expected });
    }
    sort.push({ param, kind, descending });
  }
  return { shape: { ...shape, sort: [...shape.sort, ...sort] }, used: value };
}

/** Undefined if a searched type does not know the parameter, or it has no order. */
function sortKind({ definitions, types }: ResultScope, code: string): SortKey['kind'] | undefined {
  if (code === '_id') return 'id';
  if (code === '_lastUpdated') return 'lastUpdated';
  const kinds = new Set(types.map((t) => definitions.searchParameters(t).get(code)?.type));
  const [kind] = kinds;
  return kinds.size !== 1 || kind === 'composite' ? undefined : kind;
}

function sortable(scope: ResultScope): string[] {
  const [first = ''] = scope.types;
  const codes = [...scope.definitions.searchParameters(first).keys()];
  return codes.filter((code) => sortKind(scope, code) !== undefined);
}

function readInclude(scope: ResultScope, shape: ResultShape, name: string, value: string) {
  const direction = name.startsWith('_include') ? 'include' : 'revinclude';
  const [type = '', param = '', target, ...more] = value.split(':');
  const parameter = scope.definitions.searchParameters(type).get(param);
  if (parameter?.type !== 'reference' || more.length > 0) {
    return badValue(name, value, 'Type:reference-parameter or Type:reference-parameter:TargetType');
  }
  if (target !== undefined && !parameter.targets.includes(target)) {
    return badValue(name, value, `as target type one of ${parameter.targets.join(', ')}`);
  }
  const iterate = name.endsWith(':iterate');
  const targets = target === undefined ? parameter.targets : [target];
  const starts = direction === 'include' ? [type] : targets;
  if (!iterate && !starts.some((t) => scope.types.includes(t))) {
    return badValue(name, value, `a reference ${direction === 'include' ? 'from' : 'to'} ${scope.types.join(' or ')}`);
  }
  const include: Include = { direction, type, param, targets, iterate };
  return { shape: { ...shape, includes: [...shape.includes, include] }, used: value };
}
