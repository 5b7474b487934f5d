import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { entry, patient, transaction } from './harness.ts';
import { type Answered, keepAlive } from './keep-alive.ts';

const threshold = 20_000;
const writers = 8;
const updates = sized(64, 240);
const patches = sized(3, 10);

const folder = mkdtempSync(join(tmpdir(), 'hufhir-large-race-'));
const server = await startServe(folder, { HUFHIR_LARGE_BODY: String(threshold) });
const { ask, close } = keepAlive(server.base, 32);
t.teardown(async () => {
  close();
  server.child.kill('SIGTERM');
  await server.ended;
  rmSync(folder, { recursive: true });
});

const narrative = (text: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`;
const filler = { status: 'generated', div: narrative('x'.repeat(threshold)) };
/** Every other one is large. */
const alternating = (i: number, more: Record<string, unknown>) =>
  patient(i % 2 === 0 ? { ...more, text: filler } : more);
const system = 'urn:example:large-race';
const versionOf = ({ headers }: Answered): number => Number(/^W\/"(\d+)"$/.exec(headers.etag ?? '')?.[1]);
const json = { 'content-type': 'application/json-patch+json' };

function must({ status, text }: Answered, ...expected: number[]): void {
  if (!expected.includes(status)) throw new Error(`${status} ${text.slice(0, 500)}`);
}

const together = <T>(n: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)));

async function search(query: string) {
  const answer = await ask('GET', `/Patient?${query}`);
  must(answer, 200);
  return JSON.parse(answer.text);
}

/** How often updates of Patients were answered 200, as `/metrics` has it. */
async function counted(): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', server.base))).text();
  const line = /^hufhir_requests_total\{interaction="update",type="Patient",status="200"\} (\d+)$/m.exec(metrics);
  return Number(line?.[1] ?? 0);
}

t.test('what one thread has acknowledged, the other sees at once', async (t) => {
  for (let i = 0; i < sized(8, 20); i++) {
    must(await ask('PUT', '/Patient/seen', alternating(i, { id: 'seen', name: [{ text: `${i}` }] })), 200, 201);
    t.match(JSON.parse((await ask('GET', '/Patient/seen')).text).name, [{ text: `${i}` }]);
    const next = alternating(i + 1, { id: 'seen', identifier: [{ system, value: `seen-${i}` }] });
    must(await ask('PUT', '/Patient/seen', next, { 'if-match': `W/"${2 * i + 1}"` }), 200);
    const again = alternating(i, { identifier: [{ system, value: `seen-${i}` }] });
    const found = await ask('POST', '/Patient', again, { 'if-none-exist': `identifier=${system}|seen-${i}` });
    t.equal(found.status, 200);
    t.equal(versionOf(found), 2 * i + 2);
  }
});

t.test(
  `${writers} writers, ${updates} large and small updates of one resource with If-Match, none is lost`,
  async (t) => {
    must(await ask('PUT', '/Patient/race', patient({ id: 'race', name: [{ text: 'first' }] })), 201);
    const before = await counted();
    const acknowledged = new Map<number, string>([[1, 'first']]);
    let left = updates;
    let twice = 0;
    await together(writers, async (writer) => {
      for (let lost = false; lost || left-- > 0; ) {
        const seen = versionOf(await ask('GET', '/Patient/race'));
        const text = `${writer}: after ${seen}`;
        const body = alternating(writer, { id: 'race', name: [{ text }] });
        const answer = await ask('PUT', '/Patient/race', body, { 'if-match': `W/"${seen}"` });
        must(answer, 200, 412);
        lost = answer.status === 412;
        if (lost) continue;
        const version = versionOf(answer);
        if (version !== seen + 1 || acknowledged.has(version)) twice++;
        acknowledged.set(version, text);
      }
    });
    t.equal(twice, 0);
    t.equal(acknowledged.size, updates + 1);
    const { entry: versions } = JSON.parse((await ask('GET', '/Patient/race/_history?_count=1000')).text);
    const kept = versions.map((e: { resource: { meta: { versionId: string }; name: { text: string }[] } }) => [
      Number(e.resource.meta.versionId),
      e.resource.name[0]?.text,
    ]);
    t.same(
      kept.reverse(),
      [...acknowledged].sort(([a], [b]) => a - b),
    );
    t.equal(await counted(), before + updates, 'the metrics count what either thread has answered');
  },
);

t.test(`${writers * patches} large and small patches that append to one list, none is lost`, async (t) => {
  must(await ask('PUT', '/Patient/list', patient({ id: 'list', text: filler, identifier: [{ value: 'first' }] })), 201);
  const values = await together(writers, async (writer) => {
    const own: string[] = [];
    for (let i = 0; i < patches; i++) {
      const value = `${writer}-${i}`;
      const patch: unknown[] = [{ op: 'add', path: '/identifier/-', value: { value } }];
      if (writer % 2 === 0)
        patch.push({ op: 'replace', path: '/text/div', value: narrative(value.repeat(threshold / 3)) });
      let answer: Answered;
      do answer = await ask('PATCH', '/Patient/list', patch, json);
      while (answer.status === 409);
      must(answer, 200);
      own.push(value);
    }
    return own;
  });
  const list = JSON.parse((await ask('GET', '/Patient/list')).text);
  t.same(list.identifier.map((i: { value: string }) => i.value).sort(), ['first', ...values.flat()].sort());
  t.equal(list.meta.versionId, String(1 + values.flat().length));
});

t.test('large and small conditional creates with the same criteria, one resource', async (t) => {
  for (let round = 0; round < sized(2, 5); round++) {
    const criteria = `identifier=${system}|create-${round}`;
    const answers = await together(16, (i) =>
      ask('POST', '/Patient', alternating(i, { identifier: [{ system, value: `create-${round}` }] }), {
        'if-none-exist': criteria,
      }),
    );
    t.same(answers.map((a) => a.status).sort(), [...Array(15).fill(200), 201]);
    t.equal((await search(criteria)).total ?? (await search(criteria)).entry.length, 1);
  }
});

t.test('many large bundles at once are each answered with what they asked for; others need not wait', async (t) => {
  const sizes = Array.from({ length: 14 }, (_, i) => 100 + 37 * i);
  let small = 0;
  let done = false;
  const calm = (async () => {
    while (!done) {
      must(await ask('PUT', '/Patient/calm', patient({ id: 'calm' })), 200, 201);
      must(await ask('GET', '/Patient/calm'), 200);
      small++;
    }
  })();
  const answers = await Promise.all(
    sizes.map((size) => {
      const identifier = [{ system, value: `bundle-${size}` }];
      return ask(
        'POST',
        '',
        transaction(...Array.from({ length: size }, () => entry('POST', 'Patient', patient({ identifier })))),
      );
    }),
  );
  done = true;
  await calm;
  for (const [i, answer] of answers.entries()) {
    const size = sizes[i] ?? 0;
    t.equal(answer.status, 200);
    t.equal(answer.text.match(/"status":"201"/g)?.length, size);
    t.equal((await search(`identifier=${system}|bundle-${size}&_summary=count`)).total, size);
    const [, first] = /"location":"[^"]*\/(Patient\/[^/]+)\/_history\/1"/.exec(answer.text) ?? [];
    t.match(JSON.parse((await ask('GET', `/${first}`)).text).identifier, [{ value: `bundle-${size}` }], 'its own');
  }
  t.ok(small > 0);
});

t.test('the pages of a search that one thread began, the other goes on with', async (t) => {
  const form = `_count=3&_sort=_id&identifier=${system}|bundle-100${'&'.repeat(threshold)}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const found: string[] = [];
  const first = await ask('POST', '/Patient/_search', form, headers);
  must(first, 200);
  for (let page = JSON.parse(first.text); ; ) {
    found.push(...page.entry.map((e: { resource: { id: string } }) => e.resource.id));
    const next = page.link.find((l: { relation: string }) => l.relation === 'next');
    if (next === undefined) break;
    const answer = await ask('GET', next.url.slice(server.base.length));
    must(answer, 200);
    page = JSON.parse(answer.text);
  }
  t.equal(found.length, 100);
  t.same(found, [...new Set(found)].sort());
});
