import { containedParam } from '#search/model/entry.ts';
import type { Filter, Test } from '#search/model/filter.ts';
import { conjuncts, disjuncts, type FilterOf, type FilterVisitor, visitFilter } from '#search/model/filter-visitor.ts';
import { alternatives, type Conditions, formOf, pairKey, whereOf } from './forms.ts';

/** What an engine knows of the parameters of the types searched, without a look at resources. */
export interface KnownParams {
  /** A resource may have several values of it. */
  readonly hasSeveral: (param: string) => boolean;
  /** Whether all resources have it, or none has; undefined if some may. */
  readonly presence: (param: string) => boolean | undefined;
}

/**
 * What is asked of an index at once: a filter that stands for itself, or what several have in common. An engine has an access
 * path for it, or none.
 */
export type Probe =
  | FilterOf<'none' | 'id' | 'lastUpdated' | 'words' | 'and' | 'chain' | 'has'>
  /** A value that passes one of these tests of one form (see `formOf`). `exact`: no more than that is asked. */
  | {
      readonly op: 'values';
      readonly param: string;
      readonly tests: readonly [Test, ...Test[]];
      readonly exact: boolean;
    }
  /** A range that satisfies all conditions. */
  | {
      readonly op: 'ranges';
      readonly param: string;
      readonly kind: 'date' | 'number';
      readonly conditions: Conditions;
    }
  /** A composite of this token and of what passes one of the tests, which are of one kind and of one unit. */
  | {
      readonly op: 'pairs';
      readonly param: string;
      readonly system: string | undefined;
      readonly code: string;
      readonly tests: readonly Test[];
    }
  /** A token with another code than these: what a negation may find, if no resource is without the parameter. */
  | { readonly op: 'others'; readonly param: string; readonly codes: readonly string[] }
  /** Any of these. */
  | { readonly op: 'any'; readonly of: readonly Probe[] };

/** Some of the conditions that a search AND-s, and what is asked of an index to answer them. */
export interface ProbedCriterion {
  readonly filters: readonly Filter[];
  readonly probe: Probe;
}

/** Alternatives of one search value that are still tried together. */
const manyAlternatives = 50;

/** What the conditions of a search ask of an index; those that narrow together ask once. */
export function probesOf(filters: readonly Filter[], known: KnownParams): readonly ProbedCriterion[] {
  const ranged = Map.groupBy(filters, (filter) => rangeKey(filter, known));
  const together = [...ranged].flatMap(([key, same]): ProbedCriterion[] => {
    const [first] = same.flatMap(alternatives);
    if (key === undefined || same.length < 2 || first === undefined) return [];
    const kind = first.test.kind === 'date' ? 'date' : 'number';
    return [{ filters: same, probe: { op: 'ranges', param: first.param, kind, conditions: same.map(conditionOf) } }];
  });
  const covered = new Set(together.flatMap((criterion) => criterion.filters));
  const single = filters.flatMap((filter): ProbedCriterion[] => {
    const probe = covered.has(filter) ? undefined : probeOf(filter, known);
    return probe === undefined ? [] : [{ filters: [filter], probe }];
  });
  return [...together, ...single];
}

/** Splits off the conditions on the ranges of one parameter, where they hold for one value together. */
export function rangesOf(
  filters: readonly Filter[],
  param: string,
  known: KnownParams,
): { readonly conditions: Conditions; readonly rest: readonly Filter[] } {
  const isOfParam = (filter: Filter): boolean =>
    rangeKey(filter, known) !== undefined && alternatives(filter)[0]?.param === param;
  return { conditions: filters.filter(isOfParam).map(conditionOf), rest: filters.filter((f) => !isOfParam(f)) };
}

function conditionOf(filter: Filter): Conditions[number] {
  return alternatives(filter).map(({ test }) => whereOf(test));
}

/**
 * Several conditions on the ranges of one parameter hold for one value where no resource has more than one: they narrow
 * together (`date=ge2025&date=lt2026`). Undefined for all others.
 */
