import t from 'tap';
import { settings } from '#config';
import { type LimitName, limits } from '#limits';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';
import { cqlText, evaluationOf, library, measure } from './measures.ts';

/** What goes beyond a limit is refused by its name, with how much there may be; what reaches it is not refused for it. */

const small = {
  HUFHIR_MAX_BODY: '16000000',
  HUFHIR_MAX_ENTRIES: '3',
  HUFHIR_MAX_DEPTH: '50',
  HUFHIR_MAX_URL: '2000',
  HUFHIR_MAX_HEADERS: '4000',
  HUFHIR_MAX_OPERATION_BODY: '20000',
  HUFHIR_MAX_INCLUDES: '1',
  HUFHIR_CONDITIONAL_DELETE: 'multiple',
  HUFHIR_MAX_CONDITIONAL_DELETE: '2',
  HUFHIR_MAX_ANSWER: '1000',
};
const server = await startServer(small);
t.teardown(() => server.stop());
const { ask } = server;

const times = (count: number, text: string | ((i: number) => string), by = '') =>
  Array.from({ length: count }, (_, i) => (typeof text === 'string' ? text : text(i))).join(by);
const post = (type: string, ...pairs: (readonly [string, string])[]) =>
  ask('POST', `/${type}/_search`, new URLSearchParams(pairs as [string, string][]).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
  });
const find = (name: string, value: string, type = 'Patient') => post(type, [name, value]);
const jsonPatch = (operations: unknown) =>
  ask('PATCH', '/Patient/p', operations, { 'content-type': 'application/json-patch+json' });
const fhirPathPatch = (...paths: string[]) => {
  const part = (path: string) => [
    { name: 'type', valueCode: 'delete' },
    { name: 'path', valueString: path },
  ];
  const parameter = paths.map((path) => ({ name: 'operation', part: part(path) }));
  return ask('PATCH', '/Patient/p', { resourceType: 'Parameters', parameter });
};
const searchParameter = (expression: string) =>
  ask('POST', '/SearchParameter', {
    resourceType: 'SearchParameter',
    url: 'http://x.example/SearchParameter/x',
    name: 'X',
    status: 'active',
    description: 'x',
    code: 'x',
    base: ['Patient'],
    type: 'string',
    expression,
  });
const valueSet = (url: string, include: unknown[]) =>
  ask('POST', '/ValueSet', { resourceType: 'ValueSet', url, status: 'active', compose: { include } });
const concepts = (count: number, from: number) => ({
  system: 'urn:x',
  concept: Array.from({ length: count }, (_, i) => ({ code: `c${from + i}` })),
});
for (const id of ['p', 'q', 'r'])
  await ask('PUT', `/Patient/${id}`, patient({ id, name: [{ family: '张', given: [id] }] }));

type Row = readonly [beyond: () => Promise<Reply>, status: number, within?: () => Promise<Reply>];

