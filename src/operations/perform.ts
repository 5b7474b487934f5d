import { Failure, fail, type Outcome, shown } from '#errors';
import type { Answer } from './answer.ts';
import { bundle } from './bundle.ts';
import { readCapabilities } from './capabilities.ts';
import type { Caller, Context } from './context.ts';
import { evaluateMeasure } from './evaluate-measure.ts';
import { history } from './history.ts';
import { cancelJob, jobState, startJob } from './jobs.ts';
import { pendingReferences } from './pending.ts';
import { reading } from './reading.ts';
import type { Request } from './request.ts';
import { search } from './searching.ts';
import { write } from './writing.ts';

/** Does what a request asks: the one way in for http and for the entries of bundles. */
export async function perform(context: Context, caller: Caller, request: Request): Promise<Outcome<Answer>> {
  const { interaction } = request;
  switch (interaction.code) {
    case 'read':
    case 'vread':
      return reading(context, caller, interaction, request);
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
    case 'conditional-update':
    case 'conditional-patch':
    case 'conditional-delete': {
      const answers = await write(context, caller, [request]);
      return answers instanceof Failure ? answers : (answers[0] ?? fail('internal', { found: 'no answer' }));
    }
    case 'search-type':
      return search(context, caller, interaction.type, request);
    case 'search-system':
      return search(context, caller, undefined, request);
    case 'history-instance':
    case 'history-type':
    case 'history-system': {
      const { code: _, ...at } = interaction;
      return history(context, caller, at, request.query);
    }
    case 'job':
      return jobState(context, interaction.id);
    case 'cancel-job':
      return cancelJob(context, interaction.id);
    case 'capabilities':
      return readCapabilities(context, request.query);
    case 'bundle':
      return bundle(context, caller, request, (entry) => perform(context, caller, entry));
    case 'operation':
      return operation(context, caller, interaction, request);
    default: {
      const unknown: never = interaction;
      throw new Error(`No conductor for ${JSON.stringify(unknown)}`);
    }
  }
}

type Operation = Extract<Request['interaction'], { code: 'operation' }>;

async function operation(
  context: Context,
  caller: Caller,
  asked: Operation,
  request: Request,
): Promise<Outcome<Answer>> {
  const { name, type, id } = asked;
  const parameters = [...request.query, ...bodyParameters(request.body)];
  if (name === '$evaluate-measure' && type === 'Measure') {
    const work = async (): Promise<Outcome<Answer>> => {
      const resource = await evaluateMeasure(context, caller, {
        ...(id !== undefined && { measureId: id }),
        parameters,
      });
      return resource instanceof Failure ? resource : { kind: 'made', status: 200, resource };
    };
    return request.async === true ? startJob(context, work) : work();
  }
  if (name === '$pending-references' && type === undefined) return pendingReferences(context, caller, parameters);
  const place = [type, id, name].filter((part) => part !== undefined).join('/');
  return fail('unknown-operation', { found: place });
}

/** The parameters of a posted Parameters resource that have a primitive value, or a Reference, as text. */
function bodyParameters(body: unknown): [string, string][] {
  const list = (body as { parameter?: unknown } | undefined)?.parameter;
  if (!Array.isArray(list)) return [];
  return list.map((p: Record<string, unknown>) => {
    const value = Object.entries(p ?? {}).find(([key]) => key.startsWith('value'))?.[1];
    const reference = (value as { reference?: unknown } | undefined)?.reference;
    return [shown(p?.name), shown(reference ?? value ?? '')];
  });
}
