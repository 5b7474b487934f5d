import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which bytes go out as they are; no client of ours would send some of them. */
export interface Wire {
  readonly socket: Socket;
  readonly send: (text: string) => void;
  /** What was answered so far. */
  readonly answered: () => string;
  /** All that was answered, once the server has ended the connection. */
  readonly ended: Promise<string>;
}

/** Connects to the server at this base, and sends. */
export function dial(base: string, text = ''): Wire {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  let answered = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    answered += chunk;
  });
  // What is still under way when the server hangs up is refused by the system.
  socket.on('error', () => undefined);
  const send = (more: string) => void socket.write(more, 'latin1');
  send(text);
  return { socket, send, answered: () => answered, ended: once(socket, 'close').then(() => answered) };
}
