import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server of ours, in its own process, on a store of its own. */
export interface Server {
  readonly origin: string;
  /** Milliseconds from spawn until `/readyz` answered 200. */
  readonly startup: number;
  /** Bytes resident now, and the most so far; 0 where the system does not tell. */
  memory(): number;
  peakMemory(): number;
  /** Ends the process and deletes the store. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts `serve` on an empty SQLite store. Rejects if it ends before it is ready. */
export async function startServer(more: Readonly<Record<string, string>> = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const port = await freePort();
  const settings = {
    HUFHIR_AUTH: 'off',
    HUFHIR_STORE: `sqlite:${join(folder, 'hufhir.db')}`,
    HUFHIR_PORT: String(port),
    HUFHIR_LOG_LEVEL: 'warn',
    ...more,
  };
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HUFHIR_'));
  const begun = performance.now();
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: root,
    env: { ...Object.fromEntries(others), ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = once(child, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  while (!(await answers(`${origin}/readyz`))) {
    if (child.exitCode !== null) throw new Error(`src/main.ts serve ended with ${child.exitCode} before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    origin,
    startup: performance.now() - begun,
    memory: () => memory(child.pid, 'VmRSS'),
    peakMemory: () => memory(child.pid, 'VmHWM'),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function memory(pid: number | undefined, line: 'VmRSS' | 'VmHWM'): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
