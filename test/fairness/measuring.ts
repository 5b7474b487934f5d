import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Clients, clientsOf, type Tally } from './clients.ts';
import type { Answered } from './load-process.ts';
import { plainEvaluation } from './loads/measures.ts';
import type { Turns } from './probe.ts';
import type { ProbedServer } from './server.ts';

/** What a client saw who asks at a fixed pace. */
export interface Polled {
  /** Milliseconds from when a request was due until it was answered, sorted. */
  readonly times: Float64Array;
}

/** What others got, and what the server took, while loads ran. */
export interface Measured extends Turns {
  /** Of the loads; undefined where they were not answered in the time that they were given. */
  readonly answered: Answered | undefined;
  /** Of others: how their requests were answered, and what is wrong with it. */
  readonly others: Answered;
  readonly reads: Polled;
  readonly writes: Polled;
  readonly evaluations: Tally;
  /** Bytes resident at most. */
  readonly memory: number;
  /** Milliseconds of processor time of the process while the loads ran, and after their clients had left; undefined if it did not end. */
  readonly cpuDuring: number;
  readonly cpuAfter: number | undefined;
  /** Milliseconds of the clock. */
  readonly elapsed: number;
}

interface Asked {
  readonly names: readonly string[];
  readonly share: number;
  /** Milliseconds after which the clients of the loads leave, whatever was answered. */
  readonly most: number;
}

/** Milliseconds from one read to the next, and from one write or search to the next. */
export const pace = 20;
const slowPace = 200;

/** Milliseconds of processor time after which work that goes on is not looked at any more. */
const longestLook = 20_000;

const address = '127.0.9.1';

/** Asks again and again, whatever became of the request before, until it is told to stop. */
async function keepAsking(every: number, going: () => boolean, one: (n: number) => Promise<unknown>): Promise<void> {
  const under: Promise<unknown>[] = [];
  const begun = performance.now();
  for (let n = 0; going(); n++) {
    const early = begun + n * every - performance.now();
    if (early > 0) await setTimeout(Math.ceil(early));
    under.push(one(n));
  }
  await Promise.all(under);
}

/** A read at a fixed pace until it is told to stop. */
export async function poll({ count }: Pick<Clients, 'count'>, going: () => boolean): Promise<Polled> {
  const times: number[] = [];
  await keepAsking(pace, going, async () => {
    const due = performance.now();
    await count('GET', '/Patient/p3', undefined, { address });
    times.push(performance.now() - due);
  });
  return { times: Float64Array.from(times).sort() };
}

/** What others do: one writes and searches, one evaluates a measure. */
async function others(clients: Clients, evaluations: Clients, going: () => boolean): Promise<Polled> {
  const times: number[] = [];
  const body = (n: number) => `{"resourceType":"Patient","id":"other","birthDate":"19${10 + (n % 90)}-01-01"}`;
  const more = { address };
  await Promise.all([
    keepAsking(slowPace, going, async (n) => {
      const due = performance.now();
      await clients.count('PUT', '/Patient/other', body(n), more);
      times.push(performance.now() - due);
    }),
    keepAsking(slowPace, going, (n) =>
      clients.count('GET', `/Patient?identifier=urn:example:fair|${n}`, undefined, more),
    ),
    keepAsking(slowPace, going, (n) => {
      // Another period each time: what was evaluated before is kept.
      const path = plainEvaluation.replace('2025-12-31', `2025-12-${10 + (n % 20)}`);
      return evaluations.count('GET', path, undefined, { address: '127.0.9.2' });
    }),
  ]);
  return { times: Float64Array.from(times).sort() };
}

/** Lets loads run beside others, in a process of its own each. */
export async function measure(server: ProbedServer, { names, share, most }: Asked): Promise<Measured> {
  const [beside, evaluating] = [clientsOf(server.origin), clientsOf(server.origin)];
  let going = true;
  const isGoing = () => going;
  await server.turns();
  server.peakMemory();
  const [begun, before] = [performance.now(), server.cpu()];
  const polled = poll(beside, isGoing);
  const asked = others(beside, evaluating, isGoing);
  const answered = await runLoads(server.origin, names, share, most);
  const [elapsed, cpuDuring] = [performance.now() - begun, server.cpu() - before];
  going = false;
  const cpuAfter = await server.cpuUntilIdle(longestLook);
  const turns = await server.turns();
  const reads = await polled;
  const writes = await asked;
  const memory = server.peakMemory();
  for (const { close } of [beside, evaluating]) close();
  const refused = [...beside.refused, ...evaluating.refused];
  return {
    ...turns,
    answered,
    others: { tally: beside.tally, refused },
    evaluations: evaluating.tally,
    ...{ reads, writes, memory, cpuDuring, cpuAfter, elapsed },
  };
}

async function runLoads(origin: string, names: readonly string[], share: number, most: number) {
  const file = fileURLToPath(new URL('./load-process.ts', import.meta.url));
  const child = spawn(process.execPath, [file, origin, String(share), ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const late = globalThis.setTimeout(() => child.kill('SIGKILL'), most);
  const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearTimeout(late);
  return printed === '' ? undefined : (JSON.parse(printed) as Answered);
}
