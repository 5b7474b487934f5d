import {
  inputOf,
  isText,
  type OperationLevel,
  type OperationParameter,
  type OperationSignature,
  soleResource,
  takesGet,
} from '../request/operation.ts';
import { fhirContent, type JsonMembers, type JsonValue, ref, several, text } from './openapi-parts.ts';

/** The paths of the `$operations`, on the system, on types and on their instances; one for all types where an operation is on all. */
export function operationPaths(operations: readonly OperationSignature[]): JsonMembers {
  const paths = operations.flatMap((o) =>
    o.levels.flatMap((level) => {
      if (level === 'system') return [[`/$${o.name}`, item(o, level, undefined)]];
      const path = (type: string) => (level === 'type' ? `/${type}/$${o.name}` : `/${type}/{id}/$${o.name}`);
      if (o.types === undefined) return [[path('{type}'), item(o, level, undefined)]];
      return o.types.map((type) => [path(type), item(o, level, type)]);
    }),
  );
  return Object.fromEntries(paths);
}

function item(operation: OperationSignature, level: OperationLevel, type: string | undefined): JsonValue {
  const parameters = inputOf(operation, level);
  const prefer = operation.long ? [ref('parameters', 'Prefer')] : [];
  const id = operationId(operation, level, type);
  const shared = {
    summary: `${operation.title} $${operation.name}`,
    description: operation.documentation,
    externalDocs: { url: operation.definition },
    tags: [type ?? 'system'],
    responses: responses(operation, level),
  };
  const inQuery = [...parameters.filter(isText).map(inUrl), ...prefer];
  return {
    parameters: [...inPath(level, type), '_format', '_pretty'].map((p) => ref('parameters', p)),
    ...(takesGet(operation, level) && { get: { operationId: id, ...shared, parameters: inQuery } }),
    post: {
      operationId: `${id}ByPost`,
      ...shared,
      ...(prefer.length > 0 && { parameters: prefer }),
      requestBody: requestBody(parameters),
    },
  };
}

/** The type is one of all where none is said. */
function inPath(level: OperationLevel, type: string | undefined): readonly string[] {
  if (level === 'system') return [];
  return [...(type === undefined ? ['type'] : []), ...(level === 'instance' ? ['id'] : [])];
}

/** `pendingReferences`, `evaluateMeasure`, `everythingPatientOnInstance`: with the type, unless the name ends in it. */
function operationId({ name }: OperationSignature, level: OperationLevel, type = ''): string {
  const own = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const at = type === '' && level === 'type' ? 'OnType' : level === 'instance' ? 'OnInstance' : '';
  return `${own}${own.endsWith(type) ? '' : type}${at}`;
}

function inUrl({ name, documentation, min, max }: OperationParameter): JsonValue {
  const schema = max === '*' ? several : text;
  return { name, in: 'query', description: documentation, ...(min === 1 && { required: true }), schema };
}

/** R4 operations.html#request: Parameters; or the resource itself, where the operation takes one. */
function requestBody(parameters: readonly OperationParameter[]): JsonValue {
  const itself = soleResource(parameters)?.type ?? 'Parameters';
  const lines = parameters.flatMap((p) => linesOf(p, ''));
  return {
    description: ['The parameters, as a Parameters resource', ...lines].join('\n'),
    ...(parameters.some((p) => p.min === 1 && !isText(p)) && { required: true }),
    content: fhirContent(...new Set(['Parameters', itself])),
  };
}

/** A line of Markdown for a parameter, and one for each of its parts. */
function linesOf({ name, type, min, max, parts = [], documentation }: OperationParameter, indent: string): string[] {
  const line = `${indent}- \`${name}\` (${type ?? 'parts'}, ${min}..${max}): ${documentation}`;
  return [line, ...parts.flatMap((part) => linesOf(part, `${indent}  `))];
}

function responses({ long }: OperationSignature, level: OperationLevel): JsonValue {
  const statuses = [400, ...(level === 'system' ? [] : [404]), 422];
  return {
    200: ref('responses', 'made'),
    ...(long && { 202: ref('responses', 'accepted') }),
    ...Object.fromEntries(statuses.map((status) => [status, ref('responses', String(status))])),
    default: ref('responses', 'refused'),
  };
}
