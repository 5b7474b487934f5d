import type { Version } from '../../store.ts';
import type { Connection, Row } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { making } from '../database/schema.ts';

/** From a row of type, id, version, seq, last_updated, method, content. */
function made(names: Names, row: Row | undefined): Version {
  if (row === undefined) throw new Error('A version that the index names is not in the store.');
  const [type, id, version, seq, lastUpdated, method, content] = row;
  return {
    type: names.typeName(Number(type)),
    id: String(id),
    version: Number(version),
    seq: Number(seq),
    lastUpdated: Number(lastUpdated),
    ...making(Number(method)),
    content: typeof content === 'string' ? content : undefined,
  };
}

/** The current version of a resource. */
export function versionOf(connection: Connection, names: Names, rid: number): Version {
  const columns = sql`SELECT type, id, version, seq, last_updated, method, content FROM resource`;
  return made(names, connection.row(sql`${columns} WHERE rid = ${rid}`));
}

/** The version of a seq, current or superseded. */
export function versionAt(connection: Connection, names: Names, seq: number): Version {
  const columns = sql`SELECT type, id, version, seq, last_updated, method, content FROM resource`;
  const row = connection.row(sql`${columns} WHERE seq = ${seq}`);
  if (row !== undefined) return made(names, row);
  return made(
    names,
    connection.row(sql`SELECT r.type, r.id, h.version, h.seq, h.last_updated, h.method, h.content
      FROM history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ${seq}`),
  );
}
