import { Failure, type Outcome } from '#errors';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { operationOf } from '../request/operation.ts';
import type { Request } from '../request/request.ts';
import { type Act, answerAll } from './answer-entries.ts';
import { BatchWork } from './batch-work.ts';
import { readBundle } from './entries.ts';
import { transaction } from './transaction.ts';

/**
 * R4 http.html#transaction: a batch's entries succeed and fail one by one, a transaction's together. `perform` does what a
 * single request asks. Rejects with the reason of the caller's signal where that ends.
 */
export async function bundle(
  context: Context,
  caller: Caller,
  { body, lenient }: Request,
  perform: (context: Context, caller: Caller, request: Request) => ReturnType<Act>,
): Promise<Outcome<Answer>> {
  const incoming = readBundle(context, body, lenient);
  if (incoming instanceof Failure) return incoming;
  const { type, entries } = incoming;
  // A batch cannot be begun anew once an entry of it is done, and what is read after a commit may be anything.
  if (entries.some((entry) => needsMain(context, entry))) context.bound?.stay();
  else if (type === 'batch' || !entries.every(isPlain)) context.bound?.exceed();
  const work = new BatchWork(context.config.batchTimeout);
  const measured = { ...context, store: work.measured(context.store) };
  const act: Act = async (asked) => {
    caller.signal?.throwIfAborted();
    return work.over ? work.refuse(asked.path) : perform(measured, caller, asked);
  };
  const answers =
    type === 'batch'
      ? await answerAll(measured, caller, entries, act)
      : await transaction(measured, caller, entries, act);
  return answers instanceof Failure ? answers : { kind: 'responses', status: 200, type, answers };
}

/** Whether an entry asks for an operation, which has the pool work for it; `$validate` works where it stands. */
function needsMain({ operations }: Context, entry: Outcome<Request>): boolean {
  if (entry instanceof Failure || entry.interaction.code !== 'operation') return false;
  const found = operationOf(operations, entry.interaction);
  return !(found instanceof Failure) && found.judges !== true;
}

/** Whether an entry is no more work than what it brings and what its criteria find, before anything is written; or refused. */
function isPlain(entry: Outcome<Request>): boolean {
  return entry instanceof Failure || /^(create|(conditional-)?(update|delete))$/.test(entry.interaction.code);
}
