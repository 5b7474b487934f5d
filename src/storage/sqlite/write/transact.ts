import type { Filter } from '#search/model/filter.ts';
import { check, isNothing, type StateBefore, type WriteHead } from '../../check.ts';
import type { ChangeConditions, ConditionConflict, Conflict } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { awaited, current, deleted, makingCode } from '../database/schema.ts';
import { IndexEntries } from '../index/entries.ts';
import { Kept } from '../index/kept.ts';
import { LogicalReferences } from '../index/logical.ts';
import type { Planner } from '../planner/planner.ts';
import { TimeLimitExceeded } from '../planner/sql-functions.ts';
import { rightsCondition } from '../read/history.ts';
import { revisionOf } from '../read/shelf.ts';
import {
  complete,
  type PackedCommit,
  type PackedReindexed,
  type PackedTransaction,
  type PackedWrite,
  unpackHeads,
  unpackLiterals,
  unpackWrites,
} from '../wire/pack.ts';
import { appendAudit, keepResults, newest, replaceConcepts } from './beside.ts';
import { CommitClock } from './commit-clock.ts';
import { Guards } from './guards.ts';
import type { ShelfWriter } from './shelf.ts';
import { conceptSets, UnversionedChanges } from './unversioned.ts';

/** What a resource was before a write. */
interface Head {
  readonly rid: number;
  readonly state: number;
  readonly version: number;
}

/** What a write is about. */
interface Target {
  readonly type: number;
  readonly id: string;
  readonly expect: number | undefined;
  readonly head: Head | undefined;
}

/** A resource that a write touched. */
interface WrittenResource {
  readonly rid: number;
  readonly type: number;
  readonly write: number;
  /** What it must satisfy now. */
  readonly rights: Filter;
}

/** Writes of a failed transaction may still be there: the transaction of SQLite that holds them must not be committed. */
export class SavepointFailure extends Error {}

/** Applies transactions one after the other, inside a transaction of SQLite that the writer has begun. */
export class Transactor {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #selection: Planner;
  readonly #shelf: ShelfWriter;
  readonly #kept: Kept;
  readonly #logical: LogicalReferences;
  readonly #entries: IndexEntries;
  readonly #unversioned: UnversionedChanges;
  readonly #guards: Guards;
  #seq = 0;
  #lastUpdated = 0;
  readonly #clock = new CommitClock();

  constructor(connection: Connection, names: Names, selection: Planner, shelf: ShelfWriter) {
    this.#connection = connection;
    this.#names = names;
    this.#selection = selection;
    this.#shelf = shelf;
    this.#kept = new Kept(connection);
    this.#entries = new IndexEntries(connection, names, this.#kept);
    this.#logical = new LogicalReferences(connection, names, this.#entries, this.#kept);
    this.#unversioned = new UnversionedChanges(connection, shelf);
    this.#guards = new Guards(connection, selection, this.#unversioned);
  }

  /** To be called before a group. Takes up the count where the file has it: another process may have written since. */
  begin(): void {
    this.#names.begin();
    this.#kept.begin();
    const last = this.#connection.row(sql`SELECT seq, last_updated FROM resource ORDER BY seq DESC LIMIT 1`);
    this.#seq = Number(last?.[0] ?? 0);
    this.#lastUpdated = Number(last?.[1] ?? 0);
  }

  /** To be called at the end of a group. */
  end(): void {
    this.#kept.write();
  }

