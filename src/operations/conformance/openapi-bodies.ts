import { fhirContent, type JsonMembers, type JsonValue, ref, several, text } from './openapi-parts.ts';
import { patchFormats } from './services.ts';

/** Binary also comes and goes as the bytes that it holds (R4 binary.html). */
const raw: JsonMembers = { '*/*': {} };

function contentOf(type: string): JsonMembers {
  return { ...fhirContent(type), ...(type === 'Binary' && raw) };
}

export const headers: JsonMembers = {
  ETag: { description: 'The version: `W/"1"`', schema: text },
  'Last-Modified': { description: 'When the version was made', schema: text },
  Location: { description: 'The URL of the version', schema: text },
  'X-Security-Context': { description: 'Binary.securityContext, with the bytes alone', schema: text },
  'Content-Location': { description: 'Where the progress is told', schema: text },
  'X-Progress': { description: 'How far the work is', schema: text },
};

function withHeaders(names: readonly string[]): JsonValue {
  return Object.fromEntries(names.map((name) => [name, ref('headers', name)]));
}

/** What is sent: a resource of each type, and what has no type. */
export function requestBodiesOf(types: readonly string[]): JsonMembers {
  const body = (content: JsonMembers): JsonValue => ({ required: true, content });
  const patches = patchFormats.map((format) => [
    format,
    { schema: ref('schemas', format.endsWith('xml') ? 'xml' : format.includes('patch') ? 'JsonPatch' : 'Parameters') },
  ]);
  return {
    ...Object.fromEntries(types.map((type) => [type, body(contentOf(type))])),
    patch: body(Object.fromEntries(patches)),
    bundle: body({
      ...fhirContent('Bundle'),
      'application/fhir+json': { schema: ref('schemas', 'Bundle'), example: batch },
    }),
    form: {
      description: 'The parameters of the search; those of the URL count as well',
      content: {
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            additionalProperties: { anyOf: [text, several] },
            examples: [{ _count: '10', _lastUpdated: 'ge2025-01-01' }],
          },
        },
      },
    },
  };
}

const batch: JsonValue = {
  resourceType: 'Bundle',
  type: 'batch',
  entry: [{ request: { method: 'GET', url: 'Patient?_count=1' } }],
};

/** What is answered: by type with 200 (`Patient`) and 201 (`Patient-created`), by its kind, by status. */
export function responsesOf(types: readonly string[]): JsonMembers {
  const stored = (type: string) => ['ETag', 'Last-Modified', ...(type === 'Binary' ? ['X-Security-Context'] : [])];
  const ofTypes = types.flatMap((type) => [
    [type, { description: type, headers: withHeaders(stored(type)), content: contentOf(type) }],
    [
      `${type}-created`,
      { description: 'Created', headers: withHeaders(['Location', ...stored(type)]), content: contentOf(type) },
    ],
  ]);
  return { ...Object.fromEntries(ofTypes), ...kinds, ...Object.fromEntries(refusals) };
}

function answered(description: string, schema: string): JsonValue {
  return { description, content: fhirContent(schema) };
}

const kinds: JsonMembers = {
  statement: answered('The CapabilityStatement', 'CapabilityStatement'),
  searchset: answered('A page of matches; the link `next` leads on', 'Bundle'),
  history: answered('Versions, newest first; the link `next` leads on', 'Bundle'),
  responses: answered('One response for each entry, in their order', 'Bundle'),
  jobs: answered('The asynchronous requests of the caller: a parameter `job` for each', 'Parameters'),
  made: answered('The result', 'Resource'),
  'told-deleted': answered('Deleted, and told so (`Prefer: return=OperationOutcome`)', 'OperationOutcome'),
  deleted: { description: 'Deleted, or nothing was there', headers: withHeaders(['ETag']) },
  unmodified: { description: 'The client has this version already', headers: withHeaders(['ETag', 'Last-Modified']) },
  accepted: {
    description: 'The work goes on (`Prefer: respond-async`)',
    headers: withHeaders(['Content-Location', 'X-Progress']),
  },
  cancelled: { description: 'Cancelled' },
  refused: answered(
    'Any other refusal: 401, 403, 405 (with Allow), 406, 413, 414, 415, 500, 503, …',
    'OperationOutcome',
  ),
};

const refusals = Object.entries({
  400: 'The request is not understood; the issue names what is wrong with it',
  404: 'There is none',
  409: 'In conflict with another write, or with what exists',
  410: 'It was deleted',
  412: 'A precondition does not hold, or several resources match',
  422: 'The contents break a rule; each issue names the element',
}).map(([status, description]) => [status, answered(description, 'OperationOutcome')]);
