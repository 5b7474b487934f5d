import type { FastifyInstance } from 'fastify';

/** Whether a server is ending, and what it does then after each answer. */
export interface Ending {
  readonly now: boolean;
  answered(): void;
}

/**
 * How a server ends: what is in flight is finished, new work is refused (by those who ask `now`), and after `patience`
 * milliseconds whoever still holds a connection loses it.
 */
export function endGently(app: FastifyInstance, patience: number): Ending {
  let now = false;
  app.addHook('preClose', (done) => {
    now = true;
    const last = setTimeout(() => app.server.closeAllConnections(), patience).unref();
    app.server.once('close', () => clearTimeout(last));
    done();
  });
  return {
    get now() {
      return now;
    },
    // A connection whose answer ends only now would be kept for its next request.
    answered() {
      if (now) setImmediate(() => app.server.closeIdleConnections());
    },
  };
}
