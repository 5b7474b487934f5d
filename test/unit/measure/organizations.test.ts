import type { Measure, MeasureReport, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { entry, startServer, transaction } from '#test/http/harness.ts';

/**
 * $evaluate-measure of Measures that are not the guide's, in a region of two levels: what strata stand for, which Groups are meant
 * and who may report is all told by resources.
 */

const server = await startServer();
t.teardown(() => server.stop());

const ours = 'https://fhir.changning.example/StructureDefinition';
const map = 'https://example.org/ConceptMap/areas';

const organization = (id: string, partOf?: string): Resource => ({
  resourceType: 'Organization',
  id,
  name: `The ${id}`,
  identifier: [{ system: 'urn:orgs', value: id.toUpperCase() }],
  ...(partOf !== undefined && { partOf: { reference: partOf } }),
});

const person = (id: string, gender?: 'female' | 'male', area?: string, at?: string): Resource => ({
  resourceType: 'Patient',
  id,
  ...(gender !== undefined && { gender }),
  ...(area !== undefined && { address: [{ district: area }] }),
  ...(at !== undefined && { managingOrganization: { reference: `Organization/${at}` } }),
});

const location = (area: string, at: string): Resource => ({
  resourceType: 'Location',
  identifier: [{ system: 'urn:areas', value: area }],
  managingOrganization: { reference: `Organization/${at}` },
  id: area,
});

const coded = (code: string, system = 'urn:pop') => ({ coding: [{ system, code }] });
const population = (area: string, quantity: number, band = 'any', system = 'urn:areas'): Resource => ({
  resourceType: 'Group',
  id: `${area}-${band}`,
  type: 'person',
  actual: true,
  quantity,
  characteristic: [
    { code: coded('y'), valueCodeableConcept: { text: '2025' }, exclude: false },
    {
      code: coded('where'),
      valueCodeableConcept: { coding: [{ system: 'urn:x', code: 'a2' }, ...coded(area, system).coding] },
      exclude: false,
    },
    { code: coded('band'), valueCodeableConcept: coded(band), exclude: false },
  ],
});

const cql = `library Strata version '1'
using FHIR version '4.0.1'
context Patient
define "Everybody": true
define "Women": Patient.gender.value = 'female'
define "Sex": Patient.gender
define "Area": First(Patient.address A return all A.district.value)
define "Manager": Patient.managingOrganization.reference.value
`;

const stratifier = (expression: string, ...parts: object[]) => ({
  code: { text: expression },
  criteria: { language: 'text/cql-identifier', expression },
  ...(parts.length > 0 && { extension: [{ url: `${ours}/cn-sh-attribution`, extension: parts }] }),
});
const areas = { url: 'values', valueCode: 'area' };
const organizations = { url: 'values', valueCode: 'organization' };
const byMap = { url: 'map', valueCanonical: map };
const byQuery = (valueString: string) => ({ url: 'query', valueString });

const groups = {
  url: `${ours}/cn-sh-denominator-source`,
  extension: [
    { url: 'source', valueCode: 'groups' },
    { url: 'ageBand', valueCoding: { system: 'urn:pop', code: 'any' } },
    { url: 'yearCharacteristic', valueCoding: { system: 'urn:pop', code: 'y' } },
    { url: 'ageBandCharacteristic', valueCoding: { system: 'urn:pop', code: 'band' } },
    { url: 'areaCharacteristic', valueCoding: { system: 'urn:pop', code: 'where' } },
  ],
};

const measure = (id: string, stratifiers: readonly object[], ...extension: object[]): Resource => {
  const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/measure-population' }];
  const of = (code: string, expression: string) => ({
    code: { coding: coding.map((c) => ({ ...c, code })) },
    criteria: { language: 'text/cql-identifier', expression },
  });
  return {
    resourceType: 'Measure',
    id,
    url: `https://example.org/Measure/${id}`,
    status: 'active',
    ...(extension.length > 0 && { extension }),
    library: ['https://example.org/Library/Strata'],
    scoring: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-scoring', code: 'proportion' }] },
    group: [
      {
        population: [of('initial-population', 'Everybody'), of('denominator', 'Everybody'), of('numerator', 'Women')],
        ...(stratifiers.length > 0 && { stratifier: stratifiers }),
      },
    ],
  } as Measure;
};

const loaded: readonly Resource[] = [
  organization('region'),
  organization('north', 'Organization/region'),
  organization('c1', 'Organization/north'),
  organization('c2', `${server.base}/Organization/north/_history/1`),
  organization('c3', 'Organization/region'),
  organization('ward', 'Organization/c1'),
  organization('ring-1', 'Organization/ring-2'),
  organization('ring-2', 'Organization/ring-1'),
  person('p1', 'female', 'a1', 'c1'),
  person('p2', 'male', 'a1', 'c1'),
  person('p3', 'male', 'a2', 'c2'),
  person('p4', 'female', 'a3', 'c3'),
  person('p5', 'male', 'a9', 'ward'),
  person('p6'),
  location('a1', 'c1'),
  location('a3', 'c3'),
  population('a1', 100),
  population('a1', 10, 'old'),
  population('a2', 50),
  population('a4', 7),
  population('a9', 5),
  population('a5', 1000, 'any', 'urn:elsewhere'),
  {
    resourceType: 'ConceptMap',
    id: 'areas',
    url: map,
    status: 'active',
    group: [
      {
        source: 'urn:areas',
        target: 'urn:orgs',
        element: [
          ...['a1 C1', 'a2 C2', 'a3 C3', 'a4 C1', 'a5 GONE'].map((pair) => {
            const [code = '', target = ''] = pair.split(' ');
            return { code, target: [{ code: target, equivalence: 'relatedto' as const }] };
          }),
          { code: 'a9', target: [{ code: 'C1', equivalence: 'disjoint' }] },
        ],
      },
    ],
  },
  {
    resourceType: 'Library',
    id: 'Strata',
    url: 'https://example.org/Library/Strata',
    name: 'Strata',
    version: '1',
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
  },
  measure('plain', []),
  measure('sex', [stratifier('Sex')]),
  measure('area', [stratifier('Area', areas, byMap)]),
  measure('official', [stratifier('Sex'), stratifier('Area', areas, byMap)], groups),
  measure('official-plain', [], groups),
  measure('manager', [
    stratifier('Manager', organizations, byQuery('Organization?identifier=urn:orgs|C2,urn:orgs|C1')),
  ]),
  measure('locations', [stratifier('Area', areas, byQuery('Location?identifier=urn:areas|'))]),
  measure('ring', [stratifier('Manager', organizations, byQuery('Organization?_id=ring-1'))]),
  measure('no-map', [stratifier('Area', areas, { ...byMap, valueCanonical: 'https://example.org/ConceptMap/none' })]),
  measure('other-version', [stratifier('Area', areas, { ...byMap, valueCanonical: `${map}|7` })]),
  measure('bad-query', [stratifier('Area', areas, byQuery('Location?colour=red'))]),
  measure('other-query', [stratifier('Area', areas, byQuery('Patient?_id=p1'))]),
];
const sent = await server.ask(
  'POST',
  '',
  transaction(...loaded.map((r) => entry('PUT', `${r.resourceType}/${r.id}`, r))),
);
if (sent.status !== 200) throw new Error(sent.text);

const evaluate = (id: string, reporter?: string) =>
  server.ask(
    'GET',
    `/Measure/${id}/$evaluate-measure?periodStart=2025&periodEnd=2025${reporter === undefined ? '' : `&reporter=${reporter}`}`,
  );

type Part = Pick<NonNullable<MeasureReport['group']>[0], 'population' | 'extension'>;
/** Denominator and numerator; with the denominator's source where it is told. */
const text = (part: Part | undefined): string => {
  const used = part?.extension?.find((e) => e.url === `${ours}/cn-sh-denominator-used`)?.valueCode;
  const [, denominator, numerator] = (part?.population ?? []).map((p) => p.count);
  return [denominator, numerator, used].filter((x) => x !== undefined).join(' ');
};

const nobody = '未归属 Not attributed';
const cases: readonly [measure: string, reporter: string | undefined, whole: string, strata: readonly object[]][] = [
  ['plain', undefined, '6 2 patients', []],
  ['official-plain', undefined, '1162 2 groups', []],
  ['sex', undefined, '6 2 patients', [{ Sex: [`${nobody}: 1 0`, 'female: 2 2', 'male: 3 0'] }]],
  [
    'area',
    undefined,
    '6 2 patients',
    [{ Area: ['C1 The c1: 2 1', 'C2 The c2: 1 0', 'C3 The c3: 1 1', `${nobody}: 1 0`, 'a9: 1 0'] }],
  ],
  ['area', 'c1', '2 1 patients', []],
  ['area', 'c3', '1 1 patients', []],
  ['area', 'north', '3 1 patients', [{ Area: ['C1 The c1: 2 1', 'C2 The c2: 1 0'] }]],
  [
    'area',
    'region',
    '6 2 patients',
    [{ Area: ['C1 The c1: 2 1', 'C2 The c2: 1 0', 'C3 The c3: 1 1', `${nobody}: 1 0`, 'a9: 1 0'] }],
  ],
  [
    'official',
    undefined,
    '162 2 groups',
    [
      { Sex: [`${nobody}: 1 0 patients`, 'female: 2 2 patients', 'male: 3 0 patients'] },
      { Area: ['C1 The c1: 107 1', 'C2 The c2: 50 0', 'C3 The c3: 0 1', `${nobody}: 0 0`, 'a9: 5 0'] },
    ],
  ],
  ['official', 'c1', '107 1 groups', [{ Sex: ['female: 1 1 patients', 'male: 1 0 patients'] }]],
  [
    'official',
    'north',
    '157 1 groups',
    [{ Sex: ['female: 1 1 patients', 'male: 2 0 patients'] }, { Area: ['C1 The c1: 107 1', 'C2 The c2: 50 0'] }],
  ],
  [
    'manager',
    'north',
    '6 2 patients',
    [{ Manager: ['C1 The c1: 2 1', 'C2 The c2: 1 0', `${nobody}: 1 0`, 'c3: 1 1', 'ward: 1 0'] }],
  ],
  ['manager', 'c2', '1 0 patients', []],
  [
    'locations',
    'region',
    '6 2 patients',
    [{ Area: ['C1 The c1: 2 1', 'C3 The c3: 1 1', `${nobody}: 1 0`, 'a2: 1 0', 'a9: 1 0'] }],
  ],
  ['locations', 'north', '2 1 patients', []],
];

t.test('what is counted, by measure and reporter', async (t) => {
  for (const [id, reporter, whole, strata] of cases) {
    const name = `${id} ${reporter ?? ''}`;
    const { status, body } = await evaluate(id, reporter);
    t.equal(status, 200, name);
    const [group] = (body as MeasureReport).group ?? [];
    t.equal(text(group), whole, name);
    t.same(
      (group?.stratifier ?? []).map((s) => ({
        [s.code?.[0]?.text ?? '']: (s.stratum ?? []).map((one) => {
          const codes = (one.value?.coding ?? []).map((c) => `${c.code} `);
          return `${codes.join('')}${one.value?.text}: ${text(one)}`;
        }),
      })),
      strata,
      name,
    );
    const expected = reporter && { reference: `Organization/${reporter}`, display: `The ${reporter}` };
    t.same((body as MeasureReport).reporter, expected, name);
    const stored = await server.ask('POST', '/MeasureReport', body);
    t.equal(stored.status, 201, stored.text);
  }
});

t.test('who cannot report, and what cannot be evaluated', async (t) => {
  const one = 'one of Organization/c1, Organization/c2, Organization/c3, or an Organization that they are part of';
  const none = 'none, since https://example.org/Measure/sex attributes residents to no Organization';
  const refused: readonly [string, string | undefined, number, RegExp | string][] = [
    ['area', 'ward', 400, one],
    ['area', 'nobody', 400, one],
    ['area', 'ring-1', 400, one],
    ['ring', 'region', 400, 'one of Organization/ring-1, or'],
    ['sex', 'region', 400, none],
    ['no-map', undefined, 422, 'ConceptMap/none is not held by this server'],
    ['other-version', undefined, 422, 'ConceptMap/areas|7 is not held by this server'],
    ['bad-query', undefined, 422, '"Location?colour=red": '],
    ['other-query', undefined, 422, '"Patient?_id=p1": a query for Organization or Location is required'],
  ];
  for (const [id, reporter, status, said] of refused) {
    const reply = await evaluate(id, reporter);
    t.equal(reply.status, status, `${id} ${reporter ?? ''}`);
    t.match(reply.body.issue?.[0]?.diagnostics, said, `${id} ${reporter ?? ''}`);
  }
});
