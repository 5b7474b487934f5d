import { Failure } from '#errors';
import type { OpenedStore, StoreLog } from '#storage/driver.ts';
import { sqlite } from '#storage/sqlite/driver.ts';

const silent: StoreLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Opens the store in a file; fails loudly where it cannot. */
export async function openFile(path: string, log: StoreLog = silent): Promise<OpenedStore> {
  const opened = await sqlite.open(path, log);
  if (opened instanceof Failure) throw new Error(opened.issues.map(({ text }) => text).join(' '));
  return opened;
}
