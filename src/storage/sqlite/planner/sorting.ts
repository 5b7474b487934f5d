import { and, type Filter, type SortKey } from '#search/model/filter.ts';
import { rangesOf } from '../../planning/probes.ts';
import { every, list, literal, type Sql, some, sql, ticking, yes } from '../database/fragment.ts';
import { ofWidth } from '../index/ranges.ts';
import type { DrivingQuery, Planner } from './planner.ts';

/** Where a page ended: the values of its last resource by the sort keys, then its rid. */
export type SortPosition = readonly [...(string | number | null)[], number];

/** A table that holds the values of a sort key in their order. */
export interface Walkable {
  readonly table: 'string' | 'date' | 'number';
  readonly column: 'value' | 'low';
  readonly key: SortKey;
  readonly param: number;
  /** A resource may have several rows: the first of them in the order counts. */
  readonly several: boolean;
  /** Of ranges; each is in order by itself. */
  readonly widths: readonly number[];
}

/** Whether an index gives the order: one key, of one type, whose table is sorted by the value and then by rid. */
export function walkable(selection: Planner, sort: readonly SortKey[], types: readonly number[]): Walkable | undefined {
  const [key, ...more] = sort;
  if (key === undefined || more.length > 0 || types.length !== 1) return undefined;
  const { kind } = key;
  const [param] = selection.names.params(types, key.param);
  if (param === undefined || (kind !== 'string' && kind !== 'date' && kind !== 'number')) return undefined;
  const { several, widths } = selection.names.shape(param);
  return { table: kind, column: kind === 'string' ? 'value' : 'low', key, param, several, widths };
}

/** Rows of value and rid in the order of the index, each resource at its first row; the missing ones are not among them. */
export function inOrder(
  selection: Planner,
  filters: readonly Filter[],
  { table, column, key, param, several, widths }: Walkable,
  types: readonly number[],
  after: SortPosition | undefined,
  limit: number,
): Sql {
  if (after?.[0] === null) return literal('SELECT 1 WHERE 0');
  const direction = literal(key.descending ? 'DESC' : 'ASC');
  const value = literal(`d.${column}`);
  const bytes = literal('(SELECT bytes FROM entries WHERE rid = d.rid)');
  const order = selection.work.part(`the order by ${key.param}`);
  const sorted = { kind: key.kind, descending: key.descending, params: new Set([param]), part: order };
  const isFirst = several ? sql`sort_value(${selection.work.sort(sorted)}, ${bytes}) = ${value}` : yes;
  const place =
    after === undefined
      ? yes
      : sql`(${value}, d.rid) ${literal(key.descending ? '<' : '>')} (${after[0] ?? 0}, ${after[1] ?? 0})`;
  const { conditions, rest } = rangesOf(filters, key.param, selection.known(types));
  const checked = selection.condition(and(rest), { rid: literal('d.rid'), types });
  // A point and a range may begin together.
  const distinct = literal(several ? 'DISTINCT' : '');
  const part = (width: Sql): Sql =>
    sql`SELECT ${distinct} ${value} AS k, d.rid AS rid FROM ${literal(table)} d WHERE ${every([sql`d.param = ${param}`, ticking('d.rid'), place, width, isFirst, checked])}`;
  const parts = table === 'string' ? [part(yes)] : widths.map((width) => part(ofWidth(table, width, conditions, 'd.')));
  if (parts.length === 0) return literal('SELECT 1 WHERE 0');
  return sql`${list(parts, several ? ' UNION ' : ' UNION ALL ')} ORDER BY k ${direction}, rid ${direction} LIMIT ${limit}`;
}

/** Collects all matches with the values that they are sorted by. */
export function byValues(
  base: DrivingQuery,
  selection: Planner,
  sort: readonly SortKey[],
  types: readonly number[],
  after: SortPosition | undefined,
  limit: number,
): Sql {
  const names = sort.map((_, i) => `k${i}`);
  const values = sort.map((key, i) => sql`${sortValue(key, selection, types)} AS ${literal(names[i] ?? '')}`);
  const order = sort.map((key, i) => literal(`k${i} IS NULL, k${i} ${key.descending ? 'DESC' : 'ASC'}`));
  const columns = literal([...names, 'rid'].join(', '));
  const ties = literal(`rid ${isDown(sort) ? 'DESC' : 'ASC'}`);
  // Materialized, or SQLite would compute each value again for the condition, the order and the result.
  return sql`WITH found AS MATERIALIZED (SELECT DISTINCT d.rid AS rid FROM ${base.from} WHERE ${base.where} AND ${selection.counting('all matches, to be sorted')}),
    keyed AS MATERIALIZED (SELECT ${list(values, ', ')}, found.rid AS rid FROM found WHERE ${ticking('found.rid')})
    SELECT ${columns} FROM keyed WHERE ${ticking('rid')} AND ${beyond(sort, after)} ORDER BY ${list(order, ', ')}, ${ties} LIMIT ${limit}`;
}

/** Ties go by rid in the direction of the first key, as an index walked in that direction has them. */
function isDown([first]: readonly SortKey[]): boolean {
  return first?.descending === true;
}

function sortValue(key: SortKey, selection: Planner, types: readonly number[]): Sql {
  if (key.kind === 'id' || key.kind === 'lastUpdated') {
    const column = literal(key.kind === 'id' ? 'id' : 'last_updated');
    return sql`(SELECT ${column} FROM resource WHERE rid = found.rid)`;
  }
  const params = selection.names.params(types, key.param);
  const bytes = literal('(SELECT bytes FROM entries WHERE rid = found.rid)');
  if (key.kind === 'reference') {
    const best = literal(key.descending ? 'max' : 'min');
    return sql`(SELECT ${best}(t.id) FROM json_each(targets(${selection.work.params(params, selection.work.part(`the order by ${key.param}`))}, ${bytes})) j
      JOIN resource t ON t.rid = j.value)`;
  }
  const part = selection.work.part(`the order by ${key.param}`);
  const sorted = { kind: key.kind, descending: key.descending, params: new Set(params), part };
  return sql`sort_value(${selection.work.sort(sorted)}, ${bytes})`;
}

/** What comes after a place: missing values are last in either direction, rid decides among equals. */
function beyond(sort: readonly SortKey[], after: SortPosition | undefined): Sql {
  if (after === undefined) return yes;
  const equal = (i: number): Sql => sql`${literal(`k${i}`)} IS ${after[i] ?? null}`;
  const further = sort.flatMap((key, i) => {
    const value = after[i];
    if (value === null || value === undefined) return [];
    const column = literal(`k${i}`);
    const later = sql`(${column} ${literal(key.descending ? '<' : '>')} ${value} OR ${column} IS NULL)`;
    return [every([...sort.slice(0, i).map((_, j) => equal(j)), later])];
  });
  const ahead = literal(isDown(sort) ? '<' : '>');
  const ties = every([...sort.map((_, i) => equal(i)), sql`rid ${ahead} ${after[after.length - 1] ?? 0}`]);
  return some([...further, ties]);
}
