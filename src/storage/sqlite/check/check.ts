import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Failure, type Outcome } from '#errors';
import { mask } from '#resident-numbers';
import type { StoreCheck } from '../../driver.ts';
import { beside, lookAt, newerSchema, obstacleOf, tellsDamage, unusable } from '../database/obstacles.ts';
import { awaited, current, deleted, schemaVersion } from '../database/schema.ts';

/** Problems that a check tells at most: what is damaged is so in many places. */
const maxProblems = 20;

/** Milliseconds that a look at the file waits for a lock. */
const checkPatience = 5_000;

/**
 * The whole check of a store, by the engine and of what this program relies on; it changes nothing, and holds the thread until it is
 * done. A server may have the file open, start or end meanwhile.
 */
export async function checkSqliteStore(path: string): Promise<Outcome<StoreCheck>> {
  const found = lookAt(path);
  if (found instanceof Failure) return found;
  if (found !== undefined) {
    const what = found === 'missing' ? 'it does not exist' : 'it is empty';
    return unusable(path, what, 'Name another file in HUFHIR_STORE, or start the server, which makes one');
  }
  try {
    // One that only reads cannot take away the files that SQLite makes beside a store in use. With none there, nobody
    // has the file open, and it is read as it is; should somebody open it meanwhile, what was seen is worth nothing.
    if (!existsSync(beside(path, '-wal')) && !existsSync(beside(path, '-journal'))) {
      const before = stateOf(path);
      const checked = check(path, new DatabaseSync(new URL(`${pathToFileURL(path)}?immutable=1`), { readOnly: true }));
      if (stateOf(path) === before) return checked;
    }
    return check(path, openLive(path));
  } catch (error) {
    const obstacle = obstacleOf(path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

function stateOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size} ${mtimeMs} ${existsSync(beside(path, '-wal'))}`;
}

function openLive(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: checkPatience });
}

function check(path: string, db: DatabaseSync): Outcome<StoreCheck> {
  try {
    const schema = pragma(db, 'user_version');
    if (schema > schemaVersion) return newerSchema(path, schema);
    const problems = told(() => checkEngine(db, `integrity_check(${maxProblems})`));
    problems.push(...told(() => checkLogic(db)));
    if (problems.length > 0) return { resources: 0, versions: 0, problems: problems.slice(0, maxProblems) };
    const count = (text: string): number => Number(db.prepare(text).get()?.n);
    const resources = count(`SELECT count(*) AS n FROM resource WHERE state = ${current}`);
    const versions = count('SELECT (SELECT count(seq) FROM resource) + (SELECT count(*) FROM history) AS n');
    return { resources, versions, problems };
  } finally {
    db.close();
  }
}

/**
 * A check of a store that a server has open, in steps between which others come: each table by itself, so that no read of the whole
 * file keeps the WAL from being folded, and without comparing indexes with their tables.
 */
export async function* checkInSteps(path: string): AsyncIterable<readonly string[]> {
  const db = openLive(path);
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    for (const { name } of names) {
      const quoted = `"${String(name).replaceAll('"', '""')}"`;
      yield told(() => checkEngine(db, `quick_check(${quoted})`));
    }
    yield told(() => checkLogic(db));
  } finally {
    db.close();
  }
}

/** What a check finds, where it ends in an error that tells damage, too. */
function told(find: () => readonly string[]): string[] {
  try {
    return find().map(mask);
  } catch (error) {
    if (!tellsDamage(error)) throw error;
    return [(error as Error).message];
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** No table has foreign keys, or `foreign_key_check` would be due as well. The full text is part of both checks. */
function checkEngine(db: DatabaseSync, which: string): readonly string[] {
  return db
    .prepare(`PRAGMA ${which}`)
    .all()
    .flatMap((row) => String(Object.values(row)[0]).split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('***'));
}

/** What holds for every store, and no engine knows: for each, a count of what is not so, and its words. One statement is one state. */
const rules: readonly { readonly count: string; readonly text: string }[] = [
  {
    count: `SELECT count(*) AS n FROM resource
      WHERE NOT CASE state WHEN ${awaited} THEN version = 0 AND seq IS NULL
        WHEN ${current} THEN version > 0 AND seq > 0 WHEN ${deleted} THEN version > 0 AND seq > 0 ELSE 0 END`,
    text: 'resources have a version that does not go with their state',
  },
  {
    count: `SELECT abs(coalesce(max((SELECT max(seq) FROM resource), 0), 0)
      - (SELECT count(seq) FROM resource) - (SELECT count(*) FROM history)) AS n`,
    text: 'versions are missing from the count of all versions, or too many',
  },
  {
    count: 'SELECT count(*) AS n FROM history h JOIN resource r ON r.seq = h.seq',
    text: 'versions have the place of another in the count of all versions',
  },
  {
    count: `SELECT count(*) AS n FROM history h LEFT JOIN resource r ON r.rid = h.rid
      WHERE r.rid IS NULL OR h.version >= r.version OR h.seq >= r.seq`,
    text: 'superseded versions belong to no resource, or are newer than its current one',
  },
  {
    count: `SELECT abs((SELECT coalesce(sum(version - 1), 0) FROM resource WHERE version > 0)
      - (SELECT count(*) FROM history)) AS n`,
    text: 'superseded versions are missing, or too many',
  },
];

/** These hold once the resources have been indexed by a program that keeps entries; a setting tells that they were. */
const indexed: typeof rules = [
  {
    count: `SELECT count(*) AS n FROM resource r LEFT JOIN entries e ON e.rid = r.rid
      WHERE r.state = ${current} AND e.rid IS NULL`,
    text: 'current resources have no index entries',
  },
  {
    count: `SELECT count(*) AS n FROM entries e LEFT JOIN resource r ON r.rid = e.rid WHERE coalesce(r.version, 0) = 0`,
    text: 'index entries belong to no resource',
  },
];

function checkLogic(db: DatabaseSync): readonly string[] {
  const hasSettings = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'setting'").get() !== undefined;
  const isIndexed = hasSettings && db.prepare("SELECT 1 FROM setting WHERE name = 'index'").get() !== undefined;
  return [...rules, ...(isIndexed ? indexed : [])].flatMap(({ count, text }) => {
    const n = Number(db.prepare(count).get()?.n);
    return n === 0 ? [] : [`${n} ${text}`];
  });
}
