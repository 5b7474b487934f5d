import type { Worker } from 'node:worker_threads';
import type { Resource } from '@medplum/fhirtypes';
import type { Running } from '#cli/command.ts';
import type { Config } from '#config';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import { createServer } from '#http/server/server.ts';
import { withCql } from '#measure/libraries.ts';
import { profilesOf } from '#operations/conformance/capabilities.ts';
import { installGuide } from '#operations/conformance/guide.ts';
import type { Context } from '#operations/request/context.ts';
import { CustomParameters } from '#operations/search-parameters/custom-parameters.ts';
import { isIndexCurrent, noteIndexCurrent, reindexAll } from '#operations/search-parameters/reindex.ts';
import { indexer } from '#search/extract/extract.ts';
import type { Store } from '#storage/store.ts';
import { readGuide } from '#terminology/guide.ts';
import { createValueSets } from '#terminology/value-sets.ts';
import { createValidator } from '#validation/validator.ts';

/** The root of the clone: profiles/ and terminology/ stand there. */
const root = new URL('../', import.meta.url);

/**
 * Everything that a server works with, around a store; the implementation guide is put into the store. The store may still
 * be opening: its threads start while the definitions are compiled.
 */
export async function createContext(config: Config, opening: Store | Promise<Store>): Promise<Context> {
  const { context, guide } = await assemble(config, opening, true);
  const { store, parameters } = context;
  const isNew = (await store.lastSeq()) === 0;
  if (isNew) await parameters.adopt(guide);
  await installGuide(context, guide);
  await parameters.refresh();
  if (!(await isIndexCurrent(store))) {
    if (!isNew) await reindexAll(context, log);
    await parameters.ready();
    await noteIndexCurrent(store);
  }
  parameters.start();
  return context;
}

const log = (line: string): void => console.error(line);

/** The same for another thread of a server that runs already. */
export async function createThreadContext(config: Config, store: Store): Promise<Context> {
  return (await assemble(config, store, false)).context;
}

async function assemble(
  config: Config,
  opening: Store | Promise<Store>,
  indexes: boolean,
): Promise<{ readonly context: Context; readonly guide: readonly Resource[] }> {
  const definitions = loadDefinitions();
  const { timeZone, baseUrl } = config;
  const guide = withCql(readGuide(root), new URL('profiles/', root));
  const valueSets = createValueSets(guide);
  const structures = definitions.structures();
  const validate = createValidator({ structures, guide, mode: config.validation, valueSets, timeZone });
  const store = await opening;
  const index = indexer(definitions, { timeZone, baseUrl });
  const parameters = new CustomParameters({ store, definitions, index, log, indexes });
  const context: Context = {
    config,
    store,
    definitions,
    parameters,
    profiles: profilesOf(guide),
    clock: clock(timeZone),
    index,
    validate: (resource) => {
      const structural = validate(resource);
      const more = parameters.check(resource);
      if (more.length === 0) return structural;
      const places = new Set(structural.map((i) => i.expression));
      return [...structural, ...more.filter((i) => !places.has(i.expression))];
    },
  };
  return { context, guide };
}

/** What main alone can name: the store's adapter, and the thread of large bodies. */
export interface Adapter {
  /** The store that HUFHIR_STORE names. */
  readonly openStore: (location: string) => Promise<Store>;
  readonly startThread: (context: Context) => Worker;
}

/** A whole server, as the settings say. */
export async function startServer(config: Config, { openStore, startThread }: Adapter): Promise<Running> {
  const context = await createContext(config, openStore(config.store));
  return listen(context, () => startThread(context));
}

/** Starts to listen. Without `startThread`, large bodies are worked on in this thread. */
export async function listen(context: Context, startThread?: () => Worker): Promise<Running> {
  const { host, port } = context.config;
  const web = await createServer(context, startThread);
  const address = await web.listen({ host, port });
  return {
    address,
    stop: async () => {
      await web.close();
      await context.parameters.stop();
      await context.store.close();
    },
  };
}
