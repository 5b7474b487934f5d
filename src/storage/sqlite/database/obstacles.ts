import { closeSync, existsSync, type Stats as FileStats, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { type Failure, fail } from '#errors';
import { applicationId, schemaVersion } from './schema.ts';

/** What keeps a file from being used as a store, as one readable failure each. */

export function unusable(file: string, found: string, todo: string): Failure {
  return fail('store-unusable', { file, found, todo });
}

/** What to do where the system refuses. */
export const allow = 'Give the user of this program the right to read and write the file and its folder';

/** Results of SQLite: no room for the file, and (IOERR_SHMSIZE) none for the index of the WAL, which is made beside it. */
const full = 13;
const noRoomBeside = 4874;

/** SQLite's result codes that tell of the file and its surroundings, and not of a bug of ours. */
const results: readonly { code: number; message: RegExp; found: string; todo: string }[] = [
  { code: 3, message: /^access permission denied/, found: 'access to it is denied', todo: allow },
  {
    code: 5,
    message: /^database is locked/,
    found: 'it is locked by another program',
    todo: 'End that program, or wait until it is done',
  },
  { code: 8, message: /^attempt to write a readonly/, found: 'it cannot be written', todo: allow },
  { code: 10, message: /^disk I\/O error/, found: 'the disk does not give or take it', todo: 'Look after the disk' },
  {
    code: 11,
    message: /^(database disk image is malformed|malformed database schema)/,
    found: 'it is damaged',
    todo: 'Restore a backup',
  },
  { code: full, message: /^database or disk is full/, found: 'the disk is full', todo: 'Make room on it' },
  {
    code: 14,
    message: /^unable to open database/,
    found: 'it, or a file that SQLite keeps beside it, cannot be opened',
    todo: allow,
  },
  {
    code: 26,
    message: /^file is not a database/,
    found: 'it is no SQLite database, or its beginning is damaged',
    todo: 'Name another file in HUFHIR_STORE, or restore a backup',
  },
];

/** The result of SQLite that an error tells. One that crossed threads has lost its number, and keeps its words. */
function resultOf(error: unknown) {
  if (!(error instanceof Error)) return undefined;
  const { errcode } = error as { errcode?: number };
  const result = errcode === noRoomBeside ? full : errcode;
  return results.find(({ code, message }) =>
    result === undefined ? message.test(error.message) : code === (result & 0xff),
  );
}

/** Whether an error says that the contents of the file are not those of a whole database. */
export function tellsDamage(error: unknown): boolean {
  const { code } = resultOf(error) ?? {};
  return code === 11 || code === 26;
}

/** Whether another connection has a lock that was waited for. */
export function isBusy(error: unknown): boolean {
  return resultOf(error)?.code === 5;
}

/** Whether the disk has no room: what is there can be read all the same. */
export function tellsFull(error: unknown): boolean {
  return resultOf(error)?.code === full;
}

const systems: Readonly<Record<string, readonly [found: string, todo: string]>> = {
  ENOTDIR: ['a file stands where a folder of its path should be', 'Name another file in HUFHIR_STORE'],
  ERR_FS_EISDIR: ['a folder stands in its place', 'Name another file'],
  EEXIST: ['a file stands where a folder of its path should be', 'Name another file in HUFHIR_STORE'],
  ENOENT: ['its folder cannot be made', 'Name another file in HUFHIR_STORE'],
  ENAMETOOLONG: ['its name is too long', 'Name another file in HUFHIR_STORE'],
  ELOOP: ['its path leads in a circle', 'Name another file in HUFHIR_STORE'],
  EACCES: ['access is denied', allow],
  EPERM: ['access is denied', allow],
  EROFS: ['its disk is read-only', allow],
  ENOSPC: ['the disk is full', 'Make room on it'],
  EDQUOT: ['the disk is full', 'Make room on it'],
  EIO: ['the disk does not give or take it', 'Look after the disk'],
};

/** What an error met with this file means; undefined where it was not to be expected. */
export function obstacleOf(file: string, error: unknown): Failure | undefined {
  const result = resultOf(error);
  if (result !== undefined) return unusable(file, result.found, result.todo);
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const system = syscall === undefined ? undefined : systems[code];
  return system === undefined ? undefined : unusable(file, `${system[0]} (${code})`, system[1]);
}

export function newerSchema(file: string, found: number): Failure {
  const known = `it has schema ${found}, and this program knows schemas up to ${schemaVersion}`;
  return unusable(file, known, 'Open it with the newer program that wrote it');
}

export function foreign(file: string): Failure {
  return unusable(file, 'it is the database of another program', 'Name another file in HUFHIR_STORE');
}

/** A place that holds nothing yet. */
export type Vacancy = 'missing' | 'empty';

/**
 * Looks at a file before SQLite does, which would write beside it, or fold what another program left there. Undefined for what may
 * be a store. To be called before this process has the file open: closing a file gives up all locks that the process has on it.
 */
export function lookAt(file: string): Failure | Vacancy | undefined {
  let stats: FileStats | undefined;
  try {
    stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return 'missing';
    if (stats.isDirectory()) return unusable(file, 'it is a folder', 'Name a file in HUFHIR_STORE');
    if (!stats.isFile()) return unusable(file, 'it is no ordinary file', 'Name another file in HUFHIR_STORE');
    // A journal holds the pages that a killed program was about to replace: the file alone says nothing.
    if (existsSync(beside(file, '-journal'))) return undefined;
    if (stats.size === 0) return 'empty';
    return lookAtHeader(file, stats.size);
  } catch (error) {
    const obstacle = obstacleOf(file, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** What SQLite keeps beside a file: it has the name of the file, not of a link to it. */
export function beside(file: string, part: '-wal' | '-journal'): string {
  return `${existsSync(file) ? realpathSync(file) : file}${part}`;
}

function isFilled(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** https://sqlite.org/fileformat.html#the_database_header */
function lookAtHeader(file: string, size: number): Failure | undefined {
  const header = Buffer.alloc(100);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, header);
  } finally {
    closeSync(opened);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    return unusable(
      file,
      'it is no SQLite database, or its beginning is damaged',
      'Name another file in HUFHIR_STORE, or restore a backup',
    );
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  // With one page alone it has no table, and may become a store.
  if (header.readInt32BE(68) !== applicationId && size > pageSize) return foreign(file);
  // A checkpoint that was broken off leaves less, and the WAL has the rest.
  const isCut = size % pageSize !== 0 || size < pageSize * header.readUInt32BE(28);
  if (isCut && !isFilled(beside(file, '-wal'))) return unusable(file, 'its end is missing', 'Restore a backup');
  const schema = header.readUInt32BE(60);
  return schema > schemaVersion ? newerSchema(file, schema) : undefined;
}
