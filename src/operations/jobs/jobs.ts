import { isDeepStrictEqual } from 'node:util';
import { fail, type Outcome } from '#errors';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { newId } from '../request/ids.ts';
import { jobs as path } from '../request/route.ts';

/** Work that goes on after its request was answered (R4 async.html). */
interface RunningJob {
  /** Who may ask for it: callers with the same rights. */
  readonly rights: Caller['rights'];
  readonly begun: number;
  /** Rejects where the work met a defect; whoever asks then hears of it as of any other. */
  readonly answer: Promise<Outcome<Answer>>;
  /** Milliseconds since 1970; undefined while it is under way. */
  ended: number | undefined;
  /** Nobody asks for it any more, but its work still has to end. */
  cancelled: boolean;
}

/** The jobs of each server process: their work is in this process, so its end is theirs. */
const running = new WeakMap<Context, Map<string, RunningJob>>();

/** The jobs of a server that are under way, or ended less than HUFHIR_JOB_LIFETIME ago. */
function jobsOf(context: Context): Map<string, RunningJob> {
  const jobs = running.get(context) ?? new Map<string, RunningJob>();
  running.set(context, jobs);
  for (const [id, { ended }] of jobs) {
    if (ended !== undefined && Date.now() - ended > context.config.jobLifetime) jobs.delete(id);
  }
  return jobs;
}

/** A job that this caller began; others do not hear of it. */
function jobOf(context: Context, caller: Caller, id: string): RunningJob | undefined {
  const job = jobsOf(context).get(id);
  return job === undefined || job.cancelled || !isDeepStrictEqual(job.rights, caller.rights) ? undefined : job;
}

/**
 * Starts the work and answers where its state is told. A job can be asked for until HUFHIR_JOB_LIFETIME after its end; those
 * that are kept and those under way, cancelled ones too, are HUFHIR_MAX_JOBS together at most.
 */
export function startJob(context: Context, caller: Caller, work: () => Promise<Outcome<Answer>>): Outcome<Answer> {
  const jobs = jobsOf(context);
  const { jobLifetime, maxJobs } = context.config;
  if (jobs.size >= maxJobs) return fail('too-many-jobs', { expected: maxJobs });
  const id = newId();
  const job: RunningJob = {
    rights: caller.rights,
    begun: Date.now(),
    answer: work(),
    ended: undefined,
    cancelled: false,
  };
  jobs.set(id, job);
  const end = (): void => {
    job.ended = Date.now();
    if (job.cancelled) jobs.delete(id);
    // Results do not wait in memory for somebody to ask.
    else setTimeout(() => jobs.delete(id), jobLifetime).unref();
  };
  job.answer.then(end, end);
  return accepted(id, job);
}

/** What became of a job: 202 while it goes on, then its answer. */
export async function jobState(context: Context, caller: Caller, id: string): Promise<Outcome<Answer>> {
  const job = jobOf(context, caller, id);
  if (job === undefined) return fail('not-found', { found: `${path}/${id}` });
  return job.ended === undefined ? accepted(id, job) : job.answer;
}

/** Forgets a job: its result is not kept, though what was begun may run to its end, and counts until then. */
export function cancelJob(context: Context, caller: Caller, id: string): Outcome<Answer> {
  const job = jobOf(context, caller, id);
  if (job === undefined) return fail('not-found', { found: `${path}/${id}` });
  if (job.ended === undefined) job.cancelled = true;
  else jobsOf(context).delete(id);
  return { kind: 'bare', status: 202, version: undefined };
}

function accepted(id: string, { begun }: RunningJob): Answer {
  const seconds = Math.floor((Date.now() - begun) / 1000);
  return { kind: 'accepted', status: 202, at: `${path}/${id}`, progress: `under way for ${seconds} s` };
}
