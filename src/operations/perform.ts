import { Failure, fail, type Outcome } from '#errors';
import { StoreUnavailable } from '#storage/store.ts';
import { bundle } from './bundle/bundle.ts';
import { readCapabilities } from './conformance/capabilities.ts';
import { cancelJob, jobState, listJobs, startJob } from './jobs/jobs.ts';
import { history } from './read/history.ts';
import { readInteraction } from './read/read.ts';
import type { Answer } from './request/answer.ts';
import { issuesOfResource, missingType, readArguments } from './request/arguments.ts';
import type { Caller, Context, GivenArguments, Operation, OperationCall } from './request/context.ts';
import { withCurrentDefinitions } from './request/current-definitions.ts';
import { type AskedOperation, levelOf, operationOf } from './request/operation.ts';
import type { Request } from './request/request.ts';
import { search } from './search/search.ts';
import { searchScopeOf } from './search/search-scope.ts';
import { write } from './write/write.ts';

/**
 * Does what a request asks, by the definitions that are in force: the one way in for http, for the entries of bundles and for jobs. That
 * the store cannot be reached is told here for whatever asked it. It may reject with the reason of the caller's signal once that is
 * aborted, and with TooHeavy where the context is bound.
 */
export async function perform(context: Context, caller: Caller, request: Request): Promise<Outcome<Answer>> {
  try {
    return await withCurrentDefinitions(context, () => performNow(context, caller, request));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return error.toFailure();
  }
}

async function performNow(context: Context, caller: Caller, request: Request): Promise<Outcome<Answer>> {
  const { interaction } = request;
  switch (interaction.code) {
    case 'read':
    case 'vread':
      return readInteraction(context, caller, interaction, request);
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
    case 'search-system':
    case 'search-compartment':
      return search(context, caller, searchScopeOf(interaction), request);
    case 'history-instance':
    case 'history-type':
    case 'history-system': {
      const { code: _, ...at } = interaction;
      return history(context, caller, at, request.query);
    }
    case 'jobs':
      return listJobs(context, caller);
    case 'job':
      // Its answer may be as large as that of any request.
      context.bound?.exceed();
      return jobState(context, caller, interaction.id);
    case 'cancel-job':
      return cancelJob(context, caller, interaction.id);
    case 'capabilities':
      await context.parameters.refresh();
      return readCapabilities(context, request.query);
    case 'bundle':
      return bundle(context, caller, request, perform);
    case 'operation':
      return operation(context, caller, interaction, request);
    default: {
      const unknown: never = interaction;
      throw new Error(`No conductor for ${JSON.stringify(unknown)}`);
    }
  }
}

async function operation(
  context: Context,
  caller: Caller,
  asked: AskedOperation,
  request: Request,
): Promise<Outcome<Answer>> {
  const found = operationOf(context.operations, asked);
  if (found instanceof Failure) return found;
  if (found.judges === true) return judge(context, caller, found, asked, request);
  return request.unread ?? callOperation(context, caller, found, asked, request);
}

/** A resource whose form is wrong is told of like any other, with whatever else is wrong with it but what may follow from that. */
async function judge(
  context: Context,
  caller: Caller,
  found: Operation,
  asked: AskedOperation,
  request: Request,
): Promise<Outcome<Answer>> {
  const answer = () => callOperation(context, caller, found, asked, request);
  const formless = request.unread ?? missingType(request.body, asked.type);
  if (formless === undefined) return answer();
  const told = issuesOfResource(formless, request.body, asked.type);
  const judged = request.body === undefined ? undefined : await answer();
  const more = judged === undefined || judged instanceof Failure || judged.kind !== 'judged' ? [] : judged.found;
  const others = more.filter(({ expression }) => !told.some((i) => isWithin(i.expression, expression)));
  return { kind: 'judged', status: 200, found: [...told, ...others] };
}

/** Whether a path is that of an element, or of what is below it. */
function isWithin(path = '', element = ''): boolean {
  return element !== '' && path.startsWith(element) && /^($|[.[])/.test(path.slice(element.length));
}

async function callOperation(
  context: Context,
  caller: Caller,
  found: Operation,
  asked: AskedOperation,
  request: Request,
): Promise<Outcome<Answer>> {
  const level = levelOf(asked);
  const check = (input: OperationCall['input'], given: GivenArguments) =>
    found.check?.(context, input, given, level) ?? [];
  const given = readArguments(found, level, request.query, request.body, check);
  if (given instanceof Failure) return given;
  const { type, id } = asked;
  if (found.long && !context.startsTasks)
    return fail('too-costly', { text: `$${found.name} stands in a large bundle; send it by itself.` });
  if (found.long && request.async === true) return startJob(context, caller, request);
  const at = { ...(type !== undefined && { type }), ...(id !== undefined && { id }) };
  const { preconditions } = request;
  const { signal } = caller;
  return found.handler(context, caller, { ...given, ...at, preconditions, ...(signal !== undefined && { signal }) });
}
