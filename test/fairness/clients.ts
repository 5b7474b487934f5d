import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** How the requests of a load ended: how many with which status, or `lost` where the connection ended before the answer. */
export type Tally = Record<string, number>;

/** The answer to one request. */
export interface Answer {
  /** `lost` where there is none. */
  readonly status: number | 'lost';
  readonly retryAfter: string | undefined;
  /** Its first characters, and how many bytes there were. */
  readonly start: string;
  readonly bytes: number;
}

interface More {
  /** The client: a server tells clients apart by their address. */
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type Ask = (method: string, path: string, body?: string | Buffer, more?: More) => Promise<Answer>;

/** What the loads of one server work with. */
export interface Clients {
  readonly ask: Ask;
  /** The same; counts the answer, and notes it where it may not be given. */
  readonly count: (...asked: Parameters<Ask>) => Promise<Answer>;
  /** A connection whose bytes go out as they are. */
  readonly dial: (address: string, text: string) => Socket;
  readonly tally: Tally;
  readonly refused: Set<string>;
  readonly close: () => void;
}

const json = 'application/fhir+json';

/** The n-th of the clients: 127.0.1.1, 127.0.1.2 … */
export const addressOf = (n: number): string => `127.0.${1 + Math.floor(n / 200)}.${1 + (n % 200)}`;

/** Milliseconds after which one who left looks back at what it did no more. */
export const pause = (milliseconds: number): Promise<void> => setTimeout(milliseconds);

export function clientsOf(origin: string): Clients {
  const agent = new Agent({ keepAlive: true });
  const [tally, refused]: [Tally, Set<string>] = [{}, new Set()];
  const ask: Ask = (method, path, body, { address = addressOf(0), headers = {}, signal } = {}) =>
    new Promise((resolve) => {
      const sent = body === undefined ? {} : { 'content-type': json, 'content-length': Buffer.byteLength(body) };
      const [end, lost] = [resolve, () => resolve({ status: 'lost', retryAfter: undefined, start: '', bytes: 0 })];
      const options = { agent, method, localAddress: address, headers: { ...sent, ...headers } };
      const asking = request(`${origin}/fhir${path}`, { ...options, ...(signal && { signal }) }, (response) => {
        const { statusCode: status = 0, headers } = response;
        let [start, bytes] = ['', 0];
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (start.length < 1000) start += chunk.toString('utf8', 0, 1000);
        });
        response.on('end', () => end({ status, retryAfter: headers['retry-after'], start, bytes }));
        response.on('error', lost);
      });
      asking.on('error', lost);
      asking.end(body);
    });
  const count: Clients['count'] = async (...asked) => {
    const answer = await ask(...asked);
    tally[answer.status] = (tally[answer.status] ?? 0) + 1;
    const wrong = asked[3]?.signal?.aborted ? undefined : wrongOf(answer);
    if (wrong !== undefined) refused.add(`${asked[0]} ${asked[1].slice(0, 80)}: ${wrong}`);
    return answer;
  };
  return {
    ask,
    count,
    dial: (localAddress, text) => {
      const { port, hostname } = new URL(origin);
      const socket = connect({ port: Number(port), host: hostname, localAddress });
      // A server may hang up on whoever does not go on.
      socket.on('error', () => undefined).write(text);
      return socket;
    },
    tally,
    refused,
    close: () => agent.destroy(),
  };
}

/** What is wrong with an answer: only 2xx, 4xx and 503 with Retry-After may be given. */
export function wrongOf({ status, retryAfter, start }: Answer): string | undefined {
  if (status === 'lost') return 'the connection was lost';
  if ((status >= 200 && status < 300) || (status >= 400 && status < 500)) return undefined;
  if (status === 503) return retryAfter === undefined ? `${status} without Retry-After` : undefined;
  return `${status} ${start.slice(0, 300)}`;
}

/** Works on all, so many at once. */
export async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>) {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
