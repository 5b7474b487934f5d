import type { Resource } from '@medplum/fhirtypes';
import type { Definitions, SearchParameter } from '#fhir/model/definitions.ts';
import { clock } from '#fhir/values/dates.ts';
import { containedParam, type Entry, type IndexRecord, referredBy } from '../model/entry.ts';
import { contentWords } from './content.ts';
import { type Conversion, convert, referenceIdentifier, type Value } from './convert.ts';
import { nameBeginnings, readingsOf, soundsIn } from './names.ts';
import { ofType, positions, tokenTexts } from './tokens.ts';
import { compileWalk, resourceElement, type TypedElement, type ValueWalk } from './walk.ts';

export interface IndexOptions {
  /** IANA name; what dates without an offset are read in. */
  readonly timeZone: string;
  /** Absolute, without a slash at the end. */
  readonly baseUrl: string;
}

/** Puts the entries of one parameter into the record. */
type Extractor = (resource: unknown, record: Recorder) => void;

/** The parameters of a type. */
interface Extractors {
  readonly simple: readonly Extractor[];
  readonly composite: readonly Extractor[];
}

/** Makes the function that gives the index entries, words and patients (whose compartments it is in) of a resource. Parameters are compiled when the
 * first resource of a type arrives, and anew when they have changed. */
export function indexer(definitions: Definitions, options: IndexOptions): (resource: Resource) => IndexRecord {
  const how = { clock: clock(options.timeZone), baseUrl: options.baseUrl };
  const byType = new Map<string, Extractors>();
  let { revision } = definitions;
  const extractors = (type: string): Extractors => {
    const known = byType.get(type);
    if (known !== undefined) return known;
    const compartment = definitions.patientCompartment(type);
    const all = [...definitions.indexParameters(type).values()].filter((p) => !inColumns.has(p.code));
    const made = Map.groupBy(all, (p) => (p.type === 'composite' ? 'composite' : 'simple'));
    const of = (kind: keyof Extractors) =>
      (made.get(kind) ?? []).map((p) => extractor(p, type, { ...how, compartment: compartment.includes(p.code) }));
    const compiled = { simple: of('simple'), composite: of('composite') };
    byType.set(type, compiled);
    return compiled;
  };
  return (resource) => {
    if (definitions.revision !== revision) byType.clear();
    revision = definitions.revision;
    const { simple, composite } = extractors(resource.resourceType);
    const record = new Recorder();
    for (const extract of simple) extract(resource, record);
    for (const extract of composite) extract(resource, record);
    const { entries } = record;
    recordContained(resource, record, (type) => {
      return definitions.resourceTypes.has(type) ? extractors(type).simple : undefined;
    });
    const words = contentWords(resource);
    return {
      entries,
      patients: patients(resource, entries, definitions),
      ...(words !== undefined && { words }),
    };
  };
}

/** R4 search.html#contained: the entries of contained resources are their container's, and put it into no compartment. */
function recordContained(
  resource: Resource,
  record: Recorder,
  simple: (type: string) => readonly Extractor[] | undefined,
): void {
  const { contained } = resource as { readonly contained?: unknown };
  if (!Array.isArray(contained)) return;
  for (const [pos, one] of contained.entries()) {
    const { resourceType: type, id } = (one ?? {}) as { readonly resourceType?: unknown; readonly id?: unknown };
    // Without an id, nothing refers to it, and no result could name it.
    if (typeof type !== 'string' || typeof id !== 'string') continue;
    const extractors = simple(type);
    if (extractors === undefined) continue;
    const own = new Recorder(record);
    own.add('_id', { kind: 'token', system: '', code: id });
    for (const code of record.referring(id)) own.add(referredBy(code), { kind: 'token', system: '', code });
    for (const extract of extractors) extract(one, own);
    for (const entry of own.entries) {
      const apart = entry.kind === 'logical' ? { ...entry, inCompartment: false } : entry;
      record.entries.push({ ...apart, param: containedParam(type, entry.param), pos });
    }
  }
}

/** Stores keep these in columns of their own. */
const inColumns: ReadonlySet<string> = new Set(['_id', '_lastUpdated']);

/** Collects entries, each once. */
class Recorder {
  readonly entries: Entry[] = [];
  /** By parameter: its entry, or what tells its entries apart. Most have one. */
  readonly #seen = new Map<string, Entry | Set<string>>();
  /** By the id of a contained resource: the reference parameters that lead there. */
  readonly #referring = new Map<string, Set<string>>();
  /** By parameter: the values that were read for it, in the contained resources too. */
  readonly #read: Map<string, number>;

  constructor(container?: Recorder) {
    this.#read = container === undefined ? new Map() : container.#read;
  }

