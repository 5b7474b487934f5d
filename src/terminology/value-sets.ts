import type { CodeSystem, Resource, ValueSet } from '@medplum/fhirtypes';
import { Failure } from '#errors';
import { expand } from './expand.ts';
import { type ExpansionSource, published } from './source.ts';

/** Value sets by enumeration: what a required binding can be checked against. */
export interface ValueSets {
  /** Whether the value set has the code; `system` undefined asks for the code in any system (type `code`).
   * Undefined if the value set is unknown or cannot be enumerated. */
  memberOf(url: string, system: string | undefined, code: string): boolean | undefined;
  /** The codes of a value set, in order; undefined as above. */
  codesOf(url: string): readonly string[] | undefined;
}

/** Codes by system. */
type ValueSetCodes = ReadonlyMap<string, ReadonlySet<string>>;

/** Value sets of these resources and of R4, each expanded when first it is asked for. */
export function createValueSets(resources: readonly Resource[]): ValueSets {
  const source = sourceOf(resources);
  const expansions = new Map<string, ValueSetCodes | undefined>();
  const codes = (url: string): ValueSetCodes | undefined => {
    if (!expansions.has(url)) expansions.set(url, codesIn(source.valueSet(url), source));
    return expansions.get(url);
  };
  return {
    memberOf(url, system, code) {
      const found = codes(url);
      if (found === undefined) return undefined;
      if (system !== undefined) return found.get(system)?.has(code) ?? false;
      return found.values().some((of) => of.has(code));
    },
    codesOf(url) {
      const found = codes(url);
      return found && [...found.values()].flatMap((of) => [...of]);
    },
  };
}

/** Versions are not told apart: a binding is checked against the one version that the program has. */
function sourceOf(resources: readonly Resource[]): ExpansionSource {
  const valueSets = new Map<string, ValueSet>();
  const codeSystems = new Map<string, CodeSystem>();
  for (const r of resources) {
    if (r.resourceType === 'ValueSet' && r.url !== undefined) valueSets.set(r.url, r);
    if (r.resourceType === 'CodeSystem' && r.url !== undefined) codeSystems.set(r.url, r);
  }
  return {
    valueSet: (url) => valueSets.get(url) ?? published.valueSet(url),
    codeSystem: (url) => codeSystems.get(url) ?? published.codeSystem(url),
  };
}

function codesIn(valueSet: ValueSet | undefined, source: ExpansionSource): ValueSetCodes | undefined {
  const limits = { concepts: Number.POSITIVE_INFINITY, fragments: false };
  const concepts = valueSet === undefined ? undefined : expand(valueSet, source, limits);
  if (concepts === undefined || concepts instanceof Failure) return undefined;
  const bySystem = Map.groupBy(concepts, (c) => c.system);
  return new Map([...bySystem].map(([system, of]) => [system, new Set(of.map((c) => c.code))]));
}
