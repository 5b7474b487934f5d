import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { freePort } from '#cli/ports.ts';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly base: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** Settles at the end of the process with its exit code; null if a signal killed it. */
  readonly ended: Promise<number | null>;
}

/** Starts `serve` on the store of this folder. Rejects if it ends before it is ready. */
export async function startProcess(folder: string, settings: Record<string, string> = {}): Promise<ServerProcess> {
  const port = await freePort('127.0.0.1');
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HUFHIR_'));
  const env = {
    ...Object.fromEntries(others),
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: String(port),
    HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}`,
    HUFHIR_LOG_LEVEL: 'error',
    ...settings,
  };
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok === true;
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { base: `http://127.0.0.1:${port}/fhir`, port, child, ended };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface KeepAlive {
  /** A body goes out as JSON, a string as it is. */
  readonly ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>;
  readonly close: () => void;
}

/** A client of so many connections at most, which it keeps: `fetch` takes several times as long. */
export function keepAlive(base: string, maxSockets: number): KeepAlive {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const ask: KeepAlive['ask'] = (method, path, body, more = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const sent = text === undefined ? {} : { 'content-type': 'application/fhir+json' };
      const asking = request(`${base}${path}`, { agent, method, headers: { ...sent, ...more } }, (response) => {
        const { statusCode: status = 0, headers } = response;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status, headers, text }));
        response.on('error', reject);
      });
      asking.on('error', reject);
      asking.end(text);
    });
  return { ask, close: () => agent.destroy() };
}
