import type { Maker } from './oracle-people.ts';
import type { Json, Values } from './oracle-values.ts';
import * as words from './oracle-words.ts';

/** What all definitions have. */
function artifact(v: Values): Json {
  return {
    url: v.r.maybe(() => v.r.pick(words.uris)),
    version: v.r.maybe(() => v.r.pick(['1', '2', '10'])),
    name: v.r.pick(['Uppsala', 'UppsalaTwo', 'Koln', 'Muller']),
    title: v.r.maybe(() => v.r.pick(words.displays)),
    status: v.r.pick(['draft', 'active']),
    date: v.r.maybe(() => v.moment()),
    publisher: v.r.maybe(() => v.r.pick(words.cities)),
    description: v.r.maybe(() => `${v.r.pick(words.displays)} ${v.r.pick(words.rareWords)}`),
    jurisdiction: v.r.some(1, () => v.concept()),
    useContext: v.r.some(2, () => ({
      code: v.coding(),
      ...v.r.pick([
        { valueCodeableConcept: v.concept() },
        { valueQuantity: v.quantity() },
        { valueRange: v.range('kg') },
      ]),
    })),
  };
}

/** Definitions, lists and the rest. */
export const artifacts: Readonly<Record<string, Maker>> = {
  Questionnaire: (v) => ({
    ...artifact(v),
    effectivePeriod: v.r.maybe(() => v.period()),
    subjectType: v.r.some(2, () => v.r.pick(['Patient', 'Group'])),
    item: v.r.some(2, () => ({
      linkId: '1',
      type: 'string',
      code: [v.coding()],
      definition: v.r.pick(words.uris),
      item: v.r.some(1, () => ({ linkId: '2', type: 'string', code: [v.coding()] })),
    })),
  }),
  QuestionnaireResponse: (v) => ({
    questionnaire: v.r.maybe(() => v.canonical()),
    status: 'completed',
    subject: v.r.maybe(() => v.reference('Patient', 'Observation')),
    authored: v.r.maybe(() => v.moment()),
    author: v.r.maybe(() => v.reference('Practitioner', 'Patient')),
  }),
  StructureDefinition: (v) => ({
    ...artifact(v),
    url: v.r.pick(words.uris),
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: v.r.pick([
      'http://hl7.org/fhir/StructureDefinition/Patient',
      'http://hl7.org/fhir/StructureDefinition/Observation',
    ]),
    derivation: 'constraint',
    keyword: v.r.some(2, () => v.coding()),
    differential: { element: [{ id: 'Patient', path: 'Patient' }] },
  }),
  Library: (v) => ({
    ...artifact(v),
    type: v.concept(),
    topic: v.r.some(1, () => v.concept()),
    relatedArtifact: v.r.some(3, () => ({
      type: v.r.pick(['depends-on', 'successor', 'derived-from']),
      resource: v.canonical(),
    })),
  }),
  List: (v, at) => ({
    identifier: v.identifiers('List', at),
    status: 'current',
    mode: 'working',
    code: v.r.maybe(() => v.concept()),
    subject: v.r.maybe(() => v.reference('Patient', 'Group')),
    date: v.r.maybe(() => v.moment()),
    note: v.r.some(1, () => ({ text: v.r.pick(words.rareWords) })),
    entry: v.r.some(6, () => ({ item: v.reference('Patient', 'Observation', 'Condition', 'Encounter') })),
  }),
  Basic: (v, at) => ({
    identifier: v.identifiers('Basic', at),
    code: v.concept(),
    subject: v.r.maybe(() => v.reference('Patient', 'Location', 'Practitioner')),
    created: v.r.maybe(() => v.date()),
    author: v.r.maybe(() => v.reference('Practitioner', 'Organization')),
  }),
};

function codeSystem(id: string, url: string): Json {
  const tree = words.parents[url] ?? {};
  const below = (parent: string | undefined): Json[] =>
    Object.keys(tree)
      .filter((code) => tree[code] === parent)
      .map((code) => {
        const concept = below(code);
        return concept.length === 0 ? { code } : { code, concept };
      });
  const head = { resourceType: 'CodeSystem', id, url, name: id, status: 'active', content: 'complete' };
  return { ...head, hierarchyMeaning: 'is-a', concept: below(undefined) };
}

function valueSet(id: string, url: string, include: readonly Json[], exclude?: readonly Json[]): Json {
  const compose = exclude === undefined ? { include } : { include, exclude };
  return { resourceType: 'ValueSet', id, url, name: id, status: 'active', compose };
}

const [a, b] = words.systems;
const { few, whole, below, without, joined } = words.valueSets;

/** The two code systems, and value sets over them by list, system, hierarchy, exclusion and import. */
export const terminology: readonly Json[] = [
  codeSystem('a', a),
  codeSystem('b', b),
  valueSet('few', few, [
    { system: a, concept: [{ code: 'a1' }, { code: 'a121' }] },
    { system: b, concept: [{ code: 'b11' }] },
  ]),
  valueSet('whole', whole, [{ system: b }]),
  valueSet('below', below, [{ system: a, filter: [{ property: 'concept', op: 'is-a', value: 'a1' }] }]),
  valueSet('without', without, [{ system: a }], [{ system: a, concept: [{ code: 'a2' }, { code: 'a12' }] }]),
  valueSet('joined', joined, [{ valueSet: [few] }, { valueSet: [whole] }]),
];

/** What belongs to each value set, as `system|code`. */
export const members: Readonly<Record<string, readonly string[]>> = {
  [few]: [`${a}|a1`, `${a}|a121`, `${b}|b11`],
  [whole]: Object.keys(words.parents[b] ?? {}).map((code) => `${b}|${code}`),
  [below]: ['a1', 'a11', 'a12', 'a121'].map((code) => `${a}|${code}`),
  [without]: ['a1', 'a11', 'a121'].map((code) => `${a}|${code}`),
  [joined]: [`${a}|a1`, `${a}|a121`, `${b}|b11`, `${b}|a1`, `${b}|b1`],
};
