import { issue } from '#errors';
import type { Issues } from '#fhir/json/issues.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';

/**
 * R4's rules of contained resources (dom-2 to dom-5 of DomainResource), which its FHIRPath states at great cost: none within
 * another, no version, time or security label of its own, and each referred to (or referring to its container). Besides, their ids
 * differ (references.html#contained).
 */
export function checkContained(resource: JsonObject, path: string, isContained: boolean, issues: Issues): void {
  const { contained } = resource;
  if (!Array.isArray(contained) || contained.length === 0) return;
  const fault = (text: string, at: string) => issues.add(issue('invalid-content', { text }, at));
  if (isContained) fault('dom-2: a contained resource holds no contained resources', `${path}.contained`);
  const named = referredTo(resource);
  const ids = new Set<string>();
  contained.forEach((item: unknown, i) => {
    if (!isObject(item)) return;
    const at = `${path}.contained[${i}]`;
    const meta = isObject(item.meta) ? item.meta : {};
    if (meta.versionId !== undefined || meta.lastUpdated !== undefined)
      fault('dom-4: a contained resource has no meta.versionId and no meta.lastUpdated', `${at}.meta`);
    if (meta.security !== undefined) fault('dom-5: a contained resource has no security label', `${at}.meta.security`);
    const id = typeof item.id === 'string' ? item.id : '';
    if (ids.has(id)) {
      const expected = 'an id that no other contained resource has';
      issues.add(issue('bad-element-value', { target: 'The id', found: id, expected }, `${at}.id`));
    }
    if (id !== '') ids.add(id);
    if (!named.has(id) && !JSON.stringify(item).includes('"#"'))
      fault('dom-3: a contained resource is referred to from elsewhere in the resource', at);
  });
}

/** The ids of the references within the resource, collected in one pass over its text: there may be thousands. */
function referredTo(resource: JsonObject): ReadonlySet<string> {
  return new Set(
    JSON.stringify(resource)
      .matchAll(/"#([A-Za-z0-9\-.]+)"/g)
      .map(([, id = '']) => id),
  );
}
