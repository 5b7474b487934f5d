import type { Compare, Filter } from '#search/model/filter.ts';
import { conjuncts } from '#search/model/filter-visitor.ts';
import { choose, type IndexedCriterion, type Purpose, reckon, unanswered } from '../../planning/cost.ts';
import { explainedCriterion } from '../../planning/explain.ts';
import type { KnownParams } from '../../planning/probes.ts';
import type { ExplainedStep } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { every, list, literal, no, oneOf, type Sql, sql, ticking, yes } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { current } from '../database/schema.ts';
import { AccessPaths, type SqlAccessPath } from './access-paths.ts';
import { criteriaOf, type Finding } from './criteria.ts';
import { Estimates } from './estimates.ts';
import { Lowering, type RowScope } from './lowering.ts';
import { SqlFunctions } from './sql-functions.ts';

/** A chosen way to the resources that pass: `SELECT d.rid FROM from WHERE where`. */
export interface DrivingQuery {
  readonly from: Sql;
  readonly where: Sql;
  /** False if every resource of the types is looked at. */
  readonly narrowed: boolean;
  /** Each rid comes once, in their order. */
  readonly ordered: boolean;
  /** Rows that are looked at, at most. */
  readonly rows: number;
  /** Those of them that are reckoned to pass. */
  readonly matches: number;
  /** As those of its access path. */
  readonly seeks: number;
}

/** Targets of a chain that are collected before the search; above, each referring resource is checked. */
const manyMembers = 2_000;

/** Rows from which on a statement may take long, whatever is done with them. */
const manyTicks = 20_000;

/** Rows that are looked at for them. */
const manyLooked = 5_000;

/**
 * The planner: chooses what a search starts from. Of the criteria that an index answers, it takes the one that makes the
 * least work; the other criteria are checked resource by resource.
 */
export class Planner {
  readonly names: Names;
  readonly work: SqlFunctions;
  readonly #connection: Connection;
  readonly #estimates: Estimates;
  readonly #sources: AccessPaths;
  readonly #lowering: Lowering;
  readonly #finding: Finding;
  #steps: ExplainedStep[] | undefined;
  /** Of this search: what was looked up for a filter once serves its source, its check and its total. */
  readonly #looked = new Map<Filter, Map<string, readonly number[] | undefined>>();

  constructor(connection: Connection, names: Names) {
    this.#connection = connection;
    this.names = names;
    this.work = new SqlFunctions(connection, names);
    this.#estimates = new Estimates(connection);
    this.#sources = new AccessPaths(connection, names);
    const members: Finding['members'] = (types, where, depth) => this.#members(types, where, depth);
    const seqAt = (time: number): number => this.seqAt(time);
    const surroundings = { names, work: this.work, sources: this.#sources, seqAt, members };
    this.#lowering = new Lowering(surroundings);
    this.#finding = {
      names,
      sources: this.#sources,
      lowering: this.#lowering,
      lastSeq: () => this.lastSeq(),
      members,
      narrowed: (types, where, depth) => this.#narrowed(types, where, depth),
      targetsOf: (rids, params) => this.#targetsOf(rids, params),
    };
  }

  /** To be called before the statements of one search are made; `explain` notes what is decided. */
  begin(timeout?: number, explain = false): void {
    this.work.begin(timeout);
    this.#looked.clear();
    this.#steps = explain ? [] : undefined;
  }

  get steps(): ExplainedStep[] | undefined {
    return this.#steps;
  }

  condition(filter: Filter, scope: RowScope): Sql {
    return this.#lowering.condition(filter, scope);
  }

  /** The seqs `[from, to)` of times of `_lastUpdated`. */
  seqs(where: readonly Compare[]): { readonly from: number; readonly to: number } {
    return this.#lowering.seqs(where);
  }

  /** A condition that every row passes, and that ends the search when its time is over. */
  counting(part: string): Sql {
    return sql`count_row(${this.work.counting(this.work.part(part))})`;
  }

  /** Current resources of the types, as far as statistics know. */
  resources(types: readonly number[]): number {
    return this.#estimates.resources(types);
  }

  /** What is known of parameters in the context of the types. */
  known(types: readonly number[]): KnownParams {
    return this.#sources.known(types);
  }

