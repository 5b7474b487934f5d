import { Failure, fail, type Issue, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Version } from '#storage/store.ts';
import { mapInBatches } from '#threads/yielding.ts';
import { type Criterion, criterionKey, readCriteria, shownCriteria } from '../lookups/criteria.ts';
import type { CriteriaLookups } from '../lookups/criteria-lookups.ts';
import { mayRead, read } from '../read/read.ts';
import type { Caller, Context } from '../request/context.ts';
import { newId } from '../request/ids.ts';
import { isAmong } from '../request/preconditions.ts';
import { located, type Request, requestPath, resourcePath } from '../request/request.ts';
import { candidates } from './candidates.ts';
import { addTarget, isAmongEntries, targetOf, targetsById } from './entry-references.ts';
import type { IndexRecords } from './index-records.ts';
import { applyPatch } from './patch.ts';
import type { ResolvedStep, WriteStep, WriteTarget } from './step.ts';

/** What an attempt knows of the state before it looks. */
export interface Attempt {
  readonly context: Context;
  readonly caller: Caller;
  /** `Type/id` of what was not at the version that an attempt before this one expected. */
  readonly moved: ReadonlySet<string>;
  readonly records: IndexRecords;
  readonly lookups: CriteriaLookups;
}

/** The steps by what is stored, and what is wrong with them. */
export interface ResolvedTargets {
  readonly steps: readonly ResolvedStep[];
  readonly issues: readonly Issue[];
}

/** Resolves what rests on the store's state: which resources the steps write, at which versions, and what patches make of them. */
export async function resolveTargets(attempt: Attempt, steps: readonly WriteStep[]): Promise<ResolvedTargets> {
  const issues = new Issues();
  const resolved = await resolveAll(attempt, steps);
  const known = steps.map((step) => {
    const result = resolved.get(step) ?? { targets: [] };
    if (!(result instanceof Failure)) return resolvedStep(step, result);
    const { request } = step;
    const placed = result.issues.some((found) => found.expression !== undefined);
    issues.addAll(placed ? result.issues : located(result, requestPath(request, faultyPart(result, request))).issues);
    return resolvedStep(step, { targets: [] });
  });
  issues.addAll(overlaps(known));
  return { steps: known, issues: issues.list };
}

/** What became of each step; nothing of one whose criteria name an entry that failed. */
type Resolutions = ReadonlyMap<WriteStep, Outcome<Resolution>>;

/**
 * Criteria may name other entries of the transaction, as references in resources do: they wait until it is known where these are, and
 * ask for that.
 */
async function resolveAll(attempt: Attempt, steps: readonly WriteStep[]): Promise<Resolutions> {
  const resolved = new Map<WriteStep, Outcome<Resolution>>();
  const entries = { targets: targetsById(steps), open: new Set<string>(), without: deletedById(steps) };
  for (const step of steps) if (isOpen(step)) entries.open.add(step.request.fullUrl ?? '');
  for (let waiting = steps; waiting.length > 0; ) {
    const results = await mapInBatches(waiting, (step) =>
      step.criteria === undefined
        ? resolveById(attempt, step)
        : resolveByCriteria(attempt, step, step.criteria, entries),
    );
    const still: WriteStep[] = [];
    for (const [i, step] of waiting.entries()) {
      const result = results[i];
      if (result === undefined) still.push(step);
      else resolved.set(step, result);
      if (result !== undefined && !(result instanceof Failure)) {
        addTarget(entries.targets, step, result.match?.id ?? result.targets[0]?.id);
      }
    }
    const isStuck = still.length === waiting.length;
    if (isStuck && !resolved.values().some((result) => result instanceof Failure)) {
      for (const step of still) resolved.set(step, fail('criteria-circular', {}));
    }
    waiting = isStuck ? [] : still;
  }
  return resolved;
}

/** Whether only its criteria tell where the entry is. */
function isOpen({ criteria, action, request }: WriteStep): boolean {
  return criteria !== undefined && action !== 'delete' && request.fullUrl !== undefined;
}

/** What is known of the entries of a transaction. */
interface EntriesSoFar {
  readonly targets: Map<string, string>;
  /** The fullUrls of those that only criteria tell. */
  readonly open: ReadonlySet<string>;
  /** `Type/id` of what the transaction deletes by id. */
  readonly without: ReadonlySet<string>;
}

/** What the state says of a step; what is absent is as the step brings it. */
type Resolution = Pick<ResolvedStep, 'targets'> & Partial<Omit<ResolvedStep, 'step' | 'targets'>>;

function resolvedStep(step: WriteStep, resolution: Resolution): ResolvedStep {
  const { resource, links, notes } = step;
  return { step, resource, links, notes, matches: undefined, match: undefined, ...resolution };
}

