import { mock } from 'node:test';
import t from 'tap';
import { Failure, type Outcome } from '#errors';
import { cancelJob, jobState, startJob } from '#operations/jobs/jobs.ts';
import type { Answer } from '#operations/request/answer.ts';
import type { Caller, Context } from '#operations/request/context.ts';
import { unrestricted } from '#security/rights.ts';

/** Only these settings matter to jobs. */
const server = (maxJobs: number) => ({ config: { maxJobs, jobLifetime: 1000 } }) as unknown as Context;
const all: Caller = { client: 'test', identity: 'test', rights: unrestricted };
const few: Caller = { client: 'test', identity: 'test', rights: { read: { op: 'none' }, write: { op: 'none' } } };
const made: Answer = { kind: 'made', status: 200, resource: { resourceType: 'Basic' } as never };

/** Work whose end the test decides. */
function work() {
  const { promise, resolve } = Promise.withResolvers<Outcome<Answer>>();
  return { begin: () => promise, end: async () => resolve(made) };
}

function idOf(answer: Outcome<Answer>): string {
  if (answer instanceof Failure || answer.kind !== 'accepted') throw new Error('not accepted');
  return answer.at.replace(/^.*\//, '');
}

const status = (answer: Outcome<Answer>) => answer.status;

t.test('a cancelled job keeps its place until its work has ended', async (t) => {
  const context = server(1);
  const first = work();
  const id = idOf(startJob(context, all, first.begin));
  t.equal(status(cancelJob(context, all, id)), 202);
  t.equal(status(await jobState(context, all, id)), 404);
  t.equal(status(cancelJob(context, all, id)), 404);
  t.equal(status(startJob(context, all, work().begin)), 429, 'the work goes on');
  await first.end();
  t.equal(status(startJob(context, all, work().begin)), 202);
});

t.test('a finished job that is cancelled makes room at once', async (t) => {
  const context = server(1);
  const first = work();
  const id = idOf(startJob(context, all, first.begin));
  await first.end();
  t.equal(await jobState(context, all, id), made);
  t.equal(status(startJob(context, all, work().begin)), 429, 'its result is kept');
  t.equal(status(cancelJob(context, all, id)), 202);
  t.equal(status(startJob(context, all, work().begin)), 202);
});

t.test('a result is kept for HUFHIR_JOB_LIFETIME after its end', async (t) => {
  mock.timers.enable({ apis: ['Date'] });
  t.teardown(() => mock.timers.reset());
  const context = server(2);
  const first = work();
  const id = idOf(startJob(context, all, first.begin));
  mock.timers.tick(5000);
  t.equal(status(await jobState(context, all, id)), 202, 'what goes on does not expire');
  await first.end();
  t.equal(await jobState(context, all, id), made);
  mock.timers.tick(1000);
  t.equal(await jobState(context, all, id), made);
  mock.timers.tick(1);
  t.equal(status(await jobState(context, all, id)), 404);
  t.equal(status(cancelJob(context, all, id)), 404);
});

t.test('a job belongs to its caller', async (t) => {
  const context = server(2);
  const first = work();
  const id = idOf(startJob(context, few, first.begin));
  await first.end();
  t.equal(status(await jobState(context, all, id)), 404);
  t.equal(status(cancelJob(context, all, id)), 404);
  t.equal(await jobState(context, structuredClone(few), id), made, 'whichever request names the caller');
});