  /** Either all writes, or no trace of any. An exception leaves no trace either. */
  transact(transaction: PackedTransaction): PackedCommit | Conflict {
    const seq = this.#seq;
    const lastUpdated = this.#lastUpdated;
    const result = this.#atomically(
      () => this.#checkAndApply(transaction),
      (made) => !('conflict' in made),
    );
    if (!('conflict' in result)) return result;
    this.#seq = seq;
    this.#lastUpdated = lastUpdated;
    return result;
  }

  /** Replaces the entries of what is still at the version that they were made from; of a deleted one, those of its last contents. */
  reindex(records: readonly PackedReindexed[], conditions: ChangeConditions): ConditionConflict | undefined {
    const { revision, lease } = conditions;
    if (!this.#shelf.holds(lease)) return { conflict: 'lease' };
    const found = revisionOf(this.#connection);
    if (revision !== undefined && revision !== found) return { conflict: 'revision', found };
    this.#atomically(
      () => {
        for (const record of records) this.#reindex(record);
        this.#logical.resolveAll();
        this.#noteRevised(this.#seq);
      },
      () => true,
    );
    return undefined;
  }

  /** In a savepoint, which is taken back if the work fails or its result is not to be kept. */
  #atomically<T>(work: () => T, isKept: (result: T) => boolean): T {
    const { db } = this.#connection;
    db.exec('SAVEPOINT one');
    this.#logical.begin();
    this.#entries.begin();
    let kept = false;
    try {
      const result = work();
      kept = isKept(result);
      return result;
    } finally {
      if (kept) {
        this.#kept.transactionDone(this.#seq);
        this.#endSavepoint('RELEASE one');
      } else {
        this.#kept.transactionUndone();
        this.#names.rolledBack();
        // An error such as a full disk may have ended the whole transaction already.
        if (db.isTransaction) this.#endSavepoint('ROLLBACK TO one; RELEASE one');
      }
    }
  }

  #endSavepoint(text: string): void {
    try {
      this.#connection.db.exec(text);
    } catch (error) {
      throw new SavepointFailure('A transaction could be neither kept nor taken back.', { cause: error });
    }
  }

  #checkAndApply(transaction: PackedTransaction): PackedCommit | Conflict {
    const heads = unpackHeads(transaction);
    const before = heads.map(({ type, id }) => this.#head(this.#names.internType(type), id));
    try {
      return this.#check(transaction, heads, before) ?? this.#apply(transaction, heads, before);
    } catch (error) {
      if (error instanceof TimeLimitExceeded) return { conflict: 'timeout', part: error.message };
      throw error;
    }
  }

  #check(
    transaction: PackedTransaction,
    heads: readonly WriteHead[],
    before: readonly (Head | undefined)[],
  ): Conflict | undefined {
    const { guards, revision, rights, timeout, lease, results } = transaction;
    this.#guards.begin(timeout);
    this.#guards.look(this.#seq);
    const literals = unpackLiterals(transaction);
    const state: StateBefore = {
      lastSeq: this.#seq,
      revision: revisionOf(this.#connection),
      leased: this.#shelf.holds(lease),
      guards: guards.map((guard) => this.#guards.found(guard, guard.expect.length + 1)),
      written: before.map((head, i) => {
        const type = this.#names.internType(heads[i]?.type ?? '');
        const filter = heads[i]?.deletes ? rights.delete : rights.update;
        const known = head !== undefined && head.version > 0;
        return {
          version: head?.state === current ? head.version : 0,
          allowed: !known || this.#allowed(filter, head.rid, type),
        };
      }),
      targets: literals.map(({ type, id }) => this.#head(this.#names.internType(type), id)?.state === current),
    };
    const computedFrom = results === undefined ? 0 : newest(results);
    return check({ revision, guards, heads, literals, computedFrom }, state);
  }

  /** The first write whose criteria would not find it again, or not it alone. */
  #unmet({ criteria, guards }: PackedTransaction, heads: readonly WriteHead[]): Conflict | undefined {
    if (criteria.length === 0) return undefined;
    this.#guards.look(this.#seq);
    for (const [write, plan, guard] of criteria) {
      const found = this.#guards.found(guards[guard] ?? { plan, expect: [] }, 2).slice(0, 2);
      if (found.length !== 1 || found[0] !== heads[write]?.id) return { conflict: 'criteria', write, found };
    }
    return undefined;
  }

  #apply(
    transaction: PackedTransaction,
    heads: readonly WriteHead[],
    before: readonly (Head | undefined)[],
  ): PackedCommit | Conflict {
    this.#lastUpdated = this.#clock.after(this.#lastUpdated);
    const after = this.#seq;
    const made: number[] = [];
    const touched: WrittenResource[] = [];
    let i = 0;
    for (const write of unpackWrites(transaction)) {
      this.#write(transaction, this.#target(heads, before, i), write, i, made, touched);
      i += 1;
    }
    this.#logical.resolveAll();
    this.#noteRevised(after);
    const { settings = {}, raises = false, audit, concepts, results, mark } = transaction;
    if (concepts !== undefined) {
      replaceConcepts(this.#connection, this.#names, concepts);
      this.#unversioned.note(conceptSets, after);
    }
    for (const { rid, type, write, rights } of touched) {
      if (!this.#allowed(rights, rid, type)) return { conflict: 'rights', write };
    }
    const unmet = this.#unmet(transaction, heads);
    if (unmet !== undefined) return unmet;
    if (audit !== undefined) appendAudit(this.#connection, audit, this.#lastUpdated);
    if (results !== undefined) keepResults(this.#connection, this.#names, results);
    this.#shelf.keep(settings);
    if (raises) this.#shelf.raise();
    this.#shelf.mark(mark, after, this.#seq);
    return { lastUpdated: this.#lastUpdated, made, clock: this.#clock.found };
  }

  /** A resource that was not there may have got its row meanwhile: a write before this one refers to it. */
  #target(heads: readonly WriteHead[], before: readonly (Head | undefined)[], i: number): Target {
    const head = heads[i];
    if (head === undefined) throw new Error('A transaction has more writes than it names.');
    const type = this.#names.internType(head.type);
    const known = before[i] ?? (this.#entries.awaiting ? this.#head(type, head.id) : undefined);
    return { type, id: head.id, expect: head.expect, head: known };
  }

  #write(
    { rights }: PackedTransaction,
    { type, id, expect, head }: Target,
    write: PackedWrite,
    place: number,
    made: number[],
    touched: WrittenResource[],
  ): void {
    const found = head?.state === current ? head.version : 0;
    const deletes = write.head === null;
    if (isNothing(deletes, found, expect)) {
      made.push(0, 0, 1);
      return;
    }
    const had = head !== undefined && found > 0 ? this.#logical.identifiers(head.rid, type) : [];
    if (head?.state === awaited) this.#entries.arrived(head.rid);
    const { rid, version } = this.#store(head, type, id, write);
    this.#index(rid, type, head, write);
    this.#logical.changed(had, deletes ? [] : this.#logical.identifiers(rid, type));
    made.push(version, this.#seq, found === 0 ? 1 : 0);
    const rightsNow = deletes ? rights.delete : found === 0 ? rights.create : rights.update;
    touched.push({ rid, type, write: place, rights: rightsNow });
  }

  #reindex(record: PackedReindexed): void {
    const type = this.#names.internType(record.type);
    const head = this.#head(type, record.id);
    if (head?.state === deleted && head.version === record.version + 1)
      this.#entries.keepWithoutRows(head.rid, type, record);
    if (head?.state !== current || head.version !== record.version) return;
    const before = this.#logical.identifiers(head.rid, type);
    this.#entries.renew(head.rid, type, record);
    this.#logical.changed(before, this.#logical.identifiers(head.rid, type));
  }

  /** `seq` is that of the state before. */
  #noteRevised(seq: number): void {
    for (const type of this.#entries.revised) this.#unversioned.note(this.#names.typeName(type), seq);
  }

  #head(type: number, id: string): Head | undefined {
    const row = this.#connection.row(sql`SELECT rid, state, version FROM resource WHERE type = ${type} AND id = ${id}`);
    if (row === undefined) return undefined;
    const [rid, state, version] = row;
    return { rid: Number(rid), state: Number(state), version: Number(version) };
  }

  /** Makes the next version; the one before goes to history. */
  #store(
    head: Head | undefined,
    type: number,
    id: string,
    write: PackedWrite,
  ): { readonly rid: number; readonly version: number } {
    const version = (head?.version ?? 0) + 1;
    this.#seq += 1;
    const gone = write.head === null;
    const content = write.head === null ? null : complete(write.head, write.tail, version, this.#lastUpdated);
    const fields = [
      gone ? deleted : current,
      version,
      this.#seq,
      this.#lastUpdated,
      gone ? makingCode('DELETE', false) : makingCode(write.method, head?.state !== current),
      content,
    ] as const;
    if (gone) this.#kept.count(type, -1);
    else if (head?.state !== current) this.#kept.count(type, 1);
    if (head === undefined) {
      const insert = this.#connection.statement(
        'INSERT INTO resource (type, id, state, version, seq, last_updated, method, content) VALUES (?,?,?,?,?,?,?,?)',
      );
      return { rid: Number(insert.run(type, id, ...fields).lastInsertRowid), version };
    }
    if (head.version > 0) {
      this.#connection.run(
        `INSERT INTO history (seq, rid, type, version, last_updated, method, content)
         SELECT seq, rid, type, version, last_updated, method, content FROM resource WHERE rid = ?`,
        head.rid,
      );
    }
    const text = `UPDATE resource SET state = ?, version = ?, seq = ?, last_updated = ?, method = ?, content = ?
                  WHERE rid = ?`;
    this.#connection.run(text, ...fields, head.rid);
    return { rid: head.rid, version };
  }

  #index(rid: number, type: number, head: Head | undefined, write: PackedWrite): void {
    if (write.head === null) this.#entries.removeRows(rid, type);
    else this.#entries.replace(rid, type, head?.state !== current, write);
  }

  #allowed(rights: Filter, rid: number, type: number): boolean {
    if (rights.op === 'all') return true;
    this.#selection.begin();
    const condition = rightsCondition(this.#selection, rights, sql`${rid}`, [type]);
    return this.#connection.row(sql`SELECT 1 WHERE ${condition}`) !== undefined;
  }
}
