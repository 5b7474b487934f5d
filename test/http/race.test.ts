import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { entry, patient, transaction } from './harness.ts';
import { type Answered, keepAlive } from './keep-alive.ts';

const width = 32;
const updates = sized(2_000, 10_000);
const appends = sized(160, 320);
const rounds = sized(4, 10);

const folder = mkdtempSync(join(tmpdir(), 'hufhir-race-'));
const server = await startServe(folder);
const { ask, close } = keepAlive(server.base, width);
t.teardown(async () => {
  close();
  server.child.kill('SIGTERM');
  await server.ended;
  rmSync(folder, { recursive: true });
});

/** What each of so many clients does at the same time. */
const together = <T>(work: (client: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: width }, (_, client) => work(client)));

const versionOf = ({ headers }: Answered): number => Number(/^W\/"(\d+)"$/.exec(headers.etag ?? '')?.[1]);

function must({ status, text }: Answered, ...expected: number[]): void {
  if (!expected.includes(status)) throw new Error(`${status} ${text}`);
}

interface Kept {
  readonly version: number;
  readonly lastUpdated: string;
  readonly resource: Record<string, unknown>;
}

/** The whole history of a resource, oldest first, read page by page. */
async function historyOf(path: string): Promise<readonly Kept[]> {
  const versions: Kept[] = [];
  for (let next: string | undefined = `${path}/_history?_count=1000`; next !== undefined; ) {
    const answer = await ask('GET', next);
    must(answer, 200);
    const page = JSON.parse(answer.text);
    for (const { resource } of page.entry ?? []) {
      const { versionId, lastUpdated } = resource.meta;
      versions.push({ version: Number(versionId), lastUpdated, resource });
    }
    const link = page.link.find(({ relation }: { relation: string }) => relation === 'next');
    next = link?.url.slice(server.base.length);
  }
  return versions.reverse();
}

const numbersTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Milliseconds that a client which lost waits, so that not all come again at once. */
const pause = (losses: number) =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(128, 2 ** losses)));

/** Sends again as long as others were quicker (409, transient). */
async function insist(send: () => Promise<Answered>): Promise<Answered> {
  for (let losses = 1; ; losses++) {
    const answer = await send();
    if (answer.status !== 409) return answer;
    if (JSON.parse(answer.text).issue[0].code !== 'transient') throw new Error(answer.text);
    await pause(losses);
  }
}

t.test(`http.html#concurrency: ${width} writers, ${updates} acknowledged updates, none is lost`, async (t) => {
  const basic = (text: string) => ({ resourceType: 'Basic', id: 'race', code: { text } });
  must(await ask('PUT', '/Basic/race', basic('first')), 201);
  const acknowledged = new Map<number, string>([[1, 'first']]);
  let left = updates;
  let refused = 0;
  let twice = 0;
  await together(async (writer) => {
    let seen = versionOf(await ask('GET', '/Basic/race'));
    for (let losses = 0; losses > 0 || left-- > 0; ) {
      const text = `${writer}: after ${seen}`;
      const answer = await ask('PUT', '/Basic/race', basic(text), { 'if-match': `W/"${seen}"` });
      must(answer, 200, 412);
      if (answer.status === 412) {
        refused++;
        await pause(++losses);
        // The refusal's own news are enough three times of four.
        const [, news] = /is at version (\d+);/.exec(answer.text) ?? [];
        seen = losses % 4 !== 0 && news !== undefined ? Number(news) : versionOf(await ask('GET', '/Basic/race'));
      } else {
        losses = 0;
        const version = versionOf(answer);
        if (version !== seen + 1 || acknowledged.has(version)) twice++;
        acknowledged.set(version, text);
        seen = version;
      }
    }
  });
  t.equal(twice, 0, 'every update made the version after the one that it saw, and no version was told to two');
  t.equal(acknowledged.size, updates + 1);
  t.ok(refused > 0, `${refused} were refused`);
  const versions = await historyOf('/Basic/race');
  t.same(
    versions.map((v) => v.version),
    numbersTo(updates + 1),
    'the history has every version once, in order',
  );
  t.same(
    versions.map(({ resource }) => (resource.code as { text: string }).text),
    versions.map(({ version }) => acknowledged.get(version)),
    'each as the writer sent it that was told of it',
  );
  const times = versions.map((v) => Date.parse(v.lastUpdated));
  t.same(
    times.filter((time, i) => time < (times[i - 1] ?? 0)),
    [],
    'lastUpdated never goes back',
  );
});

t.test(`http.html#patch: ${width} clients append to one list without If-Match, nothing is lost`, async (t) => {
  const system = 'urn:example:append';
  must(await ask('PUT', '/Patient/patched', patient({ id: 'patched', identifier: [{ system, value: 'first' }] })), 201);
  const appended: string[] = [];
  const told: number[] = [];
  await together(async (client) => {
    for (let i = 0; i < appends / width; i++) {
      const value = `${client}-${i}`;
      const [body, headers] = client % 2 === 0 ? jsonPatch({ system, value }) : fhirPathPatch({ system, value });
      const answer = await insist(() => ask('PATCH', '/Patient/patched', body, headers));
      must(answer, 200);
      if (!answer.text.includes(`"${value}"`)) throw new Error(`${value} is not in its own answer`);
      appended.push(value);
      told.push(versionOf(answer));
    }
  });
  const versions = await historyOf('/Patient/patched');
  const current = versions.at(-1)?.resource as { identifier: { value: string }[] };
  t.same(current.identifier.map(({ value }) => value).sort(), ['first', ...appended].sort());
  t.same(
    told.sort((a, b) => a - b),
    numbersTo(appends).map((n) => n + 1),
    'every patch made a version of its own',
  );
});

