import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { Answer } from './answer.ts';
import type { Caller, Context } from './context.ts';
import { openCursor, sealCursor } from './cursor.ts';

/**
 * `GET [base]/$pending-references`: the references whose target has not arrived, as Parameters with one `pending` each
 * (resource, element's search parameter, target, since); `next` is the link to the rest. Only for callers who may read
 * everything, since a pending reference tells of resources that no filter can judge yet.
 */
export async function pendingReferences(
  context: Context,
  caller: Caller,
  pairs: readonly (readonly [string, string])[],
): Promise<Outcome<Answer>> {
  if (caller.rights.read.op !== 'all') return fail('forbidden', { found: 'read $pending-references' });
  let limit = context.config.defaultCount;
  let after: string | undefined;
  for (const [name, value] of pairs) {
    if (name === '_count' && /^\d{1,9}$/.test(value)) limit = Math.min(Number(value), context.config.maxCount);
    else if (name === '_after') {
      const opened = await openCursor<{ after: string; limit: number }>(context, 'pending', value);
      if (opened instanceof Failure) return opened;
      after = opened.after;
      limit = opened.limit;
    } else {
      const expected = '_count (a whole number)';
      return fail('unknown-operation-parameter', { found: name, expected });
    }
  }
  const [page, stats] = await Promise.all([context.store.pending(limit, after), context.store.stats()]);
  const parameter: ParametersParameter[] = [{ name: 'total', valueInteger: stats.pending }];
  for (const p of page.found) {
    parameter.push({
      name: 'pending',
      part: [
        { name: 'resource', valueReference: { reference: `${p.type}/${p.id}` } },
        { name: 'parameter', valueCode: p.param },
        { name: 'target', valueString: p.target },
        { name: 'since', valueInstant: new Date(p.since).toISOString() },
      ],
    });
  }
  if (page.next !== undefined) {
    const token = await sealCursor(context, 'pending', { after: page.next, limit });
    parameter.push({ name: 'next', valueUri: `${context.config.baseUrl}/$pending-references?_after=${token}` });
  }
  const resource: Parameters = { resourceType: 'Parameters', parameter };
  return { kind: 'made', status: 200, resource };
}
