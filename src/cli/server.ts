import { createServer as createListener } from 'node:net';
import type { Resource } from '@medplum/fhirtypes';
import type { Config } from '#config';
import { loadDefinitions } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
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
const root = new URL('../../', import.meta.url);

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
      const told = validate(resource);
      const more = parameters.check(resource);
      if (more.length === 0) return told;
      const places = new Set(told.map((i) => i.expression));
      return [...told, ...more.filter((i) => !places.has(i.expression))];
    },
  };
  return { context, guide };
}

/** What makes HTTP of a context; main hands it in. */
export interface Web {
  /** Answers the address. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<unknown>;
}

/** A server that answers, and how to end it: it takes no new work, finishes what it has, and closes the store. */
export interface Running {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts to listen. */
export async function listen(context: Context, web: Web): Promise<Running> {
  const { host, port } = context.config;
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

/** A port that is free now, for settings with port 0: links need to know the port before the server listens. */
export async function freePort(host: string): Promise<number> {
  return bound(host, 0);
}

/** Whether nobody listens there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return bound(host, port).then(
    () => true,
    () => false,
  );
}

/** Takes the port, gives it back, and tells which it was. */
async function bound(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createListener();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
