import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Failure, type Outcome } from '#errors';
import { openingPatience } from './connection.ts';
import { allow, beside, foreign, isBusy, lookAt, newerSchema, obstacleOf, tellsDamage, unusable } from './obstacles.ts';
import { applicationId, migrations, schemaVersion } from './schema.ts';
import { type Traces, takeTraces } from './traces.ts';

/** Makes a file, before SQLite does, that its owner alone may read: it will hold health records. The WAL takes its mode. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** With those around it. Node's own `recursive` does not end where a system refuses with ENOENT, as /proc does. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/**
 * Makes the file, and its folder, if they are missing, and brings it to this program's schema. Tells what those left in it that
 * had it open before; nothing while another process has it open. A file that cannot be a store stays as it is.
 */
export function prepareFile(path: string): Outcome<Traces> {
  const found = lookAt(path);
  if (found instanceof Failure) return found;
  const left =
    found === undefined
      ? undefined
      : (['-wal', '-journal'] as const).map((part) => beside(path, part)).find(existsSync);
  // SQLite would take them for those of the new file.
  if (left !== undefined)
    return unusable(path, `it is gone, and ${basename(left)} is left of it`, 'Bring it back, or take that away too');
  try {
    if (found === 'missing') {
      makeFolder(dirname(path));
      makePrivate(path);
    }
    return refusedWriting(path) ?? prepare(path);
  } catch (error) {
    const obstacle = obstacleOf(path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** SQLite would tell of it as of a broken disk. It writes beside the file, too. */
function refusedWriting(path: string): Failure | undefined {
  for (const [place, found] of [
    [path, 'it cannot be written'],
    [dirname(path), 'its folder cannot be written'],
  ] as const) {
    try {
      accessSync(place, constants.W_OK);
    } catch (error) {
      return unusable(path, `${found} (${(error as NodeJS.ErrnoException).code})`, allow);
    }
  }
  return undefined;
}

function prepare(path: string): Outcome<Traces> {
  const alone = openAlone(path);
  const db = alone ?? new DatabaseSync(path, { timeout: openingPatience });
  try {
    const failure = migrate(db, path);
    if (failure !== undefined) return failure;
    db.exec('PRAGMA journal_mode = WAL');
    return alone === undefined ? { unclean: false, due: false } : takeTraces(db);
  } finally {
    db.close();
  }
}

/**
 * A connection that no other can be beside, until it is closed; undefined if another process has the file open. Every connection
 * to a store holds a lock on it from its first look to its end, and the system takes back those of a process that was killed.
 */
function openAlone(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/**
 * Deletes a store, and what SQLite keeps beside it, unless another process has it open. That is known by its lock: what is beside it is
 * left by a process that was killed, too.
 */
export function discardFile(path: string): Failure | undefined {
  try {
    const alone = existsSync(path) ? openAloneOrDamaged(path) : 'missing';
    if (alone === undefined) return inUse(path);
    // Under the lock, so that nobody opens what goes away.
    for (const part of ['', '-wal', '-shm', '-journal']) rmSync(path + part, { force: true });
    if (alone instanceof DatabaseSync) alone.close();
    return undefined;
  } catch (error) {
    const obstacle = obstacleOf(path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

export function inUse(path: string): Failure {
  return unusable(path, 'another process has it open', 'End that process');
}

function openAloneOrDamaged(path: string): DatabaseSync | 'damaged' | undefined {
  try {
    return openAlone(path);
  } catch (error) {
    if (tellsDamage(error)) return 'damaged';
    throw error;
  }
}

function migrate(db: DatabaseSync, path: string): Failure | undefined {
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  touchTables(db);
  const empty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!empty && pragma('application_id') !== applicationId) return foreign(path);
  // Without a lock, for which another process might be waited for.
  if (pragma('user_version') === schemaVersion) return undefined;
  db.exec('BEGIN IMMEDIATE');
  try {
    const found = pragma('user_version');
    if (found <= schemaVersion) for (const migration of migrations.slice(found)) db.exec(migration);
    if (found < schemaVersion)
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
    db.exec('COMMIT');
    return found > schemaVersion ? newerSchema(path, found) : undefined;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Finds, before anything is written, what of a damaged file the first requests would meet: it looks at the beginning of each table. */
function touchTables(db: DatabaseSync): void {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").all();
  for (const { name } of tables) db.prepare(`SELECT * FROM "${String(name).replaceAll('"', '""')}" LIMIT 1`).get();
}
