import { and, type Filter, type Plan } from '#search/model/filter.ts';
import { conjuncts } from '#search/model/filter-visitor.ts';
import { isFullSoon } from '../../planning/cost.ts';
import { rangesOf } from '../../planning/probes.ts';
import { pruneImpossible } from '../../planning/prune.ts';
import type { ExplainedStep, Explanation } from '../../store.ts';
import type { Connection, Row } from '../database/connection.ts';
import { every, literal, oneOf, type Sql, sql, ticking, yes } from '../database/fragment.ts';
import { current } from '../database/schema.ts';
import type { DrivingQuery, Planner } from '../planner/planner.ts';
import { byValues, inOrder, type SortPosition, walkable } from '../planner/sorting.ts';
import { TimeLimitExceeded } from '../planner/sql-functions.ts';
import { type PackedVersions, packPage } from '../wire/pack.ts';
import { revisionOf } from './shelf.ts';
import { versionOf } from './versions.ts';

export interface PackedPage {
  readonly found: PackedVersions;
  readonly next?: string;
  readonly total?: number;
  readonly explanation?: Explanation;
  readonly exceeded?: string;
  readonly revision?: number;
  readonly spent?: number;
  readonly seq?: number;
}

/** An estimate counts no further than this. */
const estimated = 100_000;

/** One page of a search, its total and its contents from one state of the store. */
export function find(connection: Connection, selection: Planner, plan: Plan, most?: number): PackedPage {
  const begun = performance.now();
  selection.begin(plan.timeout, plan.explain);
  try {
    const page = connection.snapshot(() => ({
      ...findPage(connection, selection, { ...plan, where: possible(selection, plan) }, most),
      revision: revisionOf(connection),
      seq: selection.lastSeq(),
    }));
    const { steps } = selection;
    const spent = performance.now() - begun;
    if (steps === undefined) return { ...page, spent };
    return { ...page, spent, explanation: { steps, milliseconds: spent } };
  } catch (error) {
    const spent = performance.now() - begun;
    if (error instanceof TimeLimitExceeded) return { found: [], exceeded: error.message, spent };
    throw error;
  }
}

/** What no resource can pass is left out, so that it costs nothing to ask for. */
function possible({ names }: Planner, { where, types }: Plan): Filter {
  return pruneImpossible(where, types, (of, param) => names.params(names.types(of), param).length > 0);
}

function findPage(connection: Connection, selection: Planner, plan: Plan, most?: number): PackedPage {
  const types = selection.names.types(plan.types);
  const rows = plan.limit === 0 || types.length === 0 ? [] : page(connection, selection, plan, types);
  const { found, kept } = packPage(
    rows.slice(0, plan.limit),
    (row, left) => {
      selection.work.stopIfAborted();
      return versionOf(connection, selection.names, Number(row[row.length - 1]), left);
    },
    most,
  );
  const last = rows[kept - 1];
  return {
    found,
    ...(rows.length > kept && last !== undefined ? { next: JSON.stringify(last) } : {}),
    ...(plan.total === 'none' && plan.limit > 0 ? {} : { total: total(connection, selection, plan, types) }),
  };
}

/** The ids of at most `limit` matches, sorted. Throws TimeLimitExceeded after `timeout` milliseconds. */
export function findIds(
  connection: Connection,
  selection: Planner,
  plan: Plan,
  limit: number,
  timeout?: number,
): readonly string[] {
  const types = selection.names.types(plan.types);
  if (types.length === 0) return [];
  selection.begin(timeout);
  const { from, where } = selection.base(types, possible(selection, plan), { page: limit });
  const rids = sql`SELECT DISTINCT d.rid FROM ${from} WHERE ${where} ORDER BY d.rid LIMIT ${limit}`;
  const rows = connection.rows(sql`SELECT id FROM resource WHERE rid IN (${rids})`);
  return rows.map(([id]) => String(id)).sort();
}

