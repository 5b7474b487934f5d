import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { fail } from '#errors';
import { refuse } from './refusing.ts';

/** Requests of one connection that may be under way at once. */
const most = 100;

/**
 * Bounds what one connection can make the server hold: Node hands on every request of a chunk at once, though their answers
 * go out one by one (RFC 9112, 9.3.2).
 */
export function boundPipelines(app: FastifyInstance): void {
  const underWay = new WeakMap<Socket, number>();
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    const count = (underWay.get(socket) ?? 0) + 1;
    underWay.set(socket, count);
    if (count <= most) done();
    else refuse(reply.header('connection', 'close'), fail('too-many-requests', { expected: most }));
  });
  app.addHook('onResponse', ({ raw: { socket } }, _reply, done) => {
    underWay.set(socket, (underWay.get(socket) ?? 1) - 1);
    done();
  });
}
