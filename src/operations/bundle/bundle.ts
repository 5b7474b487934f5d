import { Failure, fail, failIfAny, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { mapInBatches } from '#threads/yielding.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request, requestPath } from '../request/request.ts';
import { isWriting } from '../write/step.ts';
import { write } from '../write/write.ts';
import { AnswerBudget, sizeOf } from './budget.ts';
import { readBundle } from './entries.ts';

type Act = (request: Request) => Promise<Outcome<Answer>>;

/**
 * R4 http.html#transaction: a batch's entries succeed and fail one by one, a transaction's together. `act` does what a
 * single request asks.
 */
export async function bundle(
  context: Context,
  caller: Caller,
  { body, lenient }: Request,
  act: Act,
): Promise<Outcome<Answer>> {
  const incoming = readBundle(context, body, lenient);
  if (incoming instanceof Failure) return incoming;
  const { type, entries } = incoming;
  const { maxAnswer } = context.config;
  if (type === 'batch') {
    const answers = await answerAll(entries, act, new AnswerBudget(maxAnswer));
    return { kind: 'responses', status: 200, type, answers };
  }
  const issues = new Issues();
  for (const entry of entries) if (entry instanceof Failure) issues.addAll(entry.issues);
  const broken = failIfAny(issues.list);
  if (broken !== undefined) return broken;
  const requests = entries.filter((e): e is Request => !(e instanceof Failure));
  const writing = requests.filter(isWriting);
  const unreadable = await previewReads(requests, act, new AnswerBudget(maxAnswer));
  if (unreadable !== undefined) return unreadable;
  const written = await write(context, caller, writing);
  if (written instanceof Failure) return written;
  const done = new Map<Request, Outcome<Answer> | undefined>(writing.map((r, i) => [r, written[i]]));
  const reads = requests.filter((r) => !isWriting(r));
  const read = await answerAll(reads, act, new AnswerBudget(maxAnswer));
  for (const [i, request] of reads.entries()) done.set(request, read[i]);
  const answers = requests.map((r) => done.get(r) ?? fail('internal', { found: 'no answer' }));
  return { kind: 'responses', status: 200, type, answers };
}

/**
 * The answers of the entries, within the budget: what is beyond it is not done, but what was written is told. A defect is that
 * of its entry, since others may be written already.
 */
async function answerAll(
  entries: readonly Outcome<Request>[],
  act: Act,
  budget: AnswerBudget,
): Promise<Outcome<Answer>[]> {
  const inLane = limitConcurrency();
  const answered = async (entry: Outcome<Request>): Promise<Outcome<Answer>> => {
    const path = entry instanceof Failure ? undefined : entry.path;
    if (budget.spent) return budget.refuse(path);
    const answer =
      entry instanceof Failure ? entry : withoutBody(entry, entryFailure(entry, await attempt(entry, act)));
    const written = !(entry instanceof Failure || answer instanceof Failure) && isWriting(entry);
    const within = written && holdsOnlySent(entry) ? true : budget.take(sizeOf(answer));
    return within || written ? answer : budget.refuse(path);
  };
  return mapInBatches(entries, (entry) =>
    entry instanceof Failure || holdsOnlySent(entry) ? answered(entry) : inLane(() => answered(entry)),
  );
}

/** Whether the answer can hold nothing but what the bundle itself brought, which HUFHIR_MAX_BODY bounds. */
function holdsOnlySent({ interaction: { code }, ifNoneExist }: Request): boolean {
  return /(update|delete)$/.test(code) || (code === 'create' && ifNoneExist === undefined);
}

/** So many answers of any size may be on their way at once. */
const lanesAtOnce = 4;

function limitConcurrency(): <T>(work: () => Promise<T>) => Promise<T> {
  const ends: Promise<unknown>[] = [];
  let next = 0;
  return (work) => {
    const lane = next++ % lanesAtOnce;
    const end = (ends[lane] ?? Promise.resolve()).then(work);
    ends[lane] = end;
    return end;
  };
}

/** What the request asks, or `internal` for a defect, which the process tells where its log is. */
async function attempt(request: Request, act: Act): Promise<Outcome<Answer>> {
  try {
    return await act(request);
  } catch (error) {
    const found = request.path ?? 'the entry';
    process.emitWarning(`${found}: ${error instanceof Error ? error.stack : String(error)}`, 'Defect');
    return fail('internal', { found });
  }
}

/** A problem that names no element is one of the entry's URL. */
function entryFailure(request: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (!(answer instanceof Failure) || answer.issues.some((i) => i.expression !== undefined)) return answer;
  return located(answer, requestPath(request, 'url'));
}

/** HEAD asks for everything but the body; contents that do not go out are not held. */
function withoutBody({ head }: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (answer instanceof Failure || (head !== true && answer.kind !== 'bare')) return answer;
  const status = answer.kind === 'bare' ? answer.status : 200;
  const version = answer.kind === 'bare' || answer.kind === 'resource' ? answer.version : undefined;
  return { kind: 'bare', status, version: version && { ...version, content: undefined } };
}

/**
 * What a transaction only reads is tried before anything is written, since all of it succeeds or all of it fails. A
 * resource that the transaction itself puts or deletes is there, or is not, whatever the store says.
 */
async function previewReads(
  requests: readonly Request[],
  act: Act,
  budget: AnswerBudget,
): Promise<Failure | undefined> {
  const fate = new Map<string, Request>();
  for (const request of requests) {
    const { interaction: i } = request;
    if (i.code === 'update' || i.code === 'patch' || i.code === 'delete') fate.set(`${i.type}/${i.id}`, request);
  }
  const issues = new Issues();
  const inLane = limitConcurrency();
  const tried = async (request: Request): Promise<void> => {
    if (budget.spent) return;
    const { interaction: i } = request;
    const target = i.code === 'read' || i.code === 'history-instance' ? `${i.type}/${i.id}` : '';
    const coming = fate.get(target);
    let size = 0;
    if (coming?.interaction.code === 'update') size = request.head === true ? 0 : sizeOfBody(coming);
    else {
      const gone = i.code === 'read' && coming?.interaction.code === 'delete';
      const answer = gone ? fail('deleted', { found: target }) : withoutBody(request, await act(request));
      if (answer instanceof Failure) issues.addAll(located(answer, requestPath(request, 'url')).issues);
      size = answer instanceof Failure ? 0 : sizeOf(answer);
    }
    // Told once, though others are under way.
    const before = budget.spent;
    if (!budget.take(size) && !before) issues.addAll(budget.refuse(requestPath(request, 'url')).issues);
  };
  await mapInBatches(
    requests.filter((r) => !isWriting(r)),
    (request) => inLane(() => tried(request)),
  );
  return failIfAny(issues.list);
}

const sizes = new WeakMap<Request, number>();

/** The characters of what a request brings; others of the bundle may read it several times. */
function sizeOfBody(request: Request): number {
  const known = sizes.get(request) ?? JSON.stringify(request.body ?? '').length;
  sizes.set(request, known);
  return known;
}
