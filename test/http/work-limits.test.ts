import t, { type Test } from 'tap';
import { entry, patient, type Reply, startServer, type TestServer, transaction } from './harness.ts';

/** What criteria and the entries of bundles may cost. No test waits for time to pass: the limits are smaller than any work, or hours. */

const several = (n: number, make: (i: number) => unknown) => Array.from({ length: n }, (_, i) => make(i));
const named = (text: string) => patient({ name: [{ text }] });
const criteria = (i: number) => `name:contains=zz${i}`;

async function serverWith(t: Test, settings: Record<string, string>, patients: number): Promise<TestServer> {
  const server = await startServer(settings);
  t.teardown(server.stop);
  const stored = await server.ask(
    'POST',
    '',
    transaction(...several(patients, (i) => entry('PUT', `Patient/p${i}`, { ...named(`p${i}`), id: `p${i}` }))),
  );
  t.equal(stored.status, 200, stored.status === 200 ? '' : stored.text.slice(0, 300));
  return server;
}

const count = async ({ ask }: TestServer, type: string): Promise<unknown> =>
  (await ask('GET', `/${type}?_summary=count`)).body.total;

const diagnostics = ({ body }: Reply): readonly string[] =>
  body.issue.map((one: { diagnostics: string }) => one.diagnostics);

t.test('the criteria of a request have a time together', async (t) => {
  const server = await serverWith(t, { HUFHIR_CRITERIA_TIMEOUT: '1' }, 600);
  const change = { resourceType: 'Parameters', parameter: [] };
  const about = (i: number) => ({
    resourceType: 'Basic',
    code: { text: 'x' },
    subject: { reference: `Patient?name:contains=p${100 + i}` },
  });
  const table: readonly (readonly [string, (i: number) => unknown, RegExp])[] = [
    ['creates', (i) => entry('POST', 'Patient', named(`zz${i}`), { ifNoneExist: criteria(i) }), /ifNoneExist$/],
    ['updates', (i) => entry('PUT', `Patient?${criteria(i)}`, named(`zz${i}`)), /request\.url$/],
    ['patches', (i) => entry('PATCH', `Patient?name:contains=p${100 + i}`, change), /request\.url$/],
    ['deletions', (i) => entry('DELETE', `Patient?${criteria(i)}`), /request\.url$/],
    ['references', (i) => entry('POST', 'Basic', about(i)), /subject\.reference$/],
  ];
  for (const [title, make, place] of table) {
    const refused = await server.ask('POST', '', transaction(...several(100, make)));
    t.equal(refused.status, 422, title);
    const late = refused.body.issue.filter((one: { code: string }) => one.code === 'too-costly');
    t.equal(late.length, 1, 'it is told once');
    t.match(late[0], { diagnostics: /HUFHIR_CRITERIA_TIMEOUT/, expression: [/^Bundle\.entry\[\d+\]/] });
    t.match(late[0].expression[0], place);
  }
  t.equal(await count(server, 'Patient'), 600, 'nothing was stored');
  t.equal(await count(server, 'Basic'), 0);
});

t.test('a writer need not look for what nothing changed', async (t) => {
  const server = await serverWith(t, { HUFHIR_GUARD_TIMEOUT: '1' }, 600);
  const creates = (from: number, n: number) =>
    several(n, (i) => entry('POST', 'Patient', named(`zz${from + i}`), { ifNoneExist: `name:contains=zz${from + i}` }));
  const many = await server.ask('POST', '', transaction(...creates(1_000, 200)));
  t.equal(many.status, 200);
  t.equal(await count(server, 'Patient'), 800);
  const again = await server.ask('POST', '', transaction(...creates(1_000, 200)));
  t.equal(again.status, 200);
  t.equal(await count(server, 'Patient'), 800, 'all of them are found');
});

t.test('criteria that two entries satisfy are refused', async (t) => {
  const server = await serverWith(t, {}, 1);
  const make = (text: string, ifNoneExist: string) => entry('POST', 'Patient', named(text), { ifNoneExist });
  const table: readonly (readonly [string, unknown[], number])[] = [
    ['apart', [make('aa', 'name:contains=aa'), make('bb', 'name:contains=bb')], 200],
    ['one satisfies both', [make('cc dd', 'name:contains=cc'), make('dd', 'name:contains=dd')], 400],
    ['by a token', [make('ee', 'name:contains=ee&gender=male'), make('ee', 'name:contains=ee&gender=female')], 400],
    ['words', [make('ff', '_content=ff'), make('ff gg', '_content=gg')], 400],
  ];
  for (const [title, entries, status] of table) {
    t.equal((await server.ask('POST', '', transaction(...entries))).status, status, title);
  }
});

t.test('the entries of a batch have a time together', async (t) => {
  const server = await serverWith(t, { HUFHIR_BATCH_TIMEOUT: '1' }, 600);
  const searches = several(300, (i) => entry('GET', `Patient?${criteria(i)}`));
  const first = entry('PUT', 'Basic/first', { resourceType: 'Basic', id: 'first', code: { text: 'x' } });
  const last = entry('PUT', 'Basic/last', { resourceType: 'Basic', id: 'last', code: { text: 'x' } });
  const batch = (type: string, ...entries: unknown[]) =>
    server.ask('POST', '', { resourceType: 'Bundle', type, entry: entries });
  const answered = await batch('batch', first, ...searches, last);
  t.equal(answered.status, 200);
  const entries: { response: { status: string; outcome?: { issue: object[] } } }[] = answered.body.entry;
  t.match(entries[0], { response: { status: /^201/ } }, 'what was written is told');
  t.match(entries[1], { response: { status: /^200/ } });
  for (const late of entries.slice(-2)) {
    t.match(late.response.status, /^422/);
    t.match(late.response.outcome?.issue[0], { code: 'too-costly', diagnostics: /HUFHIR_BATCH_TIMEOUT/ });
  }
  t.equal((await server.ask('GET', '/Basic/first')).status, 200);
  t.equal((await server.ask('GET', '/Basic/last')).status, 404, 'what was not begun is not there');
  const refused = await batch('transaction', ...searches, last);
  t.equal(refused.status, 422);
  t.match(diagnostics(refused), [/HUFHIR_BATCH_TIMEOUT/]);
  t.equal(refused.body.issue.length, 1, 'it is told once');
  t.equal((await server.ask('GET', '/Basic/last')).status, 404);
});
