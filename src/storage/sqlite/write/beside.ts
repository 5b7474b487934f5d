import type { Connection } from '../database/connection.ts';

/** Appends to the audit. The clock may have been set back since the last entry: times never decrease. */
export function appendAudit(connection: Connection, texts: readonly string[], time: number): void {
  const append = `INSERT INTO audit (time, text)
    VALUES (max(?, coalesce((SELECT time FROM audit ORDER BY number DESC LIMIT 1), 0)), ?)`;
  for (const text of texts) connection.run(append, time, text);
}
