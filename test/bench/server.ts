import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServing } from '#test/process/hufhir.ts';

/** A server of ours, in its own process, on a store of its own. */
export interface Server {
  readonly origin: string;
  readonly pid: number;
  /** Milliseconds from spawn until `/readyz` answered 200. */
  readonly startup: number;
  /** Bytes resident now, and the most so far; 0 where the system does not tell. */
  memory(): number;
  peakMemory(): number;
  /** Ends the process and deletes the store. */
  stop(): Promise<void>;
}

/** Starts `serve` on an empty SQLite store, of this clone if none is given. Rejects if it ends before it is ready. */
export async function startServer(more: Readonly<Record<string, string>> = {}, clone?: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const settings = {
    HUFHIR_AUTH: 'off',
    HUFHIR_STORE: `sqlite:${join(folder, 'hufhir.db')}`,
    HUFHIR_PORT: '0',
    HUFHIR_LOG_LEVEL: 'warn',
    ...more,
  };
  const begun = performance.now();
  const { origin, child, ended } = await startServing(['serve'], { settings, ...(clone !== undefined && { clone }) });
  const { ok, status } = await fetch(`${origin}/readyz`);
  if (!ok) throw new Error(`/readyz answered ${status}`);
  const { pid = 0 } = child;
  return {
    origin,
    pid,
    startup: performance.now() - begun,
    memory: () => memory(pid, 'VmRSS'),
    peakMemory: () => memory(pid, 'VmHWM'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

function memory(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
