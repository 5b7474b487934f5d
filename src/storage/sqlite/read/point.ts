import type { Version } from '../../store.ts';
import { asRow, type Cell, type Connection } from '../database/connection.ts';
import type { Names } from '../database/names.ts';
import { awaited, making } from '../database/schema.ts';

interface PointRead {
  readonly type: string;
  readonly id: string;
  readonly version: number | undefined;
  readonly resolve: (version: Version | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The reads of single versions, on the main thread. Those of one turn of the event loop are answered together: one lock of
 * SQLite's for all, which costs more than such a read, and answers that leave in one burst.
 */
export class PointReads {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #errorOf: (failure: unknown) => unknown;
  readonly #current: ReturnType<Connection['statement']>;
  readonly #superseded: ReturnType<Connection['statement']>;
  #asked: PointRead[] = [];

  /** `errorOf` tells what a failure means. */
  constructor(connection: Connection, names: Names, errorOf: (failure: unknown) => unknown) {
    this.#errorOf = errorOf;
    this.#connection = connection;
    this.#names = names;
    this.#current = connection.statement(
      'SELECT rid, state, version, seq, last_updated, method, content FROM resource WHERE type = ? AND id = ?',
    );
    this.#superseded = connection.statement(
      'SELECT seq, last_updated, method, content FROM history WHERE rid = ? AND version = ?',
    );
  }

  read(type: string, id: string, version?: number): Promise<Version | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) setImmediate(() => this.answer());
      this.#asked.push({ type, id, version, resolve, reject });
    });
  }

  /** Answers what was asked so far. */
  answer(): void {
    const asked = this.#asked;
    this.#asked = [];
    if (asked.length === 0) return;
    try {
      const all = () => {
        for (const { type, id, version, resolve } of asked) resolve(this.#find(type, id, version));
      };
      if (asked.length === 1) all();
      else this.#connection.snapshot(all);
    } catch (error) {
      for (const { reject } of asked) reject(this.#errorOf(error));
    }
  }

  #find(type: string, id: string, version: number | undefined): Version | undefined {
    const typeId = this.#names.type(type);
    if (typeId === undefined) return undefined;
    const row = asRow(this.#current.get(typeId, id));
    if (row === undefined || row[1] === awaited) return undefined;
    if (version === undefined || version === row[2]) {
      return made(type, id, Number(row[2]), row[3], row[4], row[5], row[6]);
    }
    const old = asRow(this.#superseded.get(Number(row[0]), version));
    return old === undefined ? undefined : made(type, id, version, old[0], old[1], old[2], old[3]);
  }
}

function made(
  type: string,
  id: string,
  version: number,
  seq: Cell | undefined,
  time: Cell | undefined,
  method: Cell | undefined,
  content: Cell | undefined,
): Version {
  return {
    type,
    id,
    version,
    seq: Number(seq),
    lastUpdated: Number(time),
    ...making(Number(method)),
    content: typeof content === 'string' ? content : undefined,
  };
}
