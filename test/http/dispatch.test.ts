import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { entry, patient, startServer, transaction } from './harness.ts';

/**
 * Which thread answers: that which speaks HTTP what is small, one of the pool what brings much, or works on much that is stored, however
 * small the request is.
 */
const largeBody = 20_000;
const largeRead = 60_000;
const { ask, base, context, stop } = await startServer({
  HUFHIR_LARGE_BODY: String(largeBody),
  HUFHIR_LARGE_READ: String(largeRead),
});
t.teardown(stop);

/** A List of about so many bytes of JSON, and one more. */
const list = (id: string, bytes: number) => ({
  resourceType: 'List',
  ...(id !== '' && { id }),
  status: 'current',
  mode: 'working',
  entry: Array.from({ length: Math.ceil(bytes / 40) }, (_, i) => ({ item: { reference: `Patient/p${i % 10}` } })),
});

await ask('PUT', '/List/large', list('large', 200_000));
await ask('PUT', '/List/middle', list('middle', 40_000));
await ask('PUT', '/List/small', list('small', 500));
await ask('PUT', '/Patient/p1', patient({ id: 'p1' }));
await ask('PUT', '/CodeSystem/large', {
  resourceType: 'CodeSystem',
  id: 'large',
  url: 'http://x.example/large',
  status: 'active',
  content: 'complete',
  concept: Array.from({ length: 2_000 }, (_, i) => ({ code: `c${i}`, display: 'a concept' })),
});

const jsonPatch = [{ op: 'replace', path: '/status', value: 'retired' }];
const jsonPatched = { 'content-type': 'application/json-patch+json' };
const fhirPathPatch = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'List.status' },
        { name: 'value', valueCode: 'retired' },
      ],
    },
  ],
};
const xml = { accept: 'application/fhir+xml' };
const batch = { resourceType: 'Bundle', type: 'batch', entry: [entry('PUT', 'Patient/p2', patient({ id: 'p2' }))] };
const basic = { resourceType: 'Basic', code: { coding: [{ code: 'written' }] } };
const conditional = { ...list('', 0), entry: [{ item: { reference: 'Patient?_id=p1' } }] };

type Ask = readonly [name: string, method: string, path: string, body?: unknown, headers?: Record<string, string>];

const here: readonly Ask[] = [
  ['a read', 'GET', '/Patient/p1'],
  ['a read of one between the bounds', 'GET', '/List/middle'],
  ['a read in XML', 'GET', '/Patient/p1', undefined, xml],
  ['a search', 'GET', '/Patient?name=x'],
  ['an include of something small', 'GET', '/List?_id=small&_include=List:item'],
  ['a history', 'GET', '/Patient/p1/_history'],
  ['a create', 'POST', '/Patient', patient()],
  ['a conditional create', 'POST', '/Patient', patient(), { 'if-none-exist': '_id=p1' }],
  ['a JSON Patch of something small', 'PATCH', '/List/small', jsonPatch, jsonPatched],
  ['a transaction of plain writes', 'POST', '', transaction(entry('POST', 'Patient', patient()))],
  [
    'a transaction with criteria',
    'POST',
    '',
    transaction(entry('POST', 'Patient', patient(), { ifNoneExist: '_id=p1' })),
  ],
  ['a batch of plain writes', 'POST', '', batch],
  [
    'a bundle of small entries',
    'POST',
    '',
    transaction(...Array.from({ length: 4 }, () => entry('POST', 'List', list('', 10_000)))),
  ],
  ['a deletion of something large', 'DELETE', '/CodeSystem/none'],
  ['the CapabilityStatement', 'GET', '/metadata'],
  ['an operation', 'GET', '/$pending-references'],
  ['$validate of something small that is stored', 'GET', '/List/small/$validate'],
];

