import type { Resource } from '@medplum/fhirtypes';
import { clock } from '#fhir/dates.ts';
import type { Definitions, SearchParameter } from '#fhir/definitions.ts';
import type { ElementType } from '#fhir/model.ts';
import { type Conversion, convert, referenceIdentifier, type Value } from './convert.ts';
import type { Entry, IndexRecord } from './entry.ts';
import { compileWalk, resourceElement, type Walk } from './walk.ts';

export interface IndexOptions {
  /** IANA name; what dates without an offset are read in. */
  readonly timeZone: string;
  /** Absolute, without a slash at the end. */
  readonly baseUrl: string;
}

/** Puts the entries of one parameter into the record. */
type Extractor = (resource: unknown, record: Recorder) => void;

/** Makes the function that gives the index entries and the residents of a resource. Parameters are compiled when the
 * first resource of a type arrives. */
export function indexer(definitions: Definitions, options: IndexOptions): (resource: Resource) => IndexRecord {
  const how = { clock: clock(options.timeZone), baseUrl: options.baseUrl };
  const byType = new Map<string, readonly Extractor[]>();
  const extractors = (type: string): readonly Extractor[] => {
    const compartment = definitions.patientCompartment(type);
    return [...definitions.searchParameters(type).values()]
      .filter((p) => !inColumns.has(p.code))
      .map((p) => extractor(p, type, { ...how, compartment: compartment.includes(p.code) }));
  };
  return (resource) => {
    const type = resource.resourceType;
    const known = byType.get(type) ?? extractors(type);
    byType.set(type, known);
    const record = new Recorder();
    for (const extract of known) extract(resource, record);
    return { entries: record.entries, residents: residents(resource, record.entries, definitions) };
  };
}

/** Stores keep these in columns of their own. */
const inColumns: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Collects entries, each once. */
class Recorder {
  readonly entries: Entry[] = [];
  readonly #seen = new Set<string>();

  add(param: string, value: Value, pos?: number): void {
    const entry: Entry = pos === undefined ? { param, ...value } : { param, pos, ...value };
    const key = Object.values(entry).join('\u0000');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.entries.push(entry);
  }
}

function extractor(parameter: SearchParameter, type: string, how: Conversion): Extractor {
  const { code } = parameter;
  const walk = compileWalk(parameter.expression, resourceElement(type), type);
  if (parameter.type === 'composite') return tuples(parameter, type, walk, how);
  return (resource, record) =>
    walk(resource, resource, (value, element) => {
      for (const v of convert(value, element, parameter, how)) record.add(code, v);
      if (parameter.type !== 'reference') return;
      for (const v of referenceIdentifier(value)) record.add(`${code}:identifier`, v);
    });
}

/** One position for each element that has a value of every component. */
function tuples(parameter: SearchParameter, type: string, contexts: Walk, how: Conversion): Extractor {
  const components = parameter.components.map((c) => ({
    parameter: c.parameter,
    walkFrom: memoised((context: ElementType) => compileWalk(c.expression, context, type)),
  }));
  const inTuple = { ...how, compartment: false };
  return (resource, record) => {
    let pos = 0;
    contexts(resource, resource, (node, context) => {
      const values = components.map(({ parameter, walkFrom }) => {
        const found: Value[] = [];
        walkFrom(context)(node, resource, (v, element) => {
          // Not spread: a resource may hold more values than a call takes arguments.
          for (const one of convert(v, element, parameter, inTuple)) found.push(one);
        });
        return found;
      });
      if (values.some((v) => v.length === 0)) return;
      for (const [i, found] of values.entries()) {
        for (const v of found) record.add(`${parameter.code}.${i}`, v, pos);
      }
      pos++;
    });
  };
}

/** Contexts are static objects of the compiled walk, so identity is enough. */
function memoised<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

/** The Patients in whose compartment the resource is by literal references (CompartmentDefinition patient). */
function residents(resource: Resource, entries: readonly Entry[], definitions: Definitions): string[] {
  const params = definitions.patientCompartment(resource.resourceType);
  const ids = new Set<string>();
  if (resource.resourceType === 'Patient' && resource.id !== undefined) ids.add(resource.id);
  for (const e of entries)
    if (e.kind === 'reference' && e.type === 'Patient' && params.includes(e.param)) ids.add(e.id);
  return [...ids].sort();
}
