import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { Failure, type Outcome } from '#errors';
import { writeJobRequest } from '#operations/jobs/job-texts.ts';
import { cancelJob, jobState, listJobs, startJob } from '#operations/jobs/jobs.ts';
import { startJobs, stopJobs } from '#operations/jobs/runner.ts';
import type { Answer } from '#operations/request/answer.ts';
import { type Caller, type Context, operation } from '#operations/request/context.ts';
import type { Request } from '#operations/request/request.ts';
import { rightsTo, unrestricted } from '#security/rights.ts';
import type { Store } from '#storage/store.ts';
import { openFile } from '#test/contract/opened.ts';

const one: Caller = { client: 'test', identity: 'one', rights: unrestricted };
const two: Caller = { ...one, identity: 'two' };

const named = (name: string, affectsState: boolean) =>
  operation({
    name,
    definition: `http://example.org/OperationDefinition/${name}`,
    levels: ['system'],
    affectsState,
    long: true,
    title: name,
    documentation: name,
    parameters: [],
    handler: () => Promise.reject(new Error('the test answers in its place')),
  });

const request = (name: string, body?: unknown): Request => ({
  interaction: { code: 'operation', method: 'POST', name: `$${name}` },
  query: [],
  preconditions: {},
  lenient: false,
  ...(body !== undefined && { body }),
});

/** What a process works with, as far as jobs need it: a store of its own on the file, and the work, which the test decides. */
async function process(
  t: Test,
  file: string,
  work: (request: Request, signal: AbortSignal) => Promise<Outcome<Answer>>,
  settings: Readonly<Record<string, number>> = {},
) {
  const { store } = await openFile(file);
  const logged: string[] = [];
  const config = {
    maxJobs: 10,
    jobLifetime: 3_600_000,
    jobLease: 3_000,
    maxAnswer: 10_000,
    poolThreads: 2,
    ...settings,
  };
  const context = {
    config: { ...config, baseUrl: 'http://x/fhir' },
    store,
    pool: {},
    operations: [named('look', false), named('touch', true)],
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
  } as unknown as Context;
  startJobs(context, (_context, { signal }, asked) => work(asked, signal ?? new AbortController().signal));
  const stop = async () => {
    await stopJobs(context);
    await store.close();
  };
  t.teardown(stop);
  return { context, store, logged, stop };
}

let files = 0;
const newFile = () => join(t.testdir(), `jobs-${++files}.db`);
t.testdir();

const made: Answer = { kind: 'made', status: 200, resource: { resourceType: 'Parameters', id: 'made' } };
const kept: Answer = { kind: 'text', status: 200, text: '{"resourceType":"Parameters","id":"made"}' };

/** Work whose end the test decides, and that heeds no signal. */
function work() {
  const { promise, resolve } = Promise.withResolvers<Outcome<Answer>>();
  return { begin: () => promise, end: () => resolve(made) };
}

/** Work that goes on until it is aborted. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

const status = async (answer: Promise<Outcome<Answer>>) => (await answer).status;

async function begin(context: Context, caller: Caller, asked = request('look')): Promise<string> {
  const answer = await startJob(context, caller, asked);
  if (answer instanceof Failure || answer.kind !== 'accepted') throw new Error('not accepted');
  return answer.at.replace(/^.*\//, '');
}

/** What comes after 202. */
async function ended(context: Context, caller: Caller, id: string): Promise<Outcome<Answer>> {
  for (;;) {
    const state = await jobState(context, caller, id);
    if (state.status !== 202) return state;
    await setTimeout(10);
  }
}

/** Waits until it holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(10);
}

/** A job whose process is not heard of any more. */
async function addLost(store: Store, id: string, asked: Request): Promise<void> {
  const job = { id, owner: 'one', title: 'x', begun: 1, request: writeJobRequest({ caller: one, request: asked }) };
  await store.jobs.add(job, 1, 10);
}

