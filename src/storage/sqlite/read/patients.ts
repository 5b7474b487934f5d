import type { Needs, Version } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { literal, oneOf, sql, ticking } from '../database/fragment.ts';
import { current } from '../database/schema.ts';
import type { Planner } from '../planner/planner.ts';
import { type PackedVersions, packVersion } from '../wire/pack.ts';
import { versionOf } from './versions.ts';

export interface ScanStep {
  readonly needs: Needs;
  /** Where the step begins: a rid, or a place in `needs.patients`. */
  readonly from: number;
}

/** Versions of several patients one after the other; `sizes` tells how many are each one's, the Patient first. */
export interface PackedPatients {
  readonly versions: PackedVersions;
  readonly sizes: readonly number[];
  /** Undefined if nothing follows. */
  readonly next?: number;
}

/** A chunk ends at this many patients, or after this many characters of text, whichever is first. */
const patientsPerChunk = 64;
const charactersPerChunk = 4_000_000;

/** The next chunk of patients, from one state of the store. */
export function scanChunk(connection: Connection, selection: Planner, { needs, from }: ScanStep): PackedPatients {
  selection.begin();
  return connection.snapshot(() => {
    const [patient] = selection.names.types(['Patient']);
    if (patient === undefined) return { versions: [], sizes: [] };
    const candidates = patients(connection, selection, patient, needs, from);
    const versions: (string | number | null)[] = [];
    const sizes: number[] = [];
    let characters = 0;
    for (const [i, { rid, next }] of candidates.entries()) {
      const records = rid === undefined ? [] : recordsOf(connection, selection, rid, needs);
      for (const version of records) {
        packVersion(versions, version);
        characters += version.content?.length ?? 0;
      }
      if (records.length > 0) sizes.push(records.length);
      const cut = characters >= charactersPerChunk && i < candidates.length - 1;
      if (cut || i === patientsPerChunk - 1) return { versions, sizes, next };
    }
    return { versions, sizes };
  });
}

interface ScannedPatient {
  /** Undefined if no such Patient exists, or it may not be seen. */
  readonly rid: number | undefined;
  /** Where the next chunk begins if this one ends here. */
  readonly next: number;
}

function patients(
  connection: Connection,
  selection: Planner,
  patient: number,
  needs: Needs,
  from: number,
): readonly ScannedPatient[] {
  const visible = selection.condition(needs.rights, { rid: literal('p.rid'), types: [patient] });
  const live = literal(`p.type = ${patient} AND p.state = ${current}`);
  if (needs.patients === undefined) {
    const rows = connection.rows(sql`SELECT p.rid FROM resource p INDEXED BY resource_live
      WHERE ${ticking('p.rid')} AND ${live} AND p.rid >= ${from} AND ${visible} ORDER BY p.rid LIMIT ${patientsPerChunk}`);
    return rows.map(([rid]) => ({ rid: Number(rid), next: Number(rid) + 1 }));
  }
  return needs.patients.slice(from, from + patientsPerChunk).map((id, i) => {
    const row = connection.row(sql`SELECT p.rid FROM resource p WHERE ${live} AND p.id = ${id} AND ${visible}`);
    return { rid: row === undefined ? undefined : Number(row[0]), next: from + i + 1 };
  });
}

/** The Patient, then its records by type and rid. A Patient is in its own compartment, but no record of itself. */
function recordsOf(connection: Connection, selection: Planner, patient: number, needs: Needs): readonly Version[] {
  const { names } = selection;
  const types = names.types(needs.types);
  const visible = selection.condition(needs.rights, { rid: literal('c.rid'), types });
  const rows = connection.rows(sql`SELECT DISTINCT c.type, c.rid FROM compartment c
    WHERE ${ticking('c.rid')} AND c.patient = ${patient} AND c.rid <> ${patient} AND ${oneOf('c.type', types)} AND ${visible} ORDER BY c.type, c.rid`);
  return [patient, ...rows.map(([, rid]) => Number(rid))].map((rid) => {
    selection.work.stopIfAborted();
    return versionOf(connection, names, rid).version;
  });
}
