import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { startServing } from '#test/process/hufhir.ts';
import type { Turns } from './probe.ts';

/** A server in a process of its own that is measured from within and from without. */
export interface ProbedServer {
  readonly origin: string;
  readonly pid: number;
  /** What its main thread did since this was asked last. */
  turns(): Promise<Turns>;
  /** Milliseconds of processor time that the whole process took so far. */
  cpu(): number;
  /** Bytes that were resident at most since this was asked last. */
  peakMemory(): number;
  /** Milliseconds of processor time until it was idle; undefined if it was not after so many. */
  cpuUntilIdle(most: number): Promise<number | undefined>;
  /** Whether it ended by itself. */
  lost(): boolean;
  stop(): Promise<void>;
}

/** Of the clock: how often the process is looked at, and how long it must be idle. */
const look = 100;
const quiet = 500;
/** Of one processor: timers, and the collector of garbage. */
const idleShare = 0.1;

/** Starts `serve` on the store of this folder, with the settings that a server has by itself. */
export async function startProbed(
  folder: string,
  more: Readonly<Record<string, string>> = {},
  clone?: string,
): Promise<ProbedServer> {
  const path = join(folder, `probe-${Date.now()}.sock`);
  const settings = {
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: '0',
    HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}`,
    HUFHIR_LOG_LEVEL: 'error',
    HUFHIR_TEST_PROBE: path,
    NODE_OPTIONS: `--import=${new URL('./probe.ts', import.meta.url).href}`,
    ...more,
  };
  const { origin, child, ended } = await startServing(['serve'], { settings, ...(clone !== undefined && { clone }) });
  const { pid = 0 } = child;
  const cpu = () => cpuOf(pid);
  return {
    origin,
    pid,
    turns: () => ask(path),
    cpu,
    peakMemory: () => peakOf(pid),
    cpuUntilIdle: async (most) => {
      const begun = cpu();
      for (let [last, since, at] = [begun, begun, 0]; last - begun < most + quiet; ) {
        await setTimeout(look);
        const now = cpu();
        at = now - last > look * idleShare ? 0 : at + look;
        last = now;
        if (at === 0) since = now;
        if (at >= quiet) return since - begun;
      }
      return undefined;
    },
    lost: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(40_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
      await Promise.race([ended, late]);
      await ended;
    },
  };
}

async function ask(path: string): Promise<Turns> {
  const socket = connect(path);
  await once(socket, 'connect');
  return JSON.parse(await text(socket)) as Turns;
}

/** Linux: proc(5), stat; a tick is 10 ms. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name of the program, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Linux: proc(5), status; what was written to clear_refs begins the count anew. */
function peakOf(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return Number(kilobytes) * 1024;
}
