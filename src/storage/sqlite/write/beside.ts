import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { awaited } from '../database/schema.ts';
import { type PackedTransaction, unpackConcepts, unpackResults } from '../wire/pack.ts';

/** Appends to the audit. The clock may have been set back since the last entry: times never decrease. */
export function appendAudit(connection: Connection, texts: readonly string[], time: number): void {
  const append = `INSERT INTO audit (time, text)
    VALUES (max(?, coalesce((SELECT time FROM audit ORDER BY number DESC LIMIT 1), 0)), ?)`;
  for (const text of texts) connection.run(append, time, text);
}

type PackedResults = NonNullable<PackedTransaction['results']>;

/** The highest seq that one of the results was computed from. */
export function newest(results: PackedResults): number {
  return results.flatMap(([, kept = []]) => unpackResults(kept)).reduce((last, { seq }) => Math.max(last, seq), 0);
}

/** Keeps results of Patients that were stored, at the latest by the writes of the same transaction, or forgets those of a key. */
export function keepResults(connection: Connection, names: Names, results: PackedResults): void {
  const keep = `INSERT INTO result (key, patient, seq, value)
    SELECT ?, rid, ?, ? FROM resource WHERE type = ? AND id = ? AND state <> ${awaited}
    ON CONFLICT (key, patient) DO UPDATE SET seq = excluded.seq, value = excluded.value WHERE excluded.seq >= result.seq`;
  const type = names.type('Patient');
  for (const [name, kept] of results) {
    if (kept === undefined) {
      connection.run('DELETE FROM result WHERE key = (SELECT id FROM result_key WHERE name = ?)', name);
      connection.run('DELETE FROM result_key WHERE name = ?', name);
    } else if (type !== undefined) {
      connection.run('INSERT OR IGNORE INTO result_key (name) VALUES (?)', name);
      const key = connection.number(sql`SELECT id FROM result_key WHERE name = ${name}`);
      for (const { patient, seq, value } of unpackResults(kept)) connection.run(keep, key, seq, value, type, patient);
    }
  }
}

/** Replaces sets of concepts as a whole, or forgets them. Each comes with a number of its own, so that no count of another is taken for its. */
export function replaceConcepts(
  connection: Connection,
  names: Names,
  concepts: NonNullable<PackedTransaction['concepts']>,
): void {
  const add = 'INSERT OR IGNORE INTO concept (concept_set, code, system) VALUES (?, ?, ?)';
  for (const [name, packed = []] of concepts) {
    connection.run('DELETE FROM concept WHERE concept_set = (SELECT id FROM concept_set WHERE name = ?)', name);
    connection.run('DELETE FROM concept_set WHERE name = ?', name);
    if (packed.length === 0) continue;
    connection.run('INSERT INTO concept_set (name, size) VALUES (?, 0)', name);
    const set = connection.number(sql`SELECT id FROM concept_set WHERE name = ${name}`);
    let size = 0;
    for (const { system, code } of unpackConcepts(packed)) {
      size += connection.run(add, set, code, names.internSystem(system));
    }
    connection.run('UPDATE concept_set SET size = ? WHERE id = ?', size, set);
  }
}
