import t, { type Test } from 'tap';
import { entry, patient, type Reply, startServer, type TestServer, transaction } from './harness.ts';

/** What the server says of itself holds: each interaction that its CapabilityStatement declares is asked of it. */

const patchJson = { 'content-type': 'application/json-patch+json' };

/** One request that shows an interaction, and the status that it shows it with. */
type Proof = readonly [status: number, ask: (server: TestServer) => Promise<Reply>];

/** Each works on resources of its own, by a place in `identifier`. */
const of = (place: string) => patient({ identifier: [{ system: 'urn:test', value: place }] });
const replace = [{ op: 'replace', path: '/gender', value: 'female' }];

async function put(server: TestServer, id: string): Promise<void> {
  const { status, text } = await server.ask('PUT', `/Patient/${id}`, { ...of(id), id });
  if (status !== 200 && status !== 201) throw new Error(text);
}

const onType: Readonly<Record<string, Proof>> = {
  read: [200, (s) => put(s, 'r').then(() => s.ask('GET', '/Patient/r'))],
  vread: [200, (s) => put(s, 'v').then(() => s.ask('GET', '/Patient/v/_history/1'))],
  update: [200, (s) => put(s, 'u').then(() => s.ask('PUT', '/Patient/u', { ...of('u'), id: 'u', active: true }))],
  patch: [200, (s) => put(s, 'p').then(() => s.ask('PATCH', '/Patient/p', replace, patchJson))],
  delete: [204, (s) => put(s, 'd').then(() => s.ask('DELETE', '/Patient/d'))],
  'history-instance': [200, (s) => put(s, 'h').then(() => s.ask('GET', '/Patient/h/_history'))],
  'history-type': [200, (s) => s.ask('GET', '/Patient/_history')],
  create: [201, (s) => s.ask('POST', '/Patient', patient())],
  'search-type': [200, (s) => s.ask('GET', '/Patient?gender=male')],
};

const onSystem: Readonly<Record<string, Proof>> = {
  transaction: [200, (s) => s.ask('POST', '', transaction(entry('POST', 'Patient', patient())))],
  batch: [200, (s) => s.ask('POST', '', { ...transaction(entry('GET', 'Patient')), type: 'batch' })],
  'search-system': [200, (s) => s.ask('GET', '?_type=Patient,Basic&_lastUpdated=gt2000')],
  'history-system': [200, (s) => s.ask('GET', '/_history')],
};

/** What elements of the statement other than interactions promise, where they have these values. */
const promises: Readonly<Record<string, Proof>> = {
  'readHistory true': onType.vread as Proof,
  'updateCreate true': [201, (s) => s.ask('PUT', '/Patient/new', { ...patient(), id: 'new' })],
  'versioning versioned': onType.update as Proof,
  'conditionalCreate true': [
    200,
    (s) => put(s, 'cc').then(() => s.ask('POST', '/Patient', of('cc'), { 'if-none-exist': 'identifier=urn:test|cc' })),
  ],
  'conditionalRead full-support': [
    304,
    async (s) => {
      await put(s, 'cr');
      const first = await s.ask('GET', '/Patient/cr');
      const since = await s.ask('GET', '/Patient/cr', undefined, {
        'if-modified-since': first.headers.get('last-modified') ?? '',
      });
      if (since.status !== 304) return since;
      return s.ask('GET', '/Patient/cr', undefined, { 'if-none-match': first.headers.get('etag') ?? '' });
    },
  ],
  'conditionalUpdate true': [
    200,
    (s) => put(s, 'cu').then(() => s.ask('PUT', '/Patient?identifier=urn:test|cu', { ...of('cu'), active: true })),
  ],
  'conditionalDelete single': [204, (s) => put(s, 'cd').then(() => s.ask('DELETE', '/Patient?identifier=urn:test|cd'))],
  'conditionalDelete multiple': [
    204,
    async (s) => {
      for (const id of ['m1', 'm2']) await s.ask('PUT', `/Patient/${id}`, { ...of('m'), id });
      const version = { 'if-match': 'W/"1"' };
      return s.ask('DELETE', '/Patient?identifier=urn:test|m', undefined, version);
    },
  ],
  'versioning versioned-update': [
    200,
    async (s) => {
      await s.ask('PUT', '/Patient/vu', { ...of('vu'), id: 'vu' });
      const blind = await s.ask('PUT', '/Patient/vu', { ...of('vu'), id: 'vu' });
      if (blind.status < 400) return { ...blind, status: 0 };
      return s.ask('PUT', '/Patient/vu', { ...of('vu'), id: 'vu' }, { 'if-match': 'W/"1"' });
    },
  ],
  'referencePolicy literal,logical,resolves': [
    200,
    async (s) => {
      await put(s, 'rp');
      const subject = { identifier: { system: 'urn:test', value: 'rp' } };
      await s.ask('PUT', '/Basic/rp', { resourceType: 'Basic', id: 'rp', code: { text: 'x' }, subject });
      const found = await s.ask('GET', '/Basic?subject=Patient/rp');
      return found.body.entry?.length === 1 ? found : { ...found, status: 0 };
    },
  ],
};

