import type { Plan } from '#search/model/filter.ts';
import type { HistoryQuery } from '../../store.ts';
import { Connection } from '../database/connection.ts';
import { assertSame, type StoreFile } from '../database/identity.ts';
import { Names } from '../database/names.ts';
import { Planner } from '../planner/planner.ts';
import { type PackedVersions, packFound } from '../wire/pack.ts';
import { find } from './find.ts';
import { changes, history } from './history.ts';
import { auditAfter, keptResults, keptStats, touched } from './kept.ts';
import { type ScanStep, scanChunk } from './patients.ts';
import { pending } from './pending.ts';
import { type PointKey, PointLook } from './point.ts';

/** KiB of pages that one reader keeps. */
const cache = 64_000;

/** What was asked for, with what its answer may weigh, as in ReadOptions. */
type Bounded<T> = T & { readonly most?: number };

/**
 * The reads that may be long, on a connection of their own: searches, histories, scans. `isAborted` tells whether somebody still waits
 * for the one under way.
 */
export function openReads({ path, identity }: StoreFile, isAborted: () => boolean = () => false) {
  // Before it is opened, or SQLite would write beside another file; and after, since it may have come meanwhile.
  assertSame(path, identity);
  const connection = Connection.reader(path, cache);
  try {
    assertSame(path, identity);
  } catch (error) {
    connection.close();
    throw error;
  }
  const names = new Names(connection);
  const selection = new Planner(connection, names);
  const points = new PointLook(connection, names);
  selection.work.watch(isAborted);
  return {
    find: ({ most, ...plan }: Bounded<Plan>) => find(connection, selection, plan, most),
    history: ({ most, ...query }: Bounded<HistoryQuery>) => history(connection, selection, query, most),
    changes: (asked: Parameters<typeof changes>[2]) => changes(connection, selection, asked),
    read: (asked: PointKey): PackedVersions => packFound(points.find(asked)),
    touched: ({ after, limit }: { after: number; limit: number }) => touched(connection, selection, after, limit),
    results: (asked: { key: string; limit: number; after?: string }) => keptResults(connection, selection, asked),
    audit: ({ after, limit }: { after: number; limit: number }) => auditAfter(connection, after, limit),
    scan: (step: ScanStep) => scanChunk(connection, selection, step),
    pending: ({ limit, after }: { limit: number; after?: string }) => pending(connection, selection, limit, after),
    stats: (_: null) => connection.snapshot(() => keptStats(connection, selection)),
    ready: (_: null): void => undefined,
    close: (_: null) => connection.close(),
  };
}

export type ReaderMethods = ReturnType<typeof openReads>;
