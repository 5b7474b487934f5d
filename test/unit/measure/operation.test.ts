import type { Bundle, MeasureReport, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { entry, type Reply, startServer, transaction } from '#test/http/harness.ts';
import { episode, exam, followUp, noon, patient, streetExtension } from './records.ts';

/** $evaluate-measure through the server, on a small district of two centres. */

const base = 'https://fhir.changning.example';
const server = await startServer();
t.teardown(() => server.stop());

const organization = (id: string, name: string, type: string, code?: string): Resource => ({
  resourceType: 'Organization',
  id,
  name,
  ...(type === 'B100' && { partOf: { reference: 'Organization/changning' } }),
  type: [{ coding: [{ system: `${base}/CodeSystem/cn-sh-organization-type-cs`, code: type }] }],
  ...(code !== undefined && { identifier: [{ system: 'urn:oid:2.16.156.10011.1.5', value: code }] }),
});

const population = (street: string, band: string, quantity: number, year = '2025'): Resource => {
  const system = `${base}/CodeSystem/cn-sh-population-cs`;
  const code = (c: string) => ({ coding: [{ system, code: c }] });
  return {
    resourceType: 'Group',
    id: `${year}-${street}-${band}`,
    type: 'person',
    actual: true,
    quantity,
    characteristic: [
      { code: code('year'), valueCodeableConcept: { text: year }, exclude: false },
      {
        code: code('area'),
        valueCodeableConcept: { coding: [{ system: `${base}/CodeSystem/cn-sh-street-cs`, code: street }] },
        exclude: false,
      },
      { code: code('age-band'), valueCodeableConcept: code(band), exclude: false },
    ],
  };
};

/** The records of `p`, made those of another resident. */
const of = (id: string, records: readonly Resource[]): Resource[] =>
  JSON.parse(
    JSON.stringify(records)
      .replaceAll(/"(Patient|Encounter|EpisodeOfCare)\/([^"]+)"/g, (_, type: string, at: string) =>
        type === 'Patient' ? `"Patient/${id}"` : `"${type}/${id}-${at}"`,
      )
      .replaceAll(/"id":"([^"]+)"/g, `"id":"${id}-$1"`),
  );

const at = noon('2025-01-10', '2025-04-10', '2025-07-10', '2025-10-10');
const residents = [
  { ...patient(), id: 'a' },
  patient({
    id: 'b',
    address: [{ use: 'home', extension: [streetExtension('310105002')] }],
    identifier: [{ value: 'none' }],
  }),
  patient({ id: 'c', birthDate: '1980-01-01' }),
];
const loaded = [
  organization('changning', '长宁区卫生健康委员会', 'bureau'),
  organization('chc-01', '华阳中心', 'B100', 'CHC00001X31010511B1001'),
  organization('chc-02', '江苏中心', 'B100', 'CHC00002831010511B1001'),
  ...['310105001', '310105002'].flatMap((s, i) => [population(s, 'all', 10 + i), population(s, '65-plus', 4)]),
  ...residents,
  ...of('a', [
    episode('family-doctor'),
    episode('hypertension'),
    ...exam(),
    ...at.flatMap((time) => followUp('hypertension', { at: time })),
  ]),
  ...of('b', [episode('hypertension', { managingOrganization: { reference: 'Organization/chc-02' } })]),
];
const sent = await server.ask(
  'POST',
  '',
  transaction(...loaded.map((r) => entry('PUT', `${r.resourceType}/${r.id}`, r))),
);
if (sent.status !== 200) throw new Error(sent.text);

const year = 'periodStart=2025-01-01&periodEnd=2025-12-31';
const evaluate = (path: string, query: string): Promise<Reply> =>
  server.ask('GET', `/Measure${path}/$evaluate-measure?${query}`);
const instance = (n: string, query: string): Promise<Reply> => evaluate(`/cn-sh-${n}`, `${query}&${year}`);

type Part = Pick<NonNullable<MeasureReport['group']>[0], 'population' | 'measureScore' | 'extension'>;
const counts = (part: Part | undefined) => part?.population?.map((p) => p.count);
const met = (part: Part | undefined) =>
  part?.extension?.find((e) => e.url?.endsWith('cn-sh-target-met'))?.extension?.find((e) => e.url === 'met')
    ?.valueBoolean;

