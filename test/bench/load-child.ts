/**
 * The load generator, in a process of its own: takes its options as JSON in the first argument, drives autocannon, and
 * prints what it saw, with the processor time that it used itself, as one line of JSON.
 */
import { createRequire } from 'node:module';
import type { Shot } from './load.ts';

interface Options {
  readonly url: string;
  readonly connections: number;
  /** Seconds. */
  readonly duration: number;
  readonly requests: readonly Shot[];
}

interface Result {
  readonly requests: { readonly average: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

type Answered = (client: unknown, status: number, bytes: number, milliseconds: number) => void;
type Instance = PromiseLike<Result> & { on(event: 'response', listener: Answered): void };

const autocannon = createRequire(import.meta.url)('autocannon') as (options: Options) => Instance;

const options = JSON.parse(process.argv[2] ?? '') as Options;
// The first second warms the server's compiler up and is not counted.
await autocannon({ ...options, duration: 1 });
const before = process.cpuUsage();
const begun = performance.now();
const times: number[] = [];
const instance = autocannon(options);
// Its own percentiles are whole milliseconds, too coarse for what takes less than one.
instance.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
const { requests, errors, timeouts, non2xx } = await instance;
const used = process.cpuUsage(before);
const generatorCores = (used.user + used.system) / 1000 / (performance.now() - begun);
const sorted = Float64Array.from(times).sort();
const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
const failed = errors + timeouts + non2xx;
process.stdout.write(
  `${JSON.stringify({ perSecond: requests.average, p50: at(0.5), p99: at(0.99), failed, generatorCores })}\n`,
);
