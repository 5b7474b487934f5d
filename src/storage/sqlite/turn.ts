import type { Connection } from './connection.ts';

/**
 * One read transaction for the point reads of one turn of the event loop, since taking and giving back SQLite's lock costs
 * more than such a read. Whoever may have learned of a newer commit ends it first.
 */
export class TurnSnapshot {
  readonly #begin: () => void;
  readonly #commit: () => void;
  #open = false;

  constructor(connection: Connection) {
    const begin = connection.statement('BEGIN');
    const commit = connection.statement('COMMIT');
    this.#begin = () => begin.run();
    this.#commit = () => commit.run();
  }

  /** Begins it if it is not open; it ends with the turn. */
  hold(): void {
    if (this.#open) return;
    this.#begin();
    this.#open = true;
    setImmediate(() => this.end());
  }

  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#commit();
  }
}
