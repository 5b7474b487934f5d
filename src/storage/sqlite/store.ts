import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup as copy } from 'node:sqlite';
import type { MessagePort } from 'node:worker_threads';
import { Failure, type Outcome } from '#errors';
import type { Plan } from '#search/model/filter.ts';
import { type Callee, Calls, connected, worker } from '#threads/calls.ts';
import { InlineCalls } from '#threads/inline-calls.ts';
import type {
  Commit,
  Conflict,
  HistoryQuery,
  Needs,
  Page,
  PatientRecord,
  Reindexed,
  Stats,
  Store,
  Transaction,
  Version,
} from '../store.ts';
import { BackgroundCheck, type StoreLog, warning } from './check/background.ts';
import { Connection } from './database/connection.ts';
import { sql } from './database/fragment.ts';
import { obstacleOf } from './database/obstacles.ts';
import { makePrivate, prepareFile } from './database/opening.ts';
import { checkNote, forgetTraces, Presence, type Traces } from './database/traces.ts';
import { lastSeq } from './planner/planner.ts';
import type { PackedPage } from './read/find.ts';
import type { PackedPatients } from './read/patients.ts';
import { PointReads } from './read/point.ts';
import { openReads, type ReaderMethods } from './read/reads.ts';
import { complete, type PackedCommit, packReindexed, packTransaction, unpackVersions } from './wire/pack.ts';
import type { WriterMethods } from './write/writer.ts';

/** KiB of pages that the connection of point reads keeps. */
const cache = 32_000;

const backupCache = 2_000;

/** Threads of long reads: one goes on answering while another works. */
const readers = 2;

const silent: StoreLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Opens the store in a file, which is made if it is missing; the failure says what keeps it from being one. A store that was not closed
 * is checked while it serves, which `log` tells.
 */
