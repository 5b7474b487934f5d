import { Failure } from '#errors';
import type { OpenedStore } from '#storage/driver.ts';
import { sqlite } from '#storage/sqlite/driver.ts';

/** Opens the store in a file; fails loudly where it cannot. */
export async function openFile(path: string): Promise<OpenedStore> {
  const opened = await sqlite.open(path);
  if (opened instanceof Failure) throw new Error(opened.issues.map(({ text }) => text).join(' '));
  return opened;
}
