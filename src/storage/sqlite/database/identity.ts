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

/** Which file a name stands for; empty if there is none, or it cannot be looked at. */
export function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return '';
  }
}

/** Throws where the name of a store does not stand for its file any more: what is written to that would be gone at the next start. */
export function assertSame(path: string, identity: string): void {
  const now = identityOf(path);
  if (now !== identity) throw new FileReplaced(now === '' ? 'its file was taken away' : 'another file is in its place');
}
