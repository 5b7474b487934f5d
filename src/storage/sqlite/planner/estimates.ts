import { LRUCache } from 'lru-cache';
import type { Connection } from '../database/connection.ts';
import { literal, oneOf, type Sql, sql } from '../database/fragment.ts';
import { current } from '../database/schema.ts';
import type { AccessPath } from './access-paths.ts';

/** Rows that are counted anew each time: as many cost less than a wrong choice. */
const look = 200;

/** Rows up to which a common value is counted, once in a while. */
const most = 100_000;

/** Values whose counts are remembered. */
const remembered = 5_000;

/** Characters of a question whose count is remembered: long lists hardly come again. */
const longest = 2_000;

interface Count {
  readonly rows: number;
  /** The seq at which it was counted. */
  readonly at: number;
}

/**
 * The statistics of the planner: how many rows lead from a value to resources. Rare values are counted when they are asked
 * for; the counts of common ones are remembered until the store has grown by half of them, since the values of one parameter
 * are too unevenly spread for averages.
 */
export class Estimates {
  readonly #connection: Connection;
  readonly #counts = new LRUCache<string, Count>({ max: remembered });

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  rows({ from, where, rows: known }: AccessPath): number {
    if (known !== undefined) return known;
    const text = sql`SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${look})`;
    const key = JSON.stringify([text.text, text.args]);
    const before = this.#recall(key);
    if (before !== undefined) return before;
    const few = this.#connection.number(text);
    if (few < look) return few;
    const isKept = key.length <= longest;
    const bound = isKept ? most : look * 100;
    const rows = this.#connection.number(
      sql`SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${bound})`,
    );
    return isKept ? this.#remember(key, rows) : rows;
  }

  /** Current resources of the types. */
  resources(types: readonly number[]): number {
    const key = types.join(',');
    const known = this.#recall(key);
    if (known !== undefined) return known;
    const live: Sql = sql`${oneOf('type', types)} AND ${literal(`state = ${current}`)}`;
    const counted = sql`SELECT count(*) FROM (SELECT 1 FROM resource INDEXED BY resource_live WHERE ${live} LIMIT ${10 * most})`;
    return this.#remember(key, this.#connection.number(counted));
  }

  #seq(): number {
    return this.#connection.number(sql`SELECT max(seq) FROM resource`);
  }

  #recall(key: string): number | undefined {
    const count = this.#counts.get(key);
    if (count === undefined) return undefined;
    if (this.#seq() - count.at <= count.rows / 2) return count.rows;
    this.#counts.delete(key);
    return undefined;
  }

  #remember(key: string, rows: number): number {
    this.#counts.set(key, { rows, at: this.#seq() });
    return rows;
  }
}
