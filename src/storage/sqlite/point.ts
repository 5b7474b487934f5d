import type { Version } from '../store.ts';
import { asRow, type Cell, type Connection } from './connection.ts';
import { Names } from './names.ts';
import { awaited, making } from './schema.ts';

/**
 * The reads of single versions, on the main thread, answered at once. Those of one turn of the event loop share one read
 * transaction, since its locks cost more than such a read; a commit of this process ends it.
 */
export class PointReads {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #current: ReturnType<Connection['statement']>;
  readonly #superseded: ReturnType<Connection['statement']>;
  readonly #end = (): void => this.end();
  #reading = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#names = new Names(connection);
    this.#current = connection.statement(
      'SELECT rid, state, version, seq, last_updated, method, content FROM resource WHERE type = ? AND id = ?',
    );
    this.#superseded = connection.statement(
      'SELECT seq, last_updated, method, content FROM history WHERE rid = ? AND version = ?',
    );
  }

  read(type: string, id: string, version?: number): Version | undefined {
    if (!this.#reading) {
      this.#connection.statement('BEGIN').run();
      this.#reading = true;
      setImmediate(this.#end);
    }
    return this.#find(type, id, version);
  }

  /** What is read from now on sees all that was committed before. */
  end(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#connection.statement('COMMIT').run();
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
