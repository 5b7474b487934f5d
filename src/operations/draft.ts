import type { Resource } from '@medplum/fhirtypes';
import { stringify } from '#fhir/json.ts';
import type { Draft } from '#storage/store.ts';

/** No client can send this as a key: resources with control characters are refused. */
const place = '\u0001';
const placeText = JSON.stringify(place).slice(1, -1);

/**
 * The text of a resource under this id, open where the store writes versionId and lastUpdated. All else stays as it
 * came, in its order; `id` and `meta` stand behind resourceType if they are new.
 */
export function draftOf(resource: Resource, id: string): Draft {
  const { versionId: _, lastUpdated: __, ...meta } = resource.meta ?? {};
  const own = new Map<PropertyKey, unknown>([
    ['id', id],
    ['meta', { [place]: 0, ...meta }],
  ]);
  const shaped: Record<PropertyKey, unknown> = {};
  const put = (key: PropertyKey) => {
    shaped[key] = own.get(key) ?? Reflect.get(resource, key);
    if (key === 'resourceType' && !('id' in resource)) put('id');
    if (key === 'id' && !('meta' in resource)) put('meta');
  };
  // Symbol keys too: they hold the digits of numbers.
  for (const key of Reflect.ownKeys(resource)) put(key);
  const text = stringify(shaped);
  const before = text.indexOf(`{"${placeText}":0`);
  const after = before + `{"${placeText}":0`.length;
  return { head: text.slice(0, before + 1), tail: text.slice(after) };
}