export async function openSqliteStore(path: string, log: StoreLog = silent): Promise<Outcome<Store>> {
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

async function openPrepared(path: string, traces: Traces, log: StoreLog): Promise<Store> {
  const presence = new Presence(path);
  const reader = () => new Calls<ReaderMethods>(worker(new URL('./read/reader.ts', import.meta.url), path));
  const store = new SqliteStore(path, {
    own: true,
    presence,
    writer: new Calls<WriterMethods>(worker(new URL('./write/writer.ts', import.meta.url), path)),
    readers: Array.from({ length: readers }, reader),
  });
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
  return store;
}

/** What `Store.share` of an SQLite store gives. */
interface SharedStore {
  readonly path: string;
  readonly port: MessagePort;
}

/**
 * Opens a store that another thread shares. This thread reads by itself, so its reads hold it up; what it writes goes to the thread
 * that writes for all. `onLost` is called when that one is gone: this store cannot write any more, and has to be opened anew.
 */
export function openSharedSqliteStore(shared: unknown, onLost: () => void): Store {
  const { path, port } = shared as SharedStore;
  port.on('close', onLost);
  return new SqliteStore(path, {
    own: false,
    writer: new Calls<WriterMethods>(connected(port)),
    readers: [new InlineCalls(openReads(path))],
  });
}

/** Gives back what `Store.share` gave, for a thread that has joined the store already. */
export function releaseSharedSqliteStore(shared: unknown): void {
  const { port } = shared as SharedStore;
  port.close();
}

/** Who works for a store. */
interface Workers {
  /** Whether the writer ends with the store. */
  readonly own: boolean;
  /** What says in the file that this process has it open. */
  readonly presence?: Presence;
  readonly writer: Calls<WriterMethods>;
  readonly readers: readonly Callee<ReaderMethods>[];
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #own: boolean;
  readonly #connection: Connection;
  readonly #points: PointReads;
  readonly #writer: Calls<WriterMethods>;
  readonly #readers: readonly Callee<ReaderMethods>[];

  readonly #presence: Presence | undefined;
  #check: BackgroundCheck | undefined;

  #closing: Promise<void> | undefined;

  constructor(path: string, { own, presence, writer, readers }: Workers) {
    this.#path = path;
    this.#own = own;
    this.#presence = presence;
    this.#connection = Connection.reader(path, cache);
    this.#points = new PointReads(this.#connection);
    this.#writer = writer;
    this.#readers = readers;
  }

  /** Resolves when every thread has opened the file. */
  async ready(): Promise<void> {
    await Promise.all([this.#writer.call('ready', null), ...this.#readers.map((reader) => reader.call('ready', null))]);
  }

  /** Begins a check beside all other work; it ends with the store. */
  checkMeanwhile(log: StoreLog): void {
    this.#check = new BackgroundCheck(this.#path, (value) => this.setNote(checkNote, value), log);
  }

  read(type: string, id: string, version?: number): Promise<Version | undefined> {
    return this.#points.read(type, id, version);
  }

  async history(query: HistoryQuery): Promise<Page> {
    return unpacked(await this.#reader().call('history', query));
  }

  async find(plan: Plan): Promise<Page> {
    return unpacked(await this.#reader().call('find', { plan, asked: Date.now() }));
  }

  async transact(transaction: Transaction): Promise<Commit | Conflict> {
    const packed = packTransaction(transaction);
    const memory = packed.pieces.flatMap(({ bytes, lengths }) => [bytes.buffer, lengths.buffer]);
    const bytes = memory.filter((buffer) => buffer instanceof ArrayBuffer);
    const result = await this.#writer.call('transact', packed, bytes);
    return 'conflict' in result ? result : committed(transaction, result);
  }

  async reindex(records: readonly Reindexed[]): Promise<void> {
    await this.#writer.call('reindex', records.map(packReindexed));
  }

  async note(name: string): Promise<string | undefined> {
    const value = this.#connection.row(sql`SELECT value FROM note WHERE name = ${name}`)?.[0];
    return value === undefined || value === null ? undefined : String(value);
  }

  setNote(name: string, value: string): Promise<void> {
    return this.#writer.call('setNote', { name, value });
  }

  async changes(after: number, limit: number): Promise<readonly Version[]> {
    return unpackVersions(await this.#reader().call('changes', { after, limit }));
  }

  async *scan(needs: Needs): AsyncIterable<readonly PatientRecord[]> {
    const step = (from: number): Promise<PackedPatients> => this.#reader().call('scan', { needs, from });
    let coming: Promise<PackedPatients> | undefined = step(0);
    while (coming !== undefined) {
      const chunk: PackedPatients = await coming;
      // Asked for before this one is handed out, so that reading and the consumer's work overlap.
      coming = chunk.next === undefined ? undefined : step(chunk.next);
      coming?.catch(() => undefined);
      if (chunk.sizes.length > 0) yield patients(chunk);
    }
  }

  pending(limit: number, after?: string): ReturnType<Store['pending']> {
    return this.#reader().call('pending', after === undefined ? { limit } : { limit, after });
  }

  async lastSeq(): Promise<number> {
    return lastSeq(this.#connection);
  }

  async stats(): Promise<Stats> {
    const counted = await this.#reader().call('stats', null);
    const sizes = [this.#path, `${this.#path}-wal`].map(
      async (file) => (await stat(file).catch(() => undefined))?.size,
    );
    const bytes = (await Promise.all(sizes)).reduce((sum: number, size) => sum + (size ?? 0), 0);
    return { ...counted, bytes };
  }

  lease(name: string, owner: string, ms: number): Promise<boolean> {
    return this.#writer.call('lease', { name, owner, ms });
  }

  secret(name: string): Promise<Uint8Array> {
    return this.#writer.call('secret', name);
  }

  /** The target appears when it is complete. An existing file is refused: it may be a store in use. */
  async backup(target: string): Promise<void> {
    if (existsSync(target)) throw new Error(`${target} exists already; a backup replaces nothing.`);
    const partial = `${target}.partial`;
    await rm(partial, { force: true });
    // A connection of its own, since the copy holds its lock; and all pages in one step, since a copy in several begins
    // anew with each commit made meanwhile.
    const source = Connection.reader(this.#path, backupCache);
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

  share(): ReturnType<Store['share']> {
    const port = this.#writer.connect();
    const shared: SharedStore = { path: this.#path, port };
    return { shared, transfer: [port] };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#check?.end();
      await Promise.allSettled(this.#readers.map((reader) => reader.call('close', null)));
      this.#points.answer();
      this.#connection.close();
      // Either comes after all that was sent before. Where another thread's writer is lost, nothing is left to wait for.
      if (this.#own) await this.#writer.call('close', null);
      else await this.#writer.call('ready', null).catch(() => undefined);
    } finally {
      await Promise.all([this.#writer, ...this.#readers].map((calls) => calls.end()));
      // The last connection folds the WAL into the file.
      this.#presence?.end();
    }
  }

  /** The reader with the least to do. */
  #reader(): Callee<ReaderMethods> {
    return this.#readers.reduce((least, reader) => (reader.load < least.load ? reader : least));
  }
}

/** A name is safe from a loss of power when its folder is on disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unpacked({ found, ...rest }: PackedPage): Page {
  return { found: unpackVersions(found), ...rest };
}

/** The writer tells numbers alone; the texts are here already. */
function committed({ writes }: Transaction, { lastUpdated, made }: PackedCommit): Commit {
  const versions = writes.map(({ type, id, method, draft }, i): Version | undefined => {
    const version = made[3 * i] ?? 0;
    const seq = made[3 * i + 1] ?? 0;
    if (version === 0) return undefined;
    const at = { type, id, version, seq, lastUpdated, created: made[3 * i + 2] === 1 };
    if (draft === undefined) return { ...at, method: 'DELETE', content: undefined };
    const content = complete(draft.head, draft.tail, version, lastUpdated);
    return { ...at, method, content };
  });
  return { versions };
}

function patients({ versions, sizes }: PackedPatients): readonly PatientRecord[] {
  const all = unpackVersions(versions);
  let start = 0;
  return sizes.flatMap((size) => {
    const [patient, ...records] = all.slice(start, start + size);
    start += size;
    return patient === undefined ? [] : [{ patient, records }];
  });
}
