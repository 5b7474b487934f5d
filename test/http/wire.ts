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

/** Connects to the server at this base, and sends; each local address is a client of its own. */
export function dial(base: string, text = '', localAddress = '127.0.0.1'): Wire {
  const socket = connect({ port: Number(new URL(base).port), host: '127.0.0.1', localAddress });
  let answered = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    answered += chunk;
  });
  // What is still under way when the server hangs up is refused by the system.
  socket.on('error', () => undefined);
  const send = (more: string) => void socket.write(more, 'latin1');
  send(text);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(answered)));
  return { socket, send, answered: () => answered, ended };
}
