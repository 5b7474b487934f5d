import type { Filter } from '#search/filter.ts';
import type { Connection } from './connection.ts';
import { every, literal, no, oneOf, type Sql, sql } from './fragment.ts';
import type { Names } from './names.ts';
import { current } from './schema.ts';
import { Lowering, type Scope, type Source } from './sql.ts';

/** A chosen way to the resources that pass: `SELECT d.rid FROM from WHERE where`. A rid may come several times. */
export interface Base {
  readonly from: Sql;
  readonly where: Sql;
  /** False if every resource of the types is looked at. */
  readonly narrowed: boolean;
}

/** How many rows of a source are counted before it is taken for large: a quick look first, then a thorough one. */
const looks = [200, 20_000] as const;

/** Targets of a chain that are worth collecting first; above, each referring resource is checked. */
const manyMembers = 20_000;

/**
 * Chooses what a search starts from: of the criteria that an index answers, the one with the fewest rows, which are
 * counted up to a bound. The other criteria are checked resource by resource.
 */
export class Selection {
  readonly names: Names;
  readonly #connection: Connection;
  readonly #lowering: Lowering;

  constructor(connection: Connection, names: Names) {
    this.#connection = connection;
    this.names = names;
    this.#lowering = new Lowering({
      names,
      seqAt: (time) => this.seqAt(time),
      members: (types, where, depth) => this.#members(types, where, depth),
    });
  }

  condition(filter: Filter, scope: Scope): Sql {
    return this.#lowering.condition(filter, scope);
  }

  /**
   * The base of a search. `byRid`: a page in the order of rid is wanted, so a walk that stops early may beat a source
   * that has to be sorted.
   */
  base(types: readonly number[], where: Filter, byRid: boolean, depth = 0): Base {
    const criteria = where.op === 'and' ? where.of : [where];
    const found = criteria.flatMap((filter) => {
      const source = this.#lowering.source(filter, types, depth);
      return source === undefined ? [] : [{ filter, source }];
    });
    const chosen = this.#choose(found, byRid);
    const scope: Scope = { rid: literal('d.rid'), types, depth };
    const rest = criteria.filter((f) => f !== chosen?.filter).map((f) => this.condition(f, scope));
    const { from, where: first } = chosen?.source ?? walk(types);
    const all = every([first, ...rest]);
    // A condition that is false by itself would not name what the index demands, and SQLite would refuse the query.
    if (all.text === no.text) return { from: literal('resource d'), where: no, narrowed: true };
    return { from, where: all, narrowed: chosen !== undefined };
  }

  #choose<T extends { readonly source: Source }>(found: readonly T[], byRid: boolean): T | undefined {
    const [only] = found;
    if (only === undefined || (found.length === 1 && (only.source.ordered || !byRid))) return only;
    for (const bound of looks) {
      let best: { readonly candidate: T; readonly rows: number } | undefined;
      for (const candidate of found) {
        const rows = this.#rows(candidate.source, Math.min(bound, best?.rows ?? bound));
        if (rows < (best?.rows ?? bound)) best = { candidate, rows };
      }
      if (best !== undefined) return best.candidate;
    }
    return found.find((f) => f.source.ordered) ?? (byRid ? undefined : only);
  }

  #rows(source: Source, bound: number): number {
    const { from, where } = source;
    return this.#connection.number(sql`SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${bound})`);
  }

  #members(types: readonly number[], where: Filter, depth: number): Sql | undefined {
    if (types.length === 0) return undefined;
    const base = this.base(types, where, false, depth);
    if (!base.narrowed || this.#rows({ ...base, ordered: false }, manyMembers) === manyMembers) return undefined;
    return sql`SELECT d.rid FROM ${base.from} WHERE ${base.where}`;
  }

  lastSeq(): number {
    return lastSeq(this.#connection);
  }

  /** The first seq made at or after a time (ms since 1970): seqs have no gaps, and their times never decrease. */
  seqAt(time: number): number {
    let low = 1;
    let high = this.lastSeq() + 1;
    while (low < high) {
      const middle = (low + high) >> 1;
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

function walk(types: readonly number[]): Pick<Source, 'from' | 'where'> {
  return {
    from: literal('resource d INDEXED BY resource_live'),
    where: every([oneOf('d.type', types), literal(`d.state = ${current}`)]),
  };
}
