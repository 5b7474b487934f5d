import { issue } from '#errors';
import type { Issues } from '#fhir/json/issues.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import type { TypeSchemas } from './schema.ts';

const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const restful = /\/([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** R4 bundle.html: a fullUrl is absolute, and where it names a type and an id, they are those of the resource. */
export function checkFullUrls(bundle: JsonObject, path: string, schemas: TypeSchemas, issues: Issues): void {
  const { entry } = bundle;
  if (!Array.isArray(entry)) return;
  entry.forEach((one: unknown, i) => {
    const { fullUrl, resource } = isObject(one) ? one : {};
    if (typeof fullUrl !== 'string') return;
    const expected = absolute.test(fullUrl) ? agreeing(fullUrl, resource, schemas) : 'an absolute URL';
    if (expected === undefined) return;
    const details = { target: 'Bundle.entry.fullUrl', found: fullUrl, expected };
    issues.add(issue('bad-element-value', details, `${path}.entry[${i}].fullUrl`));
  });
}

/** What the resource would have there; undefined if it does not disagree. */
function agreeing(fullUrl: string, resource: unknown, schemas: TypeSchemas): string | undefined {
  const [, type = '', id] = restful.exec(fullUrl) ?? [];
  if (!isObject(resource) || schemas.get(type)?.isResource !== true) return undefined;
  const own = { type: resource.resourceType, id: resource.id ?? id };
  return own.type === type && own.id === id
    ? undefined
    : `one that ends in ${own.type}/${own.id}, as its resource says`;
}
