import type { AuditEntry, Stats, Store, Touched } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { sql, ticking } from '../database/fragment.ts';
import { awaited } from '../database/schema.ts';
import { checkSetting } from '../database/traces.ts';
import { pendingTally } from '../index/kept.ts';
import { lastSeq, type Planner } from '../planner/planner.ts';
import { revisionOf } from './shelf.ts';

/** Patients by the last change of their compartments; what one commit touched stands on one page. */
export function touched(connection: Connection, selection: Planner, after: number, limit: number): Touched {
  selection.begin();
  return connection.snapshot(() => {
    const [type] = selection.names.types(['Patient']);
    if (type === undefined) return { patients: [], after };
    const seqs = connection.rows(sql`SELECT seq FROM touched WHERE seq > ${after} ORDER BY seq LIMIT ${limit}`);
    const last = seqs.at(-1)?.[0];
    if (last === undefined) return { patients: [], after };
    const ids = connection.rows(sql`SELECT r.id FROM touched t JOIN resource r ON r.rid = t.patient
      WHERE ${ticking('t.patient')} AND t.seq > ${after} AND t.seq <= ${Number(last)} AND r.type = ${type} AND r.state <> ${awaited}
      ORDER BY t.seq, t.patient`);
    return { patients: ids.map(([id]) => String(id)), after: Number(last) };
  });
}

/** Results of a key that still hold, by the rids of their Patients. */
export function keptResults(
  connection: Connection,
  selection: Planner,
  { key, limit, after = '0' }: { key: string; limit: number; after?: string },
): Awaited<ReturnType<Store['results']>> {
  selection.begin();
  const rows = connection.rows(sql`SELECT p.id, k.seq, k.value, k.patient
    FROM result k CROSS JOIN resource p ON p.rid = k.patient LEFT JOIN touched t ON t.patient = k.patient
    WHERE ${ticking('k.patient')} AND k.key = (SELECT id FROM result_key WHERE name = ${key}) AND k.patient > ${Number(after)}
      AND k.seq >= coalesce(t.seq, 0) ORDER BY k.patient LIMIT ${limit + 1}`);
  const found = rows
    .slice(0, limit)
    .map(([patient, seq, value]) => ({ patient: String(patient), seq: Number(seq), value: String(value) }));
  const last = rows[limit - 1];
  return { found, ...(rows.length > limit && last !== undefined && { next: String(last[3]) }) };
}

/** Entries of the audit with a higher number, in their order. */
export function auditAfter(connection: Connection, after: number, limit: number): readonly AuditEntry[] {
  const rows = connection.rows(
    sql`SELECT number, time, text FROM audit WHERE number > ${after} ORDER BY number LIMIT ${limit}`,
  );
  return rows.map(([number, time, text]) => ({ number: Number(number), time: Number(time), text: String(text) }));
}

/** What is kept with each commit. */
export function keptStats(
  connection: Connection,
  selection: Planner,
): Pick<Stats, 'resources' | 'lastSeq' | 'pending' | 'problems' | 'revision'> {
  const counts = connection.rows(sql`SELECT type, n FROM tally WHERE type <> ${pendingTally} AND n > 0`);
  return {
    resources: Object.fromEntries(counts.map(([type, n]) => [selection.names.typeName(Number(type)), Number(n)])),
    pending: connection.number(sql`SELECT n FROM tally WHERE type = ${pendingTally}`),
    problems: connection.number(sql`SELECT CAST(value AS INTEGER) FROM setting WHERE name = ${checkSetting}`),
    lastSeq: lastSeq(connection),
    revision: revisionOf(connection),
  };
}
