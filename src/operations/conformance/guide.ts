import type { Resource } from '@medplum/fhirtypes';
import { unrestricted } from '#security/rights.ts';
import type { Context } from '../request/context.ts';
import { draftOf } from '../write/draft.ts';
import { definitionsIn, putOf } from '../write/write.ts';
import { operationDefinitions } from './operation-definitions.ts';

/**
 * Puts the implementation guide (profiles/, terminology/) and the OperationDefinitions of our own operations into the store, so
 * that clients can read them; resources that stand there unchanged are left alone. A guide that the store refuses is a defect of the guide.
 */
export async function installGuide(context: Context, guide: readonly Resource[]): Promise<void> {
  const { revision } = context.definitions;
  const writes = [];
  const written = [];
  for (const resource of [...guide, ...operationDefinitions(context.operations)]) {
    const { id } = resource;
    if (id === undefined) throw new Error(`a ${resource.resourceType} of the guide has no id`);
    const current = await context.store.read(resource.resourceType, id);
    if (current?.content !== undefined && same(current.content, resource, id)) continue;
    writes.push(putOf(context, 'PUT', resource, id));
    written.push({ type: resource.resourceType, id, resource });
  }
  if (writes.length === 0) return;
  const done = await context.store.transact({
    guards: [],
    writes,
    references: 'lenient',
    rights: unrestricted,
    revision,
    ...definitionsIn(context, written),
  });
  if ('conflict' in done) throw new Error(`the guide could not be stored: ${done.conflict}`);
}

/** The stored text is the draft with versionId and lastUpdated in its place. */
function same(content: string, resource: Resource, id: string): boolean {
  const { head, tail } = draftOf(resource, id);
  return content.startsWith(head) && content.endsWith(tail);
}
