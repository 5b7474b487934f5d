import { readFileSync } from 'node:fs';
import type { Library, Resource } from '@medplum/fhirtypes';
import type { CqlText } from './translate.ts';

/**
 * Fills the CQL text into the Libraries of the guide, whose content names a file (`url`, relative to `folder`, a URL ending
 * in a slash) and carries no data: CQL is edited as text. Other resources pass through.
 */
export function withCql(resources: readonly Resource[], folder: URL): Resource[] {
  return resources.map((resource) => {
    if (resource.resourceType !== 'Library') return resource;
    const content = (resource.content ?? []).map((attachment) => {
      const { contentType, url, data } = attachment;
      if (contentType !== 'text/cql' || url === undefined || data !== undefined) return attachment;
      return { contentType, data: readFileSync(new URL(url, folder)).toString('base64') };
    });
    return content.length === 0 ? resource : { ...resource, content };
  });
}

/** The CQL of a Library; undefined if it holds none. The CQL library is named as the Library resource is. */
export function cqlOf(library: Library): CqlText | undefined {
  const data = library.content?.find((c) => c.contentType === 'text/cql')?.data;
  if (data === undefined || library.name === undefined) return undefined;
  return { name: library.name, version: library.version ?? '', text: Buffer.from(data, 'base64').toString('utf8') };
}

/** Characters of a Library's CQL as it stands there, in base64. */
export function cqlSize(library: Library): number {
  return library.content?.find((c) => c.contentType === 'text/cql')?.data?.length ?? 0;
}

/** The canonicals of the Libraries that this one says it depends on, save FHIRHelpers, which the translator brings. */
export function dependencies(library: Library): string[] {
  return (library.relatedArtifact ?? []).flatMap((a) =>
    a.type === 'depends-on' && a.resource !== undefined && !/\/FHIRHelpers(\||$)/.test(a.resource) ? [a.resource] : [],
  );
}
