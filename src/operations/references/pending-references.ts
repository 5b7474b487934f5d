import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { openCursor, sealCursor } from '../request/cursor.ts';
import { type Pairs, pageToken, presentation } from '../request/parameters.ts';

/**
 * `GET [base]/$pending-references`: the references whose target has not arrived, as Parameters with one `pending` each
 * (resource, element's search parameter, target, since); `next` is the link to the rest. Only for callers who may read
 * everything, since a pending reference tells of resources that no filter can judge yet.
 */
export async function pendingReferences(context: Context, caller: Caller, pairs: Pairs): Promise<Outcome<Answer>> {
  if (caller.rights.read.op !== 'all') return fail('forbidden', { found: 'read $pending-references' });
  const place = await readPlace(context, pairs);
  if (place instanceof Failure) return place;
  const { limit, after } = place;
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

interface PendingPage {
  readonly limit: number;
  /** Where the page before ended. */
  readonly after?: string;
}

async function readPlace(context: Context, pairs: Pairs): Promise<Outcome<PendingPage>> {
  const token = pageToken(pairs);
  if (token !== undefined) return token instanceof Failure ? token : openCursor<PendingPage>(context, 'pending', token);
  let limit = context.config.defaultCount;
  for (const [name, value] of pairs) {
    if (presentation.has(name)) continue;
    const expected = '_count (a whole number)';
    if (name !== '_count') return fail('unknown-operation-parameter', { found: name, expected });
    if (!/^\d{1,9}$/.test(value)) return fail('bad-parameter-value', { parameter: name, found: value, expected });
    limit = Math.min(Number(value), context.config.maxCount);
  }
  return { limit };
}
