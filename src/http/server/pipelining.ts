import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Failure, fail } from '#errors';

/**
 * What is under way on a connection: Node hands on every request of a chunk at once, though their answers go out one by one
 * (RFC 9112, 9.3.2), and none goes out after one that ends the connection.
 */
interface UnderWay {
  /** Oldest first: so they go out. */
  readonly responses: Set<KnownResponse>;
  /** The answer to the newest request, and that to the one before it. */
  latest: ServerResponse | undefined;
  before: ServerResponse | undefined;
  /** The newest request is the last that is taken. */
  ends: boolean;
  /** What came is not HTTP, or came too slowly: that is told when the rest is answered. */
  refused: boolean;
}

const connection = Symbol('connection');
const dropped = Symbol('dropped');

const leaving = Symbol('leaving');

type KnownSocket = Socket & { [connection]?: UnderWay };
type KnownRequest = IncomingMessage & { [dropped]?: true };
type KnownResponse = ServerResponse & { [leaving]?: Leaving };

/** What happens when the client of an answer leaves before it has it. */
interface Leaving {
  readonly tell: () => void;
  /** Made when somebody asks for its signal. */
  controller?: AbortController;
}

function of(socket: KnownSocket): UnderWay {
  return socket[connection] ?? begin(socket);
}

function begin(socket: KnownSocket): UnderWay {
  const known = {
    responses: new Set<KnownResponse>(),
    latest: undefined,
    before: undefined,
    ends: false,
    refused: false,
  };
  socket[connection] = known;
  socket.once('end', () => askWhetherThere(socket, known));
  // Before Node tells each answer of it.
  socket.prependOnceListener('close', () => {
    for (const { [leaving]: left } of known.responses) {
      left?.tell();
      left?.controller?.abort();
    }
  });
  return known;
}

/** Milliseconds between two looks whether a client that closed its side still waits for an answer. */
const asking = 200;

/**
 * A client that closed its side may wait for its answers, or be gone: the system tells only when something is sent. An interim
 * response (RFC 9110, 15.2) is passed over by whoever waits.
 */
function askWhetherThere(socket: Socket, { responses }: UnderWay): void {
  const timer = setInterval(() => {
    const [next] = responses;
    if (next === undefined || socket.destroyed) clearInterval(timer);
    else if (!next.headersSent && next.req.complete && next.req.httpVersion === '1.1') next.writeProcessing();
  }, asking).unref();
}

/** Calls when the client of an answer leaves before it has it. */
export function onLeaving(response: KnownResponse, tell: () => void): void {
  response[leaving] = { tell };
}

/** Whether the client of an answer left before it had it. */
export function hasLeft({ req: { socket }, writableFinished }: ServerResponse): boolean {
  return socket.destroyed && !writableFinished;
}

/** Ends when the client of an answer leaves before it has it. */
export function signalOf(response: KnownResponse): AbortSignal {
  if (hasLeft(response)) return AbortSignal.abort();
  response[leaving] ??= { tell: () => undefined };
  response[leaving].controller ??= new AbortController();
  return response[leaving].controller.signal;
}

/** Called when a request begins, before anything else looks at it. */
export function beginRequest(request: KnownRequest, response: ServerResponse): void {
  const known = of(request.socket);
  if (known.ends) {
    request[dropped] = true;
    return;
  }
  known.responses.add(response);
  known.before = known.latest;
  known.latest = response;
  if (request.httpVersion === '1.0') {
    // Its answer may end where the connection does.
    response.shouldKeepAlive = false;
    known.ends = true;
  }
  response.once('close', () => {
    known.responses.delete(response);
    if (known.responses.size > 0 || !request.complete) return;
    known.latest = undefined;
    known.before = undefined;
  });
}

/** Whether no answer to a request can go out any more: it must not be done. */
export function isDropped(request: KnownRequest): boolean {
  return request[dropped] === true;
}

/** Bounds what one connection can make the server hold: HUFHIR_MAX_PIPELINED. */
export function crowded({ socket }: IncomingMessage, most: number): Failure | undefined {
  return of(socket).responses.size <= most ? undefined : fail('too-many-requests', { expected: most });
}

/** Makes an answer the last of its connection; false if others were taken that are to follow it. */
export function endWith(response: ServerResponse): boolean {
  const known = of(response.req.socket);
  if (known.latest !== response) return false;
  known.ends = true;
  return true;
}

/** Whether a connection never sent a request: browsers open some in advance. */
export function neverSent(socket: KnownSocket): boolean {
  return socket[connection] === undefined;
}

/**
 * Takes nothing more from a connection on which something came that is no request, or is not whole in time. When all that was
 * whole before it is answered, `close` is called, told whether what is broken has had its answer already.
 */
export function breakOff(socket: KnownSocket, close: (answered: boolean) => void): void {
  const known = of(socket);
  if (known.refused) return;
  known.refused = true;
  known.ends = true;
  const { latest, before } = known;
  const broken = latest?.req.complete === false ? latest : undefined;
  const answered = broken?.headersSent === true;
  if (broken !== undefined && !answered) (broken.req as KnownRequest)[dropped] = true;
  const last = broken === undefined || answered ? latest : before;
  if (last === undefined || last.writableFinished || last.destroyed) close(answered);
  else last.once('close', () => close(answered));
}
