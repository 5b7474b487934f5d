import type { Step } from './resources.ts';

type Ask = (
  method: Step[0],
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<{ readonly status: number; readonly text: string }>;

/** Makes the requests, one after the other. */
export async function makeSteps(ask: Ask, steps: readonly Step[]): Promise<void> {
  for (const [method, path, body] of steps) {
    const patch = Array.isArray(body) ? { 'content-type': 'application/json-patch+json' } : {};
    const sent = Array.isArray(body) ? JSON.stringify(body) : body;
    const { status, text } = await ask(method, path, sent, patch);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    await nextMillisecond();
  }
}

/** So that no two requests are stored at the same time: `_lastUpdated` parts them in every store alike. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() <= now) await new Promise((resolve) => setTimeout(resolve, 1));
}
