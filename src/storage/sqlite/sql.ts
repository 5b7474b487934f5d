import type { Compare, Filter, Test } from '#search/filter.ts';
import { amongTexts, every, list, literal, no, oneOf, type Sql, some, sql, yes } from './fragment.ts';
import type { Names } from './names.ts';
import { current, entryTables } from './schema.ts';
import { type Group, grouped, testOf } from './tests.ts';

/** Where a filter is read: for which row, and in the context of which types. */
export interface Scope {
  /** The expression of the resource's rid. */
  readonly rid: Sql;
  readonly types: readonly number[];
  /** The resource is deleted; its last entries are judged (see entryTables). */
  readonly buried?: boolean;
  /** Keeps the aliases of nested queries apart. */
  readonly depth?: number;
}

/** What a query starts from: a table or query with the alias `d`, whose `d.rid` are resources that pass. */
export interface Source {
  readonly from: Sql;
  readonly where: Sql;
  /** The rows come in the order of rid, so that a page can stop early. */
  readonly ordered: boolean;
}

/** What lowering needs to know of the store. */
export interface Surroundings {
  readonly names: Names;
  /** The first seq made at or after this time. */
  readonly seqAt: (time: number) => number;
  /** A query of the rids of these types that pass, or undefined if there are too many to begin with. */
  readonly members: (types: readonly number[], where: Filter, depth: number) => Sql | undefined;
}

/** Alternatives of one search value that are still tried as one source. */
const manyAlternatives = 50;

/**
 * Lowers filters to SQL, in two forms: as the condition that one resource is checked by, and as the source that a query
 * starts from. Which index serves is written into both (`INDEXED BY`; a unary `+` takes a term from the planner's choice):
 * the values of one parameter are too unevenly spread for the averages that SQLite plans by.
 */
export class Lowering {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  condition(filter: Filter, scope: Scope): Sql {
    switch (filter.op) {
      case 'all':
        return yes;
      case 'none':
        return no;
      case 'and':
        return every(filter.of.map((f) => this.condition(f, scope)));
      case 'or':
        return some(grouped(filter.of).map((g) => ('op' in g ? this.condition(g, scope) : this.#match(g, scope))));
      case 'not':
        return sql`NOT coalesce(${this.condition(filter.of, scope)}, 0)`;
      case 'type':
        return this.#ofType(filter.types, scope);
      case 'id':
        return this.#resource(amongTexts('+id', filter.ids), scope);
      case 'lastUpdated':
        return this.#resource(this.#window('+seq', filter.where), scope);
      case 'match':
        return this.#match({ param: filter.param, tests: [filter.test] }, scope);
      case 'tuple':
        return this.#tuple(filter.param, filter.tests, scope);
      case 'present':
        return this.#present(filter.param, scope);
      case 'chain':
        return this.#chain(filter.param, this.#around.names.types(filter.types), filter.where, scope);
      case 'has':
        return this.#has(filter.type, filter.param, filter.where, scope);
    }
  }

  /** Undefined if no index leads to the resources that pass. */
  source(filter: Filter, types: readonly number[], depth: number): Source | undefined {
    switch (filter.op) {
      case 'id':
        return this.#live('resource_id', types, amongTexts('d.id', filter.ids));
      case 'lastUpdated':
        return this.#live('resource_type_seq', types, this.#window('d.seq', filter.where));
      case 'match':
        return this.#matching({ param: filter.param, tests: [filter.test] }, types);
      case 'tuple':
        return this.#tuples(filter.param, filter.tests, types);
      case 'or':
        return this.#alternatives(filter.of, types, depth);
      case 'and':
        return wrapped(this.#around.members(types, filter, depth + 1));
      case 'chain':
        return this.#chained(filter.param, this.#around.names.types(filter.types), filter.where, types, depth);
      case 'has':
        return this.#had(filter.type, filter.param, filter.where, types, depth);
      default:
        return undefined;
    }
  }

  #params(scope: Scope, code: string): readonly number[] {
    const ids = this.#around.names.params(scope.types, code);
    return scope.buried === true ? ids.map((id) => -id) : ids;
  }

  /** The condition that row `alias` of an index table belongs to the resource and is of the parameter. */
  #entry(alias: string, code: string, scope: Scope): Sql {
    const params = this.#params(scope, code);
    if (params.length === 0) return no;
    const rid = scope.buried === true ? sql`-${scope.rid}` : scope.rid;
    return sql`${literal(alias)}.rid = ${rid} AND ${oneOf(`${alias}.param`, params)}`;
  }

  #resource(where: Sql, scope: Scope): Sql {
    if (where.text === no.text) return no;
    return sql`EXISTS (SELECT 1 FROM resource WHERE rid = ${scope.rid} AND ${where})`;
  }

