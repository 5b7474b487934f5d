import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Version } from '#storage/store.ts';
import { mapInBatches } from '#threads/yielding.ts';
import { type Criterion, criterionKey, findMatches, type Matches, shownCriteria } from '../lookups/criteria.ts';
import { mayRead, read } from '../read/read.ts';
import type { Caller, Context } from '../request/context.ts';
import { newId } from '../request/ids.ts';
import { isAmong } from '../request/preconditions.ts';
import { located, type Request, requestPath, resourcePath } from '../request/request.ts';
import { candidates } from './candidates.ts';
import { applyPatch } from './patch.ts';
import type { WriteStep, WriteTarget } from './step.ts';

/** What the criteria of the steps rest on, and what is wrong with them. */
export interface ResolvedTargets {
  readonly matches: readonly Matches[];
  readonly issues: readonly Issue[];
}

/**
 * Settles what rests on the store's state: which resources the steps write, at which versions, and what patches make of them. The
 * steps are told; nothing is written.
 */
export async function resolveTargets(
  context: Context,
  caller: Caller,
  steps: readonly WriteStep[],
): Promise<ResolvedTargets> {
  const without = deletedById(steps);
  const issues = new Issues();
  const looked = await mapInBatches(steps, (step) => resolveStep(context, caller, step, without));
  for (const [i, result] of looked.entries()) {
    const request = steps[i]?.request;
    if (!(result instanceof Failure) || request === undefined) continue;
    const part = partOf(result, request);
    const placed = result.issues.some((found) => found.expression !== undefined);
    issues.addAll(placed ? result.issues : located(result, requestPath(request, part)).issues);
  }
  issues.addAll(overlaps(steps));
  return {
    matches: looked.filter((m): m is Matches => m !== undefined && !(m instanceof Failure)),
    issues: issues.list,
  };
}

/** The element of an entry's request that a failure is about. */
function partOf(failure: Failure, { interaction }: Request): string {
  const [{ code }] = failure.issues;
  if (code === 'version-conflict' || code === 'if-match-required') return 'ifMatch';
  return interaction.code === 'create' ? 'ifNoneExist' : 'url';
}

/**
 * R4 http.html#trules: creates come before updates, so a conditional update that matches what an entry creates writes it twice. To be
 * asked when the references of the resources are resolved.
 */
export function createdBefore(context: Context, steps: readonly WriteStep[]): readonly Issue[] {
  const candidatesOf = candidates(
    context,
    steps.filter((s) => s.action === 'create'),
  );
  return steps.flatMap(({ action, where, type, request }) => {
    if ((action !== 'update' && action !== 'patch') || where === undefined) return [];
    if (candidatesOf(type, where).length === 0) return [];
    return [issue('duplicate-target', { found: `What ${type}?… names` }, requestPath(request, 'url'))];
  });
}

/** `Type/id` of what the steps delete by id: R4 deletes first, so it matches no criterion. */
function deletedById(steps: readonly WriteStep[]): ReadonlySet<string> {
  return new Set(steps.filter((s) => s.action === 'delete' && s.id !== undefined).map((s) => `${s.type}/${s.id}`));
}

async function resolveStep(
  context: Context,
  caller: Caller,
  step: WriteStep,
  without: ReadonlySet<string>,
): Promise<Outcome<Matches | undefined>> {
  step.match = undefined;
  if (step.criteria === undefined) return resolveById(context, caller, step);
  const criterion = { type: step.type, pairs: step.criteria, without: step.action === 'delete' ? nothing : without };
  const limit = mostOf(context, step);
  const matches = await findMatches(context, caller, criterion, limit + 1);
  if (matches instanceof Failure) return matches;
  step.where = matches.where;
  const found = shownCriteria(criterion);
  if (matches.found.length > limit) {
    return limit === 1
      ? fail('criteria-many-matches', { found })
      : fail('criteria-too-many', { found, expected: limit });
  }
  const refused = await resolveMatches(context, step, criterion, matches.found);
  return refused ?? matches;
}

const nothing: ReadonlySet<string> = new Set();

