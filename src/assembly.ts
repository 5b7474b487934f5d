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
import { startJobs, stopJobs } from '#operations/jobs/runner.ts';
import { operations as table } from '#operations/operations.ts';
import { perform } from '#operations/perform.ts';
import type { Context } from '#operations/request/context.ts';
import { cursorKey } from '#operations/request/cursor.ts';
import { CustomParameters } from '#operations/search-parameters/custom-parameters.ts';
import { claimIndex, isIndexCurrent, reindexAll } from '#operations/search-parameters/index-version.ts';
import { Indexer } from '#operations/search-parameters/indexer.ts';
import { type IndexPage, indexPageTask, pageIndexer } from '#operations/search-parameters/indexing-pass.ts';
import { mask } from '#resident-numbers';
import { indexer } from '#search/extract/extract.ts';
import type { Driver, OpenedStore, StoreCheck } from '#storage/driver.ts';
import { type Store, StoreUnavailable } from '#storage/store.ts';
import { readGuide } from '#terminology/guide.ts';
import { createValueSets } from '#terminology/value-sets.ts';
import { isInterrupted } from '#threads/interruption.ts';
import { ThreadPool } from '#threads/pool.ts';
import { handling, type TaskHandlers } from '#threads/task.ts';
import { compileTypes, createValidator, type ValidatorOptions } from '#validation/validator.ts';

/** The root of the clone: profiles/ and terminology/ stand there. */
const root = new URL('../', import.meta.url);

/** What main alone can name. */
export interface Adapters {
  /** The engines, by what HUFHIR_STORE begins with. */
  readonly drivers: readonly Driver[];
  /** The module that the threads of the pool run; it exports `runTask`. */
  readonly threadFile: URL;
}

/** The engine that a setting names, and where its store is. */
function driverOf({ drivers }: Pick<Adapters, 'drivers'>, { store }: Config): readonly [Driver, string] {
  const colon = store.indexOf(':');
  const driver = drivers.find(({ scheme }) => scheme === store.slice(0, colon));
  if (driver === undefined) throw new Error(`no engine for ${store}`);
  return [driver, store.slice(colon + 1)];
}

/** What a context is made of besides settings and store. */
export interface ContextParts {
  /** The module that the threads of the pool run. */
  readonly threadFile: URL;
  /** Those of the table unless told. */
  readonly operations?: Context['operations'];
  /** The implementation guide with its CQL: that of the clone unless told. */
  readonly guide?: readonly Resource[];
  /** How a page is indexed anew: by a thread of the pool unless told. */
  readonly indexPage?: typeof pageIndexer;
  /** Standard output unless told. */
  readonly log?: Logger;
}

/** What a thread of the pool is given, so that it need not read 35 MB of definitions. */
interface ThreadData {
  readonly config: Config;
  readonly guide: readonly Resource[];
  readonly types: ValidatorOptions['types'];
}

/** Everything that a server works with, around a store; the implementation guide is put into the store. */
export async function createContext(
  config: Config,
  { store, ticket }: OpenedStore,
  parts: ContextParts,
  { definitions, guide, types } = readArtifacts(parts.guide),
): Promise<Context> {
  const context = join({ config, guide, types }, definitions, store, parts, ticket);
  const { parameters } = context;
  const isNew = (await store.lastSeq()) === 0;
  if (!(await isIndexCurrent(store))) await claimIndex(store, isNew);
  await installGuide(context, guide);
  await parameters.refresh();
  // With the guide's parameters too, so that it is done once.
  if (!(await isIndexCurrent(store))) await indexWholeStore(context);
  // While the disk has room for it: links are sealed with it when there is none.
  await store.shelf.key(cursorKey);
  for (const work of context.background) work.start();
  return context;
}

/** On standard output. Whatever a line says, a resident's number is not in it. */
function createLog({ logLevel: level }: Config): Logger {
  const output = pino.destination(1);
  return pino({ level }, { write: (line) => void output.write(mask(line)) });
}

