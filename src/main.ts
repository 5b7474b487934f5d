#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, workerData } from 'node:worker_threads';
import { type Adapter, startServer, threadTasks } from '#assembly';
import { openSharedSqliteStore, openSqliteStore, releaseSharedSqliteStore } from '#storage/sqlite/store.ts';
import type { Store } from '#storage/store.ts';
import { taskRunner } from '#threads/pool.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed. The young generation keeps the size that it has after the imports.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');
// For the threads of the pool, which give their memory back when a large request is done.
setFlagsFromString('--expose-gc');

/** The folder of a file is made if it is not there. */
async function openStore(location: string): Promise<Store> {
  const file = location.replace(/^sqlite:/, '');
  mkdirSync(dirname(file), { recursive: true });
  return openSqliteStore(file);
}

let joined: Store | undefined;

/** Each task brings a way to the store; a thread takes the first, and ends when that is lost: the next task starts another thread. */
function joinStore(shared: unknown): Store {
  if (joined !== undefined) releaseSharedSqliteStore(shared);
  joined ??= openSharedSqliteStore(shared, () => process.exit(1));
  return joined;
}

const adapter: Adapter = { openStore, joinStore, threadFile: new URL(import.meta.url) };

/** What the threads of the pool run: this file too. */
export const runTask = isMainThread ? undefined : taskRunner(threadTasks(workerData, adapter));

if (isMainThread) {
  const { run } = await import('#cli/commands.ts');
  process.exitCode = await run(process.argv.slice(2), process.env, {
    startServer: (config) => startServer(config, adapter),
  });
}
