import { statSync } from 'node:fs';

/** The name of a store stands for another file now, or for none. To SQLite's callers it is as if the file could not be opened. */
class FileReplaced extends Error {
  readonly errcode = 14;
}

/** The file of a store, as the process that opened it found it. */
export interface StoreFile {
  readonly path: string;
  readonly identity: string;
}

/** Which file a name stands for; empty if there is none. */
export function identityOf(path: string): string {
  const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return ino === undefined ? '' : `${dev} ${ino}`;
}

/** Throws where the name of a store does not stand for its file any more: what is written to that would be gone at the next start. */
export function assertSame(path: string, identity: string): void {
  const now = identityOf(path);
  if (now !== identity) throw new FileReplaced(now === '' ? 'its file was taken away' : 'another file is in its place');
}
