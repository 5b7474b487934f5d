/** The thread of reads that may be long: searches, histories, scans. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Plan } from '#search/filter.ts';
import type { HistoryQuery } from '../store.ts';
import type { Answer, Call } from './calls.ts';
import { Connection } from './connection.ts';
import { find } from './find.ts';
import { changes, history } from './history.ts';
import { Names } from './names.ts';
import { pending, stats } from './pending.ts';
import { type ScanStep, scanChunk } from './residents.ts';
import { Selection } from './select.ts';

/** KiB of pages that one reader keeps. */
const cache = 32_000;

const connection = Connection.reader(String(workerData), cache);
const names = new Names(connection);
const selection = new Selection(connection, names);

const methods = {
  find: (plan: Plan) => find(connection, selection, plan),
  history: (query: HistoryQuery) => history(connection, selection, query),
  changes: ({ after, limit }: { after: number; limit: number }) => changes(connection, selection, after, limit),
  scan: (step: ScanStep) => scanChunk(connection, selection, step),
  pending: ({ limit, after }: { limit: number; after?: string }) => pending(connection, names, limit, after),
  stats: (_: null) => stats(connection, selection),
  ready: (_: null): void => undefined,
  close: (_: null) => connection.close(),
};

export type ReaderMethods = typeof methods;

function answer([id, method, argument]: Call): Answer {
  try {
    const work = methods[method as keyof ReaderMethods] as (argument: unknown) => unknown;
    return [id, true, work(argument)];
  } catch (error) {
    return [id, false, error];
  }
}

// One message each, so that no quick answer waits for a slow one behind it.
parentPort?.on('message', (calls: readonly Call[]) => {
  for (const call of calls) parentPort?.postMessage([answer(call)]);
});
