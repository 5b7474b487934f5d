import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Resource } from '@medplum/fhirtypes';
import { createContext } from '#assembly';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { parseResource } from '#fhir/json/json.ts';
import type { Context } from '#operations/request/context.ts';
import { threadFile } from '#test/http/harness.ts';
import { storeIn } from '#test/process/store.ts';

/** The inside of a server, without HTTP, around the store in this file; a new one gets what a server puts into it. */
export async function openInside(file: string): Promise<Context> {
  const config = loadConfig({ HUFHIR_STORE: `sqlite:${file}`, HUFHIR_AUTH: 'off', HUFHIR_VALIDATION: 'off' });
  if (config instanceof Failure) throw new Error(config.issues.map(({ text }) => text).join('; '));
  return createContext(config, storeIn(file), { threadFile });
}

/** Works with the inside of a server on a new store, which is deleted; `schema` stands for its tables, as one word. */
export async function withNewStore<T>(work: (context: Context, schema: string) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const file = join(folder, 'hufhir.db');
  try {
    const context = await openInside(file);
    const done = work(context, digest(tablesOf(file)));
    await context.store.close();
    return done;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tablesOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
  } finally {
    database.close();
  }
}

/** What is extracted of these resources, as one word: another one means another index. */
export function extractionOf({ index }: Context, resources: readonly Resource[]): string {
  return digest(resources.map((resource) => index(received(resource))));
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** The resource as a server has it that reads it from a request. */
export function received(resource: Resource): Resource {
  const parsed = parseResource(JSON.stringify(resource), 100);
  if (parsed instanceof Failure) throw new Error(parsed.issues.map(({ text }) => text).join('; '));
  return parsed as Resource;
}
