#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Store } from '#storage/store.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');

// What was compiled at one start is there at the next: a third of the time until the server is ready. It counts for what is
// imported after it, so the rooms come in here.
enableCompileCache();
const { run } = await import('#cli/commands.ts');
const { createServer } = await import('#http/server.ts');
const { openSqliteStore } = await import('#storage/sqlite/store.ts');

/** Opens the store that HUFHIR_STORE names; the folder of a file is made if it is not there. */
async function openStore(location: string): Promise<Store> {
  const file = location.replace(/^sqlite:/, '');
  mkdirSync(dirname(file), { recursive: true });
  return openSqliteStore(file);
}

process.exitCode = await run(process.argv.slice(2), process.env, { openStore, createWeb: createServer });
