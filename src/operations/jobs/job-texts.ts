import { Failure, type Outcome } from '#errors';
import { parseJson, stringify } from '#fhir/json/json.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller } from '../request/context.ts';
import type { Request } from '../request/request.ts';

/** All that is needed to do what was asked, in whatever process. */
export interface JobRequest {
  readonly caller: Caller;
  readonly request: Request;
}

/** No body nests deeper. */
const anyDepth = 2_000;

/** A body stands in the text as a text of its own, in which every number keeps its digits. */
export function writeJobRequest({ caller, request }: JobRequest): string {
  const { body, ...rest } = request;
  return JSON.stringify({ caller, request: rest, ...(body !== undefined && { body: stringify(body) }) });
}

export function readJobRequest(text: string): JobRequest {
  const { caller, request, body } = JSON.parse(text) as JobRequest & { readonly body?: string };
  return { caller, request: body === undefined ? request : { ...request, body: parseJson(body, anyDepth) } };
}

/** What JSON keeps of an answer: a failure is a class, and a resource has digits that are its own. */
type PlainAnswer = Exclude<Answer, { readonly kind: 'made' | 'responses' }> | { readonly issues: Failure['issues'] };

type WrittenAnswer = PlainAnswer | (Omit<Responses, 'answers'> & { readonly answers: readonly WrittenAnswer[] });

type Responses = Extract<Answer, { readonly kind: 'responses' }>;

export function writeJobAnswer(answer: Outcome<Answer>): string {
  return JSON.stringify(plain(answer));
}

export function readJobAnswer(text: string): Outcome<Answer> {
  return revived(JSON.parse(text));
}

function plain(answer: Outcome<Answer>): WrittenAnswer {
  if (answer instanceof Failure) return { issues: answer.issues };
  if (answer.kind === 'responses') return { ...answer, answers: answer.answers.map(plain) };
  if (answer.kind !== 'made') return answer;
  const { resource, ...rest } = answer;
  return { ...rest, kind: 'text', text: stringify(resource) };
}

function revived(answer: WrittenAnswer): Outcome<Answer> {
  if ('issues' in answer) return new Failure(answer.issues);
  return answer.kind === 'responses' ? { ...answer, answers: answer.answers.map(revived) } : answer;
}
