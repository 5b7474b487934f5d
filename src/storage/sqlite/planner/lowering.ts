import { describe } from '#search/model/describe.ts';
import type { Compare, Filter } from '#search/model/filter.ts';
import { type FilterOf, type FilterVisitor, visitFilter } from '#search/model/filter-visitor.ts';
import { amongNumbers, amongTexts, every, literal, no, oneOf, type Sql, some, sql, yes } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { current } from '../database/schema.ts';
import { type AccessPaths, matching } from './access-paths.ts';
import { compilePredicate, isDecidedByEntries, type StoreKnowledge } from './predicate.ts';
import type { CountedPart, SqlFunctions } from './sql-functions.ts';

/** Where a filter is read: for which row, and in the context of which types. */
export interface RowScope {
  /** The expression of the resource's rid. */
  readonly rid: Sql;
  readonly types: readonly number[];
  /** Keeps the aliases of nested queries apart. */
  readonly depth?: number;
  /** The resource may be deleted: it has its last entries, but no rows in the index. */
  readonly mayBeDeleted?: boolean;
}

/** What lowering needs to know of the store. */
export interface Surroundings {
  readonly names: Names;
  readonly work: SqlFunctions;
  readonly sources: AccessPaths;
  /** The first seq made at or after this time. */
  readonly seqAt: (time: number) => number;
  /** The rids of these types that pass, or undefined if there are too many to begin with. */
  readonly members: (types: readonly number[], where: Filter, depth: number) => readonly number[] | undefined;
}

