import { LRUCache } from 'lru-cache';
import { Failure, type Outcome } from '#errors';
import type { EvaluationRun, PatientResults } from '#measure/engine.ts';
import { Evaluator } from '#measure/evaluator.ts';
import { offsetAt } from '#measure/period.ts';
import { type MeasureMember, populationsOf } from '#measure/populations.ts';
import type { ThreadPool } from '#threads/pool.ts';
import { SharedRun } from '#threads/shared-run.ts';
import type { Caller, Context } from '../request/context.ts';
import type { LoadedMeasure } from './sources.ts';

/** Who is in a population of each measure, in the order of the measures. */
export type Memberships = readonly (readonly MeasureMember[])[];

interface EvaluationCache {
  readonly evaluator: Evaluator;
  /** Whole-population runs, finished or under way, by all that decides on their result. */
  readonly memberships: LRUCache<string, SharedRun<Outcome<Memberships>>>;
}

/** Whole-population results kept; each holds the members of every measure. */
const maxMemberships = 2;

// One cache for each pool; it goes with it.
const caches = new WeakMap<ThreadPool, EvaluationCache>();

function cacheOf({ measurePool: pool, config }: Context): EvaluationCache {
  const known = caches.get(pool);
  if (known !== undefined) return known;
  const evaluator = new Evaluator(pool, { time: config.measureTimeout, memory: config.measureMemory });
  const made: EvaluationCache = { evaluator, memberships: new LRUCache({ max: maxMemberships }) };
  caches.set(pool, made);
  return made;
}

/**
 * Who is in which population, over all patients that the caller may read: one pass for all the measures. Requests that
 * ask the same of the same state share one run, which ends when all of them are given up, and a few results are kept until the next write.
 */
export async function membersOf(
  context: Context,
  caller: Caller,
  measures: readonly LoadedMeasure[],
  period: EvaluationRun['period'],
  signal: AbortSignal | undefined,
): Promise<Outcome<Memberships>> {
  const { memberships, evaluator } = cacheOf(context);
  const prepared = await evaluator.prepare(
    { client: caller.client, ...(signal && { signal }) },
    measures.map((m) => m.source),
  );
  if (prepared instanceof Failure) return prepared;
  const lastSeq = await context.store.lastSeq();
  const run = runOf(context, measures, period, false);
  const key = JSON.stringify([prepared.key, period, run.parameters, lastSeq, caller.rights.read]);
  const known = memberships.get(key);
  if (known !== undefined && !known.aborted) return known.join(signal);
  const needs = { rights: caller.rights.read };
  const made = new SharedRun(async (ended): Promise<Outcome<Memberships>> => {
    const results = await evaluator.evaluate({ client: caller.client, signal: ended }, prepared, run, needs);
    return results instanceof Failure ? results : membershipsOf(measures, results);
  });
  memberships.set(key, made);
  const drop = (): void => {
    if (memberships.peek(key) === made) memberships.delete(key);
  };
  // What failed is tried again when it is next asked for.
  made.result.then((outcome) => outcome instanceof Failure && drop(), drop);
  return made.join(signal);
}

function membershipsOf(measures: readonly LoadedMeasure[], results: readonly PatientResults[]): Memberships {
  return measures.map(({ definition }, i) =>
    results.flatMap(({ patient, byMeasure }): MeasureMember[] => {
      const { bits = 0, strata = [] } = byMeasure[i] ?? {};
      return populationsOf(definition, bits).includes(true) ? [{ patient, bits, strata }] : [];
    }),
  );
}

function runOf(
  { config }: Context,
  measures: readonly LoadedMeasure[],
  period: EvaluationRun['period'],
  evidence: boolean,
): EvaluationRun {
  const { timeZone, baseUrl } = config;
  const parameters = measures.map((m) => m.parameters);
  return { period, offset: offsetAt(timeZone, period.start), baseUrl, parameters, evidence };
}

/** What each measure says of one resident, and what it looked at. */
export interface SubjectResult {
  /** By measure. */
  readonly byMeasure: readonly { readonly bits: number; readonly evaluated: readonly string[] }[];
}

/** Evaluates one resident; undefined if the caller can read no such Patient. */
export async function subjectResult(
  context: Context,
  caller: Caller,
  measures: readonly LoadedMeasure[],
  period: EvaluationRun['period'],
  subject: string,
  signal: AbortSignal | undefined,
): Promise<Outcome<SubjectResult | undefined>> {
  const { evaluator } = cacheOf(context);
  const asking = { client: caller.client, ...(signal && { signal }) };
  const prepared = await evaluator.prepare(
    asking,
    measures.map((m) => m.source),
  );
  if (prepared instanceof Failure) return prepared;
  const run = runOf(context, measures, period, true);
  const needs = { patients: [subject], rights: caller.rights.read };
  const results = await evaluator.evaluate(asking, prepared, run, needs);
  if (results instanceof Failure) return results;
  const [only] = results;
  return only && { byMeasure: only.byMeasure.map(({ bits, evidence = [] }) => ({ bits, evaluated: evidence })) };
}
