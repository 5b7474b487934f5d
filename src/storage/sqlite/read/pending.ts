import type { Pending, Store } from '../../store.ts';
import type { Connection, Row } from '../database/connection.ts';
import { literal, sql, ticking } from '../database/fragment.ts';
import type { Names } from '../database/names.ts';
import { awaited } from '../database/schema.ts';
import type { Planner } from '../planner/planner.ts';

/** References whose targets never arrived: `p` is the target, `f` the reference. */
const literals = literal(`FROM resource p INDEXED BY resource_awaited
  CROSS JOIN reference f ON f.target = p.rid
  WHERE p.state = ${awaited}`);

/** Of the logical references of one resource to one identifier, the first alone. */
const unresolved = literal(`FROM logical l INDEXED BY logical_pending WHERE l.target = 0 AND NOT EXISTS (
  SELECT 1 FROM logical o INDEXED BY logical_rid WHERE o.rid = l.rid AND o.lid < l.lid
  AND o.target = 0 AND o.system = l.system AND o.value = l.value)`);

/** Where a page ended: target and rid of a literal reference, or the number of a logical one. */
type PendingPosition = readonly [number, number] | readonly [number];

/** Literal references first, by target, then logical ones by arrival. */
export function pending(
  connection: Connection,
  selection: Planner,
  limit: number,
  after?: string,
): Awaited<ReturnType<Store['pending']>> {
  selection.begin();
  return connection.snapshot(() => {
    const place = after === undefined ? undefined : (JSON.parse(after) as PendingPosition);
    const [target, rid] = place ?? [0, 0];
    const first = rid === undefined ? [] : awaitedAfter(connection, limit + 1, target, rid);
    const lid = place?.length === 1 ? place[0] : 0;
    const rest = first.length > limit ? [] : unresolvedAfter(connection, limit + 1 - first.length, lid);
    const rows = [...first, ...rest];
    const page = rows.slice(0, limit);
    const end = page.at(-1);
    const found = page.map((row) => pendingOf(selection.names, row));
    if (rows.length <= limit || end === undefined) return { found };
    const next = end[7] === null ? [end[0], end[2]] : [end[7]];
    return { found, next: JSON.stringify(next) };
  });
}

/** Rows of target, param, rid, type, id, lastUpdated, type of the target, null, id of the target. */
function awaitedAfter(connection: Connection, limit: number, target: number, rid: number) {
  return connection.rows(sql`
    SELECT a.target, a.param, a.rid, r.type, r.id, r.last_updated, a.type, NULL, a.id FROM (
      SELECT p.rid AS target, min(f.param) AS param, f.rid AS rid, p.type AS type, p.id AS id ${literals}
        AND ${ticking('p.rid')} AND ${ticking('f.rid')} AND p.rid >= ${target} AND (p.rid, f.rid) > (${target}, ${rid})
        GROUP BY p.rid, f.rid ORDER BY p.rid, f.rid LIMIT ${limit}) a
    JOIN resource r ON r.rid = a.rid ORDER BY a.target, a.rid`);
}

/** Rows of 0, param, rid, type, id, lastUpdated, system, number, null. */
function unresolvedAfter(connection: Connection, limit: number, lid: number): readonly Row[] {
  return connection.rows(sql`
    SELECT 0, u.param, u.rid, r.type, r.id, r.last_updated, u.system, u.lid, NULL FROM (
      SELECT l.lid, l.param, l.rid, l.system ${unresolved} AND ${ticking('l.lid')} AND l.lid > ${lid} ORDER BY l.lid LIMIT ${limit}) u
    JOIN resource r ON r.rid = u.rid ORDER BY u.lid`);
}

function pendingOf(names: Names, row: Row): Pending {
  const [, param, , type, id, since, named, , targetId] = row;
  return {
    type: names.typeName(Number(type)),
    id: String(id),
    param: names.paramCode(Number(param)),
    target:
      targetId === null
        ? `identifier=${names.systemName(Number(named))}|`
        : `${names.typeName(Number(named))}/${targetId}`,
    since: Number(since),
  };
}
