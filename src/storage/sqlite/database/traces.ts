/**
 * What tells at opening that the one who had the store open did not close it. Each process that opens a store leaves a setting in it
 * when it has a connection, and takes it back before it closes that. A connection holds a lock that the system takes away from a
 * process that ends in whatever way: so one that is found by one who is alone with the file is that of a process that was killed.
 * (That a WAL is there would not say so: a program that only reads cannot fold it, if it is the last.)
 */

import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { openingPatience } from './connection.ts';
import { tellsFull } from './obstacles.ts';

/** What was found in a file by a process that is alone with it. */
export interface Traces {
  /** A process did not close it; or it is a copy that was made of it meanwhile. */
  readonly unclean: boolean;
  /** A check that was begun has not ended, or has found damage. */
  readonly due: boolean;
}

const prefix = 'open:';
/** Settings that begin with the prefix. */
const ofProcesses = "name >= 'open:' AND name < 'open;'";

/** The setting that tells of the last check: `due`, `whole`, or how many problems it found. */
export const checkSetting = 'check';
export const due = 'due';
export const whole = 'whole';

/**
 * On the one connection that has the file. The check that an unclean end asks for is due until it has ended well. On a full disk they
 * stay for the next start.
 */
export function takeTraces(db: DatabaseSync): Traces {
  const before = db.prepare('SELECT value FROM setting WHERE name = ?').get(checkSetting)?.value;
  const found = { unclean: false, due: before !== undefined && before !== whole };
  if (db.prepare(`SELECT 1 FROM setting WHERE ${ofProcesses} LIMIT 1`).get() === undefined) return found;
  try {
    db.exec('BEGIN');
    if (!found.due) db.prepare('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)').run(checkSetting, due);
    db.exec(`DELETE FROM setting WHERE ${ofProcesses}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    if (!tellsFull(error)) throw error;
  }
  return { ...found, unclean: true };
}

/** Takes them out of a copy, which nobody has open. */
export function forgetTraces(path: string): void {
  const db = new DatabaseSync(path);
  try {
    // A store of an earlier schema has none.
    const has = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'setting'").get();
    if (has !== undefined) db.exec(`DELETE FROM setting WHERE ${ofProcesses}`);
  } finally {
    db.close();
  }
}

/** This process's setting, and the connection that it stands for. */
export class Presence {
  readonly #db: DatabaseSync;
  readonly #name = `${prefix}${randomUUID()}`;

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: openingPatience });
    try {
      this.#db.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -100');
      const insert = this.#db.prepare('INSERT INTO setting (name, value) VALUES (?, ?)');
      insert.run(this.#name, new Date().toISOString());
    } catch (error) {
      // A store on a full disk is read: whoever cannot write leaves nothing unclean.
      if (tellsFull(error)) return;
      this.#db.close();
      throw error;
    }
  }

  /** To be called when all else is closed. A setting that cannot be taken back asks for a check, which is right. */
  end(): void {
    try {
      this.#db.prepare('DELETE FROM setting WHERE name = ?').run(this.#name);
    } catch {
      // A full or broken disk, or a lock that is not given up.
    }
    this.#db.close();
  }
}
