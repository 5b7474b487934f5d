import type { Resource } from '@medplum/fhirtypes';

/** A place in a resource that may name another resource of the same bundle (R4 http.html#trules). */
export interface Link {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  /** As it was sent. */
  readonly value: string;
  /** FHIRPath. */
  readonly path: string;
  readonly kind: 'reference' | 'uri' | 'narrative';
}

/** Elements of type uri, url, oid or uuid that point at things; identifiers and code systems do not. */
const pointing = /^(url|sourceUri|targetUri|valueUri|valueUrl|valueOid|valueUuid|valueCanonical|instantiatesUri)$/;

/** Every such place of a resource, contained ones too. */
export function linksOf(resource: Resource, path: string): readonly Link[] {
  const links: Link[] = [];
  collect(resource as unknown as Record<string, unknown>, path, links);
  return links;
}

function collect(holder: Record<string, unknown>, path: string, links: Link[]): void {
  for (const key in holder) {
    const value = holder[key];
    if (typeof value === 'string') {
      const kind = kindOf(key, value);
      if (kind !== undefined) links.push({ holder, key, value, path: `${path}.${key}`, kind });
    } else if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item = value[i];
        if (typeof item === 'object' && item !== null) collect(item, `${path}.${key}[${i}]`, links);
      }
    } else if (typeof value === 'object' && value !== null) {
      collect(value as Record<string, unknown>, `${path}.${key}`, links);
    }
  }
}

function kindOf(key: string, value: string): Link['kind'] | undefined {
  if (key === 'reference') return value.startsWith('#') ? undefined : 'reference';
  if (value.startsWith('urn:') && pointing.test(key)) return 'uri';
  if (key === 'div' && value.includes('urn:')) return 'narrative';
  return undefined;
}

/** The narrative with the targets of its links and images replaced where `resolve` knows them. */
export function rewriteNarrative(div: string, resolve: (target: string) => string | undefined): string {
  return div.replace(
    /(\s(?:href|src)\s*=\s*)(["'])([^"']*)\2/g,
    (whole, attribute: string, quote: string, target: string) => {
      const found = resolve(target);
      return found === undefined ? whole : `${attribute}${quote}${found}${quote}`;
    },
  );
}
