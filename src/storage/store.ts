import { type Failure, fail } from '#errors';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Filter, Plan } from '#search/model/filter.ts';
import type { Jobs, Lease, Shelf } from './shelf.ts';
import { unavailable } from './unavailable.ts';

/**
 * The store: one interface, one contract suite (test/contract), one folder per adapter. A store keeps JSON texts and
 * finished index entries. It knows no FHIRPath, no parser and no policy, and gives nobody a handle to an open
 * transaction.
 */

export type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One version of a resource. */
export interface Version {
  readonly type: string;
  readonly id: string;
  /** From 1, continued after a deletion. */
  readonly version: number;
  /** The store's own count of versions, in the order of commits; history, `_since` paging and cursors go by it. */
  readonly seq: number;
  /** Milliseconds since 1970; never smaller than that of a lower seq. */
  readonly lastUpdated: number;
  /** The interaction that made the version. */
  readonly method: Method;
  /** No current version stood before it: the resource never existed, or was deleted. */
  readonly created: boolean;
  /** The whole JSON text; undefined in the version that a deletion made. */
  readonly content: string | undefined;
}

/** A resource's JSON text, open at the place in `meta` where the store writes `"versionId":"…","lastUpdated":"…"`. */
export interface Draft {
  readonly head: string;
  readonly tail: string;
}

export interface Write {
  readonly method: Method;
  readonly type: string;
  readonly id: string;
  /** Undefined deletes. Deleting what is not there, or is deleted already, writes nothing and is no error. */
  readonly draft: Draft | undefined;
  /** Called once, when the store takes the write: the records of a large bundle would not fit beside each other. */
  readonly index: () => IndexRecord;
  /** The version that must be current for the write to happen: 0 asks that none is (never existed, or deleted). */
  readonly expect?: number;
  /**
   * The criteria that led to the write: once all is written, they must lead to this resource, and to no other. Where they are the plan
   * of a guard (the same object), what that found is not looked for again.
   */
  readonly criteria?: Plan;
}

/** A criterion of the request, checked again inside the transaction, against the state before its writes. */
export interface Guard {
  readonly plan: Plan;
  /** The ids of all its matches, sorted. */
  readonly expect: readonly string[];
  /**
   * The `Page.seq` of the state in which these were found, of several pages the lowest: what was not changed since is not looked at
   * again. Absent: all of it is.
   */
  readonly seq?: number;
}

/** What a resource must satisfy to be written: `create` once it is there, `update` before and after, `delete` before. */
export interface WriteRights {
  readonly create: Filter;
  readonly update: Filter;
  readonly delete: Filter;
}

/** What must hold in the store for a change to be made. */
export interface ChangeConditions {
  /** The revision of the definitions that the change was prepared with. Absent where it rests on none. */
  readonly revision?: number;
  /** The lease under which it is made: it must not be another's by now. */
  readonly lease?: Lease;
}

export interface Transaction extends ChangeConditions {
  readonly guards: readonly Guard[];
  /** No resource stands twice. */
  readonly writes: readonly Write[];
  /** `strict`: every literal reference of the writes must lead to a resource that exists when they are done. */
  readonly references: 'lenient' | 'strict';
  readonly rights: WriteRights;
  /** Milliseconds that guards, and criteria after the writes, may take together; absent: they take their time. */
  readonly timeout?: number;
  /** Settings kept with the writes; `undefined` forgets one. */
  readonly settings?: Readonly<Record<string, string | undefined>>;
  /** It changes definitions: the revision of the store is raised. */
  readonly raises?: boolean;
  /** Texts that are appended to the audit. */
  readonly audit?: readonly string[];
  /**
   * Sets of concepts: each replaces all rows of its name, `undefined` forgets them. Guards, and rights before the writes, see the sets
   * before; rights after them see these.
   */
  readonly concepts?: Readonly<Record<string, readonly ConceptRow[] | undefined>>;
  /** Results that are kept, by what was computed; `undefined` forgets all of a key. */
  readonly results?: Readonly<Record<string, readonly KeptResult[] | undefined>>;
}

/** The conditions of a change do not hold. */
export type ConditionConflict =
  | { readonly conflict: 'revision'; readonly found: number }
  | { readonly conflict: 'lease' };

/** Why a transaction was not made; nothing of it was stored. */
export type Conflict =
  | ConditionConflict
  | { readonly conflict: 'version'; readonly write: number; readonly found: number }
  | { readonly conflict: 'guard'; readonly guard: number; readonly found: readonly string[] }
  | { readonly conflict: 'reference'; readonly write: number; readonly param: string; readonly reference: string }
  | { readonly conflict: 'rights'; readonly write: number }
  /** What they find, as far as it tells: at most two. */
  | { readonly conflict: 'criteria'; readonly write: number; readonly found: readonly string[] }
  /** The time of the guards was over: what most of it went into. */
  | { readonly conflict: 'timeout'; readonly part: string }
  /** The engine cannot write now: a full disk, a lost file, a thread that ended. */
  | Unavailable
  /** The one exception: its answer was lost, and the store cannot be asked whether it was made. */
  | { readonly conflict: 'unknown'; readonly reason: string };

