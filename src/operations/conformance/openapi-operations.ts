import { fhirContent, type JsonMembers, type JsonValue, ref, several, text } from './openapi-parts.ts';
import { type Operation, type OperationParameter, operations } from './services.ts';

/** The paths of the `$operations`, on the system, on a type and on its instances. */
export function operationPaths(): JsonMembers {
  const paths = operations.flatMap((o) => {
    if (o.type === undefined) return [[`/$${o.name}`, item(o, false)]];
    return [
      [`/${o.type}/$${o.name}`, item(o, false)],
      [`/${o.type}/{id}/$${o.name}`, item(o, true)],
    ];
  });
  return Object.fromEntries(paths);
}

function item(operation: Operation, onInstance: boolean): JsonValue {
  const parameters = operation.parameters.filter((p) => !(onInstance && p.notOnInstance === true));
  const prefer = operation.asynchronous ? [ref('parameters', 'Prefer')] : [];
  const name = operation.name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const shared = {
    summary: `操作 Operation $${operation.name}`,
    description: operation.documentation,
    externalDocs: { url: operation.definition },
    tags: [operation.type ?? 'system'],
    responses: responses(operation),
  };
  const place = onInstance ? 'OnInstance' : '';
  return {
    parameters: [...(onInstance ? ['id'] : []), '_format', '_pretty'].map((p) => ref('parameters', p)),
    get: { operationId: `${name}${place}`, ...shared, parameters: [...parameters.map(inUrl), ...prefer] },
    post: {
      operationId: `${name}${place}ByPost`,
      ...shared,
      ...(prefer.length > 0 && { parameters: prefer }),
      requestBody: { description: 'The parameters, as a Parameters resource', content: fhirContent('Parameters') },
    },
  };
}

function inUrl({ name, documentation, required, many }: OperationParameter): JsonValue {
  const schema = many === true ? several : text;
  return { name, in: 'query', description: documentation, ...(required === true && { required }), schema };
}

function responses({ asynchronous }: Operation): JsonValue {
  return {
    200: ref('responses', 'made'),
    ...(asynchronous && { 202: ref('responses', 'accepted') }),
    400: ref('responses', '400'),
    ...(asynchronous && { 404: ref('responses', '404'), 422: ref('responses', '422') }),
    default: ref('responses', 'refused'),
  };
}
