import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, listen } from '#assembly';
import { freePort } from '#cli/ports.ts';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import type { Context } from '#operations/request/context.ts';
import { openSqliteStore } from '#storage/sqlite/store.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly body: any;
}

export interface TestServer {
  readonly base: string;
  /** A request with a FHIR JSON body, if one is given; a string or bytes go out as they are. */
  readonly ask: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;
  readonly stop: () => Promise<void>;
}

/** What the threads of a server's pool run. */
export const threadFile = new URL('../../src/main.ts', import.meta.url);

/** A whole server of this process: a real port, a real file. It serves the table of operations, or the given ones. */
export async function startServer(
  settings: Record<string, string> = {},
  served?: Pick<Context, 'operations'>,
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-'));
  const port = await freePort('127.0.0.1');
  const config = loadConfig({
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: String(port),
    HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}`,
    HUFHIR_LOG_LEVEL: 'error',
    ...settings,
  });
  if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
  const store = await openSqliteStore(config.store.replace(/^sqlite:/, ''));
  const context = await createContext(config, store, { threadFile, ...served });
  const running = await listen(context);
  return {
    base: config.baseUrl,
    ask: (method, path, body, headers) => ask(`${config.baseUrl}${path}`, method, body, headers),
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(url: string, method: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers },
    ...(body !== undefined && { body: (raw ? body : JSON.stringify(body)) as string }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
}

/** A synthetic Patient, small and valid. */
export function patient(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { resourceType: 'Patient', name: [{ text: '张三' }], gender: 'male', birthDate: '1950-01-02', ...more };
}

/** A transaction of these entries. */
export function transaction(...entry: unknown[]): Record<string, unknown> {
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/** An entry of a bundle. */
export function entry(method: string, url: string, resource?: unknown, more: Record<string, unknown> = {}) {
  const { fullUrl, ...request } = more;
  return {
    ...(fullUrl !== undefined && { fullUrl }),
    ...(resource !== undefined && { resource }),
    request: { method, url, ...request },
  };
}
