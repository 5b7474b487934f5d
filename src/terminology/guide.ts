import { readdirSync, readFileSync } from 'node:fs';
import type { Resource } from '@medplum/fhirtypes';
import { canonicalBase } from '#fhir/values/canonical.ts';

/**
 * Reads the implementation guide: the JSON files of `profiles/` and `terminology/` below `root` (a folder's URL ending in
 * a slash), sorted by file name. Throws, naming every fault, if a file's name, type, id and url disagree or a url
 * stands twice: the guide is part of the program, so that is a defect.
 */
export function readGuide(root: URL): Resource[] {
  const faults: string[] = [];
  const urls = new Map<string, string>();
  const resources = filesOf(root).map((file) => {
    const resource: Resource & { readonly url?: string } = JSON.parse(readFileSync(new URL(file, root), 'utf8'));
    const { resourceType, id, url } = resource;
    if (!file.endsWith(`/${resourceType}-${id}.json`)) faults.push(`${file} holds ${resourceType}/${id}`);
    if (url?.startsWith(`${canonicalBase}/`) && url !== `${canonicalBase}/${resourceType}/${id}`)
      faults.push(`${file} has the url ${url}`);
    const other = url === undefined ? undefined : urls.get(url);
    if (other !== undefined) faults.push(`${file} and ${other} both have the url ${url}`);
    if (url !== undefined) urls.set(url, file);
    return resource;
  });
  if (faults.length > 0) throw new Error(`The implementation guide is at fault: ${faults.join('; ')}`);
  return resources;
}

function filesOf(root: URL): string[] {
  return ['profiles/', 'terminology/'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => `${folder}${name}`),
  );
}
