import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, freePort, listen } from '#cli/server.ts';
import { loadConfig } from '#config';
import { Failure } from '#errors';
import { serveApi } from '#http/api.ts';
import { createServer } from '#http/server.ts';
import { openSqliteStore } from '#storage/sqlite/store.ts';

/** A server with the page of the API. */
export async function startApi(settings: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-api-'));
  const config = loadConfig({
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: String(await freePort('127.0.0.1')),
    HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}`,
    HUFHIR_LOG_LEVEL: 'error',
    ...settings,
  });
  if (config instanceof Failure) throw new Error(config.issues.map((i) => i.text).join(' '));
  const context = await createContext(config, await openSqliteStore(config.store.replace(/^sqlite:/, '')));
  const app = await createServer(context);
  if (!app.hasRoute({ method: 'GET', url: '/openapi.json' })) await serveApi(app, context);
  const running = await listen(context, app);
  return {
    origin: `http://127.0.0.1:${config.port}`,
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