  #ofType(types: readonly string[], scope: Scope): Sql {
    const asked = new Set(this.#around.names.types(types));
    if (scope.types.every((t) => asked.has(t))) return yes;
    const possible = scope.types.filter((t) => asked.has(t));
    return this.#resource(oneOf('+type', possible), scope);
  }

  #match(group: Group, scope: Scope): Sql {
    const alias = `e${scope.depth ?? 0}`;
    const entry = this.#entry(alias, group.param, scope);
    const test = testOf(group.tests, `+${alias}.`, this.#around.names);
    if (entry.text === no.text || test.where.text === no.text) return no;
    return sql`EXISTS (SELECT 1 FROM ${literal(`${test.table} ${alias}`)} WHERE ${entry} AND ${test.where})`;
  }

  #matching(group: Group, types: readonly number[]): Source {
    const params = this.#around.names.params(types, group.param);
    const { table, where, ordered } = testOf(group.tests, 'd.', this.#around.names);
    return {
      from: literal(`${table} d INDEXED BY ${table}_value`),
      where: every([oneOf('d.param', params), where]),
      ordered: ordered && params.length === 1,
    };
  }

  /** The components after the first, each at the position of the first. */
  #components(param: string, tests: readonly Test[], first: string, alias: string, scope: Scope): readonly Sql[] {
    return tests.slice(1).map((test, i) => {
      const component = `${alias}_${i + 1}`;
      const entry = this.#entry(component, `${param}.${i + 1}`, scope);
      const { table, where } = testOf([test], `+${component}.`, this.#around.names);
      const at = literal(`+${component}.pos = ${first}.pos`);
      if (entry.text === no.text || where.text === no.text) return no;
      return sql`EXISTS (SELECT 1 FROM ${literal(`${table} ${component}`)} WHERE ${entry} AND ${at} AND ${where})`;
    });
  }

  #tuple(param: string, tests: readonly Test[], scope: Scope): Sql {
    const [first] = tests;
    if (first === undefined) return no;
    const alias = `e${scope.depth ?? 0}`;
    const { table, where } = testOf([first], `+${alias}.`, this.#around.names);
    const entry = this.#entry(alias, `${param}.0`, scope);
    const all = every([entry, where, ...this.#components(param, tests, alias, alias, scope)]);
    return all.text === no.text ? no : sql`EXISTS (SELECT 1 FROM ${literal(`${table} ${alias}`)} WHERE ${all})`;
  }

  #tuples(param: string, tests: readonly Test[], types: readonly number[]): Source | undefined {
    const [first] = tests;
    if (first === undefined) return undefined;
    const base = this.#matching({ param: `${param}.0`, tests: [first] }, types);
    const rest = this.#components(param, tests, 'd', 'c', { rid: literal('d.rid'), types });
    return { ...base, where: every([base.where, ...rest]) };
  }

  #present(param: string, scope: Scope): Sql {
    const entry = this.#entry('e', param, scope);
    if (entry.text === no.text) return no;
    return some([...entryTables, 'logical'].map((t) => sql`EXISTS (SELECT 1 FROM ${literal(t)} e WHERE ${entry})`));
  }

