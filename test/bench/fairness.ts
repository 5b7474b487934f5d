import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { clientsOf } from '#test/fairness/clients.ts';
import { fill, whole } from '#test/fairness/data.ts';
import { loads } from '#test/fairness/loads.ts';
import { type Measured as Beside, measure, pace, poll } from '#test/fairness/measuring.ts';
import { startProbed } from '#test/fairness/server.ts';
import type { Measured } from './report.ts';

/** Milliseconds of reads with nothing beside them, and after which a load is given up. */
const unloadedFor = 8_000;
const most = 300_000;

/** Of the unloaded reads, what their p99 may be beside a load; of the process, bytes resident at most; of main, milliseconds of a turn. */
const mostTimes = 20;
const mostMemory = 1_200;
const longestTurn = 50;

type Unloaded = Pick<Beside, 'reads' | 'memory' | 'cpu' | 'delay' | 'delayP99'>;

export interface Fairness {
  readonly unloaded: Unloaded;
  readonly beside: readonly { readonly name: string; readonly measured: Beside }[];
}

/** A cheap read at a fixed pace: alone, beside each load, and beside all at once. Each meets a server that was just started. */
export async function measureFairness(quick: boolean, say: (text: string) => void): Promise<Fairness> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const share = quick ? 0.1 : 1;
  try {
    say('fairness: the store …');
    await fill(folder, quick ? { patients: 2_000, observations: 1_000, concepts: 20_000 } : whole);
    const unloaded = await measureUnloaded(folder);
    const names = loads.filter(({ long }) => !(quick && long)).map(({ name }) => name);
    const beside: { name: string; measured: Beside }[] = [];
    for (const [name, together] of [...names.map((name) => [name, [name]] as const), ['all at once', names] as const]) {
      say(`fairness: ${name} …`);
      const server = await startProbed(folder);
      beside.push({ name, measured: await measure(server, { names: together, share, most }) });
      await server.stop();
    }
    return { unloaded, beside };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureUnloaded(folder: string): Promise<Unloaded> {
  const server = await startProbed(folder);
  const clients = clientsOf(server.origin);
  let going = true;
  await server.turns();
  server.peakMemory();
  const polled = poll(clients, () => going);
  await setTimeout(unloadedFor);
  going = false;
  const reads = await polled;
  const unloaded = { reads, ...(await server.turns()), memory: server.peakMemory() };
  clients.close();
  await server.stop();
  return unloaded;
}

const at = (times: Float64Array, share: number): number => times[Math.floor(times.length * share)] ?? 0;

/** A row for each load, and what the worst of them did to the process. */
export function fairnessRows({ unloaded, beside }: Fairness): readonly Measured[] {
  const p99 = at(unloaded.reads.times, 0.99);
  const row = (name: string, made: Unloaded, more: string): Measured => ({
    name,
    value: at(made.reads.times, 0.99),
    unit: 'ms',
    note: `${told(made)}${more}`,
  });
  const target = { comparator: '≤', value: mostTimes * p99, scale: 'fixed' } as const;
  const rows = beside.map(({ name, measured }) => {
    const ratio = (at(measured.reads.times, 0.99) / p99).toFixed(1);
    return { ...row(`p99 of reads beside ${name}`, measured, `; ${ratio} times unloaded${cost(measured)}`), target };
  });
  const most = (value: (measured: Beside) => number): number => Math.max(...beside.map((b) => value(b.measured)));
  const bound = (value: number) => ({ comparator: '≤', value, scale: 'fixed' }) as const;
  return [
    row(`p99 of reads with nothing beside, one every ${pace} ms`, unloaded, ''),
    ...rows,
    {
      name: 'most memory of the process beside a load',
      value: most(({ memory }) => memory / 1e6),
      unit: 'MB',
      target: bound(mostMemory),
      note: `${(unloaded.memory / 1e6).toFixed(0)} MB with nothing beside`,
    },
    {
      name: 'longest turn of main beside a load',
      value: most(({ cpu }) => cpu),
      unit: 'ms',
      target: bound(longestTurn),
    },
  ];
}

function told({ reads: { times }, cpu, delay, delayP99, memory }: Unloaded): string {
  const reads = `p50 ${at(times, 0.5).toFixed(1)} ms, slowest ${(times.at(-1) ?? 0).toFixed(0)} ms`;
  const main = `main: longest turn ${cpu.toFixed(0)} ms of CPU, delay p99 ${delayP99.toFixed(0)} ms, at most ${delay.toFixed(0)} ms`;
  return `${reads}; ${main}; ${(memory / 1e6).toFixed(0)} MB`;
}

function cost({ writes, cpuDuring, cpuAfter, answered, others }: Beside): string {
  const statuses = Object.entries(answered?.tally ?? { 'not ended': 1 }).map(([status, n]) => `${n} × ${status}`);
  const after = cpuAfter === undefined ? 'without end' : `${(cpuAfter / 1000).toFixed(1)} s`;
  const refused = [...(answered?.refused ?? []), ...others.refused].length;
  const failed = refused === 0 ? '' : `; ${refused} FAILED`;
  const slowest = (writes.times.at(-1) ?? 0).toFixed(0);
  return `; slowest write ${slowest} ms; CPU ${(cpuDuring / 1000).toFixed(1)} s, afterwards ${after}; ${statuses.join(', ')}${failed}`;
}
