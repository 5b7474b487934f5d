import type { Resource } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { IndexRecord } from '#search/model/entry.ts';
import type { Transaction, Version, Write } from '#storage/store.ts';
import { yielder } from '#threads/yielding.ts';
import { CriteriaLookups } from '../lookups/criteria-lookups.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request, requestPath } from '../request/request.ts';
import { type Changes, commit } from './commit.ts';
import { draftOf } from './draft.ts';
import { IndexRecords, withId } from './index-records.ts';
import { valueAt } from './links.ts';
import { resolveReferences } from './resolve-references.ts';
import { type Attempt, createdBefore, faultyPart, resolveTargets } from './resolve-targets.ts';
import { type ResolvedStep, toSteps, type WriteStep, type WriteTarget } from './step.ts';
import { criteriaOfWrite, judge, placeOfCriteria, refuseShared, refuseUnmet } from './unmet-criteria.ts';

/** The order in which the entries of a transaction act, whatever their places in the bundle (R4 http.html#trules). */
const order = { delete: 0, create: 1, update: 2, patch: 2 } as const;

/** What was written: an answer for each request, and the versions that were made, in the order of their seqs. */
export interface Written {
  readonly answers: readonly Answer[];
  readonly versions: readonly Version[];
}

/** The answers alone. */
export async function write(
  context: Context,
  caller: Caller,
  requests: readonly Request[],
): Promise<Outcome<readonly Answer[]>> {
  const written = await writeAll(context, caller, requests);
  return written instanceof Failure ? written : written.answers;
}

/**
 * Create, update, patch and delete (R4 http.html), conditional or not, one or many: all or nothing. References between the
 * requests become those of the stored resources. The answers stand in the order of the requests.
 */
export async function writeAll(
  context: Context,
  caller: Caller,
  requests: readonly Request[],
): Promise<Outcome<Written>> {
  const { revision } = context.definitions;
  const steps = await toSteps(context, requests);
  if (steps instanceof Failure) return steps;
  const acting = steps.toSorted((a, b) => order[a.action] - order[b.action]);
  const records = new IndexRecords(context);
  const lookups = new CriteriaLookups(context, caller);
  const done = await commit(context, caller, revision, (moved) => {
    lookups.forget();
    return planWrites({ context, caller, moved, records, lookups }, acting);
  });
  if (done instanceof Failure) return done;
  const { changes, versions } = done;
  const made = new Map<WriteStep, Version | undefined>();
  for (const [i, { by }] of changes.planned.entries()) made.set(by.step, versions[i]);
  const answers = new Map(changes.steps.map((by) => [by.step, answerTo(by, made.get(by.step))]));
  return {
    answers: steps.flatMap((step) => answers.get(step) ?? []),
    versions: versions.filter((version) => version !== undefined),
  };
}

/** The absence of the version would be a defect of the store. */
function answerTo({ step, targets, match, notes }: ResolvedStep, made: Version | undefined): Answer {
  if (step.action === 'delete') return { kind: 'bare', status: 204, version: targets.length > 1 ? undefined : made };
  const version = made ?? match;
  if (version === undefined) throw new Error(`A ${step.type} was written and is not there`);
  const status = made?.created === true ? 201 : 200;
  return { kind: 'resource', status, version, written: true, ...(notes.length > 0 && { notes }) };
}

/** A write, and the step that asks for it. */
interface PlannedWrite {
  readonly by: ResolvedStep;
  readonly target: WriteTarget;
}

/** What one attempt wants written. */
export interface PlannedChanges extends Changes {
  readonly steps: readonly ResolvedStep[];
  /** Of each write. */
  readonly planned: readonly PlannedWrite[];
}