const json = { 'content-type': 'application/json-patch+json' };

function jsonPatch(value: object): [unknown, Record<string, string>] {
  return [[{ op: 'add', path: '/identifier/-', value }], json];
}

function fhirPathPatch(valueIdentifier: object): [unknown, Record<string, string>] {
  const part = [
    { name: 'type', valueCode: 'add' },
    { name: 'path', valueString: 'Patient' },
    { name: 'name', valueString: 'identifier' },
    { name: 'value', valueIdentifier },
  ];
  return [{ resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }, {}];
}

const system = 'urn:example:race';
const identified = (value: string, more: object = {}) => patient({ identifier: [{ system, value }], ...more });
const found = async (value: string): Promise<string[]> => {
  const { entry = [] } = JSON.parse((await ask('GET', `/Patient?identifier=${system}|${value}`)).text);
  return entry.map(({ resource }: { resource: { id: string } }) => resource.id);
};
const statuses = (answers: readonly Answered[]) => answers.map((a) => a.status).sort();
const oneOf = (first: number, others: number) => [first, ...Array.from({ length: width - 1 }, () => others)].sort();

t.test(`http.html#ccreate: ${width} clients with the same If-None-Exist, one resource`, async (t) => {
  for (let round = 0; round < rounds; round++) {
    const value = `create-${round}`;
    const answers = await together(() =>
      ask('POST', '/Patient', identified(value), { 'if-none-exist': `identifier=${system}|${value}` }),
    );
    t.same(statuses(answers), oneOf(201, 200));
    t.equal(new Set(answers.map((a) => a.headers.location)).size, 1, 'all are told of the same');
    t.equal((await found(value)).length, 1);
  }
});

t.test(`bundle.html: ${width} transactions with the same ifNoneExist, one resource to which all refer`, async (t) => {
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-777777777777';
  for (let round = 0; round < rounds; round++) {
    const value = `bundle-${round}`;
    const answers = await together((client) => {
      const identifier = [{ system, value: `${value}-${client}` }];
      const observation = { resourceType: 'Observation', identifier, status: 'final', code: { text: 'x' } };
      return insist(() =>
        ask(
          'POST',
          '',
          transaction(
            entry('POST', 'Patient', identified(value), { fullUrl: urn, ifNoneExist: `identifier=${system}|${value}` }),
            entry('POST', 'Observation', { ...observation, subject: { reference: urn } }),
          ),
        ),
      );
    });
    t.same(statuses(answers), oneOf(200, 200));
    const [id, ...others] = await found(value);
    t.same(others, []);
    const search = await ask('GET', `/Observation?subject=Patient/${id}&_summary=count`);
    t.equal(JSON.parse(search.text).total, width);
  }
});

t.test(
  `http.html#cond-update: ${width} clients with the same criteria, one resource with a version of each`,
  async (t) => {
    for (let round = 0; round < rounds; round++) {
      const value = `update-${round}`;
      const answers = await together((client) => {
        const body = identified(value, { name: [{ text: `${client}` }] });
        return insist(() => ask('PUT', `/Patient?identifier=${system}|${value}`, body));
      });
      t.same(statuses(answers), oneOf(201, 200));
      const [id, ...others] = await found(value);
      t.same(others, []);
      const versions = await historyOf(`/Patient/${id}`);
      t.same(
        versions.map((v) => v.version),
        numbersTo(width),
      );
      const names = versions.map((v) => (v.resource.name as { text: string }[])[0]?.text);
      t.same(
        answers.map((a) => names[versionOf(a) - 1]),
        [...answers.keys()].map(String),
        'each its own',
      );
    }
  },
);

t.test(`http.html#cond-update: ${width} updates with If-None-Match: *, one of them creates`, async (t) => {
  for (let round = 0; round < rounds; round++) {
    const id = `new-${round}`;
    const answers = await together(() => ask('PUT', `/Patient/${id}`, patient({ id }), { 'if-none-match': '*' }));
    t.same(statuses(answers), oneOf(201, 412));
    t.equal((await historyOf(`/Patient/${id}`)).length, 1);
  }
});

t.test('http.html#delete: of an update and a deletion of the same version, one is done', async (t) => {
  for (let round = 0; round < rounds; round++) {
    const id = `either-${round}`;
    must(await ask('PUT', `/Patient/${id}`, patient({ id })), 201);
    const match = { 'if-match': 'W/"1"' };
    const answers = await together((client) =>
      client % 2 === 0
        ? ask('PUT', `/Patient/${id}`, patient({ id }), match)
        : ask('DELETE', `/Patient/${id}`, undefined, match),
    );
    const [done, ...others] = statuses(answers);
    t.ok(done === 200 || done === 204, `${done}`);
    t.same(
      others,
      Array.from({ length: width - 1 }, () => 412),
    );
    t.equal((await ask('GET', `/Patient/${id}`)).status, done === 200 ? 200 : 410);
  }
});
