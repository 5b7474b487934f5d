import type { Plan, SortKey } from '#search/filter.ts';
import type { Connection, Row } from './connection.ts';
import { every, list, literal, oneOf, type Sql, some, sql, yes } from './fragment.ts';
import { type PackedVersions, packPage } from './pack.ts';
import { current } from './schema.ts';
import type { Base, Selection } from './select.ts';
import { sortColumn } from './tests.ts';
import { versionOf } from './versions.ts';

export interface PackedPage {
  readonly found: PackedVersions;
  readonly next?: string;
  readonly total?: number;
}

/** An estimate counts no further than this. */
const estimated = 100_000;

/** Where a page ended: the values of its last resource by the sort keys, then its rid. */
type Place = readonly [...(string | number | null)[], number];

/** One page of a search, its total and its contents from one state of the store. */
export function find(connection: Connection, selection: Selection, plan: Plan): PackedPage {
  return connection.snapshot(() => {
    const types = selection.names.types(plan.types);
    const rows = plan.limit === 0 || types.length === 0 ? [] : page(connection, selection, plan, types);
    const { found, kept } = packPage(rows.slice(0, plan.limit), (row) =>
      versionOf(connection, selection.names, Number(row[row.length - 1])),
    );
    const last = rows[kept - 1];
    return {
      found,
      ...(rows.length > kept && last !== undefined ? { next: JSON.stringify(last) } : {}),
      ...(plan.total === 'none' && plan.limit > 0 ? {} : { total: total(connection, selection, plan, types) }),
    };
  });
}

/** The ids of at most `limit` matches, sorted. */
export function findIds(connection: Connection, selection: Selection, plan: Plan, limit: number): readonly string[] {
  const types = selection.names.types(plan.types);
  if (types.length === 0) return [];
  const { from, where } = selection.base(types, plan.where, true);
  const rids = sql`SELECT DISTINCT d.rid FROM ${from} WHERE ${where} ORDER BY d.rid LIMIT ${limit}`;
  const rows = connection.rows(sql`SELECT id FROM resource WHERE rid IN (${rids})`);
  return rows.map(([id]) => String(id)).sort();
}

/** Rows of sort values and rid, one more than the page takes. */
function page(connection: Connection, selection: Selection, plan: Plan, types: readonly number[]): readonly Row[] {
  const after = plan.after === undefined ? undefined : (JSON.parse(plan.after) as Place);
  const limit = plan.limit + 1;
  const [first] = plan.sort;
  if (first === undefined) return connection.rows(byRid(selection.base(types, plan.where, true), after, limit));
  if (first.kind === 'lastUpdated' && plan.sort.length === 1) {
    const base = selection.base(types, plan.where, false);
    return connection.rows(bySeq(base, types, first.descending, after, limit));
  }
  const base = selection.base(types, plan.where, false);
  return connection.rows(byValues(base, selection, plan.sort, types, after, limit));
}

function byRid(base: Base, after: Place | undefined, limit: number): Sql {
  const place = after === undefined ? yes : sql`d.rid > ${after[after.length - 1] ?? 0}`;
  const where = every([base.where, place]);
  return sql`SELECT DISTINCT d.rid FROM ${base.from} WHERE ${where} ORDER BY d.rid LIMIT ${limit}`;
}

/** By time alone: seq runs with it and is unique, so an index gives the order, and the page ends where it is full. */
function bySeq(base: Base, types: readonly number[], down: boolean, after: Place | undefined, limit: number): Sql {
  const direction = literal(down ? 'DESC' : 'ASC');
  const place = after === undefined ? yes : sql`d.seq ${literal(down ? '<' : '>')} ${after[0] ?? 0}`;
  if (!base.narrowed) {
    const from = literal('resource d INDEXED BY resource_type_seq');
    const where = every([oneOf('d.type', types), base.where, place]);
    return sql`SELECT d.seq, d.rid FROM ${from} WHERE ${where} ORDER BY d.seq ${direction} LIMIT ${limit}`;
  }
  const rids = sql`SELECT d.rid FROM ${base.from} WHERE ${base.where}`;
  return sql`SELECT d.seq, d.rid FROM resource d
    WHERE d.rid IN (${rids}) AND ${place} ORDER BY d.seq ${direction} LIMIT ${limit}`;
}

