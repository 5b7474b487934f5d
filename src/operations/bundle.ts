import { Failure, fail, failIfAny, type Outcome } from '#errors';
import { Issues } from '#fhir/issues.ts';
import type { Answer } from './answer.ts';
import type { Caller, Context } from './context.ts';
import { readBundle } from './entries.ts';
import { located, type Request, requestPath } from './request.ts';
import { isWriting } from './step.ts';
import { inTurns } from './turns.ts';
import { write } from './writing.ts';

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
  if (type === 'batch') {
    const answers = await inTurns(entries, async (e) => (e instanceof Failure ? e : bare(e, told(e, await act(e)))));
    return { kind: 'responses', status: 200, type, answers };
  }
  const issues = new Issues();
  for (const entry of entries) if (entry instanceof Failure) issues.addAll(entry.issues);
  const broken = failIfAny(issues.list);
  if (broken !== undefined) return broken;
  const requests = entries.filter((e): e is Request => !(e instanceof Failure));
  const writing = requests.filter(isWriting);
  const unreadable = await rehearse(requests, act);
  if (unreadable !== undefined) return unreadable;
  const written = await write(context, caller, writing);
  if (written instanceof Failure) return written;
  const done = new Map(writing.map((r, i) => [r, written[i]]));
  const answers = await inTurns(requests, async (r) => done.get(r) ?? bare(r, await act(r)));
  return { kind: 'responses', status: 200, type, answers };
}

/** A problem that names no element is one of the entry's URL. */
function told(request: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (!(answer instanceof Failure) || answer.issues.some((i) => i.expression !== undefined)) return answer;
  return located(answer, requestPath(request, 'url'));
}

/** HEAD asks for everything but the body. */
function bare({ head }: Request, answer: Outcome<Answer>): Outcome<Answer> {
  if (head !== true || answer instanceof Failure) return answer;
  return { kind: 'bare', status: 200, version: answer.kind === 'resource' ? answer.version : undefined };
}

/**
 * What a transaction only reads is tried before anything is written, since all of it succeeds or all of it fails. A
 * resource that the transaction itself puts or deletes is there, or is not, whatever the store says.
 */
async function rehearse(requests: readonly Request[], act: Act): Promise<Failure | undefined> {
  const fate = new Map<string, 'update' | 'patch' | 'delete'>();
  for (const { interaction: i } of requests) {
    if (i.code === 'update' || i.code === 'patch' || i.code === 'delete') fate.set(`${i.type}/${i.id}`, i.code);
  }
  const issues = new Issues();
  await inTurns(
    requests.filter((r) => !isWriting(r)),
    async (request) => {
      const { interaction: i } = request;
      const target = i.code === 'read' || i.code === 'history-instance' ? `${i.type}/${i.id}` : '';
      if (fate.get(target) === 'update') return;
      const gone = i.code === 'read' && fate.get(target) === 'delete';
      const answer = gone ? fail('deleted', { found: target }) : await act(request);
      if (answer instanceof Failure) issues.addAll(located(answer, requestPath(request, 'url')).issues);
    },
  );
  return failIfAny(issues.list);
}
