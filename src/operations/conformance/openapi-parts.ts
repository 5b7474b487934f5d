/** A value of an OpenAPI document. */
export type JsonValue = string | number | boolean | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonMembers = Readonly<Record<string, JsonValue>>;

/** The place of a component. */
export function ref(section: string, name: string): JsonValue {
  return { $ref: `#/components/${section}/${name}` };
}

export const text: JsonValue = { type: 'string' };
export const several: JsonValue = { type: 'array', items: text };

/** A FHIR body: a resource of this schema, or of one of several, in JSON or XML. */
export function fhirContent(...schemas: readonly string[]): JsonMembers {
  const [only = {}, ...more] = schemas.map((schema) => ref('schemas', schema));
  return {
    'application/fhir+json': { schema: more.length === 0 ? only : { anyOf: [only, ...more] } },
    'application/fhir+xml': { schema: ref('schemas', 'xml') },
  };
}