function byValues(
  base: Base,
  selection: Selection,
  sort: readonly SortKey[],
  types: readonly number[],
  after: Place | undefined,
  limit: number,
): Sql {
  const names = sort.map((_, i) => `k${i}`);
  const values = sort.map((key, i) => sql`${sortValue(key, selection, types)} AS ${literal(names[i] ?? '')}`);
  const order = sort.map((key, i) => literal(`k${i} IS NULL, k${i} ${key.descending ? 'DESC' : 'ASC'}`));
  const columns = literal([...names, 'rid'].join(', '));
  // Materialized, or SQLite would compute each value again for the condition, the order and the result.
  return sql`WITH found AS MATERIALIZED (SELECT DISTINCT d.rid AS rid FROM ${base.from} WHERE ${base.where}),
    keyed AS MATERIALIZED (SELECT ${list(values, ', ')}, found.rid AS rid FROM found)
    SELECT ${columns} FROM keyed WHERE ${beyond(sort, after)} ORDER BY ${list(order, ', ')}, rid LIMIT ${limit}`;
}

function sortValue(key: SortKey, selection: Selection, types: readonly number[]): Sql {
  if (key.kind === 'id' || key.kind === 'lastUpdated') {
    const column = literal(key.kind === 'id' ? 'id' : 'last_updated');
    return sql`(SELECT ${column} FROM resource WHERE rid = found.rid)`;
  }
  const params = selection.names.params(types, key.param);
  const best = literal(key.descending ? 'max' : 'min');
  if (key.kind === 'reference') {
    return sql`(SELECT ${best}(t.id) FROM reference e JOIN resource t ON t.rid = e.target
      WHERE e.rid = found.rid AND ${oneOf('e.param', params)})`;
  }
  const { table, column } = sortColumn(key.kind, key.descending);
  return sql`(SELECT ${best}(${literal(column)}) FROM ${literal(table)}
    WHERE rid = found.rid AND ${oneOf('param', params)})`;
}

/** What comes after a place: missing values are last in either direction, rid decides among equals. */
function beyond(sort: readonly SortKey[], after: Place | undefined): Sql {
  if (after === undefined) return yes;
  const equal = (i: number): Sql => sql`${literal(`k${i}`)} IS ${after[i] ?? null}`;
  const further = sort.flatMap((key, i) => {
    const value = after[i];
    if (value === null || value === undefined) return [];
    const column = literal(`k${i}`);
    const later = sql`(${column} ${literal(key.descending ? '<' : '>')} ${value} OR ${column} IS NULL)`;
    return [every([...sort.slice(0, i).map((_, j) => equal(j)), later])];
  });
  const ties = every([...sort.map((_, i) => equal(i)), sql`rid > ${after[after.length - 1] ?? 0}`]);
  return some([...further, ties]);
}

function total(connection: Connection, selection: Selection, plan: Plan, types: readonly number[]): number {
  if (types.length === 0) return 0;
  if (plan.where.op === 'all') {
    const live = every([oneOf('type', types), literal(`state = ${current}`)]);
    return connection.number(sql`SELECT count(*) FROM resource INDEXED BY resource_live WHERE ${live}`);
  }
  const { from, where } = selection.base(types, plan.where, false);
  const rids = sql`SELECT DISTINCT d.rid FROM ${from} WHERE ${where}`;
  if (plan.total !== 'estimate') return connection.number(sql`SELECT count(*) FROM (${rids})`);
  return connection.number(sql`SELECT count(*) FROM (${rids} LIMIT ${estimated})`);
}
