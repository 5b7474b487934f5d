import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Running {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts `node src/main.ts <args>` and waits until it prints its address: `serve` does so when it listens, `demo` when the
 * district is loaded and evaluated.
 */
async function start(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-browser-'));
  const file = join(folder, 'hufhir.db');
  const [command = ''] = args;
  const own = command === 'demo' ? ['--file', file] : [];
  const child = spawn(process.execPath, ['src/main.ts', ...args, ...own], {
    cwd: root,
    env: { ...clean(), ...(command === 'demo' ? {} : { HUFHIR_STORE: `sqlite:${file}` }), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hung = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const [, signal] = await gone;
    clearTimeout(hung);
    if (signal === 'SIGKILL') throw new Error(`${command} did not end within 10 s of SIGTERM`);
    rmSync(folder, { recursive: true, force: true });
  };
  let printed = '';
  const origin = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
    });
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      const [, found] = /(?:Console|console): (http:\/\/[\w.]+:\d+)\//.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    });
    gone.then(([code]) => reject(new Error(`${command} ended with ${code}:\n${printed}`)));
  });
  return { origin, stop };
}

/** The environment without settings of the caller's own server. */
function clean(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HUFHIR_')));
}

/** A small demo district, loaded: the measures can be evaluated for 2025. */
export function startDemo(): Promise<Running> {
  return start(['demo', '--residents', '200', '--seed', '1', '--year', '2025', '--port', '0'], {});
}

/** A server that lets nobody in without a token. */
export function startClosed(): Promise<Running> {
  return start(['serve'], { HUFHIR_AUTH: 'required', HUFHIR_PORT: '0', HUFHIR_LOG_LEVEL: 'warn' });
}
