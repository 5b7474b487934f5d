import type { Version } from '../../store.ts';
import type { Connection, Row } from '../database/connection.ts';
import { literal, type Sql, sql } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { making } from '../database/schema.ts';

/** A version, and the bytes of its text. */
export interface SizedVersion {
  readonly version: Version;
  readonly size: number;
}

/** The length of a text is known without reading it, and one that is longer than `most` is not read: whoever asked looks at its size. */
function text(column: 'content' | 'h.content', most: number): Sql {
  const content = literal(column);
  return sql`octet_length(${content}), CASE WHEN octet_length(${content}) <= ${most} THEN ${content} END`;
}

/** From a row of type, id, version, seq, last_updated, method, size, content. */
function made(names: Names, row: Row | undefined): SizedVersion {
  if (row === undefined) throw new Error('A version that the index names is not in the store.');
  const [type, id, number, seq, lastUpdated, method, size, content] = row;
  const version = {
    type: names.typeName(Number(type)),
    id: String(id),
    version: Number(number),
    seq: Number(seq),
    lastUpdated: Number(lastUpdated),
    ...making(Number(method)),
    content: typeof content === 'string' ? content : undefined,
  };
  return { version, size: Number(size ?? 0) };
}

/** The current version of a resource; without its text if that has more bytes than `most`. */
export function versionOf(
  connection: Connection,
  names: Names,
  rid: number,
  most = Number.POSITIVE_INFINITY,
): SizedVersion {
  const columns = sql`SELECT type, id, version, seq, last_updated, method, ${text('content', most)} FROM resource`;
  return made(names, connection.row(sql`${columns} WHERE rid = ${rid}`));
}

/** The version of a seq, current or superseded; without its text if that has more bytes than `most`. */
export function versionAt(
  connection: Connection,
  names: Names,
  seq: number,
  most = Number.POSITIVE_INFINITY,
): SizedVersion {
  const columns = sql`SELECT type, id, version, seq, last_updated, method, ${text('content', most)} FROM resource`;
  const row = connection.row(sql`${columns} WHERE seq = ${seq}`);
  if (row !== undefined) return made(names, row);
  return made(
    names,
    connection.row(sql`SELECT r.type, r.id, h.version, h.seq, h.last_updated, h.method, ${text('h.content', most)}
      FROM history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ${seq}`),
  );
}