/** How many resources a criterion may match. */
function mostOf({ config }: Context, { action }: WriteStep): number {
  return action === 'delete' && config.conditionalDelete === 'multiple' ? config.maxConditionalDelete : 1;
}

/** The rules for none, one and many matches: R4 http.html#ccreate, #cond-update, #cdelete, #patch. */
async function resolveMatches(
  context: Context,
  step: WriteStep,
  criterion: Criterion,
  found: readonly Version[],
): Promise<Failure | undefined> {
  const [match] = found;
  switch (step.action) {
    case 'create':
      step.match = match;
      step.targets = match === undefined ? [{ id: step.id ?? newId() }] : [];
      return undefined;
    case 'delete': {
      if (match === undefined && step.request.preconditions.ifMatch !== undefined) return conflict(step.type, 0, step);
      const targets = found.map((version) => targetAt(context, step, version));
      step.targets = targets.filter((t): t is WriteTarget => !(t instanceof Failure));
      return targets.find((t) => t instanceof Failure);
    }
    case 'update':
      return resolveUpdate(context, step, match);
    case 'patch':
      if (match === undefined) return fail('nothing-to-patch', { found: shownCriteria(criterion) });
      return resolvePatch(context, step, match);
  }
}

/** R4 http.html#cond-update. An id that nothing matches is created, unless another resource has it. */
function resolveUpdate(context: Context, step: WriteStep, match: Version | undefined): Failure | undefined {
  const sent = step.resource?.id;
  const path = `${resourcePath(step.request, step.type)}.id`;
  if (match !== undefined && sent !== undefined && sent !== match.id) {
    return fail('id-mismatch', { found: `"${sent}"`, expected: match.id }, path);
  }
  if (match !== undefined) {
    const target = targetAt(context, step, match);
    step.targets = target instanceof Failure ? [] : [target];
    return target instanceof Failure ? target : undefined;
  }
  const { ifMatch } = step.request.preconditions;
  if (ifMatch !== undefined) return conflict(step.type, 0, step);
  const target = `${step.type}/${sent}`;
  step.targets =
    sent === undefined
      ? [{ id: newId() }]
      : [{ id: sent, expect: 0, refuse: () => fail('id-taken', { found: target }, path) }];
  return undefined;
}

async function resolvePatch(context: Context, step: WriteStep, current: Version): Promise<Failure | undefined> {
  const target = targetAt(context, step, current);
  if (target instanceof Failure) return target;
  const changes = await applyPatch(context, step, current);
  if (changes instanceof Failure) return changes;
  step.targets = changes ? [target] : [];
  step.match = changes ? undefined : current;
  return undefined;
}

/** What is asked by id needs no look at the state unless the preconditions do. */
async function resolveById(context: Context, caller: Caller, step: WriteStep): Promise<Failure | undefined> {
  const { id = '', type, request, action } = step;
  if (action === 'create') {
    step.targets = [{ id }];
    return undefined;
  }
  if (action === 'patch') {
    const found = await read(context, caller, type, id);
    if (found instanceof Failure) return found;
    return resolvePatch(context, step, found.version);
  }
  const { ifMatch, ifNoneMatch } = request.preconditions;
  if (ifMatch === undefined && (ifNoneMatch === undefined || ifNoneMatch === '*')) {
    step.targets = [targetAtAnyVersion(context, step, id)];
    return undefined;
  }
  if (ifNoneMatch === undefined && ifMatch !== '*' && ifMatch?.length === 1 && !step.look) {
    step.targets = [targetAtKnownVersion(step, id, ifMatch[0] ?? 0)];
    return undefined;
  }
  // A version is not told to one who may not see the resource; the store refuses the write.
  if (!(await mayRead(context, caller, type, id)) && (await context.store.read(type, id)) !== undefined) {
    step.targets = [{ id }];
    return undefined;
  }
  const version = await context.store.read(type, id);
  const deleted = version !== undefined && version.content === undefined;
  const target =
    version === undefined || deleted ? targetOfDeleted(step, id, version) : targetAt(context, step, version);
  step.targets = target instanceof Failure ? [] : [target];
  return target instanceof Failure ? target : undefined;
}

