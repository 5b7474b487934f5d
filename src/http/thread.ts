import type { Worker } from 'node:worker_threads';
import type { Caller, Context } from '#operations/request/context.ts';
import type { HttpRequest, HttpResponse } from './request/messages.ts';

/** A request that goes to the other thread, and its answer. */
export interface LargeRequest {
  readonly id: number;
  readonly caller: Caller;
  readonly incoming: HttpRequest;
}

export type Answered =
  | { readonly id: number; readonly outgoing: HttpResponse }
  | { readonly id: number; readonly error: unknown };

/** Milliseconds without work after which the thread ends, and its memory is given back. */
const idle = 60_000;

/** Bodies that are worked on at once: each may take several times its size. */
const width = 4;

interface WaitingRequest {
  readonly resolve: (outgoing: HttpResponse) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Answers requests with large bodies in a thread of their own, so that no other client waits while one is parsed, checked and
 * indexed. The thread starts when it is first needed; if it dies, what it had fails and the next request starts another.
 */
export class LargeBodies {
  readonly #context: Context;
  readonly #start: () => Worker;
  readonly #waiting = new Map<number, WaitingRequest>();
  readonly #queue: LargeRequest[] = [];
  #worker: Worker | undefined;
  #last = 0;
  #under = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(context: Context, start: () => Worker) {
    this.#context = context;
    this.#start = start;
  }

  async respond(caller: Caller, incoming: HttpRequest): Promise<HttpResponse> {
    const id = ++this.#last;
    const { parameters } = this.#context;
    const answer = new Promise<HttpResponse>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#queue.push({ id, caller, incoming });
      this.#send();
    });
    const outgoing = await parameters.track(answer);
    // It may have written some.
    await parameters.refresh();
    return outgoing;
  }

  /** Ends the thread; nothing may be under way. */
  async close(): Promise<void> {
    clearTimeout(this.#rest);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #send(): void {
    clearTimeout(this.#rest);
    while (this.#under < width) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#under += 1;
      this.#worker ??= this.#listen(this.#start());
      const { buffer, byteLength } = next.incoming.body;
      // A body that fills its memory goes there as it is, without a copy.
      const transfer = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
      this.#worker.postMessage(next, transfer);
    }
    if (this.#under === 0) this.#rest = setTimeout(() => void this.close(), idle).unref();
  }

  #listen(worker: Worker): Worker {
    const lose = (error: Error): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#under = 0;
      const queued = new Set(this.#queue.map(({ id }) => id));
      for (const [id, { reject }] of this.#waiting) {
        if (queued.has(id)) continue;
        this.#waiting.delete(id);
        reject(error);
      }
      this.#send();
    };
    worker.on('message', (answered: Answered) => {
      const waiting = this.#waiting.get(answered.id);
      this.#waiting.delete(answered.id);
      this.#under -= 1;
      if ('outgoing' in answered) waiting?.resolve(asBuffer(answered.outgoing));
      else waiting?.reject(answered.error instanceof Error ? answered.error : new Error(String(answered.error)));
      this.#send();
    });
    worker.on('error', (error) => lose(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => lose(new Error('the thread of large bodies ended by itself')));
    worker.unref();
    return worker;
  }
}

/** What was transferred comes as plain bytes, which Fastify's plugins take for an object. */
function asBuffer(outgoing: HttpResponse): HttpResponse {
  const { body } = outgoing;
  if (!(body instanceof Uint8Array)) return outgoing;
  return { ...outgoing, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
}
