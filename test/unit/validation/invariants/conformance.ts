import { of, type Row } from './resources.ts';

const capabilities = (rest: object) => of('CapabilityStatement', rest);
const endpoint = [{ protocol: { code: 'http' }, address: 'http://x.example/m' }];
const instance = { kind: 'instance', implementation: { description: 'x' } };
const documents = (...modes: readonly string[]) =>
  capabilities({ document: modes.map((mode) => ({ mode, profile: 'http://x.example/p' })) });
const described = (...types: readonly string[]) =>
  capabilities({ rest: [{ mode: 'server', resource: types.map((type) => ({ type })) }] });
const parameters = (...names: readonly string[]) =>
  capabilities({
    rest: [
      {
        mode: 'server',
        resource: [{ type: 'Patient', searchParam: names.map((name) => ({ name, type: 'string' })) }],
      },
    ],
  });
const terminologies = (rest: object) => of('TerminologyCapabilities', rest);
const software = { software: { name: 'x' } };
const operation = (rest: object) =>
  of('OperationDefinition', { parameter: [{ name: 'x', use: 'in', min: 0, max: '1', ...rest }] });
const guide = (resource: object) =>
  of('ImplementationGuide', {
    definition: { grouping: [{ id: 'g', name: 'x' }], resource: [{ reference: { display: 'x' }, ...resource }] },
  });
const focus = (rest: object) => of('MessageDefinition', { focus: [{ code: 'Patient', min: 0, ...rest }] });
const map = (target: object) =>
  of('StructureMap', {
    group: [
      {
        name: 'g',
        typeMode: 'none',
        input: [{ name: 'i', mode: 'source' }],
        rule: [{ name: 'r', source: [{ context: 's' }], target: [target] }],
      },
    ],
  });
const mapped = 'StructureMap.group[0].rule[0].target[0]';
const criteria = { criteria: { language: 'text/cql', expression: 'x' } };
const stratifier = (rest: object) => of('Measure', { group: [{ stratifier: [rest] }] });
const xpath = { xpath: 'f:x' };

const definitions: readonly [key: string, type: Parameters<typeof of>[0]][] = [
  ['adf-0', 'ActivityDefinition'],
  ['cmd-0', 'ConceptMap'],
  ['cpb-0', 'CapabilityStatement'],
  ['cpd-0', 'CompartmentDefinition'],
  ['csd-0', 'CodeSystem'],
  ['ees-0', 'EffectEvidenceSynthesis'],
  ['esc-0', 'ExampleScenario'],
  ['evd-0', 'EventDefinition'],
  ['evi-0', 'Evidence'],
  ['evv-0', 'EvidenceVariable'],
  ['gdf-0', 'GraphDefinition'],
  ['ig-0', 'ImplementationGuide'],
  ['lib-0', 'Library'],
  ['mea-0', 'Measure'],
  ['msd-0', 'MessageDefinition'],
  ['nsd-0', 'NamingSystem'],
  ['opd-0', 'OperationDefinition'],
  ['pdf-0', 'PlanDefinition'],
  ['que-0', 'Questionnaire'],
  ['red-0', 'ResearchElementDefinition'],
  ['rsd-0', 'ResearchDefinition'],
  ['rvs-0', 'RiskEvidenceSynthesis'],
  ['sdf-0', 'StructureDefinition'],
  ['smp-0', 'StructureMap'],
  ['spd-0', 'SearchParameter'],
  ['tcp-0', 'TerminologyCapabilities'],
  ['tst-0', 'TestScript'],
  ['vsd-0', 'ValueSet'],
];

