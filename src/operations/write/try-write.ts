import { Failure, fail, type Issue } from '#errors';
import { CriteriaLookups } from '../lookups/criteria-lookups.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request } from '../request/request.ts';
import { IndexRecords } from './index-records.ts';
import { readStep } from './step.ts';
import { type PlannedChanges, planWrites } from './write.ts';

/**
 * What writing a request would meet in the state as it is, warnings too: all that `write` would refuse it for, told at once; by
 * `profile` too. Nothing is written.
 */
export async function tryWrite(
  context: Context,
  caller: Caller,
  request: Request,
  profile?: string,
): Promise<readonly Issue[]> {
  const { step, issues } = readStep(context, request, new Set(), profile);
  if (step === undefined) return issues;
  const attempt = {
    context,
    caller,
    moved: new Set<string>(),
    records: new IndexRecords(context),
    lookups: new CriteriaLookups(context, caller),
  };
  const planned = await planWrites(attempt, [step]);
  if (planned instanceof Failure) return [...issues, ...planned.issues];
  const conflicts = [await versionConflict(context, planned), ...(await missingTargets(context, planned))];
  return [...issues, ...conflicts.flatMap((conflict) => conflict?.issues ?? [])];
}

/** The refusal of a write that expects another version than is there. */
async function versionConflict({ store }: Context, { planned, refuse }: PlannedChanges): Promise<Failure | undefined> {
  for (const [i, { by, target }] of planned.entries()) {
    if (target.expect === undefined) continue;
    const current = await store.read(by.step.type, target.id);
    const found = current?.content === undefined ? 0 : current.version;
    const refused = found === target.expect ? undefined : refuse?.(i, found);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** What strict references miss. */
async function missingTargets(
  { config, store }: Context,
  { writes, place }: PlannedChanges,
): Promise<readonly Failure[]> {
  if (config.references !== 'strict') return [];
  const missing: Failure[] = [];
  for (const [i, { type, id, index }] of writes.entries()) {
    const targets = new Map(
      index().entries.flatMap((e) => (e.kind === 'reference' ? [[`${e.type}/${e.id}`, e] as const] : [])),
    );
    targets.delete(`${type}/${id}`);
    for (const [found, target] of targets) {
      const current = await store.read(target.type, target.id);
      if (current?.content !== undefined) continue;
      missing.push(located(fail('reference-not-found', { found }), place?.(i, found) ?? `${type}.${target.param}`));
    }
  }
  return missing;
}
