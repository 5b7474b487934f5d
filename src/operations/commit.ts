import { Failure, fail, type Outcome } from '#errors';
import type { Commit, Guard, Write } from '#storage/store.ts';
import type { Caller, Context } from './context.ts';

/** What a conductor wants written, and the criteria on which that rests. */
export interface Changes {
  readonly guards: readonly Guard[];
  readonly writes: readonly Write[];
}

/** How often a request is planned anew because others changed what it had looked at. */
const attempts = 10;

/** The store's answer to a conflict that planning again may settle: a criterion's matches changed, or a version that was
 * read, not asked for by the client. */
const again: unique symbol = Symbol('again');

/** What to answer where a write found another version than it expects; undefined where planning again may settle it. */
export type Refuse = (write: number, found: number) => Failure | undefined;

/**
 * Plans changes, commits them, and plans again where the state moved in between (bounded). `refuse` tells of each write whether the
 * client itself asked for what the store did not find.
 */
export async function commit(
  context: Context,
  caller: Caller,
  plan: () => Promise<Outcome<Changes>>,
  refuse: Refuse = () => undefined,
): Promise<Outcome<Commit>> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const changes = await plan();
    if (changes instanceof Failure) return changes;
    const result = await tryOnce(context, caller, changes, refuse);
    if (result !== again) return result;
  }
  return fail('write-contention', { found: 'What the request depends on', expected: attempts });
}

async function tryOnce(
  context: Context,
  caller: Caller,
  changes: Changes,
  refuse: Refuse,
): Promise<Outcome<Commit> | typeof again> {
  const { references } = context.config;
  const done = await context.store.transact({ ...changes, references, rights: caller.rights.write });
  if (!('conflict' in done)) return done;
  if (done.conflict === 'guard') return again;
  const write = changes.writes[done.write];
  const target = write === undefined ? '' : `${write.type}/${write.id}`;
  switch (done.conflict) {
    case 'version':
      return refuse(done.write, done.found) ?? again;
    case 'reference':
      return fail('reference-not-found', { found: done.reference }, `${write?.type}.${done.param}`);
    case 'rights':
      return fail('forbidden', { found: `write ${target}` });
  }
}
