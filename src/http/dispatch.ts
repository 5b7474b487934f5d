import type { Outcome } from '#errors';
import { jsonPatch } from '#operations/bundle/entries.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import { requestContext } from '#operations/request/request-store.ts';
import { WorkBound } from '#operations/request/work-bound.ts';
import { TooHeavy } from '#storage/store.ts';
import { respond } from './exchange.ts';
import { respondInPool } from './large-request.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';
import { nameOf } from './request/negotiate.ts';

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
  const bound = new WorkBound(boundOf(context, incoming));
  try {
    return await respond(requestContext(context, caller, bound), caller, { ...incoming });
  } catch (error) {
    if (!(error instanceof TooHeavy)) throw error;
    return respondInPool(context, caller, incoming, body.length + error.size);
  }
}

/** A path of a FHIRPath Patch may take seconds, however small it and the resource are. */
function isLarge({ config, operations }: Context, { method, url, headers, body }: HttpRequest): boolean {
  if (method === 'PATCH' && nameOf(headers['content-type']) !== jsonPatch) return true;
  return body.length > config.largeBody && !hasParameters(operations, url);
}

/** What is patched or judged is checked as a body is. */
function boundOf({ config }: Context, { method, url }: HttpRequest): number {
  const { largeBody, largeRead } = config;
  return method === 'PATCH' || /[$]|%24/.test(url) ? Math.min(largeBody, largeRead) : largeRead;
}

/** Whether a body is the parameters of an operation: these are few, and the results that it keeps are in this thread. */
function hasParameters(operations: Context['operations'], url: string): boolean {
  const [, name] = /^[^?]*(?:\$|%24)([^/?]*)/.exec(url) ?? [];
  return name !== undefined && !operations.some((o) => o.name === name && o.judges === true);
}