t.test('a report of the district, with a stratum for each centre', async (t) => {
  const { status, body } = await instance('1-signing-coverage', 'reportType=population');
  t.equal(status, 200);
  const report: MeasureReport = body;
  t.match(report, {
    resourceType: 'MeasureReport',
    status: 'complete',
    type: 'summary',
    measure: `${base}/Measure/cn-sh-1-signing-coverage|0.1.0`,
    period: { start: '2025-01-01T00:00:00+08:00', end: '2025-12-31T23:59:59.999+08:00' },
    date: /\+08:00$/,
  });
  const [group] = report.group ?? [];
  t.same(
    group?.population?.map((p) => p.code?.coding?.[0]?.code),
    ['initial-population', 'denominator', 'numerator'],
  );
  t.same(counts(group), [21, 21, 1], 'the official population and the signed');
  t.match(group?.measureScore, { value: 1 / 21, code: '1' });
  t.equal(met(group), false);
  t.match(group?.extension, [{}, { url: `${base}/StructureDefinition/cn-sh-denominator-used`, valueCode: 'groups' }]);
  const strata = group?.stratifier?.[0]?.stratum ?? [];
  t.same(
    strata.map((s) => [s.value?.text, counts(s)]),
    [
      ['华阳中心', [10, 10, 1]],
      ['江苏中心', [11, 11, 0]],
    ],
  );
});

t.test('managed measures count by managing organisation, from the records', async (t) => {
  const { body } = await instance('14-hypertension-management', '');
  const [group] = (body as MeasureReport).group ?? [];
  t.same(counts(group), [2, 2, 1]);
  t.equal(met(group), false);
  t.match(group?.extension, [{}, { valueCode: 'patients' }]);
  t.same(
    group?.stratifier?.[0]?.stratum?.map((s) => [s.value?.coding?.[0]?.code, counts(s), s.measureScore?.value, met(s)]),
    [
      ['CHC00001X31010511B1001', [1, 1, 1], 1, true],
      ['CHC00002831010511B1001', [1, 1, 0], 0, false],
    ],
  );
});

t.test('nobody in the denominator: no score, no verdict', async (t) => {
  const { body } = await instance('15-diabetes-management', '');
  const [group] = (body as MeasureReport).group ?? [];
  t.same(counts(group), [0, 0, 0]);
  t.same(group?.measureScore, {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'not-applicable' }],
  });
  t.equal(met(group), undefined);
});

t.test('without a Group of the year the Patients are counted, and the report says so', async (t) => {
  const { body } = await evaluate('/cn-sh-11-record-coverage', 'periodStart=2024&periodEnd=2024');
  const [group] = (body as MeasureReport).group ?? [];
  t.same(counts(group), [3, 3, 2]);
  t.match(group?.extension, [{}, { valueCode: 'patients' }]);
});

t.test('several measures, named by canonical, id and reference, in one answer', async (t) => {
  const names = [
    `${base}/Measure/cn-sh-1-signing-coverage|0.1.0`,
    'cn-sh-10-elderly-health-management',
    'Measure/cn-sh-11-record-coverage',
  ];
  const query = names.map((n) => `measure=${encodeURIComponent(n)}`).join('&');
  const { body } = await evaluate('', `${query}&${year}`);
  const bundle: Bundle<MeasureReport> = body;
  t.match(bundle, { resourceType: 'Bundle', type: 'collection' });
  t.same(
    bundle.entry?.map((e) => [e.resource?.measure?.replace(/.*\/(.*)\|.*/, '$1'), counts(e.resource?.group?.[0])]),
    [
      ['cn-sh-1-signing-coverage', [21, 21, 1]],
      ['cn-sh-10-elderly-health-management', [8, 8, 1]],
      ['cn-sh-11-record-coverage', [21, 21, 2]],
    ],
  );
  const posted = await server.ask('POST', '/Measure/$evaluate-measure', {
    resourceType: 'Parameters',
    parameter: [
      ...names.map((valueString) => ({ name: 'measure', valueString })),
      { name: 'periodStart', valueDate: '2025-01-01' },
      { name: 'periodEnd', valueDate: '2025-12-31' },
    ],
  });
  const groups = (b: Bundle<MeasureReport>) => b.entry?.map((e) => e.resource?.group);
  t.same(groups(posted.body), groups(bundle), 'POST answers the same');
});

