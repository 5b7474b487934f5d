import type { Filter } from '#search/model/filter.ts';
import type { Reply, startOn } from '../../http/harness.ts';
import { isToken } from '../build.ts';
import { histories, searches } from './searches.ts';

type Server = Awaited<ReturnType<typeof startOn>>;

/** What a store answers: texts without the times and addresses that differ from store to store. */
interface StoreAnswer {
  readonly total?: number;
  readonly found: readonly unknown[];
}

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: { readonly resourceType: string; readonly id: string; readonly meta: Record<string, unknown> };
  readonly search?: { readonly mode: string };
  readonly request?: unknown;
  readonly response?: { readonly status: string };
}

/** Everything that the store of this server is asked, with its answer: all pages of it. */
export async function answersOf(server: Server): Promise<ReadonlyMap<string, StoreAnswer>> {
  const answers = new Map<string, StoreAnswer>();
  for (const asked of searches) answers.set(asked, await allPages(server, asked, nameOf));
  for (const asked of histories) answers.set(asked, await allPages(server, asked, versionOf));
  answers.set('$pending-references', await pendingOf(server));
  for (const [name, type, rights] of judged) {
    const { found } = await server.context.store.history({ type, limit: 1000, rights });
    answers.set(name, { found: found.map(({ id, version, method, created }) => [id, version, method, created]) });
  }
  return answers;
}

/** Histories of what passes a filter: a deleted resource is judged by the entries of its last contents, which no search tells. */
const judged: readonly (readonly [string, string, Filter])[] = [
  ['history of women', 'Patient', isToken('gender', undefined, 'female')],
  ['history of glucose', 'Observation', isToken('code', undefined, '15074-8')],
  [
    'history of what is of a deleted Patient',
    'Observation',
    { op: 'match', param: 'subject', test: { kind: 'reference', type: 'Patient', id: 'p11' } },
  ],
  [
    'history of those of a deleted Organization',
    'Patient',
    { op: 'match', param: 'organization', test: { kind: 'reference', type: 'Organization', id: 'centre-2' } },
  ],
];

async function allPages(server: Server, asked: string, told: (entry: Entry) => unknown): Promise<StoreAnswer> {
  const found: unknown[] = [];
  let total: number | undefined;
  for (let path: string | undefined = `/${await timed(server, asked)}`; path !== undefined; ) {
    const { body } = await answered(server, path);
    total ??= body.total;
    found.push(...(body.entry ?? []).map(told));
    path = linkIn(server, body.link.find((link: { relation: string }) => link.relation === 'next')?.url);
  }
  return total === undefined ? { found } : { total, found };
}

/** The references that wait: which resources and targets, under whatever parameter. */
async function pendingOf(server: Server): Promise<StoreAnswer> {
  const found: unknown[] = [];
  for (let path: string | undefined = '/$pending-references?_count=2'; path !== undefined; ) {
    const { body } = await answered(server, path);
    const parameters: readonly Parameter[] = body.parameter;
    for (const { part = [] } of parameters.filter(({ name }) => name === 'pending')) {
      const of = (name: string): Parameter | undefined => part.find((p) => p.name === name);
      found.push([of('resource')?.valueReference?.reference, of('target')?.valueString]);
    }
    path = linkIn(server, parameters.find(({ name }) => name === 'next')?.valueUri);
  }
  return { found };
}

interface Parameter {
  readonly name: string;
  readonly valueUri?: string;
  readonly valueString?: string;
  readonly valueReference?: { readonly reference: string };
  readonly part?: readonly Parameter[];
}

/** The answer, once the parameters that the store defines itself are indexed. */
async function answered({ ask }: Server, path: string): Promise<Reply> {
  for (;;) {
    const reply = await ask('GET', path);
    if (reply.status === 200) return reply;
    if (reply.status !== 503) throw new Error(`${path}: ${reply.status} ${reply.text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** With the times of its resources in the place of their names. */
async function timed(server: Server, asked: string): Promise<string> {
  const name = /\{(.*)\}/.exec(asked)?.[1];
  if (name === undefined) return asked;
  const { body } = await answered(server, `/${name}`);
  return asked.replace(`{${name}}`, encodeURIComponent(body.meta.lastUpdated));
}

function linkIn({ base }: Server, url: string | undefined): string | undefined {
  return url?.replace(base, '');
}

function nameOf({ resource, search }: Entry): string {
  return `${search?.mode} ${resource?.resourceType}/${resource?.id}/${resource?.meta.versionId}`;
}

function versionOf({ resource, request, response }: Entry): unknown {
  if (resource === undefined) return [request, response?.status];
  const { lastUpdated: _, ...meta } = resource.meta;
  return [request, response?.status, { ...resource, meta }];
}
