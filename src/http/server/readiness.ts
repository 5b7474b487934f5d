import type { FastifyInstance } from 'fastify';
import type { Context } from '#operations/request/context.ts';
import { StoreUnavailable } from '#storage/store.ts';

/** Milliseconds that what a probe found is told again: each makes a durable write. */
const probeKept = 1_000;

/** The same once something was refused: it may have been for the store. */
const doubtKept = 50;

/** `/readyz`: 200 while the store can be read and written, else 503 with the reason. */
export function serveReadiness(app: FastifyInstance, { store, log }: Context): void {
  let last: { readonly at: number; readonly obstacle: Promise<string | undefined> } | undefined;
  const probe = async (): Promise<string | undefined> => {
    const obstacle = (await store.probe())?.reason;
    if (obstacle !== undefined) log.error(`The store cannot be written: ${obstacle}`);
    return obstacle;
  };
  // What was refused a moment ago is newer than what the last probe found.
  let doubted = false;
  app.addHook('onResponse', (_request, { statusCode }, done) => {
    if (statusCode === 503 || statusCode === 507) doubted = true;
    done();
  });
  app.get('/readyz', async (_request, reply) => {
    const now = performance.now();
    if (last === undefined || now - last.at >= (doubted ? doubtKept : probeKept)) {
      doubted = false;
      last = { at: now, obstacle: probe() };
    }
    const obstacle = await last.obstacle;
    if (obstacle !== undefined) return unready(obstacle);
    try {
      return { status: 'ok', lastSeq: await store.lastSeq(), revision: await store.revision() };
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return unready(error.message);
    }
    function unready(reason: string) {
      reply.code(503).header('retry-after', '1');
      return { status: 'unavailable', reason };
    }
  });
}
