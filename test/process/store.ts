import { Failure } from '#errors';
import { openSqliteStore } from '#storage/sqlite/store.ts';
import type { Store } from '#storage/store.ts';

/** The store in this file, where nothing should be in the way. */
export async function storeIn(file: string, log?: Parameters<typeof openSqliteStore>[1]): Promise<Store> {
  const store = await openSqliteStore(file, log);
  if (store instanceof Failure) throw new Error(store.issues.map(({ text }) => text).join(' '));
  return store;
}
