import t from 'tap';
import { operations } from '#operations/operations.ts';
import { operation } from '#operations/request/context.ts';
import { entry, patient, startServer, transaction } from './harness.ts';

/** Operations that the table alone brings to a server: what it declares is declared, served and refused. */

const own = 'https://fhir.changning.example/OperationDefinition/';

/** Answers what it was given, as JSON. */
const echo = operation({
  name: 'echo-input',
  definition: `${own}echo-input`,
  levels: ['system', 'type', 'instance'],
  types: ['Patient', 'Group'],
  affectsState: false,
  long: false,
  title: '回显 Echo',
  documentation: '回显参数。Answers what it was given.',
  parameters: [
    { name: 'limit', use: 'in', min: 0, max: 1, type: 'unsignedInt', documentation: 'a whole number' },
    { name: 'exact', use: 'in', min: 0, max: 1, type: 'boolean', documentation: 'true or false' },
    { name: 'on', use: 'in', min: 0, max: 1, type: 'date', documentation: 'a date' },
    { name: 'url', use: 'in', min: 0, max: '*', type: 'uri', documentation: 'a URI' },
    { name: 'about', use: 'in', min: 1, max: 1, type: 'Reference', levels: ['type'], documentation: 'Patient/[id]' },
    { name: 'coding', use: 'in', min: 0, max: 1, type: 'Coding', documentation: 'a code' },
    { name: 'patient', use: 'in', min: 0, max: 1, type: 'Patient', documentation: 'a resident' },
    {
      name: 'dependency',
      use: 'in',
      min: 0,
      max: '*',
      documentation: 'what it depends on',
      parts: [
        { name: 'element', use: 'in', min: 1, max: 1, type: 'uri', documentation: 'the URI of an element' },
        { name: 'concept', use: 'in', min: 0, max: 1, type: 'CodeableConcept', documentation: 'its value' },
      ],
    },
    { name: 'return', use: 'out', min: 1, max: 1, type: 'string', documentation: 'the input' },
  ],
  async handler(_context, _caller, { type, id, input }) {
    const { coding, patient, limit, exact, dependency } = input;
    // The types come from the parameters above.
    const typed: [string | undefined, string | undefined, number | undefined, boolean | undefined, string[]] = [
      coding?.code,
      patient?.birthDate,
      limit,
      exact,
      dependency.map((d) => d.concept?.text ?? d.element),
    ];
    const parameter = [{ name: 'return', valueString: JSON.stringify({ type, id, input, typed }) }];
    return { kind: 'made', status: 200, resource: { resourceType: 'Parameters', parameter } };
  },
});

/** Changes things, and may take long. */
const touch = operation({
  name: 'touch',
  definition: 'http://example.org/OperationDefinition/touch',
  levels: ['type', 'instance'],
  affectsState: true,
  long: true,
  title: '触及 Touch',
  documentation: 'Touches something.',
  parameters: [{ name: 'any', use: 'in', min: 0, max: 1, type: 'Resource', documentation: 'a resource' }],
  async handler(_context, _caller, { input }) {
    return { kind: 'made', status: 200, resource: input.any ?? { resourceType: 'Parameters' } };
  },
});

/** Cannot be said in a URL. */
const judge = operation({
  name: 'judge',
  definition: `${own}judge`,
  levels: ['system'],
  affectsState: false,
  long: false,
  title: '判断 Judge',
  documentation: 'Judges a code.',
  parameters: [{ name: 'coding', use: 'in', min: 1, max: 1, type: 'Coding', documentation: 'a code' }],
  async handler(_context, _caller, { input }) {
    const parameter = [{ name: 'return', valueString: input.coding.code ?? '' }];
    return { kind: 'made', status: 200, resource: { resourceType: 'Parameters', parameter } };
  },
});

const { ask, base, stop } = await startServer({}, { operations: [...operations, echo, touch, judge] });
t.teardown(stop);

const given = (...parameter: unknown[]) => ({ resourceType: 'Parameters', parameter });
const echoed = (body: { parameter?: [{ valueString: string }] }) => JSON.parse(body.parameter?.[0].valueString ?? '{}');
/** `code expression` of each issue. */
const told = (body: { issue: { details: { coding: [{ code: string }] }; expression?: string[] }[] }) =>
  body.issue.map((i) => [i.details.coding[0].code, ...(i.expression ?? [])].join(' '));

