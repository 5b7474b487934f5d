import type { Submission } from '#seed/emit/submissions.ts';

/** Submissions under way at once. */
const width = 8;

export interface Pushed {
  readonly resources: number;
  readonly ms: number;
}

/**
 * Sends submissions to a FHIR base, several at once; a wave is finished before the next begins, since its records rest on
 * those before. Shows a progress bar on a terminal. Throws at the first refusal, with the server's words.
 */
export async function push(base: string, submissions: Iterable<Submission>, total: number): Promise<Pushed> {
  const started = Date.now();
  const bar = progress(total);
  let resources = 0;
  let wave = 0;
  const under = new Set<Promise<void>>();
  for (const submission of submissions) {
    if (submission.wave !== wave) await Promise.all(under);
    wave = submission.wave;
    while (under.size >= width) await Promise.race(under);
    const sent = send(base, submission).then(() => {
      resources += submission.resources;
      bar.show(resources);
      under.delete(sent);
    });
    under.add(sent);
  }
  await Promise.all(under);
  bar.end();
  return { resources, ms: Date.now() - started };
}

async function send(base: string, { method, path, body, source }: Submission): Promise<void> {
  const response = await fetch(path === '' ? base : `${base}/${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${source}: ${response.status} ${text.slice(0, 2000)}`);
}

function progress(total: number): { show(done: number): void; end(): void } {
  const { stdout } = process;
  if (!stdout.isTTY) return { show: () => {}, end: () => {} };
  return {
    show(done) {
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(part * 40);
      stdout.write(`\r[${'█'.repeat(filled)}${'░'.repeat(40 - filled)}] ${Math.floor(part * 100)}% ${done}`);
    },
    end: () => stdout.write('\n'),
  };
}
