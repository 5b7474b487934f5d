import type { Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { parseJson, stringify } from '#fhir/json/json.ts';
import { referenceLinks, replaceLinks, valueAt } from '#operations/write/links.ts';

const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-111111111111';
const known: ReadonlySet<string> = new Set([urn]);

t.test('http.html#trules: where a resource may name another of its bundle', async (t) => {
  const cases: [name: string, resource: object, paths: string[]][] = [
    ['a reference', { resourceType: 'Observation', subject: { reference: urn } }, ['subject.reference']],
    ['a relative one', { resourceType: 'Observation', subject: { reference: 'Patient/1' } }, ['subject.reference']],
    ['a contained one is no link', { resourceType: 'Observation', subject: { reference: '#p' } }, []],
    ['an extension', { resourceType: 'Basic', extension: [{ url: urn, valueUri: urn }] }, ['extension[0].valueUri']],
    ['a uuid is none', { resourceType: 'Basic', extension: [{ url: urn, valueUuid: urn }] }, []],
    ['an oid is none', { resourceType: 'Basic', extension: [{ url: urn, valueOid: urn }] }, []],
    [
      'a uuid in Parameters is none',
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', valueUuid: urn },
          { name: 'b', valueUrl: urn },
        ],
      },
      ['parameter[1].valueUrl'],
    ],
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
    for (const link of links) t.equal(valueAt(resource as Resource, link), link.value, name);
  }
});

t.test('references are written into copies: the resource stays as it came, to the last digit', async (t) => {
  const cases: [name: string, sent: string, stored: string][] = [
    ['none', '{"resourceType":"Basic","code":{"text":"1.00"}}', '{"resourceType":"Basic","code":{"text":"1.00"}}'],
    [
      'beside numbers and lists of numbers',
      '{"resourceType":"Observation","subject":{"reference":"URN"},"valueQuantity":{"value":1.00},"extension":[{"valueDecimal":2.50},{"url":"u","valueUri":"URN"}]}',
      '{"resourceType":"Observation","subject":{"reference":"Patient/1"},"valueQuantity":{"value":1.00},"extension":[{"valueDecimal":2.50},{"url":"u","valueUri":"Patient/1"}]}',
    ],
    [
      'in a holder of numbers',
      '{"resourceType":"Observation","component":[{"valueQuantity":{"value":1e2,"extension":[{"url":"u","valueReference":{"reference":"URN"}}]}}]}',
      '{"resourceType":"Observation","component":[{"valueQuantity":{"value":1e2,"extension":[{"url":"u","valueReference":{"reference":"Patient/1"}}]}}]}',
    ],
    [
      'in a list with holes, and twice in one holder',
      '{"resourceType":"CarePlan","instantiatesUri":["URN","http://x.example",1.0,"URN"],"_instantiatesUri":[null,{"extension":[{"valueUri":"URN"}]}]}',
      '{"resourceType":"CarePlan","instantiatesUri":["Patient/1","http://x.example",1.0,"Patient/1"],"_instantiatesUri":[null,{"extension":[{"valueUri":"Patient/1"}]}]}',
    ],
  ];
  for (const [name, template, stored] of cases) {
    const sent = template.replaceAll('URN', urn);
    const resource = parseJson(sent, 100) as Resource;
    const links = referenceLinks(resource, 'R', known);
    const replaced = replaceLinks(
      resource,
      links.map((link) => [link, 'Patient/1']),
    );
    t.equal(stringify(replaced), stored, name);
    t.equal(stringify(resource), sent, name);
    t.equal(replaced === resource, links.length === 0, name);
  }
});
