import { Failure, fail, type Outcome } from '#errors';
import type { TakenJob } from '#storage/shelf.ts';
import type { Answer } from '../request/answer.ts';
import type { Caller, Context } from '../request/context.ts';
import { operationOf } from '../request/operation.ts';
import type { Request } from '../request/request.ts';
import { requestContext } from '../request/request-store.ts';
import { readJobRequest, writeJobAnswer } from './job-texts.ts';

/** Does what a request asks; rejects with the reason of the caller's signal where it is aborted, or at a defect. */
export type Perform = (context: Context, caller: Caller, request: Request) => Promise<Outcome<Answer>>;

/** Processes that may end while they do a job; then it is taken for the reason. */
const maxLost = 3;

/** How often a lease could be extended before it runs out: a process that is slow once keeps its jobs. */
const beatsPerLease = 3;

interface RunningJob extends Pick<TakenJob, 'id' | 'attempt'> {
  readonly controller: AbortController;
}

/**
 * Does the jobs that this process began, and those whose process is gone. A job is this process's as long as it extends its lease
 * (HUFHIR_JOB_LEASE) in the store; when it extends it, it learns whether the job was cancelled, wherever that was asked for.
 */
class JobRunner {
  readonly #context: Context;
  readonly #perform: Perform;
  readonly #running = new Set<RunningJob>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(context: Context, perform: Perform) {
    this.#context = context;
    this.#perform = perform;
    const interval = Math.ceil(context.config.jobLease / beatsPerLease);
    this.#timer = setInterval(() => void this.#beat(), interval).unref();
    this.#look();
  }

  /** Does a job whose lease this process holds. */
  run(job: TakenJob): void {
    const running: RunningJob = { id: job.id, attempt: job.attempt, controller: new AbortController() };
    this.#running.add(running);
    if (this.#stopped) void this.#giveBack(running);
    else void this.#run(job, running);
  }

  /** Ends the work on a job that is not wanted any more. */
  abort(id: string): void {
    for (const { controller, id: other } of this.#running) if (other === id) controller.abort();
  }

  /** Gives all jobs back, for another process or the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all([...this.#running].map((job) => this.#giveBack(job)));
  }

  async #run(job: TakenJob, running: RunningJob): Promise<void> {
    const { log, store, config } = this.#context;
    const answer = await this.#answer(job, running.controller.signal);
    // It was given back, and the store may be closed by now.
    if (this.#stopped) return;
    this.#running.delete(running);
    try {
      await store.jobs.end(job.id, job.attempt, answer, config.jobLifetime);
    } catch (error) {
      log.error({ err: error, job: job.id }, 'The answer of an asynchronous request could not be stored');
    }
    this.#look();
  }

  /** The text of the answer; a defect is told as everywhere. */
  async #answer(job: TakenJob, signal: AbortSignal): Promise<string> {
    const { log, config } = this.#context;
    try {
      const { caller, request } = readJobRequest(job.request);
      const asking = { ...caller, signal };
      const done =
        interrupted(this.#context, request, job) ??
        (await this.#perform(requestContext(this.#context, asking), asking, request));
      const text = writeJobAnswer(done);
      if (text.length <= config.maxAnswer) return text;
      const told = `The answer takes ${text.length} characters; at most ${config.maxAnswer} are kept (HUFHIR_MAX_ANSWER). Ask for less.`;
      return writeJobAnswer(fail('too-costly', { text: told }));
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, job: job.id }, 'defect');
      return writeJobAnswer(fail('internal', { found: job.id }));
    }
  }

  async #beat(): Promise<void> {
    const { log, store, config } = this.#context;
    const each = [...this.#running].map(async ({ id, attempt, controller }) => {
      const state = await store.jobs.beat(id, attempt, config.jobLease);
      if (state !== 'running') controller.abort();
    });
    for (const beat of await Promise.allSettled(each)) {
      if (beat.status === 'rejected' && !this.#stopped) log.error({ err: beat.reason }, 'A lease was not extended');
    }
    // After the leases of this process: it does not take what it does already.
    this.#look();
  }

  #look(): void {
    if (this.#stopped || this.#looking !== undefined) return;
    this.#looking = this.#take()
      .catch((error) => this.#context.log.error({ err: error }, 'Jobs that are left to do were not found'))
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Takes what others left, no more at once than there are threads: other processes take the rest, or this one does later. */
  async #take(): Promise<void> {
    const { log, store, config } = this.#context;
    while (!this.#stopped && this.#running.size < config.poolThreads) {
      const job = await store.jobs.take(config.jobLease);
      if (job === undefined) return;
      if (job.attempt > 1) log.warn({ job: job.id, attempt: job.attempt }, 'A job that was broken off is begun again');
      this.run(job);
    }
  }

  async #giveBack(job: RunningJob): Promise<void> {
    this.#running.delete(job);
    job.controller.abort();
    try {
      await this.#context.store.jobs.beat(job.id, job.attempt, 0);
    } catch (error) {
      this.#context.log.warn({ err: error, job: job.id }, 'A job was not given back; it goes on when its lease ends');
    }
  }
}

/** What is told instead of beginning again what may have been done in part, or ends every process that does it. */
function interrupted(
  { operations }: Context,
  { interaction }: Request,
  { attempt, lost }: TakenJob,
): Failure | undefined {
  const found = interaction.code === 'operation' ? operationOf(operations, interaction) : undefined;
  if (found instanceof Failure) return found;
  if (attempt > 1 && found?.affectsState !== false) return fail('job-interrupted', { found: 'once' });
  return lost < maxLost ? undefined : fail('job-interrupted', { found: `${lost} times` });
}

/** By what stays the same in the contexts of all requests. */
const runners = new WeakMap<Context['pool'], JobRunner>();

/** Has this process do jobs, until `stopJobs`: its own, and those that others left. */
export function startJobs(context: Context, perform: Perform): void {
  runners.set(context.pool, new JobRunner(context, perform));
}

/** What this process does is given back at once, for others or the next start. */
export async function stopJobs(context: Context): Promise<void> {
  await runners.get(context.pool)?.stop();
}

/** Who does jobs in this thread; undefined where none are done. */
export function runnerOf(context: Context): JobRunner | undefined {
  return runners.get(context.pool);
}
