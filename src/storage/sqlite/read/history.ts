import type { HistoryQuery } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { every, literal, oneOf, type Sql, sql, ticking, yes } from '../database/fragment.ts';
import { current, deleted } from '../database/schema.ts';
import type { Planner } from '../planner/planner.ts';
import { TimeLimitExceeded } from '../planner/sql-functions.ts';
import { type PackedVersions, packPage } from '../wire/pack.ts';
import type { PackedPage } from './find.ts';
import { type SizedVersion, versionAt } from './versions.ts';

/**
 * Versions newest first: those of the current state and the superseded ones, merged by seq. Throws TooHeavy where the texts have more
 * bytes than `most`.
 */
export function history(connection: Connection, selection: Planner, query: HistoryQuery, most?: number): PackedPage {
  const begun = performance.now();
  selection.begin(query.timeout);
  try {
    const page = connection.snapshot(() => historyPage(connection, selection, query, most));
    return { ...page, spent: performance.now() - begun };
  } catch (error) {
    if (error instanceof TimeLimitExceeded) {
      return { found: [], exceeded: error.message, spent: performance.now() - begun };
    }
    throw error;
  }
}

function historyPage(connection: Connection, selection: Planner, query: HistoryQuery, most?: number): PackedPage {
  const total = query.total === true ? { total: countVersions(connection, selection, query) } : {};
  const where = narrowed(selection, query);
  if (where === undefined || query.limit === 0) return { found: [], ...total };
  const superseded = every([where, replacedIn(selection, query)]);
  const limit = query.limit + 1;
  const seqs = connection.rows(sql`
    SELECT seq FROM (SELECT x.seq FROM resource x WHERE ${where} ORDER BY x.seq DESC LIMIT ${limit})
    UNION ALL
    SELECT seq FROM (SELECT x.seq FROM history x WHERE ${superseded} ORDER BY x.seq DESC LIMIT ${limit})
    ORDER BY seq DESC LIMIT ${limit}`);
  const { found, kept } = packPage(
    seqs.slice(0, query.limit),
    ([seq], left) => readAt(connection, selection, Number(seq), left),
    most,
  );
  const last = seqs[kept - 1];
  return { found, ...total, ...(seqs.length > kept && last !== undefined ? { next: String(last[0]) } : {}) };
}

/** All versions of the query, whatever the page. */
function countVersions(connection: Connection, selection: Planner, query: HistoryQuery): number {
  const { before: _, ...whole } = query;
  const where = narrowed(selection, whole);
  if (where === undefined) return 0;
  const counted = every([where, selection.counting('the count of all versions')]);
  const superseded = every([counted, replacedIn(selection, query)]);
  return connection.number(sql`SELECT (SELECT count(*) FROM resource x WHERE ${counted})
    + (SELECT count(*) FROM history x WHERE ${superseded})`);
}

/** Of superseded versions: whether they were current in the time of the query. */
function replacedIn(selection: Planner, { currentFrom }: HistoryQuery): Sql {
  return currentFrom === undefined ? yes : sql`${successor} >= ${selection.seqAt(currentFrom)}`;
}

/** The seq of the version that replaced the superseded version `x`. */
const successor = literal(`coalesce(
  (SELECT n.seq FROM history n WHERE n.rid = x.rid AND n.version = x.version + 1),
  (SELECT r.seq FROM resource r WHERE r.rid = x.rid))`);

/** The condition on the rows `x` of either table; undefined if nothing can be found. */
function narrowed(selection: Planner, query: HistoryQuery): Sql | undefined {
  const { type, id, since, until, before, rights } = query;
  const types = type === undefined ? selection.names.allTypes() : selection.names.types([type]);
  if (types.length === 0) return undefined;
  const ofType = type === undefined ? yes : oneOf('x.type', types);
  const ofId =
    id === undefined ? yes : sql`x.rid = (SELECT rid FROM resource WHERE ${oneOf('type', types)} AND id = ${id})`;
  const window = [
    ticking('x.seq'),
    sql`x.seq > 0`,
    since === undefined ? yes : sql`x.seq >= ${selection.seqAt(since)}`,
    until === undefined ? yes : sql`x.seq < ${selection.seqAt(until + 1)}`,
    before === undefined ? yes : sql`x.seq < ${before}`,
  ];
  const allowed = rights.op === 'all' ? yes : rightsCondition(selection, rights, literal('x.rid'), types);
  return every([id === undefined ? ofType : ofId, ...window, allowed]);
}

/** The filter on the current state of a resource; a deleted one is judged by its last contents. */
export function rightsCondition(
  selection: Planner,
  filter: HistoryQuery['rights'],
  rid: Sql,
  types: readonly number[],
): Sql {
  const known = literal(`s.state IN (${current}, ${deleted})`);
  const exists = sql`EXISTS (SELECT 1 FROM resource s WHERE s.rid = ${rid} AND ${known})`;
  return every([exists, selection.condition(filter, { rid, types, mayBeDeleted: true })]);
}

/** Versions with a higher seq, oldest first. Seqs have no gaps, so each is looked up by its number. */
export function changes(
  connection: Connection,
  selection: Planner,
  { after, limit, most }: { after: number; limit: number; most?: number },
): PackedVersions {
  selection.begin();
  return connection.snapshot(() => {
    const end = Math.min(selection.lastSeq(), after + limit);
    const seqs = Array.from({ length: Math.max(0, end - after) }, (_, i) => after + 1 + i);
    return packPage(seqs, (seq, left) => readAt(connection, selection, seq, left), most).found;
  });
}

function readAt(connection: Connection, selection: Planner, seq: number, left: number): SizedVersion {
  selection.work.stopIfAborted();
  return versionAt(connection, selection.names, seq, left);
}