t.test('a cancelled job keeps its place until its work has ended', async (t) => {
  const first = work();
  const { context } = await process(t, newFile(), first.begin, { maxJobs: 1 });
  const id = await begin(context, one);
  t.equal(await status(cancelJob(context, one, id)), 202);
  t.equal(await status(jobState(context, one, id)), 404);
  t.equal(await status(cancelJob(context, one, id)), 404);
  t.equal(await status(startJob(context, one, request('look'))), 429, 'the work goes on');
  first.end();
  await until(async () => (await status(startJob(context, one, request('look')))) === 202);
});

t.test('a finished job that is cancelled makes room at once', async (t) => {
  const { context } = await process(t, newFile(), async () => made, { maxJobs: 1 });
  const id = await begin(context, one);
  t.same(await ended(context, one, id), kept);
  t.equal(await status(startJob(context, one, request('look'))), 429, 'its result is kept');
  t.equal(await status(cancelJob(context, one, id)), 202);
  t.equal(await status(startJob(context, one, request('look'))), 202);
});

t.test('a result is kept for HUFHIR_JOB_LIFETIME after its end', async (t) => {
  const first = work();
  const { context } = await process(t, newFile(), first.begin, { jobLifetime: 1 });
  const id = await begin(context, one);
  await setTimeout(20);
  t.equal(await status(jobState(context, one, id)), 202, 'what goes on does not expire');
  first.end();
  await until(async () => (await status(jobState(context, one, id))) === 404);
  t.equal(await status(cancelJob(context, one, id)), 404);
  t.same(await listJobs(context, one), { kind: 'made', status: 200, resource: { resourceType: 'Parameters' } });
});

t.test('a job belongs to who began it, whatever rights others have', async (t) => {
  const { context } = await process(t, newFile(), async () => made);
  const id = await begin(context, one);
  await ended(context, one, id);
  t.equal(await status(jobState(context, two, id)), 404);
  t.equal(await status(cancelJob(context, two, id)), 404);
  t.same(await listJobs(context, two), { kind: 'made', status: 200, resource: { resourceType: 'Parameters' } });
  const changed: Caller = { ...one, rights: rightsTo({ op: 'none' }, { op: 'none' }) };
  t.same(await jobState(context, changed, id), kept);
  t.match(await listJobs(context, one), {
    resource: {
      parameter: [
        {
          name: 'job',
          part: [
            { name: 'id', valueId: id },
            { name: 'url', valueUri: `http://x/fhir/_jobs/${id}` },
            { name: 'state', valueCode: 'ended' },
            { name: 'operation', valueString: '$look' },
            { name: 'begun', valueInstant: /Z$/ },
            { name: 'ended', valueInstant: /Z$/ },
            { name: 'expires', valueInstant: /Z$/ },
          ],
        },
      ],
    },
  });
});

t.test('a defect is told as everywhere, and logged under the id of the job', async (t) => {
  const { context, logged } = await process(t, newFile(), () => Promise.reject(new Error('it broke')));
  const id = await begin(context, one);
  t.match(await ended(context, one, id), { issues: [{ code: 'internal', text: new RegExp(id) }] });
  const lines = logged.map((line) => JSON.parse(line));
  t.match(lines, [{ job: id, msg: 'defect', err: { message: 'it broke' } }]);
});

t.test('HUFHIR_MAX_ANSWER: an answer beyond it is not kept', async (t) => {
  const { context } = await process(t, newFile(), async () => made, { maxAnswer: 20 });
  const id = await begin(context, one);
  const refused = await ended(context, one, id);
  t.match(refused, { status: 400, issues: [{ code: 'too-costly', text: /at most 20 .*HUFHIR_MAX_ANSWER/ }] });
});

