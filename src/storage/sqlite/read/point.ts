import { type ReadOptions, TooHeavy, type Version } from '../../store.ts';
import { asRow, type Cell, type Connection } from '../database/connection.ts';
import type { Names } from '../database/names.ts';
import { awaited, making } from '../database/schema.ts';

/** A version by its name; without a number the current one. */
export interface PointKey {
  readonly type: string;
  readonly id: string;
  readonly version?: number;
}

/** A look at one version. The length of a text is known without reading it. */
export class PointLook {
  readonly #names: Names;
  readonly #current: ReturnType<Connection['statement']>;
  readonly #superseded: ReturnType<Connection['statement']>;

  constructor(connection: Connection, names: Names) {
    this.#names = names;
    const text = 'CASE WHEN octet_length(content) <= ? THEN content ELSE octet_length(content) END';
    this.#current = connection.statement(
      `SELECT rid, state, version, seq, last_updated, method, ${text} FROM resource WHERE type = ? AND id = ?`,
    );
    this.#superseded = connection.statement(
      `SELECT seq, last_updated, method, ${text} FROM history WHERE rid = ? AND version = ?`,
    );
  }

  /** Throws TooHeavy where its text has more bytes than `most`. */
  find({ type, id, version }: PointKey, most = Number.POSITIVE_INFINITY): Version | undefined {
    const typeId = this.#names.type(type);
    if (typeId === undefined) return undefined;
    const row = asRow(this.#current.get(most, typeId, id));
    if (row === undefined || row[1] === awaited) return undefined;
    if (version === undefined || version === row[2]) {
      return made(type, id, Number(row[2]), row[3], row[4], row[5], row[6]);
    }
    const old = asRow(this.#superseded.get(most, Number(row[0]), version));
    return old === undefined ? undefined : made(type, id, version, old[0], old[1], old[2], old[3]);
  }
}

interface PointRead {
  readonly key: PointKey;
  readonly options: ReadOptions;
  readonly resolve: (version: Version | undefined | Promise<Version | undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads a version that is too large for this thread elsewhere. */
type ReadElsewhere = (key: PointKey, options: ReadOptions) => Promise<Version | undefined>;

/** Bytes of a text that the main thread reads at most, where another can do it. */
const large = 1_000_000;

/**
 * The reads of single versions, on the main thread. Those of one turn of the event loop are answered together: one lock of
 * SQLite's for all, which costs more than such a read, and answers that leave in one burst.
 */
export class PointReads {
  readonly #connection: Connection;
  readonly #look: PointLook;
  readonly #errorOf: (failure: unknown) => unknown;
  readonly #elsewhere: ReadElsewhere | undefined;
  #asked: PointRead[] = [];

  /** `errorOf` tells what a failure means; without `elsewhere`, this thread reads large texts too. */
  constructor(
    connection: Connection,
    names: Names,
    errorOf: (failure: unknown) => unknown,
    elsewhere: ReadElsewhere | undefined,
  ) {
    this.#errorOf = errorOf;
    this.#elsewhere = elsewhere;
    this.#connection = connection;
    this.#look = new PointLook(connection, names);
  }

  /** Rejects with TooHeavy where the text has more bytes than `most`, and with the reason of a signal that was aborted before. */
  read(key: PointKey, options: ReadOptions): Promise<Version | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) setImmediate(() => this.answer());
      this.#asked.push({ key, options, resolve, reject });
    });
  }

  /** Answers what was asked so far. */
  answer(): void {
    const asked = this.#asked;
    this.#asked = [];
    if (asked.length === 0) return;
    try {
      const all = () => {
        for (const read of asked) this.#answer(read);
      };
      if (asked.length === 1) all();
      else this.#connection.snapshot(all);
    } catch (error) {
      for (const { reject } of asked) reject(this.#errorOf(error));
    }
  }

  #answer({ key, options, resolve, reject }: PointRead): void {
    const { signal, most = Number.POSITIVE_INFINITY } = options;
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const here = this.#elsewhere === undefined ? most : Math.min(most, large);
    try {
      resolve(this.#look.find(key, here));
    } catch (error) {
      if (!(error instanceof TooHeavy)) throw error;
      if (error.size > most || this.#elsewhere === undefined) reject(error);
      else resolve(this.#elsewhere(key, options));
    }
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
  // The bytes of a text that was left out.
  if (typeof content === 'number') throw new TooHeavy(content);
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
