/** Resources of any size, each with many of one thing, by what grows in it. */

type Make = (n: number) => object;

function list<T>(n: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

/** A chain of elements, each in the one before. */
function nested(depth: number, key: string, make: (i: number) => object): object {
  let inner: object | undefined;
  for (let i = depth; i > 0; i--) inner = { ...make(i), ...(inner !== undefined && { [key]: [inner] }) };
  return inner ?? {};
}

/** Trees of this depth that have n elements together. */
const depth = 40;
function trees(n: number, key: string, make: (i: number) => object): readonly object[] {
  return list(n / depth, (tree) => nested(depth, key, (i) => make(tree * depth + i)));
}

const url = 'http://x.example/a';
const status = 'active';
const concept = (code: string) => ({ coding: [{ system: url, code }], text: code });
const quantity = (value: number) => ({ value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' });
const uuid = (i: number) => `urn:uuid:00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const div = (text: string) => ({ status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>` });

const structure = {
  resourceType: 'StructureDefinition',
  url,
  name: 'Abc',
  status,
  kind: 'logical',
  abstract: true,
  type: 'A',
};
const capability = {
  resourceType: 'CapabilityStatement',
  status,
  date: '2025',
  kind: 'requirements',
  fhirVersion: '4.0.1',
  format: ['json'],
  description: 'x',
};
const guide = {
  resourceType: 'ImplementationGuide',
  url,
  name: 'Abc',
  status,
  packageId: 'a.b',
  fhirVersion: ['4.0.1'],
};
const codeSystem = { resourceType: 'CodeSystem', status, content: 'complete', url, name: 'Abc' };
const observation = { resourceType: 'Observation', status: 'final', code: concept('x') };

export const resources: readonly (readonly [name: string, n: number, make: Make])[] = [
  [
    'StructureDefinition: elements',
    800,
    (n) => ({
      ...structure,
      snapshot: {
        element: [
          { id: 'A', path: 'A', definition: 'x', min: 0, max: '*', base: { path: 'A', min: 0, max: '*' } },
          ...list(n, (i) => ({
            id: `A.e${i}`,
            path: `A.e${i}`,
            definition: 'x',
            min: 0,
            max: '1',
            base: { path: 'A', min: 0, max: '1' },
            type: [{ code: 'string' }],
          })),
        ],
      },
    }),
  ],
  [
    'StructureDefinition: types of an element',
    1_500,
    (n) => ({
      ...structure,
      differential: { element: [{ id: 'A', path: 'A', type: list(n, (i) => ({ code: `t${i}` })) }] },
    }),
  ],
  [
    'StructureDefinition: constraints of an element',
    1_500,
    (n) => ({
      ...structure,
      differential: {
        element: [
          {
            id: 'A',
            path: 'A',
            constraint: list(n, (i) => ({ key: `k${i}`, severity: 'error', human: 'x', expression: 'true' })),
          },
        ],
      },
    }),
  ],
  [
    'ImplementationGuide: groupings and resources',
    1_500,
    (n) => ({
      ...guide,
      definition: {
        grouping: list(n, (i) => ({ id: `g${i}`, name: 'x' })),
        resource: list(n, (i) => ({ reference: { reference: `Patient/${i}` }, groupingId: `g${i}` })),
      },
    }),
  ],
  [
    'ImplementationGuide: versions',
    1_500,
    (n) => ({
      ...guide,
      fhirVersion: [...list(n, () => '4.0.0'), '4.0.1'],
      definition: { resource: list(n, () => ({ reference: { reference: 'Patient/1' }, fhirVersion: ['4.0.1'] })) },
    }),
  ],
  [
    'ImplementationGuide: pages',
    1_500,
    (n) => ({
      ...guide,
      definition: {
        resource: [{ reference: { reference: 'Patient/1' } }],
        page: {
          nameUrl: 'x',
          title: 'x',
          generation: 'html',
          page: trees(n, 'page', () => ({ nameUrl: 'x', title: 'x', generation: 'html' })),
        },
      },
    }),
  ],
  [
    'Questionnaire: items',
    1_500,
    (n) => ({
      resourceType: 'Questionnaire',
      status,
      item: list(n, (i) => ({ linkId: `l${i}`, text: 'x', type: 'string' })),
    }),
  ],
  [
    'Questionnaire: items in items',
    1_500,
    (n) => ({
      resourceType: 'Questionnaire',
      status,
      item: trees(n, 'item', (i) => ({ linkId: `l${i}`, type: 'string' })),
    }),
  ],
  [
    'QuestionnaireResponse: items',
    2_500,
    (n) => ({
      resourceType: 'QuestionnaireResponse',
      status: 'completed',
      item: list(n, (i) => ({ linkId: `l${i}`, answer: [{ valueString: 'x' }] })),
    }),
  ],
  [
    'Bundle: entries',
    1_500,
    (n) => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: list(n, (i) => ({
        fullUrl: uuid(i),
        resource: { ...observation, hasMember: [{ reference: uuid(n - i) }] },
      })),
    }),
  ],
  [
    'Observation: components',
    1_000,
    (n) => ({
      ...observation,
      valueString: 'x',
      component: list(n, (i) => ({ code: concept(`c${i}`), valueQuantity: quantity(i) })),
    }),
  ],
  [
    'Observation: codings of a code, with components',
    1_000,
    (n) => ({
      ...observation,
      code: { coding: list(n, (i) => ({ system: url, code: `c${i}` })) },
      valueCodeableConcept: { coding: list(n, (i) => ({ system: url, code: `v${i}` })) },
      component: list(n, (i) => ({ code: concept(`d${i}`), valueString: 'x' })),
    }),
  ],
  [
    'CodeSystem: concepts',
    8_000,
    (n) => ({
      ...codeSystem,
      concept: list(n, (i) => ({
        code: `c${i}`,
        display: `x ${i}`,
        designation: [{ value: `y ${i}` }],
        property: [{ code: 'parent', valueCode: `c${i >> 1}` }],
      })),
    }),
  ],
  [
    'CodeSystem: concepts in concepts',
    8_000,
    (n) => ({ ...codeSystem, concept: trees(n, 'concept', (i) => ({ code: `c${i}` })) }),
  ],
  [
    'ValueSet: concepts',
    8_000,
    (n) => ({
      resourceType: 'ValueSet',
      status,
      compose: { include: [{ system: url, concept: list(n, (i) => ({ code: `c${i}` })) }] },
      expansion: { timestamp: '2025', contains: list(n, (i) => ({ system: url, code: `c${i}` })) },
    }),
  ],
  [
    'ConceptMap: elements',
    2_000,
    (n) => ({
      resourceType: 'ConceptMap',
      status,
      group: [{ element: list(n, (i) => ({ code: `c${i}`, target: [{ code: `d${i}`, equivalence: 'equal' }] })) }],
    }),
  ],
  [
    'List: entries',
    5_000,
    (n) => ({
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      entry: list(n, (i) => ({ item: { reference: `Patient/${i}` } })),
    }),
  ],
  [
    'Group: members by identifier',
    5_000,
    (n) => ({
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: list(n, (i) => ({ entity: { identifier: { system: url, value: `v${i}` } } })),
    }),
  ],
  [
    'Patient: identifiers',
    4_000,
    (n) => ({ resourceType: 'Patient', identifier: list(n, (i) => ({ system: url, value: `v${i}` })) }),
  ],
  [
    'Patient: names',
    2_000,
    (n) => ({ resourceType: 'Patient', name: list(n, (i) => ({ text: `王${i}`, family: `f${i}`, given: [`g${i}`] })) }),
  ],
  [
    'Patient: given names of a name',
    3_000,
    (n) => ({ resourceType: 'Patient', name: [{ given: list(n, (i) => `g${i}`) }] }),
  ],
  [
    'Patient: extensions',
    5_000,
    (n) => ({ resourceType: 'Patient', extension: list(n, (i) => ({ url, valueString: `x${i}` })) }),
  ],
  [
    'Patient: ids of elements',
    5_000,
    (n) => ({ resourceType: 'Patient', name: list(n, (i) => ({ id: `i${i}`, use: 'old' })) }),
  ],
  [
    'Composition: sections',
    1_500,
    (n) => ({
      resourceType: 'Composition',
      status: 'final',
      type: concept('x'),
      date: '2025',
      author: [{ display: 'x' }],
      title: 'x',
      section: [
        ...list(n, (i) => ({ title: `t${i}`, text: div('x'), entry: [{ reference: `Patient/${i}` }] })),
        ...trees(n, 'section', () => ({ title: 'x', text: div('x') })),
      ],
    }),
  ],
  [
    'CapabilityStatement: resources, parameters and documents',
    1_000,
    (n) => ({
      ...capability,
      rest: [
        {
          mode: 'server',
          resource: [{ type: 'Patient', searchParam: list(n, (i) => ({ name: `p${i}`, type: 'string' })) }],
        },
      ],
      document: list(n, (i) => ({ mode: 'producer', profile: `${url}${i}` })),
    }),
  ],
  [
    'TestScript: tests',
    1_000,
    (n) => ({
      resourceType: 'TestScript',
      url,
      name: 'Abc',
      status,
      variable: list(n, (i) => ({ name: `v${i}`, path: 'x' })),
      test: list(n, () => ({ action: [{ assert: { warningOnly: false, response: 'okay' } }] })),
    }),
  ],
  [
    'Provenance: targets, agents and entities',
    2_000,
    (n) => ({
      resourceType: 'Provenance',
      target: list(n, (i) => ({ reference: `Patient/${i}` })),
      recorded: '2025-01-01T00:00:00Z',
      agent: list(n, (i) => ({ who: { reference: `Practitioner/${i}` } })),
      entity: list(n, (i) => ({ role: 'source', what: { reference: `Observation/${i}` } })),
    }),
  ],
  [
    'NamingSystem: ids',
    2_000,
    (n) => ({
      resourceType: 'NamingSystem',
      name: 'Abc',
      status,
      kind: 'identifier',
      date: '2025',
      uniqueId: list(n, (i) => ({ type: 'uri', value: `${url}${i}`, preferred: i === 0 })),
    }),
  ],
  [
    'Parameters: parts',
    3_000,
    (n) => ({
      resourceType: 'Parameters',
      parameter: trees(n, 'part', (i) => ({ name: 'x', ...(i % depth === 0 && { valueString: 'x' }) })),
    }),
  ],
  [
    'CareTeam: contained participants',
    1_000,
    (n) => ({
      resourceType: 'CareTeam',
      contained: list(n, (i) => ({ resourceType: 'Practitioner', id: `c${i}`, name: [{ family: 'x' }] })),
      participant: list(n, (i) => ({ member: { reference: `#c${i}` }, onBehalfOf: { reference: 'Organization/1' } })),
    }),
  ],
  [
    'Observation: contained ones that refer to each other',
    800,
    (n) => ({
      ...observation,
      contained: list(n, (i) => ({ ...observation, id: `c${i}`, hasMember: [{ reference: `#c${(i + 1) % n}` }] })),
      hasMember: [{ reference: '#c0' }],
    }),
  ],
  [
    'a narrative',
    15_000,
    (n) => ({
      resourceType: 'Basic',
      code: concept('x'),
      text: div('<p title="x">Some &amp; <b>more</b></p>'.repeat(n / 10)),
    }),
  ],
];
