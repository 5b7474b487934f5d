import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction } from './bundles.ts';
import { send } from './importing.ts';
import type { Server } from './server.ts';
import { count, expectStored } from './writing.ts';

/** What one large transaction takes, and what it does to those who read beside it. */
export interface Large {
  readonly resources: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Bytes resident from just before the bundle to the most while it was worked on; 0 where the system does not tell. */
  readonly rise: number;
  /** Milliseconds from when a read was due until it was answered. */
  readonly reads: { readonly count: number; readonly p50: number; readonly p99: number; readonly slowest: number };
}

/** Milliseconds from one read to the next, whatever became of those before. */
export const pace = 5;

/** Sends the transaction to a server that holds Patients, while one of them is read at a fixed pace. */
export async function measureLarge(server: Server, transaction: Transaction): Promise<Large> {
  const { origin } = server;
  const body = Buffer.from(transaction.body);
  const path = `Patient/${await anyPatient(origin)}`;
  const agent = new Agent({ keepAlive: true });
  const read = (): Promise<number> => send(agent, origin, { source: 'the reader', method: 'GET', path, body: '' });
  await readWhile(read, delay(1000));
  const held = await count(origin);
  const before = server.memory();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, server.memory());
  }, 10);
  try {
    const sending = send(agent, origin, { source: 'the large bundle', method: 'POST', path: '', body });
    const times = await readWhile(read, sending);
    const seconds = (await sending) / 1000;
    clearInterval(sampling);
    expectStored((await count(origin)) - held, transaction.resources);
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
    const reads = { count: times.length, p50: at(0.5), p99: at(0.99), slowest: times.at(-1) ?? 0 };
    return { resources: transaction.resources, bytes: body.length, seconds, rise: most - before, reads };
  } finally {
    clearInterval(sampling);
    agent.destroy();
  }
}

/** The latencies, sorted, of reads begun at a fixed pace until the work ends; rejects if the work or a read does. */
async function readWhile(read: () => Promise<unknown>, work: Promise<unknown>): Promise<Float64Array> {
  let going = true;
  const stop = (): void => {
    going = false;
  };
  work.then(stop, stop);
  const begun = performance.now();
  const answers: Promise<number>[] = [];
  while (going) {
    const due = begun + answers.length * pace;
    const early = due - performance.now();
    if (early > 0) await delay(Math.ceil(early));
    const answer = read().then(() => performance.now() - due);
    answer.catch(stop);
    answers.push(answer);
  }
  await work;
  return Float64Array.from(await Promise.all(answers)).sort();
}

async function anyPatient(origin: string): Promise<string> {
  const response = await fetch(`${origin}/fhir/Patient?_count=1`);
  const { entry = [] } = (await response.json()) as { readonly entry?: readonly { resource: { id: string } }[] };
  const [first] = entry;
  if (first === undefined) throw new Error('the server holds no Patient: import the demo district first');
  return first.resource.id;
}
