import type { Resource } from '@medplum/fhirtypes';
import { type Logger, pino } from 'pino';
import type { Running } from '#cli/command.ts';
import { notListening } from '#cli/ports.ts';
import type { Config } from '#config';
import { Failure, type Outcome } from '#errors';
import { type Definitions, loadDefinitions } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import { respondTask } from '#http/tasks.ts';
import { withCql } from '#measure/libraries.ts';
import { evaluateTask, translateTask } from '#measure/tasks.ts';
import { profilesOf } from '#operations/conformance/capabilities.ts';
import { installGuide } from '#operations/conformance/guide.ts';
import { operations as table } from '#operations/operations.ts';
import type { Context } from '#operations/request/context.ts';
import { CustomParameters } from '#operations/search-parameters/custom-parameters.ts';
import { isIndexCurrent, noteIndexCurrent, reindexAll } from '#operations/search-parameters/reindex.ts';
import { indexer } from '#search/extract/extract.ts';
import type { Store } from '#storage/store.ts';
import { readGuide } from '#terminology/guide.ts';
import { createValueSets } from '#terminology/value-sets.ts';
import { ThreadPool } from '#threads/pool.ts';
import { handling, type TaskHandlers } from '#threads/task.ts';
import { compileTypes, createValidator, type ValidatorOptions } from '#validation/validator.ts';

/** The root of the clone: profiles/ and terminology/ stand there. */
const root = new URL('../', import.meta.url);

/** What main alone can name. */
export interface Adapter {
  /** Opens the store that HUFHIR_STORE names; what the store tells of itself goes to the log. */
  readonly openStore: (location: string, log: Logger) => Promise<Outcome<Store>>;
  /** What an error that came out of that store means, if it was to be expected of what is stored there. */
  readonly obstacleOf: (location: string, error: unknown) => Failure | undefined;
  /** The same store in a thread of the pool, by what `Store.share` gave. */
  readonly joinStore: (shared: unknown) => Store;
  /** The module that such a thread runs; it exports `runTask`. */
  readonly threadFile: URL;
}

/** What a context is made of besides settings and store. */
export interface ContextParts {
  /** The module that the threads of the pool run. */
  readonly threadFile: URL;
  /** Those of the table unless told. */
  readonly operations?: Context['operations'];
}

/** What a thread of the pool is given, so that it need not read 35 MB of definitions. */
interface ThreadData {
  readonly config: Config;
  readonly guide: readonly Resource[];
  readonly types: ValidatorOptions['types'];
}

/**
 * Everything that a server works with, around a store; the implementation guide is put into the store. The store may still
 * be opening: its threads start while the definitions are compiled. The operations are those of the table, unless others are given.
 */
export async function createContext(
  config: Config,
  opening: Store | Promise<Store>,
  parts: ContextParts,
): Promise<Context>;
export async function createContext(
  config: Config,
  opening: Promise<Outcome<Store>>,
  parts: ContextParts,
): Promise<Outcome<Context>>;
export async function createContext(
  config: Config,
  opening: Store | Promise<Outcome<Store>>,
  parts: ContextParts,
): Promise<Outcome<Context>> {
  const definitions = loadDefinitions();
  const guide = withCql(readGuide(root), new URL('profiles/', root));
  const data: ThreadData = { config, guide, types: compileTypes(definitions.structures()) };
  const opened = await opening;
  if (opened instanceof Failure) return opened;
  const context = join(data, definitions, opened, parts, true);
  const { store, parameters, log } = context;
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

/** The parts of a context, joined; `indexes` in the main thread alone. */
function join(
  data: ThreadData,
  definitions: Definitions,
  store: Store,
  { threadFile, operations = table }: ContextParts,
  indexes: boolean,
): Context {
  const { config, guide, types } = data;
  const { timeZone, baseUrl, validation: mode } = config;
  const log = pino({ level: config.logLevel });
  const validate = createValidator({ types, guide, mode, valueSets: createValueSets(guide), timeZone });
  const index = indexer(definitions, { timeZone, baseUrl });
  const parameters = new CustomParameters({ store, definitions, index, log, indexes });
  const pool = new ThreadPool({
    file: threadFile,
    workerData: data,
    threads: config.poolThreads,
    maxQueue: config.poolQueue,
    attach: () => store.share(),
  });
  return {
    config,
    store,
    definitions,
    parameters,
    profiles: profilesOf(guide),
    operations,
    clock: clock(timeZone),
    index,
    validate: (resource) => {
      const structural = validate(resource);
      const more = parameters.check(resource);
      if (more.length === 0) return structural;
      const paths = new Set(structural.map((i) => i.expression));
      return [...structural, ...more.filter((i) => !paths.has(i.expression))];
    },
    pool,
    log,
  };
}

/**
 * What a thread of the pool can do, given what came with the task. Each kind of work loads its modules when it first comes, so that a
 * thread that was lost is soon replaced.
 */
export function threadTasks(data: ThreadData, { joinStore, threadFile }: Adapter): (shared: unknown) => TaskHandlers {
  // The translator of CQL prints a greeting, and stdout belongs to the log.
  process.stdout.write = () => true;
  let context: Context | undefined;
  return (shared) => {
    const store = joinStore(shared);
    return {
      ...handling(respondTask, async (request) => {
        const { respondInThread } = await import('#http/large-request.ts');
        context ??= join(data, loadDefinitions(), store, { threadFile }, false);
        return respondInThread(context, request);
      }),
      ...handling(translateTask, async (measures) => {
        const { translateMeasures } = await import('#measure/engine.ts');
        return translateMeasures(measures);
      }),
      ...handling(evaluateTask, async (evaluation) => {
        const { evaluate } = await import('#measure/evaluation-thread.ts');
        return evaluate(store, evaluation);
      }),
    };
  };
}

/** A whole server, as the settings say. What was opened is closed if it cannot be one. */
export async function startServer(config: Config, adapter: Adapter): Promise<Outcome<Running>> {
  const opening = adapter.openStore(config.store, pino({ level: config.logLevel }));
  try {
    const context = await createContext(config, opening, adapter);
    return context instanceof Failure ? context : await listen(context);
  } catch (error) {
    const store = await opening.catch(() => undefined);
    // A damaged one may not close well, and the error that came first is the one to tell.
    if (store !== undefined && !(store instanceof Failure)) await store.close().catch(() => undefined);
    const obstacle = adapter.obstacleOf(config.store, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** Starts to listen. What was opened is closed if that fails. */
export async function listen(context: Context): Promise<Outcome<Running>> {
  const { createServer } = await import('#http/server/server.ts');
  const { host, port } = context.config;
  try {
    const web = await createServer(context);
    const address = await web.listen({ host, port });
    return {
      address,
      stop: async () => {
        await web.close();
        await close(context);
      },
    };
  } catch (error) {
    await close(context);
    const failure = notListening(error, host, port);
    if (failure === undefined) throw error;
    return failure;
  }
}

async function close({ parameters, pool, store }: Context): Promise<void> {
  await parameters.stop();
  await pool.close();
  await store.close();
}
