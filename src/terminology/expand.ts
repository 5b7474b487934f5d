import type { ValueSet, ValueSetComposeInclude, ValueSetExpansionContains } from '@medplum/fhirtypes';
import { Failure, fail, type Outcome } from '#errors';
import { splitCanonical } from '#fhir/values/references.ts';
import { atMost, limits } from '#limits';
import { compileFilter, isInactive } from './filters.ts';
import type { ExpansionSource } from './source.ts';
import { type Hierarchy, hierarchyOf } from './subsumes.ts';

export interface Concept {
  readonly system: string;
  readonly code: string;
}

export interface ExpansionLimits {
  /** Concepts of the expansion; the ways to it may visit a hundred times as many. */
  readonly concepts: number;
  /** Whether a code system of which only a part is held counts as that part. */
  readonly fragments: boolean;
}

/** The concepts of a value set, each once, in its order (R4 valueset.html#expansion); fails where they cannot be told. */
export function expand(
  valueSet: ValueSet,
  source: ExpansionSource,
  limits: ExpansionLimits,
): Outcome<readonly Concept[]> {
  const codes = codesOf(valueSet, { source, limits, visited: 0, done: new Map(), open: new Set() });
  if (codes instanceof Failure) return codes;
  const size = codes.values().reduce((sum, of) => sum + of.size, 0);
  if (size > limits.concepts) return tooLarge(valueSet, limits);
  return [...codes].flatMap(([system, of]) => [...of].map((code) => ({ system, code })));
}

/** By system. */
type CodesBySystem = ReadonlyMap<string, ReadonlySet<string>>;

interface Expansion {
  readonly source: ExpansionSource;
  readonly limits: ExpansionLimits;
  visited: number;
  readonly done: Map<ValueSet, Outcome<CodesBySystem>>;
  /** The value sets that are being expanded: what one of them asks for again has no end. */
  readonly open: Set<ValueSet>;
}

function codesOf(valueSet: ValueSet, run: Expansion): Outcome<CodesBySystem> {
  const known = run.done.get(valueSet);
  if (known !== undefined) return known;
  if (run.open.has(valueSet)) return refuse(valueSet, 'it includes itself');
  run.open.add(valueSet);
  const codes = byComposition(valueSet, run);
  run.open.delete(valueSet);
  const stored = codes instanceof Failure && codes.issues[0].code !== 'too-costly' ? byExpansion(valueSet) : undefined;
  run.done.set(valueSet, stored ?? codes);
  return stored ?? codes;
}

function refuse(valueSet: ValueSet, found: string): Failure {
  return fail('not-expandable', { target: nameOf(valueSet), found });
}

function nameOf(valueSet: ValueSet): string {
  return valueSet.url ?? `ValueSet/${valueSet.id}`;
}

function tooLarge(valueSet: ValueSet, { concepts }: ExpansionLimits): Failure {
  const known = concepts === limits['search-lookups'].most ? atMost('search-lookups') : `at most ${concepts}`;
  return fail('too-costly', {
    text: `The value set ${nameOf(valueSet)} has, or looks through, too many codes; expected ${known}.`,
  });
}

/** What somebody else expanded; undefined if there is none, or only a part of one. */
function byExpansion({ expansion }: ValueSet): CodesBySystem | undefined {
  if (expansion?.contains === undefined) return undefined;
  const codes = new Map<string, Set<string>>();
  let count = 0;
  const add = (contains: readonly ValueSetExpansionContains[]): void => {
    for (const { system, code, abstract, contains: inner } of contains) {
      count++;
      if (system !== undefined && code !== undefined && !abstract) of(codes, system).add(code);
      add(inner ?? []);
    }
  };
  add(expansion.contains);
  return (expansion.total ?? count) > count ? undefined : codes;
}

function of(codes: Map<string, Set<string>>, system: string): Set<string> {
  const known = codes.get(system) ?? new Set();
  codes.set(system, known);
  return known;
}

function byComposition(valueSet: ValueSet, run: Expansion): Outcome<CodesBySystem> {
  const { compose } = valueSet;
  if (compose === undefined) return refuse(valueSet, 'it has neither a composition nor a whole expansion');
  const result = new Map<string, Set<string>>();
  for (const [components, included] of [
    [compose.include ?? [], true],
    [compose.exclude ?? [], false],
  ] as const) {
    for (const component of components) {
      const part = byComponent(valueSet, component, run);
      if (part instanceof Failure) return part;
      for (const [system, codes] of part) {
        run.visited += codes.size;
        if (run.visited > run.limits.concepts * 100) return tooLarge(valueSet, run.limits);
        if (included) for (const code of codes) of(result, system).add(code);
        else for (const code of codes) result.get(system)?.delete(code);
      }
    }
  }
  return result;
}

/** All conditions of one component hold together (R4 valueset.html#compositions). */
function byComponent(valueSet: ValueSet, component: ValueSetComposeInclude, run: Expansion): Outcome<CodesBySystem> {
  const parts: CodesBySystem[] = [];
  for (const canonical of component.valueSet ?? []) {
    const { url, version } = splitCanonical(canonical);
    const imported = run.source.valueSet(url, version);
    if (imported === undefined) return refuse(valueSet, `the ValueSet ${canonical} is not held by this server`);
    const part = codesOf(imported, run);
    if (part instanceof Failure) return part;
    parts.push(part);
  }
  if (component.system !== undefined) {
    const codes = ofSystem(valueSet, component, component.system, run);
    if (codes instanceof Failure) return codes;
    parts.push(new Map([[component.system, codes]]));
  }
  const [first, ...others] = parts;
  if (first === undefined) return refuse(valueSet, 'a part of it names neither a system nor a value set');
  return others.reduce(intersection, first);
}

function intersection(a: CodesBySystem, b: CodesBySystem): CodesBySystem {
  return new Map([...a].map(([system, codes]) => [system, codes.intersection(b.get(system) ?? new Set())]));
}

function ofSystem(
  valueSet: ValueSet,
  component: ValueSetComposeInclude,
  url: string,
  run: Expansion,
): Outcome<ReadonlySet<string>> {
  const activeOnly = valueSet.compose?.inactive === false;
  const active = (codes: Iterable<string>, hierarchy: Hierarchy): ReadonlySet<string> =>
    new Set(activeOnly ? Iterator.from(codes).filter((code) => !isInactive(hierarchy, code)) : codes);
  const system =
    activeOnly || component.concept === undefined ? run.source.codeSystem(url, component.version) : undefined;
  const hierarchy = system && hierarchyOf(system);
  if (component.concept !== undefined) {
    const codes = component.concept.map((c) => c.code);
    return hierarchy === undefined ? new Set(codes) : active(codes, hierarchy);
  }
  const name = component.version === undefined ? url : `${url}|${component.version}`;
  if (system === undefined) return refuse(valueSet, `the CodeSystem ${name} is not held by this server`);
  if (hierarchy === undefined || (system.content !== 'complete' && !run.limits.fragments)) {
    return refuse(valueSet, `the CodeSystem ${name} is held without its codes (content ${system.content})`);
  }
  run.visited += hierarchy.concepts.size;
  const filters = (component.filter ?? []).map((f) => compileFilter(f, system, hierarchy));
  const fault = filters.find((f) => typeof f === 'string');
  if (fault !== undefined) return refuse(valueSet, fault);
  const passing = hierarchy.concepts.keys().filter((code) => filters.every((f) => typeof f === 'string' || f(code)));
  return active(passing, hierarchy);
}
