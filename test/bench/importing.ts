import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Generated } from '#seed/generate.ts';

/** One request that brings records. */
export interface Submission {
  readonly source: string;
  readonly method: string;
  /** Below `/fhir`. */
  readonly path: string;
  readonly body: string | Buffer;
  readonly resources: number;
}

export interface Import {
  readonly resources: number;
  readonly bytes: number;
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds of a request. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the pushing process as a share of one core. */
  readonly generatorCores: number;
}

/**
 * Pushes groups one after another, since a group may rest on those before; inside a group, `inFlight` requests at a time.
 * Rejects with the server's words at the first answer that is no 2xx.
 */
export async function push(
  origin: string,
  groups: readonly (readonly Submission[])[],
  inFlight: number,
): Promise<Import> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const times: number[] = [];
  const before = process.cpuUsage();
  const begun = performance.now();
  for (const group of groups) {
    const waiting = group.values();
    const work = async (): Promise<void> => {
      for (const submission of waiting) times.push(await send(agent, origin, submission));
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }
  const seconds = (performance.now() - begun) / 1000;
  const used = process.cpuUsage(before);
  agent.destroy();
  times.sort((a, b) => a - b);
  const all = groups.flat();
  const resources = all.reduce((sum, submission) => sum + submission.resources, 0);
  return {
    resources,
    bytes: all.reduce((sum, submission) => sum + Buffer.byteLength(submission.body), 0),
    requests: all.length,
    seconds,
    perSecond: resources / seconds,
    p50: times[Math.floor(times.length / 2)] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    generatorCores: (used.user + used.system) / 1e6 / seconds,
  };
}

/** Milliseconds until the whole answer was there. Rejects with the server's words if it is no 2xx. */
export function send(
  agent: Agent,
  origin: string,
  { method, path, body, source }: Omit<Submission, 'resources'>,
): Promise<number> {
  const begun = performance.now();
  const url = `${origin}/fhir${path === '' || path.startsWith('/') ? '' : '/'}${path}`;
  const length = Buffer.byteLength(body);
  const headers = length === 0 ? {} : { 'content-type': 'application/fhir+json', 'content-length': length };
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) return resolve(performance.now() - begun);
        const text = Buffer.concat(chunks).toString('utf8').slice(0, 1000);
        reject(new Error(`${method} ${path} of ${source} answered ${status}: ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** The waves of the demo district. */
export function submissionsOf(submissions: Generated['submissions']): readonly (readonly Submission[])[] {
  const waves = Map.groupBy(submissions, (submission) => submission.wave);
  return [...waves.values()].map((wave) => wave.map((s) => ({ ...s, body: JSON.stringify(s.body) })));
}

/** Hospital and practitioner bundles first, then the patients; undefined where the data are not beside the clone. */
export function synthea(): readonly (readonly Submission[])[] | undefined {
  const folder = fileURLToPath(new URL('../../../shared/data/synthea/', import.meta.url));
  if (!existsSync(folder)) return undefined;
  const submissions = readdirSync(folder)
    .filter((name) => name.endsWith('.json.gz'))
    .map((name): Submission => {
      const body = gunzipSync(readFileSync(`${folder}${name}`)).toString('utf8');
      const { entry } = JSON.parse(body) as { readonly entry: readonly unknown[] };
      return { source: name, method: 'POST', path: '', body, resources: entry.length };
    });
  const first = /^\d+-(hospital|practitioner)Information/;
  return [submissions.filter((s) => first.test(s.source)), submissions.filter((s) => !first.test(s.source))];
}
