import { LRUCache } from 'lru-cache';
import { Failure, type Outcome } from '#errors';
import type { PatientRecord, Store } from '#storage/store.ts';
import { type Executable, link, type PatientResults, type ResidentInput } from './engine.ts';
import type { Evaluation } from './tasks.ts';

/** Linked libraries that a thread holds: linking takes as long as some residents. */
const executables = new LRUCache<string, Executable>({ max: 8 });

/** Evaluates measures over the residents of the store, chunk by chunk. */
export async function evaluate(
  store: Store,
  { key, measures, translated, run, needs }: Evaluation,
): Promise<Outcome<readonly PatientResults[]>> {
  const executable = executables.get(key) ?? link(measures, translated);
  if (executable instanceof Failure) return executable;
  executables.set(key, executable);
  const found: PatientResults[] = [];
  for await (const chunk of store.scan({ ...needs, types: executable.types })) {
    const results = await executable.evaluate(run, chunk.map(inputOf));
    if (results instanceof Failure) return results;
    for (const [i, result] of results.entries()) {
      if (run.evidence) found.push(withVersions(result, chunk[i]));
      else if (result.byMeasure.some(({ bits }) => bits !== 0)) found.push(result);
    }
  }
  return found;
}

function inputOf({ patient, records }: PatientRecord): ResidentInput {
  return {
    patient: { id: patient.id, content: patient.content ?? '{}' },
    records: records.map(({ type, id, content = '{}' }) => ({ type, id, content })),
  };
}

/** What was looked at, by the versions that were read. */
function withVersions(result: PatientResults, record: PatientRecord | undefined): PatientResults {
  const read = record === undefined ? [] : [record.patient, ...record.records];
  const versions = new Map(read.map((v) => [`${v.type}/${v.id}`, v.version]));
  return {
    ...result,
    byMeasure: result.byMeasure.map(({ evidence = [], ...rest }) => ({
      ...rest,
      evidence: evidence.map((reference) => `${reference}/_history/${versions.get(reference) ?? 1}`),
    })),
  };
}