t.test('the report of one centre, and of the bureau', async (t) => {
  const one: MeasureReport = (await instance('11-record-coverage', 'reporter=Organization/chc-01')).body;
  t.match(one.reporter, { reference: 'Organization/chc-01', display: '华阳中心' });
  t.same(counts(one.group?.[0]), [10, 10, 2]);
  t.equal(one.group?.[0]?.stratifier, undefined);
  const whole: MeasureReport = (await instance('11-record-coverage', 'reporter=changning')).body;
  t.same(counts(whole.group?.[0]), [21, 21, 2]);
});

t.test('a subject list holds the residents of each population', async (t) => {
  const report: MeasureReport = (await instance('14-hypertension-management', 'reportType=subject-list')).body;
  t.equal(report.type, 'subject-list');
  const listed = report.group?.[0]?.population?.map((p) => {
    const id = p.subjectResults?.reference?.slice(1);
    const list = report.contained?.find((r) => r.id === id);
    return list?.resourceType === 'List' ? (list.entry ?? []).map((e) => e.item?.reference) : undefined;
  });
  t.same(listed, [['Patient/a', 'Patient/b'], ['Patient/a', 'Patient/b'], ['Patient/a']]);
});

t.test('the reports are valid MeasureReports', async (t) => {
  for (const query of ['', 'reportType=subject-list', 'subject=a', 'reporter=chc-01']) {
    const report = (await instance('15-diabetes-management', query)).body;
    const stored = await server.ask('POST', '/MeasureReport', report);
    t.equal(stored.status, 201, stored.text);
  }
});

t.test('one subject: in or out, and the versions of what was looked at', async (t) => {
  const report: MeasureReport = (await instance('1-signing-coverage', 'subject=Patient/a')).body;
  t.match(report, { type: 'individual', subject: { reference: 'Patient/a' } });
  t.same(counts(report.group?.[0]), [1, 1, 1]);
  t.equal(report.group?.[0]?.measureScore, undefined);
  t.same(report.evaluatedResource, [
    { reference: 'Patient/a/_history/1' },
    { reference: 'EpisodeOfCare/a-family-doctor/_history/1' },
  ]);
  const other: MeasureReport = (await instance('14-hypertension-management', 'subject=b')).body;
  t.same(counts(other.group?.[0]), [1, 1, 0]);
});

t.test('a write is seen at once', async (t) => {
  await server.ask('PUT', '/Patient/c', { ...residents[2], deceasedBoolean: true });
  const { body } = await instance('11-record-coverage', '');
  t.same(counts((body as MeasureReport).group?.[0]), [21, 21, 1]);
});

t.test('absolute and versioned references count as the relative ones do', async (t) => {
  const before = (await instance('14-hypertension-management', '')).body.group;
  const far = (reference: string) => ({ reference: `${server.base}/${reference}` });
  for (const record of loaded) {
    if (record.resourceType !== 'Encounter' && record.resourceType !== 'EpisodeOfCare') continue;
    const changed =
      record.resourceType === 'Encounter'
        ? { ...record, episodeOfCare: record.episodeOfCare?.map((r) => ({ reference: `${r.reference}/_history/1` })) }
        : { ...record, managingOrganization: far(record.managingOrganization?.reference ?? '') };
    const put = await server.ask('PUT', `/${record.resourceType}/${record.id}`, changed);
    t.equal(put.status, 200, put.text);
  }
  t.strictSame((await instance('14-hypertension-management', '')).body.group, before);
});

