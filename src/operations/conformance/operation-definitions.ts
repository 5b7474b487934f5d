import type { OperationDefinition, OperationDefinitionParameter } from '@medplum/fhirtypes';
import { type OperationParameter, type OperationSignature, ownDefinitions } from '../request/operation.ts';

/** The OperationDefinitions of the operations that no other specification defines (R4 operationdefinition.html). */
export function operationDefinitions(operations: readonly OperationSignature[]): readonly OperationDefinition[] {
  return operations.filter((o) => o.definition.startsWith(ownDefinitions)).map(definitionOf);
}

function definitionOf(operation: OperationSignature): OperationDefinition {
  const { name, definition, title, documentation, affectsState, levels, types, parameters } = operation;
  const resource = types ?? (levels.some((level) => level !== 'system') ? ['Resource'] : []);
  return {
    resourceType: 'OperationDefinition',
    id: definition.slice(ownDefinitions.length),
    url: definition,
    version: '0.1.0',
    name: pascalCase(name),
    title,
    status: 'active',
    kind: 'operation',
    experimental: false,
    date: '2026-01-01',
    publisher: '长宁区卫生健康委员会 Changning District Health Commission',
    description: documentation,
    affectsState,
    code: name,
    ...(resource.length > 0 && { resource: [...resource] as OperationDefinition['resource'] & object }),
    system: levels.includes('system'),
    type: levels.includes('type'),
    instance: levels.includes('instance'),
    ...(parameters.length > 0 && { parameter: parameters.map(parameterOf) }),
  };
}

/** R4 has no element for the levels of a parameter: its documentation tells them. */
function parameterOf(parameter: OperationParameter): OperationDefinitionParameter {
  const { name, use, min, max, type, parts, documentation, levels } = parameter;
  const at = levels === undefined ? '' : ` (${levels.join(', ')})`;
  return {
    name,
    use,
    min,
    max: String(max),
    documentation: `${documentation}${at}`,
    ...(type !== undefined && { type }),
    ...(parts !== undefined && { part: parts.map(parameterOf) }),
  };
}

/** R4 asks for a name that programs can use. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
