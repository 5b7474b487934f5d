import { randomUUID } from 'node:crypto';
import t from 'tap';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';

/** What a small request may make of the server: the size of an answer, the length of a link. */

const most = 100_000;
const server = await startServer({ HUFHIR_MAX_ANSWER: String(most), HUFHIR_DEFAULT_COUNT: '2' });
const { ask, base } = server;
t.teardown(() => server.stop());

const size = 20_000;
const large = (id: string, more = {}) => ({
  resourceType: 'Binary',
  id,
  contentType: 'text/plain',
  data: 'AAAA'.repeat(size / 4),
  ...more,
});
await ask('PUT', '/Binary/large', large('large'));
for (let i = 0; i < 5; i++) {
  await ask('PUT', `/Basic/b${i}`, { resourceType: 'Basic', id: `b${i}`, code: { text: 'x'.repeat(5000) } });
}

const batch = (...entries: unknown[]) => ({ ...transaction(...entries), type: 'batch' });
const many = (n: number, ...of: unknown[]) => Array.from({ length: n }, () => of).flat();
const statusesOf = ({ body }: Reply): string[] =>
  body.entry.map((e: { response: { status: string } }) => e.response.status);
const count = (list: readonly string[], wanted: string) => list.filter((status) => status === wanted).length;
/** A request around which little stands in the answer. */
const slack = 1.5;

const patch = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Binary.contentType' },
        { name: 'value', valueCode: 'text/html' },
      ],
    },
  ],
};

/** Each entry many times: how many are answered at least and at most. */
const asked: readonly [name: string, entry: unknown, least: number, most: number][] = [
  ['read', entry('GET', 'Binary/large'), 4, 4],
  ['vread', entry('GET', 'Binary/large/_history/1'), 4, 4],
  ['read of a part', entry('GET', 'Binary/large?_elements=contentType'), 4, 4],
  ['search', entry('GET', 'Basic?_count=5'), 3, 3],
  ['history', entry('GET', 'Basic/_history?_count=5'), 3, 3],
  ['metadata', entry('GET', 'metadata'), 0, 5],
  ['normative metadata', entry('GET', 'metadata?mode=normative'), 0, 5],
];

for (const [name, one, least, limit] of asked) {
  t.test(`HUFHIR_MAX_ANSWER: batch, ${name}`, async (t) => {
    const reply = await ask('POST', '', batch(...many(200, one)));
    t.equal(reply.status, 200);
    const statuses = statusesOf(reply);
    const answered = count(statuses, '200');
    t.ok(answered >= least && answered <= limit, `${answered} are answered`);
    t.equal(count(statuses, '400'), 200 - answered);
    const resources = reply.body.entry.flatMap((e: { resource?: unknown }) => e.resource ?? []);
    t.ok(JSON.stringify(resources).length < most * slack);
    const last = reply.body.entry[199].response.outcome.issue[0];
    t.equal(last.code, 'too-costly');
    t.match(last.diagnostics, /100000 characters \(HUFHIR_MAX_ANSWER\)/);
    t.same(last.expression, ['Bundle.entry[199]']);
  });
}

t.test('HUFHIR_MAX_ANSWER: what does not go out is not counted', async (t) => {
  const unmodified = entry('GET', 'Binary/large', undefined, { ifNoneMatch: 'W/"1"' });
  const entries = many(50, entry('HEAD', 'Binary/large'), unmodified);
  t.same(new Set(statusesOf(await ask('POST', '', batch(...entries)))), new Set(['200', '304']));
});

t.test('HUFHIR_MAX_ANSWER: failures count too', async (t) => {
  const wrong = entry('GET', `Patient?${'colour=red&'.repeat(50)}`);
  const reply = await ask('POST', '', batch(...many(200, wrong)));
  t.equal(reply.body.entry[0].response.outcome.issue[0].details.coding[0].code, 'unknown-parameter');
  t.equal(reply.body.entry[199].response.outcome.issue[0].code, 'too-costly');
});

t.test('HUFHIR_MAX_ANSWER: what the bundle brings is not counted, and writes are told as they are', async (t) => {
  const creates = await ask('POST', '', batch(...many(20, entry('POST', 'Binary', large('x')))));
  t.equal(count(statusesOf(creates), '201'), 20);
  await ask('PUT', '/Binary/patched', large('patched'));
  const patches = await ask('POST', '', batch(...many(30, entry('PATCH', 'Binary/patched', patch))));
  const statuses = statusesOf(patches);
  t.ok(count(statuses, '200') >= 5, 'until the budget is spent');
  t.ok(count(statuses, '400') >= 20, 'no more are begun');
});

