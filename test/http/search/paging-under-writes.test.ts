import t from 'tap';
import { type Reply, startServer } from '../harness.ts';

/**
 * R4 http.html#paging leaves it to the server what becomes of pages while others write. Here, while 4 clients create, update and
 * delete other resources that match as well, each resource that was there at the start and was not touched appears exactly once.
 */

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const untouched = 210;
const names = ['Wang', 'Li', 'Zhang', 'Liu', 'Chen', 'Yang', 'Zhao', 'Huang'];
const pad = (n: number, length = 2) => String(n).padStart(length, '0');

/** Few names and dates, so that many resources share a place in the order; every ninth has neither. */
function patient(id: string, n: number): Record<string, unknown> {
  if (n % 9 === 0) return { resourceType: 'Patient', id };
  const birthDate = `${1940 + (n % 7)}-${pad(1 + (n % 12))}-01`;
  return { resourceType: 'Patient', id, name: [{ family: names[n % names.length] }], birthDate };
}

function observation(id: string, n: number): Record<string, unknown> {
  const code = { text: 'x' };
  const when = n % 9 === 0 ? {} : { effectiveDateTime: `2025-${pad(1 + (n % 12))}-${pad(1 + (n % 5))}` };
  return { resourceType: 'Observation', id, status: 'final', code, ...when };
}

const makers = { Patient: patient, Observation: observation };
type Type = keyof typeof makers;

t.before(async () => {
  for (const type of ['Patient', 'Observation'] as const) {
    const entry = Array.from({ length: untouched }, (_, n) => {
      const id = `still-${pad(n, 3)}`;
      return { resource: makers[type](id, n), request: { method: 'PUT', url: `${type}/${id}` } };
    });
    expect(await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }));
  }
});

function expect(reply: Reply): Reply {
  if (reply.status >= 300) throw new Error(reply.text);
  return reply;
}

/** A client that writes: each step creates a resource, moves one in the order, or deletes one; at most five are there at a time. */
function writer(type: Type, client: number): () => Promise<unknown> {
  let n = client * 1_000;
  const own: string[] = [];
  const put = async (id: string) => expect(await ask('PUT', `/${type}/${id}`, makers[type](id, n)));
  return async () => {
    n++;
    const oldest = own[0];
    if (oldest === undefined || n % 3 === 0) {
      const id = `moving-${client}-${n}`;
      own.push(id);
      return put(id);
    }
    if (own.length < 5) return put(own[n % own.length] ?? oldest);
    own.shift();
    return expect(await ask('DELETE', `/${type}/${oldest}`));
  };
}

interface Step {
  readonly ids: readonly string[];
  readonly next: string | undefined;
}

async function read(path: string): Promise<Step> {
  const { body } = expect(await ask('GET', path));
  const next = body.link.find((l: { relation: string }) => l.relation === 'next')?.url.slice(server.base.length);
  return { ids: (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id), next };
}

const searches: readonly (readonly [type: Type, sort: string])[] = [
  ['Patient', ''],
  ['Patient', '_lastUpdated'],
  ['Patient', '-_lastUpdated'],
  ['Patient', 'name'],
  ['Patient', '-birthdate,name'],
  ['Patient', 'name,-_id'],
  ['Observation', ''],
  ['Observation', '-date'],
  ['Observation', 'status,date'],
];

for (const [type, sort] of searches) {
  t.test(`${type}, ${sort === '' ? 'in the order of creation' : `_sort=${sort}`}`, async (t) => {
    const writers = [1, 2, 3, 4].map((client) => writer(type, client));
    const seen: string[] = [];
    let moving = 0;
    // Fewer writes a page than it has places: what moves to the end cannot keep the end away for ever.
    for (
      let path: string | undefined = `/${type}?_count=7${sort === '' ? '' : `&_sort=${sort}`}`;
      path !== undefined;
    ) {
      const [page]: readonly [Step, ...unknown[]] = await Promise.all([read(path), ...writers.map((write) => write())]);
      seen.push(...page.ids.filter((id) => id.startsWith('still-')));
      moving += page.ids.filter((id) => id.startsWith('moving-')).length;
      path = page.next;
    }
    t.equal(seen.length, untouched, 'no more, no fewer');
    t.equal(new Set(seen).size, untouched, 'none twice');
    t.ok(moving > 0, 'what others wrote was among the matches');
  });
}

t.test('back and forth: previous and next from a page in the middle miss nothing between them', async (t) => {
  const write = writer('Patient', 9);
  const links = async (path: string) => {
    const { body } = expect(await ask('GET', path));
    const found = Object.fromEntries(
      body.link.map((l: { relation: string; url: string }) => [l.relation, l.url.slice(server.base.length)]),
    );
    return { found, ids: body.entry.map((e: { resource: { id: string } }) => e.resource.id) as string[] };
  };
  const first = await links('/Patient?_count=30&_sort=name');
  await write();
  const second = await links(String(first.found.next));
  await write();
  const back = await links(String(second.found.previous));
  await write();
  const again = await links(String(back.found.next));
  const still = (ids: string[]) => ids.filter((id) => id.startsWith('still-'));
  const seen = new Set([...still(back.ids), ...still(again.ids)]);
  t.equal(seen.size, still(back.ids).length + still(again.ids).length);
  t.same(
    still(first.ids).filter((id) => !seen.has(id)),
    [],
  );
});
