import { of, type Row } from './resources.ts';

const structure = (rest: object) => of('StructureDefinition', rest);
const element = (path: string, rest: object = {}) => ({ id: path, path, ...rest });
const root = element('Patient');
/** An element of a differential. */
const differential = (rest: object, structureRest: object = {}) =>
  structure({ differential: { element: [root, element('Patient.x', rest)] }, ...structureRest });
const first = (rest: object, structureRest: object = {}) =>
  structure({ differential: { element: [element('Patient', rest)] }, ...structureRest });
/** An element of a snapshot, with all that one has. */
const whole = (path: string, rest: object = {}) =>
  element(path, { definition: 'x', min: 0, max: '1', base: { path, min: 0, max: '1' }, ...rest });
const snapshot = (...elements: readonly object[]) => structure({ snapshot: { element: elements } });
const at = 'StructureDefinition.differential.element[1]';
const of2 = { type: [{ code: 'string' }, { code: 'code' }] };
const text = { type: [{ code: 'string' }] };
const bound = { binding: { strength: 'required', valueSet: 'http://x.example/v' } };
const specialization = { derivation: 'specialization' };
const core = { url: 'http://hl7.org/fhir/StructureDefinition/x' };
const slicing = { slicing: { rules: 'open', description: 'x' } };
const constraint = (key: string, rest: object = {}) => ({
  key,
  severity: 'error',
  human: 'x',
  expression: 'true',
  ...rest,
});

export const elementDefinitions: readonly Row[] = [
  ['eld-1', `${at}.slicing`, differential(slicing), differential({ slicing: { rules: 'open' } })],
  ['eld-2', at, differential({ min: 1, max: '1' }), differential({ min: 2, max: '1' })],
  ['eld-3', `${at}.max`, differential({ max: '*' }), differential({ max: 'x' })],
  [
    'eld-4',
    `${at}.type[0]`,
    differential({ type: [{ code: 'Reference', aggregation: ['contained'] }] }),
    differential({ type: [{ code: 'string', aggregation: ['contained'] }] }),
  ],
  [
    'eld-5',
    at,
    differential({ contentReference: '#Patient.y' }),
    differential({ contentReference: '#Patient.y', ...text }),
  ],
  ['eld-6', at, differential({ fixedString: 'x', ...text }), differential({ fixedString: 'x', ...of2 })],
  ['eld-7', at, differential({ patternString: 'x', ...text }), differential({ patternString: 'x', ...of2 })],
  ['eld-8', at, differential({ fixedString: 'x' }), differential({ fixedString: 'x', patternString: 'x' })],
  ['eld-11', at, differential({ ...bound, ...of2 }), differential({ ...bound, type: [{ code: 'integer' }] })],
  [
    'eld-11',
    at,
    differential({ ...bound, type: [{ code: 'http://x.example/t' }] }),
    differential({ ...bound, type: [{ code: 'Period' }, { code: 'Reference' }] }),
  ],
  [
    'eld-12',
    `${at}.binding`,
    differential({ binding: { strength: 'required', valueSet: 'urn:oid:1.2' } }),
    differential({ binding: { strength: 'required', valueSet: 'ValueSet/x' } }),
  ],
  ['eld-13', at, differential(of2), differential({ type: [{ code: 'string' }, { code: 'string' }] })],
  [
    'eld-14',
    at,
    differential({ constraint: [constraint('a'), constraint('b')] }),
    differential({ constraint: [constraint('a'), constraint('a')] }),
  ],
  [
    'eld-15',
    at,
    differential({ defaultValueString: 'x' }, specialization),
    differential({ defaultValueString: 'x', meaningWhenMissing: 'x' }, specialization),
  ],
  ['eld-16', at, differential({ sliceName: 'a/b-c_1@[x]' }), differential({ sliceName: 'a b' })],
  ['eld-17', `${at}.type[0]`, differential(typed('canonical')), differential(typed('string'))],
  ['eld-18', at, differential({ isModifier: true, isModifierReason: 'x' }), differential({ isModifier: true })],
  ['eld-19', at, differential({ path: 'Patient.x[x].y' }), differential({ path: 'Patient.x y' })],
  ['eld-20', at, differential({ path: 'Patient.x[x]' }), differential({ path: 'Patient.x-y' })],
  [
    'eld-21',
    `${at}.constraint[0]`,
    differential({ constraint: [constraint('a')] }),
    differential({ constraint: [constraint('a', { expression: undefined })] }),
  ],
  [
    'eld-22',
    at,
    differential({ sliceName: 'x', sliceIsConstraining: true }),
    differential({ sliceIsConstraining: true }),
  ],
];

