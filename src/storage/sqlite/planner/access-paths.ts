import type { Compare, Filter, Test } from '#search/model/filter.ts';
import { fold } from '#search/text/fold.ts';
import type { AccessPath } from '../../planning/cost.ts';
import type { Conditions } from '../../planning/forms.ts';
import type { KnownParams, Probe } from '../../planning/probes.ts';
import { inUnit, pathsAbove, startBelow } from '../../planning/restated.ts';
import type { Connection } from '../database/connection.ts';
import {
  amongNumbers,
  amongTexts,
  every,
  literal,
  no,
  oneOf,
  type Sql,
  some,
  sql,
  ticking,
  yes,
} from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { rangeRows, union } from '../index/ranges.ts';
import { indexed, indexedLength } from '../index/rows.ts';
import { conceptSet, type IsConcept, isConceptOf } from './concepts.ts';

/** A table or query with the alias `d`, whose `d.rid` are resources; those in the order of creation come in that of rid. */
export interface SqlAccessPath extends AccessPath {
  readonly from: Sql;
  readonly where: Sql;
}

/** Lists of resources that are merged in their order. */
const manyLists = 20;

/** Distinct systems or units of a value that are still told one by one. */
const manyKinds = 200;

export const noRows: SqlAccessPath = { from: literal('resource d'), where: no, exact: true, ordered: true };

/** Finds out which rows of the index lead to the resources with a value, by the form of the test. */
export class AccessPaths {
  readonly #connection: Connection;
  readonly #names: Names;

  constructor(connection: Connection, names: Names) {
    this.#connection = connection;
    this.#names = names;
  }

