import t from 'tap';
import { entry, patient, type Reply, startServer, transaction } from './harness.ts';

/**
 * Conditional creates and updates (R4 http.html#ccreate, #cond-update): whoever sends one again finds what the first made, or is told
 * that it cannot be found.
 */
const server = await startServer();
const { ask } = server;
t.teardown(() => server.stop());

const system = 'urn:example:own';
let made = 0;
const own = (): string => `own-${++made}`;
const identified = (value: string, more: object = {}) => ({
  ...patient({ ...more }),
  identifier: [{ system, value }] as const,
});

const observation = (more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] },
  effectiveDateTime: '2025-03-01T08:00:00+08:00',
  valueQuantity: { value: 36.6, system: 'http://unitsofmeasure.org', code: 'Cel' },
  ...more,
});

/** The ways to send a resource of a type with criteria. */
const ways: readonly {
  readonly name: string;
  readonly send: (type: string, criteria: string, resource: unknown) => Promise<Reply>;
  readonly expression?: string;
}[] = [
  { name: 'If-None-Exist', send: (type, x, resource) => ask('POST', `/${type}`, resource, { 'if-none-exist': x }) },
  { name: 'a conditional update', send: (type, x, resource) => ask('PUT', `/${type}?${x}`, resource) },
  {
    name: 'ifNoneExist of an entry',
    send: (type, x, resource) => ask('POST', '', transaction(entry('POST', type, resource, { ifNoneExist: x }))),
    expression: 'Bundle.entry[0].request.ifNoneExist',
  },
  {
    name: 'the url of an entry',
    send: (type, x, resource) => ask('POST', '', transaction(entry('PUT', `${type}?${x}`, resource))),
    expression: 'Bundle.entry[0].request.url',
  },
];

/** Criteria that the resource does not satisfy, and the parameters that the refusal names. */
const unmet: readonly (readonly [criteria: string, resource: Record<string, unknown>, named: string])[] = [
  [`identifier=${system}|another`, identified('one'), 'identifier'],
  [`identifier=${system}|A+B`, identified('A+B'), 'identifier'],
  [`identifier=${system}|one&gender=female&birthdate=1951`, identified('one'), 'gender, birthdate'],
  ['name=%E6%9D%8E', patient(), 'name'],
  ['birthdate=ge2000', patient(), 'birthdate'],
  ['name:missing=true', patient(), 'name:missing'],
  ['gender:not=male', patient(), 'gender:not'],
  ['_tag=urn:example:tags|x', patient(), '_tag'],
  ['_profile=http://example.org/p', patient(), '_profile'],
  ['_content=influenza', patient(), '_content'],
  ['_filter=gender eq female', patient(), '_filter'],
  ['organization=Organization/other', patient(), 'organization'],
  ['organization.name=x', patient(), 'organization.name'],
  ['organization.name=x', patient({ managingOrganization: { reference: 'Organization/none' } }), 'organization.name'],
  ['organization=Organization/x', patient({ managingOrganization: { identifier: { value: 'x' } } }), 'organization'],
  ['_has:Observation:subject:code=x', patient(), '_has:Observation:subject:code'],
  ['_lastUpdated=lt2000', patient(), '_lastUpdated'],
  ['value-quantity=37.0||Cel', observation(), 'value-quantity'],
  ['value-quantity=36.6|http://unitsofmeasure.org|K', observation(), 'value-quantity'],
  ['date=lt2025-03-01T00:00:00Z', observation(), 'date'],
  ['code-value-quantity=http://loinc.org|8310-5$37.0', observation(), 'code-value-quantity'],
  ['subject=Patient/none', observation(), 'subject'],
];

t.test('criteria that the resource does not satisfy are refused, and nothing is stored', async (t) => {
  const before = await counts();
  for (const { name, send, expression } of ways) {
    for (const [criteria, resource, named] of unmet) {
      const { status, body } = await send(String(resource.resourceType), criteria, resource);
      t.equal(status, 422, `${name}: ${criteria}`);
      const [{ code, diagnostics, ...issue }] = body.issue;
      t.equal(issue.expression?.[0], expression, criteria);
      t.match([code, diagnostics], ['business-rule', `its own criteria (${named}), so`], `${name}: ${criteria}`);
    }
  }
  t.same(await counts(), before);
});

