import t from 'tap';
import { SharedRun } from '#threads/shared-run.ts';

/** Work that ends when the test says so, or is aborted. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = new SharedRun((signal) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    return promise;
  });
  return { run, resolve, reject };
}

t.test('it goes on while anybody waits, and is aborted when the last has left', async (t) => {
  const { run } = work();
  const [one, two] = [new AbortController(), new AbortController()];
  const [first, second] = [run.join(one.signal), run.join(two.signal)];
  one.abort(new Error('one left'));
  await t.rejects(first, { message: 'one left' });
  t.equal(run.aborted, false);
  two.abort(new Error('two left'));
  await t.rejects(second, { message: 'two left' });
  t.equal(run.aborted, true);
  await t.rejects(run.result, { message: 'two left' });
});

t.test('who has no signal does not leave', async (t) => {
  const { run, resolve } = work();
  const controller = new AbortController();
  const [staying, leaving] = [run.join(), run.join(controller.signal)];
  controller.abort(new Error('left'));
  await t.rejects(leaving, { message: 'left' });
  t.equal(run.aborted, false);
  resolve('done');
  t.equal(await staying, 'done');
});

t.test('who was gone before does not join', async (t) => {
  const { run, resolve } = work();
  await t.rejects(run.join(AbortSignal.abort(new Error('gone'))), { message: 'gone' });
  t.equal(run.aborted, false);
  resolve('done');
  const controller = new AbortController();
  t.equal(await run.join(controller.signal), 'done', 'a result that is there is for all who come');
  controller.abort();
  t.equal(run.aborted, false, 'what has ended is not aborted');
});

t.test('a failure is told to all who wait', async (t) => {
  const { run, reject } = work();
  const all = [run.join(), run.join(new AbortController().signal)];
  reject(new Error('it broke'));
  for (const one of all) await t.rejects(one, { message: 'it broke' });
});
