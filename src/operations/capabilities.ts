import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import type { Context } from './context.ts';

/** Made once for each server; the definitions do not change while it runs. */
const made = new WeakMap<Context, CapabilityStatement>();

/** R4 http.html#capabilities: what this server does, from the definitions that it works with. */
export function capabilities(context: Context): CapabilityStatement {
  const known = made.get(context);
  if (known !== undefined) return known;
  const statement = describe(context, new Date());
  made.set(context, statement);
  return statement;
}

function describe(context: Context, now: Date): CapabilityStatement {
  const types = [...context.definitions.resourceTypes].sort();
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: now.toISOString(),
    kind: 'instance',
    software: { name: 'Hufhir 沪FHIR' },
    implementation: { description: 'Hufhir 沪FHIR', url: context.config.baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    rest: [
      {
        mode: 'server',
        resource: types.map((type) => resourceOf(context, type)),
        interaction: [{ code: 'transaction' }, { code: 'batch' }, { code: 'history-system' }],
        operation: [
          {
            name: 'pending-references',
            definition: 'https://fhir.changning.example/OperationDefinition/pending-references',
          },
        ],
      },
    ],
  } as CapabilityStatement;
}

function resourceOf(context: Context, type: string): CapabilityStatementRestResource {
  const parameters = [...context.definitions.searchParameters(type).values()];
  const includes = parameters.filter((p) => p.type === 'reference').map((p) => `${type}:${p.code}`);
  const own = [
    { name: '_id', type: 'token' },
    { name: '_lastUpdated', type: 'date' },
  ];
  const described = parameters.map((p) => ({ name: p.code, definition: p.url, type: p.type }));
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: [
      { code: 'read' },
      { code: 'vread' },
      { code: 'create' },
      { code: 'update' },
      { code: 'delete' },
      { code: 'search-type' },
      { code: 'history-instance' },
      { code: 'history-type' },
    ],
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    searchInclude: includes,
    searchParam: [...own.filter((p) => !parameters.some((q) => q.code === p.name)), ...described],
    ...(type === 'Measure' && {
      operation: [
        {
          name: 'evaluate-measure',
          definition: 'http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure',
        },
      ],
    }),
  } as CapabilityStatementRestResource;
}