/** The element of an entry's request that a failure is about. */
export function faultyPart(
  failure: Failure,
  { interaction, preconditions: { ifMatch, ifNoneMatch } }: Request,
): string {
  const [{ code }] = failure.issues;
  if (code === 'version-conflict')
    return ifMatch === undefined && ifNoneMatch !== undefined ? 'ifNoneMatch' : 'ifMatch';
  if (code === 'if-match-required') return 'ifMatch';
  return interaction.code === 'create' ? 'ifNoneExist' : 'url';
}

/**
 * R4 http.html#trules: creates come before updates, so a conditional update that matches what an entry creates writes it twice. To be
 * asked when the references of the resources are resolved.
 */
export function createdBefore(records: IndexRecords, steps: readonly ResolvedStep[]): readonly Issue[] {
  const candidatesOf = candidates(
    records,
    steps.filter(({ step }) => step.action === 'create'),
  );
  return steps.flatMap(({ step: { action, type, request }, matches }) => {
    if ((action !== 'update' && action !== 'patch') || matches === undefined) return [];
    if (candidatesOf(type, matches.where).length === 0) return [];
    return [issue('duplicate-target', { found: `What ${type}?… names` }, requestPath(request, 'url'))];
  });
}

/** `Type/id` of what the steps delete by id: R4 deletes first, so it matches no criterion. */
function deletedById(steps: readonly WriteStep[]): ReadonlySet<string> {
  return new Set(steps.filter((s) => s.action === 'delete' && s.id !== undefined).map((s) => `${s.type}/${s.id}`));
}

/** Undefined while the criteria wait for an entry that they name, and where no time is left to look them up. */
async function resolveByCriteria(
  { context, caller, lookups }: Attempt,
  step: WriteStep,
  pairs: Criterion['pairs'],
  { targets, open, without }: EntriesSoFar,
): Promise<Outcome<Resolution> | undefined> {
  let waits = false;
  const references = (reference: string): string | undefined => {
    const target = targetOf(targets, step, reference);
    if (target === undefined && isAmongEntries(open, step, reference)) waits = true;
    return target;
  };
  const criterion = { type: step.type, pairs, without: step.action === 'delete' ? nothing : without, references };
  const where = await readCriteria(context, caller, criterion);
  if (waits) return undefined;
  if (where instanceof Failure) return where;
  const limit = mostOf(context, step);
  const matches = await lookups.find(criterion, where, limit + 1);
  if (matches === undefined || matches instanceof Failure) return matches;
  const found = shownCriteria(criterion);
  if (matches.found.length > limit) {
    return limit === 1
      ? fail('criteria-many-matches', { found })
      : fail('criteria-too-many', { found, expected: limit });
  }
  const resolution = await resolveMatches(context, step, criterion, matches.found);
  return resolution instanceof Failure ? resolution : { ...resolution, matches };
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
): Promise<Outcome<Resolution>> {
  const [match] = found;
  switch (step.action) {
    case 'create':
      return match === undefined ? { targets: [{ id: step.id ?? newId() }] } : { targets: [], match };
    case 'delete': {
      if (match === undefined && step.request.preconditions.ifMatch !== undefined) return conflict(step.type, 0, step);
      const targets: WriteTarget[] = [];
      for (const version of found) {
        const target = targetAt(context, step, version);
        if (target instanceof Failure) return target;
        targets.push(target);
      }
      return { targets };
    }
    case 'update':
      return asResolution(resolveUpdate(context, step, match));
    case 'patch':
      if (match === undefined) return fail('nothing-to-patch', { found: shownCriteria(criterion) });
      return resolvePatch(context, step, match);
  }
}

function asResolution(target: Outcome<WriteTarget>): Outcome<Resolution> {
  return target instanceof Failure ? target : { targets: [target] };
}

/** R4 http.html#cond-update. An id that nothing matches is created, unless another resource has it. */
function resolveUpdate(context: Context, step: WriteStep, match: Version | undefined): Outcome<WriteTarget> {
  const sent = step.resource?.id;
  const path = `${resourcePath(step.request, step.type)}.id`;
  if (match !== undefined && sent !== undefined && sent !== match.id) {
    return fail('id-mismatch', { found: `"${sent}"`, expected: match.id }, path);
  }
  if (match !== undefined) return targetAt(context, step, match);
  const { ifMatch } = step.request.preconditions;
  if (ifMatch !== undefined) return conflict(step.type, 0, step);
  if (sent === undefined) return { id: newId() };
  const target = `${step.type}/${sent}`;
  return { id: sent, expect: 0, refuse: () => fail('id-taken', { found: target }, path) };
}

