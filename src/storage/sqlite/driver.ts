import { existsSync } from 'node:fs';
import { open as openFolder, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup as copy } from 'node:sqlite';
import type { MessagePort, Transferable } from 'node:worker_threads';
import { Port } from '#threads/calls.ts';
import type { Driver, OpenedStore } from '../driver.ts';
import type { Store } from '../store.ts';
import { Connection } from './database/connection.ts';
import { makePrivate, prepareFile } from './database/schema.ts';
import { joinWorkers, SqliteStore, startWorkers } from './store.ts';

/** KiB. */
const backupCache = 2_000;

/** SQLite: the location of a store is its file, which is made if it is missing. */
export const sqlite: Driver = { scheme: 'sqlite', open, join: joiner(), backup };

/** Throws if the file is no store, or one of a newer program. */
async function open(path: string): Promise<OpenedStore> {
  prepareFile(path);
  const store = new SqliteStore(path, startWorkers(path));
  try {
    await store.ready();
  } catch (error) {
    // What keeps a thread from opening the file keeps it from closing it too.
    await store.close().catch(() => undefined);
    throw error;
  }
  return { store, ticket: () => ticketTo(path, store) };
}

/** How another thread reaches the file, and the writer. */
interface Ticket {
  readonly path: string;
  readonly port: MessagePort;
}

function ticketTo(path: string, store: SqliteStore): { ticket: Ticket; transfer: readonly Transferable[] } {
  const port = store.connect();
  return { ticket: { path, port }, transfer: [port] };
}

/** `Driver.join` of one thread. */
export function joiner(): (ticket: unknown) => Store {
  const writer = new Port();
  let joined: Store | undefined;
  return (ticket) => {
    const { path, port } = ticket as Ticket;
    writer.take(port);
    joined ??= new SqliteStore(path, joinWorkers(path, writer));
    return joined;
  };
}

/** The target appears when it is complete. An existing file is refused: it may be a store in use. */
async function backup(path: string, target: string): Promise<void> {
  if (existsSync(target)) throw new Error(`${target} exists already; a backup replaces nothing.`);
  const partial = `${target}.partial`;
  await rm(partial, { force: true });
  // A connection of its own, since the copy holds its lock; and all pages in one step, since a copy in several begins
  // anew with each commit made meanwhile.
  const source = Connection.reader(path, backupCache);
  try {
    makePrivate(partial);
    await copy(source.db, partial, { rate: 0x7fff_ffff });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    source.close();
  }
  await syncFolder(dirname(target));
}

/** A name is safe from a loss of power when its folder is on disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await openFolder(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
