import { Failure, type Outcome } from '#errors';
import type { Caller, Context } from '#operations/request/context.ts';
import { requestContext } from '#operations/request/request-store.ts';
import { Transferred } from '#threads/task.ts';
import { answer, begin } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';
import { type LargeRequest, respondTask } from './tasks.ts';

/** Has a request answered by a thread of the pool; `weight` is about the bytes that it works on. */
export async function respondInPool(
  context: Context,
  { signal, ...caller }: Caller,
  request: HttpRequest,
  weight: number,
): Promise<Outcome<HttpResponse>> {
  const { client } = caller;
  const transfer = memoryOf(request.body);
  const response = await context.pool.run(respondTask, { caller, request }, { client, signal, weight, transfer });
  if (response instanceof Failure || !(response.body instanceof Uint8Array)) return response;
  return { ...response, body: asBuffer(response.body) };
}

/** The same in that thread, with a context of its own. */
export async function respondInThread(
  context: Context,
  { caller, request }: LargeRequest,
): Promise<Transferred<HttpResponse>> {
  const own = requestContext(context, caller);
  const exchange = begin(own, { ...request, body: asBuffer(request.body) });
  if (request.body.length > large) collectGarbage();
  const response = await answer(own, caller, exchange);
  if ((response.body?.length ?? 0) > large) collectGarbage();
  const body = typeof response.body === 'string' ? new TextEncoder().encode(response.body) : response.body;
  return new Transferred({ ...response, ...(body && { body }) }, memoryOf(body));
}

/** Memory that a body fills goes from thread to thread as it is, without a copy. */
function memoryOf(body: Uint8Array | undefined): readonly ArrayBuffer[] {
  // What is empty is one for all.
  if (body === undefined || body.length === 0 || !(body.buffer instanceof ArrayBuffer)) return [];
  return body.buffer.byteLength === body.byteLength ? [body.buffer] : [];
}

/** What was transferred comes as plain bytes, which Fastify's plugins take for an object. */
function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** Bytes of a body or an answer above which its garbage is worth collecting at once. */
const large = 1024 * 1024;

/** What reading a body or a large answer leaves behind is many times what is kept; nobody but this thread waits meanwhile. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}
