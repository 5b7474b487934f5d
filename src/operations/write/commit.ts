import type { Config } from '#config';
import { Failure, fail, type Outcome } from '#errors';
import type { Commit, Guard, Transaction, Write } from '#storage/store.ts';
import { unavailable } from '#storage/unavailable.ts';
import type { Caller, Context } from '../request/context.ts';

/** What is to be written, and the criteria on which that rests. */
export interface Changes {
  readonly guards: readonly Guard[];
  readonly writes: readonly Write[];
  /** The answer where a write found another version than it expects; undefined where planning again may help. */
  readonly refuse?: (write: number, found: number) => Failure | undefined;
  /** The answer where a write's criteria would not find it alone, but these. */
  readonly refuseUnmet?: (write: number, found: readonly string[]) => Promise<Failure>;
  /** What is kept with them, if they change definitions. */
  readonly definitions?: Pick<Transaction, 'settings' | 'raises'>;
  /** FHIRPath of the reference in a write. */
  readonly place?: (write: number, reference: string) => string | undefined;
}

/** The changes that were committed, and what that made. */
export interface CommittedChanges<C extends Changes> {
  readonly changes: C;
  readonly versions: Commit['versions'];
}

/** How often a request is planned anew because others changed what it had looked at. */
const attempts = 10;

/**
 * Plans changes, commits them, and plans again where the state moved in between (bounded). What they were prepared with are the
 * definitions of `revision`; a store that has others by now refuses them (`definitions-changed`). A plan is told `Type/id` of what was not at
 * the version that one before expected. Those who lost a resource to each other take turns at it afterwards, or all but one would lose
 * again at each attempt.
 */
export async function commit<C extends Changes>(
  context: Context,
  caller: Caller,
  revision: number,
  plan: (moved: ReadonlySet<string>) => Promise<Outcome<C>>,
): Promise<Outcome<CommittedChanges<C>>> {
  let leave: (() => void) | undefined;
  let moved: ReadonlySet<string> = new Set();
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const changes = await plan(moved);
      if (changes instanceof Failure) return changes;
      const result = await commitOnce(context, caller, revision, changes);
      if (result instanceof Failure) return result;
      if (!(result instanceof StaleState)) return { changes, versions: result.versions };
      if (result.moved) moved = new Set([...moved, result.target]);
      // One turn at most: whoever held two could wait for another that waits for it.
      leave ??= await waitInLine(context, result.target);
    }
    return fail('write-contention', { found: 'What the request depends on', expected: attempts });
  } finally {
    leave?.();
  }
}

/** The store's answer to a conflict that planning again may resolve: a criterion's matches changed, or a version that was
 * read, not asked for by the client. */
class StaleState {
  /** What others changed. */
  readonly target: string;
  /** It is a resource, which was not at the version that was expected. */
  readonly moved: boolean;
  constructor(target: string, moved: boolean) {
    this.target = target;
    this.moved = moved;
  }
}

/** By the settings: all requests of a thread have the same, whatever else is their own. */
const queues = new WeakMap<Config, Map<string, Promise<void>>>();

/** Waits for those who asked for the target before; answers how to let the next one in. */
async function waitInLine({ config }: Context, target: string): Promise<() => void> {
  const queue = queues.get(config) ?? new Map<string, Promise<void>>();
  queues.set(config, queue);
  const before = queue.get(target);
  const { promise, resolve } = Promise.withResolvers<void>();
  const last = (before ?? Promise.resolve()).then(() => promise);
  queue.set(target, last);
  await before;
  return () => {
    if (queue.get(target) === last) queue.delete(target);
    resolve();
  };
}

async function commitOnce(
  { config, store, parameters }: Context,
  { rights }: Caller,
  revision: number,
  { guards, writes, definitions, refuse, refuseUnmet, place }: Changes,
): Promise<Outcome<Commit> | StaleState> {
  const { references, guardTimeout: timeout } = config;
  const done = await store.transact({ guards, writes, references, rights, revision, timeout, ...definitions });
  if (!('conflict' in done)) {
    // So that what has to be indexed is looked for at once. Whether it can be read now is nothing to those whose change was made.
    if (definitions?.raises === true) void parameters.refresh().catch(() => undefined);
    return done;
  }
  switch (done.conflict) {
    case 'guard':
      return new StaleState(JSON.stringify(guards[done.guard]?.plan.where), false);
    case 'revision':
      return fail('definitions-changed', {});
    case 'timeout':
      return fail('guards-too-slow', { expected: timeout, found: done.part });
    case 'unavailable':
      return unavailable(done.reason);
    case 'unknown':
      return fail('commit-unknown', { found: done.reason });
    case 'lease':
      throw new Error('a lease was lost that no write has');
  }
  const write = writes[done.write];
  const target = write === undefined ? '' : `${write.type}/${write.id}`;
  switch (done.conflict) {
    case 'version':
      return refuse?.(done.write, done.found) ?? new StaleState(target, true);
    case 'reference': {
      const path = place?.(done.write, done.reference) ?? `${write?.type}.${done.param}`;
      return fail('reference-not-found', { found: done.reference }, path);
    }
    case 'rights':
      return fail('forbidden', { found: `write ${target}` });
    case 'criteria':
      if (refuseUnmet === undefined) throw new Error('a write has criteria that nobody knows');
      return refuseUnmet(done.write, done.found);
  }
}
