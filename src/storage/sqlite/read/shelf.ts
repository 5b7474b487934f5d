import type { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';

/** The revision of the definitions in force. */
export function revisionOf(connection: Connection): number {
  return connection.number(sql`SELECT n FROM revision`);
}

export function settingOf(connection: Connection, name: string): string | undefined {
  const value = connection.row(sql`SELECT value FROM setting WHERE name = ${name}`)?.[0];
  return value === undefined || value === null ? undefined : String(value);
}

/** 32 random bytes; undefined if none were made under this name. */
export function secretOf(connection: Connection, name: string): Uint8Array | undefined {
  const bytes = connection.row(sql`SELECT bytes FROM secret WHERE name = ${name}`)?.[0];
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** The seqs of the versions that a transaction made, `after < seq <= last`; undefined if it was not committed. */
export function markOf(
  connection: Connection,
  mark: string,
): { readonly after: number; readonly last: number } | undefined {
  const row = connection.row(sql`SELECT after, last FROM mark WHERE mark = ${mark} ORDER BY n DESC`);
  return row === undefined ? undefined : { after: Number(row[0]), last: Number(row[1]) };
}
