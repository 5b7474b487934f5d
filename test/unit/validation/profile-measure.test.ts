import t, { type Test as Tap } from 'tap';
import { B, type Case, checker, extension, profiled, quantity, variants } from './fixture.ts';

const check = checker('profile');

function run(t: Pick<Tap, 'same'>, cases: readonly Case[]): void {
  for (const [name, resource, expected] of cases) t.same(check(resource), expected, name);
}

t.test('cn-sh-measure and its extensions', async (t) => {
  const target = (...parts: object[]) => extension('cn-sh-measure-target', { extension: parts });
  const ge = { url: 'comparator', valueCode: 'ge' };
  const value = { url: 'value', valueQuantity: quantity(48, '%') };
  const attribution = (...parts: object[]) => extension('cn-sh-attribution', { extension: parts });
  const areas = { url: 'values', valueCode: 'area' };
  const map = { url: 'map', valueCanonical: `${B}/ConceptMap/a` };
  const locations = { url: 'query', valueString: 'Location?identifier=a|' };
  const parameter = (...parts: object[]) => ({
    extension: [target(ge, value), extension('cn-sh-measure-parameter', { extension: parts })],
  });
  const population = (code: string) => ({ system: `${B}/CodeSystem/cn-sh-population-cs`, code });
  const groups = [
    { url: 'source', valueCode: 'groups' },
    { url: 'ageBand', valueCoding: population('65-plus') },
    { url: 'yearCharacteristic', valueCoding: population('year') },
    { url: 'ageBandCharacteristic', valueCoding: population('age-band') },
    { url: 'areaCharacteristic', valueCoding: population('area') },
  ];
  const source = (...parts: object[]) => ({
    extension: [target(ge, value), extension('cn-sh-denominator-source', { extension: parts })],
  });
  const name = { url: 'name', valueString: 'Streets' };
  const query = { url: 'query', valueString: 'Organization?type=B100' };
  const criteria = { language: 'text/cql.identifier', expression: 'Numerator' };
  const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/measure-population', code: 'numerator' }];
  const group = (...stratifiers: object[]) => ({
    population: [{ code: { coding }, criteria }],
    ...(stratifiers.length > 0 && { stratifier: stratifiers }),
  });
  const measure = profiled('Measure', 'cn-sh-measure', {
    url: `${B}/Measure/a`,
    version: '1',
    name: 'A',
    title: '指标',
    status: 'active',
    library: [`${B}/Library/a`],
    scoring: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-scoring', code: 'proportion' }] },
    improvementNotation: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-improvement-notation', code: 'increase' }],
    },
    extension: [
      target(ge, value, { url: 'effectivePeriod', valuePeriod: { start: '2025-01-01' } }),
      extension('cn-sh-denominator-source', { extension: groups }),
    ],
    group: [group({ extension: [attribution(areas, map)], criteria })],
  });
  const stratified = (...extensions: object[]) => ({
    group: [group(...extensions.map((e) => ({ extension: [e], criteria })))],
  });
  const at = 'Measure.extension[0]';
  const stratifier = 'Measure.group[0].stratifier[0].extension[0]';
  run(
    t,
    variants(measure, [
      ['no stratifier', { group: [group()] }, []],
      ['attribution by Locations', stratified(attribution(areas, locations)), []],
      ['attribution by both', stratified(attribution(areas, map, locations)), [`error invalid-content ${stratifier}`]],
      ['attribution by neither', stratified(attribution(areas)), [`error invalid-content ${stratifier}`]],
      [
        'attribution of values that do not exist',
        stratified(attribution({ ...areas, valueCode: 'x' }, map)),
        [`error code-not-in-value-set ${stratifier}.extension[0].value`],
      ],
      [
        'two stratifiers that attribute',
        stratified(attribution(areas, map), attribution(areas, locations)),
        ['error invalid-content Measure.group[0]'],
      ],
      ['a denominator from the Patients', source({ url: 'source', valueCode: 'patients' }), []],
      ...groups
        .slice(1)
        .map(({ url }): [string, object, string[]] => [
          `a denominator from Groups without ${url}`,
          source(...groups.filter((part) => part.url !== url)),
          ['error invalid-content Measure.extension[1]'],
        ]),
      [
        'a comparator that does not exist',
        { extension: [target({ ...ge, valueCode: 'lt' }, value)] },
        [`error code-not-in-value-set ${at}.extension[0].value`],
      ],
      ['a target without a value', { extension: [target(ge)] }, [`error missing-element ${at}.extension`]],
      [
        'a part that is not defined',
        { extension: [target(ge, value, { url: 'x', valueCode: 'a' })] },
        [`error wrong-shape ${at}.extension[2]`],
      ],
      ['a parameter by query', parameter(name, query), []],
      ['a parameter by value', parameter(name, { url: 'value', valueInteger: 30 }), []],
      [
        'a parameter by both',
        parameter(name, query, { url: 'value', valueInteger: 30 }),
        ['error invalid-content Measure.extension[1]'],
      ],
      ['a parameter by neither', parameter(name), ['error invalid-content Measure.extension[1]']],
      ['no group', { group: undefined }, ['error missing-element Measure.group']],
    ]),
  );
});

t.test('the extensions of a MeasureReport', async (t) => {
  const report = (...extension: object[]) => ({
    resourceType: 'MeasureReport',
    status: 'complete',
    type: 'summary',
    measure: `${B}/Measure/a`,
    period: { start: '2025-01-01' },
    group: [{ extension }],
  });
  const parts = [
    { url: 'comparator', valueCode: 'ge' },
    { url: 'target', valueQuantity: quantity(48, '%') },
    { url: 'met', valueBoolean: true },
  ];
  run(t, [
    [
      'good',
      report(
        extension('cn-sh-denominator-used', { valueCode: 'patients' }),
        extension('cn-sh-target-met', { extension: parts }),
      ),
      [],
    ],
    [
      'met or not in words',
      report(extension('cn-sh-target-met', { extension: [...parts.slice(0, 2), { url: 'met', valueString: 'yes' }] })),
      ['error wrong-shape MeasureReport.group[0].extension[0].extension[2].value'],
    ],
  ]);
});

t.test('which profiles are checked', async (t) => {
  const claims = (...profile: string[]) => ({ resourceType: 'Patient', meta: { profile } });
  run(t, [
    ['none claimed', { resourceType: 'Patient' }, []],
    ['one that is not held', claims('http://x.org/p'), ['warning unknown-profile Patient.meta.profile[0]']],
    ['the type itself', claims('http://hl7.org/fhir/StructureDefinition/Patient'), []],
    [
      'one with a version',
      claims(`${B}/StructureDefinition/cn-sh-patient|0.1.0`),
      ['error missing-element Patient.name'],
    ],
    [
      'one of another type',
      claims(`${B}/StructureDefinition/cn-sh-glucose`),
      ['error wrong-shape Patient.meta.profile[0]'],
    ],
    [
      'of a contained resource',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: claims(`${B}/StructureDefinition/cn-sh-patient`) }],
      },
      ['error missing-element Bundle.entry[0].resource.name'],
    ],
  ]);
  t.same(checker('structure')(claims(`${B}/StructureDefinition/cn-sh-patient`)), [], 'structure mode checks none');
});
