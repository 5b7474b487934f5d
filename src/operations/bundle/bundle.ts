import { Failure, type Outcome } from '#errors';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { operationOf } from '../request/operation.ts';
import type { Request } from '../request/request.ts';
import type { WorkBound } from '../request/work-bound.ts';
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
  if (context.bound !== undefined) keepLight(context, context.bound, type, entries);
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

/**
 * Leaves the thread that speaks HTTP where the bundle may be heavy: by an entry that brings much, or reads. A batch cannot be begun anew once
 * an entry of it is done, so that nothing in it may depend on what is stored; what a transaction reads after its commit may be anything.
 */
function keepLight(
  context: Context,
  bound: WorkBound,
  type: 'batch' | 'transaction',
  entries: readonly Outcome<Request>[],
): void {
  if (entries.some((entry) => needsMain(context, entry))) {
    bound.stay();
    return;
  }
  const isLight = type === 'batch' ? isIndependent : isPlain;
  for (const entry of entries) {
    if (entry instanceof Failure) continue;
    const text = entry.body === undefined ? '' : JSON.stringify(entry.body);
    if (text.length > context.config.largeBody || !isLight(entry, text)) bound.exceed();
  }
}

/** Whether an entry asks for an operation, which has the pool work for it; `$validate` works where it stands. */
function needsMain({ operations }: Context, entry: Outcome<Request>): boolean {
  if (entry instanceof Failure || entry.interaction.code !== 'operation') return false;
  const found = operationOf(operations, entry.interaction);
  return !(found instanceof Failure) && found.judges !== true;
}

/** Whether an entry is no more work than what it brings and what its criteria find, before anything is written. */
function isPlain({ interaction }: Request): boolean {
  return /^(create|(conditional-)?(update|delete))$/.test(interaction.code);
}

/** Whether it is no more than what it brings. */
function isIndependent({ interaction, ifNoneExist }: Request, text: string): boolean {
  if (!/^(create|update|delete)$/.test(interaction.code) || ifNoneExist !== undefined) return false;
  return !/"reference":"[A-Za-z]+\?/.test(text);
}