t.test('no value is told, and a blank that may have been a + is', async (t) => {
  const create = async (criteria: string, resource: unknown) =>
    (await ask('POST', '/Patient', resource, { 'if-none-exist': criteria })).body.issue[0].diagnostics;
  t.notMatch(await create(`identifier=${system}|310105194901010017`, patient()), /3101/);
  t.match(await create(`identifier=${system}|A+B`, identified('A+B')), '%2B');
  t.notMatch(await create(`identifier=${system}|A`, identified('B')), '%2B');
});

/** Criteria that it does satisfy, whatever they rest on: the second time it is found. */
t.test('criteria that the resource satisfies find it again', async (t) => {
  const organization = `o-${own()}`;
  await ask('PUT', `/Organization/${organization}`, {
    resourceType: 'Organization',
    id: organization,
    name: 'Clinic',
    identifier: [{ system, value: organization }],
  });
  const member = { managingOrganization: { reference: `Organization/${organization}` } };
  const known = { managingOrganization: { type: 'Organization', identifier: { system, value: organization } } };
  const table: readonly (readonly [criteria: string, more: object])[] = [
    ['', {}],
    ['name=%E5%BC%A0', {}],
    ['birthdate=1950-01-02', {}],
    ['gender:not=female&death-date:missing=true', {}],
    [`organization=${organization}`, member],
    ['organization.name=Clinic', member],
    ['organization:Organization.name:exact=Clinic', member],
    [`organization=Organization/${organization}`, known],
    [`organization:identifier=${system}|${organization}`, known],
    ['organization.name=Clinic', known],
    ['_lastUpdated=ge2020', {}],
    ['_has:Observation:subject:code:not=x', {}],
    ['_filter=name co "张" and not (organization.name eq "Hospital")', member],
  ];
  for (const { name, send } of ways) {
    for (const [criteria, more] of table) {
      const value = own();
      const search = `identifier=${system}|${value}${criteria === '' ? '' : `&${criteria}`}`;
      const encoded = search.replace(/[^\x21-\x7e]/g, encodeURIComponent);
      const resource = identified(value, more);
      const seen: unknown[] = [];
      for (let i = 0; i < 2; i++) {
        const { status, body } = await send('Patient', encoded, resource);
        seen.push(body.entry === undefined ? status : Number.parseInt(body.entry[0].response.status, 10));
      }
      const refused = criteria.startsWith('_has');
      t.same(seen, refused ? [422, 422] : [201, 200], `${name}: ${criteria}`);
      const { total } = (await ask('GET', `/Patient?identifier=${system}|${value}&_summary=count`)).body;
      t.equal(total, refused ? 0 : 1);
    }
  }
});

t.test('criteria are judged by what the whole transaction stores', async (t) => {
  const value = own();
  const visit = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } };
  const urn = 'urn:uuid:0b7e2a6c-5a0e-4b8c-9c59-2f5f8c6d1e01';
  const bundle = transaction(
    entry(
      'POST',
      'Encounter',
      { ...visit, subject: { reference: urn } },
      {
        ifNoneExist: `subject:Patient.identifier=${system}|${value}`,
      },
    ),
    entry('POST', 'Patient', identified(value), { fullUrl: urn, ifNoneExist: `identifier=${system}|${value}` }),
  );
  const statuses = async () => {
    const { body } = await ask('POST', '', bundle);
    return body.entry.map((e: { response: { status: string } }) => e.response.status.slice(0, 3));
  };
  t.same(await statuses(), ['201', '201']);
  t.same(await statuses(), ['200', '200']);
  const conditional = identified(own(), {
    managingOrganization: { reference: `Organization?identifier=${system}|none` },
  });
  t.equal((await ask('POST', '/Patient', conditional, { 'if-none-exist': 'organization:missing=false' })).status, 412);
});

