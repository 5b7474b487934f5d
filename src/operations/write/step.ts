import type { Resource } from '@medplum/fhirtypes';
import { Failure, fail, failIfAny, type Issue, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { asObject } from '#fhir/json/object.ts';
import { parseReference } from '#fhir/values/references.ts';
import { holdsResidentNumber } from '#resident-numbers';
import type { Version } from '#storage/store.ts';
import { yielder } from '#threads/yielding.ts';
import { criteriaIn, type Matches } from '../lookups/criteria.ts';
import type { Context } from '../request/context.ts';
import { newId } from '../request/ids.ts';
import type { Pairs } from '../request/parameters.ts';
import { type Request, requestPath, resourcePath } from '../request/request.ts';
import { type Link, linksWithin, referenceLinks } from './links.ts';

/** A resource that a step writes. */
export interface WriteTarget {
  readonly id: string;
  /** The version that must be current; 0 is none. Absent: whatever it is. */
  readonly expect?: number;
  /** The answer if it is not; without one the state only moved on, and the plan is made anew. */
  readonly refuse?: (found: number) => Failure | undefined;
}

/** A request that writes, read and checked as far as that goes without the store. */
export interface WriteStep {
  readonly request: Request;
  readonly action: 'create' | 'update' | 'patch' | 'delete';
  readonly type: string;
  /** The id that the request names, or that a create is given; undefined where a search says what is meant. */
  readonly id: string | undefined;
  /** The fullUrls of its bundle. */
  readonly known: ReadonlySet<string>;
  /** That search: If-None-Exist, or the parameters of a conditional interaction. */
  readonly criteria: Pairs | undefined;
  /** What the request brings to be stored; undefined for a deletion and a patch. */
  readonly resource: Resource | undefined;
  readonly links: readonly Link[];
  /** Warnings about the resource. */
  readonly notes: readonly Issue[];
}

/** What one attempt makes of a step by what is stored. */
export interface ResolvedStep {
  readonly step: WriteStep;
  /** What is to be stored: what the request brings, or what a patch makes of the current version. */
  readonly resource: Resource | undefined;
  readonly links: readonly Link[];
  readonly notes: readonly Issue[];
  /** What it writes: one resource, or several of a conditional deletion, or none. */
  readonly targets: readonly WriteTarget[];
  /** What its criteria found. */
  readonly matches: Matches | undefined;
  /** The answer, if it writes nothing but finds what it wanted. */
  readonly match: Version | undefined;
}

const actions: Partial<Record<Request['interaction']['code'], WriteStep['action']>> = {
  create: 'create',
  update: 'update',
  'conditional-update': 'update',
  patch: 'patch',
  'conditional-patch': 'patch',
  delete: 'delete',
  'conditional-delete': 'delete',
};

export function isWriting(request: Request): boolean {
  return actions[request.interaction.code] !== undefined;
}

/** The steps of requests that write, or the problems of all of them. */
export async function toSteps(context: Context, requests: readonly Request[]): Promise<Outcome<readonly WriteStep[]>> {
  const issues = new Issues();
  const pause = yielder();
  const steps: WriteStep[] = [];
  const targets = new Set<string>();
  const fullUrls = new Set<string>();
  const known = new Set(requests.flatMap(({ fullUrl }) => (fullUrl === undefined ? [] : [fullUrl])));
  for (const request of requests) {
    await pause();
    if (issues.full) break;
    const { step, issues: found } = readStep(context, request, known);
    issues.addAll(found);
    if (step === undefined || failIfAny(found) !== undefined) continue;
    steps.push(step);
    if (step.id !== undefined) {
      const target = `${step.type}/${step.id}`;
      if (targets.has(target)) issues.add(issue('duplicate-target', { found: target }, requestPath(request, 'url')));
      targets.add(target);
    }
    const { fullUrl, path } = request;
    if (fullUrl === undefined) continue;
    if (fullUrls.has(fullUrl)) issues.add(issue('duplicate-full-url', { found: fullUrl }, `${path}.fullUrl`));
    fullUrls.add(fullUrl);
  }
  return failIfAny(issues.list) ?? steps;
}

/** A request as a step, unless there is no telling what it writes, and everything that is wrong with what it brings (also by `profile`). */
export function readStep(
  context: Context,
  request: Request,
  known: ReadonlySet<string>,
  profile?: string,
): { readonly step: WriteStep | undefined; readonly issues: readonly Issue[] } {
  const { interaction, body } = request;
  const action = actions[interaction.code];
  if (action === undefined || !('type' in interaction) || interaction.type === undefined) {
    throw new Error(`${interaction.code} writes nothing`);
  }
  const { type } = interaction;
  const named = 'id' in interaction ? interaction.id : undefined;
  const nothing = { resource: undefined, links: [], notes: [] };
  const criteria = criteriaOf(request, type, named);
  const wrong = criteria instanceof Failure ? criteria.issues : [];
  const step =
    criteria instanceof Failure ? undefined : { ...nothing, request, known, action, type, id: named, criteria };
  if (action === 'delete' || action === 'patch') return { step, issues: wrong };
  const path = resourcePath(request, type);
  const resource = asResource(body, type, path);
  if (resource instanceof Failure) return { step: undefined, issues: [...wrong, ...resource.issues] };
  const links = referenceLinks(resource, path, known);
  const issues = [
    ...wrong,
    ...idIssues(action, named, resource.id, `${path}.id`),
    ...check(context, resource, path, profile),
    ...numbersIn(context, resource, path, links),
  ];
  if (step === undefined) return { step, issues };
  return { step: { ...step, resource, links, notes: issues, id: action === 'create' ? newId() : named }, issues };
}

/** R4 http.html#update: the id of the resource is that of the URL, and where a search says what is meant, one that may stand in URLs. */
function idIssues(action: WriteStep['action'], named: string | undefined, id: unknown, path: string): readonly Issue[] {
  if (named !== undefined && id !== named) {
    const found = typeof id === 'string' ? `"${id}"` : shown(id);
    return [issue('id-mismatch', { found, expected: named }, path)];
  }
  const isNumber = action === 'update' && named === undefined && typeof id === 'string' && holdsResidentNumber(id);
  return isNumber ? [issue('resident-number-as-id', { found: id }, path)] : [];
}

function criteriaOf(request: Request, type: string, named: string | undefined): Outcome<WriteStep['criteria']> {
  const { interaction, ifNoneExist, query } = request;
  if (interaction.code === 'create') {
    return ifNoneExist === undefined ? undefined : criteriaIn(type, ifNoneExist, requestPath(request, 'ifNoneExist'));
  }
  return named === undefined ? query : undefined;
}

/** A body as a resource of this type, as far as every write needs it. */
export function asResource(body: unknown, type: string, path: string): Outcome<Resource> {
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
export function check(context: Context, resource: Resource, path: string, profile?: string): Issue[] {
  const tags: unknown = resource.meta?.tag;
  const subsetted = Array.isArray(tags) && tags.some((tag) => tag?.code === 'SUBSETTED');
  const issues = context.validate(resource, profile).map((i) => ({ ...i, expression: within(path, i.expression) }));
  return subsetted ? [issue('subsetted', {}, `${path}.meta.tag`), ...issues] : issues;
}

/**
 * References, and ids of contained resources, that would carry a resident's number into every answer that shows them. A search in place
 * of an id is never shown, but where it stays as it is: in a resource that a Bundle or Parameters holds.
 */
export function numbersIn({ config }: Context, resource: Resource, path: string, links: readonly Link[]): Issue[] {
  const isSearch = (value: string) => parseReference(value, config.baseUrl)?.kind === 'conditional';
  const found = links.filter(
    ({ kind, value }) => kind === 'reference' && holdsResidentNumber(value) && !isSearch(value),
  );
  const issues = found.map(({ value, path: at }) => issue('resident-number-as-id', { found: value }, at));
  const { contained } = resource as { readonly contained?: unknown };
  for (const [i, inner] of (Array.isArray(contained) ? contained : []).entries()) {
    const { id } = asObject(inner);
    if (typeof id !== 'string' || !holdsResidentNumber(id)) continue;
    issues.push(issue('resident-number-as-id', { found: id }, `${path}.contained[${i}].id`));
  }
  for (const { value, path: at } of linksWithin(resource, path)) {
    if (holdsResidentNumber(value)) issues.push(issue('resident-number-as-id', { found: value }, at));
  }
  return issues;
}

/** `Patient.name[0]` becomes `Bundle.entry[3].resource.name[0]`. */
export function within(path: string, expression: string | undefined): string {
  return path + (expression?.replace(/^[A-Za-z]+/, '') ?? '');
}
