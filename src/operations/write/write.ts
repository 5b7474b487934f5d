import type { Resource } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import type { Version, Write } from '#storage/store.ts';
import { yielder } from '#threads/yielding.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request, requestPath } from '../request/request.ts';
import { type Changes, commit } from './commit.ts';
import { draftOf } from './draft.ts';
import { resolveReferences } from './resolve-references.ts';
import { createdBefore, resolveTargets } from './resolve-targets.ts';
import { toSteps, type WriteStep, type WriteTarget } from './step.ts';

/** The order in which the entries of a transaction act, whatever their places in the bundle (R4 http.html#trules). */
const order = { delete: 0, create: 1, update: 2, patch: 2 } as const;

/** A write, and the step that asks for it. */
interface PlannedWrite {
  readonly step: WriteStep;
  readonly target: WriteTarget;
}

/**
 * Create, update, patch and delete (R4 http.html), conditional or not, one or many: all or nothing. References between the
 * requests become those of the stored resources. The answers stand in the order of the requests.
 */
export async function write(
  context: Context,
  caller: Caller,
  requests: readonly Request[],
): Promise<Outcome<readonly Answer[]>> {
  const steps = await toSteps(context, requests);
  if (steps instanceof Failure) return steps;
  const acting = steps.toSorted((a, b) => order[a.action] - order[b.action]);
  let asked: readonly PlannedWrite[] = [];
  const planOnce = async () => {
    const changes = await plan(context, caller, acting);
    asked = acting.flatMap((step) => step.targets.map((target) => ({ step, target })));
    return changes;
  };
  const refuse = (i: number, found: number): Failure | undefined => {
    const { step, target } = asked[i] ?? {};
    const failure = target?.refuse?.(found);
    if (step === undefined || failure === undefined || failure.issues[0].expression !== undefined) return failure;
    return located(failure, requestPath(step.request, 'ifMatch'));
  };
  const place = (i: number, reference: string): string | undefined => {
    const links = asked[i]?.step.links ?? [];
    return links.find(({ holder, key }) => String(holder[key]).endsWith(reference))?.path;
  };
  const done = await commit(context, caller, planOnce, { refuse, place });
  if (done instanceof Failure) return done;
  const made = new Map<WriteStep, Version | undefined>();
  for (const [i, { step }] of asked.entries()) made.set(step, done.versions[i]);
  return steps.map((step) => answerTo(step, made.get(step)));
}

/** The absence of the version would be a defect of the store. */
function answerTo(step: WriteStep, made: Version | undefined): Answer {
  if (step.action === 'delete')
    return { kind: 'bare', status: 204, version: step.targets.length > 1 ? undefined : made };
  const version = made ?? step.match;
  if (version === undefined) throw new Error(`A ${step.type} was written and is not there`);
  const { notes } = step;
  const status = made?.created === true ? 201 : 200;
  return { kind: 'resource', status, version, written: true, ...(notes.length > 0 && { notes }) };
}

/** One attempt: settles what is meant, gives ids, rewrites references, and makes the writes. */
async function plan(context: Context, caller: Caller, steps: readonly WriteStep[]): Promise<Outcome<Changes>> {
  const issues = new Issues();
  const breathe = yielder();
  const targets = await resolveTargets(context, caller, steps);
  issues.addAll(targets.issues);
  const resolved = await resolveReferences(context, caller, steps);
  issues.addAll(resolved.issues);
  issues.addAll(createdBefore(context, steps));
  const refused = failIfAny(issues.list);
  if (refused !== undefined) return refused;
  const writes: Write[] = [];
  for (const step of steps) {
    await breathe();
    for (const target of step.targets) writes.push(toWrite(context, step, target));
  }
  return { guards: [...targets.matches, ...resolved.matches].map((m) => m.guard), writes };
}

const methods = { create: 'POST', update: 'PUT', patch: 'PATCH' } as const;

function toWrite(context: Context, { type, resource, action }: WriteStep, { id, expect }: WriteTarget): Write {
  const expected = expect === undefined ? {} : { expect };
  if (action === 'delete') {
    return { method: 'DELETE', type, id, draft: undefined, index: { entries: [], residents: [] }, ...expected };
  }
  if (resource === undefined) throw new Error(`${type}/${id} is to be written and is not there`);
  return putOf(context, methods[action], resource, id, expected);
}

/** The write that stores a resource under an id. Its index is made when the store takes it: those of a large bundle would not fit beside
 * each other. */
export function putOf(
  context: Context,
  method: 'POST' | 'PUT' | 'PATCH',
  resource: Resource,
  id: string,
  expect: { readonly expect?: number } = {},
): Write {
  return {
    method,
    type: resource.resourceType,
    id,
    draft: draftOf(resource, id),
    get index() {
      return context.index(resource.id === id ? resource : { ...resource, id });
    },
    ...expect,
  };
}
