import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from '#config';
import { fail } from '#errors';
import { connectionRefusal } from '../response/refuse.ts';
import { takeNothing } from './pipelining.ts';

/** Looks at a connection in the time that it may go without progress. */
const looks = 4;

/**
 * Bounds the connections, together and by address, so that each address leaves room to others; and ends those that take nothing of what is
 * to be sent to them.
 */
export function boundConnections(app: FastifyInstance, { maxConnections, stallTimeout }: Config): void {
  const sockets = new Set<Socket>();
  const byAddress = new Map<string, number>();
  app.server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress: address = '' } = socket;
    const own = byAddress.get(address) ?? 0;
    const free = maxConnections - sockets.size;
    if (free <= 0 || (own > 0 && own >= free)) {
      takeNothing(socket);
      socket.end(connectionRefusal(fail('connections-full', { found: sockets.size, expected: maxConnections })));
      // At once: whoever opens many would fill what the bound leaves free.
      socket.destroySoon();
      return;
    }
    sockets.add(socket);
    byAddress.set(address, own + 1);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
  });
  const timer = setInterval(() => endStalled(sockets), Math.ceil(stallTimeout / looks)).unref();
  app.addHook('onClose', async () => clearInterval(timer));
}

const progress = Symbol('progress');

/** What was sent and what was left when it was looked last, and how often it was as much. */
interface Progress {
  readonly sent: number;
  readonly left: number;
  readonly times: number;
}

/** Node tells of a chunk once all of it was taken, and its handle how much of it is left. */
type WritingSocket = Socket & {
  [progress]?: Progress | undefined;
  readonly _handle?: { readonly writeQueueSize: number };
};

/** Counted in looks, so that nobody is ended because the server itself stood still. */
function endStalled(sockets: Iterable<WritingSocket>): void {
  for (const socket of sockets) {
    if (socket.writableLength === 0) {
      if (socket[progress] !== undefined) socket[progress] = undefined;
      continue;
    }
    const sent = socket.bytesWritten;
    const left = socket._handle?.writeQueueSize ?? 0;
    const last = socket[progress];
    const times = last?.sent === sent && last.left === left ? last.times + 1 : 0;
    if (times >= looks) socket.destroy();
    else socket[progress] = { sent, left, times };
  }
}