t.test('an update of what the criteria match must satisfy them too', async (t) => {
  const value = own();
  const url = `/Patient?identifier=${system}|${value}`;
  t.equal((await ask('PUT', url, identified(value))).status, 201);
  t.equal((await ask('PUT', url, identified('elsewhere'))).status, 422);
  t.equal((await ask('PUT', url, identified(value, { gender: 'female' }))).status, 200);
  t.equal(
    (
      await ask('PATCH', url, [{ op: 'replace', path: '/identifier/0/value', value: own() }], {
        'content-type': 'application/json-patch+json',
      })
    ).status,
    200,
    'a patch is sent once',
  );
});

t.test('the id among the criteria', async (t) => {
  const id = own();
  const create = (resource: unknown) => ask('POST', '/Patient', resource, { 'if-none-exist': `_id=${id}` });
  const update = (resource: unknown) => ask('PUT', `/Patient?_id=${id}`, resource);
  t.match((await create(patient())).body.issue[0].diagnostics, '(_id)', 'the server gives another');
  t.match((await update(patient())).body.issue[0].diagnostics, '(_id)');
  t.equal((await update(patient({ id: `${id}-other` }))).status, 422);
  t.equal((await update(patient({ id }))).status, 201, 'an id that is sent is taken');
  t.equal((await update(patient({ gender: 'female' }))).status, 200);
  t.equal((await create(patient())).status, 200);
});

/** Other entries, of which the criteria of the first would have found one. */
t.test('criteria that another entry of the transaction satisfies too', async (t) => {
  const before = await counts();
  const value = own();
  const resource = identified(value, { gender: 'female' });
  const identifier = `identifier=${system}|${value}`;
  const first = [identifier, `identifier=${value}`, `${identifier}&gender=female`, `_filter=identifier eq ${value}`];
  const others = [
    entry('POST', 'Patient', resource),
    entry('PUT', `Patient/${value}`, { ...resource, id: value }),
    entry('POST', 'Patient', resource, { ifNoneExist: `${identifier}&active:missing=true` }),
    entry('PUT', `Patient?${identifier}&birthdate=1950`, resource),
  ];
  for (const criteria of first) {
    for (const [i, other] of others.entries()) {
      const once = entry('POST', 'Patient', resource, { ifNoneExist: criteria });
      for (const [at, bundle] of [transaction(once, other), transaction(other, once)].entries()) {
        const { status, body } = await ask('POST', '', bundle);
        t.equal(status, 400, `${criteria} and ${i}`);
        const told = body.issue.map((of: { details: { coding: { code: string }[] } }) => of.details.coding[0]?.code);
        t.same(new Set(told), new Set(['duplicate-target']), `${criteria} and ${i}`);
        const places = body.issue.map((of: { expression: string[] }) => of.expression[0]);
        t.ok(
          places.some((place: string) => place === `Bundle.entry[${at}].request.ifNoneExist`) || i > 1,
          `${criteria} and ${i}: ${places}`,
        );
      }
    }
  }
  t.same(await counts(), before);
  const different = identified(own(), { gender: 'female' });
  const bundle = transaction(
    entry('POST', 'Patient', resource, { ifNoneExist: identifier }),
    entry('POST', 'Patient', different, { ifNoneExist: `gender=female&identifier=${different.identifier[0].value}` }),
  );
  for (const status of ['201', '200']) {
    const { body } = await ask('POST', '', bundle);
    t.match(body.entry, [{ response: { status } }, { response: { status } }]);
  }
});

