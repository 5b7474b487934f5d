import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { Arg, Sql } from './fragment.ts';

export type Cell = string | number | null | Uint8Array;
export type Row = readonly Cell[];

/** Statements kept prepared per connection. */
const prepared = 400;

/** Characters of the longest text that is kept prepared: lists of hundreds of values hardly come again. */
const longest = 20_000;

/** Milliseconds that a connection waits for a lock another process holds. */
const patience = 10_000;

/** The same while a store is opened and closed: longer than a group of writes takes. */
export const openingPatience = 5_000;

/** One connection with its prepared statements. Rows come as arrays. */
export class Connection {
  readonly db: DatabaseSync;
  readonly #statements = new LRUCache<string, StatementSync>({ max: prepared });

  private constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** `cache` in KiB: page caches are the larger part of the store's resident memory. */
  static reader(path: string, cache: number): Connection {
    const db = new DatabaseSync(path, { readOnly: true, timeout: patience });
    db.exec(`PRAGMA cache_size = -${cache}; PRAGMA query_only = ON`);
    return new Connection(db);
  }

  static writer(path: string, cache: number): Connection {
    const db = new DatabaseSync(path, { timeout: patience });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // A checkpoint syncs twice, in the way of commits, so it is made each 32 MB instead of each 4.
    db.exec(`PRAGMA cache_size = -${cache}; PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864`);
    return new Connection(db);
  }

  statement(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const made = this.db.prepare(text);
    made.setReturnArrays(true);
    if (text.length > longest) return made;
    this.#statements.set(text, made);
    return made;
  }

  rows(query: Sql): readonly Row[] {
    return asRows(this.statement(query.text).all(...query.args));
  }

  row(query: Sql): Row | undefined {
    return asRow(this.statement(query.text).get(...query.args));
  }

  /** A number that the query surely yields. */
  number(query: Sql): number {
    return Number(this.row(query)?.[0] ?? 0);
  }

  /** The number of rows changed. */
  run(text: string, ...args: readonly (Arg | Uint8Array)[]): number {
    return Number(this.statement(text).run(...args).changes);
  }

  /** Runs reads that must see one state. Inside a transaction they see that one's. */
  snapshot<T>(work: () => T): T {
    if (this.db.isTransaction) return work();
    this.statement('BEGIN').run();
    try {
      return work();
    } finally {
      this.statement('COMMIT').run();
    }
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}

/** node:sqlite types its rows as objects, whatever `setReturnArrays` says. */
export function asRow(row: unknown): Row | undefined {
  return row as Row | undefined;
}

function asRows(rows: unknown): readonly Row[] {
  return rows as readonly Row[];
}
