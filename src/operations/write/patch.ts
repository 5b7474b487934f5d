import type { Resource } from '@medplum/fhirtypes';
import { Failure, failIfAny, type Issue, issue, type Outcome } from '#errors';
import { parseJson, stringify } from '#fhir/json/json.ts';
import { applyFhirPathPatch } from '#fhir/patch/fhirpath-patch.ts';
import { applyJsonPatch } from '#fhir/patch/json-patch.ts';
import type { Version } from '#storage/store.ts';
import type { Context } from '../request/context.ts';
import { type Request, resourcePath } from '../request/request.ts';
import { type Link, referenceLinks } from './links.ts';
import { asResource, check, numbersIn, type WriteStep, within } from './step.ts';

/** What a patch makes of a version. */
export interface PatchedResource {
  readonly resource: Resource;
  readonly links: readonly Link[];
  /** Warnings about the resource. */
  readonly notes: readonly Issue[];
  /** Whether it is another than the version. */
  readonly changed: boolean;
}

/** R4 http.html#patch: what the patch of a step makes of this version, checked as an update is. */
export async function applyPatch(
  context: Context,
  step: WriteStep,
  current: Version,
): Promise<Outcome<PatchedResource>> {
  const before = parseJson(current.content ?? '', context.config.maxDepth);
  if (before instanceof Failure) throw new Error(`${current.type}/${current.id} is stored and cannot be read`);
  const patched = await apply(context, step.request, before as Resource, current.content?.length ?? 0);
  if (patched instanceof Failure) return placed(patched, step.request);
  // Of an entry the element is named in its place, so that the sender sees which patch made it.
  const path = resourcePath(step.request, step.type);
  const lost = (['resourceType', 'id'] as const).filter((name) => patched[name] !== Reflect.get(Object(before), name));
  const refused = failIfAny(lost.map((name) => issue('patch-changes', { target: name }, `${path}.${name}`)));
  if (refused !== undefined) return refused;
  const text = stringify(patched);
  // What is checked is what the text will say.
  const resource = asResource(parseJson(text, context.config.maxDepth), step.type, path);
  if (resource instanceof Failure) return resource;
  const links = referenceLinks(resource, path, step.known);
  const notes = [...check(context, resource, path), ...numbersIn(context, resource, path, links)];
  return failIfAny(notes) ?? { resource, links, notes, changed: text !== stringify(before) };
}

async function apply(
  { config, bound }: Context,
  { patch }: Request,
  resource: Resource,
  bytes: number,
): Promise<Outcome<Resource>> {
  if (patch === undefined) throw new Error('a patch came without its document');
  if (patch.format === 'json') return applyJsonPatch(resource, patch.document, config.maxDepth);
  // A path may take seconds, however small it and the resource are.
  bound?.exceed(bytes);
  return applyFhirPathPatch(resource, patch.document, config.maxDepth);
}

/** Of an entry, the Parameters stand in its resource; a JSON Patch is a text within it. */
function placed(failure: Failure, request: Request): Failure {
  if (request.path === undefined) return failure;
  const path = resourcePath(request, '');
  const json = request.patch?.format === 'json';
  const [first, ...rest] = failure.issues;
  const at = (i: typeof first) => ({ ...i, expression: json ? `${path}.data` : within(path, i.expression) });
  return new Failure([at(first), ...rest.map(at)]);
}