/** What a server reads of its clone: a second's work. */
function readArtifacts(guide: readonly Resource[] = withCql(readGuide(root), new URL('profiles/', root))) {
  const definitions = loadDefinitions();
  return { definitions, guide, types: compileTypes(definitions.structures()) };
}

/** With all parameters, which are ready then. */
function indexWholeStore({ store, index, definitions, parameters, log }: Context): Promise<void> {
  const indexing = { store, index, conditions: () => ({ revision: definitions.revision }) };
  return reindexAll(indexing, log, () => parameters.madeReady(parameters.hashes));
}

/** The parts of a context, joined; a thread of the pool starts no other, and needs no ticket to the store for them. */
function join(
  data: ThreadData,
  definitions: Definitions,
  store: Store,
  { threadFile, operations = table, indexPage: own, log = createLog(data.config) }: ContextParts,
  ticket?: OpenedStore['ticket'],
): Context {
  const { config, guide, types } = data;
  const { timeZone, baseUrl, validation: mode } = config;
  // The guide is part of the program, whose tests parse its invariants; here that would take a tenth of a start.
  const parsed = true;
  const validate = createValidator({ types, guide, mode, parsed, valueSets: createValueSets(guide), timeZone });
  const index = indexer(definitions, { timeZone, baseUrl });
  const parameters = new CustomParameters({ store, definitions, log });
  const shared = {
    file: threadFile,
    workerData: data,
    maxQueue: config.poolQueue,
    maxWeight: config.maxBody,
    attach: ticket ?? noTicket,
  };
  const pool = new ThreadPool({ ...shared, threads: config.poolThreads });
  const memory = { heap: config.measureMemory, stack: measureStack };
  const measurePool = new ThreadPool({ ...shared, threads: config.measureThreads, memory });
  const indexPage = own?.({ store, index }) ?? indexPageIn(pool);
  return {
    config,
    store,
    definitions,
    parameters,
    profiles: profilesOf(guide),
    operations,
    clock: clock(timeZone),
    index,
    canCheck: validate.knows,
    validate: (resource, profile) => {
      const structural = validate(resource, profile);
      const more = parameters.check(resource);
      if (more.length === 0) return structural;
      const paths = new Set(structural.map((i) => i.expression));
      return [...structural, ...more.filter((i) => !paths.has(i.expression))];
    },
    background: [new Indexer({ store, definitions, parameters, indexPage, log })],
    pool,
    measurePool,
    startsTasks: ticket !== undefined,
    log,
  };
}

function indexPageIn(pool: ThreadPool): IndexPage {
  return async (plan, conditions) => {
    const made = await pool.run(indexPageTask, { plan, conditions }, { client: 'the indexer', long: true });
    if (made instanceof Failure) throw new Error(made.issues[0].text);
    return made;
  };
}

/** Megabytes: CQL is translated and evaluated by recursion, and 4 MB hold a few hundred levels. */
const measureStack = 64;

function noTicket(): never {
  throw new Error('a thread of the pool has no other to run tasks');
}

/**
 * What a thread of the pool can do, given what came with the task. Each kind of work loads its modules when it first comes, so that a
 * thread that was lost is soon replaced.
 */