const namedOperations: Readonly<Record<string, Proof>> = {
  'pending-references': [200, (s) => s.ask('GET', '/$pending-references')],
  validate: [200, (s) => s.ask('POST', '/Patient/$validate', { resourceType: 'Patient' })],
  'evaluate-measure': [
    200,
    (s) => s.ask('GET', '/Measure/cn-sh-11-record-coverage/$evaluate-measure?periodStart=2025&periodEnd=2025'),
  ],
};

const patches: Readonly<Record<string, string>> = {
  'application/json-patch+json': JSON.stringify(replace),
  'application/fhir+json': JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          { name: 'type', valueCode: 'replace' },
          { name: 'path', valueString: 'Patient.gender' },
          { name: 'value', valueCode: 'other' },
        ],
      },
    ],
  }),
  'application/fhir+xml': `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
    <part><name value="type"/><valueCode value="replace"/></part>
    <part><name value="path"/><valueString value="Patient.gender"/></part>
    <part><name value="value"/><valueCode value="unknown"/></part></parameter></Parameters>`,
};

interface Coded {
  readonly code: string;
}

async function prove(t: Test, server: TestServer, name: string, proof: Proof | undefined): Promise<void> {
  if (proof === undefined) return void t.fail(`no proof of ${name}`);
  const [status, ask] = proof;
  const reply = await ask(server);
  t.equal(reply.status, status, name, { text: reply.text.slice(0, 500) });
}

/** `versioning versioned` and so on: what a type is declared to do beside its interactions and searches. */
function promised(declared: Readonly<Record<string, unknown>>): string[] {
  const others = [
    'type',
    'profile',
    'supportedProfile',
    'interaction',
    'operation',
    'searchInclude',
    'searchRevInclude',
    'searchParam',
  ];
  return Object.entries(declared)
    .filter(([name]) => !others.includes(name))
    .map(([name, value]) => `${name} ${value}`);
}

t.test('what the CapabilityStatement declares works', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const statement = (await server.ask('GET', '/metadata')).body;
  const [rest] = statement.rest;
  const ofType = (type: string) => rest.resource.find((r: { type: string }) => r.type === type);

  await t.test('for a type', async (t) => {
    for (const { code } of ofType('Patient').interaction as Coded[]) await prove(t, server, code, onType[code]);
    for (const promise of promised(ofType('Patient'))) await prove(t, server, promise, promises[promise]);
    t.same(ofType('Patient').supportedProfile, ['https://fhir.changning.example/StructureDefinition/cn-sh-patient']);
  });

  await t.test('for the whole server', async (t) => {
    for (const { code } of rest.interaction as Coded[]) await prove(t, server, code, onSystem[code]);
    const ofTypes = rest.resource.flatMap((r: { operation?: { name: string }[] }) => r.operation ?? []);
    const names = [...rest.operation, ...ofTypes].map((o: { name: string }) => o.name);
    for (const name of new Set<string>(names)) await prove(t, server, name, namedOperations[name]);
    for (const url of rest.compartment as string[]) {
      const type = url.replace(/^.*\/(.)/, (_, first: string) => first.toUpperCase());
      t.equal((await server.ask('GET', `/${type}/1/*`)).status, 200, url);
    }
    t.equal(rest.compartment.length, 5);
  });

  await t.test('in each format', async (t) => {
    for (const format of statement.format) {
      const reply = await server.ask('GET', `/metadata?_format=${encodeURIComponent(format)}`);
      t.equal(reply.status, 200, format);
      t.match(reply.headers.get('content-type'), `application/fhir+${format.slice(format.search(/json|xml/))}`);
    }
    await put(server, 'f');
    for (const format of statement.patchFormat) {
      const reply = await server.ask('PATCH', '/Patient/f', patches[format], { 'content-type': format });
      t.equal(reply.status, 200, `patch as ${format}`, { text: reply.text });
    }
  });

  await t.test('as it is asked for', async (t) => {
    const cases: [path: string, status: number, text: string][] = [
      ['/metadata', 200, '"searchInclude"'],
      ['/metadata?mode=full', 200, '"searchInclude"'],
      ['/metadata?mode=normative', 200, '"searchParam"'],
      ['/metadata?mode=terminology', 400, 'no terminology operation is served'],
      ['/metadata?unheard-of=1', 400, '\\"unheard-of\\" is not defined for metadata'],
    ];
    for (const [path, status, text] of cases) {
      const reply = await server.ask('GET', path);
      t.equal(reply.status, status, path);
      t.ok(reply.text.includes(text), `${path} tells ${text}`);
      t.equal((await server.ask('HEAD', path)).status, status, `HEAD ${path}`);
    }
  });
});

t.test('what it declares where several may be deleted, and versions must be named', async (t) => {
  const server = await startServer({ HUFHIR_CONDITIONAL_DELETE: 'multiple', HUFHIR_IF_MATCH: 'required' });
  t.teardown(server.stop);
  const [rest] = (await server.ask('GET', '/metadata')).body.rest;
  const declared = promised(rest.resource.find((r: { type: string }) => r.type === 'Patient'));
  for (const promise of ['conditionalDelete multiple', 'versioning versioned-update']) {
    t.ok(declared.includes(promise), promise);
    await prove(t, server, promise, promises[promise]);
  }
});

