import t from 'tap';
import { patient } from '#test/http/harness.ts';
import { idsOf, serverOf } from './examples-run.ts';
import { people } from './names-data.ts';
import { searches } from './names-searches.ts';

const observations = Object.keys(people).map((id) => ({
  resourceType: 'Observation',
  id: `of-${id}`,
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${id}` },
}));
const patients = Object.entries(people).map(([id, name]) => ({
  ...patient({ name: [name] }),
  resourceType: 'Patient',
  id,
}));
const server = await serverOf([...patients, ...observations]);
t.teardown(() => server.stop());

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** A search as it goes into a URL or a form. */
function encoded(search: string): string {
  const at = search.indexOf('=');
  return `${search.slice(0, at)}=${encodeURIComponent(search.slice(at + 1))}`;
}

/** The ids that a search finds, in alphabetical order, or what went wrong. */
async function found(method: string, path: string, body?: string): Promise<string> {
  const reply = await server.ask(method, path, body, form);
  return reply.status === 200 ? idsOf(reply).toSorted().join(' ') : `${reply.status} ${reply.text}`;
}

/** The same asked of the subjects of Observations, if it can be. */
function chained(search: string): string | undefined {
  const [, comparison] = /^_filter=(\w+ \w+ "[^"]*")$/.exec(search) ?? [];
  if (comparison !== undefined) return `_filter=subject:Patient.${comparison}`;
  return search.startsWith('_') ? undefined : `subject:Patient.${search}`;
}

for (const [title, rows] of Object.entries(searches)) {
  t.test(title, async (t) => {
    for (const [search, expected] of rows) {
      const wanted = expected
        .split(' ')
        .filter((id) => id !== '')
        .toSorted();
      const text = encoded(search);
      t.equal(await found('GET', `/Patient?${text}`), wanted.join(' '), search);
      t.equal(await found('POST', '/Patient/_search', text), wanted.join(' '), `POST ${search}`);
      const chain = chained(search);
      if (chain === undefined) continue;
      const observed = wanted.map((id) => `of-${id}`).join(' ');
      t.equal(await found('GET', `/Observation?${encoded(chain)}`), observed, chain);
    }
  });
}
