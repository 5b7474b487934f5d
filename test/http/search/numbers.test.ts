import t from 'tap';
import { entry, patient, startServer, transaction } from '#test/http/harness.ts';

/** How many resources are asked for, and quantities, in every way in which they can be asked. */

const server = await startServer({ HUFHIR_MAX_COUNT: '7', HUFHIR_DEFAULT_COUNT: '6' });
const { ask } = server;
t.teardown(() => server.stop());
const form = { 'content-type': 'application/x-www-form-urlencoded' };

const ucum = 'http://unitsofmeasure.org';
const measured = (
  id: string,
  code: string | undefined,
  unit: string | undefined,
  system: string | undefined = ucum,
) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://s.example', code: 'weight' }] },
  subject: { reference: 'Patient/p0' },
  valueQuantity: { value: 5, system: code === undefined ? undefined : system, code, unit },
});
const observations = [
  measured('odd', 'zzz', 'zzz'),
  measured('milligram', 'mg', 'mg'),
  measured('gram', 'g', 'zzz'),
  measured('plain', 'zzz', 'unit', 'http://s.example'),
  measured('long', 'z'.repeat(300), 'unit'),
  measured('bare', undefined, undefined),
];
const patients = Array.from({ length: 9 }, (_, i) => ({ ...patient(), resourceType: 'Patient', id: `p${i}` }));
for (const resource of [...patients, ...observations]) {
  const { status, text } = await ask('PUT', `/${resource.resourceType}/${resource.id}`, resource);
  if (status !== 201) throw new Error(text);
}

/** The entries of a batch entry that reads. */
async function inBatch(url: string) {
  const { body } = await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry: [entry('GET', url)] });
  const [{ response, resource }] = body.entry;
  return { status: Number.parseInt(response.status, 10), body: resource ?? response.outcome };
}

const many = ['8', '2147483648', '4294967297', '9999999999', '12345678901', '9007199254740993', '9'.repeat(400)];

t.test(
  'R4 search.html#count: as many digits as there are make a number, which is cut to the most there may be',
  async (t) => {
    for (const count of [...many, '0007']) {
      const query = `_count=${count}`;
      const answers = [
        await ask('GET', `/Patient?${query}`),
        await ask('POST', '/Patient/_search', query, form),
        await ask('GET', `?_type=Patient&${query}`),
        await ask('GET', `/Patient/_history?${query}`),
        await ask('GET', `/_history?${query}`),
        await inBatch(`Patient?${query}`),
        await inBatch(`Patient/_history?${query}`),
      ];
      for (const [i, { status, body }] of answers.entries()) {
        t.equal(status, 200, `${count.slice(0, 20)} (${i})`);
        t.equal(body.entry?.length, 7, `${count.slice(0, 20)} (${i})`);
      }
      const self = answers[0]?.body.link.find((l: { relation: string }) => l.relation === 'self').url;
      t.match(self, /\?_count=7$/, 'the self link shows what is applied');
    }
    t.equal((await ask('GET', '/Patient?_count=7')).body.entry.length, 7);
    t.equal((await ask('GET', '/Patient/p0/_history?_count=12345678901')).body.entry.length, 1);
  },
);

t.test('what is no whole number is refused', async (t) => {
  for (const count of [
    '-1',
    '-99999999999',
    '1.0',
    '1e1',
    '%2B1',
    '+1',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
    '１２',
    '',
  ]) {
    const query = `_count=${encodeURI(count)}`;
    for (const { status, body } of [
      await ask('GET', `/Patient?${query}`),
      await ask('POST', '/Patient/_search', query, form),
      await ask('GET', `/_history?${query}`),
      await ask('GET', `/Patient/_history?${query}`),
      await ask('GET', `/Patient/p0/_history?${query}`),
      await ask('GET', `/$pending-references?${query}`),
      await inBatch(`Patient?${query}`),
    ]) {
      t.equal(status, 400, count);
      t.match(body.issue?.[0].diagnostics, /_count/, count);
    }
  }
});

t.test('R4 http.html#history: the total alone, of everything, a type and one resource', async (t) => {
  for (const [at, total] of [
    ['Patient', 9],
    ['Patient/p0', 1],
    ['Observation', 6],
    ['', (await ask('GET', '/_history?_summary=count')).body.total],
  ] as const) {
    const path = `${at === '' ? '' : `/${at}`}/_history`;
    for (const query of ['_summary=count', '_count=0', '_count=000', '_summary=count&_count=3']) {
      const { status, body } = await ask('GET', `${path}?${query}`);
      t.match({ status, ...body }, { status: 200, type: 'history', total, entry: undefined }, `${path}?${query}`);
      t.match(await inBatch(`${path.slice(1)}?${query}`), {
        status: 200,
        body: { type: 'history', total, entry: undefined },
      });
    }
  }
  const all = (await ask('GET', '/_history?_count=0')).body.total;
  t.ok(all >= 12, 'everything has what the types have');
  t.equal((await ask('PUT', '/Patient/p1', { ...patient({ active: true }), id: 'p1' })).status, 200);
  t.equal((await ask('GET', '/_history?_count=0')).body.total, all + 1);
  t.equal((await ask('GET', '/Patient/_history?_count=0')).body.total, 10);
  t.equal((await ask('GET', '/Patient/p1/_history?_count=0')).body.total, 2);
});

