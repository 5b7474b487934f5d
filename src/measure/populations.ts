import type { MeasureDefinition } from './definition.ts';

/** Counts by population, in the order of the measure's populations. */
export type Counts = readonly number[];

/** What one measure found of one resident. */
export interface MeasureMember {
  readonly patient: string;
  readonly bits: number;
  /** As each of the measure's stratifiers gave it. */
  readonly strata: readonly (string | null)[];
}

/**
 * The populations a resident is counted in, from those whose criteria hold (cqf-measures, proportion): the denominator is
 * within the initial population, the numerator within the denominator without its exclusions, and exceptions are only
 * what is left.
 */
export function populationsOf(definition: MeasureDefinition, bits: number): readonly boolean[] {
  const holds = (code: string): boolean =>
    definition.populations.some((p, i) => p.code === code && (bits & (1 << i)) !== 0);
  const initial = holds('initial-population');
  const denominator = initial && holds('denominator');
  const excluded = denominator && holds('denominator-exclusion');
  const numerator = denominator && !excluded && holds('numerator');
  const within: Readonly<Record<string, boolean>> = {
    'initial-population': initial,
    denominator,
    'denominator-exclusion': excluded,
    numerator,
    'numerator-exclusion': numerator && holds('numerator-exclusion'),
    'denominator-exception': denominator && !excluded && !numerator && holds('denominator-exception'),
  };
  return definition.populations.map((p) => within[p.code] === true);
}

/** Counts these residents. */
export function count(definition: MeasureDefinition, members: Iterable<MeasureMember>): Counts {
  const counts = definition.populations.map(() => 0);
  for (const { bits } of members) {
    if (bits === 0) continue;
    for (const [i, within] of populationsOf(definition, bits).entries()) if (within) counts[i] = (counts[i] ?? 0) + 1;
  }
  return counts;
}

/** The counts with the official population as initial population and denominator. */
export function withOfficial(definition: MeasureDefinition, counts: Counts, population: number): Counts {
  const replaced = new Set(['initial-population', 'denominator']);
  return counts.map((n, i) => (replaced.has(definition.populations[i]?.code ?? '') ? population : n));
}

/** What is divided by what to give the score. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * (numerator − its exclusions) / (denominator − exclusions − exceptions), neither rounded nor inverted for measures that
 * improve downwards; undefined where nobody is left in the denominator.
 */
export function ratio(definition: MeasureDefinition, counts: Counts): Ratio | undefined {
  const of = (code: string): number =>
    definition.populations.reduce((sum, p, i) => (p.code === code ? sum + (counts[i] ?? 0) : sum), 0);
  const denominator = of('denominator') - of('denominator-exclusion') - of('denominator-exception');
  return denominator > 0 ? { numerator: of('numerator') - of('numerator-exclusion'), denominator } : undefined;
}
