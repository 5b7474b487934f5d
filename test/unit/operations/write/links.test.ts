import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { referenceLinks } from '#operations/write/links.ts';

const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-111111111111';
const known: ReadonlySet<string> = new Set([urn]);

t.test('http.html#trules: where a resource may name another of its bundle', async (t) => {
  const cases: [name: string, resource: object, paths: string[]][] = [
    ['a reference', { resourceType: 'Observation', subject: { reference: urn } }, ['subject.reference']],
    ['a relative one', { resourceType: 'Observation', subject: { reference: 'Patient/1' } }, ['subject.reference']],
    ['a contained one is no link', { resourceType: 'Observation', subject: { reference: '#p' } }, []],
    ['an extension', { resourceType: 'Basic', extension: [{ url: urn, valueUuid: urn }] }, ['extension[0].valueUuid']],
    [
      'uris in a list',
      { resourceType: 'CarePlan', instantiatesUri: ['http://x.example', urn] },
      ['instantiatesUri[1]'],
    ],
    ['canonicals are not replaced', { resourceType: 'CarePlan', instantiatesCanonical: [urn] }, []],
    ['an address', { resourceType: 'Endpoint', address: urn }, ['address']],
    [
      'an endpoint',
      { resourceType: 'MessageHeader', source: { endpoint: urn }, destination: [{ endpoint: urn }] },
      ['source.endpoint', 'destination[0].endpoint'],
    ],
    ['a uri named reference', { resourceType: 'DetectedIssue', reference: urn }, ['reference']],
    [
      'an attachment',
      { resourceType: 'DocumentReference', content: [{ attachment: { url: urn } }] },
      ['content[0].attachment.url'],
    ],
    ['narrative', { resourceType: 'Basic', text: { div: `<a href="${urn}"/>` } }, ['text.div']],
    [
      'a primitive',
      { resourceType: 'Patient', _birthDate: { extension: [{ valueUri: urn }] } },
      ['_birthDate.extension[0].valueUri'],
    ],
    [
      'a list of primitives',
      { resourceType: 'HumanName', _given: [null, { extension: [{ valueReference: { reference: urn } }] }] },
      ['_given[1].extension[0].valueReference.reference'],
    ],
    [
      'a contained resource',
      { resourceType: 'Basic', contained: [{ resourceType: 'Observation', subject: { reference: urn } }] },
      ['contained[0].subject.reference'],
    ],
    ['an identifier is none', { resourceType: 'Patient', identifier: [{ system: urn, value: urn }] }, []],
    ['a code system is none', { resourceType: 'Basic', code: { coding: [{ system: urn }] } }, []],
    ['text is none', { resourceType: 'Patient', name: [{ text: urn }] }, []],
    [
      'a stored Bundle: its entries have their own',
      {
        resourceType: 'Bundle',
        entry: [
          {
            fullUrl: urn,
            request: { url: urn },
            resource: { resourceType: 'Observation', subject: { reference: urn } },
          },
        ],
      },
      [],
    ],
    [
      'Parameters: so have its resources',
      {
        resourceType: 'Parameters',
        parameter: [
          { valueReference: { reference: urn } },
          { resource: { resourceType: 'Observation', subject: { reference: urn } } },
        ],
      },
      ['parameter[0].valueReference.reference'],
    ],
    [
      'what R4 does not define',
      { resourceType: 'Patient', colour: { reference: urn }, name: [[{ reference: urn }]] },
      [],
    ],
    [
      'a contained resource without a type',
      { resourceType: 'Basic', contained: [{ subject: { reference: urn } }, { resourceType: { toString: 1 } }] },
      [],
    ],
  ];
  for (const [name, resource, paths] of cases) {
    const links = referenceLinks(resource as Resource, 'R', known);
    t.same(
      links.map((l) => l.path),
      paths.map((p) => `R.${p}`),
      name,
    );
    for (const { holder, key, value } of links) t.equal(holder[key], value, name);
  }
});
