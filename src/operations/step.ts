import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, failIfAny, type Issue, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/issues.ts';
import type { Version } from '#storage/store.ts';
import type { Context } from './context.ts';
import { newId } from './ids.ts';
import { type Link, linksOf } from './links.ts';
import { type Request, requestPath, resourcePath } from './request.ts';
import { breather } from './turns.ts';

/** A request that writes, read and checked as far as that goes without the store. */
export interface Step {
  readonly request: Request;
  readonly action: 'create' | 'update' | 'delete';
  readonly type: string;
  /** Absent for a deletion. */
  readonly resource?: Resource;
  readonly links: readonly Link[];
  /** Warnings about the resource. */
  readonly notes: readonly Issue[];
  /** The id that it writes; of a conditional create with a match, that of the match. */
  id: string;
  /** What a conditional create found; it then writes nothing. */
  match: Version | undefined;
}

export function isWriting(request: Request): boolean {
  const { code } = request.interaction;
  return code === 'create' || code === 'update' || code === 'delete';
}

/** The steps of requests that write, or the problems of all of them. */
export async function toSteps(context: Context, requests: readonly Request[]): Promise<Outcome<Step[]>> {
  const issues = new Issues();
  const breathe = breather();
  const steps: Step[] = [];
  const targets = new Set<string>();
  const fullUrls = new Set<string>();
  for (const request of requests) {
    await breathe();
    if (issues.full) break;
    const step = toStep(context, request);
    issues.addAll(step instanceof Failure ? step.issues : step.notes);
    if (step instanceof Failure) continue;
    steps.push(step);
    const target = `${step.type}/${step.id}`;
    if (targets.has(target)) issues.add(issue('duplicate-target', { found: target }, requestPath(request, 'url')));
    targets.add(target);
    const { fullUrl, path } = request;
    if (fullUrl === undefined) continue;
    if (fullUrls.has(fullUrl)) issues.add(issue('duplicate-full-url', { found: fullUrl }, `${path}.fullUrl`));
    fullUrls.add(fullUrl);
  }
  return failIfAny(issues.list) ?? steps;
}

/** `Type/id` of what the steps delete. */
export function deletedBy(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.filter((s) => s.action === 'delete').map((s) => `${s.type}/${s.id}`));
}

function toStep(context: Context, request: Request): Outcome<Step> {
  const { interaction, body } = request;
  if (interaction.code === 'delete') {
    const { type, id } = interaction;
    return { request, action: 'delete', type, links: [], notes: [], id, match: undefined };
  }
  if (interaction.code !== 'create' && interaction.code !== 'update') {
    throw new Error(`${interaction.code} writes nothing`);
  }
  const { type } = interaction;
  const path = resourcePath(request, type);
  const resource = asResource(body, type, path);
  if (resource instanceof Failure) return resource;
  const issues = [...check(context, resource, path)];
  if (interaction.code === 'update' && resource.id !== interaction.id) {
    const found = typeof resource.id === 'string' ? `"${resource.id}"` : shown(resource.id);
    issues.unshift(issue('id-mismatch', { found, expected: interaction.id }, `${path}.id`));
  }
  const refused = failIfAny(issues);
  if (refused !== undefined) return refused;
  return {
    request,
    action: interaction.code,
    type,
    resource,
    links: linksOf(resource, path),
    notes: issues,
    id: interaction.code === 'update' ? interaction.id : newId(),
    match: undefined,
  };
}

function asResource(body: unknown, type: string, path: string): Outcome<Resource> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !('resourceType' in body)) {
    return fail('missing-resource-type', {}, path);
  }
  if (body.resourceType !== type) {
    return fail('type-mismatch', { found: shown(body.resourceType), expected: type }, `${path}.resourceType`);
  }
  const meta = 'meta' in body ? body.meta : {};
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) {
    const details = { target: `${type}.meta`, found: shown(meta), expected: 'an object' };
    return fail('wrong-shape', details, `${path}.meta`);
  }
  return body as Resource;
}

/** Every problem of a resource that is to be stored: an incomplete one (R4 search.html#elements), and the validator's. */
function check(context: Context, resource: Resource, path: string): Issue[] {
  const tags: unknown = resource.meta?.tag;
  const subsetted = Array.isArray(tags) && tags.some((tag) => tag?.code === 'SUBSETTED');
  const issues = context.validate(resource).map((i) => ({ ...i, expression: within(path, i.expression) }));
  return subsetted ? [issue('subsetted', {}, `${path}.meta.tag`), ...issues] : issues;
}

/** `Patient.name[0]` becomes `Bundle.entry[3].resource.name[0]`. */
function within(path: string, expression: string | undefined): string {
  return path + (expression?.replace(/^[A-Za-z]+/, '') ?? '');
}
