import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** One request of a rotation, as autocannon takes it. */
export interface Shot {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `[<id>]` stands for a text that is another in each request. */
  readonly body?: string;
}

/** Requests under way at any moment. */
export const connections = 32;

export interface Load {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests without an answer, or with one that is no 2xx. */
  readonly failed: number;
  /** Answers with a 2xx, those of the warm-up included. */
  readonly accepted: number;
  /** The server's words in the first answer to a POST that is no 2xx. */
  readonly refusal?: string;
  /** Processor time of the load generator as a share of one core. */
  readonly generatorCores: number;
}

const child = fileURLToPath(new URL('./load-child.ts', import.meta.url));

/** Sends the requests over and over from another process, over all connections, for `seconds`. */
export async function load(origin: string, requests: readonly Shot[], seconds: number): Promise<Load> {
  const options = { url: origin, connections, duration: seconds, requests };
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify(options)]);
  return JSON.parse(stdout) as Load;
}

export const get = (path: string): Shot => ({ method: 'GET', path });
