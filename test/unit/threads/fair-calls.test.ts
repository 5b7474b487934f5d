import t, { type Test } from 'tap';
import { Calls, worker } from '#threads/calls.ts';
import { FairCalls } from '#threads/fair-calls.ts';

interface Offered {
  [name: string]: (argument: never) => unknown;
  quick(n: number): number;
  slow(n: number): number;
  die(argument: null): void;
}

/** `slow` ends when its gate opens, or its caller has left; each call notes that it was begun. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads';
    const { data: { gates, begun }, aborted } = workerData;
    const isAborted = (id) => Atomics.load(aborted, id % aborted.length) === id;
    parentPort.on('message', (calls) => {
      for (const [id, method, n] of calls) {
        if (method === 'die') throw new Error('the thread has a bug');
        if (isAborted(id)) {
          parentPort.postMessage([[id, false, undefined]]);
          continue;
        }
        Atomics.add(begun, n, 1);
        Atomics.notify(begun, n);
        while (method === 'slow' && !isAborted(id) && Atomics.load(gates, n) === 0) Atomics.wait(gates, n, 0, 1);
        const isDone = method === 'quick' || Atomics.load(gates, n) === 1;
        parentPort.postMessage([[id, isDone, isDone ? n : new Error('stopped')]]);
      }
    });`)}`,
);

const shared = () => new Int32Array(new SharedArrayBuffer(1024 * Int32Array.BYTES_PER_ELEMENT));

function threads(t: Test, count: number, places = 1000) {
  const data = { gates: shared(), begun: shared() };
  const calls = new FairCalls<Offered>(
    Array.from({ length: count }, () => new Calls<Offered>(worker(script, data))),
    places,
  );
  t.teardown(() => calls.end());
  const open = (n: number): void => {
    Atomics.store(data.gates, n, 1);
    Atomics.notify(data.gates, n);
  };
  /** Resolves when a call was begun so often. */
  const begins = async (n: number, times: number): Promise<void> => {
    for (let seen = Atomics.load(data.begun, n); seen < times; seen = Atomics.load(data.begun, n)) {
      await Atomics.waitAsync(data.begun, n, seen).value;
    }
  };
  return { calls, open, begins, begun: data.begun };
}

t.test('what waits is called first in first out for each client, clients in turn', async (t) => {
  const { calls, open } = threads(t, 1);
  const order: number[] = [];
  const ask = (n: number, client: string) => calls.call('quick', n, { client }).then((done) => order.push(done));
  const first = calls.call('slow', 0, { client: 'a' });
  const asked = [ask(1, 'a'), ask(2, 'a'), ask(3, 'a')];
  open(0);
  asked.push(ask(4, 'b'), ask(5, 'b'), ask(6, 'c'));
  await Promise.all([first, ...asked]);
  t.strictSame(order, [1, 4, 6, 2, 5, 3]);
  t.equal(calls.load, 0);
});

for (const count of [2, 3]) {
  t.test(`${count} threads: one client's 200 endless calls do not hold up another's`, async (t) => {
    const { calls, open, begun } = threads(t, count);
    const slow = Array.from({ length: 200 }, (_, n) => calls.call('slow', n, { client: 'a' }));
    for (let n = 300; n < 302; n++) t.equal(await calls.call('quick', n, { client: 'b' }), n);
    for (let n = 0; n < slow.length; n++) open(n);
    t.strictSame(await Promise.all(slow), [...slow.keys()], 'they come to their end');
    t.ok(
      slow.every((_, n) => (begun[n] ?? 0) <= 4),
      'and none was begun anew more often than there are slices',
    );
  });
}

t.test('a call that was stopped begins anew', async (t) => {
  const { calls, open, begins, begun } = threads(t, 2);
  const slow = [calls.call('slow', 0, { client: 'a' }), calls.call('slow', 1, { client: 'b' })];
  for (let n = 10; n < 14; n++) t.equal(await calls.call('quick', n, { client: 'c' }), n);
  await Promise.race([begins(0, 2), begins(1, 2)]);
  for (let n = 14; n < 18; n++) t.equal(await calls.call('quick', n, { client: 'c' }), n);
  open(0);
  open(1);
  t.strictSame(await Promise.all(slow), [0, 1]);
  t.ok(Math.max(begun[0] ?? 0, begun[1] ?? 0) <= 4, 'no more often than there are slices');
});

