import type { FastifyInstance } from 'fastify';
import { fail } from '#errors';
import { refuse } from './refusing.ts';

/**
 * How a server ends: what is in flight is finished, new work is refused, and after `patience` milliseconds whoever still
 * holds a connection loses it.
 */
export function endGently(app: FastifyInstance, patience: number): void {
  let ending = false;
  app.addHook('onRequest', (_request, reply, done) => {
    if (ending) refuse(reply.header('connection', 'close'), fail('shutting-down', {}));
    else done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (ending) reply.header('connection', 'close');
    done(null, payload);
  });
  // A connection whose answer ends only now would be kept for its next request.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (ending) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  app.addHook('preClose', (done) => {
    ending = true;
    const last = setTimeout(() => app.server.closeAllConnections(), patience).unref();
    app.server.once('close', () => clearTimeout(last));
    done();
  });
}