t.test('a condition that says nothing, or that nothing heeds', async (t) => {
  const before = await counts();
  const nothing = {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
  };
  for (const name of ['ifNoneExist', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince']) {
    const entries = [entry('POST', 'Patient', patient(), { [`_${name}`]: nothing })];
    for (const type of ['transaction', 'batch']) {
      const { text } = await ask('POST', '', { resourceType: 'Bundle', type, entry: entries });
      t.match(text, new RegExp(`${name} has no value; expected one.*Bundle.entry\\[0\\].request.${name}`), type);
    }
  }
  const extension = '<extension url="http://x.example"><valueCode value="x"/></extension>';
  const xml = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Patient/></resource><request><method value="POST"/><url value="Patient"/><ifNoneExist>${extension}</ifNoneExist></request></entry></Bundle>`;
  t.match((await ask('POST', '', xml, { 'content-type': 'application/fhir+xml' })).text, 'ifNoneExist has no value');
  const condition = { 'if-none-exist': `identifier=${system}|310105194901010017` };
  const id = own();
  for (const [method, path, body] of [
    ['PUT', `/Patient/${id}`, patient({ id })],
    ['PUT', '/Patient?name=x', patient()],
    ['POST', '', transaction(entry('POST', 'Patient', patient()))],
    ['POST', '/Patient/_search', undefined],
  ] as const) {
    const { status, text } = await ask(method, path, body, condition);
    t.match([status, text], [400, /If-None-Exist.*expected it at a create alone/], `${method} ${path}`);
    t.notMatch(text, /3101/);
  }
  for (const criteria of ['', ' ', '?', 'Patient?', '&', '_count=1']) {
    t.equal((await ask('POST', '/Patient', patient(), { 'if-none-exist': criteria })).status, 400, `"${criteria}"`);
  }
  t.same(await counts(), before);
});

async function counts(): Promise<unknown> {
  const all = ['Patient', 'Observation', 'Organization'].map((type) => ask('GET', `/${type}?_summary=count`));
  return (await Promise.all(all)).map(({ body }) => body.total);
}

/** A Patient as an entry of a transaction, and whether three such transactions make one or three. */
const patients: readonly (readonly [
  name: string,
  fullUrl: string,
  make: (value: string) => unknown[],
  times: number,
])[] = [
  ['created', 'urn:uuid:a2b6d3c0-3f1f-4a53-8c56-1d5d7a0e0001', (value) => ['POST', 'Patient', identified(value)], 3],
  [
    'created if it does not exist',
    'urn:uuid:a2b6d3c0-3f1f-4a53-8c56-1d5d7a0e0002',
    (value) => ['POST', 'Patient', identified(value), { ifNoneExist: `identifier=${system}|${value}` }],
    1,
  ],
  [
    'updated by criteria',
    'urn:oid:1.2.156.1',
    (value) => ['PUT', `Patient?identifier=${system}|${value}`, identified(value)],
    1,
  ],
  [
    'updated by id',
    'http://ehr.example/fhir/Patient/7',
    (value) => ['PUT', `Patient/${value}`, identified(value, { id: value })],
    1,
  ],
];

/** Criteria of an Encounter that name the Patient. */
const naming: readonly ((fullUrl: string, value: string) => string)[] = [
  (fullUrl) => `subject=${fullUrl}`,
  (fullUrl) => `patient=${encodeURIComponent(fullUrl)}`,
  (fullUrl) => `subject:Patient=${fullUrl}`,
  (fullUrl) => `subject=Patient/none,${fullUrl}&status=finished`,
  (fullUrl) => `_filter=subject eq ${fullUrl}`,
  (fullUrl, value) => `subject=${fullUrl}&subject:Patient.identifier=${value}`,
];

t.test('criteria may name other entries of their transaction', async (t) => {
  for (const [name, fullUrl, make, times] of patients) {
    for (const criteria of naming) {
      const value = own();
      const [method, url, resource, more] = make(value) as [string, string, unknown, object?];
      const reference = fullUrl.startsWith('http') ? 'Patient/7' : fullUrl;
      const visit = {
        resourceType: 'Encounter',
        status: 'finished',
        class: { code: 'AMB' },
        identifier: [{ system, value }],
        subject: { reference },
      };
      // Of an http fullUrl, relative references count from the entry's own base.
      const from = {
        fullUrl: fullUrl.startsWith('http')
          ? 'http://ehr.example/fhir/Encounter/8'
          : 'urn:uuid:a2b6d3c0-3f1f-4a53-8c56-1d5d7a0e0009',
      };
      const asked = criteria(fullUrl.startsWith('http') && value.endsWith('2') ? reference : fullUrl, value);
      const forms = [
        entry('POST', 'Encounter', visit, { ...from, ifNoneExist: asked }),
        entry('PUT', `Encounter?${asked}`, visit, from),
      ];
      for (const visiting of forms) {
        const bundle = transaction(visiting, entry(method, url, resource, { ...more, fullUrl }));
        for (let i = 0; i < 3; i++) {
          const { status, text } = await ask('POST', '', bundle);
          t.equal(status, 200, `${name}: ${asked} ${text.slice(0, 500)}`);
        }
      }
      const { total } = (await ask('GET', `/Encounter?identifier=${system}|${value}&_summary=count`)).body;
      t.equal(total, times === 1 ? 1 : 6, `${name}: ${asked}`);
    }
  }
});

t.test('conditional references and criteria of several links name entries too', async (t) => {
  const value = own();
  const urn = (n: number) => `urn:uuid:5b0f6a52-3c0e-4a86-9a36-00000000000${n}`;
  const subject = { reference: urn(1) };
  const once = (type: string, resource: object, n: number, criteria: string) =>
    entry('POST', type, { resourceType: type, ...resource }, { fullUrl: urn(n), ifNoneExist: criteria });
  const bundle = transaction(
    once(
      'Observation',
      { status: 'final', code: { text: 'x' }, encounter: { reference: urn(3) }, subject },
      4,
      `encounter=${urn(3)}&subject=${urn(1)}`,
    ),
    once(
      'Encounter',
      { status: 'finished', class: { code: 'AMB' }, subject, episodeOfCare: [{ reference: urn(2) }] },
      3,
      `episode-of-care=${urn(2)}`,
    ),
    once('EpisodeOfCare', { status: 'active', patient: subject }, 2, `patient=${urn(1)}`),
    once('Patient', identified(value), 1, `identifier=${system}|${value}`),
    entry('PUT', `Condition?subject=${urn(1)}`, {
      resourceType: 'Condition',
      subject,
      encounter: { reference: `Encounter?subject=${urn(1)}` },
    }),
  );
  const seen = [];
  for (let i = 0; i < 3; i++) {
    const { body, text } = await ask('POST', '', bundle);
    seen.push(
      body.entry?.map((e: { response: { status: string } }) => e.response.status.slice(0, 3)).join(' ') ?? text,
    );
  }
  t.same(seen, ['201 201 201 201 201', '200 200 200 200 200', '200 200 200 200 200']);
});

t.test('criteria that name no entry, or each other', async (t) => {
  const [one, two, none] = [1, 2, 3].map((n) => `urn:uuid:7d8a3a52-3c0e-4a86-9a36-00000000000${n}`);
  const member = (own: string | undefined, other: string | undefined) =>
    entry(
      'POST',
      'Group',
      { resourceType: 'Group', type: 'person', actual: true, member: [{ entity: { reference: one } }] },
      {
        fullUrl: own,
        ifNoneExist: `member=${other}`,
      },
    );
  const visit = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } };
  const refused = async (...entries: unknown[]) => {
    const { status, body } = await ask('POST', '', transaction(...entries));
    return [
      status,
      body.issue?.map((i: { details: { coding: { code: string }[] }; expression: string[] }) => [
        i.details.coding[0]?.code,
        i.expression[0],
      ]),
    ];
  };
  const at = (n: number) => `Bundle.entry[${n}].request.ifNoneExist`;
  t.same(await refused(member(one, two), member(two, one)), [
    400,
    [
      ['criteria-circular', at(0)],
      ['criteria-circular', at(1)],
    ],
  ]);
  t.same(await refused(member(one, one)), [400, [['criteria-circular', at(0)]]]);
  const unknown = entry('POST', 'Encounter', visit, { ifNoneExist: `subject=${none}` });
  t.same(await refused(unknown), [400, [['bad-parameter-value', at(0)]]]);
  const deletion = entry('DELETE', 'Patient/gone', undefined, { fullUrl: none });
  t.same(await refused(unknown, deletion), [400, [['bad-parameter-value', at(0)]]]);
  const single = await ask('POST', '/Encounter', visit, { 'if-none-exist': `subject=${none}` });
  t.match([single.status, single.text], [400, /fullUrl of an entry of the same transaction/]);
  t.equal((await ask('PUT', `/Encounter?subject=${none}`, visit)).status, 400);
  t.equal((await ask('GET', `/Encounter?subject=${none}`)).body.total ?? 0, 0, 'a search finds nothing');
});