/** Rows of sort values and rid, one more than the page takes. */
function page(connection: Connection, selection: Planner, plan: Plan, types: readonly number[]): readonly Row[] {
  const after = plan.after === undefined ? undefined : (JSON.parse(plan.after) as SortPosition);
  const limit = plan.limit + 1;
  const [first] = plan.sort;
  if (first === undefined) {
    const base = selection.base(types, plan.where, { page: limit });
    return firstOf(connection, selection, base, after, limit);
  }
  const filters = conjuncts(plan.where);
  const base = selection.base(types, plan.where, 'all');
  if (first.kind === 'lastUpdated' && plan.sort.length === 1) {
    const rest = filters.filter((filter) => filter.op !== 'lastUpdated');
    const query = isShorterInOrder(selection, types, rest, base, limit)
      ? bySeq(selection, filters, first.descending, types, after, limit)
      : bySeqOf(selection, base, first.descending, after, limit);
    return run(connection, selection, 'in the order of _lastUpdated', query);
  }
  const key = walkable(selection, plan.sort, types);
  const { rest } = rangesOf(filters, first.param, selection.known(types));
  if (key === undefined || !isShorterInOrder(selection, types, rest, base, limit)) {
    return run(connection, selection, 'all matches, sorted', byValues(base, selection, plan.sort, types, after, limit));
  }
  const how = `in the order of the index of ${first.param}`;
  const walked = run(connection, selection, how, inOrder(selection, filters, key, types, after, limit));
  if (walked.length >= limit) return walked;
  const without = and([plan.where, { op: 'not', of: { op: 'present', param: first.param } }]);
  const missing = selection.base(types, without, { page: limit });
  const place = after?.[0] === null ? after : undefined;
  const query = byRid(missing, place, limit - walked.length, first.descending);
  const last = run(connection, selection, `those without ${first.param}`, query);
  return [...walked, ...last.map(([rid]) => [null, rid ?? null])];
}

/** What the order itself is narrowed by does not count among the `rest`: the look begins there. */
function isShorterInOrder(
  selection: Planner,
  types: readonly number[],
  rest: readonly Filter[],
  base: DrivingQuery,
  limit: number,
): boolean {
  const { matches } = selection.base(types, and(rest), 'all', 1);
  return isFullSoon(limit, selection.resources(types), matches, base.rows);
}

/** Runs the query of a page; explained, it tells how many rows came, and what was checked. */
function run(connection: Connection, selection: Planner, how: string, query: Sql): readonly Row[] {
  const begun = performance.now();
  const rows = connection.rows(query);
  const { steps } = selection;
  if (steps === undefined) return rows;
  steps.push(...selection.work.checked());
  steps.push({ step: 'page', part: how, rows: rows.length, milliseconds: performance.now() - begun });
  return rows;
}

/**
 * The first resources in the order of rid. A source that names a resource several times names it in neighbouring rows, and
 * telling a few more of them costs less than telling all matches apart.
 */
function firstOf(
  connection: Connection,
  selection: Planner,
  base: DrivingQuery,
  after: SortPosition | undefined,
  limit: number,
): readonly Row[] {
  const how = 'in the order of creation';
  if (base.ordered) return run(connection, selection, how, byRid(base, after, limit, false));
  const most = 3 * limit;
  const rows = run(connection, selection, how, byRid({ ...base, ordered: true }, after, most, false));
  const distinct = rows.filter(([rid], i) => rid !== rows[i - 1]?.[0]);
  if (distinct.length >= limit || rows.length < most) return distinct.slice(0, limit);
  return run(connection, selection, how, byRid(base, after, limit, false));
}

function byRid(base: DrivingQuery, after: SortPosition | undefined, limit: number, down: boolean): Sql {
  const place = after === undefined ? yes : sql`d.rid ${literal(down ? '<' : '>')} ${after[after.length - 1] ?? 0}`;
  const where = every([base.where, place]);
  const distinct = literal(base.ordered ? '' : 'DISTINCT');
  const order = literal(down ? 'DESC' : 'ASC');
  return sql`SELECT ${distinct} d.rid FROM ${base.from} WHERE ${where} ORDER BY d.rid ${order} LIMIT ${limit}`;
}

