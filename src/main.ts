#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { isMainThread, workerData } from 'node:worker_threads';
import { type Adapter, startServer, threadTasks } from '#assembly';
import { checkSqliteStore } from '#storage/sqlite/check/check.ts';
import { obstacleOf } from '#storage/sqlite/database/obstacles.ts';
import { openSharedSqliteStore, openSqliteStore, releaseSharedSqliteStore } from '#storage/sqlite/store.ts';
import type { Store } from '#storage/store.ts';
import { taskRunner } from '#threads/pool.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed. The young generation keeps the size that it has after the imports.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');
// For the threads of the pool, which give their memory back when a large request is done.
setFlagsFromString('--expose-gc');

/** `sqlite:<file>` */
const fileOf = (location: string): string => location.replace(/^sqlite:/, '');

let joined: Store | undefined;

/** Each task brings a way to the store; a thread takes the first, and ends when that is lost: the next task starts another thread. */
function joinStore(shared: unknown): Store {
  if (joined !== undefined) releaseSharedSqliteStore(shared);
  joined ??= openSharedSqliteStore(shared, () => process.exit(1));
  return joined;
}

const adapter: Adapter = {
  openStore: (location, log) => openSqliteStore(fileOf(location), log),
  obstacleOf: (location, error) => obstacleOf(fileOf(location), error),
  joinStore,
  threadFile: new URL(import.meta.url),
};

/** What the threads of the pool run: this file too. */
export const runTask = isMainThread ? undefined : taskRunner(threadTasks(workerData, adapter));

if (isMainThread) {
  const { run } = await import('#cli/commands.ts');
  process.exitCode = await run(process.argv.slice(2), process.env, {
    startServer: (config) => startServer(config, adapter),
    checkStore: (location) => checkSqliteStore(fileOf(location)),
  });
}
