import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, failIfAny, issue, type Outcome } from '#errors';
import { Issues } from '#fhir/issues.ts';
import type { Version, Write } from '#storage/store.ts';
import type { Answer } from './answer.ts';
import { type Changes, commit } from './commit.ts';
import type { Caller, Context } from './context.ts';
import { criterionKey, lookUp, type Matches, shownCriteria } from './criteria.ts';
import { draftOf } from './draft.ts';
import { newId } from './ids.ts';
import { located, type Request, requestPath } from './request.ts';
import { resolver, rewrite } from './resolve.ts';
import { deletedBy, type Step, toSteps } from './step.ts';
import { breather, inTurns } from './turns.ts';

/** The order in which the entries of a transaction act, whatever their places in the bundle (R4 http.html#trules). */
const order = { delete: 0, create: 1, update: 2 } as const;

/**
 * Create, update and delete (R4 http.html), one or many: all or nothing. References between the requests become those of
 * the stored resources. The answers stand in the order of the requests.
 */
export async function write(
  context: Context,
  caller: Caller,
  requests: readonly Request[],
): Promise<Outcome<readonly Answer[]>> {
  const steps = await toSteps(context, requests);
  if (steps instanceof Failure) return steps;
  const acting = steps.toSorted((a, b) => order[a.action] - order[b.action]);
  let written: readonly Step[] = [];
  const planOnce = async () => {
    const changes = await plan(context, caller, acting);
    written = acting.filter((s) => s.match === undefined);
    return changes;
  };
  const done = await commit(context, caller, planOnce, (i) => written[i]?.request.ifMatch?.toString());
  if (done instanceof Failure) return done;
  const places = new Map(written.map((s, i) => [s, i]));
  return steps.map((step): Answer => {
    const place = places.get(step);
    const version = place === undefined ? step.match : done.versions[place];
    if (step.action === 'delete') return { kind: 'deleted', status: 204, version };
    return stored(step, version, place !== undefined && version?.created === true);
  });
}

/** The absence of the version would be a defect of the store. */
function stored(step: Step, version: Version | undefined, created: boolean): Answer {
  if (version === undefined) throw new Error(`${step.type}/${step.id} was written and is not there`);
  const { notes } = step;
  return { kind: 'resource', status: created ? 201 : 200, version, ...(notes.length > 0 && { notes }) };
}

/** One attempt: looks the criteria up, gives ids, rewrites references, and makes the writes. */
async function plan(context: Context, caller: Caller, steps: readonly Step[]): Promise<Outcome<Changes>> {
  const issues = new Issues();
  const breathe = breather();
  const conditional = await lookUpCreates(context, caller, steps, issues);
  const resolve = await resolver(context, caller, steps);
  issues.addAll(resolve.issues);
  for (const step of steps) {
    await breathe();
    for (const link of step.links) {
      const found = rewrite(link, step, resolve);
      if (found !== undefined) issues.add(found);
    }
  }
  const refused = failIfAny(issues.list);
  if (refused !== undefined) return refused;
  const writes: Write[] = [];
  for (const step of steps) {
    await breathe();
    if (step.match === undefined) writes.push(toWrite(context, step));
  }
  return { guards: [...conditional, ...resolve.matches].map((m) => m.guard), writes };
}

/**
 * R4 http.html#ccreate: no match creates, one match is the answer, several are a problem. The answer is the match as it was
 * looked up: the commit holds only if it still is one, and what happens to it afterwards is another's.
 */
async function lookUpCreates(
  context: Context,
  caller: Caller,
  steps: readonly Step[],
  issues: Issues,
): Promise<readonly Matches[]> {
  const deleted = deletedBy(steps);
  const creates = steps.flatMap((step) => {
    const { ifNoneExist: query } = step.request;
    return query === undefined || step.action !== 'create'
      ? []
      : [{ step, criterion: { type: step.type, query, deleted } }];
  });
  const looked = await inTurns(creates, async ({ step, criterion }) => {
    const matches = await lookUp(context, caller, criterion);
    const [match, second] = matches instanceof Failure ? [] : matches.found;
    if (match === undefined && step.match !== undefined) step.id = newId();
    step.match = match;
    if (match !== undefined) step.id = match.id;
    return second === undefined ? matches : fail('criteria-many-matches', { found: shownCriteria(criterion) });
  });
  const claimed = new Set(steps.filter((s) => s.action === 'update').map((s) => `${s.type}/${s.id}`));
  for (const [i, { step, criterion }] of creates.entries()) {
    const at = requestPath(step.request, 'ifNoneExist');
    const matches = looked[i];
    if (matches instanceof Failure) {
      issues.addAll(located(matches, at).issues);
      continue;
    }
    const target = step.match === undefined ? criterionKey(criterion) : `${step.type}/${step.id}`;
    const found = step.match === undefined ? shownCriteria(criterion) : target;
    if (claimed.has(target)) issues.add(issue('duplicate-target', { found }, at));
    if (step.match === undefined) claimed.add(target);
  }
  return looked.filter((m): m is Matches => !(m instanceof Failure));
}

function toWrite(context: Context, step: Step): Write {
  const { type, id, resource, action, request } = step;
  const expect = request.ifMatch === undefined ? {} : { expect: request.ifMatch };
  if (resource === undefined) {
    return { method: 'DELETE', type, id, draft: undefined, index: { entries: [], residents: [] }, ...expect };
  }
  return putOf(context, action === 'create' ? 'POST' : 'PUT', resource, id, expect);
}

/** The write that stores a resource under an id. */
export function putOf(
  context: Context,
  method: 'POST' | 'PUT',
  resource: Resource,
  id: string,
  expect: { readonly expect?: number } = {},
): Write {
  const index = context.index(resource.id === id ? resource : { ...resource, id });
  return { method, type: resource.resourceType, id, draft: draftOf(resource, id), index, ...expect };
}