export function threadTasks(data: ThreadData, adapters: Adapters): (ticket: unknown) => TaskHandlers {
  // The translator of CQL prints a greeting, and stdout belongs to the log.
  process.stdout.write = () => true;
  let context: Context | undefined;
  const [driver] = driverOf(adapters, data.config);
  const contextWith = async (store: Store): Promise<Context> => {
    if (context === undefined) {
      context = join(data, loadDefinitions(), store, adapters);
      await context.parameters.refresh();
    }
    return context;
  };
  return (ticket) => {
    // In each task, so that what keeps it from the store is the result of that.
    const joined = () => driver.join(ticket, isInterrupted);
    return unlessUnavailable({
      ...handling(respondTask, async (request) => {
        const own = await contextWith(joined());
        const { respondInThread } = await import('#http/large-request.ts');
        return respondInThread(own, request);
      }),
      ...handling(indexPageTask, async ({ plan, conditions }) => {
        const { store, index, definitions, parameters } = await contextWith(joined());
        if (definitions.revision !== conditions.revision) await parameters.refresh();
        const found = definitions.revision;
        if (found !== conditions.revision) return { count: 0, conflict: { conflict: 'revision', found } };
        return pageIndexer({ store, index })(plan, conditions);
      }),
      ...handling(translateTask, async (measures) => {
        joined();
        const { translateMeasures } = await import('#measure/engine.ts');
        return translateMeasures(measures);
      }),
      ...handling(evaluateTask, async (evaluation) => {
        const store = joined();
        const { evaluate } = await import('#measure/evaluation-thread.ts');
        return evaluate(store, evaluation);
      }),
    });
  };
}

/** The handlers; that the store cannot be reached is the result of whatever asked it. */
function unlessUnavailable(handlers: TaskHandlers): TaskHandlers {
  const guarded = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (input: never) => {
      try {
        return await handler(input);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return error.toFailure();
      }
    },
  ]);
  return Object.fromEntries(guarded);
}

/** Whether the store that the settings name is whole. */
export function checkStore(config: Config, adapters: Adapters): Promise<Outcome<StoreCheck>> {
  const [driver, location] = driverOf(adapters, config);
  return driver.check(location);
}

/** Copies the store that the settings name. */
export function backUpStore(config: Config, target: string, adapters: Adapters): Promise<Outcome<void>> {
  const [driver, location] = driverOf(adapters, config);
  return driver.backup(location, target);
}

/** Keeps the place of the store that the settings name from others who would reserve it, until what is answered is called. */
export function reserveStore(config: Config, adapters: Adapters): Outcome<() => void> {
  const [driver, location] = driverOf(adapters, config);
  return driver.reserve(location);
}

/** Deletes the store that the settings name, unless it is in use. */
export function discardStore(config: Config, adapters: Adapters): Failure | undefined {
  const [driver, location] = driverOf(adapters, config);
  return driver.discard(location);
}

/** A whole server, as the settings say. What was opened is closed if it cannot be one. */
export async function startServer(config: Config, adapters: Adapters): Promise<Outcome<Running>> {
  const [driver, location] = driverOf(adapters, config);
  const log = createLog(config);
  // The threads of the store start meanwhile.
  const opening = driver.open(location, log, config.readQueue);
  // What keeps it from being a store is known at once, and told before all else is read.
  const refused = await Promise.race([opening, undefined]);
  if (refused instanceof Failure) return refused;
  const artifacts = readArtifacts();
  const opened = await opening;
  if (opened instanceof Failure) return opened;
  try {
    return await listen(await createContext(config, opened, { ...adapters, log }, artifacts));
  } catch (error) {
    // A damaged one may not close well, and the error that came first is the one to tell.
    await opened.store.close().catch(() => undefined);
    const obstacle = driver.obstacleOf(location, error);
    if (obstacle === undefined) throw error;
    return obstacle;
  }
}

/** Starts to listen. What was opened is closed if that fails. */
export async function listen(context: Context): Promise<Outcome<Running>> {
  const { createServer } = await import('#http/server/server.ts');
  const { host, port, baseUrl } = context.config;
  try {
    const web = await createServer(context);
    const address = await web.listen({ host, port });
    startJobs(context, perform);
    return {
      address,
      baseUrl,
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

async function close(context: Context): Promise<void> {
  const { background, pool, measurePool, store } = context;
  await stopJobs(context);
  await Promise.all(background.map((work) => work.stop()));
  await Promise.all([pool.close(), measurePool.close()]);
  await store.close();
}
