import { Failure, fail, type Outcome } from '#errors';
import { readSubset } from '#fhir/model/subset.ts';
import type { Version } from '#storage/store.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { isUnmodified } from '../request/preconditions.ts';
import type { Request } from '../request/request.ts';

/**
 * R4 http.html#read, #vread, #cread: the resource, or the part of it that is asked for, or 304 if the client has it already. `current`
 * is the version that a read finds, where that is known.
 */
export async function readInteraction(
  context: Context,
  caller: Caller,
  at: { readonly type: string; readonly id: string; readonly version?: number },
  { query, preconditions }: Request,
  current?: Version,
): Promise<Outcome<Answer>> {
  const subset = query.length === 0 ? undefined : readSubset(query, [at.type]);
  if (subset instanceof Failure) return subset;
  if (subset === 'count')
    return fail('bad-parameter-value', { parameter: '_summary', found: 'count', expected: parts });
  const { version } = at;
  const answer =
    version === undefined
      ? await read(context, caller, at.type, at.id, current)
      : await vread(context, caller, { ...at, version });
  if (answer instanceof Failure) return answer;
  if (isUnmodified(preconditions, answer.version)) return { kind: 'bare', status: 304, version: answer.version };
  return subset === undefined ? answer : { ...answer, subset };
}

const parts = 'true, text, data or false';

type ReadAnswer = Extract<Answer, { kind: 'resource' }>;

/** R4 http.html#read. 404 for what never was (or may not be seen), 410 for what was deleted. */
export async function read(
  context: Context,
  caller: Caller,
  type: string,
  id: string,
  current?: Version,
): Promise<Outcome<ReadAnswer>> {
  const version = current ?? (await context.store.read(type, id));
  if (version === undefined || !(await mayRead(context, caller, type, id))) {
    return fail('not-found', { found: `${type}/${id}` });
  }
  if (version.content === undefined) return fail('deleted', { found: `${type}/${id}` });
  return { kind: 'resource', status: 200, version };
}

async function vread(
  context: Context,
  caller: Caller,
  at: { readonly type: string; readonly id: string; readonly version: number },
): Promise<Outcome<ReadAnswer>> {
  const found = `${at.type}/${at.id}`;
  const version = await context.store.read(at.type, at.id, at.version);
  if (version === undefined || !(await mayRead(context, caller, at.type, at.id))) {
    return fail('version-not-found', { found, version: at.version });
  }
  if (version.content === undefined) return fail('deleted', { found: `${found}/_history/${at.version}` });
  return { kind: 'resource', status: 200, version };
}

/**
 * Whether a resource that exists, all its versions with it, may be seen: the current state decides, or the last contents of
 * a deleted one.
 */
export async function mayRead(context: Context, caller: Caller, type: string, id: string): Promise<boolean> {
  if (caller.rights.read.op === 'all') return true;
  const { found } = await context.store.history({ type, id, limit: 1, rights: caller.rights.read });
  return found.length === 1;
}
