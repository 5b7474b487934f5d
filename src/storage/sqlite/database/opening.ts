import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { applicationId, migrations, schemaVersion } from './schema.ts';

/** Makes a file, before SQLite does, that its owner alone may read: it will hold health records. The WAL takes its mode. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** Makes the file if it is missing, and brings it to this program's schema; throws if it is not a store, or is newer. */
export function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  makePrivate(path);
  const db = new DatabaseSync(path, { timeout: 10_000 });
  try {
    migrate(db, path);
    db.exec('PRAGMA journal_mode = WAL');
  } finally {
    db.close();
  }
}

function migrate(db: DatabaseSync, path: string): void {
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  const empty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!empty && pragma('application_id') !== applicationId) throw new Error(`${path} is not a Hufhir store.`);
  db.exec('BEGIN IMMEDIATE');
  try {
    const found = pragma('user_version');
    if (found > schemaVersion) throw newer(path, found);
    for (const migration of migrations.slice(found)) db.exec(migration);
    if (found < schemaVersion)
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function newer(path: string, found: number): Error {
  const explained = `${path} has schema ${found}; this program knows schemas up to ${schemaVersion}.`;
  return new Error(`${explained} Open it with the newer program that wrote it.`);
}