function beyond(down: boolean, after: SortPosition | undefined): Sql {
  return after === undefined ? yes : sql`d.seq ${literal(down ? '<' : '>')} ${after[0] ?? 0}`;
}

/** By time alone: seq runs with it and is unique, so an index gives the order, and the page ends where it is full. */
function bySeq(
  selection: Planner,
  filters: readonly Filter[],
  down: boolean,
  types: readonly number[],
  after: SortPosition | undefined,
  limit: number,
): Sql {
  const windows = filters.flatMap((f) => (f.op === 'lastUpdated' ? [selection.seqs(f.where)] : []));
  const place = after === undefined ? undefined : Number(after[0]);
  const from = Math.max(1, ...windows.map((w) => w.from), down || place === undefined ? 1 : place + 1);
  const to = Math.min(
    Number.MAX_SAFE_INTEGER,
    ...windows.map((w) => w.to),
    ...(down && place !== undefined ? [place] : []),
  );
  const rest = and(filters.filter((f) => f.op !== 'lastUpdated'));
  const checked = selection.condition(rest, { rid: literal('d.rid'), types });
  // Several types are not in order one after the other.
  const [index, type] = types.length === 1 ? ['resource_type_seq', 'd.type'] : ['resource_seq', '+d.type'];
  const live = literal(`d.state = ${current}`);
  const where = every([ticking('d.rid'), oneOf(type, types), sql`d.seq >= ${from} AND d.seq < ${to}`, live, checked]);
  return sql`SELECT d.seq, d.rid FROM ${literal(`resource d INDEXED BY ${index}`)}
    WHERE ${where} ORDER BY d.seq ${literal(down ? 'DESC' : 'ASC')} LIMIT ${limit}`;
}

function bySeqOf(
  selection: Planner,
  base: DrivingQuery,
  down: boolean,
  after: SortPosition | undefined,
  limit: number,
): Sql {
  const counted = selection.counting('all matches, to be sorted');
  const rids = sql`SELECT d.rid FROM ${base.from} WHERE ${base.where} AND ${counted}`;
  return sql`SELECT d.seq, d.rid FROM resource d
    WHERE ${ticking('d.rid')} AND d.rid IN (${rids}) AND ${beyond(down, after)} ORDER BY d.seq ${literal(down ? 'DESC' : 'ASC')} LIMIT ${limit}`;
}

function total(connection: Connection, selection: Planner, plan: Plan, types: readonly number[]): number {
  if (types.length === 0) return 0;
  const begun = performance.now();
  const counted = connection.number(totalOf(selection, plan, types));
  const step: ExplainedStep = {
    step: 'total',
    part: plan.total === 'estimate' ? `counted to ${estimated}` : 'all matches',
    rows: counted,
    milliseconds: performance.now() - begun,
  };
  selection.steps?.push(...selection.work.checked(), step);
  return counted;
}

function totalOf(selection: Planner, plan: Plan, types: readonly number[]): Sql {
  if (plan.where.op === 'all') {
    // Kept with each commit, so that nothing is counted.
    return sql`SELECT sum(n) FROM tally WHERE ${oneOf('type', types)}`;
  }
  const { from, where, ordered } = selection.base(types, plan.where, 'all', 1);
  const most = plan.total === 'estimate' ? sql`LIMIT ${estimated}` : yes;
  if (plan.total !== 'estimate' && ordered) return sql`SELECT count(*) FROM ${from} WHERE ${where}`;
  const limit = most.text === yes.text ? literal('') : most;
  const counted = selection.counting('the count of all matches');
  return sql`SELECT count(*) FROM (SELECT DISTINCT d.rid FROM ${from} WHERE ${where} AND ${counted} ${limit})`;
}