const inPool: readonly Ask[] = [
  ['a read of something large', 'GET', '/List/large'],
  ['its head', 'HEAD', '/List/large'],
  ['a version of it', 'GET', '/List/large/_history/1'],
  ['its history', 'GET', '/List/large/_history'],
  ['it in XML', 'GET', '/List/large', undefined, xml],
  ['it indented', 'GET', '/List/large?_pretty=true'],
  ['its summary', 'GET', '/List/large?_summary=true'],
  ['some of its elements', 'GET', '/List/large?_elements=status'],
  ['a search that finds it', 'GET', '/List?_id=large'],
  ['a search by POST', 'POST', '/List/_search', '_id=large', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['an include of what it refers to', 'GET', '/List?_id=large&_include=List:item'],
  ['a reverse include that finds it', 'GET', '/Patient?_id=p1&_revinclude=List:item'],
  ['the members of it', 'GET', '/Patient?_list=large'],
  ['a JSON Patch of it', 'PATCH', '/List/large', jsonPatch, jsonPatched],
  ['a JSON Patch of what is checked as a large body is', 'PATCH', '/List/middle', jsonPatch, jsonPatched],
  ['a FHIRPath Patch, however small', 'PATCH', '/List/small', fhirPathPatch],
  ['$validate of it', 'GET', '/List/large/$validate'],
  ['$validate of what is checked as a large body is', 'GET', '/List/middle/$validate'],
  ['codes below one of a large system', 'GET', '/Condition?code:below=http://x.example/large|c1'],
  ['a large page', 'GET', '/Patient?_count=1000'],
  ['a batch that reads', 'POST', '', { ...batch, entry: [...batch.entry, entry('GET', 'Patient/p1')] }],
  ['a batch whose references are looked up', 'POST', '', { ...batch, entry: [entry('POST', 'List', conditional)] }],
  ['a bundle with a large entry', 'POST', '', transaction(entry('POST', 'List', list('', 2 * largeBody)))],
  [
    'a large bundle',
    'POST',
    '',
    transaction(...Array.from({ length: 8 }, () => entry('POST', 'List', list('', 10_000)))),
  ],
  ['a transaction that reads', 'POST', '', transaction(entry('GET', 'Patient/p1'))],
  ['a transaction that patches', 'POST', '', transaction(entry('PATCH', 'List/small', fhirPathPatch))],
  ['a large body', 'POST', '/List', list('', 2 * largeBody)],
  ['a conditional create that finds it', 'POST', '/List', list('', 100), { 'if-none-exist': '_id=large' }],
];

for (const [expected, table] of [
  [0, here],
  [1, inPool],
] as const) {
  for (const [name, method, path, body, headers] of table) {
    t.test(`${expected === 0 ? 'the main thread' : 'the pool'}: ${name}`, async (t) => {
      const before = context.pool.counts.begun;
      const { status, text } = await ask(method, path, body, headers);
      t.ok(status < 300, `${status} ${text.slice(0, 300)}`);
      t.equal(context.pool.counts.begun - before, expected);
    });
  }
}

t.test('what was done anew in the pool is as if it had been done once', async (t) => {
  const versions = async (path: string) => (await ask('GET', `${path}/_history`)).body.total;
  const before = await versions('/List/middle');
  await ask(
    'PATCH',
    '/List/middle',
    jsonPatch.map((op) => ({ ...op, value: 'entered-in-error' })),
    jsonPatched,
  );
  t.equal(await versions('/List/middle'), before + 1);
  const found = await ask('GET', '/List?_id=large&_include=List:item');
  t.strictSame(
    found.body.entry.map((e: { resource: { resourceType: string; id: string } }) => e.resource.id),
    ['large', 'p1', 'p2'],
  );
});

t.test(
  'a batch with an operation is worked on where the results of operations are, and nothing heavy there',
  async (t) => {
    const before = context.pool.counts.begun;
    const { body } = await ask('POST', '', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        entry('PUT', 'Patient/p3', patient({ id: 'p3' })),
        entry('GET', '$pending-references'),
        entry('GET', 'List/large'),
        entry('PATCH', 'List/small', fhirPathPatch),
        entry('GET', 'Patient?_count=1000'),
        entry('GET', 'Patient/p1'),
      ],
    });
    const told = (e: {
      response: { status: string; outcome?: { issue: { details: { coding: { code: string }[] } }[] } };
    }) => [e.response.status.slice(0, 3), e.response.outcome?.issue[0]?.details.coding[0]?.code].join(' ').trim();
    const refused = '400 too-costly';
    t.strictSame(body.entry.map(told), ['201', '200', refused, refused, refused, '200']);
    t.equal(context.pool.counts.begun, before);
  },
);

t.test('what nobody waits for ends, also where nothing looks at a signal and a write stands beside it', async (t) => {
  await ask('PUT', '/List/many', {
    ...list('many', 0),
    entry: Array.from({ length: 100_000 }, (_, i) => ({ item: { display: `d${i}` } })),
  });
  const endless = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'List.entry.item.display.distinct()' },
          { name: 'value', valueString: 'x' },
        ],
      },
    ],
  };
  const left = { ...batch, entry: [entry('POST', 'Basic', basic), entry('PATCH', 'List/many', endless)] };
  const leaving = new AbortController();
  const before = context.pool.counts.begun;
  const gone = fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(left),
    signal: leaving.signal,
  });
  while (context.pool.counts.begun === before) await setTimeout(20);
  await setTimeout(1_000);
  const used = process.cpuUsage();
  leaving.abort();
  await t.rejects(gone);
  while (context.pool.counts.running > 0) await setTimeout(20);
  const { user, system } = process.cpuUsage(used);
  // By itself it would take minutes.
  t.ok((user + system) / 1e6 < 30, `${(user + system) / 1e6} s of processors`);
});
