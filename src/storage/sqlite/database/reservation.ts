import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Outcome } from '#errors';
import { identityOf } from './identity.ts';
import { isBusy, obstacleOf } from './obstacles.ts';
import { inUse, makeFolder } from './opening.ts';

/**
 * Keeps the place of a store for this process until it gives it back: `Driver.reserve`. It is the lock of an empty database beside the
 * store, which the system takes back from a process that was killed.
 */
export function reserveFile(path: string): Outcome<() => void> {
  const lock = `${path}.lock`;
  try {
    makeFolder(dirname(path));
    const db = lockedAt(lock);
    if (db === undefined) return inUse(path);
    return () => {
      rmSync(lock, { force: true });
      db.close();
    };
  } catch (error) {
    const obstacle = obstacleOf(path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** A connection that has the lock of the file of this name; undefined while another has it. */
function lockedAt(lock: string): DatabaseSync | undefined {
  for (;;) {
    const before = identityOf(lock);
    const db = new DatabaseSync(lock, { timeout: 0 });
    try {
      // Nothing is written: a journal would only be left by a process that is killed.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
    // The file that was opened may have been taken away by the one who gave the place back: others do not see its lock.
    if (before !== '' && before === identityOf(lock)) return db;
    db.close();
  }
}
