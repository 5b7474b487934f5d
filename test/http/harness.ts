import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContextParts, createContext, listen } from '#assembly';
import { freePort } from '#cli/ports.ts';
import { type Config, loadConfig } from '#config';
import { Failure } from '#errors';
import type { Context } from '#operations/request/context.ts';
import { openFile } from '#test/contract/opened.ts';
import { patience } from '#test/process/hufhir.ts';

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

/** What else a server is made of than what all are. */
export type OwnParts = Omit<ContextParts, 'threadFile'>;

/** A whole server of this process: a real port, a real file. It serves the table of operations and the guide, or the given ones. */
export async function startServer(
  settings: Record<string, string> = {},
  own: OwnParts = {},
): Promise<TestServer & { readonly context: Context }> {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-'));
  const { base, ask, context, stop } = await startOn(join(folder, 'test.db'), settings, own);
  return {
    base,
    ask,
    context,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The same with a store that outlives it, and what it works with. */
export async function startOn(
  file: string,
  settings: Record<string, string> = {},
  own: OwnParts = {},
): Promise<TestServer & { readonly context: Context }> {
  for (;;) {
    const config = await configure(settings);
    const opened = await openFile(file);
    const context = await createContext(config, opened, { threadFile, ...own });
    const { baseUrl: base } = config;
    const running = await listen(context);
    // Another process took the port since it was found free.
    if (running instanceof Failure) continue;
    return {
      base,
      context,
      ask: (method, path, body, headers) => ask(`${base}${path}`, method, body, headers),
      stop: running.stop,
    };
  }
}

async function configure(settings: Record<string, string>): Promise<Config> {
  const port = String(await freePort('127.0.0.1'));
  const own = { HUFHIR_AUTH: 'off', HUFHIR_PORT: port, HUFHIR_LOG_LEVEL: 'error' };
  const config = loadConfig({ ...own, ...patience, ...settings });
  if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
  return config;
}

/** A request; the body as `TestServer.ask` takes it. */
export async function ask(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
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
