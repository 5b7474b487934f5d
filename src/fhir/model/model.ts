import r4 from 'fhirpath/fhir-context/r4';
import codeSystems from './code-systems.json' with { type: 'json' };

/** One type that an element can have, as R4 declares it. */
export interface ElementType {
  /** A data type, `BackboneElement`, `Element`, or a resource type (`Resource` where any may stand). */
  readonly type: string;
  /** Where the model declares the children of the element. */
  readonly path: string;
  /** The resource types that a Reference or a canonical may name; empty if R4 does not restrict them. */
  readonly targets: readonly string[];
  /** Of a `code` with a required binding to codes of one system: that system, which no resource tells. */
  readonly system?: string;
}

const parents: Readonly<Record<string, string | undefined>> = r4.type2Parent;
const types: Readonly<Record<string, unknown>> = r4.path2Type;
const choices: Readonly<Record<string, readonly string[] | undefined>> = r4.choiceTypePaths;
const elsewhere: Readonly<Record<string, string | undefined>> = r4.pathsDefinedElsewhere;
const references: Readonly<Record<string, readonly string[] | undefined>> = r4.path2RefType ?? {};
/** By path, from src/fhir/code-systems.json, which a test holds to the StructureDefinitions and ValueSets of R4. */
const systems = new Map(Object.entries(codeSystems).flatMap(([system, paths]) => paths.map((path) => [path, system])));

/** The names of all types that have a parent: resources and data types. */
export function modelTypes(): readonly string[] {
  return Object.keys(parents);
}

/** Whether `type` is `ancestor` or derived from it, e.g. `Age` from `Quantity`, `canonical` from `uri`. */
export function isSubtype(type: string, ancestor: string): boolean {
  for (let t: string | undefined = type; t !== undefined; t = parents[t]) if (t === ancestor) return true;
  return false;
}

/** A type's name as R4 spells it: choice suffixes, and some published expressions, capitalise primitives (`DateTime`). */
export function typeName(name: string): string {
  const primitive = name.charAt(0).toLowerCase() + name.slice(1);
  return name in parents || !(primitive in parents) ? name : primitive;
}

/**
 * The JSON keys of the child element `name` of what the model declares at `path`, each with its type: one, or for a choice
 * (`value[x]`) one for each type. Undefined if R4 knows no such element.
 */
export function children(path: string, name: string): ReadonlyMap<string, ElementType> | undefined {
  for (let owner: string | undefined = path; owner !== undefined; owner = parents[owner]) {
    const declared = `${owner}.${name}`;
    const at = elsewhere[declared] ?? declared;
    const suffixes = choices[at];
    if (suffixes !== undefined) {
      return new Map(
        suffixes.map((s) => [name + s, { type: typeName(s), path: typeName(s), targets: targetsAt(at + s) }]),
      );
    }
    const type = types[at];
    if (typeof type === 'string') {
      const nested = type === 'BackboneElement' || type === 'Element';
      const element = { type, path: nested ? at : type, targets: targetsAt(at) };
      const system = systems.get(at);
      return new Map([[name, system === undefined ? element : { ...element, system }]]);
    }
  }
  return undefined;
}

function targetsAt(path: string): readonly string[] {
  return (references[path] ?? []).filter((t) => t !== 'Resource');
}

const known = new Map<string, Map<string, ElementType>>();

/** The element under one JSON key (`valueUri`, not `value`). Fast: walks over whole resources ask for the same keys again. */
export function elementAt(path: string, key: string): ElementType | undefined {
  const cached = known.get(path);
  const found = cached?.get(key);
  if (found !== undefined) return found;
  const made = children(path, key)?.get(key);
  // Only what R4 declares is kept, whatever keys and types a client makes up.
  if (made !== undefined) known.set(path, (cached ?? new Map<string, ElementType>()).set(key, made));
  return made;
}

const names = new Map<string, readonly string[]>();

/** The names of the elements that R4 declares at a path of its model, with those that its type inherits. */
export function elementNames(path: string): readonly string[] {
  const cached = names.get(path);
  if (cached !== undefined) return cached;
  const made = new Set<string>();
  for (let owner: string | undefined = path; owner !== undefined; owner = parents[owner]) {
    const start = `${owner}.`;
    for (const p of Object.keys(types)) {
      if (p.startsWith(start) && !p.includes('.', start.length)) made.add(p.slice(start.length));
    }
  }
  names.set(path, [...made]);
  return [...made];
}