/** The engine cannot work now, and says why. */
export interface Unavailable {
  readonly conflict: 'unavailable';
  readonly reason: string;
}

/**
 * What a read rejects with where the engine cannot work now: no reader could do anything about it but pass it on, so that it is no
 * value until the one place that answers it.
 */
export class StoreUnavailable extends Error {
  /** What is answered. */
  toFailure(): Failure {
    return unavailable(this.message);
  }
}

/** The engine is well, but more reads wait for it than may, of this client or of all. */
export class StoreBusy extends StoreUnavailable {
  readonly #found: number;
  readonly #expected: number;
  constructor(found: number, expected: number) {
    super(`${found} reads wait for it`);
    this.#found = found;
    this.#expected = expected;
  }

  override toFailure(): Failure {
    return fail('store-busy', { found: this.#found, expected: this.#expected });
  }
}

/** How a read is asked for. */
export interface ReadOptions {
  /** Who asks: reads of one client wait behind each other, those of others do not. Absent: the server itself. */
  readonly client?: string;
  /** Ends when nobody waits for the answer any more: the read is given up, and rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of texts that the caller's thread can bear: a read that would give more rejects with TooHeavy. */
  readonly most?: number | undefined;
}

/** What a read rejects with that would bring more than was asked for: whoever began the request has it done where that holds up nobody. */
export class TooHeavy extends Error {
  /** Bytes that the read has to give. */
  readonly size: number;
  constructor(size: number) {
    super(`${size} bytes are too much for this thread`);
    this.size = size;
  }
}

/** The versions that the writes made, in their order; undefined where a deletion found nothing to delete. */
export interface Commit {
  readonly versions: readonly (Version | undefined)[];
}

export interface Page {
  readonly found: readonly Version[];
  /**
   * Where this page ended, if more follow; goes into `Plan.after`. A page may be shorter than its limit where the texts are
   * long.
   */
  readonly next?: string;
  /** Present if the plan asked for it. */
  readonly total?: number;
  /** Present if the plan asked for it. */
  readonly explanation?: Explanation;
  /** The timeout was over: what most of the time went into. Nothing is found then. */
  readonly exceeded?: string;
  /** Of a search: the revision of the definitions that were in force in the state that it shows. */
  readonly revision?: number;
  /** Of a search: the `lastSeq` of that state. */
  readonly seq?: number;
  /** Milliseconds that the engine worked for it, without its waiting. */
  readonly spent?: number;
}

/** One step of a search, in the order in which the store made them. */
export interface ExplainedStep {
  /** What it does, as an index of the store knows it: `start`, `check`, `chain`, `sort`, `total` … */
  readonly step: string;
  /** The part of the search that it serves, in words. */
  readonly part: string;
  /** Rows that the planner reckoned with; absent where it made no estimate. */
  readonly estimated?: number;
  /** Rows that there were. */
  readonly rows: number;
  /** Absent where the time is part of a later step's: rows are checked while a page is read. */
  readonly milliseconds?: number;
}

/** How a page was found (`_explain`). */
export interface Explanation {
  readonly steps: readonly ExplainedStep[];
  readonly milliseconds: number;
}

/** The entries of a resource that is stored already. */
export interface Reindexed {
  readonly type: string;
  readonly id: string;
  /** The version that the entries were made from: another one has entries of its own. */
  readonly version: number;
  readonly index: IndexRecord;
}

export interface HistoryQuery {
  readonly type?: string;
  readonly id?: string;
  /** Milliseconds since 1970: versions made at or after. */
  readonly since?: number;
  /** Milliseconds since 1970: versions that were current at or before this time were made at or before it (`_at`). */
  readonly until?: number;
  /** Milliseconds since 1970: versions that another had replaced before this time are left out (the start of `_at`). */
  readonly currentFrom?: number;
  readonly limit: number;
  /** Versions with a lower seq than this. */
  readonly before?: number;
  /** The page tells how many versions there are, whatever its limit and `before`. */
  readonly total?: boolean;
  /** Milliseconds, as in a Plan. */
  readonly timeout?: number;
  /** What the current state of the resource must satisfy; deleted ones are judged by their last contents. */
  readonly rights: Filter;
}

/** A target that has not arrived, and a resource that refers to it: one for each such pair. */
export interface Pending {
  readonly type: string;
  readonly id: string;
  /** One of the parameters under which the reference stands. */
  readonly param: string;
  /** `Type/id` of a literal reference; `identifier` (the system alone is told) of a logical one. */
  readonly target: string;
  /** Milliseconds since 1970 of the referring version. */
  readonly since: number;
}

/** What a measure needs of each Patient: itself and the resources of these types in its compartment. */
export interface Needs {
  readonly types: readonly string[];
  /** Patient ids; undefined means all, in the order of creation. */
  readonly patients?: readonly string[];
  /** What each Patient and each record must satisfy. */
  readonly rights: Filter;
}

export interface PatientRecord {
  readonly patient: Version;
  readonly records: readonly Version[];
}

/** Patients by a change of what is in their compartment. */
export interface Touched {
  /** Ids, in the order of their last change. */
  readonly patients: readonly string[];
  /** What to ask for next; the same as was asked for if nothing was touched. */
  readonly after: number;
}

/** A text of the audit, as it was appended. */
export interface AuditEntry {
  /** From 1; entries of one transaction follow each other. Where one can be read, none with a lower number is still to come. */
  readonly number: number;
  /** Milliseconds since 1970 of the commit; never smaller than that of a lower number. */
  readonly time: number;
  readonly text: string;
}

/** What a Test of kind `concept` finds: a token with this code and this system, `''` for none. */
export interface ConceptRow {
  readonly system: string;
  readonly code: string;
}

/** What was computed of a Patient's compartment, such as a measure with its parameters. */
export interface KeptResult {
  /** The id of the Patient; of one that was never stored nothing is kept. */
  readonly patient: string;
  /**
   * The store's `lastSeq` before the computation read anything: a change that it may have missed has a higher one. What was computed
   * from an older state than what is kept does not replace it.
   */
  readonly seq: number;
  /** A small text. */
  readonly value: string;
}

export interface Stats {
  /** Current resources by type. */
  readonly resources: Readonly<Record<string, number>>;
  readonly lastSeq: number;
  /** Pending references, as `pending` lists them. */
  readonly pending: number;
  /** Bytes on disk, as far as the store can tell. */
  readonly bytes: number;
  /** Problems that the check after an unclean end found; 0 where none was due, or it has not ended. */
  readonly problems: number;
  readonly revision: number;
  /** Of this process: transactions that wait, groups that were committed, and transactions in them. */
  readonly queue: number;
  readonly groups: number;
  readonly transactions: number;
}

export interface Store {
  readonly jobs: Jobs;
  /** The current version, or the one asked for; undefined if there is none. Deleted ones come without content. */
  read(type: string, id: string, version?: number, options?: ReadOptions): Promise<Version | undefined>;
  /** Newest first. */
  history(query: HistoryQuery, options?: ReadOptions): Promise<Page>;
  find(plan: Plan, options?: ReadOptions): Promise<Page>;
  /** Durable when it resolves. All or nothing. What was committed is told, whatever happened to the engine meanwhile. */
  transact(transaction: Transaction, options?: Pick<ReadOptions, 'client' | 'signal'>): Promise<Commit | Conflict>;
  /** Replaces index entries, and makes no version: for definitions that came later than the resources. */
  reindex(records: readonly Reindexed[], conditions: ChangeConditions): Promise<ConditionConflict | undefined>;
  /**
   * Versions with a higher seq, oldest first; fewer than `limit` where their texts are long, none if none follows. `wait` is how many
   * milliseconds it waits for the first.
   */
  changes(after: number, limit: number, wait?: number, options?: ReadOptions): Promise<readonly Version[]>;
  /**
   * Patients whose compartment changed by a version with a higher seq: of a record that moved, the former one too. Each comes with its
   * last change alone; `limit` may be exceeded by what one commit touched.
   */
  touched(after: number, limit: number, options?: ReadOptions): Promise<Touched>;
  /** Chunks of Patients, each from one consistent state. */
  scan(needs: Needs, options?: ReadOptions): AsyncIterable<readonly PatientRecord[]>;
  /**
   * The results kept under a key that still hold: no version with a higher seq touched the Patient's compartment. In an order of Patients
   * that stays; `after` is the `next` of the page before.
   */
  results(
    key: string,
    limit: number,
    after?: string,
    options?: ReadOptions,
  ): Promise<{ readonly found: readonly KeptResult[]; readonly next?: string }>;
  /** Entries with a higher number, in their order. Nothing changes one, or takes one away. */
  audit(after: number, limit: number): Promise<readonly AuditEntry[]>;
  /** `after` is the `next` of the page before. */
  pending(
    limit: number,
    after?: string,
    options?: ReadOptions,
  ): Promise<{ readonly found: readonly Pending[]; readonly next?: string }>;
  /** The highest seq given, 0 in an empty store: a cheap look, however large the store is. */
  lastSeq(): Promise<number>;
  /** The revision of the definitions: raised by each transaction that changes them. A cheap look. */
  revision(): Promise<number>;
  /** Kept with each commit, not counted. */
  stats(): Promise<Stats>;
  /** Whether the engine can write: makes a durable change of no meaning. */
  probe(): Promise<Unavailable | undefined>;
  readonly shelf: Shelf;
  /** Finishes what was begun, then closes. */
  close(): Promise<void>;
}