t.test('the CapabilityStatement names it where it is served, and its definition is there', async (t) => {
  const [rest] = (await ask('GET', '/metadata')).body.rest;
  const named = (operation: { name: string }[] = []) => operation.map((o) => o.name);
  const of = (type: string) => named(rest.resource.find((r: { type: string }) => r.type === type).operation);
  t.same(named(rest.operation), ['pending-references', 'validate', 'echo-input', 'judge']);
  t.same(of('Patient'), ['validate', 'echo-input', 'touch']);
  t.same(of('Measure'), ['evaluate-measure', 'validate', 'touch']);
  t.same(of('Basic'), ['validate', 'touch']);
  const definitions: readonly string[] = rest.operation.map((o: { definition: string }) => o.definition);
  const ours = definitions.filter((url) => url.startsWith(own));
  for (const definition of ours) {
    const reply = await ask('GET', definition.replace(/^.*(?=\/OperationDefinition\/)/, ''));
    t.equal(reply.status, 200, definition);
    t.equal(reply.body.url, definition);
  }
  const { body } = await ask('GET', '/OperationDefinition/echo-input');
  t.match(body, {
    name: 'EchoInput',
    code: 'echo-input',
    title: '回显 Echo',
    affectsState: false,
    system: true,
    type: true,
    instance: true,
    resource: ['Patient', 'Group'],
  });
  t.match(
    body.parameter.find((p: { name: string }) => p.name === 'dependency'),
    { use: 'in', min: 0, max: '*', part: [{ name: 'element', type: 'uri', min: 1, max: '1' }, { name: 'concept' }] },
  );
  const { total } = (await ask('GET', '/OperationDefinition?_summary=count')).body;
  t.equal(total, 3, 'what another specification defines is not defined here');
  t.equal((await ask('PUT', '/OperationDefinition/echo-input', body)).status, 200, 'it is valid');
});

t.test('the OpenAPI document has its paths, its methods and its parameters', async (t) => {
  const { paths } = (await (await fetch(new URL('/openapi.json', base))).json()) as {
    paths: Record<
      string,
      { get?: { parameters: { name?: string }[] }; post: { requestBody: Record<string, unknown> } }
    >;
  };
  const table: readonly (readonly [path: string, inUrl: readonly string[] | undefined])[] = [
    ['/$echo-input', ['limit', 'exact', 'on', 'url']],
    ['/Patient/$echo-input', ['limit', 'exact', 'on', 'url', 'about']],
    ['/Group/{id}/$echo-input', ['limit', 'exact', 'on', 'url']],
    ['/{type}/$touch', undefined],
    ['/{type}/{id}/$touch', undefined],
    ['/$judge', undefined],
  ];
  for (const [path, inUrl] of table) {
    t.same(
      paths[path]?.get?.parameters.map((p) => p.name),
      inUrl,
      `GET ${path}`,
    );
    t.ok(paths[path]?.post, `POST ${path}`);
  }
  t.notOk(paths['/Basic/$echo-input']);
  t.match(paths['/$echo-input']?.post.requestBody, {
    description: /`coding` \(Coding, 0\.\.1\): a code.*\n {2}- `element` \(uri, 1\.\.1\)/s,
    content: { 'application/fhir+json': { schema: { anyOf: [{}, { $ref: '#/components/schemas/Patient' }] } } },
  });
  t.match(paths['/$judge']?.post.requestBody, { required: true });
});

const coding = { system: 'urn:s', code: 'c' };
const concept = { coding: [coding], text: 'd' };

