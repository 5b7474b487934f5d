import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { Failure, fail } from '#errors';
import type { Answer } from '../request/answer.ts';
import { type Context, operation } from '../request/context.ts';
import { openCursor, sealCursor } from '../request/cursor.ts';
import { ownDefinitions } from '../request/operation.ts';

/**
 * The references whose target has not arrived, as Parameters with one `pending` each; `next` is the link to the rest. Only for
 * callers who may read everything, since a pending reference tells of resources that no filter can judge yet.
 */
export const pendingReferences = operation({
  name: 'pending-references',
  definition: `${ownDefinitions}pending-references`,
  levels: ['system'],
  affectsState: false,
  long: false,
  paged: true,
  title: '待达引用 Pending references',
  documentation:
    '目标资源尚未到达的引用,及其所在的资源。References whose target has not arrived yet, and the resources that hold them.',
  parameters: [
    { name: '_count', use: 'in', min: 0, max: 1, type: 'unsignedInt', documentation: 'References of one page' },
    { name: 'total', use: 'out', min: 1, max: 1, type: 'integer', documentation: 'All that are pending' },
    {
      name: 'pending',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'One reference',
      parts: [
        {
          name: 'resource',
          use: 'out',
          min: 1,
          max: 1,
          type: 'Reference',
          documentation: 'The resource that holds it',
        },
        {
          name: 'parameter',
          use: 'out',
          min: 1,
          max: 1,
          type: 'code',
          documentation: 'The search parameter of the element',
        },
        { name: 'target', use: 'out', min: 1, max: 1, type: 'string', documentation: 'What it names' },
        { name: 'since', use: 'out', min: 1, max: 1, type: 'instant', documentation: 'When it was written' },
      ],
    },
    { name: 'next', use: 'out', min: 0, max: 1, type: 'uri', documentation: 'The link to the next page' },
  ],
  async handler(context, caller, { input, page }) {
    if (caller.rights.read.op !== 'all') return fail('forbidden', { found: 'read $pending-references' });
    const { defaultCount, maxCount } = context.config;
    const first = { limit: Math.min(input._count ?? defaultCount, maxCount) };
    const asked = page === undefined ? first : await openCursor<PendingPage>(context, 'pending', page);
    return asked instanceof Failure ? asked : answerPage(context, asked);
  },
});

interface PendingPage {
  readonly limit: number;
  /** Where the page before ended. */
  readonly after?: string;
}

async function answerPage(context: Context, { limit, after }: PendingPage): Promise<Answer> {
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
