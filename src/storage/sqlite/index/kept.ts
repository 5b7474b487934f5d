import type { Connection } from '../database/connection.ts';

/** In the place of a type: pending references. No type has this number. */
export const pendingTally = 0;

/**
 * What the store keeps beside its resources: how many there are of each type, how many references are pending, and which Patients'
 * compartments changed last. It is gathered while a group is written, and goes into its tables once, at the end of the group.
 */
export class Kept {
  readonly #connection: Connection;
  /** Of the transaction under way. */
  readonly #patients = new Set<number>();
  readonly #counts = new Map<number, number>();
  /** Of the group: the seq of each Patient's last change, and by how much each type grew. */
  readonly #touched = new Map<number, number>();
  readonly #grown = new Map<number, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** What is in the compartment of a Patient changes. */
  touch(patient: number): void {
    this.#patients.add(patient);
  }

  /** There are more current resources of the type, or less; or more `pendingTally`. */
  count(type: number, by: number): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + by);
  }

  /** The transaction under way is kept; `seq` is its last. */
  transactionDone(seq: number): void {
    for (const patient of this.#patients) this.#touched.set(patient, seq);
    for (const [type, by] of this.#counts) this.#grown.set(type, (this.#grown.get(type) ?? 0) + by);
    this.transactionUndone();
  }

  transactionUndone(): void {
    this.#patients.clear();
    this.#counts.clear();
  }

  /** To be called at the end of a group, in its transaction of SQLite. */
  write(): void {
    const touch =
      'INSERT INTO touched (patient, seq) VALUES (?, ?) ON CONFLICT (patient) DO UPDATE SET seq = excluded.seq';
    const grow = 'INSERT INTO tally (type, n) VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET n = n + excluded.n';
    for (const [patient, seq] of this.#touched) this.#connection.run(touch, patient, seq);
    for (const [type, by] of this.#grown) if (by !== 0) this.#connection.run(grow, type, by);
    this.begin();
  }

  /** To be called before a group: the one before may have been rolled back. */
  begin(): void {
    this.transactionUndone();
    this.#touched.clear();
    this.#grown.clear();
  }
}