t.test('the document and the page', async (t) => {
  const server = await startServer({ HUFHIR_AUTH: 'required' });
  t.teardown(server.stop);
  const get = (path: string, method = 'GET') =>
    fetch(`${new URL(server.base).origin}${path}`, { method, redirect: 'manual' });
  const cases: [path: string, status: number, type: string][] = [
    ['/openapi.json', 200, 'application/json'],
    ['/api/', 200, 'text/html'],
    ['/api/page.js', 200, 'text/javascript'],
    ['/api/swagger-ui.css', 200, 'text/css'],
    ['/api/swagger-ui-bundle.js', 200, 'application/javascript'],
    ['/api/index.html', 404, 'application/fhir+json'],
    ['/api/package.json', 404, 'application/fhir+json'],
    ['/api/swagger-ui.js.map', 404, 'application/fhir+json'],
    ['/api/../package.json', 404, 'application/fhir+json'],
    ['/api/%2e%2e/package.json', 404, 'application/fhir+json'],
  ];
  for (const [path, status, type] of cases) {
    for (const method of ['GET', 'HEAD']) {
      const reply = await get(path, method);
      t.equal(reply.status, status, `${method} ${path}`);
      t.match(reply.headers.get('content-type'), type);
      if (status === 200 && path.startsWith('/api/')) {
        t.match(reply.headers.get('content-security-policy'), /^default-src 'self'; /, path);
        t.equal(reply.headers.get('x-content-type-options'), 'nosniff');
      }
    }
  }
  const moved = await get('/api');
  t.same([moved.status, moved.headers.get('location')], [302, 'api/']);
  const page = await (await get('/api/')).text();
  t.ok(page.indexOf('接口试用') < page.indexOf('Try the API'), 'Chinese first');
  t.notMatch(page, /<script(?![^>]* src=)/, 'no script in the page itself');
  for (const [, link = ''] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
    if (link.startsWith('data:')) continue;
    t.equal((await get(new URL(link, `${new URL(server.base).origin}/api/`).pathname)).status, 200, link);
  }
  const document = await (await get('/openapi.json')).json();
  t.match(document, { openapi: '3.1.0', servers: [{ url: `${new URL(server.base).origin}/fhir` }, { url: '/fhir' }] });
});

/** A value for each parameter of URLs that is no search parameter. */
const values: Readonly<Record<string, string>> = {
  _format: 'json',
  _pretty: 'true',
  _summary: 'data',
  _elements: 'active',
  _count: '1',
  _sort: '_id',
  _total: 'accurate',
  _include: 'Patient:link',
  _revinclude: 'Observation:subject',
  _type: 'Patient',
  _text: 'x',
  _content: 'x',
  _list: 'l',
  _filter: '_id eq 1',
  _explain: 'true',
  _since: '2020',
  _at: '2020',
  mode: 'full',
};

interface Named {
  readonly $ref: string;
}

t.test('each parameter that the document offers is heeded', async (t) => {
  const server = await startServer();
  t.teardown(server.stop);
  const base = `${new URL(server.base).origin}/fhir`;
  const headers = { 'content-type': 'application/fhir+json' };
  await fetch(`${base}/Patient/1`, { method: 'PUT', headers, body: JSON.stringify({ ...patient(), id: '1' }) });
  const list = { resourceType: 'List', id: 'l', status: 'current', mode: 'working' };
  await fetch(`${base}/List/l`, { method: 'PUT', headers, body: JSON.stringify(list) });
  const { paths, components } = (await (await fetch(`${new URL(server.base).origin}/openapi.json`)).json()) as {
    paths: Record<string, { parameters: Named[]; get?: { tags: string[]; parameters?: Named[] } }>;
    components: { parameters: Record<string, { name: string; in: string }> };
  };
  let asked = 0;
  for (const [path, { parameters, get }] of Object.entries(paths)) {
    if (get === undefined || !/^(Patient|system)$/.test(get.tags[0] ?? '') || path.includes('{job}')) continue;
    const url = `${base}${path.replace('{type}', 'Patient').replace('{id}', '1').replace('{version}', '1').replace('{member}', '*')}`;
    const offered = [...parameters, ...(get.parameters ?? [])].flatMap(({ $ref }) => {
      const parameter = components.parameters[$ref?.split('/')[3] ?? ''];
      return parameter?.in === 'query' && parameter.name in values ? [parameter.name] : [];
    });
    for (const name of offered) {
      const reply = await fetch(`${url}?${name}=${values[name]}`);
      const text = await reply.text();
      t.equal(reply.status, 200, `${path}?${name}=${values[name]}`, { text });
      asked++;
    }
    const other = await fetch(`${url}?_unheard-of=1`);
    t.equal(other.status, 400, `${path}?_unheard-of=1 is refused`);
    await other.text();
  }
  t.ok(asked > 40, `${asked} asked`);
});
