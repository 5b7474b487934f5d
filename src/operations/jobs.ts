import { fail, type Outcome } from '#errors';
import type { Answer } from './answer.ts';
import type { Context } from './context.ts';
import { newId } from './ids.ts';
import { jobs as path } from './route.ts';

/** Work that goes on after its request was answered (R4 async.html). */
interface Job {
  readonly begun: number;
  /** Rejects where the work met a defect; whoever asks then hears of it as of any other. */
  readonly answer: Promise<Outcome<Answer>>;
  /** Milliseconds since 1970; undefined while it is under way. */
  ended: number | undefined;
}

/** The jobs of each server process: their work is in this process, so its end is theirs. */
const running = new WeakMap<Context, Map<string, Job>>();

/**
 * Starts the work and answers where its state is told. A job can be asked for until HUFHIR_JOB_LIFETIME after its end; there
 * are HUFHIR_MAX_JOBS of them at most.
 */
export function startJob(context: Context, work: () => Promise<Outcome<Answer>>): Outcome<Answer> {
  const jobs = running.get(context) ?? new Map<string, Job>();
  running.set(context, jobs);
  const { jobLifetime, maxJobs } = context.config;
  for (const [id, { ended }] of jobs) {
    if (ended !== undefined && Date.now() - ended > jobLifetime) jobs.delete(id);
  }
  if (jobs.size >= maxJobs) return fail('too-many-jobs', { expected: maxJobs });
  const id = newId();
  const job: Job = { begun: Date.now(), answer: work(), ended: undefined };
  jobs.set(id, job);
  const end = (): void => {
    job.ended = Date.now();
  };
  job.answer.then(end, end);
  return accepted(id, job);
}

/** What became of a job: 202 while it goes on, then its answer. */
export async function jobState(context: Context, id: string): Promise<Outcome<Answer>> {
  const job = running.get(context)?.get(id);
  if (job === undefined) return fail('not-found', { found: `${path}/${id}` });
  return job.ended === undefined ? accepted(id, job) : job.answer;
}

/** Forgets a job: its result is not kept, though what was begun may run to its end. */
export function cancelJob(context: Context, id: string): Outcome<Answer> {
  const known = running.get(context)?.delete(id) ?? false;
  return known ? { kind: 'bare', status: 202, version: undefined } : fail('not-found', { found: `${path}/${id}` });
}

function accepted(id: string, { begun }: Job): Answer {
  const seconds = Math.floor((Date.now() - begun) / 1000);
  return { kind: 'accepted', status: 202, at: `${path}/${id}`, progress: `under way for ${seconds} s` };
}
