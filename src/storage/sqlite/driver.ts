import { lstatSync, statSync } from 'node:fs';
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
import { identityOf, type StoreFile } from './database/identity.ts';
import { foreign, newerSchema, obstacleOf, unusable } from './database/obstacles.ts';
import { discardFile, makePrivate, prepareFile } from './database/opening.ts';
import { reserveFile } from './database/reservation.ts';
import { applicationId, schemaVersion } from './database/schema.ts';
import { forgetTraces, Presence, type Traces } from './database/traces.ts';
import { SqliteStore } from './store.ts';
import { errorOf } from './wire/failure.ts';
import { joinWorkers, startWorkers } from './workers.ts';

/** KiB. */
const backupCache = 2_000;

/** SQLite: the location of a store is its file, which is made if it is missing. */
export const sqlite: Driver = {
  scheme: 'sqlite',
  open,
  obstacleOf,
  join: joiner(),
  backup,
  reserve: reserveFile,
  discard: discardFile,
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
  const file: StoreFile = { path, identity: identityOf(path) };
  const store = new SqliteStore(path, { ...startWorkers(file), presence, log });
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
  return { store, ticket: () => ticketTo(file, store) };
}

/** How another thread reaches the file, and the writer. */
interface Ticket {
  readonly file: StoreFile;
  readonly port: MessagePort;
}

function ticketTo(file: StoreFile, store: SqliteStore): { ticket: Ticket; transfer: readonly Transferable[] } {
  const port = store.connect();
  return { ticket: { file, port }, transfer: [port] };
}

/** `Driver.join` of one thread. */
export function joiner(): (ticket: unknown) => Store {
  const writer = new Port();
  let joined: Store | undefined;
  return (ticket) => {
    const { file, port } = ticket as Ticket;
    writer.take(port);
    try {
      joined ??= new SqliteStore(file.path, joinWorkers(file, writer));
      return joined;
    } catch (error) {
      throw errorOf(error);
    }
  };
}

/** The target appears when it is complete. What is there already is refused: it may be a store in use, or what is left of one. */
async function backup(path: string, target: string): Promise<Outcome<void>> {
  try {
    const there = ['', '-wal', '-shm', '-journal'].map((part) => target + part).find(isThere);
    if (there !== undefined) return unusable(there, 'it is there already', 'Name another: a backup replaces nothing');
    const source = statSync(path, { throwIfNoEntry: false });
    if (source === undefined) return unusable(path, 'it does not exist', 'Name another file in HUFHIR_STORE');
    if (!source.isFile()) return unusable(path, 'it is no ordinary file', 'Name another file in HUFHIR_STORE');
    return await copyTo(path, target);
  } catch (error) {
    // The system tells of the files that are made, SQLite of the one that is read, unless the disk of the other is full.
    const isOfTarget = error instanceof Error && ('syscall' in error || /is full/.test(error.message));
    const obstacle = obstacleOf(isOfTarget ? target : path, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** A link that leads nowhere is there too. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Why a file is not copied; it is open already. */
function strangerTo(path: string, source: Connection): Failure | undefined {
  const pragma = (name: string): number => source.number({ text: `PRAGMA ${name}`, args: [] });
  if (pragma('application_id') !== applicationId) return foreign(path);
  const schema = pragma('user_version');
  return schema > schemaVersion ? newerSchema(path, schema) : undefined;
}

async function copyTo(path: string, target: string): Promise<Outcome<void>> {
  const partial = `${target}.partial`;
  await rm(partial, { force: true });
  // A connection of its own, since the copy holds its lock; and all pages in one step, since a copy in several begins
  // anew with each commit made meanwhile.
  const source = Connection.reader(path, backupCache);
  try {
    const stranger = strangerTo(path, source);
    if (stranger !== undefined) return stranger;
    makePrivate(partial);
    await copy(source.db, partial, { rate: 0x7fff_ffff });
    forgetTraces(partial);
    await rename(partial, target);
  } catch (error) {
    for (const part of ['', '-journal', '-wal', '-shm']) await rm(partial + part, { force: true });
    throw error;
  } finally {
    source.close();
  }
  await syncFolder(dirname(target));
  return undefined;
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