/** R4 search.html#quantity, and what it has not. */
const quantities: readonly [value: string, found: string | RegExp][] = [
  ['5', 'bare gram long milligram odd plain'],
  [`5|${ucum}|mg`, 'milligram'],
  [`0.005|${ucum}|g`, 'milligram'],
  ['5||mg', 'milligram'],
  ['5||zzz', 'gram odd plain'],
  [`5|${ucum}|zzz`, 'odd'],
  [`5.0|${ucum}|zzz`, 'odd'],
  [`gt1|${ucum}|zzz`, 'odd'],
  [`ne4|${ucum}|zzz`, 'odd'],
  [`le5|${ucum}|zzz`, 'odd'],
  [`ap5.4|${ucum}|zzz`, 'odd'],
  [`sa5|${ucum}|zzz`, ''],
  [`6|${ucum}|zzz`, ''],
  [`5|${ucum}|ZZZ`, ''],
  ['5|http://s.example|zzz', 'plain'],
  [`5|${ucum}|mg,5|${ucum}|zzz`, 'milligram odd'],
  [`5|${ucum}|KG`, ''],
  [`5|${ucum}|${'z'.repeat(300)}`, 'long'],
  [`5|${ucum}|${'z'.repeat(299)}`, ''],
  [`5|${ucum}|`, 'gram long milligram odd'],
  [`5|${ucum}`, 'gram long milligram odd'],
  [`ge5|${ucum}`, 'gram long milligram odd'],
  [`lt5|${ucum}|`, ''],
  ['5||', 'bare gram long milligram odd plain'],
  ['5|', 'bare gram long milligram odd plain'],
  ['5|http://s.example|', 'plain'],
  ['5|http://s.example', 'plain'],
  ['5|mg', ''],
  ['5|http://s.example|mg|', /number\|system\|code/],
  ['5|||', /number\|system\|code/],
];

t.test('quantities: a number, with its system and code, or with a unit', async (t) => {
  for (const [value, found] of quantities) {
    const text = encodeURIComponent(value);
    const tuples = encodeURIComponent(
      value
        .split(',')
        .map((one) => `weight$${one}`)
        .join(','),
    );
    const answers = {
      GET: await ask('GET', `/Observation?value-quantity=${text}`),
      POST: await ask('POST', '/Observation/_search', `value-quantity=${text}`, form),
      batch: await inBatch(`Observation?value-quantity=${text}`),
      'with others': await ask('GET', `/Observation?value-quantity=${text}&subject=Patient/p0`),
      composite: await ask('GET', `/Observation?code-value-quantity=${tuples}`),
      combined: await ask('GET', `/Observation?combo-value-quantity=${text}`),
      lenient: await ask('GET', `/Observation?value-quantity=${text}`, undefined, { prefer: 'handling=lenient' }),
      ...(/^\d[^,]*$/.test(value) && {
        _filter: await ask('GET', `/Observation?_filter=value-quantity eq ${text}`),
      }),
    };
    for (const [how, { status, body }] of Object.entries(answers)) {
      if (typeof found === 'string') {
        const ids = (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id).toSorted();
        t.equal(ids.join(' '), found, `${how} ${value}`);
      } else {
        t.equal(status, 400, `${how} ${value}`);
        t.match(body.issue?.[0].diagnostics, found, `${how} ${value}`);
      }
    }
    const chain = await ask('GET', `/Patient?_has:Observation:subject:value-quantity=${text}`);
    if (typeof found === 'string') t.equal(chain.body.entry?.length, found === '' ? undefined : 1, `_has ${value}`);
    else t.equal(chain.status, 400, `_has ${value}`);
  }
});

t.test('criteria of a write find by a code that UCUM does not have, and by a system', async (t) => {
  const { id: _, ...resource } = measured('new', 'zzz', 'zzz');
  const criteria = `value-quantity=${encodeURIComponent(`5|${ucum}|zzz`)}`;
  const updated = await ask('PUT', `/Observation?${criteria}`, { ...resource, status: 'amended' });
  t.match(updated, { status: 200, body: { id: 'odd' } });
  const several = encodeURIComponent(`5|${ucum}`);
  t.equal((await ask('PUT', `/Observation?value-quantity=${several}`, resource)).status, 412);
  const plain = encodeURIComponent('5|http://s.example|');
  t.equal((await ask('POST', '/Observation', resource, { 'if-none-exist': `value-quantity=${plain}` })).status, 200);
});

t.test('criteria of a write that are no quantity: nothing is written', async (t) => {
  const before = (await ask('GET', '/Observation/_history?_count=0')).body.total;
  const { id: _, ...resource } = measured('new', 'mg', 'mg');
  for (const value of [`5|${ucum}|zzz|`, 'x5', '5|||']) {
    const criteria = `value-quantity=${encodeURIComponent(value)}`;
    const tried = [
      await ask('POST', '/Observation', resource, { 'if-none-exist': criteria }),
      await ask('PUT', `/Observation?${criteria}`, resource),
      await ask('DELETE', `/Observation?${criteria}`),
      await ask('POST', '', transaction(entry('POST', 'Observation', resource, { ifNoneExist: criteria }))),
      await ask('POST', '', transaction(entry('PUT', `Observation?${criteria}`, resource))),
    ];
    for (const [i, { status, body }] of tried.entries()) {
      t.equal(status, 400, `${value} (${i})`);
      t.match(body.issue?.[0].diagnostics, /value-quantity/, `${value} (${i})`);
    }
  }
  t.equal((await ask('GET', '/Observation/_history?_count=0')).body.total, before);
});