t.test('operations.html#request: a request gives it typed arguments, at each level', async (t) => {
  const resident = patient();
  const full = given(
    { name: 'limit', valueString: '7' },
    { name: 'exact', valueBoolean: true },
    { name: 'on', valueString: '2025-02' },
    { name: 'url', valueUri: 'urn:a' },
    { name: 'coding', valueCoding: coding },
    { name: 'patient', resource: resident },
    { name: 'dependency', part: [{ name: 'element', valueUri: 'urn:e' }] },
    {
      name: 'dependency',
      part: [
        { name: 'element', valueUri: 'urn:f' },
        { name: 'concept', valueCodeableConcept: concept },
      ],
    },
  );
  const all = {
    limit: 7,
    exact: true,
    on: '2025-02',
    url: ['urn:a'],
    coding,
    patient: resident,
    dependency: [{ element: 'urn:e' }, { element: 'urn:f', concept }],
  };
  const none = { url: [], dependency: [] };
  const table: readonly (readonly [method: string, path: string, body: unknown, input: unknown])[] = [
    ['GET', '/$echo-input', undefined, none],
    ['POST', '/$echo-input', undefined, none],
    ['POST', '/$echo-input', given(), none],
    [
      'GET',
      '/$echo-input?limit=7&exact=false&url=urn:a&url=urn:b&_format=json',
      undefined,
      {
        ...none,
        limit: 7,
        exact: false,
        url: ['urn:a', 'urn:b'],
      },
    ],
    ['POST', '/$echo-input', full, all],
    ['POST', '/$echo-input?url=urn:u', full, { ...all, url: ['urn:u', 'urn:a'] }],
    ['POST', '/$echo-input?limit=3', resident, { ...none, limit: 3, patient: resident }],
    ['GET', '/Patient/$echo-input?about=Patient/a', undefined, { ...none, about: { reference: 'Patient/a' } }],
    [
      'POST',
      '/Patient/$echo-input',
      given({ name: 'about', valueReference: { display: 'x' } }),
      {
        ...none,
        about: { display: 'x' },
      },
    ],
    ['GET', '/Group/g/$echo-input?limit=1', undefined, { ...none, limit: 1 }],
    ['POST', '/Group/g/$echo-input', full, all],
  ];
  for (const [method, path, body, input] of table) {
    const reply = await ask(method, path, body);
    t.equal(reply.status, 200, `${method} ${path} ${reply.text}`);
    const [, type, id] = /^\/(\w+)(?:\/(\w+))?\/\$/.exec(path) ?? [];
    const { typed, ...call } = echoed(reply.body);
    t.same(call, { ...(type && { type }), ...(id && { id }), input }, `${method} ${path}`);
  }
  const { typed } = echoed((await ask('POST', '/$echo-input', full)).body);
  t.same(typed, ['c', '1950-01-02', 7, true, ['urn:e', 'd']]);
  const xml = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="coding"/><valueCoding><code value="x"/></valueCoding>
    </parameter></Parameters>`;
  const read = await ask('POST', '/$judge', xml, { 'content-type': 'application/fhir+xml' });
  t.equal(read.body.parameter[0].valueString, 'x');
});

t.test('every argument that is wrong is named, at its FHIRPath', async (t) => {
  const at = 'Parameters.parameter';
  const table: readonly (readonly [method: string, path: string, body: unknown, status: number, issues: string[]])[] = [
    [
      'GET',
      '/$echo-input?limit=-1&limit=x&exact=yes&on=2025-02-30&colour=red&about=Patient/a&_after=x',
      undefined,
      400,
      [...Array(5).fill('bad-parameter-value'), ...Array(3).fill('unknown-operation-parameter')],
    ],
    ['GET', '/$echo-input?limit=1&limit=2', undefined, 400, ['bad-parameter-value']],
    ['GET', '/$echo-input?coding=c&patient=p&dependency=d', undefined, 400, Array(3).fill('bad-parameter-value')],
    ['GET', '/Patient/$echo-input', undefined, 400, ['missing-parameter']],
    ['GET', '/Patient/$echo-input?about=', undefined, 400, ['bad-parameter-value']],
    [
      'POST',
      '/Patient/$echo-input',
      given({ name: 'about', valueString: ' ' }),
      400,
      [`bad-parameter-value ${at}[0].valueString`],
    ],
    [
      'GET',
      '/Measure/$evaluate-measure?periodStart=2025&periodEnd=2024&reportType=individual&subject=Organization/x',
      undefined,
      400,
      ['missing-parameter', ...Array(3).fill('bad-parameter-value')],
    ],
    [
      'GET',
      '/Measure/$evaluate-measure?periodEnd=bad&reporter=Patient/x&subject=x',
      undefined,
      400,
      ['bad-parameter-value', 'missing-parameter', 'missing-parameter', 'bad-parameter-value'],
    ],
    [
      'GET',
      '/Measure/m/$evaluate-measure?periodStart=2025&periodEnd=2025&reportType=subject&subject=',
      undefined,
      400,
      ['bad-parameter-value'],
    ],
    [
      'GET',
      '/Measure/m/$evaluate-measure?periodStart=2025&periodEnd=2025&reportType=population&subject=',
      undefined,
      400,
      Array(2).fill('bad-parameter-value'),
    ],
    ['GET', '/$echo-input?limit=zz&limit=2', undefined, 400, Array(2).fill('bad-parameter-value')],
    [
      'POST',
      '/Measure/m/$evaluate-measure',
      given(
        { name: 'periodStart', valueDateTime: '2026-01-01T10:00' },
        { name: 'periodEnd', valueDate: '2025' },
        { name: 'reportType', valueCode: 'z' },
        { name: 'subject', valueString: 'Group/1' },
        { name: 'reporter', valueReference: { reference: 'Group/2' } },
      ),
      400,
      [
        `bad-parameter-value ${at}[1].valueDate`,
        `bad-parameter-value ${at}[3].valueString`,
        `bad-parameter-value ${at}[4].valueReference`,
        `bad-parameter-value ${at}[2].valueCode`,
      ],
    ],
    [
      'POST',
      '/$echo-input',
      given(
        { name: 'limit', valueString: 'many' },
        { name: 'colour', valueString: 'red' },
        { name: 'coding', valueString: 'c' },
        { name: 'coding', valueCoding: 'c' },
        { name: 'coding', valueCoding: { code: 5, system: ['urn:s'], userSelected: true } },
        { name: 'patient', resource: { resourceType: 'Group' } },
        { name: 'patient', valueString: 'p' },
        { name: 'dependency', valueString: 'd' },
        {
          name: 'dependency',
          part: [
            { name: 'concept', valueCodeableConcept: { coding: [{ code: ' ' }] } },
            { name: 'x', valueCode: 'y' },
            5,
          ],
        },
        { name: 'url', valueUri: 'a b' },
        { name: 'exact', valueBoolean: true },
        { name: 'exact', valueBoolean: false },
      ),
      400,
      [
        `bad-parameter-value ${at}[0].valueString`,
        `unknown-operation-parameter ${at}[1].name`,
        `wrong-shape ${at}[2].valueString`,
        `wrong-shape ${at}[3].valueCoding`,
        `wrong-shape ${at}[4].valueCoding.code`,
        `wrong-shape ${at}[4].valueCoding.system`,
        `wrong-shape ${at}[5].resource`,
        `wrong-shape ${at}[6].valueString`,
        `missing-element ${at}[6].resource`,
        `wrong-shape ${at}[7].valueString`,
        `missing-element ${at}[7].part`,
        `wrong-shape ${at}[8].part[2]`,
        `bad-element-value ${at}[8].part[0].valueCodeableConcept.coding[0].code`,
        `unknown-operation-parameter ${at}[8].part[1].name`,
        `missing-parameter ${at}[8]`,
        `bad-parameter-value ${at}[9].valueUri`,
        `bad-parameter-value ${at}[11]`,
      ],
    ],
    [
      'POST',
      '/$echo-input',
      given({ name: 'coding', valueCoding: { colour: 1 } }),
      422,
      [`unknown-element ${at}[0].valueCoding.colour`],
    ],
    ['POST', '/Patient/$echo-input', given(), 400, ['missing-parameter']],
    ['POST', '/$judge', undefined, 400, ['missing-parameter']],
    ['POST', '/$echo-input', { resourceType: 'Group' }, 400, ['type-mismatch resourceType']],
    ['POST', '/$judge', patient(), 400, ['type-mismatch resourceType']],
    ['POST', '/$echo-input', given(...Array(101).fill({ name: 'url', valueUri: 'urn:a' })), 400, ['too-costly']],
  ];
  for (const [method, path, body, status, issues] of table) {
    const reply = await ask(method, path, body);
    t.equal(reply.status, status, `${method} ${path}`);
    t.same(told(reply.body), issues, `${method} ${path}`);
  }
  const { body } = await ask(
    'POST',
    '/$echo-input',
    given({ name: 'dependency', part: [{ name: 'x', valueCode: 'y' }] }),
  );
  t.match(
    body.issue.map((i: { diagnostics: string }) => i.diagnostics),
    [
      /no parameter "dependency\.x"; expected one of element, concept/,
      /"dependency\.element" is missing; expected the URI of an element/,
    ],
  );
});

t.test('what changes something, or needs more than a URL can say, is asked by POST alone', async (t) => {
  const bundle = { resourceType: 'Bundle', type: 'collection' };
  const table: readonly (readonly [method: string, path: string, body: unknown, status: number, allow?: string])[] = [
    ['GET', '/Basic/$touch', undefined, 405, 'POST'],
    ['HEAD', '/Basic/b/$touch', undefined, 405, 'POST'],
    ['PUT', '/Basic/b/$touch', {}, 405, 'POST'],
    ['GET', '/$judge', undefined, 405, 'POST'],
    ['PUT', '/$judge', {}, 405, 'POST'],
    ['PUT', '/Patient/$validate', {}, 405, 'POST'],
    ['DELETE', '/Patient/p/$validate', undefined, 405, 'GET, HEAD, POST'],
    ['PUT', '/$none', {}, 404],
    ['PUT', '/$echo-input', {}, 405, 'GET, HEAD, POST'],
    ['GET', '/$touch', undefined, 404],
    ['POST', '/$touch', '{bad', 404],
    ['POST', '/Basic/$echo-input', '{bad', 404],
    ['POST', '/Basic/$touch', bundle, 200],
    ['POST', '/Basic/b/$touch', undefined, 200],
    ['HEAD', '/$echo-input', undefined, 200],
  ];
  for (const [method, path, body, status, allow] of table) {
    const reply = await ask(method, path, body);
    t.equal(reply.status, status, `${method} ${path}`);
    t.equal(reply.headers.get('allow'), allow ?? null, `${method} ${path}`);
    if (allow !== undefined && method !== 'HEAD') {
      const expected = `expected ${allow.replace(' HEAD,', '')}.`;
      t.ok(reply.body.issue[0].diagnostics.endsWith(expected), `${reply.text} ${expected}`);
    }
  }
  const batch = {
    ...transaction(entry('GET', 'Basic/$touch'), entry('POST', 'Basic/$touch', bundle), entry('GET', '$echo-input')),
    type: 'batch',
  };
  const statuses = (await ask('POST', '', batch)).body.entry.map(
    (e: { response: { status: string } }) => e.response.status,
  );
  t.match(statuses, [/^405/, /^200/, /^200/]);
});

t.test('async.html: what is long is accepted, and wrong arguments are refused before', async (t) => {
  const async = { prefer: 'respond-async' };
  t.equal((await ask('POST', '/Basic/$touch', patient(), async)).status, 202);
  t.equal((await ask('POST', '/Basic/$touch?colour=red', undefined, async)).status, 400);
  t.equal((await ask('GET', '/$echo-input', undefined, async)).status, 200);
});

t.test('a period of $evaluate-measure is said in dates and times as searches take them', async (t) => {
  const table: readonly (readonly [periodStart: string, start: string])[] = [
    ['2025', '2025-01-01T00:00:00+08:00'],
    ['2025-02', '2025-02-01T00:00:00+08:00'],
    ['2025-02-03T04:05', '2025-02-03T04:05:00+08:00'],
    ['2025-02-03T04:05:06', '2025-02-03T04:05:06+08:00'],
    ['2025-02-03T04:05Z', '2025-02-03T12:05:00+08:00'],
    ['2025-02-03T04:05:06.700Z', '2025-02-03T12:05:06.700+08:00'],
  ];
  for (const [periodStart, start] of table) {
    const period = `periodStart=${periodStart}&periodEnd=2025`;
    const reply = await ask('GET', `/Measure/cn-sh-11-record-coverage/$evaluate-measure?${period}`);
    t.equal(reply.body.period?.start, start, `${periodStart} ${reply.text.slice(0, 300)}`);
  }
});
