import type { Plan } from '#search/model/filter.ts';
import type { HistoryQuery } from '../../store.ts';
import { Connection } from '../database/connection.ts';
import { Names } from '../database/names.ts';
import { Planner } from '../planner/planner.ts';
import { find } from './find.ts';
import { changes, history } from './history.ts';
import { type ScanStep, scanChunk } from './patients.ts';
import { pending, stats } from './pending.ts';

/** KiB of pages that one reader keeps. */
const cache = 64_000;

/** A search, and when it was asked for (milliseconds since 1970): its time runs while it waits for a thread. */
interface TimedPlan {
  readonly plan: Plan;
  readonly asked: number;
}

/** The reads that may be long, on a connection of their own: searches, histories, scans. */
export function openReads(path: string) {
  const connection = Connection.reader(path, cache);
  const names = new Names(connection);
  const selection = new Planner(connection, names);
  return {
    find: ({ plan, asked }: TimedPlan) => find(connection, selection, plan, asked),
    history: (query: HistoryQuery) => history(connection, selection, query),
    changes: ({ after, limit }: { after: number; limit: number }) => changes(connection, selection, after, limit),
    scan: (step: ScanStep) => scanChunk(connection, selection, step),
    pending: ({ limit, after }: { limit: number; after?: string }) => pending(connection, names, limit, after),
    stats: (_: null) => stats(connection, selection),
    ready: (_: null): void => undefined,
    close: (_: null) => connection.close(),
  };
}

export type ReaderMethods = ReturnType<typeof openReads>;
