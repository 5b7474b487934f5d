import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { get, type Load, load } from './load.ts';

/** What this machine can do at this moment; every result is told as a ratio to one of these. */
export interface Yardsticks {
  readonly bareRoute: Load;
  readonly bareRead: Load;
  /** Rows a second. */
  readonly bareInsert: number;
}

/** The mean of two measurements, at the begin and at the end of a run: other work on the machine comes and goes. */
export function mean(a: Yardsticks, b: Yardsticks): Yardsticks {
  const between = (x: Load, y: Load): Load => ({
    perSecond: (x.perSecond + y.perSecond) / 2,
    p50: (x.p50 + y.p50) / 2,
    p99: (x.p99 + y.p99) / 2,
    failed: x.failed + y.failed,
    accepted: x.accepted + y.accepted,
    generatorCores: (x.generatorCores + y.generatorCores) / 2,
  });
  return {
    bareRoute: between(a.bareRoute, b.bareRoute),
    bareRead: between(a.bareRead, b.bareRead),
    bareInsert: (a.bareInsert + b.bareInsert) / 2,
  };
}

/** The machine that the targets were written for. */
export const reference = { bareRoute: 12_800, bareRead: 9_400, bareInsert: 20_000 };

export async function measureYardsticks(seconds: number): Promise<Yardsticks> {
  return withBareServer(async (origin) => {
    const bareRoute = await load(origin, [bare], seconds);
    const ids = Array.from({ length: 1000 }, (_, i) => get(`/read/patient-${i}`));
    const bareRead = await load(origin, ids, seconds);
    return { bareRoute, bareRead, bareInsert: bareInsert(seconds) };
  });
}

/** The bare route. */
export const bare = get('/bare');

/** Runs what needs the server that can do nothing but the yardsticks. */
export async function withBareServer<T>(work: (origin: string) => Promise<T>): Promise<T> {
  const script = fileURLToPath(new URL('./yardstick-server.ts', import.meta.url));
  const server = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(server, 'exit');
  try {
    const [port] = await once(server.stdout, 'data');
    return await work(`http://127.0.0.1:${String(port).trim()}`);
  } finally {
    server.kill('SIGTERM');
    await gone;
  }
}

/** Rows a second of a prepared insert of a text key and 1,024 bytes, 8 rows a durable commit. */
function bareInsert(seconds: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const database = new DatabaseSync(join(folder, 'insert.db'));
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('CREATE TABLE resource (id TEXT PRIMARY KEY, content BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO resource VALUES (?, ?)');
    const content = new Uint8Array(1024).fill(120);
    const begun = performance.now();
    let rows = 0;
    while (performance.now() - begun < seconds * 1000) {
      database.exec('BEGIN');
      for (let i = 0; i < 8; i++) insert.run(`resource-${rows++}`, content);
      database.exec('COMMIT');
    }
    return (rows * 1000) / (performance.now() - begun);
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}
