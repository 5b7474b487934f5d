import { parseReference } from '#fhir/values/references.ts';

/**
 * The JSON text of a resource, in which every literal reference to this server reads `Type/id`, whether it was written
 * absolute or with a version: CQL compares references as texts. In compact JSON only a Reference has such a member, since
 * quotes within strings are escaped.
 */
export function withLocalReferences(text: string, baseUrl: string): string {
  if (!text.includes(`"reference":"${baseUrl}/`) && !text.includes('/_history/')) return text;
  return text.replace(/"reference":"([^"\\]+)"/g, (whole, reference: string) => {
    const target = parseReference(reference, baseUrl);
    return target?.kind === 'local' ? `"reference":"${target.type}/${target.id}"` : whole;
  });
}