export const structureDefinitions: readonly Row[] = [
  [
    'sdf-1',
    'StructureDefinition',
    snapshot(whole('Patient'), whole('Patient.x'), whole('Patient.x', { id: 'y' })),
    structure({
      ...specialization,
      snapshot: { element: [whole('Patient'), whole('Patient.x'), whole('Patient.x', { id: 'y' })] },
    }),
  ],
  [
    'sdf-2',
    'StructureDefinition.mapping[0]',
    structure({ mapping: [{ identity: 'x', name: 'x' }] }),
    structure({ mapping: [{ identity: 'x' }] }),
  ],
  [
    'sdf-3',
    'StructureDefinition.snapshot',
    snapshot(whole('Patient')),
    snapshot(whole('Patient'), whole('Patient.x', { min: undefined })),
  ],
  [
    'sdf-4',
    'StructureDefinition',
    structure({ abstract: true, baseDefinition: undefined }),
    structure({ baseDefinition: undefined }),
  ],
  ['sdf-5', 'StructureDefinition', extension({ context: [{ type: 'element', expression: 'Patient' }] }), extension({})],
  ['sdf-6', 'StructureDefinition', structure({}), structure({ differential: undefined })],
  [
    'sdf-8',
    'StructureDefinition.snapshot',
    snapshot(whole('Patient'), whole('Patient.x')),
    snapshot(whole('Patient'), whole('Person.x')),
  ],
  [
    'sdf-8a',
    'StructureDefinition.differential',
    differential({ path: 'Patient.y' }),
    differential({ path: 'Person.x' }),
  ],
  [
    'sdf-8a',
    'StructureDefinition.differential',
    structure({ differential: { element: [element('Patient.x'), element('Patient.y.z')] } }),
    structure({ differential: { element: [element('Person')] } }),
  ],
  [
    'sdf-8b',
    'StructureDefinition.snapshot',
    snapshot(whole('Patient')),
    snapshot(whole('Patient', { base: undefined })),
  ],
  ['sdf-9', 'StructureDefinition', differential({ label: 'x' }), first({ label: 'x' })],
  [
    'sdf-10',
    'StructureDefinition.snapshot.element[1]',
    snapshot(whole('Patient'), whole('Patient.x', { binding: { strength: 'required', description: 'x' } })),
    snapshot(whole('Patient'), whole('Patient.x', { binding: { strength: 'required' } })),
  ],
  ['sdf-11', 'StructureDefinition', snapshot(whole('Patient')), snapshot(whole('Person'))],
  ['sdf-14', 'StructureDefinition', snapshot(whole('Patient')), snapshot(whole('Patient', { id: undefined }))],
  ['sdf-14', 'StructureDefinition', differential({}), differential({ id: undefined })],
  ['sdf-15', 'StructureDefinition', snapshot(whole('Patient')), snapshot(whole('Patient', text))],
  ['sdf-15a', 'StructureDefinition', differential(text), first(text)],
  [
    'sdf-16',
    'StructureDefinition',
    snapshot(whole('Patient'), whole('Patient.x')),
    snapshot(whole('Patient'), whole('Patient.x', { id: 'Patient' })),
  ],
  ['sdf-17', 'StructureDefinition', differential({}), differential({ id: 'Patient' })],
  [
    'sdf-18',
    'StructureDefinition',
    extension({ context: [{ type: 'element', expression: 'Patient' }], contextInvariant: ['true'] }),
    structure({ contextInvariant: ['true'] }),
  ],
  [
    'sdf-19',
    'StructureDefinition',
    differential({ type: [{ code: 'http://hl7.org/fhirpath/System.String' }] }, core),
    differential({ type: [{ code: 'http://x.example/t' }] }, core),
  ],
  ['sdf-20', 'StructureDefinition.differential', differential(slicing), first(slicing)],
  [
    'sdf-21',
    'StructureDefinition',
    differential({ defaultValueString: 'x' }, specialization),
    differential({ defaultValueString: 'x' }),
  ],
  [
    'sdf-22',
    'StructureDefinition',
    differential({}, { ...core, ...specialization }),
    differential({ defaultValueString: 'x' }, { ...core, ...specialization }),
  ],
  ['sdf-23', 'StructureDefinition', differential({ sliceName: 'x' }), first({ sliceName: 'x' })],
];

function typed(code: string): object {
  return { type: [{ code, targetProfile: ['http://x.example/p'] }] };
}

function extension(rest: object): object {
  return structure({
    kind: 'complex-type',
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    differential: { element: [element('Extension')] },
    ...rest,
  });
}
