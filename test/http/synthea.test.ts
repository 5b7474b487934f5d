import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { startServer } from './harness.ts';

const folder = join(import.meta.dirname, '../../../shared/data/synthea');
const absent = !existsSync(folder) && process.env.CI !== 'true';

interface Sent {
  readonly fullUrl: string;
  readonly resource: Record<string, unknown> & { readonly resourceType: string };
}

/** JSON in which every number is its digits, so that equal means equal to the last zero. */
function exact(text: string): unknown {
  return JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === 'number' ? `digits ${context?.source}` : value,
  );
}

/** The resource without what is the server's, its references replaced by `to`. */
function comparable(resource: unknown, to: (reference: string) => string): unknown {
  const { id: _, meta, ...rest } = resource as Record<string, unknown>;
  const { versionId: __, lastUpdated: ___, ...own } = (meta ?? {}) as Record<string, unknown>;
  const mapped = JSON.parse(JSON.stringify(rest), (key, value) => (key === 'reference' ? to(value) : value));
  return { ...mapped, meta: own };
}

t.test(
  'Synthea: every bundle loads, and every resource reads back as it was sent',
  { skip: absent && 'no ../shared/data' },
  async (t) => {
    const server = await startServer();
    t.teardown(() => server.stop());
    const files = readdirSync(folder)
      .filter((f) => f.endsWith('.json.gz'))
      .sort((a, b) => rank(a) - rank(b));
    t.equal(files.length, 14);
    const counts = new Map<string, number>();
    /** Where each identifier of the batches lives, as a conditional reference names it. */
    const byIdentifier = new Map<string, string>();
    for (const file of files) {
      const text = gunzipSync(readFileSync(join(folder, file))).toString('utf8');
      const sent = (exact(text) as { entry: Sent[] }).entry;
      const reply = await server.ask('POST', '', text);
      t.equal(reply.status, 200, `${file}: ${reply.status === 200 ? sent.length : reply.text.slice(0, 500)}`);
      const places: string[] = reply.body.entry.map((e: { response: { location: string } }) =>
        place(e.response.location),
      );
      const byUrn = new Map(sent.map((e, i) => [e.fullUrl, places[i] ?? '']));
      const resolve = (reference: string) => byUrn.get(reference) ?? byIdentifier.get(reference) ?? reference;
      let differing = 0;
      for (const [i, { resource }] of sent.entries()) {
        const { resourceType } = resource;
        counts.set(resourceType, (counts.get(resourceType) ?? 0) + 1);
        const read = await server.ask('GET', `/${places[i]}`);
        const [got, wanted] = [comparable(exact(read.text), (r) => r), comparable(resource, resolve)];
        if (read.status !== 200 || JSON.stringify(got) !== JSON.stringify(wanted)) {
          if (differing++ === 0) t.same(got, wanted, `${file} ${resourceType}`);
        }
        for (const { system, value } of (resource.identifier ?? []) as { system: string; value: string }[]) {
          byIdentifier.set(`${resourceType}?identifier=${system}|${value}`, places[i] ?? '');
        }
      }
      t.equal(differing, 0, `${file}: all ${sent.length} as sent`);
    }
    for (const [type, count] of counts) {
      const { body } = await server.ask('GET', `/${type}?_count=0&_total=accurate`);
      t.equal(body.total, count, type);
    }
  },
);

function rank(file: string): number {
  if (file.startsWith('0-hospital')) return 0;
  return file.startsWith('0-practitioner') ? 1 : 2;
}

/** `Patient/1` of `http://…/Patient/1/_history/1`. */
function place(location: string): string {
  return /([A-Za-z]+\/[^/]+)\/_history\/\d+$/.exec(location)?.[1] ?? `no place in ${location}`;
}
