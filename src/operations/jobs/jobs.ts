import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { fail, type Outcome } from '#errors';
import type { JobState } from '#storage/shelf.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { newId } from '../request/ids.ts';
import type { Request } from '../request/request.ts';
import { jobs as path } from '../request/route.ts';
import { readJobAnswer, writeJobRequest } from './job-texts.ts';
import { runnerOf } from './runner.ts';

/**
 * Keeps a request that may take long, begins to work on it, and answers where its state is told (R4 async.html). Its answer can be
 * asked for until HUFHIR_JOB_LIFETIME after its end; what is kept and what is under way, cancelled jobs too, are HUFHIR_MAX_JOBS
 * together at most.
 */
export async function startJob(context: Context, caller: Caller, request: Request): Promise<Outcome<Answer>> {
  const { store, config } = context;
  const runner = runnerOf(context);
  const job = {
    id: newId(),
    owner: caller.identity,
    title: titleOf(request),
    begun: Date.now(),
    request: writeJobRequest({ caller, request: { ...request, async: false } }),
  };
  // Where no jobs are done, it is there for those who do them.
  const added = await store.jobs.add(job, runner === undefined ? 0 : config.jobLease, config.maxJobs);
  if (!added) return fail('too-many-jobs', { expected: config.maxJobs });
  runner?.run({ ...job, attempt: 1, lost: 0 });
  return accepted(job);
}

/** `Measure/m/$evaluate-measure` */
function titleOf({ interaction }: Request): string {
  if (interaction.code !== 'operation') return interaction.code;
  const { type, id, name } = interaction;
  return [type, id, name].filter((part) => part !== undefined).join('/');
}

/** What became of a job: 202 while it goes on, then its answer; for its owner alone. */
export async function jobState(context: Context, caller: Caller, id: string): Promise<Outcome<Answer>> {
  const job = await context.store.jobs.get(id, caller.identity);
  if (job === undefined) return fail('not-found', { found: `${path}/${id}` });
  return job.answer === undefined ? accepted(job) : readJobAnswer(job.answer);
}

/** The caller's jobs, as Parameters: one `job` for each, those begun first first. */
export async function listJobs({ store, config }: Context, caller: Caller): Promise<Answer> {
  const jobs = await store.jobs.list(caller.identity);
  const parameter = jobs.map((job): ParametersParameter => ({ name: 'job', part: partsOf(job, config.baseUrl) }));
  const resource: Parameters = { resourceType: 'Parameters', ...(parameter.length > 0 && { parameter }) };
  return { kind: 'made', status: 200, resource };
}

function partsOf({ id, title, begun, ended, expires }: JobState, baseUrl: string): ParametersParameter[] {
  const times = Object.entries({ begun, ended, expires }).flatMap(([name, ms]) =>
    ms === undefined ? [] : [{ name, valueInstant: new Date(ms).toISOString() }],
  );
  return [
    { name: 'id', valueId: id },
    { name: 'url', valueUri: `${baseUrl}/${path}/${id}` },
    { name: 'state', valueCode: ended === undefined ? 'running' : 'ended' },
    { name: 'operation', valueString: title },
    ...times,
  ];
}

/** Forgets a job. Its work is ended, wherever it is done, and counts among those that are kept until then. */
export async function cancelJob(context: Context, caller: Caller, id: string): Promise<Outcome<Answer>> {
  const cancelled = await context.store.jobs.cancel(id, caller.identity);
  if (!cancelled) return fail('not-found', { found: `${path}/${id}` });
  // Another process learns of it from the store.
  runnerOf(context)?.abort(id);
  return { kind: 'bare', status: 202, version: undefined };
}

function accepted({ id, begun }: Pick<JobState, 'id' | 'begun'>): Answer {
  const seconds = Math.floor((Date.now() - begun) / 1000);
  return { kind: 'accepted', status: 202, at: `${path}/${id}`, progress: `under way for ${seconds} s` };
}
