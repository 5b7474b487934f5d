import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { neverSent } from './pipelining.ts';

/** Whether a server is ending, and what it does then after each answer. */
export interface Shutdown {
  readonly now: boolean;
  answered(): void;
}

/**
 * How a server ends: what is in flight is finished, new work is refused (by those who ask `now`), and after `patience`
 * milliseconds whoever still holds a connection loses it.
 */
export function shutDownGracefully(app: FastifyInstance, patience: number): Shutdown {
  let now = false;
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', (done) => {
    now = true;
    // Node takes them for busy until their headers are overdue.
    for (const socket of sockets) if (neverSent(socket)) socket.destroy();
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
