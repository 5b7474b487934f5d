import { randomBytes } from 'node:crypto';
import type { Lease } from '../../shelf.ts';
import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import { secretOf } from '../read/shelf.ts';

/** Marks that are kept: a caller who was not told asks at once, and no process has so many transactions under way. */
const marks = 10_000;

/** Marks that come before those beyond are taken away. */
const perSweep = 1_000;

/** The small things that all processes share: settings, keys, leases, the revision, the marks of transactions. */
export class ShelfWriter {
  readonly #connection: Connection;
  #marked = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  keep(settings: Readonly<Record<string, string | undefined>>): void {
    const put =
      'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    for (const [name, value] of Object.entries(settings)) {
      if (value === undefined) this.#connection.run('DELETE FROM setting WHERE name = ?', name);
      else this.#connection.run(put, name, value);
    }
  }

  raise(): void {
    this.#connection.run('UPDATE revision SET n = n + 1');
  }

  /** Notes which versions a transaction made: those with a seq beyond `after`, up to `last`. */
  mark(mark: string, after: number, last: number): void {
    this.#connection.run('INSERT INTO mark (mark, after, last) VALUES (?, ?, ?)', mark, after, last);
    this.#marked += 1;
    if (this.#marked % perSweep !== 0) return;
    this.#connection.run('DELETE FROM mark WHERE n <= (SELECT max(n) FROM mark) - ?', marks);
  }

  /** Whether a lease is still its owner's: nobody took it over, though its time may be over. */
  holds(lease: Lease | undefined): boolean {
    if (lease === undefined) return true;
    const { name, owner, fence } = lease;
    const query = sql`SELECT 1 FROM lease WHERE name = ${name} AND owner = ${owner} AND fence = ${fence}`;
    return this.#connection.row(query) !== undefined;
  }

  /** Whoever takes it from another, or after its time, has a higher fence than everybody before. */
  lease({ name, owner, ms }: { name: string; owner: string; ms: number }): Lease | undefined {
    const text = `INSERT INTO lease (name, owner, expires, fence) VALUES (?, ?, ?, 1) ON CONFLICT (name) DO UPDATE
      SET fence = lease.fence + (lease.owner <> excluded.owner), owner = excluded.owner, expires = excluded.expires
      WHERE lease.owner = excluded.owner OR lease.expires <= ?`;
    const now = Date.now();
    if (this.#connection.run(text, name, owner, now + ms, now) === 0) return undefined;
    return { name, owner, fence: this.#connection.number(sql`SELECT fence FROM lease WHERE name = ${name}`) };
  }

  release({ name, owner, fence }: Lease): void {
    const text = 'UPDATE lease SET expires = 0 WHERE name = ? AND owner = ? AND fence = ?';
    this.#connection.run(text, name, owner, fence);
  }

  /** 32 random bytes, made when first asked for. */
  key(name: string): Uint8Array {
    this.#connection.run('INSERT OR IGNORE INTO secret (name, bytes) VALUES (?, ?)', name, randomBytes(32));
    const bytes = secretOf(this.#connection, name);
    if (bytes === undefined) throw new Error(`The key ${name} is not in the store.`);
    return bytes;
  }
}
