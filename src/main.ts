import '#bin/node-version.js';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, workerData } from 'node:worker_threads';
import {
  type Adapters,
  backUpStore,
  checkStore,
  discardStore,
  reserveStore,
  startServer,
  threadTasks,
} from '#assembly';
import { sqlite } from '#storage/sqlite/driver.ts';
import { taskRunner } from '#threads/pool.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed. The young generation keeps the size that it has after the imports.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');
// For the threads of the pool, which give their memory back when a large request is done.
setFlagsFromString('--expose-gc');

const adapters: Adapters = { drivers: [sqlite], threadFile: new URL(import.meta.url) };

/** What the threads of the pool run: this file too. */
export const runTask = isMainThread ? undefined : taskRunner(threadTasks(workerData, adapters));

if (isMainThread) {
  const { run } = await import('#cli/commands.ts');
  process.exitCode = await run(process.argv.slice(2), process.env, {
    startServer: (config) => startServer(config, adapters),
    checkStore: (config) => checkStore(config, adapters),
    backUpStore: (config, target) => backUpStore(config, target, adapters),
    reserveStore: (config) => reserveStore(config, adapters),
    discardStore: (config) => discardStore(config, adapters),
  });
}
