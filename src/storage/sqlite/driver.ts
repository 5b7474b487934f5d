import { existsSync } from 'node:fs';
import { open as openFolder, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup as copy } from 'node:sqlite';
import type { MessagePort, Transferable } from 'node:worker_threads';
import { Failure, type Outcome } from '#errors';
import { Port } from '#threads/calls.ts';
import type { Driver, OpenedStore, StoreLog } from '../driver.ts';
import type { Store } from '../store.ts';
import { warning } from './check/background.ts';
import { checkSqliteStore } from './check/check.ts';
import { Connection } from './database/connection.ts';
import { obstacleOf, unusable } from './database/obstacles.ts';
import { makePrivate, prepareFile } from './database/opening.ts';
import { forgetTraces, Presence, type Traces } from './database/traces.ts';
import { joinWorkers, SqliteStore, startWorkers } from './store.ts';

/** KiB. */
const backupCache = 2_000;

/** SQLite: the location of a store is its file, which is made if it is missing. */
export const sqlite: Driver = {
  scheme: 'sqlite',
  open,
  obstacleOf,
  join: joiner(),
  backup,
  check: checkSqliteStore,
};

async function open(path: string, log: StoreLog): Promise<Outcome<OpenedStore>> {
  const traces = prepareFile(path);
  if (traces instanceof Failure) return traces;
  try {
    return await openPrepared(path, traces, log);
  } catch (error) {
    const obstacle = obstacleOf(path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

async function openPrepared(path: string, traces: Traces, log: StoreLog): Promise<OpenedStore> {
  // Before any thread is started, which would have to be ended if it fails.
  const presence = new Presence(path);
  const store = new SqliteStore(path, { ...startWorkers(path), presence });
  try {
    await store.ready();
  } catch (error) {
    // What keeps a thread from opening the file keeps it from closing it too.
    await store.close().catch(() => undefined);
    throw error;
  }
  if (traces.unclean || traces.due) {
    log.warn(warning(path, traces));
    store.checkMeanwhile(log);
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
async function backup(path: string, target: string): Promise<Outcome<void>> {
  if (existsSync(target)) return unusable(target, 'it is there already', 'Name another: a backup replaces nothing');
  try {
    await copyTo(path, target);
  } catch (error) {
    // The system tells of the files that are made, SQLite of the one that is read.
    const isOfSystem = error instanceof Error && 'syscall' in error;
    const obstacle = obstacleOf(isOfSystem ? target : path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

async function copyTo(path: string, target: string): Promise<void> {
  const partial = `${target}.partial`;
  await rm(partial, { force: true });
  // A connection of its own, since the copy holds its lock; and all pages in one step, since a copy in several begins
  // anew with each commit made meanwhile.
  const source = Connection.reader(path, backupCache);
  try {
    makePrivate(partial);
    await copy(source.db, partial, { rate: 0x7fff_ffff });
    forgetTraces(partial);
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