  #chain(param: string, targets: readonly number[], where: Filter, scope: Scope): Sql {
    const depth = (scope.depth ?? 0) + 1;
    const alias = `e${depth - 1}`;
    const entry = this.#entry(alias, param, scope);
    const target = literal(`${alias}.target`);
    const inner = this.condition(where, { rid: target, types: targets, depth });
    if (entry.text === no.text || targets.length === 0) return no;
    return sql`EXISTS (SELECT 1 FROM reference ${literal(alias)}
      WHERE ${entry} AND ${liveOf(target, targets)} AND ${inner})`;
  }

  #chained(param: string, targets: readonly number[], where: Filter, types: readonly number[], depth: number) {
    const members = this.#around.members(targets, where, depth + 1);
    if (members === undefined) return undefined;
    const params = this.#around.names.params(types, param);
    const from = literal('reference d INDEXED BY reference_value');
    return { from, where: every([sql`d.target IN (${members})`, oneOf('d.param', params)]), ordered: false };
  }

  #has(type: string, param: string, where: Filter, scope: Scope): Sql {
    const depth = (scope.depth ?? 0) + 1;
    const alias = `e${depth - 1}`;
    const types = this.#around.names.types([type]);
    const params = this.#around.names.params(types, param);
    const inner = this.condition(where, { rid: literal(`${alias}.rid`), types, depth });
    if (params.length === 0 || inner.text === no.text) return no;
    return sql`EXISTS (SELECT 1 FROM reference ${literal(alias)} INDEXED BY reference_value
      WHERE ${literal(alias)}.target = ${scope.rid} AND ${oneOf(`${alias}.param`, params)} AND ${inner})`;
  }

  #had(type: string, param: string, where: Filter, types: readonly number[], depth: number): Source | undefined {
    const referring = this.#around.names.types([type]);
    const members = this.#around.members(referring, where, depth + 1);
    if (members === undefined) return undefined;
    const params = this.#around.names.params(referring, param);
    const live = liveOf(literal('r.target'), types);
    return wrapped(sql`SELECT r.target AS rid FROM reference r
      WHERE r.rid IN (${members}) AND ${oneOf('r.param', params)} AND ${live}`);
  }

  #alternatives(filters: readonly Filter[], types: readonly number[], depth: number): Source | undefined {
    const groups = grouped(filters);
    if (groups.length > manyAlternatives) return undefined;
    const sources = groups.map((g) => ('op' in g ? this.source(g, types, depth) : this.#matching(g, types)));
    const known = sources.filter((s) => s !== undefined);
    const [only] = known;
    if (known.length < sources.length || only === undefined) return undefined;
    if (known.length === 1) return only;
    return wrapped(
      list(
        known.map((s) => sql`SELECT d.rid FROM ${s.from} WHERE ${s.where}`),
        ' UNION ALL ',
      ),
    );
  }

  #live(index: string, types: readonly number[], where: Sql): Source {
    const live = [oneOf('d.type', types), literal(`d.state = ${current}`), where];
    return { from: literal(`resource d INDEXED BY ${index}`), where: every(live), ordered: false };
  }

  /** Times become bounds of seq: both grow together, and one index serves both. */
  #window(column: string, where: readonly Compare[]): Sql {
    const { seqAt } = this.#around;
    const left = literal(column);
    return every(
      where.flatMap(({ op, value }) => {
        const from = Math.ceil(value);
        const after = Math.floor(value) + 1;
        const lower = op === '>' ? after : op === '>=' || op === '=' ? from : undefined;
        const upper = op === '<' ? from : op === '<=' || op === '=' ? after : undefined;
        return [
          lower === undefined ? yes : sql`${left} >= ${seqAt(lower)}`,
          upper === undefined ? yes : sql`${left} < ${seqAt(upper)}`,
        ];
      }),
    );
  }
}

function liveOf(rid: Sql, types: readonly number[]): Sql {
  const live = literal(`t.state = ${current}`);
  return sql`EXISTS (SELECT 1 FROM resource t WHERE t.rid = ${rid} AND ${live} AND ${oneOf('+t.type', types)})`;
}

function wrapped(query: Sql | undefined): Source | undefined {
  return query === undefined ? undefined : { from: sql`(${query}) d`, where: yes, ordered: false };
}
