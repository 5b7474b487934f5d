import type { Transferable } from 'node:worker_threads';
import type { Failure, Outcome } from '#errors';
import type { Store } from './store.ts';

/** A store that this process opened. */
export interface OpenedStore {
  readonly store: Store;
  /** What another thread of this process joins it by: it goes there in a message, with these transferred. */
  ticket(): { readonly ticket: unknown; readonly transfer: readonly Transferable[] };
}

/** What a check of a whole store found. */
export interface StoreCheck {
  /** Current resources, and all versions; counted if there is no problem. */
  readonly resources: number;
  readonly versions: number;
  /** One line each; empty if the store is whole. */
  readonly problems: readonly string[];
}

/** What a store tells of itself, one line each; a logger is one. */
export interface StoreLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** An engine, as `main.ts` names it: how its stores are opened, and what is done to them as a whole. Locations are what HUFHIR_STORE
 * says behind the colon. */
export interface Driver {
  /** What HUFHIR_STORE begins with, before the colon. */
  readonly scheme: string;
  /**
   * Failures: `store-unusable`. A store that was not closed is checked while it serves, which the log tells. `readQueue` is how many reads
   * may wait for a thread of the store.
   */
  open(location: string, log: StoreLog, readQueue?: number): Promise<Outcome<OpenedStore>>;
  /** What an error that came out of an open store means, if it was to be expected of what is stored there. */
  obstacleOf(location: string, error: unknown): Failure | undefined;
  /**
   * In another thread: the store of a ticket. A thread joins one store, again and again: each ticket after the first replaces what
   * was lost. `isAborted` is asked while a statement runs: whether what the thread is at was given up.
   */
  join(ticket: unknown, isAborted?: () => boolean): Store;
  /** Copies a store, consistently and while it serves; the target is told as a location is, and nothing may be there. */
  backup(location: string, target: string): Promise<Outcome<void>>;
  /**
   * Keeps the place of a store from all others who would reserve it, until what is answered is called, or this process ends in whatever
   * way. Failures: `store-unusable`, while another has it.
   */
  reserve(location: string): Outcome<() => void>;
  /** Deletes a store, or what is left of one, unless it is in use. Nothing there is no failure. */
  discard(location: string): Failure | undefined;
  /** Whether a store is whole; changes nothing. */
  check(location: string): Promise<Outcome<StoreCheck>>;
}
