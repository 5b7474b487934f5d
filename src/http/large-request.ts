import { getHeapStatistics } from 'node:v8';
import { Failure, fail, type Outcome } from '#errors';
import { atMost, limits } from '#limits';
import { jsonPatch } from '#operations/bundle/entries.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import { requestContext } from '#operations/request/request-store.ts';
import { Exceeded } from '#threads/bounds.ts';
import { Transferred } from '#threads/task.ts';
import { answer, begin } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';
import { nameOf } from './request/negotiate.ts';
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
  const bounds = { work: mostWork(context, request) };
  const asking = { client, signal, weight, transfer, bounds };
  const response = await context.pool.run(respondTask, { caller, request }, asking).catch((error: unknown) => {
    if (!(error instanceof Exceeded)) throw error;
    if (error.mayHaveCommitted) return fail('commit-unknown', { found: 'it took too much work' });
    return fail('too-costly', { text: `The request takes too much work; expected ${expectedWork(context, request)}.` });
  });
  if (response instanceof Failure || !(response.body instanceof Uint8Array)) return response;
  return { ...response, body: asBuffer(response.body) };
}

/** Milliseconds of processor time. What a FHIRPath may take cannot be told from its size. */
function mostWork({ config }: Context, request: HttpRequest): number {
  return isFhirPathPatch(request) ? limits['patch-work-time'].most : config.workTimeout;
}

function expectedWork({ config }: Context, request: HttpRequest): string {
  if (isFhirPathPatch(request)) return atMost('patch-work-time');
  return `at most ${config.workTimeout} ms of a processor (HUFHIR_WORK_TIMEOUT)`;
}

function isFhirPathPatch({ method, headers }: HttpRequest): boolean {
  return method === 'PATCH' && nameOf(headers['content-type']) !== jsonPatch;
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
  if (getHeapStatistics().total_heap_size > largeHeap) collectGarbage();
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

/** Bytes of a body above which its garbage is worth collecting at once, and of a heap that holds more than what a thread keeps. */
const large = 1024 * 1024;
const largeHeap = 80 * 1024 * 1024;

/** What reading a body or a large answer leaves behind is many times what is kept; nobody but this thread waits meanwhile. */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}
