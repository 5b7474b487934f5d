import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServe, startServing } from '#test/process/hufhir.ts';

export interface Running {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  stop(): Promise<void>;
}

async function running(start: (folder: string) => Promise<ServerProcess>): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-browser-'));
  const { origin, child, ended } = await start(folder);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) throw new Error(`the server ended with ${code}`);
    rmSync(folder, { recursive: true, force: true });
  };
  return { origin, stop };
}

/** A small demo district, loaded: the measures can be evaluated for 2025. */
export function startDemo(): Promise<Running> {
  const options = ['--residents', '200', '--seed', '1', '--year', '2025', '--port', '0'];
  return running((folder) => startServing(['demo', ...options, '--file', join(folder, 'hufhir.db')], {}));
}

/** A server that lets nobody in without a token. */
export function startClosed(): Promise<Running> {
  return running((folder) => startServe(folder, { HUFHIR_AUTH: 'required' }));
}