async function resolvePatch(context: Context, step: WriteStep, current: Version): Promise<Outcome<Resolution>> {
  const target = targetAt(context, step, current);
  if (target instanceof Failure) return target;
  const patched = await applyPatch(context, step, current);
  if (patched instanceof Failure) return patched;
  const { changed, ...made } = patched;
  return changed ? { ...made, targets: [target] } : { ...made, targets: [], match: current };
}

/** What is asked by id needs no look at the state unless the preconditions do. */
async function resolveById({ context, caller, moved }: Attempt, step: WriteStep): Promise<Outcome<Resolution>> {
  const { id = '', type, request, action } = step;
  if (action === 'create') return { targets: [{ id }] };
  if (action === 'patch') {
    const found = await read(context, caller, type, id);
    if (found instanceof Failure) return found;
    return resolvePatch(context, step, found.version);
  }
  const { ifMatch, ifNoneMatch } = request.preconditions;
  if (ifMatch === undefined && (ifNoneMatch === undefined || ifNoneMatch === '*')) {
    return { targets: [targetAtAnyVersion(context, step, id)] };
  }
  const looked = moved.has(`${type}/${id}`);
  if (ifNoneMatch === undefined && ifMatch !== '*' && ifMatch?.length === 1 && !looked) {
    return { targets: [targetAtKnownVersion(step, id, ifMatch[0] ?? 0)] };
  }
  // A version is not told to one who may not see the resource; the store refuses the write.
  if (!(await mayRead(context, caller, type, id)) && (await context.store.read(type, id)) !== undefined) {
    return { targets: [{ id }] };
  }
  const version = await context.store.read(type, id);
  const deleted = version !== undefined && version.content === undefined;
  return asResolution(
    version === undefined || deleted ? targetOfDeleted(step, id, version) : targetAt(context, step, version),
  );
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

/** A target that is at the version that the client has seen. Where nothing is current, that may be the version of a deletion: the
 * next attempt looks. */
function targetAtKnownVersion(step: WriteStep, id: string, expect: number): WriteTarget {
  const refuse = (found: number): Failure | undefined =>
    found === 0 && step.action === 'update' ? undefined : conflict(`${step.type}/${id}`, found, step);
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

/** What a client has expected whose tags are none of this server's. */
const unknownTag = 'a version that is not one of this server, whose tags are like W/"3"';

function conflict(target: string, found: number, { request }: WriteStep): Failure {
  const { ifMatch, ifNoneMatch } = request.preconditions;
  const tags = ifMatch ?? ifNoneMatch;
  const name = ifMatch === undefined ? 'If-None-Match' : 'If-Match';
  const list = tags === '*' || tags === undefined ? 'any' : tags.join(' or ') || unknownTag;
  const expected = ifMatch === undefined ? (list === 'any' ? 'none' : `none of ${list}`) : list;
  return fail('version-conflict', { target, found: found === 0 ? 'none' : found, name, expected });
}

/**
 * R4 http.html#trules: no resource is written twice. Two creates with criteria that nothing matches would both create; one whose match
 * another entry writes would answer what is not.
 */
function overlaps(resolved: readonly ResolvedStep[]): readonly Issue[] {
  const written = new Set(
    resolved.flatMap(({ step: s }) => (s.id === undefined || s.action === 'create' ? [] : [`${s.type}/${s.id}`])),
  );
  const issues: Issue[] = [];
  const claim = ({ step, targets }: ResolvedStep, keys: readonly string[], shown?: string): void => {
    const twice = keys.find((key) => written.has(key));
    const at = requestPath(step.request, step.action === 'create' ? 'ifNoneExist' : 'url');
    if (twice !== undefined) issues.push(issue('duplicate-target', { found: shown ?? twice }, at));
    if (targets.length > 0) for (const key of keys) written.add(key);
  };
  for (const one of resolved) {
    const { step, targets, matches } = one;
    const { type, action } = step;
    if (matches === undefined || targets.length === 0) continue;
    const { criterion, where } = matches;
    const keys = targets.map(({ id }) => `${type}/${id}`);
    // What a search did not find is known by the search alone.
    const made = action === 'create' || (action === 'update' && !(targets[0]?.expect ?? 0));
    const same = [criterionKey(criterion), `${type} ${JSON.stringify(where)}`];
    if (made) claim(one, [...same, ...keys], shownCriteria(criterion));
    else claim(one, keys);
  }
  for (const one of resolved) {
    const { step, match } = one;
    if (step.criteria !== undefined && match !== undefined) claim(one, [`${step.type}/${match.id}`]);
  }
  return issues;
}
