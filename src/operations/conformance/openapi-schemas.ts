import { forms } from '#search/criteria/values.ts';
import { type JsonMembers, type JsonValue, ref, several, text } from './openapi-parts.ts';

/** The schemas of bodies and of search values. Each type has one; what R4 says of its elements is left to R4. */
export function schemasOf(types: readonly string[]): JsonMembers {
  const ofTypes = types.map((type) => [type, typeSchema(type)]);
  const ofValues = Object.entries(forms).map(([type, form]) => [`search-${type}`, searched(form)]);
  return { ...shared, ...Object.fromEntries([...ofTypes, ...ofValues]) };
}

function typeSchema(type: string): JsonValue {
  return {
    allOf: [ref('schemas', 'Resource')],
    properties: { resourceType: { const: type }, ...contents[type] },
    examples: [{ resourceType: type }],
  };
}

/** Given several times, each must hold; a comma within one means or. */
function searched(form: string): JsonValue {
  return { type: 'array', items: { type: 'string', description: form } };
}

function object(properties: JsonMembers, required: readonly string[] = []): JsonValue {
  return { type: 'object', ...(required.length > 0 && { required }), properties };
}

const shared: JsonMembers = {
  id: { type: 'string', pattern: '^[A-Za-z0-9\\-.]{1,64}$' },
  xml: { type: 'string', description: 'FHIR XML', contentMediaType: 'application/fhir+xml' },
  Resource: object(
    {
      resourceType: text,
      id: ref('schemas', 'id'),
      meta: object({ versionId: text, lastUpdated: text, profile: several }),
    },
    ['resourceType'],
  ),
  JsonPatch: {
    type: 'array',
    description: 'RFC 6902',
    items: object(
      { op: { type: 'string', enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] }, path: text, from: text },
      ['op', 'path'],
    ),
    examples: [[{ op: 'replace', path: '/active', value: false }]],
  },
};

/** The types that clients of every type read. */
const contents: Readonly<Record<string, JsonMembers>> = {
  Bundle: {
    type: text,
    total: { type: 'integer', minimum: 0 },
    link: { type: 'array', items: object({ relation: text, url: text }) },
    entry: {
      type: 'array',
      items: object({
        fullUrl: text,
        resource: ref('schemas', 'Resource'),
        request: object({ method: text, url: text }),
        response: object({ status: text, location: text, etag: text, lastModified: text }),
        search: object({ mode: text }),
      }),
    },
  },
  OperationOutcome: {
    issue: {
      type: 'array',
      minItems: 1,
      items: object(
        {
          severity: { type: 'string', enum: ['fatal', 'error', 'warning', 'information'] },
          code: text,
          details: object({ coding: { type: 'array', items: object({ system: text, code: text }) } }),
          diagnostics: text,
          expression: several,
        },
        ['severity', 'code'],
      ),
    },
  },
};
