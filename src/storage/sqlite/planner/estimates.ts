import { boundOf, few, most, RememberedCounts } from '../../planning/remembered-counts.ts';
import type { Connection } from '../database/connection.ts';
import { literal, oneOf, type Sql, sql } from '../database/fragment.ts';
import { current } from '../database/schema.ts';
import type { SqlAccessPath } from './access-paths.ts';

/** The statistics of the planner: how many rows an access path has. */
export class Estimates {
  readonly #connection: Connection;
  readonly #counts: RememberedCounts;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#counts = new RememberedCounts(() => connection.number(sql`SELECT max(seq) FROM resource`));
  }

  rows({ from, where, rows: known, seeks = 0 }: SqlAccessPath): number {
    if (known !== undefined) return known;
    const count = (bound: number): Sql =>
      sql`SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ${bound})`;
    const asked = count(few);
    const key = JSON.stringify([asked.text, asked.args]);
    const before = this.#counts.recall(key);
    if (before !== undefined) return before;
    const rows = this.#connection.number(asked);
    if (rows < few) return seeks < few ? rows : this.#counts.remember(key, rows, seeks);
    return this.#counts.remember(key, this.#connection.number(count(boundOf(key))), seeks);
  }

  /** Current resources of the types. */
  resources(types: readonly number[]): number {
    const key = types.join(',');
    const known = this.#counts.recall(key);
    if (known !== undefined) return known;
    const live: Sql = sql`${oneOf('type', types)} AND ${literal(`state = ${current}`)}`;
    const counted = sql`SELECT count(*) FROM (SELECT 1 FROM resource INDEXED BY resource_live WHERE ${live} LIMIT ${10 * most})`;
    return this.#counts.remember(key, this.#connection.number(counted));
  }
}
