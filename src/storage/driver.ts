import type { Transferable } from 'node:worker_threads';
import type { Outcome } from '#errors';
import type { Store } from './store.ts';

/** A store that this process opened. */
export interface OpenedStore {
  readonly store: Store;
  /** What another thread of this process joins it by: it goes there in a message, with these transferred. */
  ticket(): { readonly ticket: unknown; readonly transfer: readonly Transferable[] };
}

/** An engine, as `main.ts` names it: how its stores are opened, and what is done to them as a whole. */
export interface Driver {
  /** What HUFHIR_STORE begins with, before the colon. */
  readonly scheme: string;
  /** `location` is what follows the colon. Failures: `store-unusable`. */
  open(location: string): Promise<Outcome<OpenedStore>>;
  /**
   * In another thread: the store of a ticket. A thread joins one store, again and again: each ticket after the first replaces what
   * was lost.
   */
  join(ticket: unknown): Store;
  /** Copies a store, consistently and while it serves; the target is told as a location is, and nothing may be there. */
  backup(location: string, target: string): Promise<void>;
}
