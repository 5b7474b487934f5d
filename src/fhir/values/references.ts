/** What the text of a Reference names (R4 references.html). */
export type ReferenceTarget =
  /** A resource of this server: relative, or absolute under our base URL. */
  | { readonly kind: 'local'; readonly type: string; readonly id: string; readonly version?: string }
  /** A resource of another server; `type` as far as the URL shows it. */
  | { readonly kind: 'foreign'; readonly url: string; readonly type?: string }
  /** `urn:uuid:…` or `urn:oid:…`. */
  | { readonly kind: 'urn'; readonly urn: string }
  /** A contained resource; an empty id is the container. */
  | { readonly kind: 'contained'; readonly id: string }
  | { readonly kind: 'conditional'; readonly type: string; readonly criteria: string };

const restful = /(?:^|\/)([A-Z][A-Za-z]*)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;
const absolute = /^[a-z][a-z0-9+.-]*:[^\s]+$/i;

/** R4 id: 1 to 64 of letters, digits, `-` and `.`. */
export function isValidId(text: string): boolean {
  return /^[A-Za-z0-9\-.]{1,64}$/.test(text);
}

/** The id by which a reference, or another URL of a resource, names it; undefined if it does so otherwise. */
export function idNamed(url: string): string | undefined {
  return url.includes('?') ? undefined : restful.exec(url)?.[2];
}

/**
 * Reads the text of a Reference. Without `baseUrl` (no slash at its end) every absolute URL is foreign. Undefined if the
 * text is none of the forms that R4 knows.
 */
export function parseReference(text: string, baseUrl?: string): ReferenceTarget | undefined {
  if (text.startsWith('#')) return { kind: 'contained', id: text.slice(1) };
  if (/^urn:(uuid|oid):\S+$/.test(text)) return { kind: 'urn', urn: text };
  const ours = baseUrl !== undefined && text.startsWith(`${baseUrl}/`);
  const local = ours ? text.slice(baseUrl.length + 1) : text;
  const query = /^([A-Z][A-Za-z]*)\?(.*)$/s.exec(local);
  if (query?.[1] !== undefined && query[2] !== undefined) {
    return { kind: 'conditional', type: query[1], criteria: query[2] };
  }
  const m = restful.exec(local);
  if (m?.index === 0 && !local.startsWith('/') && m[1] !== undefined && m[2] !== undefined) {
    const target = { kind: 'local', type: m[1], id: m[2] } as const;
    return m[3] === undefined ? target : { ...target, version: m[3] };
  }
  if (!absolute.test(text)) return undefined;
  return m?.[1] === undefined ? { kind: 'foreign', url: text } : { kind: 'foreign', url: text, type: m[1] };
}

/** A canonical without its version, and the version (`…|1.0`); a fragment stays with the url. */
export function splitCanonical(text: string): { readonly url: string; readonly version?: string } {
  const bar = text.indexOf('|');
  return bar < 0 ? { url: text } : { url: text.slice(0, bar), version: text.slice(bar + 1) };
}

/** The resource type that `Reference.type` names: `Patient`, or the URL of its StructureDefinition. */
export function referenceType(type: string): string {
  return type.replace('http://hl7.org/fhir/StructureDefinition/', '');
}