/** All but that of the budget, which `test/unit/limits.test.ts` spends. */
const rows: Readonly<Record<Exclude<LimitName, 'search-work'>, Row>> = {
  'search-parameters': [
    () => post('Patient', ...Array.from({ length: 101 }, () => ['name', 'a'] as const)),
    400,
    () => post('Patient', ...Array.from({ length: 100 }, () => ['name', 'a'] as const)),
  ],
  'search-name-length': [() => find(`${times(250, 'link.')}name`, 'a'), 400],
  'search-chain': [() => find(`${times(11, 'link.')}name`, 'a'), 400],
  'search-values': [() => find('_id', times(1_001, 'a', ',')), 400, () => find('_id', times(1_000, 'a', ','))],
  'search-value-length': [() => find('name', times(4_001, 'a')), 400, () => find('name', times(4_000, 'a'))],
  'search-uri-length': [() => find('url:above', `http://a/${times(600, 'b/')}`, 'ValueSet'), 400],
  'search-conditions': [
    () => post('Patient', ...['a', 'b', 'c'].map((c) => ['name', times(700, (i) => c + i, ',')] as const)),
    400,
  ],
  'search-sort': [() => find('_sort', times(11, 'name', ',')), 400],
  'search-words': [() => find('_content', times(101, 'a', ' ')), 400, () => find('_content', times(100, 'a', ' '))],
  'search-words-depth': [() => find('_content', `${times(30, '(')}a${times(30, ')')}`), 400],
  'search-lookups': [
    async () => {
      for (const part of [0, 1, 2]) await valueSet(`http://x.example/part${part}`, [concepts(4_000, part * 4_000)]);
      const values = [0, 1, 2].map((part) => ['code:in', `http://x.example/part${part}`] as const);
      return post('Observation', ...values);
    },
    400,
  ],
  'value-set-sources': [
    async () => {
      // Each from the next, as far as that goes in one body of each.
      for (let i = 0; i <= 1_001; i += 1) {
        const next = { valueSet: [`http://x.example/chain${i + 1}`] };
        const made = await valueSet(`http://x.example/chain${i}`, i > 1_000 ? [concepts(1, 0)] : [next]);
        if (made.status !== 201) return made;
      }
      return find('code:in', 'http://x.example/chain0', 'Observation');
    },
    400,
  ],
  'filter-length': [() => find('_filter', `name eq "${times(16_000, 'a')}"`), 400],
  'filter-depth': [() => find('_filter', `${times(40, '(')}name eq a${times(40, ')')}`), 400],
  'filter-comparisons': [() => find('_filter', times(501, 'name eq a', ' or ')), 400],
  'operation-parameters': [() => ask('GET', `/Measure/$evaluate-measure?${times(101, 'measure=a', '&')}`), 400],
  'json-values': [() => ask('POST', '/Patient', `{"resourceType":"Patient","x":[${times(5_000_001, '1', ',')}]}`), 413],
  'narrative-depth': [
    () => {
      const div = `<div xmlns="http://www.w3.org/1999/xhtml">${times(1_001, '<b>')}a${times(1_001, '</b>')}</div>`;
      return ask('POST', '/Patient', patient({ text: { status: 'generated', div } }));
    },
    422,
  ],
  'patch-operations': [
    () => jsonPatch(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/id', value: 'p' }))),
    400,
    () => jsonPatch(Array.from({ length: 10_000 }, () => ({ op: 'test', path: '/id', value: 'p' }))),
  ],
  'patch-copies': [
    () => jsonPatch(Array.from({ length: 40 }, () => ({ op: 'copy', from: '/name', path: '/name/-' }))),
    422,
  ],
  'patch-work': [
    () => {
      const name = Array.from({ length: 9_000 }, () => ({ family: 'a' }));
      const add = { op: 'add', path: '/name', value: name };
      return jsonPatch([add, ...Array.from({ length: 9_000 }, () => ({ op: 'remove', path: '/name/0' }))]);
    },
    422,
  ],
  'patch-path-length': [() => fhirPathPatch(`Patient.name${times(500, '.name')}`), 400],
  'patch-path-work': [
    () =>
      fhirPathPatch(
        ...Array.from({ length: 900 }, (_, i) => `Patient.name.where(${times(80, `family = 'a${i}' or `)}false)`),
      ),
    400,
  ],
  'patch-work-time': [
    async () => {
      const item = Array.from({ length: 80_000 }, (_, i) => ({ item: { display: `d${i}` } }));
      await ask('PUT', '/List/many', {
        resourceType: 'List',
        id: 'many',
        status: 'current',
        mode: 'working',
        entry: item,
      });
      const part = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'List.entry.item.display.distinct()' },
        { name: 'value', valueString: 'x' },
      ];
      const parameter = [{ name: 'operation', part }];
      return ask('PATCH', '/List/many', { resourceType: 'Parameters', parameter });
    },
    400,
  ],
  'expression-length': [() => searchParameter(`Patient.id${times(2_000, ' ')}`), 422],
  'expression-depth': [
    () => searchParameter(`Patient.name.where(${times(12, '(')}exists()${times(12, ')')}).family`),
    422,
  ],
  'cql-length': [
    async () => {
      const text = (length: number) => cqlText('Long', `define "X": true //${times(length, 'x')}`);
      await ask('PUT', '/Measure/Long', measure('Long'));
      await ask('PUT', '/Library/Long', library('Long', text(5_000_000)));
      const beforeDecoding = await ask('GET', evaluationOf('Long'));
      if (beforeDecoding.status !== 422) return beforeDecoding;
      await ask('PUT', '/Library/Long', library('Long', text(1_000_000)));
      return ask('GET', evaluationOf('Long'));
    },
    422,
    async () => {
      const rest = 1_000_000 - cqlText('Long', 'define "X": true //').length;
      await ask('PUT', '/Library/Long', library('Long', cqlText('Long', `define "X": true //${times(rest, 'x')}`)));
      return ask('GET', evaluationOf('Long'));
    },
  ],
  'cql-libraries': [
    async () => {
      // Each depends on the next, as far as that goes.
      for (let i = 0; i <= 100; i += 1) {
        await ask('PUT', `/Library/C${i}`, library(`C${i}`, cqlText(`C${i}`, 'define "X": true'), [`C${i + 1}`]));
      }
      await ask('PUT', '/Measure/C0', measure('C0'));
      return ask('GET', evaluationOf('C0'));
    },
    422,
  ],
  'stratum-length': [
    async () => {
      const body = `define "X": true\ndefine "S": '${times(1_001, 's')}'`;
      await ask('PUT', '/Library/Wide', library('Wide', cqlText('Wide', body)));
      await ask('PUT', '/Measure/Wide', measure('Wide', true));
      return ask('GET', evaluationOf('Wide'));
    },
    422,
    async () => {
      const body = `define "X": true\ndefine "S": '${times(1_000, 's')}'`;
      await ask('PUT', '/Library/Wide', library('Wide', cqlText('Wide', body)));
      return ask('GET', evaluationOf('Wide'));
    },
  ],
  'told-issues': [
    () => ask('POST', '/Patient', patient(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x${i}`, 1])))),
    422,
  ],
};

t.test('limits that are fixed', async (t) => {
  for (const [name, [beyond, status, within]] of Object.entries(rows)) {
    const reply = await beyond();
    t.equal(reply.status, status, `${name}: ${reply.text.slice(0, 300)}`);
    t.match(reply.text, `limit ${name})`, name);
    t.match(reply.text, String(limits[name as LimitName].most), name);
    const reached = await within?.();
    t.notMatch(reached?.text ?? '', `limit ${name}`, `${name}: what reaches it`);
  }
});

t.test('limits that are settings', async (t) => {
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
  for (const id of ['p', 'q']) {
    await ask('POST', '/Observation', {
      ...observation,
      subject: { reference: `Patient/${id}` },
      valueString: 'x'.repeat(900),
    });
  }
  const nested = `{"resourceType":"Patient","extension":${times(60, '[')}${times(60, ']')}}`;
  const table: Readonly<Record<string, readonly [() => Promise<Reply>, number]>> = {
    HUFHIR_MAX_BODY: [() => ask('POST', '/Patient', ' '.repeat(16_000_001)), 413],
    HUFHIR_MAX_ENTRIES: [
      () => ask('POST', '/', transaction(...Array.from({ length: 4 }, () => entry('GET', 'Patient/p')))),
      413,
    ],
    HUFHIR_MAX_DEPTH: [() => ask('POST', '/Patient', nested), 400],
    HUFHIR_MAX_URL: [() => ask('GET', `/Patient?name=${times(2_000, 'a')}`), 414],
    HUFHIR_MAX_HEADERS: [() => ask('GET', '/Patient', undefined, { 'x-a': times(8_000, 'a') }), 431],
    HUFHIR_MAX_OPERATION_BODY: [() => ask('POST', '/Measure/$evaluate-measure', ' '.repeat(20_001)), 413],
    HUFHIR_MAX_INCLUDES: [() => ask('GET', '/Observation?_include=Observation:subject'), 400],
    HUFHIR_MAX_CONDITIONAL_DELETE: [() => ask('DELETE', '/Patient?family=张'), 412],
    HUFHIR_MAX_ANSWER: [
      () =>
        ask(
          'POST',
          '/',
          transaction(entry('GET', 'Observation'), entry('GET', 'Observation'), entry('GET', 'Observation')),
        ),
      400,
    ],
  };
  for (const [name, [beyond, status]] of Object.entries(table)) {
    t.ok(name in settings, name);
    const reply = await beyond();
    t.equal(reply.status, status, `${name}: ${reply.text.slice(0, 300)}`);
    t.match(reply.text, name);
    const most = small[name as keyof typeof small];
    t.match(reply.text, most, `${name}: how much there may be`);
  }
});
