import { execFile } from 'node:child_process';
import { Agent } from 'node:http';
import { promisify } from 'node:util';
import { get } from './load.ts';
import { send } from './one-by-one.ts';
import type { Found } from './queries.ts';
import { startServer } from './server.ts';

/** A count, the first search that a server is asked after its start: nothing of the file is in its own memory. */
export interface ColdCount {
  readonly milliseconds: number;
  readonly rows: number;
  /** Bytes of the file that the system held in memory right before; undefined where it does not tell. */
  readonly held: number | undefined;
}

const run = promisify(execFile);

/** `dropped`: when the server is ready, and has read what it reads at its start, the file leaves the memory of the system too. */
export async function measureColdCount(file: string, path: string, dropped: boolean): Promise<ColdCount> {
  const server = await startServer({ HUFHIR_STORE: `sqlite:${file}` });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await send(agent, server.origin, get('/healthz'));
    if (dropped) await forget(file);
    const held = await heldOf(file);
    const { status, text, milliseconds } = await send(agent, server.origin, get(path));
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 300)}`);
    return { milliseconds, rows: (JSON.parse(text) as Found).total ?? 0, held };
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** Writes the file out and drops it from the page cache (GNU dd); where there is no such dd, it stays. */
async function forget(file: string): Promise<void> {
  const quiet = ['status=none', 'count=0'];
  await run('dd', [`of=${file}`, 'conv=notrunc,fdatasync', ...quiet]).catch(() => undefined);
  await run('dd', [`if=${file}`, 'iflag=nocache', ...quiet]).catch(() => undefined);
}

async function heldOf(file: string): Promise<number | undefined> {
  return run('fincore', ['--bytes', '--noheadings', '--output', 'RES', file]).then(
    ({ stdout }) => Number(stdout),
    () => undefined,
  );
}
