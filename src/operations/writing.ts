import type { Resource } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Issue, issue, type Outcome } from '#errors';
import type { Version, Write } from '#storage/store.ts';
import type { Answer } from './answer.ts';
import { type Changes, commit } from './commit.ts';
import type { Caller, Context } from './context.ts';
import { lookUp, type Matches, shownCriteria } from './criteria.ts';
import { draftOf } from './draft.ts';
import { newId } from './ids.ts';
import { type Request, requestPath } from './request.ts';
import { resolver, rewrite } from './resolve.ts';
import { type Step, toSteps } from './step.ts';

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
  const steps = toSteps(context, requests);
  if (steps instanceof Failure) return steps;
  const acting = steps.toSorted((a, b) => order[a.action] - order[b.action]);
  let written: readonly Step[] = [];
  const planOnce = async () => {
    const changes = await plan(context, caller, acting);
    written = acting.filter((s) => !s.existing);
    return changes;
  };
  const done = await commit(context, caller, planOnce, (i) => written[i]?.request.ifMatch?.toString());
  if (done instanceof Failure) return done;
  const places = new Map(written.map((s, i) => [s, i]));
  return Promise.all(
    steps.map(async (step): Promise<Answer> => {
      const place = places.get(step);
      if (place === undefined) return stored(step, await context.store.read(step.type, step.id), false);
      const version = done.versions[place];
      if (step.action === 'delete') return { kind: 'deleted', status: 204, version };
      return stored(step, version, version?.created === true);
    }),
  );
}

/** The absence of the version would be a defect of the store, or of a rival that deleted it in between. */
function stored(step: Step, version: Version | undefined, created: boolean): Answer {
  if (version === undefined) throw new Error(`${step.type}/${step.id} was written and is not there`);
  const { notes } = step;
  return { kind: 'resource', status: created ? 201 : 200, version, ...(notes.length > 0 && { notes }) };
}

/** One attempt: looks the criteria up, gives ids, rewrites references, and makes the writes. */
async function plan(context: Context, caller: Caller, steps: readonly Step[]): Promise<Outcome<Changes>> {
  const conditional = await lookUpCreates(context, caller, steps);
  const resolve = await resolver(context, caller, steps);
  const issues = [...conditional.issues, ...resolve.issues];
  for (const step of steps) for (const link of step.links) issues.push(...rewrite(link, step, resolve));
  const refused = failIfAny(issues);
  if (refused !== undefined) return refused;
  return {
    guards: [...conditional.matches, ...resolve.matches].map((m) => m.guard),
    writes: steps.filter((s) => !s.existing).map((s) => toWrite(context, s)),
  };
}

/** R4 http.html#ccreate: no match creates, one match is the answer, several are a problem. */
async function lookUpCreates(
  context: Context,
  caller: Caller,
  steps: readonly Step[],
): Promise<{ matches: Matches[]; issues: Issue[] }> {
  const matches: Matches[] = [];
  const issues: Issue[] = [];
  const one = async (step: Step, query: string) => {
    const at = requestPath(step.request, 'ifNoneExist');
    const found = await lookUp(context, caller, step.type, query, at);
    if (found instanceof Failure) return issues.push(...found.issues);
    const [match, second] = found.ids;
    if (second !== undefined) {
      return issues.push(issue('criteria-many-matches', { found: shownCriteria(step.type, query) }, at));
    }
    if (match === undefined && step.existing) step.id = newId();
    step.existing = match !== undefined;
    if (match !== undefined) step.id = match;
    return matches.push(found);
  };
  await Promise.all(
    steps.flatMap((s) =>
      s.request.ifNoneExist === undefined || s.action !== 'create' ? [] : [one(s, s.request.ifNoneExist)],
    ),
  );
  return { matches, issues };
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
