import { Failure, type Outcome } from '#errors';
import type { EvaluationRun, ResidentInput } from '#measure/engine.ts';
import { Evaluator, type Prepared } from '#measure/evaluator.ts';
import { offsetAt } from '#measure/period.ts';
import { type MeasureMember, populationsOf } from '#measure/populations.ts';
import type { ResidentRecord, Store } from '#storage/store.ts';
import type { Caller, Context } from '../request/context.ts';
import type { LoadedMeasure } from './sources.ts';

/** Who is in a population of each measure, in the order of the measures. */
export type Memberships = readonly (readonly MeasureMember[])[];

interface EvaluationCache {
  readonly evaluator: Evaluator;
  /** Whole-population runs, finished or under way, by all that decides on their result. */
  readonly kept: Map<string, Promise<Outcome<Memberships>>>;
}

/** Whole-population results kept; each holds the members of every measure. */
const maxKept = 2;

// One thread and one cache for each store that is open; both go with it.
const runs = new WeakMap<Store, EvaluationCache>();

function runsOf({ store, config }: Context): EvaluationCache {
  const known = runs.get(store);
  if (known !== undefined) return known;
  const made: EvaluationCache = { evaluator: new Evaluator(config.measureTimeout), kept: new Map() };
  runs.set(store, made);
  return made;
}

/**
 * Who is in which population, over all residents that the caller may read: one pass for all the measures. Requests that
 * ask the same of the same state share one run, and a few results are kept until the next write.
 */
export async function membersOf(
  context: Context,
  caller: Caller,
  measures: readonly LoadedMeasure[],
  period: EvaluationRun['period'],
): Promise<Outcome<Memberships>> {
  const { kept, evaluator } = runsOf(context);
  const prepared = await evaluator.prepare(measures.map((m) => m.source));
  if (prepared instanceof Failure) return prepared;
  const lastSeq = await context.store.lastSeq();
  const run = runOf(context, measures, period, false);
  const key = JSON.stringify([prepared.key, period, run.parameters, lastSeq, caller.rights.read]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = pass(context, caller, measures, prepared, run);
  kept.set(key, made);
  for (const oldest of kept.keys()) if (kept.size > maxKept) kept.delete(oldest);
  const drop = (): void => {
    if (kept.get(key) === made) kept.delete(key);
  };
  made.then((outcome) => outcome instanceof Failure && drop(), drop);
  return made;
}

async function pass(
  context: Context,
  caller: Caller,
  measures: readonly LoadedMeasure[],
  prepared: Prepared,
  run: EvaluationRun,
): Promise<Outcome<Memberships>> {
  const counted = measures.map(({ definition }) => ({ definition, members: [] as MeasureMember[] }));
  const residents = context.store.scan({ types: prepared.types, rights: caller.rights.read });
  for await (const chunk of prepared.evaluate(run, inputs(residents))) {
    if (chunk instanceof Failure) return chunk;
    for (const { patient, standings } of chunk) {
      for (const [i, { bits, centre }] of standings.entries()) {
        const of = counted[i];
        if (of !== undefined && populationsOf(of.definition, bits).includes(true)) {
          of.members.push({ patient, bits, centre });
        }
      }
    }
  }
  return counted.map((c) => c.members);
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
  readonly standings: readonly { readonly bits: number; readonly evaluated: readonly string[] }[];
}

/** Evaluates one resident; undefined if the caller can read no such Patient. */
export async function subjectResult(
  context: Context,
  caller: Caller,
  measures: readonly LoadedMeasure[],
  period: EvaluationRun['period'],
  subject: string,
): Promise<Outcome<SubjectResult | undefined>> {
  const { evaluator } = runsOf(context);
  const prepared = await evaluator.prepare(measures.map((m) => m.source));
  if (prepared instanceof Failure) return prepared;
  const run = runOf(context, measures, period, true);
  const found: ResidentRecord[] = [];
  const needs = { types: prepared.types, residents: [subject], rights: caller.rights.read };
  for await (const chunk of context.store.scan(needs)) found.push(...chunk);
  const [record] = found;
  if (record === undefined) return undefined;
  const versions = new Map([record.patient, ...record.records].map((v) => [`${v.type}/${v.id}`, v.version]));
  const single = (async function* () {
    yield [record];
  })();
  const standings: { bits: number; evaluated: readonly string[] }[] = [];
  for await (const chunk of prepared.evaluate(run, inputs(single))) {
    if (chunk instanceof Failure) return chunk;
    for (const { bits, evidence = [] } of chunk.flatMap((m) => m.standings)) {
      standings.push({ bits, evaluated: evidence.map((r) => `${r}/_history/${versions.get(r) ?? 1}`) });
    }
  }
  return { standings };
}

async function* inputs(chunks: AsyncIterable<readonly ResidentRecord[]>): AsyncGenerator<readonly ResidentInput[]> {
  for await (const chunk of chunks) {
    yield chunk.map(({ patient, records }) => ({
      patient: { id: patient.id, content: patient.content ?? '{}' },
      records: records.map(({ type, id, content = '{}' }) => ({ type, id, content })),
    }));
  }
}
