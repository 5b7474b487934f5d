/** A value of an OpenAPI document. */
export type JsonValue = string | number | boolean | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonMembers = Readonly<Record<string, JsonValue>>;

/** The place of a component. */
export function ref(section: string, name: string): JsonValue {
  return { $ref: `#/components/${section}/${name}` };
}

export const text: JsonValue = { type: 'string' };
export const several: JsonValue = { type: 'array', items: text };

/** A FHIR body: a resource of this schema, in JSON or XML. */
export function fhirContent(schema: string): JsonMembers {
  return {
    'application/fhir+json': { schema: ref('schemas', schema) },
    'application/fhir+xml': { schema: ref('schemas', 'xml') },
  };
}
