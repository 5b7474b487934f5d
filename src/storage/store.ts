import type { Transferable } from 'node:worker_threads';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Filter, Plan } from '#search/model/filter.ts';

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
}

/** A criterion of the request, checked again inside the transaction, against the state before its writes. */
export interface Guard {
  readonly plan: Plan;
  /** The ids of all its matches, sorted. */
  readonly expect: readonly string[];
}

export interface Transaction {
  readonly guards: readonly Guard[];
  readonly writes: readonly Write[];
  /** `strict`: every literal reference of the writes must lead to a resource that exists when they are done. */
  readonly references: 'lenient' | 'strict';
  /** What each written resource must satisfy, before (if it existed) and after. */
  readonly rights: Filter;
}

/** Why a transaction was not made; nothing of it was stored. */
export type Conflict =
  | { readonly conflict: 'version'; readonly write: number; readonly found: number }
  | { readonly conflict: 'guard'; readonly guard: number; readonly found: readonly string[] }
  | { readonly conflict: 'reference'; readonly write: number; readonly param: string; readonly reference: string }
  | { readonly conflict: 'rights'; readonly write: number };

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
  /** The plan's timeout was over: what most of the time went into. Nothing is found then. */
  readonly exceeded?: string;
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

/** What a measure needs of each resident: the Patient and the resources of these types in its compartment. */
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

export interface Stats {
  /** Current resources by type. */
  readonly resources: Readonly<Record<string, number>>;
  readonly lastSeq: number;
  readonly pending: number;
  /** Bytes on disk, as far as the store can tell. */
  readonly bytes: number;
  /** Problems that the check after an unclean end found; 0 where none was due, or it has not ended. */
  readonly problems: number;
}

/** What a check of a whole store found. */
export interface StoreCheck {
  /** Current resources, and all versions; counted if there is no problem. */
  readonly resources: number;
  readonly versions: number;
  /** One line each; empty if the store is whole. */
  readonly problems: readonly string[];
}

export interface Store {
  /** The current version, or the one asked for; undefined if there is none. Deleted ones come without content. */
  read(type: string, id: string, version?: number): Promise<Version | undefined>;
  /** Newest first. */
  history(query: HistoryQuery): Promise<Page>;
  find(plan: Plan): Promise<Page>;
  /** Durable when it resolves. All or nothing. */
  transact(transaction: Transaction): Promise<Commit | Conflict>;
  /** Replaces index entries, and makes no version: for parameters that came later than the resources. */
  reindex(records: readonly Reindexed[]): Promise<void>;
  /** A small text kept under this name. */
  note(name: string): Promise<string | undefined>;
  setNote(name: string, value: string): Promise<void>;
  /** Versions with a higher seq, oldest first; fewer than `limit` where their texts are long, none if none follows. */
  changes(after: number, limit: number): Promise<readonly Version[]>;
  /** Chunks of patients, each from one consistent state. */
  scan(needs: Needs): AsyncIterable<readonly PatientRecord[]>;
  /** `after` is the `next` of the page before. */
  pending(limit: number, after?: string): Promise<{ readonly found: readonly Pending[]; readonly next?: string }>;
  /** The highest seq given, 0 in an empty store: a cheap look, however large the store is. */
  lastSeq(): Promise<number>;
  /** Counts: takes as long as there are resources. */
  stats(): Promise<Stats>;
  /** True if `owner` holds the lease of that name until `ms` from now; the holder extends it by asking again. */
  lease(name: string, owner: string, ms: number): Promise<boolean>;
  /** 32 random bytes kept under this name, made when first asked for. */
  secret(name: string): Promise<Uint8Array>;
  /** Copies the store, consistently and while it serves, to a place that the adapter understands (SQLite: a file). */
  backup(target: string): Promise<void>;
  /** What another thread of this process opens the same store with: it goes there in a message, with these transferred. */
  share(): { readonly shared: unknown; readonly transfer: readonly Transferable[] };
  /** Finishes what was begun, then closes. */
  close(): Promise<void>;
}
