import type { Resource } from '@medplum/fhirtypes';
import { Failure, failIfAny, issue, type Outcome } from '#errors';
import { parseJson, stringify } from '#fhir/json/json.ts';
import { applyFhirPathPatch } from '#fhir/patch/fhirpath-patch.ts';
import { applyJsonPatch } from '#fhir/patch/json-patch.ts';
import type { Version } from '#storage/store.ts';
import type { Context } from '../request/context.ts';
import { type Request, resourcePath } from '../request/request.ts';
import { referenceLinks } from './links.ts';
import { asResource, check, type WriteStep, within } from './step.ts';

/**
 * R4 http.html#patch: what the patch of a step makes of this version, checked as an update is, goes into the step. True if
 * it changes anything.
 */
export async function applyPatch(context: Context, step: WriteStep, current: Version): Promise<Outcome<boolean>> {
  const before = parseJson(current.content ?? '', context.config.maxDepth);
  if (before instanceof Failure) throw new Error(`${current.type}/${current.id} is stored and cannot be read`);
  const patched = await apply(context, step.request, before as Resource);
  if (patched instanceof Failure) return placed(patched, step.request);
  // Of an entry the element is named in its place, so that the sender sees which patch made it.
  const path = resourcePath(step.request, step.type);
  const lost = (['resourceType', 'id'] as const).filter((name) => patched[name] !== Reflect.get(Object(before), name));
  const changed = failIfAny(lost.map((name) => issue('patch-changes', { target: name }, `${path}.${name}`)));
  if (changed !== undefined) return changed;
  // A copy: what the patch brought is still part of the request, and references are rewritten in place.
  const after = asResource(parseJson(stringify(patched), context.config.maxDepth), step.type, path);
  if (after instanceof Failure) return after;
  const issues = check(context, after, path);
  const refused = failIfAny(issues);
  if (refused !== undefined) return refused;
  step.resource = after;
  step.links = referenceLinks(after, path, step.known);
  step.notes = issues;
  return stringify(after) !== stringify(before);
}

async function apply({ config }: Context, { patch }: Request, resource: Resource): Promise<Outcome<Resource>> {
  if (patch === undefined) throw new Error('a patch came without its document');
  if (patch.format === 'json') return applyJsonPatch(resource, patch.document, config.maxDepth);
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
