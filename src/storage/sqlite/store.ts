import { randomUUID } from 'node:crypto';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { everything, type Plan } from '#search/model/filter.ts';
import type { Callee, Calls } from '#threads/calls.ts';
import type { StoreLog } from '../driver.ts';
import type { Jobs, Lease, Shelf } from '../shelf.ts';
import {
  type AuditEntry,
  type ChangeConditions,
  type Commit,
  type ConditionConflict,
  type Conflict,
  type HistoryQuery,
  type Needs,
  type Page,
  type PatientRecord,
  type ReadOptions,
  type Reindexed,
  type Stats,
  type Store,
  StoreUnavailable,
  type Touched,
  type Transaction,
  type Unavailable,
  type Version,
} from '../store.ts';
import { committed, patients, unpacked } from './answers.ts';
import { BackgroundCheck } from './check/background.ts';
import { Connection } from './database/connection.ts';
import { Names } from './database/names.ts';
import { tellsDamage } from './database/obstacles.ts';
import { checkSetting, type Presence, whole } from './database/traces.ts';
import { SqliteJobs } from './jobs.ts';
import { lastSeq } from './planner/planner.ts';
import type { PackedPatients } from './read/patients.ts';
import { type PointKey, PointReads } from './read/point.ts';
import type { ReaderMethods } from './read/reads.ts';
import { markOf, revisionOf, secretOf, settingOf } from './read/shelf.ts';
import { versionAt } from './read/versions.ts';
import { errorOf, orUnavailable } from './wire/failure.ts';
import { packReindexed, packTransaction, unpackVersions } from './wire/pack.ts';
import type { Workers } from './workers.ts';
import { ClockWatch } from './write/commit-clock.ts';
import type { WriterMethods } from './write/writer.ts';

/** KiB of pages that the connection of point reads keeps. */
const cache = 32_000;

/** Milliseconds between two looks for changes that other processes may make. */
const lookInterval = 100;

/** Milliseconds between two lines of the log about what keeps a store from its work. */
const tellInterval = 10_000;

/** Bytes of its disk below which a store is not taken for one that can be written. */
const leastRoom = 1024 * 1024;

/** Milliseconds that what readers are at may take when the store is closed. */
const closing = 10_000;

/** How often it is tried to find out what became of a transaction. */
const settling = 20;

