import type { Connection } from '../database/connection.ts';
import { settingOf } from '../read/shelf.ts';
import type { ShelfWriter } from './shelf.ts';

const prefix = 'changed without a version: ';

/** In the place of a type: sets of concepts. */
export const conceptSets = 'concepts';

/**
 * Changes of what a search finds that make no version of what it finds: entries that are made anew, references by identifier that
 * find or lose what they lead to, sets of concepts. Of each type the last is kept, as the `lastSeq` of the state before it: a state
 * with a higher one shows it.
 */
export class UnversionedChanges {
  readonly #connection: Connection;
  readonly #shelf: ShelfWriter;

  constructor(connection: Connection, shelf: ShelfWriter) {
    this.#connection = connection;
    this.#shelf = shelf;
  }

  note(type: string, seq: number): void {
    this.#shelf.keep({ [prefix + type]: String(seq) });
  }

  /** -1 if there was none. */
  last(type: string): number {
    return Number(settingOf(this.#connection, prefix + type) ?? -1);
  }
}