t.test('HUFHIR_MAX_ANSWER: a transaction is refused before it writes', async (t) => {
  const table: readonly (readonly [string, unknown[]])[] = [
    ['reads of what is there', many(6, entry('GET', 'Binary/large'))],
    ['searches', many(6, entry('GET', 'Basic?_count=5'))],
    ['reads of what it puts', [entry('PUT', 'Binary/own', large('own')), ...many(6, entry('GET', 'Binary/own'))]],
  ];
  for (const [name, entries] of table) {
    const reply = await ask('POST', '', transaction(entry('PUT', 'Patient/not', patient({ id: 'not' })), ...entries));
    t.equal(reply.status, 400, name);
    t.equal(reply.body.issue.length, 1, name);
    t.equal(reply.body.issue[0].code, 'too-costly', name);
    t.match(reply.body.issue[0].diagnostics, 'HUFHIR_MAX_ANSWER', name);
    t.match(reply.body.issue[0].expression[0], /^Bundle\.entry\[\d\]\.request\.url$/, name);
    t.equal((await ask('GET', '/Patient/not')).status, 404, name);
  }
  const within = transaction(
    entry('PUT', 'Binary/own', large('own')),
    ...many(4, entry('GET', 'Binary/own')),
    ...many(20, entry('HEAD', 'Binary/own')),
  );
  t.same(new Set(statusesOf(await ask('POST', '', within))), new Set(['200', '201']));
});

t.test('HUFHIR_MAX_ANSWER: reads that grew by the writes of their transaction do not undo it', async (t) => {
  const ids = Array.from({ length: 8 }, (_, i) => `grown${i}`);
  const puts = Array.from({ length: 8 }, (_, i) => entry('PUT', `Binary/grown${i}`, large(`grown${i}`)));
  const reply = await ask('POST', '', transaction(...puts, entry('GET', `Binary?_count=10&_id=${ids}`)));
  t.equal(reply.status, 200);
  t.same(statusesOf(reply), [...many(8, '201'), '400']);
  t.equal((await ask('GET', '/Binary/grown0')).status, 200);
});

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const search = (ids: readonly string[], more = '') =>
  ask('POST', '/Basic/_search', `_id=${ids.join(',')}${more}`, form);
const link = ({ body }: Reply, relation: string): string =>
  body.link.find((l: { relation: string }) => l.relation === relation)?.url.replace(base, '') ?? '';
const known = ['b0', 'b1', 'b2', 'b3', 'b4'];
const others = (n: number) => Array.from({ length: n }, () => randomUUID());

t.test('HUFHIR_MAX_URL: the links of a long search can be followed', async (t) => {
  const first = await search([...known, ...others(200)]);
  t.equal(first.status, 200);
  const ids: string[] = [];
  let page = first;
  for (;;) {
    ids.push(...page.body.entry.map((e: { resource: { id: string } }) => e.resource.id));
    const self = link(page, 'self');
    t.equal((await ask('GET', self)).status, 200, 'self');
    const next = link(page, 'next');
    if (next === '') break;
    page = await ask('GET', next);
    t.equal(page.status, 200, 'next');
  }
  t.same(ids.sort(), known);
});

t.test('HUFHIR_MAX_URL: a search whose next page no link could name is refused at its first', async (t) => {
  const ids = [...known, ...others(900)];
  const refused = await search(ids);
  t.equal(refused.status, 400);
  t.equal(refused.body.issue[0].code, 'too-costly');
  t.match(refused.body.issue[0].diagnostics, /8000 characters \(HUFHIR_MAX_URL\).*_count/);
  t.equal((await search(ids, '&_count=5')).status, 200, 'there is no next page');
});

t.test('HUFHIR_MAX_URL: a link does not carry what was ignored', async (t) => {
  const lenient = { prefer: 'handling=lenient' };
  const long = `/Basic?_id=${known}&colour=${others(100).join('')}`;
  const first = await ask('GET', long, undefined, lenient);
  const next = link(first, 'next');
  t.ok(next.length > 0 && next.length < 500, `${next.length} characters`);
  t.match(first.body.entry.at(-1).search.mode, 'outcome');
  t.equal((await ask('GET', next)).status, 200);
});