  /** The base of a search. */
  base(types: readonly number[], asked: Filter, purpose: Purpose, depth = 0): DrivingQuery {
    const filters = conjuncts(asked);
    const found = criteriaOf(filters, types, this.#finding, depth);
    const rows = found.map(({ source }) => this.#estimates.rows(source));
    const all = this.resources(types);
    const chosen = choose(filters, found, rows, all, purpose);
    if (depth === 0) this.#explain(found, rows, chosen);
    const scope: RowScope = { rid: literal('d.rid'), types, depth };
    const criterion = chosen === undefined ? undefined : found[chosen];
    const source = criterion?.source ?? walk(types);
    const checked = this.condition({ op: 'and', of: unanswered(filters, criterion) }, scope);
    const looked = chosen === undefined ? all : (rows[chosen] ?? 0);
    const where = every([looked < manyTicks ? yes : ticking('d.rid'), source.where, checked]);
    // A condition that is false by itself would not name what the index demands, and SQLite would refuse the query.
    if (where.text === no.text) {
      return { from: literal('resource d'), where: no, narrowed: true, ordered: true, rows: 0, matches: 0, seeks: 0 };
    }
    return {
      from: source.from,
      where,
      narrowed: criterion !== undefined,
      ordered: source.ordered,
      rows: looked,
      matches: reckon(rows, all),
      seeks: criterion?.source.seeks ?? 0,
    };
  }

  #explain(
    found: readonly IndexedCriterion<SqlAccessPath>[],
    rows: readonly number[],
    chosen: number | undefined,
  ): void {
    if (this.#steps === undefined) return;
    for (const [i, criterion] of found.entries()) {
      const { source } = criterion;
      const begun = performance.now();
      const counted = this.#connection.number(
        sql`SELECT count(*) FROM (SELECT DISTINCT d.rid FROM ${source.from} WHERE ${source.where} AND ${this.counting('the count to explain')})`,
      );
      const milliseconds = performance.now() - begun;
      this.#steps.push(explainedCriterion(criterion, i === chosen, rows[i] ?? 0, counted, milliseconds));
    }
    // What was counted to explain is no step of the search.
    this.work.checked();
  }

  #narrowed(types: readonly number[], filter: Filter, depth: number): SqlAccessPath | undefined {
    const { narrowed, from, where, seeks } = this.base(types, filter, 'all', depth);
    if (!narrowed) return undefined;
    return { from: sql`(SELECT d.rid FROM ${from} WHERE ${where}) d`, where: yes, exact: true, ordered: false, seeks };
  }

  #members(types: readonly number[], where: Filter, depth: number): readonly number[] | undefined {
    // Chains to different types may share the filter that their targets pass.
    const looked = this.#looked.get(where) ?? new Map<string, readonly number[] | undefined>();
    this.#looked.set(where, looked);
    const key = types.join();
    if (!looked.has(key)) looked.set(key, this.#lookMembers(types, where, depth));
    return looked.get(key);
  }

  #lookMembers(types: readonly number[], where: Filter, depth: number): readonly number[] | undefined {
    if (types.length === 0) return [];
    const base = this.base(types, where, 'all', depth);
    if (base.rows > manyLooked) return undefined;
    const limit = manyMembers + 1;
    const rows = this.#connection.rows(sql`SELECT DISTINCT d.rid FROM ${base.from} WHERE ${base.where} LIMIT ${limit}`);
    return rows.length === limit ? undefined : rows.map(([rid]) => Number(rid));
  }

  #targetsOf(rids: readonly number[], params: readonly number[]): readonly number[] {
    const set = this.work.params(params, this.work.part('references to follow'));
    const targets = sql`targets(${set}, e.bytes)`;
    const rows = this.#connection.rows(sql`SELECT DISTINCT t.value FROM json_each(${JSON.stringify(rids)}) m
      JOIN entries e ON e.rid = m.value JOIN json_each(${targets}) t`);
    return rows.map(([rid]) => Number(rid));
  }

  lastSeq(): number {
    return lastSeq(this.#connection);
  }

  /** The first seq made at or after a time (ms since 1970): seqs have no gaps, and their times never decrease. */
  seqAt(time: number): number {
    let low = 1;
    let high = this.lastSeq() + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const made = this.#connection.number(sql`
        SELECT last_updated FROM resource WHERE seq = ${middle}
        UNION ALL SELECT last_updated FROM history WHERE seq = ${middle}`);
      if (made >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The highest seq given; 0 in an empty store. The newest version is always a current one, and an index ends with it. */
export function lastSeq(connection: Connection): number {
  return connection.number(sql`SELECT max(seq) FROM resource`);
}

/** Types whose resources are still merged in the order of rid; more of them are walked as they stand. */
const manyTypes = 40;

function walk(types: readonly number[]) {
  const live = literal(`state = ${current}`);
  if (types.length === 1) {
    const where = every([oneOf('d.type', types), sql`d.${live}`]);
    return { from: literal('resource d INDEXED BY resource_live'), where, ordered: true };
  }
  if (types.length > manyTypes) {
    return {
      from: literal('resource d NOT INDEXED'),
      where: every([oneOf('d.type', types), sql`d.${live}`]),
      ordered: true,
    };
  }
  const each = types.map(
    (type) => sql`SELECT rid FROM resource INDEXED BY resource_live WHERE ${oneOf('type', [type])} AND ${live}`,
  );
  return { from: sql`(${list(each, ' UNION ALL ')}) d`, where: yes, ordered: true };
}
