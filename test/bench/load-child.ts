/**
 * The load generator, in a process of its own: takes its options as JSON in the first argument, drives autocannon, and
 * prints what it saw, with the processor time that it used itself, as one line of JSON.
 */
import { createRequire } from 'node:module';
import type { Load, Shot } from './load.ts';

interface Options {
  readonly url: string;
  readonly connections: number;
  /** Seconds. */
  readonly duration: number;
  readonly requests: readonly (Shot & { readonly onResponse?: (status: number, body: string) => void })[];
  readonly idReplacement?: boolean;
}

interface Result {
  readonly requests: { readonly average: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
  readonly '2xx': number;
}

type Answered = (client: unknown, status: number, bytes: number, milliseconds: number) => void;
type Instance = PromiseLike<Result> & { on(event: 'response', listener: Answered): void };

const autocannon = createRequire(import.meta.url)('autocannon') as (options: Options) => Instance;

const given = JSON.parse(process.argv[2] ?? '') as Options;
let refusal: string | undefined;
const listen = (status: number, body: string): void => {
  if (status < 200 || status > 299) refusal ??= `${status} ${body.slice(0, 1000)}`;
};
const options: Options = {
  ...given,
  requests: given.requests.map((shot) => (shot.method === 'POST' ? { ...shot, onResponse: listen } : shot)),
  // It builds every request anew, which the reads need not pay for.
  idReplacement: given.requests.some(({ body }) => body?.includes('[<id>]')),
};
// The first seconds warm the server's compiler up and are not counted: it has more to compile for a write than for a read.
const writes = given.requests.some(({ method }) => method === 'POST');
const warming = await autocannon({ ...options, duration: writes ? 5 : 1 });
const before = process.cpuUsage();
const begun = performance.now();
const times: number[] = [];
const instance = autocannon(options);
// Its own percentiles are whole milliseconds, too coarse for what takes less than one.
instance.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
const result = await instance;
const used = process.cpuUsage(before);
const generatorCores = (used.user + used.system) / 1000 / (performance.now() - begun);
const sorted = Float64Array.from(times).sort();
const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
const failed = [warming, result].reduce((sum, r) => sum + r.errors + r.timeouts + r.non2xx, 0);
const load: Load = {
  perSecond: result.requests.average,
  p50: at(0.5),
  p99: at(0.99),
  failed,
  accepted: warming['2xx'] + result['2xx'],
  ...(refusal === undefined ? {} : { refusal }),
  generatorCores,
};
process.stdout.write(`${JSON.stringify(load)}\n`);
