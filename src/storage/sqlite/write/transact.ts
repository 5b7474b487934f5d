import type { Conflict, Guard } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { current, deleted, makingCode } from '../database/schema.ts';
import { IndexEntries, type Literal } from '../index/entries.ts';
import { LogicalReferences } from '../index/logical.ts';
import type { Planner } from '../planner/planner.ts';
import { findIds } from '../read/find.ts';
import { rightsCondition } from '../read/history.ts';
import {
  complete,
  type PackedCommit,
  type PackedReindexed,
  type PackedTransaction,
  type PackedWrite,
  unpackWrites,
} from '../wire/pack.ts';

/** What a resource was before a write. */
interface Head {
  readonly rid: number;
  readonly state: number;
  readonly version: number;
}

/** A resource that a write touched. */
interface Touched {
  readonly rid: number;
  readonly type: number;
  readonly write: number;
  readonly literals: readonly Literal[];
}

/** Writes of a failed transaction may still be there: the transaction of SQLite that holds them must not be committed. */
export class SavepointFailure extends Error {}

/** Applies transactions one after the other, inside a transaction of SQLite that the writer has begun. */
export class Transactor {
  readonly #connection: Connection;
  readonly #names: Names;
  readonly #selection: Planner;
  readonly #logical: LogicalReferences;
  readonly #entries: IndexEntries;
  #seq = 0;
  #lastUpdated = 0;

  constructor(connection: Connection, names: Names, selection: Planner) {
    this.#connection = connection;
    this.#names = names;
    this.#selection = selection;
    this.#entries = new IndexEntries(connection, names);
    this.#logical = new LogicalReferences(connection, names, this.#entries);
  }

  /** Takes up the count where the file has it: another process may have written since. */
  begin(): void {
    this.#names.begin();
    const last = this.#connection.row(sql`SELECT seq, last_updated FROM resource ORDER BY seq DESC LIMIT 1`);
    this.#seq = Number(last?.[0] ?? 0);
    this.#lastUpdated = Number(last?.[1] ?? 0);
  }

  /** Either all writes, or no trace of any. An exception leaves no trace either. */
  apply(transaction: PackedTransaction): PackedCommit | Conflict {
    const { db } = this.#connection;
    const seq = this.#seq;
    const lastUpdated = this.#lastUpdated;
    db.exec('SAVEPOINT one');
    let result: PackedCommit | Conflict | undefined;
    try {
      this.#logical.begin();
      result = this.#apply(transaction);
      return result;
    } finally {
      if (result === undefined || 'conflict' in result) {
        this.#seq = seq;
        this.#lastUpdated = lastUpdated;
        this.#names.rolledBack();
        // An error such as a full disk may have ended the whole transaction already.
        if (db.isTransaction) this.#endSavepoint('ROLLBACK TO one; RELEASE one');
      } else this.#endSavepoint('RELEASE one');
    }
  }

