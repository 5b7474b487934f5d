import t from 'tap';
import { Calls, worker } from '#threads/calls.ts';

interface Offered {
  [name: string]: (argument: never) => unknown;
  double(argument: number): number;
  fail(argument: null): void;
  die(argument: null): void;
}

const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (calls) => {
      for (const [id, method, argument] of calls) {
        if (method === 'die') throw new Error('the worker has a bug');
        parentPort.postMessage([[id, method === 'double', method === 'double' ? 2 * argument : new Error('no')]]);
      }
    });`)}`,
);

t.test('calls come back with their own results', async (t) => {
  const calls = new Calls<Offered>(worker(script, null));
  t.teardown(() => calls.end());
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  t.strictSame(
    await Promise.all(numbers.map((n) => calls.call('double', n))),
    numbers.map((n) => 2 * n),
  );
  const [failed, good] = await Promise.allSettled([calls.call('fail', null), calls.call('double', 4)]);
  t.match(failed, { status: 'rejected', reason: { message: 'no' } });
  t.match(good, { status: 'fulfilled', value: 8 });
  t.equal(calls.load, 0);
});

t.test('an argument that cannot be copied fails its own call alone', async (t) => {
  const calls = new Calls<Offered>(worker(script, null));
  t.teardown(() => calls.end());
  const uncopied: unknown = () => 1;
  const results = await Promise.allSettled([
    calls.call('double', 1),
    calls.call('double', uncopied as number),
    calls.call('double', 3),
  ]);
  t.strictSame(
    results.map((r) => (r.status === 'fulfilled' ? r.value : 'failed')),
    [2, 'failed', 6],
  );
});

t.test('when the thread dies, every call waiting fails with the reason, and the next has a new thread', async (t) => {
  const calls = new Calls<Offered>(worker(script, null));
  for (let i = 1; i < 4; i++) {
    const results = await Promise.allSettled([calls.call('die', null), calls.call('double', 1)]);
    for (const result of results) t.match(result, { status: 'rejected', reason: { message: 'the worker has a bug' } });
    t.equal(calls.load, 0);
    t.strictSame(await Promise.all([calls.call('double', i), calls.call('double', 5)]), [2 * i, 10]);
  }
  await calls.end();
  await t.rejects(calls.call('double', 2), { message: 'The store is closed.' });
});