  /** Of tests of one parameter and one form (see `formOf`), of which one must pass; undefined if no index leads there. */
  matching(types: readonly number[], param: string, tests: readonly [Test, ...Test[]]): SqlAccessPath | undefined {
    const params = this.#names.params(types, param);
    if (params.length === 0) return noRows;
    const [first] = tests;
    switch (first.kind) {
      case 'token':
        if (first.below === true) return mimeType(params, first.code ?? '');
        return this.#tokens(
          params,
          first.system,
          tests.flatMap((t) => (t.kind === 'token' ? [t.code] : [])),
        );
      case 'concept':
        return this.#concepts(params, first.set);
      case 'string':
        return strings(params, tests);
      case 'date':
      case 'number':
        return this.ranges(params, first.kind, [tests.map((t) => (t.kind === first.kind ? t.where : []))]);
      case 'quantity':
        return this.#quantity(params, first);
      case 'uri':
        return this.#uris(
          params,
          first.how,
          tests.flatMap((t) => (t.kind === 'uri' ? [t.value] : [])),
        );
      case 'reference': {
        const targets = tests.flatMap((t) => (t.kind === 'reference' ? [...this.targets(t)] : []));
        return references(params, [...new Set(targets)], first.version === undefined);
      }
      case 'near': {
        // A little less than a degree of latitude has.
        const degrees = first.kilometres / 111;
        const [from, to] = [first.latitude - degrees, first.latitude + degrees];
        const where = sql`${oneOf('d.param', params)} AND d.latitude BETWEEN ${from} AND ${to}`;
        return { from: literal('position d'), where, exact: false, ordered: false };
      }
    }
  }

  /** The rids that a reference test means: one, or for any type a few. */
  targets({ type, id }: Extract<Test, { kind: 'reference' }>): ReadonlySet<number> {
    const types = type === undefined ? this.#names.allTypes() : this.#names.types([type]);
    if (types.length === 0) return new Set();
    const rows = this.#connection.rows(
      sql`SELECT rid FROM resource INDEXED BY resource_id WHERE ${oneOf('type', types)} AND id = ${id}`,
    );
    return new Set(rows.map(([rid]) => Number(rid)));
  }

  /** The rows of a set lead to those of the tokens: the statement stays the same, however many they are. */
  #concepts(params: readonly number[], name: string): SqlAccessPath {
    const set = conceptSet(this.#connection, name);
    if (set === undefined) return noRows;
    const from = sql`(SELECT t.rid FROM concept c CROSS JOIN token t
      ON ${oneOf('t.param', params)} AND t.code = c.code AND t.system = c.system
      WHERE c.concept_set = ${set.id} AND ${ticking('random()')}) d`;
    return { from, where: yes, exact: true, ordered: false, seeks: set.size * params.length };
  }

  /** What tells whether a token is among the concepts of a set. */
  concepts(set: string): IsConcept {
    return isConceptOf(this.#connection, set);
  }

  /** Ranges that satisfy all conditions; several conditions hold for one value where a resource has but one. */
  ranges(params: readonly number[], kind: 'date' | 'number', conditions: Conditions): SqlAccessPath {
    const queries = params.flatMap((param) =>
      rangeRows(kind, kind, this.#names.shape(param).widths, conditions, sql`t.param = ${param}`),
    );
    const several = params.some((param) => this.#names.shape(param).several);
    return several ? { ...united(queries), exact: conditions.length === 1 } : united(queries);
  }

  /** Composites of one token and a range, of which one must pass; undefined where no row has both. */
  pairs(
    types: readonly number[],
    { param, system: asked, code, tests }: Extract<Probe, { op: 'pairs' }>,
  ): SqlAccessPath | undefined {
    const kind = tests[0]?.kind === 'date' ? 'date' : 'number';
    let exact = true;
    const queries: Sql[] = [];
    for (const id of this.#names.params(types, `${param}.0`)) {
      const { widths } = this.#names.shape(this.#second(id) ?? 0);
      const systems = this.#systems('pair', id, code, asked);
      if (systems === undefined) return undefined;
      for (const system of systems) {
        const at = sql`t.param = ${id} AND t.code = ${code} AND t.system = ${system}`;
        const units = this.#distinct('pair', 'unit', sql`param = ${id} AND code = ${code} AND system = ${system}`);
        if (units === undefined) return undefined;
        for (const unit of units) {
          const wheres = tests.map((test) => this.#asked(test, unit)).filter((where) => where !== undefined);
          if (wheres.length === 0) continue;
          exact &&= wheres.every((where) => tests.some((test) => 'where' in test && test.where === where));
          queries.push(...rangeRows('pair', kind, widths, [wheres], sql`${at} AND t.unit = ${unit}`));
        }
      }
    }
    return { ...united(queries), exact, ordered: false };
  }

  /** What a range test asks of values in a unit; those without one have the number 0. */
  #asked(test: Test, unit: number): readonly Compare[] | undefined {
    if (test.kind === 'quantity') return unit === 0 ? undefined : inUnit(test, this.#names.unitOf(unit));
    return unit === 0 && (test.kind === 'date' || test.kind === 'number') ? test.where : undefined;
  }

  /** The parameter of the second component, by that of the first. */
  #second(first: number): number | undefined {
    const row = this.#connection.row(sql`SELECT b.id FROM param a JOIN param b ON b.type = a.type
      AND b.code = substr(a.code, 1, length(a.code) - 1) || '1' WHERE a.id = ${first}`);
    return row === undefined ? undefined : Number(row[0]);
  }

  /** What is known of parameters in the context of the types. */
  known(types: readonly number[]): KnownParams {
    return {
      hasSeveral: (param) => this.#names.params(types, param).some((id) => this.#names.shape(id).several),
      presence: (param) => this.presence(types, param),
    };
  }

  /** Whether all resources of the types have the parameter, or none has; undefined if some may. */
  presence(types: readonly number[], param: string): boolean | undefined {
    const params = this.#names.params(types, param);
    if (params.length === 0) return false;
    return params.length === types.length && params.every((id) => !this.#names.shape(id).optional) ? true : undefined;
  }

  /** The row `r` that a resource has if it passes a test, but for its rid; undefined if no single row tells. */
  rowOf({ param, test }: Extract<Filter, { op: 'match' }>, types: readonly number[]): Sql | undefined {
    const params = this.#names.params(types, param);
    if (params.length === 0) return no;
    const ofParam = oneOf('r.param', params);
    if (test.kind === 'reference' && test.version === undefined) {
      const [target, ...others] = this.targets(test);
      if (target === undefined) return no;
      return others.length > 0 ? undefined : sql`reference r WHERE r.target = ${target} AND ${ofParam}`;
    }
    if (test.kind !== 'token' || test.code === undefined || test.below === true) return undefined;
    const { code } = test;
    const found = params.map((id) => this.#systems('token', id, code, test.system));
    const systems = new Set(found.flatMap((known) => known ?? []));
    if (found.includes(undefined) || systems.size > 1) return undefined;
    const [system] = systems;
    return system === undefined ? no : sql`token r WHERE ${ofParam} AND r.code = ${code} AND r.system = ${system}`;
  }

  /**
   * What has another code: all that a negation may find, where no resource of the type is without the parameter. Undefined where
   * one may be, since no row leads to it.
   */
  others(types: readonly number[], param: string, codes: readonly string[]): SqlAccessPath | undefined {
    const [only, ...more] = this.#names.params(types, param);
    if (only === undefined || more.length > 0 || types.length > 1) return undefined;
    const { optional, several } = this.#names.shape(only);
    if (optional) return undefined;
    const found = this.#codes(only);
    if (found === undefined) return undefined;
    const asked = new Set(codes);
    const kept = found.filter((code) => !asked.has(code));
    const rows = this.#rowsOf(only, kept, undefined);
    return rows && { ...rows, exact: !several, ordered: rows.ordered && !several };
  }

  /** The codes that a parameter has; undefined if they are too many. */
  #codes(param: number): readonly string[] | undefined {
    const rows = this.#connection.rows(sql`WITH RECURSIVE found (x) AS (
      SELECT min(code) FROM token WHERE param = ${param}
      UNION ALL SELECT (SELECT min(code) FROM token WHERE param = ${param} AND code > found.x) FROM found
        WHERE found.x IS NOT NULL LIMIT ${manyLists + 2})
      SELECT x FROM found WHERE x IS NOT NULL`);
    return rows.length > manyLists ? undefined : rows.map(([x]) => String(x));
  }

  /** The rows of some codes: few lists, each in the order of rid, are merged in it. Undefined if they are too many. */
  #rowsOf(param: number, codes: readonly string[], system: number | undefined): SqlAccessPath | undefined {
    if (codes.length > manyLists) return undefined;
    const found: Sql[] = [];
    for (const code of codes) {
      const systems = system === undefined ? this.#systems('token', param, code, undefined) : [system];
      if (systems === undefined) return undefined;
      for (const of of systems) {
        found.push(sql`SELECT t.rid FROM token t WHERE t.param = ${param} AND t.code = ${code} AND t.system = ${of}`);
      }
    }
    if (found.length > manyLists) return undefined;
    return found.length === 0 ? noRows : { ...united(found), ordered: true };
  }

  words(types: readonly number[], of: 'text' | 'content', words: readonly string[]): SqlAccessPath {
    // A term for each type costs as much as a word.
    const asked = types.length < this.#names.allTypes().length ? types : [];
    const from = sql`(SELECT rowid AS rid FROM words WHERE words MATCH ${matching(asked, of, words)} ORDER BY rowid) d`;
    return { from, where: yes, exact: true, ordered: true };
  }

  #tokens(
    params: readonly number[],
    system: string | undefined,
    given: readonly (string | undefined)[],
  ): SqlAccessPath {
    const codes = [...new Set(given.filter((code) => code !== undefined))];
    const [param, ...others] = params;
    const [code] = codes;
    const known = system === undefined ? undefined : this.#names.system(system);
    if (system !== undefined && known === undefined) return noRows;
    if (param !== undefined && others.length === 0 && codes.length === 1 && code !== undefined) {
      const systems = known === undefined ? this.#systems('token', param, code, undefined) : [known];
      if (systems?.length === 0) return noRows;
      const where = sql`d.param = ${param} AND d.code = ${code} AND ${systems === undefined ? yes : oneOf('d.system', systems)}`;
      return { from: literal('token d'), where, exact: true, ordered: systems?.length === 1 };
    }
    const merged =
      param !== undefined && others.length === 0 && codes.length > 0 && !this.#names.shape(param).several
        ? this.#rowsOf(param, codes, known)
        : undefined;
    if (merged !== undefined) return merged;
    const where = every([
      oneOf('d.param', params),
      codes.length === 0 ? yes : amongTexts('d.code', codes),
      known === undefined ? yes : oneOf('d.system', [known]),
    ]);
    return { from: literal('token d'), where, exact: true, ordered: false };
  }

  /** Undefined if they are too many. */
  #systems(
    table: 'token' | 'pair',
    param: number,
    code: string,
    asked: string | undefined,
  ): readonly number[] | undefined {
    if (asked === undefined) return this.#distinct(table, 'system', sql`param = ${param} AND code = ${code}`);
    const known = this.#names.system(asked);
    return known === undefined ? [] : [known];
  }

  /** The values of the column that follows the fixed ones in the order of the table, each found by one seek. */
  #distinct(table: string, column: string, fixed: Sql): readonly number[] | undefined {
    const [from, name] = [literal(table), literal(column)];
    const rows = this.#connection.rows(sql`WITH RECURSIVE found (x) AS (
      SELECT min(${name}) FROM ${from} WHERE ${fixed}
      UNION ALL SELECT (SELECT min(${name}) FROM ${from} WHERE ${fixed} AND ${name} > found.x) FROM found
        WHERE found.x IS NOT NULL LIMIT ${manyKinds + 1})
      SELECT x FROM found WHERE x IS NOT NULL`);
    return rows.length > manyKinds ? undefined : rows.map(([x]) => Number(x));
  }

  #quantity(params: readonly number[], test: Extract<Test, { kind: 'quantity' }>): SqlAccessPath | undefined {
    let exact = true;
    const queries: Sql[] = [];
    for (const param of params) {
      const units = this.#distinct('quantity', 'unit', sql`param = ${param}`);
      if (units === undefined) return undefined;
      const { widths } = this.#names.shape(param);
      for (const unit of units) {
        const asked = inUnit(test, this.#names.unitOf(unit));
        if (asked === undefined) continue;
        exact &&= asked === test.where;
        const at = sql`t.param = ${param} AND t.unit = ${unit}`;
        queries.push(...rangeRows('quantity', 'number', widths, [[asked]], at));
      }
    }
    return { ...united(queries), exact, ordered: false };
  }

  #uris(params: readonly number[], how: 'equals' | 'below' | 'above', values: readonly string[]): SqlAccessPath {
    const from = literal('uri d');
    const [value = ''] = values;
    if (how === 'equals') {
      const known = [...new Set(values.map((v) => this.#names.system(v)).filter((v) => v !== undefined))];
      const where = every([oneOf('d.param', params), amongNumbers('d.value', known)]);
      return known.length === 0
        ? noRows
        : { from, where, exact: true, ordered: known.length === 1 && params.length === 1 };
    }
    const path = value.replace(/(?<!\/)\/+$/, '');
    const names = how === 'above' ? amongTexts('name', pathsAbove(path)) : below(path);
    const where = sql`${oneOf('d.param', params)} AND d.value IN (SELECT id FROM system WHERE ${ticking('id')} AND ${names})`;
    return { from, where, exact: true, ordered: false };
  }
}

/** The path and all that lie below it. */
function below(path: string): Sql {
  return some([amongTexts('name', [path]), beginsWith('name', startBelow(path))]);
}

/** A MIME type, with parameters or without. */
function mimeType(params: readonly number[], code: string): SqlAccessPath {
  const where = every([
    oneOf('d.param', params),
    some([amongTexts('d.code', [code]), beginsWith('d.code', `${code};`)]),
  ]);
  return { from: literal('token d'), where, exact: true, ordered: false };
}

/** Texts that begin so are those up to the last character of all, in the order of UTF-8. */
function beginsWith(column: string, start: string): Sql {
  const left = literal(column);
  return sql`(${left} >= ${start} AND ${left} < ${`${start}\u{10FFFF}`})`;
}

/** Only the beginning of a folded text leads to rows; the rest, and what was written, is checked in the entries. */
function strings(params: readonly number[], tests: readonly Test[]): SqlAccessPath | undefined {
  const texts = tests.flatMap((t) => (t.kind === 'string' ? [t] : []));
  if (texts.some((t) => t.how === 'contains' || t.how === 'ends' || t.value === '')) return undefined;
  const found = texts.map((t) => {
    const value = indexed(t.how === 'exact' ? fold(t.value) : t.value);
    return t.how === 'starts' ? beginsWith('d.value', value) : sql`d.value = ${value}`;
  });
  // A row of that length may stand for a longer text.
  const whole = (value: string) => value.length < indexedLength - 1;
  const exact = texts.every(
    ({ how, value }) => (how === 'starts' && indexed(value) === value) || (how === 'equals' && whole(value)),
  );
  return { from: literal('string d'), where: every([oneOf('d.param', params), some(found)]), exact, ordered: false };
}

/** The query of full text for resources of these types (of any, if none is given) with all of the words. */
export function matching(types: readonly number[], of: 'text' | 'content', words: readonly string[]): string {
  const ofTypes = types.map((type) => `"k${type}"`).join(' OR ');
  const all = words.map((word) => `"${of.charAt(0)}${word.replaceAll('"', '""')}"`);
  return [...(types.length === 0 ? [] : [`(${ofTypes})`]), ...all].join(' AND ');
}

/** Resources that refer to one of these under one of the parameters. */
export function references(params: readonly number[], targets: readonly number[], exact: boolean): SqlAccessPath {
  if (targets.length === 0 || params.length === 0) return noRows;
  const where = every([amongNumbers('d.target', targets), oneOf('d.param', params)]);
  return { from: literal('reference d'), where, exact, ordered: targets.length === 1 && params.length === 1 };
}

function united(queries: readonly Sql[]): SqlAccessPath {
  if (queries.length === 0) return noRows;
  return { from: sql`(${union(queries)}) d`, where: yes, exact: true, ordered: false };
}
