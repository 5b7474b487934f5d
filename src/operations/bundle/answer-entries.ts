import { Failure, fail, type Outcome } from '#errors';
import { TooHeavy } from '#storage/store.ts';
import { throwIfInterrupted } from '#threads/interruption.ts';
import { mapInBatches } from '#threads/yielding.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request, requestPath } from '../request/request.ts';
import { isWriting } from '../write/step.ts';
import { AnswerBudget, sizeOf } from './budget.ts';

/** Does what a single request asks. */
export type Act = (request: Request) => Promise<Outcome<Answer>>;

/**
 * The answers of the entries, within HUFHIR_MAX_ANSWER: what is beyond it is not done, but what was written is told. A defect
 * is that of its entry, since others may be written already. Rejects with the reason of the caller's signal where that ends.
 */
export async function answerAll(
  { config, log }: Context,
  { signal }: Caller,
  entries: readonly Outcome<Request>[],
  act: Act,
): Promise<Outcome<Answer>[]> {
  const budget = new AnswerBudget(config.maxAnswer);
  const limited = limitConcurrency();
  const answered = async (entry: Outcome<Request>): Promise<Outcome<Answer>> => {
    const path = entry instanceof Failure ? undefined : entry.path;
    if (budget.spent) return budget.refuse(path);
    signal?.throwIfAborted();
    const answer =
      entry instanceof Failure
        ? entry
        : withoutBody(entry, entryFailure(entry, await attempt(log, signal, entry, act)));
    const written = !(entry instanceof Failure || answer instanceof Failure) && isWriting(entry);
    const within = written && holdsOnlySent(entry) ? true : budget.take(sizeOf(answer));
    return within || written ? answer : budget.refuse(path);
  };
  return mapInBatches(entries, (entry) =>
    entry instanceof Failure || holdsOnlySent(entry) ? answered(entry) : limited(() => answered(entry)),
  );
}

/** Whether the answer can hold nothing but what the bundle itself brought, which HUFHIR_MAX_BODY bounds. */
function holdsOnlySent({ interaction: { code }, ifNoneExist }: Request): boolean {
  return /(update|delete)$/.test(code) || (code === 'create' && ifNoneExist === undefined);
}

/** Works of which so many may be under way at once, since their answers may be of any size; the others wait in their order. */
const atOnce = 4;

/** Runs works side by side, within that limit. */
export function limitConcurrency(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running === atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** A bundle that asks for operations is worked on where nothing heavy may be. */
const tooHeavy = fail('too-costly', {
  text: 'The entry works on much that is stored, in a bundle with an operation; send it in another bundle.',
});

/** What the request asks, or `internal` for a defect, which the log tells. */
async function attempt(
  log: Context['log'],
  signal: AbortSignal | undefined,
  request: Request,
  act: Act,
): Promise<Outcome<Answer>> {
  try {
    return await act(request);
  } catch (error) {
    // The whole bundle was given up.
    if (error instanceof Error && error.name === 'AbortError') throw error;
    signal?.throwIfAborted();
    throwIfInterrupted();
    if (error instanceof TooHeavy) return tooHeavy;
    const found = request.path ?? 'the entry';
    log.error({ err: error, entry: found }, 'An entry of a bundle met a defect');
    return fail('internal', { found });
  }
}

/** A problem that names no element is one of the entry's URL. */
function entryFailure(request: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (!(answer instanceof Failure) || answer.issues.some((i) => i.expression !== undefined)) return answer;
  return located(answer, requestPath(request, 'url'));
}

/** HEAD asks for everything but the body; contents that do not go out are not held. */
export function withoutBody({ head }: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (answer instanceof Failure || (head !== true && answer.kind !== 'bare')) return answer;
  const status = answer.kind === 'bare' ? answer.status : 200;
  const version = answer.kind === 'bare' || answer.kind === 'resource' ? answer.version : undefined;
  return { kind: 'bare', status, version: version && { ...version, content: undefined } };
}
