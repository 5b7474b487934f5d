import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';

/** A set of concepts as the current state has it. */
interface ConceptSet {
  readonly id: number;
  readonly size: number;
}

/** Whether a set has this code in the system of this number. */
export type IsConcept = (system: number, code: string) => boolean;

/** Undefined if it has no rows. */
export function conceptSet(connection: Connection, name: string): ConceptSet | undefined {
  const row = connection.row(sql`SELECT id, size FROM concept_set WHERE name = ${name}`);
  return row === undefined ? undefined : { id: Number(row[0]), size: Number(row[1]) };
}

/** To be asked while the state stays: a set that is replaced has another number. */
export function isConceptOf(connection: Connection, name: string): IsConcept {
  const set = conceptSet(connection, name);
  if (set === undefined) return () => false;
  const look = connection.statement('SELECT 1 FROM concept WHERE concept_set = ? AND code = ? AND system = ?');
  return (system, code) => look.get(set.id, code, system) !== undefined;
}