t.test('nobody makes room for calls of the same client', async (t) => {
  const { calls, open, begins, begun } = threads(t, 1);
  const slow = calls.call('slow', 0, { client: 'a' });
  const quick = calls.call('quick', 1, { client: 'a' });
  await begins(0, 1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  open(0);
  t.strictSame(await Promise.all([slow, quick]), [0, 1]);
  t.equal(begun[0], 1);
});

t.test('a call that is aborted leaves the queue, or its thread', async (t) => {
  const { calls, begins, begun } = threads(t, 1);
  const [running, waiting, before] = [new AbortController(), new AbortController(), new AbortController()];
  const asked = [
    calls.call('slow', 0, { signal: running.signal, client: 'a' }),
    calls.call('slow', 1, { signal: waiting.signal, client: 'a' }),
    calls.call('quick', 2, { client: 'a' }),
  ];
  before.abort(new Error('before'));
  await t.rejects(calls.call('quick', 3, { signal: before.signal, client: 'a' }), { message: 'before' });
  await begins(0, 1);
  waiting.abort(new Error('left the queue'));
  running.abort(new Error('left the thread'));
  t.match(await Promise.allSettled(asked), [
    { reason: { message: 'left the thread' } },
    { reason: { message: 'left the queue' } },
    { value: 2 },
  ]);
  t.strictSame([...begun.subarray(0, 4)], [1, 0, 1, 0], 'what left the queue was never begun');
});

t.test('whoever floods the queue leaves places to others; the server itself always has one', async (t) => {
  const { calls, open, begins } = threads(t, 1, 4);
  const first = calls.call('slow', 0, { client: 'a' });
  await begins(0, 1);
  // Long enough that the thread takes nothing more at hand.
  await new Promise((resolve) => setTimeout(resolve, 250));
  const clients = ['a', 'a', 'a', 'b', 'c', 'd', undefined, undefined];
  const asked = clients.map((client, i) => calls.call('quick', i + 1, { client }));
  for (const call of asked) call.catch(() => undefined);
  open(0);
  await first;
  const refused = { reason: { waiting: 2, places: 4, message: '2 calls wait, of at most 4' } };
  const settled = await Promise.allSettled(asked);
  t.match(settled.slice(0, 5), [{ value: 1 }, { value: 2 }, refused, { value: 4 }, { value: 5 }]);
  t.match(settled.slice(5), [{ reason: { waiting: 4, places: 4 } }, { value: 7 }, { value: 8 }]);
});

t.test('what a thread has at hand goes on elsewhere where the call before it takes longer', async (t) => {
  const { calls, open } = threads(t, 2);
  const first = [calls.call('slow', 0, { client: 'a' }), calls.call('slow', 1, { client: 'a' })];
  const asked = [2, 3, 4, 5].map((n) => calls.call('quick', n, { client: 'a' }));
  open(1);
  t.strictSame(await Promise.all(asked), [2, 3, 4, 5], 'though one of the threads is at an endless call');
  open(0);
  t.strictSame(await Promise.all(first), [0, 1]);
});

t.test('when a thread dies, its call fails, and what waits has another', async (t) => {
  const { calls } = threads(t, 1);
  const settled = await Promise.allSettled([calls.call('die', null), calls.call('quick', 1), calls.call('quick', 2)]);
  t.match(settled, [{ reason: { message: 'the thread has a bug' } }, { value: 1 }, { value: 2 }]);
});

t.test('a call of each thread comes when nothing waits any more; after the end there is none', async (t) => {
  const { calls, open, begun } = threads(t, 2);
  const slow = [0, 1, 2, 3].map((n) => calls.call('slow', n));
  const each = calls.callEach('quick', 9);
  for (const n of slow.keys()) open(n);
  t.strictSame(await each, [9, 9]);
  t.strictSame([...begun.subarray(0, 4), begun[9]], [1, 1, 1, 1, 2]);
  const last = [4, 5, 6].map((n) => calls.call('slow', n));
  const ended = calls.end();
  for (const call of last) await t.rejects(call, { message: 'The store is closed.' });
  await ended;
  await t.rejects(calls.call('quick', 1), { message: 'The store is closed.' });
});
