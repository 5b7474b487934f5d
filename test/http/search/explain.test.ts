import t from 'tap';
import { patient, startServer } from '../harness.ts';

/** `_explain=true`: the first entry of the bundle tells how the search was made. */

const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const observation = (id: string, code: string, day: number) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code }] },
  subject: { reference: 'Patient/p' },
  effectiveDateTime: `2025-01-${String(day).padStart(2, '0')}`,
});

t.before(async () => {
  await ask('PUT', '/Patient/p', patient({ id: 'p', identifier: [{ system: 'urn:id', value: '310105195001021234' }] }));
  for (let i = 1; i <= 9; i++) await ask('PUT', `/Observation/o${i}`, observation(`o${i}`, i < 4 ? 'a' : 'b', i));
});

interface Entry {
  readonly search: { readonly mode: string };
  readonly resource: {
    readonly resourceType: string;
    readonly id?: string;
    readonly issue: readonly { readonly severity: string; readonly code: string; readonly diagnostics: string }[];
  };
}

async function explained(path: string) {
  const { status, body, text } = await ask('GET', path);
  if (status !== 200) throw new Error(text);
  const [first, ...rest] = (body.entry ?? []) as Entry[];
  return { first, rest, body, lines: first?.resource.issue?.map((i) => i.diagnostics) ?? [] };
}

t.test('the first entry is an OperationOutcome: what was asked, each step, what it took', async (t) => {
  const { first, rest, lines } = await explained(
    '/Observation?code=http://loinc.org|a&subject=Patient/p&_explain=true',
  );
  t.match(first, { search: { mode: 'outcome' }, resource: { resourceType: 'OperationOutcome' } });
  t.ok(first?.resource.issue.every((i) => i.severity === 'information' && i.code === 'informational'));
  t.match(
    lines[0],
    /^search: Observation where \(code is http:\/\/loinc.org\|a and subject refers to Patient\/p\); in the order of creation/,
  );
  const steps = lines.slice(1, -1);
  t.ok(steps.length > 0);
  for (const step of steps) t.match(step, /^\S.*: .+ — (estimated \d+ rows, )?\d+ read(, [\d.]+ ms)?$/);
  t.match(lines.at(-1), /^in all: 3 resources read for the page, [\d.]+ ms$/);
  t.same(
    rest.map((e) => [e.resource.id, e.search.mode]),
    ['o1', 'o2', 'o3'].map((id) => [id, 'match']),
  );
});

t.test('it changes nothing else of the answer', async (t) => {
  for (const query of [
    'code=b&_sort=-date&_count=4&_total=accurate',
    '_count=0',
    '_id=none',
    '_include=Observation:subject',
  ]) {
    const plain = await ask('GET', `/Observation?${query}`);
    const { rest, body } = await explained(`/Observation?${query}&_explain=true`);
    t.same(rest, plain.body.entry ?? [], query);
    t.equal(body.total, plain.body.total);
    const self = body.link.find((l: { relation: string }) => l.relation === 'self').url;
    t.match(self, /_explain=true/, 'the self link tells what was applied');
  }
});

t.test('what includes ask for is told as well', async (t) => {
  const { lines, rest } = await explained('/Observation?code=a&_include=Observation:subject&_explain=true');
  t.ok(lines.some((line) => line.startsWith('include, ')));
  t.equal(rest.at(-1)?.search.mode, 'include');
});

t.test('each page is explained', async (t) => {
  const { body } = await explained('/Observation?_count=5&_explain=true');
  const next = body.link.find((l: { relation: string }) => l.relation === 'next').url.slice(server.base.length);
  t.equal((await explained(next)).first?.search.mode, 'outcome');
});

t.test('no identifier of a resident is in it', async (t) => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'identifier=urn:id|310105195001021234&_explain=true';
  const found = await ask('POST', '/Patient/_search', body, form);
  t.equal(found.body.entry[1].resource.id, 'p');
  t.match(JSON.stringify(found.body.entry[0]), /310105…/);
  t.notOk(JSON.stringify(found.body.entry[0]).includes('310105195001021234'));
});

t.test('in compartments, over types, in batches', async (t) => {
  t.equal((await explained('/Patient/p/*?_explain=true')).first?.search.mode, 'outcome');
  t.equal((await explained('?_type=Patient,Observation&_explain=true')).first?.search.mode, 'outcome');
  const entry = [{ request: { method: 'GET', url: 'Observation?code=a&_explain=true' } }];
  const { body } = await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
  t.equal(body.entry[0].resource.entry[0].search.mode, 'outcome');
});

t.test('anything but true or false: 400', async (t) => {
  const { status, body } = await ask('GET', '/Observation?_explain=yes');
  t.equal(status, 400);
  t.match(body.issue[0].diagnostics, /"yes".*"_explain"/);
  t.equal((await explained('/Observation?_explain=false&_id=o1')).first?.search.mode, 'match');
});