/** A target whose state nobody has looked at. */
function targetAtAnyVersion({ config }: Context, step: WriteStep, id: string): WriteTarget {
  const target = `${step.type}/${id}`;
  if (step.request.preconditions.ifNoneMatch === '*') {
    return { id, expect: 0, refuse: (found) => conflict(target, found, step) };
  }
  if (config.ifMatch === 'optional') return { id };
  return { id, expect: 0, refuse: () => fail('if-match-required', { found: target }) };
}

/** A target that is at the version that the client has seen. Where nothing is current, that may be the version of a deletion. */
function targetAtKnownVersion(step: WriteStep, id: string, expect: number): WriteTarget {
  const refuse = (found: number): Failure | undefined => {
    step.look = found === 0 && step.action === 'update';
    return step.look ? undefined : conflict(`${step.type}/${id}`, found, step);
  };
  return { id, expect, refuse };
}

/** R4 http.html#delete: the ETag of a deletion lets its client bring the resource back, if nobody else did. */
function targetOfDeleted(step: WriteStep, id: string, deletion: Version | undefined): Outcome<WriteTarget> {
  const { ifMatch } = step.request.preconditions;
  const known = ifMatch === undefined || (ifMatch !== '*' && isAmong(ifMatch, deletion?.version));
  return known ? { id, expect: 0 } : conflict(`${step.type}/${id}`, 0, step);
}

/** A target that is at this version, if the preconditions hold for it. */
function targetAt({ config }: Context, step: WriteStep, { type, id, version }: Version): Outcome<WriteTarget> {
  const { ifMatch, ifNoneMatch } = step.request.preconditions;
  const wrong =
    ifMatch === undefined ? ifNoneMatch !== undefined && isAmong(ifNoneMatch, version) : !isAmong(ifMatch, version);
  if (wrong) return conflict(`${type}/${id}`, version, step);
  if (ifMatch === undefined && config.ifMatch === 'required')
    return fail('if-match-required', { found: `${type}/${id}` });
  return { id, expect: version };
}

function conflict(target: string, found: number, { request }: WriteStep): Failure {
  const { ifMatch, ifNoneMatch } = request.preconditions;
  const tags = ifMatch ?? ifNoneMatch;
  const list = tags === '*' || tags === undefined ? 'any' : tags.join(' or ');
  const expected = ifMatch === undefined ? (list === 'any' ? 'none' : `none of ${list}`) : list;
  return fail('version-conflict', { target, found: found === 0 ? 'none' : found, expected });
}

/**
 * R4 http.html#trules: no resource is written twice. Two creates with criteria that nothing matches would both create; one whose match
 * another entry writes would answer what is not.
 */
function overlaps(steps: readonly WriteStep[]): readonly Issue[] {
  const written = new Set(
    steps.flatMap((s) => (s.id === undefined || s.action === 'create' ? [] : [`${s.type}/${s.id}`])),
  );
  const issues: Issue[] = [];
  const claim = (step: WriteStep, keys: readonly string[], shown?: string): void => {
    const twice = keys.find((key) => written.has(key));
    const at = requestPath(step.request, step.action === 'create' ? 'ifNoneExist' : 'url');
    if (twice !== undefined) issues.push(issue('duplicate-target', { found: shown ?? twice }, at));
    if (step.targets.length > 0) for (const key of keys) written.add(key);
  };
  for (const step of steps) {
    const { criteria: pairs, type, action, targets } = step;
    if (pairs === undefined || targets.length === 0) continue;
    const criterion = { type, pairs, without: nothing };
    const keys = targets.map(({ id }) => `${type}/${id}`);
    // What a search did not find is known by the search alone.
    const made = action === 'create' || (action === 'update' && !(targets[0]?.expect ?? 0));
    if (made) claim(step, [criterionKey(criterion), ...keys], shownCriteria(criterion));
    else claim(step, keys);
  }
  for (const step of steps) {
    if (step.criteria !== undefined && step.match !== undefined) claim(step, [`${step.type}/${step.match.id}`]);
  }
  return issues;
}