  #endSavepoint(text: string): void {
    try {
      this.#connection.db.exec(text);
    } catch (error) {
      throw new SavepointFailure('A transaction could be neither kept nor taken back.', { cause: error });
    }
  }

  #apply(transaction: PackedTransaction): PackedCommit | Conflict {
    const failed = this.#guards(transaction.guards);
    if (failed !== undefined) return failed;
    this.#lastUpdated = Math.max(this.#lastUpdated, Date.now());
    const made: number[] = [];
    const touched: Touched[] = [];
    let i = 0;
    for (const write of unpackWrites(transaction)) {
      const conflict = this.#write(transaction, write, i++, made, touched);
      if (conflict !== undefined) return conflict;
    }
    this.#logical.resolveAll();
    const conflict = this.#after(transaction, touched);
    return conflict ?? { lastUpdated: this.#lastUpdated, made };
  }

  /** Replaces the entries of what is still at the version that they were made from; of a deleted one, those of its last contents. */
  reindex(records: readonly PackedReindexed[]): void {
    this.#connection.db.exec('SAVEPOINT one');
    try {
      this.#logical.begin();
      for (const record of records) this.#reindex(record);
      this.#logical.resolveAll();
      this.#endSavepoint('RELEASE one');
    } catch (error) {
      this.#names.rolledBack();
      if (this.#connection.db.isTransaction) this.#endSavepoint('ROLLBACK TO one; RELEASE one');
      throw error;
    }
  }

  #reindex(record: PackedReindexed): void {
    const type = this.#names.internType(record.type);
    const head = this.#head(type, record.id);
    if (head?.state === deleted && head.version === record.version + 1)
      this.#entries.keepWithoutRows(head.rid, type, record);
    if (head?.state !== current || head.version !== record.version) return;
    const before = this.#logical.identifiers(head.rid, type);
    this.#entries.replace(head.rid, type, false, record);
    this.#logical.changed(before, this.#logical.identifiers(head.rid, type));
  }

  #guards(guards: readonly Guard[]): Conflict | undefined {
    for (const [guard, { plan, expect }] of guards.entries()) {
      const found = [...findIds(this.#connection, this.#selection, plan, expect.length + 1)].sort();
      const same = found.length === expect.length && found.every((id, i) => id === expect[i]);
      if (!same) return { conflict: 'guard', guard, found };
    }
    return undefined;
  }

  #write(
    transaction: PackedTransaction,
    write: PackedWrite,
    i: number,
    made: number[],
    touched: Touched[],
  ): Conflict | undefined {
    const type = this.#names.internType(write.type);
    const head = this.#head(type, write.id);
    const found = head?.state === current ? head.version : 0;
    if (write.head === null && found === 0 && write.expect <= 0) {
      made.push(0, 0, 1);
      return undefined;
    }
    // Before the version check, or a version number would be told to one who may not see the resource.
    if (head !== undefined && head.version > 0 && !this.#allowed(transaction, head.rid, type)) {
      return { conflict: 'rights', write: i };
    }
    if (write.expect >= 0 && write.expect !== found) return { conflict: 'version', write: i, found };
    const before = head !== undefined && found > 0 ? this.#logical.identifiers(head.rid, type) : [];
    const { rid, version } = this.#store(head, type, write);
    const literals = this.#index(rid, type, head, write);
    this.#logical.changed(before, write.head === null ? [] : this.#logical.identifiers(rid, type));
    made.push(version, this.#seq, found === 0 ? 1 : 0);
    touched.push({ rid, type, write: i, literals });
    return undefined;
  }

  #head(type: number, id: string): Head | undefined {
    const row = this.#connection.row(sql`SELECT rid, state, version FROM resource WHERE type = ${type} AND id = ${id}`);
    if (row === undefined) return undefined;
    const [rid, state, version] = row;
    return { rid: Number(rid), state: Number(state), version: Number(version) };
  }

  /** Makes the next version; the one before goes to history. */
  #store(head: Head | undefined, type: number, write: PackedWrite): { readonly rid: number; readonly version: number } {
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
    if (head === undefined) {
      const insert = this.#connection.statement(
        'INSERT INTO resource (type, id, state, version, seq, last_updated, method, content) VALUES (?,?,?,?,?,?,?,?)',
      );
      return { rid: Number(insert.run(type, write.id, ...fields).lastInsertRowid), version };
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

  #index(rid: number, type: number, head: Head | undefined, write: PackedWrite): readonly Literal[] {
    if (write.head === null) {
      this.#entries.removeRows(rid, type);
      return [];
    }
    return this.#entries.replace(rid, type, head?.state !== current, write);
  }

  /** What is judged once all writes are done and their logical references are resolved. */
  #after(transaction: PackedTransaction, touched: readonly Touched[]): Conflict | undefined {
    for (const { rid, type, write, literals } of touched) {
      if (!this.#allowed(transaction, rid, type)) return { conflict: 'rights', write };
      if (!transaction.strict) continue;
      for (const { param, reference, target } of literals) {
        const state = this.#connection.number(sql`SELECT state FROM resource WHERE rid = ${target}`);
        if (state !== current) return { conflict: 'reference', write, param, reference };
      }
    }
    return undefined;
  }

  #allowed({ rights }: PackedTransaction, rid: number, type: number): boolean {
    if (rights.op === 'all') return true;
    this.#selection.begin();
    const condition = rightsCondition(this.#selection, rights, sql`${rid}`, [type]);
    return this.#connection.row(sql`SELECT 1 WHERE ${condition}`) !== undefined;
  }
}