/** A store in a file, whose schema is this program's. */
export class SqliteStore implements Store {
  readonly shelf: Shelf;
  readonly jobs: Jobs;
  readonly #path: string;
  readonly #own: boolean;
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #points: PointReads;
  readonly #writer: Calls<WriterMethods>;
  readonly #readers: readonly Callee<ReaderMethods>[];
  /** What the marks of its transactions begin with. */
  readonly #name = randomUUID();
  #transactions = 0;
  readonly #presence: Presence | undefined;
  readonly #log: StoreLog | undefined;
  readonly #clock: ClockWatch;
  #damage: string | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #check: BackgroundCheck | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, { own, presence, log, writer, readers }: Workers) {
    this.#path = path;
    this.#log = log;
    this.#clock = new ClockWatch(log);
    this.#own = own;
    this.#presence = presence;
    this.#connection = Connection.reader(path, cache);
    this.#names = new Names(this.#connection);
    this.#points = new PointReads(
      this.#connection,
      this.#names,
      (error) => this.#heard(error),
      own ? (key, options) => this.#readLarge(key, options) : undefined,
    );
    this.#writer = writer;
    this.#readers = readers;
    this.shelf = {
      setting: async (name) => this.#look(() => settingOf(this.#connection, name)),
      // One that is there is read: a full disk would keep the writer from telling it.
      key: async (name) =>
        this.#look(() => secretOf(this.#connection, name)) ?? (await orUnavailable(writer.call('key', name))),
      lease: (name, owner, ms) => orUnavailable(writer.call('lease', { name, owner, ms })),
      release: (lease: Lease) => orUnavailable(writer.call('release', lease)),
    };
    this.jobs = new SqliteJobs(this.#connection, writer);
  }

  /** Resolves when every thread has opened the file. */
  async ready(): Promise<void> {
    await Promise.all([this.#writer.call('ready', null), ...this.#readers.map((reader) => reader.call('ready', null))]);
  }

  /** Begins a check beside all other work; it ends with the store. */
  checkMeanwhile(log: StoreLog): void {
    const keep = (value: string): Promise<void> => {
      if (value !== whole) this.#damage ??= `it is damaged (problems found: ${value})`;
      return this.#keep({ [checkSetting]: value });
    };
    this.#check = new BackgroundCheck(this.#path, keep, log);
  }

  async #keep(settings: Transaction['settings'] & object): Promise<void> {
    const rights = { create: everything, update: everything, delete: everything };
    const made = await this.transact({ guards: [], writes: [], references: 'lenient', rights, settings });
    if ('conflict' in made) throw new StoreUnavailable(JSON.stringify(made));
  }

  read(type: string, id: string, version?: number, options: ReadOptions = {}): Promise<Version | undefined> {
    return this.#points.read({ type, id, ...(version !== undefined && { version }) }, options);
  }

  /** One whose text would hold up this thread while it is read and made a text of JavaScript. */
  async #readLarge(key: PointKey, { signal }: ReadOptions): Promise<Version | undefined> {
    return unpackVersions(await this.#asked(this.#reader().call('read', key, { signal }))).at(0);
  }

  async history(query: HistoryQuery, { signal, most }: ReadOptions = {}): Promise<Page> {
    const timed = { asked: query, at: Date.now(), ...(most !== undefined && { most }) };
    return unpacked(await this.#asked(this.#reader().call('history', timed, { signal })));
  }

  async find(plan: Plan, { signal, most }: ReadOptions = {}): Promise<Page> {
    const timed = { asked: plan, at: Date.now(), ...(most !== undefined && { most }) };
    return unpacked(await this.#asked(this.#reader().call('find', timed, { signal })));
  }

  async transact(transaction: Transaction, { signal }: ReadOptions = {}): Promise<Commit | Conflict> {
    this.#transactions += 1;
    const mark = `${this.#name} ${this.#transactions}`;
    const packed = packTransaction(transaction, mark);
    const memory = packed.pieces.flatMap(({ bytes, lengths }) => [bytes.buffer, lengths.buffer]);
    const transfer = memory.filter((buffer) => buffer instanceof ArrayBuffer);
    try {
      const result = await this.#writer.call('transact', packed, { transfer, signal, certain: true });
      if ('conflict' in result) return result;
      this.#clock.hear(result.clock);
      return committed(transaction, result);
    } catch (error) {
      signal?.throwIfAborted();
      return this.#settle(transaction, mark, error);
    }
  }

  /**
   * A transaction whose answer was lost: its mark tells whether it was committed. No thread that was lost commits any more, and one that
   * lives has told that it did not.
   */
  async #settle(transaction: Transaction, mark: string, cause: unknown): Promise<Commit | Conflict> {
    const error = this.#heard(cause);
    for (let tried = 0; ; tried++) {
      try {
        const made = this.#madeBy(transaction, mark);
        if (made !== undefined) return made;
        if (error instanceof StoreUnavailable) return { conflict: 'unavailable', reason: error.message };
        throw error;
      } catch (unread) {
        if (unread === error) throw error;
        const unreadable = errorOf(unread);
        if (!(unreadable instanceof StoreUnavailable)) throw unreadable;
        if (tried === settling) return { conflict: 'unknown', reason: unreadable.message };
      }
      await setTimeout(lookInterval);
    }
  }

  /** What the transaction of a mark made; undefined if it was not committed. */
  #madeBy({ writes }: Transaction, mark: string): Commit | undefined {
    const made = markOf(this.#connection, mark);
    if (made === undefined) return undefined;
    const versions = new Map<string, Version>();
    for (let seq = made.after + 1; seq <= made.last; seq++) {
      const { version } = versionAt(this.#connection, this.#names, seq);
      versions.set(`${version.type}/${version.id}`, version);
    }
    return { versions: writes.map(({ type, id }) => versions.get(`${type}/${id}`)) };
  }

  reindex(records: readonly Reindexed[], conditions: ChangeConditions): Promise<ConditionConflict | undefined> {
    return this.#asked(this.#writer.call('reindex', { records: records.map(packReindexed), conditions }));
  }

  async changes(after: number, limit: number, wait = 0, options: ReadOptions = {}): Promise<readonly Version[]> {
    const { signal, most } = options;
    const end = performance.now() + wait;
    for (;;) {
      const left = end - performance.now();
      if (left <= 0 || (await this.lastSeq()) > after) break;
      await setTimeout(Math.min(left, lookInterval), undefined, signal && { signal });
    }
    const asked = { after, limit, ...(most !== undefined && { most }) };
    return unpackVersions(await this.#asked(this.#reader().call('changes', asked, { signal })));
  }

  touched(after: number, limit: number): Promise<Touched> {
    return this.#asked(this.#reader().call('touched', { after, limit }));
  }

  async *scan(needs: Needs, { signal }: ReadOptions = {}): AsyncIterable<readonly PatientRecord[]> {
    const step = (from: number): Promise<PackedPatients> =>
      this.#asked(this.#reader().call('scan', { needs, from }, { signal }));
    let coming: Promise<PackedPatients> | undefined = step(0);
    while (coming !== undefined) {
      const chunk: PackedPatients = await coming;
      // Asked for before this one is handed out, so that reading and the consumer's work overlap.
      coming = chunk.next === undefined ? undefined : step(chunk.next);
      coming?.catch(() => undefined);
      if (chunk.sizes.length > 0) yield patients(chunk);
    }
  }

  results(key: string, limit: number, after?: string): ReturnType<Store['results']> {
    const asked = after === undefined ? { key, limit } : { key, limit, after };
    return this.#asked(this.#reader().call('results', asked));
  }

  audit(after: number, limit: number): Promise<readonly AuditEntry[]> {
    return this.#asked(this.#reader().call('audit', { after, limit }));
  }

  pending(limit: number, after?: string): ReturnType<Store['pending']> {
    return this.#asked(this.#reader().call('pending', after === undefined ? { limit } : { limit, after }));
  }

  async lastSeq(): Promise<number> {
    return this.#look(() => lastSeq(this.#connection));
  }

  async revision(): Promise<number> {
    return this.#look(() => revisionOf(this.#connection));
  }

  async stats(): Promise<Stats> {
    const queue = this.#writer.load;
    const kept = await this.#asked(this.#reader().call('stats', null));
    const done = await this.#asked(this.#writer.call('counts', null));
    const sizes = [this.#path, `${this.#path}-wal`].map(
      async (file) => (await stat(file).catch(() => undefined))?.size,
    );
    const bytes = (await Promise.all(sizes)).reduce((sum: number, size) => sum + (size ?? 0), 0);
    return { ...kept, ...done, queue, bytes };
  }

  async probe(): Promise<Unavailable | undefined> {
    if (this.#damage !== undefined) return { conflict: 'unavailable', reason: this.#damage };
    try {
      // Where the folder is gone, the writer says so.
      const { bavail, bsize } = await statfs(dirname(this.#path)).catch(() => ({ bavail: 1, bsize: leastRoom }));
      if (bavail * bsize < leastRoom) return { conflict: 'unavailable', reason: 'its disk is almost full' };
      await this.#asked(this.#writer.call('probe', null));
      return undefined;
    } catch (error) {
      if (error instanceof StoreUnavailable) return { conflict: 'unavailable', reason: error.message };
      throw error;
    }
  }

  /** A port through which another thread writes. */
  connect(): MessagePort {
    return this.#writer.connect();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#check?.end();
      const closed = Promise.allSettled(this.#readers.map((reader) => reader.call('close', null)));
      // One that does not come to its end, in a damaged file, is ended with its thread.
      await Promise.race([closed, setTimeout(closing, undefined, { ref: false })]);
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

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#heard(error);
    }
  }

  /** What a failure means. Damage does not go away; what else keeps the store from its work is told now and then. */
  #heard(failure: unknown): unknown {
    const error = errorOf(failure);
    if (!(error instanceof StoreUnavailable) || this.#closing !== undefined) return error;
    const isDamage = tellsDamage(error);
    if (isDamage) this.#damage ??= error.message;
    const now = performance.now();
    if (now - this.#toldAt < tellInterval) return error;
    this.#toldAt = now;
    const todo = isDamage ? '; restore a backup' : '';
    this.#log?.error(`${this.#path} cannot be used: ${error.message}${todo}.`);
    return error;
  }

  /** A look of a few microseconds, which this thread takes itself. */
  #look<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      throw this.#heard(error);
    }
  }
}
