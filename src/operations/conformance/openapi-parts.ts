/** A value of an OpenAPI document. */
export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };
export type Entries = Readonly<Record<string, Json>>;

/** The place of a component. */
export function ref(section: string, name: string): Json {
  return { $ref: `#/components/${section}/${name}` };
}

export const text: Json = { type: 'string' };
export const several: Json = { type: 'array', items: text };

/** A FHIR body: a resource of this schema, in JSON or XML. */
export function fhirContent(schema: string): Entries {
  return {
    'application/fhir+json': { schema: ref('schemas', schema) },
    'application/fhir+xml': { schema: ref('schemas', 'xml') },
  };
}