/** Lowers a filter to the condition that one resource is checked by. */
export class Lowering {
  readonly #surroundings: Surroundings;
  /** For what the entries do not decide. */
  readonly #conditions: FilterVisitor<Sql, RowScope> = {
    and: (filter, scope) => this.#joined(filter, scope),
    or: (filter, scope) => this.#joined(filter, scope),
    not: (filter, scope) => sql`NOT coalesce(${this.condition(filter.of, scope)}, 0)`,
    type: (filter, scope) => this.#ofType(filter.types, scope),
    id: (filter, scope) => this.#resource(amongTexts('+id', filter.ids), scope),
    lastUpdated: (filter, scope) => this.#resource(this.window('+seq', filter.where), scope),
    words: (filter, scope) => {
      // The resource is known, and so is its type.
      const match = matching([], filter.of, filter.words);
      return sql`EXISTS (SELECT 1 FROM words WHERE words MATCH ${match} AND rowid = ${scope.rid})`;
    },
    chain: (filter, scope) => this.#chain(filter, scope),
    has: (filter, scope) => this.#has(filter, scope),
    default: (filter) => {
      throw new Error(`${filter.op} was not looked up before the store was asked`);
    },
  };

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  condition(filter: Filter, scope: RowScope): Sql {
    if (filter.op === 'all' || (filter.op === 'and' && filter.of.length === 0)) return yes;
    if (filter.op === 'none') return no;
    if (filter.op === 'and' && filter.of.length === 1 && filter.of[0] !== undefined) {
      return this.condition(filter.of[0], scope);
    }
    if (isDecidedByEntries(filter)) return this.#ofEntries(filter, scope);
    return visitFilter(filter, this.#conditions, scope);
  }

  /** What the entries decide is asked first, in one look at them. */
  #joined(filter: FilterOf<'and' | 'or'>, scope: RowScope): Sql {
    const decided = filter.of.filter(isDecidedByEntries);
    const others = filter.of.filter((f) => !isDecidedByEntries(f)).map((f) => this.condition(f, scope));
    const first = decided.length === 0 ? [] : [this.#ofEntries({ op: filter.op, of: decided }, scope)];
    return filter.op === 'and' ? every([...first, ...others]) : some([...first, ...others]);
  }

  /** Rows are looked for first: they cost less than a look at the entries. */
  #ofEntries(filter: Filter, scope: RowScope): Sql {
    if (filter.op !== 'and') return this.#decided(filter, scope);
    const rows = filter.of.filter((f) => isRow(f));
    const others = filter.of.filter((f) => !isRow(f));
    const [only] = others;
    const kept = others.length === 1 && only !== undefined ? only : ({ op: 'and', of: others } as const);
    return every([
      ...rows.map((f) => this.#decided(f, scope)),
      ...(others.length === 0 ? [] : [this.#passesFilter(kept, scope)]),
    ]);
  }

  /** A single token or reference is a row that is there or not; what else the entries decide is asked of them. */
  #decided(filter: Filter, scope: RowScope): Sql {
    if (filter.op === 'not') return sql`NOT ${this.#decided(filter.of, scope)}`;
    if (filter.op === 'present') {
      const presence = this.#surroundings.sources.presence(scope.types, filter.param);
      if (presence !== undefined) return presence ? yes : no;
    }
    const hasRows = filter.op === 'match' && scope.mayBeDeleted !== true;
    const row = hasRows ? this.#surroundings.sources.rowOf(filter, scope.types) : undefined;
    if (row === undefined) return this.#passesFilter(filter, scope);
    if (row.text === no.text) return no;
    const counted = this.#countRow(this.#surroundings.work.part(describe(filter)));
    return sql`(${counted} AND EXISTS (SELECT 1 FROM ${row} AND r.rid = ${scope.rid}))`;
  }

  #passesFilter(filter: Filter, scope: RowScope): Sql {
    const { names, sources, work } = this.#surroundings;
    const known: StoreKnowledge = {
      names,
      targets: (test) => sources.targets(test),
      concepts: (set) => sources.concepts(set),
    };
    const id = work.predicate(compilePredicate(filter, scope.types, known), work.part(describe(filter)));
    return sql`passes_filter(${id}, (SELECT bytes FROM entries WHERE rid = ${scope.rid}))`;
  }

  #resource(where: Sql, scope: RowScope): Sql {
    if (where.text === no.text) return no;
    return sql`EXISTS (SELECT 1 FROM resource WHERE rid = ${scope.rid} AND ${where})`;
  }

  #ofType(types: readonly string[], scope: RowScope): Sql {
    const asked = new Set(this.#surroundings.names.types(types));
    if (scope.types.every((t) => asked.has(t))) return yes;
    const possible = scope.types.filter((t) => asked.has(t));
    return this.#resource(oneOf('+type', possible), scope);
  }

  #countRow(part: CountedPart): Sql {
    return sql`count_row(${this.#surroundings.work.counting(part)})`;
  }

  #chain(filter: FilterOf<'chain'>, scope: RowScope): Sql {
    const { names, members, work } = this.#surroundings;
    const targets = names.types(filter.types);
    const params = names.params(scope.types, filter.param);
    if (params.length === 0 || targets.length === 0) return no;
    const depth = (scope.depth ?? 0) + 1;
    const few = members(targets, filter.where, depth);
    const j = `j${depth}`;
    const set = work.params(params, work.part(describe(filter)));
    const each = sql`json_each(targets(${set}, (SELECT bytes FROM entries WHERE rid = ${scope.rid}))) ${literal(j)}`;
    if (few !== undefined) {
      if (few.length === 0) return no;
      return sql`EXISTS (SELECT 1 FROM ${each} WHERE ${amongNumbers(`${j}.value`, few)})`;
    }
    const target = literal(`${j}.value`);
    const inner = this.condition(filter.where, { rid: target, types: targets, depth });
    return sql`EXISTS (SELECT 1 FROM ${each} WHERE ${liveOf(target, targets)} AND ${inner})`;
  }

  #has(filter: FilterOf<'has'>, scope: RowScope): Sql {
    const { names, work } = this.#surroundings;
    const depth = (scope.depth ?? 0) + 1;
    const alias = `e${depth}`;
    const types = names.types([filter.type]);
    const params = names.params(types, filter.param);
    const inner = this.condition(filter.where, { rid: literal(`${alias}.rid`), types, depth });
    if (params.length === 0 || inner.text === no.text) return no;
    const counted = this.#countRow(work.part(describe(filter)));
    return sql`EXISTS (SELECT 1 FROM reference ${literal(alias)}
      WHERE ${literal(alias)}.target = ${scope.rid} AND ${oneOf(`${alias}.param`, params)} AND ${counted} AND ${inner})`;
  }

  /** The seqs `[from, to)` of the versions that were made within the times: both grow together, and one index serves both. */
  seqs(where: readonly Compare[]): { readonly from: number; readonly to: number } {
    const { seqAt } = this.#surroundings;
    let [from, to] = [1, Number.MAX_SAFE_INTEGER];
    for (const { op, value } of where) {
      const at = seqAt(Math.ceil(value));
      const after = seqAt(Math.floor(value) + 1);
      if (op === '>' || op === '>=' || op === '=') from = Math.max(from, op === '>' ? after : at);
      if (op === '<' || op === '<=' || op === '=') to = Math.min(to, op === '<' ? at : after);
    }
    return { from, to };
  }

  /** A condition on a column of seqs. */
  window(column: string, where: readonly Compare[]): Sql {
    const { from, to } = this.seqs(where);
    return sql`${literal(column)} >= ${from} AND ${literal(column)} < ${to}`;
  }
}

/** Whether a filter asks for one token or reference, or for none. */
function isRow(filter: Filter): boolean {
  if (filter.op === 'not') return isRow(filter.of);
  if (filter.op === 'present') return true;
  if (filter.op !== 'match') return false;
  const { test } = filter;
  return (
    (test.kind === 'token' && test.code !== undefined && test.below !== true) ||
    (test.kind === 'reference' && test.version === undefined)
  );
}

export function liveOf(rid: Sql, types: readonly number[]): Sql {
  const live = literal(`t.state = ${current}`);
  return sql`EXISTS (SELECT 1 FROM resource t WHERE t.rid = ${rid} AND ${live} AND ${oneOf('+t.type', types)})`;
}