/** One attempt: resolves what is meant, gives ids, puts references in place, and makes the writes. */
export async function planWrites(attempt: Attempt, asked: readonly WriteStep[]): Promise<Outcome<PlannedChanges>> {
  const issues = new Issues();
  const pause = yielder();
  const targets = await resolveTargets(attempt, asked);
  issues.addAll(targets.issues);
  const { steps, matches, issues: wrong } = await resolveReferences(attempt, targets.steps);
  issues.addAll(wrong);
  issues.addAll(createdBefore(attempt.records, steps));
  const refused = failIfAny(issues.list);
  if (refused !== undefined) return refused;
  const criteria = await judgeAll(attempt, steps);
  if (criteria instanceof Failure) return criteria;
  const planned = steps.flatMap((by) => by.targets.map((target) => ({ by, target })));
  const writes: Write[] = [];
  for (const one of planned) {
    await pause();
    const write = toWrite(attempt.records, one);
    const found = criteria.has(one.by) ? one.by.matches : undefined;
    writes.push(found === undefined ? write : { ...write, criteria: found.guard.plan });
  }
  const guards = [...new Set([...steps.flatMap((step) => step.matches ?? []), ...matches].map((m) => m.guard))];
  const written = planned.map(({ by, target }) => ({ type: by.step.type, id: target.id, resource: by.resource }));
  return {
    guards,
    writes,
    steps,
    planned,
    definitions: definitionsIn(attempt.context, written),
    refuse: (i, found) => refusal(planned[i], found),
    refuseUnmet: (i, found) => unmetOf(attempt, planned[i], found),
    place: (i, reference) => placeOf(planned[i], reference),
  };
}

/** The steps whose criteria only the store can judge, or what is wrong with those that can be judged now. */
async function judgeAll(attempt: Attempt, steps: readonly ResolvedStep[]): Promise<Outcome<ReadonlySet<ResolvedStep>>> {
  const issues = new Issues();
  const pause = yielder();
  const open = new Set<ResolvedStep>();
  const verdictOf = judge(attempt, steps);
  for (const step of steps) {
    const asked = criteriaOfWrite(step);
    if (asked === undefined) continue;
    await pause();
    const verdict = attempt.lookups.spend('comparing the entries', () => verdictOf(asked));
    if (verdict instanceof Failure) return located(verdict, placeOfCriteria(asked.step.step));
    if (verdict === false) issues.addAll((await refuseUnmet(attempt, asked)).issues);
    else if (verdict === 'shared') issues.addAll(refuseShared(asked).issues);
    else if (verdict === 'open') open.add(step);
  }
  return failIfAny(issues.list) ?? open;
}

/** `found` is what the criteria of the write find when all is done. */
async function unmetOf(
  attempt: Attempt,
  planned: PlannedWrite | undefined,
  found: readonly string[],
): Promise<Failure> {
  const asked = planned && criteriaOfWrite(planned.by);
  if (asked === undefined) throw new Error('a write has no criteria to be judged by');
  return found.length > 1 ? refuseShared(asked) : refuseUnmet(attempt, asked);
}

/** What a transaction keeps that writes definitions, or deletes some (without a resource); nothing for all others. */
export function definitionsIn(
  { parameters }: Context,
  written: readonly { readonly type: string; readonly id: string; readonly resource: Resource | undefined }[],
): Pick<Transaction, 'settings' | 'raises'> {
  const changed = written.filter(({ type }) => type === 'SearchParameter');
  if (changed.length === 0) return {};
  return parameters.changedBy(new Map(changed.map(({ id, resource }) => [id, resource])));
}

function refusal(planned: PlannedWrite | undefined, found: number): Failure | undefined {
  const failure = planned?.target.refuse?.(found);
  if (planned === undefined || failure === undefined || failure.issues[0].expression !== undefined) return failure;
  const { request } = planned.by.step;
  return located(failure, requestPath(request, faultyPart(failure, request)));
}

/** FHIRPath of the link that became this reference. */
function placeOf(planned: PlannedWrite | undefined, reference: string): string | undefined {
  const { resource, links = [] } = planned?.by ?? {};
  if (resource === undefined) return undefined;
  return links.find((link) => String(valueAt(resource, link)).endsWith(reference))?.path;
}

const methods = { create: 'POST', update: 'PUT', patch: 'PATCH' } as const;

const noRecord: IndexRecord = { entries: [], patients: [] };

function toWrite(records: IndexRecords, { by, target }: PlannedWrite): Write {
  const { step, resource } = by;
  const { id, expect } = target;
  const { type, action } = step;
  const expected = expect === undefined ? {} : { expect };
  if (action === 'delete') return { method: 'DELETE', type, id, draft: undefined, index: () => noRecord, ...expected };
  if (resource === undefined) throw new Error(`${type}/${id} is to be written and is not there`);
  const index = () => records.take(resource, id);
  return { method: methods[action], type, id, draft: draftOf(resource, id), index, ...expected };
}

/** The write that puts a resource under an id, whatever is there. */
export function putOf(context: Context, method: 'POST' | 'PUT' | 'PATCH', resource: Resource, id: string): Write {
  const index = () => context.index(withId(resource, id));
  return { method, type: resource.resourceType, id, draft: draftOf(resource, id), index };
}
