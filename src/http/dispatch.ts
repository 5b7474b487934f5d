import type { Outcome } from '#errors';
import type { Caller, Context, Operation } from '#operations/request/context.ts';
import { requestContext } from '#operations/request/request-store.ts';
import { WorkBound } from '#operations/request/work-bound.ts';
import { TooHeavy } from '#storage/store.ts';
import { respond } from './exchange.ts';
import { respondInPool } from './large-request.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';

/**
 * Answers a request in this thread where that holds up nobody, else in one of the pool: by the size of what it brings, and of what it turns
 * out to work on.
 */
export async function dispatch(
  context: Context,
  caller: Caller,
  incoming: HttpRequest,
): Promise<Outcome<HttpResponse>> {
  const { body } = incoming;
  if (isLarge(context, incoming)) return respondInPool(context, caller, incoming, body.length);
  const most = mostOf(context, incoming);
  const bound = most === undefined ? undefined : new WorkBound(most);
  try {
    return await respond(requestContext(context, caller, bound), caller, { ...incoming });
  } catch (error) {
    if (!(error instanceof TooHeavy)) throw error;
    return respondInPool(context, caller, incoming, body.length + error.size);
  }
}

/** `[base]`, where bundles are posted. */
function isBase(url: string): boolean {
  return /^\/fhir\/?(\?|$)/.test(url);
}

function isLarge(context: Context, incoming: HttpRequest): boolean {
  const { method, url, body } = incoming;
  const { largeBody, largeRead } = context.config;
  // A bundle is worked on entry by entry, in turns with others.
  if (body.length <= (method === 'POST' && isBase(url) ? Math.max(largeBody, largeRead) : largeBody)) return false;
  // The body of an operation is its parameters: these are few.
  const asked = operationAsked(context, incoming);
  return asked === undefined || asked.judges === true;
}

/** The bytes of stored texts that the request may work on in this thread; undefined for any. */
function mostOf(context: Context, incoming: HttpRequest): number | undefined {
  const { largeBody, largeRead } = context.config;
  const asked = operationAsked(context, incoming);
  // It has the pool do what is heavy, and the results that it keeps are in this thread.
  if (asked?.long === true) return undefined;
  // What is patched or judged is checked as a body is.
  return incoming.method === 'PATCH' || asked?.judges === true ? Math.min(largeBody, largeRead) : largeRead;
}

/** The operation that a URL names, if it is served. */
function operationAsked({ operations }: Context, { url }: HttpRequest): Operation | undefined {
  const [, name] = /^[^?]*(?:\$|%24)([^/?]*)/.exec(url) ?? [];
  return name === undefined ? undefined : operations.find((o) => o.name === name);
}
