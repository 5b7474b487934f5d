import { parentPort } from 'node:worker_threads';
import type { Context } from '#operations/request/context.ts';
import { answer, begin } from './exchange.ts';
import type { HttpResponse } from './request/messages.ts';
import type { Answered, LargeRequest } from './thread.ts';

/** Answers what the main thread sends, with a context of this thread. */
export function serveThread(opening: Promise<Context>): void {
  void opening.then(collect);
  parentPort?.on('message', async ({ id, caller, incoming }: LargeRequest) => {
    try {
      const context = await opening;
      // The main thread, or a body before this one, may have changed them.
      await context.parameters.refresh();
      // Transferred memory comes as plain bytes.
      incoming.body = Buffer.from(incoming.body.buffer, incoming.body.byteOffset, incoming.body.byteLength);
      const exchange = begin(context, incoming);
      collect();
      send(id, await answer(context, caller, exchange));
      collect();
    } catch (error) {
      const answered: Answered = { id, error };
      parentPort?.postMessage(answered);
    }
  });
}

/** What making a context, reading a body or a large answer leaves behind is many times what is kept; nobody but this thread waits
 * meanwhile. */
function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

function send(id: number, outgoing: HttpResponse): void {
  const { body } = outgoing;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : undefined;
  const answered: Answered = { id, outgoing: bytes === undefined ? outgoing : { ...outgoing, body: bytes } };
  parentPort?.postMessage(answered, bytes === undefined ? [] : [bytes.buffer]);
}
