#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createThreadContext, startServer } from '#assembly';
import { run } from '#cli/commands.ts';
import { serveThread } from '#http/thread-worker.ts';
import type { Context } from '#operations/request/context.ts';
import { openSharedSqliteStore, openSqliteStore } from '#storage/sqlite/store.ts';
import type { Store } from '#storage/store.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed. The young generation keeps the size that it has after the imports.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');
// For the thread of large bodies, which gives its memory back when it is done.
setFlagsFromString('--expose-gc');

/** Opens the store that HUFHIR_STORE names; the folder of a file is made if it is not there. */
async function openStore(location: string): Promise<Store> {
  const file = location.replace(/^sqlite:/, '');
  mkdirSync(dirname(file), { recursive: true });
  return openSqliteStore(file);
}

// A small young generation, as in the threads of the store: it would keep 50 MB otherwise.
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/** The thread that works on large bodies; it runs this file too, with what it shares with this one. */
function startThread(context: Context): Worker {
  const { shared, transfer } = context.store.share();
  const options = {
    workerData: { config: context.config, shared },
    transferList: [...transfer],
    execArgv: [],
    resourceLimits,
  };
  return new Worker(new URL(import.meta.url), options);
}

if (isMainThread) {
  process.exitCode = await run(process.argv.slice(2), process.env, {
    startServer: (config) => startServer(config, { openStore, startThread }),
  });
} else {
  const { config, shared } = workerData;
  serveThread(
    createThreadContext(
      config,
      openSharedSqliteStore(shared, () => process.exit(1)),
    ),
  );
}
