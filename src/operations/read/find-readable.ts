import type { Resource } from '@medplum/fhirtypes';
import { and, type Filter } from '#search/model/filter.ts';
import { findAll } from '#storage/pages.ts';
import type { Version } from '#storage/store.ts';
import type { Caller, Context } from '../request/context.ts';

/** Resources of one page of the store. */
const limit = 1_000;

/** Every resource of a type that passes and that the caller may read, in the order of creation. */
export function findReadable(
  { store }: Context,
  { rights }: Caller,
  type: string,
  where: Filter,
): AsyncGenerator<Version, void, undefined> {
  return findAll(store, { types: [type], where: and([where, rights.read]), sort: [], limit, total: 'none' });
}

/** The same, as resources. */
export async function findResources<T extends Resource>(
  context: Context,
  caller: Caller,
  type: T['resourceType'],
  where: Filter,
): Promise<T[]> {
  return resourcesOf(await Array.fromAsync(findReadable(context, caller, type, where)));
}

/** What the texts of versions say; deletions have none. */
export function resourcesOf<T extends Resource>(versions: readonly Version[]): T[] {
  return versions.flatMap(({ content }): T[] => (content === undefined ? [] : [JSON.parse(content)]));
}
