import { Agent, request } from 'node:http';
import type { Shot } from './load.ts';
import type { Found } from './queries.ts';

/** What one client saw that asks again when it has the answer. */
export interface Latency {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests that count. */
  readonly requests: number;
  /** Mean entries of an answer, or its mean total where it has none. */
  readonly entries: number;
  /** The first answer that was no 2xx, if there was one. */
  readonly refusal?: string;
}

export interface Manner {
  /** Requests before those that count, and those that count, unless the time is over. */
  readonly warm: number;
  readonly counted: number;
  /** Each of both. */
  readonly seconds: number;
  /** Answers with another number of entries do not count. */
  readonly entries?: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;
}

/** Sends the requests in turn, over one connection; what warms up is, where there are enough, not asked again. */
export async function oneByOne(origin: string, shots: readonly Shot[], manner: Manner): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  let entries = 0;
  let refusal: string | undefined;
  const round = async (first: number, count: number, counts: boolean): Promise<void> => {
    const end = performance.now() + manner.seconds * 1000;
    for (let i = 0; i < count && performance.now() < end; i++) {
      const shot = shots[(first + i) % shots.length];
      if (shot === undefined) return;
      const { status, text, milliseconds } = await send(agent, origin, shot);
      if (status < 200 || status > 299) refusal ??= `${status} ${text.slice(0, 300)}`;
      const found = sizeOf(text);
      if (!counts || (manner.entries !== undefined && found !== manner.entries)) continue;
      times.push(milliseconds);
      entries += found;
    }
  };
  try {
    await round(manner.counted, manner.warm, false);
    await round(0, manner.counted, true);
  } finally {
    agent.destroy();
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  const base = { p50: at(0.5), p99: at(0.99), requests: times.length, entries: entries / Math.max(1, times.length) };
  return refusal === undefined ? base : { ...base, refusal };
}

function sizeOf(text: string): number {
  const { entry, total = 0 } = JSON.parse(text) as Found;
  return entry?.length ?? total;
}

/** The time is that from the request to the last byte of the answer. */
export function send(agent: Agent, origin: string, { method, path, headers = {}, body = '' }: Shot): Promise<Answer> {
  const begun = performance.now();
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const call = request(`${origin}${path}`, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const milliseconds = performance.now() - begun;
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), milliseconds });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
