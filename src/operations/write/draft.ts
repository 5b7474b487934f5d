import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { stringify } from '#fhir/json/json.ts';
import type { Draft } from '#storage/store.ts';

/** Stands for `meta` until the text is made; random, so that no client can send it. */
const place = randomUUID();
const placeText = `"meta":"${place}"`;

/**
 * The text of a resource under this id, open where the store writes versionId and lastUpdated. All else stays as it
 * came, in its order; `id` and `meta` stand behind resourceType if they are new.
 */
export function draftOf(resource: Resource, id: string): Draft {
  const own = new Map<PropertyKey, string>([
    ['id', id],
    ['meta', place],
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
  const at = text.indexOf(placeText);
  if (at < 0) throw new Error(`No place for meta in a ${resource.resourceType}`);
  const { versionId: _, lastUpdated: __, ...meta } = resource.meta ?? {};
  const kept = stringify(meta);
  return {
    head: `${text.slice(0, at)}"meta":{`,
    tail: `${kept === '{}' ? '}' : `,${kept.slice(1)}`}${text.slice(at + placeText.length)}`,
  };
}
