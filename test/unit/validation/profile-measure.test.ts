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
  const attribution = extension('cn-sh-attribution', { valueCode: 'residence' });
  const parameter = (...parts: object[]) => ({
    extension: [attribution, extension('cn-sh-measure-parameter', { extension: parts })],
  });
  const name = { url: 'name', valueString: 'Streets' };
  const query = { url: 'query', valueString: 'Organization?type=B100' };
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
      attribution,
      target(ge, value, { url: 'effectivePeriod', valuePeriod: { start: '2025-01-01' } }),
      extension('cn-sh-denominator-source', {
        extension: [
          { url: 'source', valueCode: 'groups' },
          { url: 'ageBand', valueCoding: { system: `${B}/CodeSystem/cn-sh-population-cs`, code: '65-plus' } },
        ],
      }),
    ],
    group: [
      {
        population: [
          {
            code: {
              coding: [{ system: 'http://terminology.hl7.org/CodeSystem/measure-population', code: 'numerator' }],
            },
            criteria: { language: 'text/cql.identifier', expression: 'Numerator' },
          },
        ],
      },
    ],
  });
  const at = 'Measure.extension[1]';
  run(
    t,
    variants(measure, [
      ['no attribution', { extension: [target(ge, value)] }, ['error missing-element Measure.extension']],
      [
        'a comparator that does not exist',
        { extension: [attribution, target({ ...ge, valueCode: 'lt' }, value)] },
        [`error code-not-in-value-set ${at}.extension[0].value`],
      ],
      ['a target without a value', { extension: [attribution, target(ge)] }, [`error missing-element ${at}.extension`]],
      [
        'a part that is not defined',
        { extension: [attribution, target(ge, value, { url: 'x', valueCode: 'a' })] },
        [`error wrong-shape ${at}.extension[2]`],
      ],
      ['a parameter by query', parameter(name, query), []],
      ['a parameter by value', parameter(name, { url: 'value', valueInteger: 30 }), []],
      [
        'a parameter by both',
        parameter(name, query, { url: 'value', valueInteger: 30 }),
        [`error invalid-content ${at}`],
      ],
      ['a parameter by neither', parameter(name), [`error invalid-content ${at}`]],
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
