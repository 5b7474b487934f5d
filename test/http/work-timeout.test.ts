import t from 'tap';
import { entry, startServer } from './harness.ts';

/** What a request may take of a processor in the pool: no look at a signal stops a FHIRPath that compares everything with everything. */
const { ask, stop } = await startServer({ HUFHIR_WORK_TIMEOUT: '2000' });
t.teardown(stop);

const item = Array.from({ length: 100_000 }, (_, i) => ({ item: { display: `d${i}` } }));
await ask('PUT', '/List/many', { resourceType: 'List', id: 'many', status: 'current', mode: 'working', entry: item });
const part = [
  { name: 'type', valueCode: 'replace' },
  { name: 'path', valueString: 'List.entry.item.display.distinct()' },
  { name: 'value', valueString: 'x' },
];
const patch = entry('PATCH', 'List/many', { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] });
const basic = entry('POST', 'Basic', { resourceType: 'Basic', code: { coding: [{ code: 'written' }] } });
const bundle = (type: string, ...entries: unknown[]) => ({ resourceType: 'Bundle', type, entry: entries });

for (const [name, body, status, code, told] of [
  [
    'a transaction',
    bundle('transaction', basic, patch),
    400,
    'too-costly',
    /2000 ms of a processor \(HUFHIR_WORK_TIMEOUT\)/,
  ],
  ['a batch that only patches', bundle('batch', patch), 400, 'too-costly', /HUFHIR_WORK_TIMEOUT/],
  ['a batch that began to write', bundle('batch', basic, patch), 503, 'commit-unknown', /it took too much work/],
] as const) {
  t.test(`HUFHIR_WORK_TIMEOUT: ${name}`, async (t) => {
    const answer = await ask('POST', '', body);
    t.equal(answer.status, status);
    const [issue] = answer.body.issue;
    t.equal(issue.details.coding[0].code, code);
    t.match(issue.diagnostics, told);
    t.equal(answer.headers.has('retry-after'), status === 503);
    t.equal((await ask('GET', '/List/many/_history?_count=0')).body.total, 1, 'nothing is patched');
  });
}