function rangeKey(filter: Filter, known: KnownParams): string | undefined {
  const parts = disjuncts(filter);
  const [first] = parts;
  if (first?.op !== 'match' || (first.test.kind !== 'date' && first.test.kind !== 'number')) return undefined;
  const key = formOf(first);
  if (!parts.every((part) => part.op === 'match' && formOf(part) === key)) return undefined;
  return known.hasSeveral(first.param) ? undefined : key;
}

function probeOf(filter: Filter, known: KnownParams): Probe | undefined {
  return visitFilter(filter, probing, known);
}

const itself = <Asked>(filter: Asked): Asked => filter;
const none = { op: 'none' } as const;

const probing: FilterVisitor<Probe | undefined, KnownParams> = {
  none: itself,
  id: itself,
  lastUpdated: itself,
  words: itself,
  and: itself,
  chain: itself,
  has: itself,
  match: (filter) => values([filter]),
  present: ({ param }, known) => (known.presence(param) === false ? none : undefined),
  not: ({ of }, known) => negation(of, known),
  tuple: (filter) => composites([filter]),
  contained: (filter) => contained(filter),
  or: (filter, known) => alternation(filter.of, known),
  default: () => undefined,
};

/** Tests of one form. */
function values([first, ...more]: readonly FilterOf<'match'>[]): Probe | undefined {
  if (first === undefined) return undefined;
  return { op: 'values', param: first.param, tests: [first.test, ...more.map(({ test }) => test)], exact: true };
}

/** Composites with the same key; of one that is no pair, the first component leads to what may pass. */
function composites(of: readonly FilterOf<'tuple'>[]): Probe | undefined {
  const [filter] = of;
  const [first] = filter?.tests ?? [];
  if (filter === undefined || first === undefined) return undefined;
  const { param } = filter;
  // Where the second component is a range, no row has the first alone.
  if (first.kind === 'concept') return undefined;
  if (pairKey(filter) === undefined) return { op: 'values', param: `${param}.0`, tests: [first], exact: false };
  if (first.kind !== 'token' || first.code === undefined || first.below === true) return undefined;
  const { system, code } = first;
  return { op: 'pairs', param, system, code, tests: of.flatMap(({ tests }) => tests.slice(1)) };
}

/** A negation of codes of one parameter, or of its presence. */
function negation(of: Filter, known: KnownParams): Probe | undefined {
  if (of.op === 'present') return known.presence(of.param) === true ? none : undefined;
  const parts = disjuncts(of);
  const [first] = parts;
  if (first?.op !== 'match') return undefined;
  const { param } = first;
  const codes = parts.flatMap((part) => (part.op === 'match' && part.param === param ? codeOf(part.test) : []));
  return codes.length < parts.length ? undefined : { op: 'others', param, codes };
}

/** The code that a test asks for, if that is all it asks. */
function codeOf(test: Test): readonly string[] {
  const isCode = test.kind === 'token' && test.system === undefined && test.below !== true;
  return isCode && test.code !== undefined ? [test.code] : [];
}

/** One of the criteria leads to containers that may pass. */
function contained({ type, where }: FilterOf<'contained'>): Probe {
  const [first] = conjuncts(where).filter((f) => f.op === 'match');
  const { param, test }: { param: string; test: Test } = first ?? { param: '_id', test: { kind: 'token' } };
  return { op: 'values', param: containedParam(type, param), tests: [test], exact: false };
}

/** Alternatives that are tests of one form, or pairs with one key, ask together; undefined if one of them cannot ask. */
function alternation(of: readonly Filter[], known: KnownParams): Probe | undefined {
  const together = Map.groupBy(of, (filter) => (filter.op === 'match' ? formOf(filter) : pairKey(filter)));
  const alone = together.get(undefined) ?? [];
  together.delete(undefined);
  if (together.size + alone.length > manyAlternatives) return undefined;
  const probes = [...[...together.values()].map(joined), ...alone.map((filter) => probeOf(filter, known))];
  const asked = probes.filter((probe) => probe !== undefined);
  if (asked.length < probes.length) return undefined;
  return asked.length === 1 ? asked[0] : { op: 'any', of: asked };
}

/** Of filters with one key. */
function joined(of: readonly Filter[]): Probe | undefined {
  const matches = of.filter((filter) => filter.op === 'match');
  return matches.length > 0 ? values(matches) : composites(of.filter((filter) => filter.op === 'tuple'));
}