t.test('a request is bounded', async (t) => {
  const query = Array.from({ length: 99 }, (_, i) => `measure=m${i}`).join('&');
  const unknown = await evaluate('', `${query.replace('m0', 'cn-sh-11-record-coverage')}&${year}`);
  t.equal(unknown.status, 400);
  t.equal(unknown.body.issue[0].code, 'too-costly', 'with the period they are 101');
  const parameter = Array.from({ length: 20_000 }, () => ({ name: 'measure', valueString: 'x' }));
  const refused = await server.ask('POST', '/Measure/$evaluate-measure', { resourceType: 'Parameters', parameter });
  t.equal(refused.status, 400);
  t.match(
    refused.body.issue[0].diagnostics,
    /20000 parameters; expected at most 100 parameters \(limit operation-parameters\)/,
  );
});

t.test('a wrong request is told everything that is wrong', async (t) => {
  const cases: readonly [string, string, number, readonly RegExp[]][] = [
    ['', 'measure=cn-sh-1-signing-coverage', 400, [/"periodStart" is missing/, /"periodEnd" is missing/]],
    ['', year, 400, [/"measure" is missing/]],
    [
      '',
      `measure=nothing&measure=${base}/Measure/none&${year}`,
      400,
      [/"nothing" of parameter "measure"/, /Measure\/none" of/],
    ],
    ['/cn-sh-99', year, 404, [/Measure\/cn-sh-99 does not exist/]],
    ['/cn-sh-1-signing-coverage', `measure=x&${year}`, 400, [/no parameter "measure"/]],
    [
      '/cn-sh-1-signing-coverage',
      'periodStart=2025-13&periodEnd=last',
      400,
      [/"2025-13" of parameter "periodStart"/, /"periodEnd"/],
    ],
    ['/cn-sh-1-signing-coverage', 'periodStart=2025&periodEnd=2024', 400, [/"2024" of parameter "periodEnd".*2025/]],
    [
      '/cn-sh-1-signing-coverage',
      `${year}&practitioner=x&lastReceivedOn=2025&color=red`,
      400,
      [/"practitioner" is not supported/, /"lastReceivedOn" is not supported/, /no parameter "color"/],
    ],
    ['/cn-sh-1-signing-coverage', `${year}&reportType=everything`, 400, [/"everything" of parameter "reportType"/]],
    ['/cn-sh-1-signing-coverage', `${year}&reportType=subject`, 400, [/"subject" is missing/]],
    [
      '/cn-sh-1-signing-coverage',
      `${year}&reportType=population&subject=a`,
      400,
      [/"population" of parameter "reportType"/],
    ],
    ['/cn-sh-1-signing-coverage', `${year}&subject=Group/a`, 400, [/"Group\/a" of parameter "subject"/]],
    ['/cn-sh-1-signing-coverage', `${year}&subject=Patient/nobody`, 400, [/"Patient\/nobody" of parameter "subject"/]],
    [
      '/cn-sh-1-signing-coverage',
      `${year}&reporter=hospital-9`,
      400,
      [/"Organization\/hospital-9" of parameter "reporter".*chc-01/],
    ],
  ];
  for (const [path, query, status, texts] of cases) {
    const reply = await evaluate(path, query);
    t.equal(reply.status, status, query);
    t.match(
      reply.body.issue.map(
        (i: { diagnostics?: string; details?: { text?: string } }) => i.details?.text ?? i.diagnostics,
      ),
      texts,
      query,
    );
  }
});

t.test('a measure with faulty CQL answers 422 with the place', async (t) => {
  const library = {
    resourceType: 'Library',
    id: 'Faulty',
    url: 'https://example.org/Library/Faulty',
    name: 'Faulty',
    version: '1',
    status: 'draft',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    content: [
      {
        contentType: 'text/cql',
        data: Buffer.from('library Faulty version \'1\'\ndefine "A": nothing\n').toString('base64'),
      },
    ],
  };
  const held = (await server.ask('GET', '/Measure/cn-sh-11-record-coverage')).body;
  const measure = { ...held, id: 'faulty', url: 'https://example.org/Measure/faulty', library: [`${library.url}|1`] };
  t.equal((await server.ask('PUT', '/Library/Faulty', library)).status, 201);
  t.equal((await server.ask('PUT', '/Measure/faulty', measure)).status, 201);
  const reply = await evaluate('/faulty', year);
  t.equal(reply.status, 422);
  t.match(JSON.stringify(reply.body), /CQL Faulty 2:13/);
});