  add(param: string, value: Value, pos?: number): void {
    const entry: Entry = pos === undefined ? { param, ...value } : { param, pos, ...value };
    if (this.#isNew(entry)) this.entries.push(entry);
  }

  /** Whether another value may be read for a parameter that takes at most so many. */
  mayRead(param: string, most: number): boolean {
    const read = (this.#read.get(param) ?? 0) + 1;
    this.#read.set(param, read);
    return read <= most;
  }

  /** Notes that a reference parameter leads to a contained resource, if the value is such a reference. */
  refer(code: string, value: unknown): void {
    const id = localId(value);
    if (id === undefined) return;
    const codes = this.#referring.get(id) ?? new Set();
    this.#referring.set(id, codes.add(code));
  }

  /** The parameters that lead to a contained resource. */
  referring(id: string): Iterable<string> {
    return this.#referring.get(id) ?? [];
  }

  #isNew(entry: Entry): boolean {
    const seen = this.#seen.get(entry.param);
    if (seen === undefined) {
      this.#seen.set(entry.param, entry);
      return true;
    }
    const keys = seen instanceof Set ? seen : new Set([keyOf(seen)]);
    if (keys !== seen) this.#seen.set(entry.param, keys);
    const before = keys.size;
    return keys.add(keyOf(entry)).size > before;
  }
}

/** Most entries are strings that stand as they are compared, and tokens. */
function keyOf(entry: Entry): string {
  if (entry.pos !== undefined) return Object.values(entry).join('\u0000');
  if (entry.kind === 'string') {
    return entry.exact === entry.value ? entry.value : `string\u0000${entry.value}\u0000${entry.exact}`;
  }
  if (entry.kind === 'token') return `token\u0000${entry.system}\u0000${entry.code}`;
  return Object.values(entry).join('\u0000');
}

/** What a reference or a canonical has after its `#`, if that is all that it has. */
function localId(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : (value as { readonly reference?: unknown } | null)?.reference;
  return typeof text === 'string' && /^#./s.test(text) ? text.slice(1) : undefined;
}

function extractor(parameter: SearchParameter, type: string, how: Conversion): Extractor {
  const walk = compileWalk(parameter.expression, resourceElement(type), type);
  if (parameter.type === 'composite') return tuples(parameter, type, walk, how);
  const all = kinds(parameter, how);
  const { code } = parameter;
  const refers = parameter.type === 'reference';
  return (resource, record) => {
    walk(resource, resource, (value, place) => {
      if (refers) record.refer(code, value);
      for (const [param, values, most] of all) {
        if (most !== undefined && !record.mayRead(param, most)) continue;
        for (const v of values(value, place)) record.add(param, v);
      }
    });
  };
}

/** What one value gives for the index: under the parameter's code, and under those of its modifiers (see entry.ts). */
type IndexedForm = readonly [
  param: string,
  values: (value: unknown, place: TypedElement) => readonly Value[],
  most?: number,
];

/** Names of one resource, and of those that it contains, that are read as pinyin: a reading costs far more than a token. */
const maxNames = 100;

function kinds(parameter: SearchParameter, how: Conversion): readonly IndexedForm[] {
  const { code } = parameter;
  switch (parameter.usage) {
    case 'nearby':
      return [[code, positions]];
    case 'phonetic':
      return [[code, soundsIn, maxNames]];
    case 'pinyin':
      return [[code, readingsOf, maxNames]];
    case 'normal': {
      const own: IndexedForm = [code, (value, place) => convert(value, place, parameter, how)];
      return [own, ...modified(parameter)];
    }
  }
}

function modified({ code, type }: SearchParameter): readonly IndexedForm[] {
  switch (type) {
    case 'reference':
      return [[`${code}:identifier`, referenceIdentifier]];
    case 'token':
      return [
        [`${code}:text`, tokenTexts],
        [`${code}:of-type`, ofType],
      ];
    case 'string':
      return [[`${code}:pinyin`, nameBeginnings, maxNames]];
    default:
      return [];
  }
}

/** One position for each element that has a value of every component. */
function tuples(parameter: SearchParameter, type: string, contexts: ValueWalk, how: Conversion): Extractor {
  const components = parameter.components.map((c) => ({
    parameter: c.parameter,
    walkFrom: memoised((context: TypedElement) => compileWalk(c.expression, context, type)),
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
function patients(resource: Resource, entries: readonly Entry[], definitions: Definitions): string[] {
  const params = definitions.patientCompartment(resource.resourceType);
  const ids = new Set<string>();
  if (resource.resourceType === 'Patient' && resource.id !== undefined) ids.add(resource.id);
  for (const e of entries)
    if (e.kind === 'reference' && e.type === 'Patient' && params.includes(e.param)) ids.add(e.id);
  return [...ids].sort();
}
