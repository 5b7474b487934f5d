import { addressOf, inParallel } from '../clients.ts';
import { codeSystem } from '../data.ts';
import { type Load, some, times } from './load.ts';
import { unfound } from './searches.ts';

const json = (value: object): string => JSON.stringify(value);
const person = { resourceType: 'Patient', meta: { tag: [{ code: 'synthetic' }] }, gender: 'female' };
/** Who satisfies the criteria that nobody did. */
const named = (i: number): object => ({ ...person, name: [{ family: unfound(1, i) }] });
const bundle = (type: string, entry: readonly object[]): string => json({ resourceType: 'Bundle', type, entry });

const conformance = { url: 'http://example.org/fair', name: 'Fair', status: 'draft' };

function structureDefinition(elements: number): object {
  const element = ['Patient', ...times(elements - 1, (i) => `Patient.e${i}`)].map((path) => ({ id: path, path }));
  return {
    resourceType: 'StructureDefinition',
    ...conformance,
    kind: 'resource',
    abstract: false,
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    derivation: 'constraint',
    differential: { element },
  };
}

function guide(groupings: number): object {
  const definition = {
    grouping: times(groupings, (i) => ({ id: `g${i}`, name: `Grouping ${i}` })),
    resource: times(groupings, (i) => ({ reference: { display: `r${i}` }, groupingId: `g${i}` })),
  };
  return {
    resourceType: 'ImplementationGuide',
    ...conformance,
    packageId: 'example.fair',
    fhirVersion: ['4.0.1'],
    definition,
  };
}

const questionnaire = (items: number): object => ({
  resourceType: 'Questionnaire',
  ...conformance,
  item: times(items, (i) => ({ linkId: `${i}`, text: `Question ${i}`, type: 'string' })),
});

const observation = (components: number): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  component: times(components, (i) => ({
    code: { coding: [{ system: 'http://example.org/parts', code: `part${i}`, display: 'A part' }] },
    valueQuantity: { value: i, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  })),
});

const collection = (entries: number): string =>
  bundle(
    'collection',
    times(entries, (i) => ({ fullUrl: `http://example.org/Patient/${i}`, resource: { ...person, id: `${i}` } })),
  );

/** A body that takes long to check; what it answers is no matter. */
const heavy = (name: string, type: string, make: () => object | string): Load => ({
  name: `POST of ${name}`,
  run: async ({ count }, share) => {
    const made = make();
    const body = typeof made === 'string' ? made : json(made);
    await inParallel(
      times(some(4, share), (i) => i),
      4,
      (i) => count('POST', `/${type}`, body, { address: addressOf(i) }),
    );
  },
});

export const writes: readonly Load[] = [
  {
    name: '50 slow conditional creates',
    run: ({ count }, share) =>
      inParallel(
        times(some(50, share), (i) => i),
        50,
        (i) =>
          count('POST', '/Patient', json(named(i * 15)), {
            headers: { 'if-none-exist': `name:contains=${unfound(15, i * 15)}` },
          }),
      ),
  },
  {
    name: 'a transaction of 1,500 costly criteria',
    run: ({ count }, share) => {
      const ifNoneExist = (i: number) => `name:contains=${unfound(1, 10_000 + i)}`;
      const entry = times(some(1500, share), (i) => ({
        resource: named(10_000 + i),
        request: { method: 'POST', url: 'Patient', ifNoneExist: ifNoneExist(i) },
      }));
      return count('POST', '', bundle('transaction', entry));
    },
  },
  {
    name: 'a batch of 2,000 :contains',
    run: ({ count }, share) => {
      const entry = times(some(2000, share), (i) => ({
        request: { method: 'GET', url: `Patient?name:contains=zz${i}&_count=1` },
      }));
      return count('POST', '', bundle('batch', entry));
    },
  },
  heavy('a StructureDefinition of 8,000 elements', 'StructureDefinition', () => structureDefinition(8_000)),
  heavy('a Questionnaire of 9,000 items', 'Questionnaire', () => questionnaire(9_000)),
  heavy('an Observation of 2,000 components', 'Observation', () => observation(2_000)),
  heavy('an ImplementationGuide of 5,000 groupings', 'ImplementationGuide', () => guide(5_000)),
  heavy('a Bundle of 9,000 entries', 'Bundle', () => collection(9_000)),
  {
    name: 'PUT of a CodeSystem of 60,000 concepts',
    long: true,
    run: ({ count }) => count('PUT', '/CodeSystem/wide', codeSystem(60_000)),
  },
];
