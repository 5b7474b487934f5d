import type { Version } from '../../store.ts';
import type { Connection, Row } from '../database/connection.ts';
import type { Names } from '../database/names.ts';
import { making } from '../database/schema.ts';

/** A version, and the bytes of its text, where it was left out. */
export interface SizedVersion {
  readonly version: Version;
  readonly size?: number;
}

/** The length of a text is known without reading it: of one that has more bytes than asked for, their number. */
const text = (content: string) =>
  `CASE WHEN octet_length(${content}) <= ? THEN ${content} ELSE octet_length(${content}) END`;

// Whole texts, since they are asked for again and again: one that is put together is hashed each time.
const columns = `SELECT type, id, version, seq, last_updated, method, ${text('content')} FROM resource`;
const byRid = `${columns} WHERE rid = ?`;
const bySeq = `${columns} WHERE seq = ?`;
const superseded = `SELECT r.type, r.id, h.version, h.seq, h.last_updated, h.method, ${text('h.content')}
  FROM history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ?`;

/** From a row of type, id, version, seq, last_updated, method, text. */
function made(names: Names, row: Row | undefined): SizedVersion {
  if (row === undefined) throw new Error('A version that the index names is not in the store.');
  const [type, id, number, seq, lastUpdated, method, content] = row;
  const version = {
    type: names.typeName(Number(type)),
    id: String(id),
    version: Number(number),
    seq: Number(seq),
    lastUpdated: Number(lastUpdated),
    ...making(Number(method)),
    content: typeof content === 'string' ? content : undefined,
  };
  return typeof content === 'number' ? { version, size: content } : { version };
}

/** The current version of a resource; without its text if that has more bytes than `most`. */
export function versionOf(
  connection: Connection,
  names: Names,
  rid: number,
  most = Number.POSITIVE_INFINITY,
): SizedVersion {
  return made(names, connection.row({ text: byRid, args: [most, rid] }));
}

/** The version of a seq, current or superseded; without its text if that has more bytes than `most`. */
export function versionAt(
  connection: Connection,
  names: Names,
  seq: number,
  most = Number.POSITIVE_INFINITY,
): SizedVersion {
  const row =
    connection.row({ text: bySeq, args: [most, seq] }) ?? connection.row({ text: superseded, args: [most, seq] });
  return made(names, row);
}