t.test('what a process left behind is done by another, if nothing can be done twice', async (t) => {
  const asked: Request[] = [];
  const file = newFile();
  const { store: before } = await openFile(file);
  await addLost(before, 'a', request('look', { resourceType: 'Basic', id: 'b' }));
  await addLost(before, 'b', request('touch'));
  await addLost(before, 'c', request('gone'));
  await setTimeout(5);
  await before.close();
  const { context } = await process(t, file, async (request) => {
    asked.push(request);
    return made;
  });
  t.same(await ended(context, one, 'a'), kept);
  t.match(await ended(context, one, 'b'), { status: 503, issues: [{ code: 'job-interrupted', text: /ended once/ }] });
  t.match(await ended(context, one, 'c'), { status: 404, issues: [{ code: 'unknown-operation' }] });
  t.match(asked, [{ interaction: { name: '$look' }, body: { resourceType: 'Basic', id: 'b' } }]);
  t.equal(asked.length, 1);
});

t.test('what was never begun is done, though it changes something', async (t) => {
  const file = newFile();
  const { store: before } = await openFile(file);
  t.teardown(() => before.close());
  const idle = { store: before, config: { maxJobs: 10, jobLease: 3_000 } } as unknown as Context;
  const id = await begin(idle, one, request('touch'));
  t.equal(await status(jobState(idle, one, id)), 202, 'no jobs are done in this thread');
  await process(t, file, async () => made);
  t.same(await ended(idle, one, id), kept);
});

t.test('the third process that ends with a job is the last', async (t) => {
  const file = newFile();
  const { store: before } = await openFile(file);
  await addLost(before, 'a', request('look'));
  for (let attempt = 2; attempt <= 3; attempt++) {
    await until(async () => (await before.jobs.take(1)) !== undefined);
  }
  await setTimeout(5);
  await before.close();
  let asked = 0;
  const { context } = await process(t, file, async () => {
    asked += 1;
    return made;
  });
  t.match(await ended(context, one, 'a'), {
    status: 503,
    issues: [{ code: 'job-interrupted', text: /ended 3 times/ }],
  });
  t.equal(asked, 0);
});

t.test('two processes: cancelled by one, ended by the other', async (t) => {
  const file = newFile();
  let signal: AbortSignal | undefined;
  const first = await process(t, file, (_, given) => {
    signal = given;
    return untilAborted(given);
  });
  const second = await process(t, file, async () => made);
  const id = await begin(first.context, one);
  t.equal(await status(jobState(second.context, one, id)), 202);
  t.equal(await status(jobState(second.context, two, id)), 404);
  t.equal(await status(cancelJob(second.context, one, id)), 202);
  t.equal(await status(jobState(first.context, one, id)), 404);
  await until(() => signal?.aborted === true);
  await until(async () => (await first.store.jobs.beat(id, 1, 1000)) === 'lost');
  t.strictSame(first.logged, [], 'that is no defect');
});

t.test('who stops gives its jobs back, for others at once', async (t) => {
  const file = newFile();
  const first = await process(t, file, (_, given) => untilAborted(given), { jobLease: 3_600_000 });
  const second = await process(t, file, async () => made, { jobLease: 1_000 });
  const id = await begin(first.context, one);
  await first.stop();
  t.same(await ended(second.context, one, id), kept, 'the lease of the first has an hour to go');
});

t.test('who was taken for gone is ended, and its answer is not kept', async (t) => {
  const file = newFile();
  const late = work();
  let signal: AbortSignal | undefined;
  const first = await process(t, file, (_, given) => {
    signal = given;
    return late.begin();
  });
  const id = await begin(first.context, one);
  // As if it had slept for longer than its lease.
  await until(async () => {
    await first.store.jobs.beat(id, 1, 1);
    await setTimeout(5);
    return (await first.store.jobs.take(3_600_000)) !== undefined;
  });
  await until(() => signal?.aborted === true);
  late.end();
  await setTimeout(50);
  t.equal(await status(jobState(first.context, one, id)), 202);
  t.equal(await first.store.jobs.end(id, 2, JSON.stringify(kept), 1000), true);
  t.same(await jobState(first.context, one, id), kept);
});
