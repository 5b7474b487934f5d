#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { run } from '#cli/commands.ts';
import { createServer } from '#http/server.ts';
import { openSqliteStore } from '#storage/sqlite/store.ts';
import type { Store } from '#storage/store.ts';

// V8 lets its heap grow with the machine's memory, ten times over what a server needs; collecting sooner costs an import a
// few percent of its speed. The young generation keeps the size that it has after the imports.
setFlagsFromString('--heap-growing-percent=40');
setFlagsFromString('--semi-space-growth-factor=1');

/** Opens the store that HUFHIR_STORE names; the folder of a file is made if it is not there. */
async function openStore(location: string): Promise<Store> {
  const file = location.replace(/^sqlite:/, '');
  mkdirSync(dirname(file), { recursive: true });
  return openSqliteStore(file);
}

process.exitCode = await run(process.argv.slice(2), process.env, { openStore, createWeb: createServer });
