import { fail, type Outcome } from '#errors';
import { and } from '#search/filter.ts';
import type { Version } from '#storage/store.ts';
import type { Answer } from './answer.ts';
import type { Caller, Context } from './context.ts';

/** R4 http.html#read. 404 for what never was (or may not be seen), 410 for what was deleted. */
export async function read(context: Context, caller: Caller, type: string, id: string): Promise<Outcome<Answer>> {
  const version = await context.store.read(type, id);
  if (version === undefined || !(await mayRead(context, caller, version)))
    return fail('not-found', { found: `${type}/${id}` });
  if (version.content === undefined) return fail('deleted', { found: `${type}/${id}` });
  return { kind: 'resource', status: 200, version };
}

/** R4 http.html#vread. */
export async function vread(
  context: Context,
  caller: Caller,
  at: { readonly type: string; readonly id: string; readonly version: number },
): Promise<Outcome<Answer>> {
  const found = `${at.type}/${at.id}`;
  const version = await context.store.read(at.type, at.id, at.version);
  if (version === undefined || !(await mayRead(context, caller, version))) {
    return fail('version-not-found', { found, version: at.version });
  }
  if (version.content === undefined) return fail('deleted', { found: `${found}/_history/${at.version}` });
  return { kind: 'resource', status: 200, version };
}

/** Old versions are judged by the resource's current state; one that is deleted is seen only by unrestricted callers. */
async function mayRead(context: Context, caller: Caller, version: Version): Promise<boolean> {
  if (caller.rights.read.op === 'all') return true;
  const where = and([{ op: 'id', ids: [version.id] }, caller.rights.read]);
  const page = await context.store.find({ types: [version.type], where, sort: [], limit: 1, total: 'none' });
  return page.found.length === 1;
}