export const conformance: readonly Row[] = [
  ...definitions.flatMap(([key, type]): Row[] => {
    const rest = type === 'StructureMap' ? map({ transform: 'copy' }) : {};
    return [
      [key, type, of(type, rest), of(type, { ...rest, name: 'Not a name' })],
      [key, type, of(type, { ...rest, name: 'A_1' }), of(type, { ...rest, name: 'a' })],
    ];
  }),
  ['cpb-1', 'CapabilityStatement', capabilities({}), capabilities({ rest: undefined })],
  ['cpb-2', 'CapabilityStatement', capabilities({}), capabilities({ description: undefined })],
  [
    'cpb-3',
    'CapabilityStatement',
    capabilities({ ...instance, messaging: [{ endpoint }] }),
    capabilities({ messaging: [{ endpoint }] }),
  ],
  [
    'cpb-3',
    'CapabilityStatement',
    capabilities({ messaging: [{ reliableCache: 1 }] }),
    capabilities({ ...instance, messaging: [{ reliableCache: 1 }] }),
  ],
  ['cpb-7', 'CapabilityStatement', documents('producer', 'consumer'), documents('producer', 'producer')],
  ['cpb-9', 'CapabilityStatement.rest[0]', described('Patient', 'Group'), described('Patient', 'Patient')],
  ['cpb-12', 'CapabilityStatement.rest[0].resource[0]', parameters('a', 'b'), parameters('a', 'a')],
  ['cpb-14', 'CapabilityStatement', capabilities(instance), capabilities({ kind: 'instance' })],
  [
    'cpb-15',
    'CapabilityStatement',
    capabilities({ kind: 'capability', ...software }),
    capabilities({ kind: 'capability' }),
  ],
  ['cpb-16', 'CapabilityStatement', capabilities({}), capabilities(software)],
  ['ig-1', 'ImplementationGuide.definition', guide({ groupingId: 'g' }), guide({ groupingId: 'h' })],
  ['ig-2', 'ImplementationGuide', guide({ fhirVersion: ['4.0.1'] }), guide({ fhirVersion: ['4.0.0'] })],
  ['md-1', 'MessageDefinition.focus[0]', focus({ max: '*' }), focus({ max: '0' })],
  ['md-1', 'MessageDefinition.focus[0]', focus({}), focus({ max: 'x' })],
  ['mea-1', 'Measure', stratifier(criteria), stratifier({ ...criteria, component: [criteria] })],
  ['opd-1', 'OperationDefinition.parameter[0]', operation({ type: 'string' }), operation({})],
  [
    'opd-2',
    'OperationDefinition.parameter[0]',
    operation({ type: 'string', searchType: 'token' }),
    operation({ type: 'code', searchType: 'token' }),
  ],
  [
    'opd-3',
    'OperationDefinition.parameter[0]',
    operation({ type: 'Reference', targetProfile: ['http://x.example/p'] }),
    operation({ type: 'string', targetProfile: ['http://x.example/p'] }),
  ],
  ['smp-1', mapped, map({ context: 't', contextType: 'variable', element: 'x' }), map({ element: 'x' })],
  ['smp-2', mapped, map({ context: 't', contextType: 'variable' }), map({ context: 't' })],
  ['spd-1', 'SearchParameter', of('SearchParameter', { ...xpath, xpathUsage: 'normal' }), of('SearchParameter', xpath)],
  [
    'spd-2',
    'SearchParameter',
    of('SearchParameter', { type: 'reference', chain: ['name'] }),
    of('SearchParameter', { chain: ['name'] }),
  ],
  [
    'tcp-1',
    'TerminologyCapabilities.codeSystem[0]',
    terminologies({ codeSystem: [{ version: [{ code: '1' }, { code: '2' }] }] }),
    terminologies({ codeSystem: [{ version: [{ code: '1' }, { isDefault: true }] }] }),
  ],
  ['tcp-2', 'TerminologyCapabilities', terminologies({}), terminologies({ description: undefined })],
  ['tcp-3', 'TerminologyCapabilities', terminologies(instance), terminologies({ kind: 'instance' })],
  [
    'tcp-4',
    'TerminologyCapabilities',
    terminologies({ kind: 'capability', ...software }),
    terminologies({ kind: 'capability' }),
  ],
  ['tcp-5', 'TerminologyCapabilities', terminologies({}), terminologies(software)],
];
