import type { Socket } from 'node:net';
import { type Failure, fail } from '#errors';

/** Requests of one connection that may be under way at once. */
const most = 16;

const underWay = Symbol('requests under way');

type CountingSocket = Socket & { [underWay]?: number };

/**
 * Bounds what one connection can make the server hold: Node hands on every request of a chunk at once, though their answers
 * go out one by one (RFC 9112, 9.3.2). Called when a request begins; `leave` when it has been answered.
 */
export function beginRequest(socket: CountingSocket): Failure | undefined {
  const count = (socket[underWay] ?? 0) + 1;
  socket[underWay] = count;
  return count <= most ? undefined : fail('too-many-requests', { expected: most });
}

/** Whether a connection never sent a request: browsers open some in advance. */
export function neverSent(socket: CountingSocket): boolean {
  return socket[underWay] === undefined;
}

export function endRequest(socket: CountingSocket): void {
  socket[underWay] = (socket[underWay] ?? 1) - 1;
}
