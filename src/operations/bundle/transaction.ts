import { Failure, fail, failIfAny, type Outcome } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { StoreUnavailable } from '#storage/store.ts';
import { mapInBatches } from '#threads/yielding.ts';
import { readInteraction } from '../read/read.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { located, type Request, requestPath } from '../request/request.ts';
import { isWriting } from '../write/step.ts';
import { type Written, writeAll } from '../write/write.ts';
import { type Act, answerAll, limitConcurrency, withoutBody } from './answer-entries.ts';
import { AnswerBudget, sizeOf } from './budget.ts';
import { dependsOn } from './dependence.ts';

/**
 * R4 http.html#trules: the entries of a transaction, all or nothing. What it only reads is tried before anything is written; the answers
 * show the state that it commits.
 */
export async function transaction(
  context: Context,
  caller: Caller,
  entries: readonly Outcome<Request>[],
  act: Act,
): Promise<Outcome<readonly Outcome<Answer>[]>> {
  const issues = new Issues();
  for (const entry of entries) if (entry instanceof Failure) issues.addAll(entry.issues);
  const broken = failIfAny(issues.list);
  if (broken !== undefined) return broken;
  const requests = entries.filter((entry): entry is Request => !(entry instanceof Failure));
  const writing = requests.filter(isWriting);
  const reading = requests.filter((request) => !isWriting(request));
  const done = await previewAndWrite(context, caller, requests, act);
  if (done instanceof Failure) return done;
  const answers = new Map<Request, Outcome<Answer> | undefined>(writing.map((r, i) => [r, done.written.answers[i]]));
  const read = await answerAll(context, caller, reading, readAfter(context, caller, done, act));
  for (const [i, request] of reading.entries()) answers.set(request, read[i]);
  return requests.map((request) => answers.get(request) ?? fail('internal', { found: 'no answer' }));
}

/** The answers to what a transaction reads, as the state was before it. */
type PreviewedAnswers = ReadonlyMap<Request, Answer>;

/** What was written, and which of the answers before it still hold; the others are not held while they are made anew. */
interface WrittenBetween {
  readonly written: Written;
  readonly valid: PreviewedAnswers;
}

async function previewAndWrite(
  context: Context,
  caller: Caller,
  requests: readonly Request[],
  act: Act,
): Promise<Outcome<WrittenBetween>> {
  const onlyWrites = requests.every(isWriting);
  const seq = onlyWrites ? 0 : await context.store.lastSeq();
  const previewed = await previewReads(requests, act, new AnswerBudget(context.config.maxAnswer));
  if (previewed instanceof Failure) return previewed;
  const written = await writeAll(context, caller, requests.filter(isWriting));
  if (written instanceof Failure) return written;
  const valid = onlyWrites ? previewed : await stillValid(context, caller, { previewed, seq, written });
  return { written, valid };
}

interface Preview {
  readonly previewed: PreviewedAnswers;
  /** The store's highest seq before the first of them. */
  readonly seq: number;
  readonly written: Written;
}

/** The answers that hold for the state right after the commit too: nobody else wrote meanwhile, and what the transaction wrote cannot
 * change them. */
async function stillValid(
  { definitions, store }: Context,
  { rights }: Caller,
  { previewed, seq, written: { versions } }: Preview,
): Promise<PreviewedAnswers> {
  const [first] = versions;
  // Seqs have no gaps, and those of a commit stand together.
  const undisturbed = first === undefined ? (await store.lastSeq()) === seq : first.seq === seq + 1;
  if (!undisturbed) return new Map();
  if (first === undefined) return previewed;
  // What a restricted caller sees of one resource may rest on others.
  if ([rights.read, rights.search, rights.history].some(({ op }) => op !== 'all')) return new Map();
  return new Map([...previewed].filter(([request]) => !dependsOn(definitions, request, versions)));
}

/** Answers reads after the commit: with what was written, with what was previewed, or anew. */
function readAfter(context: Context, caller: Caller, { written, valid }: WrittenBetween, act: Act): Act {
  const current = new Map(written.versions.map((version) => [`${version.type}/${version.id}`, version]));
  return async (request) => {
    const { interaction: i } = request;
    const own = i.code === 'read' ? current.get(`${i.type}/${i.id}`) : undefined;
    if (i.code !== 'read' || own === undefined) return valid.get(request) ?? act(request);
    try {
      return await readInteraction(context, caller, i, request, own);
    } catch (error) {
      // What was written stays written: this entry alone fails.
      if (!(error instanceof StoreUnavailable)) throw error;
      return error.toFailure();
    }
  };
}

/**
 * What a transaction only reads is tried before anything is written, since all of it succeeds or all of it fails. A
 * resource that the transaction itself puts or deletes is there, or is not, whatever the store says.
 */
async function previewReads(
  requests: readonly Request[],
  act: Act,
  budget: AnswerBudget,
): Promise<Outcome<PreviewedAnswers>> {
  const ownWrites = new Map<string, Request>();
  for (const request of requests) {
    const { interaction: i } = request;
    if (i.code === 'update' || i.code === 'patch' || i.code === 'delete') ownWrites.set(`${i.type}/${i.id}`, request);
  }
  const issues = new Issues();
  const answers = new Map<Request, Answer>();
  const limited = limitConcurrency();
  let isOver = false;
  const tried = async (request: Request): Promise<void> => {
    if (budget.spent || isOver) return;
    const { interaction: i } = request;
    const target = i.code === 'read' || i.code === 'history-instance' ? `${i.type}/${i.id}` : '';
    const ownWrite = ownWrites.get(target);
    let size = 0;
    if (ownWrite?.interaction.code === 'update') size = request.head === true ? 0 : sizeOfBody(ownWrite);
    else {
      const gone = i.code === 'read' && ownWrite?.interaction.code === 'delete';
      const answer = gone ? fail('deleted', { found: target }) : withoutBody(request, await act(request));
      const isLate = answer instanceof Failure && answer.issues[0].code === 'batch-too-slow';
      if (isLate && isOver) return;
      isOver ||= isLate;
      if (answer instanceof Failure) issues.addAll(located(answer, requestPath(request, 'url')).issues);
      else answers.set(request, answer);
      size = answer instanceof Failure ? 0 : sizeOf(answer);
    }
    // Told once, though others are under way.
    const before = budget.spent;
    if (!budget.take(size) && !before) issues.addAll(budget.refuse(requestPath(request, 'url')).issues);
  };
  await mapInBatches(
    requests.filter((r) => !isWriting(r)),
    (request) => limited(() => tried(request)),
  );
  return failIfAny(issues.list) ?? answers;
}

const sizes = new WeakMap<Request, number>();

/** The characters of what a request brings; others of the bundle may read it several times. */
function sizeOfBody(request: Request): number {
  const known = sizes.get(request) ?? JSON.stringify(request.body ?? '').length;
  sizes.set(request, known);
  return known;
}
