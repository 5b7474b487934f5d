import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Failure } from '#errors';
import { ThreadPool } from '#threads/pool.ts';
import type { Task } from '#threads/task.ts';

/** A thread that can add, wait for others, fail in each way there is, and go on for ever. */
const source = `
  import { threadId } from 'node:worker_threads';
  import { fail } from ${JSON.stringify(new URL('../../../src/errors.ts', import.meta.url).href)};
  import { taskRunner } from ${JSON.stringify(new URL('../../../src/threads/pool.ts', import.meta.url).href)};
  import { Transferred } from ${JSON.stringify(new URL('../../../src/threads/task.ts', import.meta.url).href)};
  export const runTask = taskRunner(({ port }) => ({
    add: async ([a, b]) => a + b,
    thread: async () => threadId,
    spin: async () => { for (;;); },
    fill: async () => { const all = new Map(); for (let i = 0; ; i += 1) all.set(i, [i]); },
    hold: (flag) => { Atomics.wait(new Int32Array(flag), 0, 0); return Promise.resolve(threadId); },
    refuse: async (found) => fail('unknown-operation', { found }),
    throw: async () => { throw new Error('it broke'); },
    exit: async () => process.exit(3),
    bytes: async (bytes) => new Transferred(bytes.fill(7), [bytes.buffer]),
    attached: async () => { port.postMessage('hello'); port.close(); },
  }));
`;
const folder = t.testdir({ 'thread.mjs': source });

const add: Task<readonly number[], number> = { name: 'add' };
const thread: Task<null, number> = { name: 'thread' };
const spin: Task<null, never> = { name: 'spin' };
const hold: Task<SharedArrayBuffer, number> = { name: 'hold' };
const refuse: Task<string, never> = { name: 'refuse' };
const bytes: Task<Uint8Array, Uint8Array> = { name: 'bytes' };
const named = (name: string): Task<null, unknown> => ({ name });

function poolOf(more: {
  readonly threads?: number;
  readonly maxQueue?: number;
  readonly heard?: (said: string) => void;
}) {
  return new ThreadPool({
    file: pathToFileURL(join(folder, 'thread.mjs')),
    workerData: {},
    threads: more.threads ?? 1,
    maxQueue: more.maxQueue ?? 100,
    maxWeight: 64 * 1024 * 1024,
    attach: () => {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', more.heard ?? (() => undefined));
      port1.unref();
      return { ticket: { port: port2 }, transfer: [port2] };
    },
  });
}

/** Memory that holds a thread until it is let go. */
function gate() {
  const flag = new SharedArrayBuffer(4);
  const open = (): void => {
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
  };
  return { flag, open };
}

const client = 'a';

t.test('a task comes back with its result, its failure or its defect, and the pool goes on', async (t) => {
  const pool = poolOf({});
  t.teardown(() => pool.close());
  t.equal(await pool.run(add, [1, 2], { client }), 3);
  const failure = await pool.run(refuse, '$x', { client });
  t.ok(failure instanceof Failure);
  t.match(failure, { issues: [{ code: 'unknown-operation', text: /\$x/ }] });
  await t.rejects(pool.run(named('throw'), null, { client }), { message: 'it broke' });
  await t.rejects(pool.run(named('nothing'), null, { client }), { message: /No thread does the task nothing/ });
  await t.rejects(pool.run(named('exit'), null, { client }), { message: /exited with code: 3/ });
  t.equal(await pool.run(add, [3, 4], { client }), 7, 'another thread has taken its place');
});

t.test('memory that is handed over is not copied', async (t) => {
  const pool = poolOf({});
  t.teardown(() => pool.close());
  const sent = new Uint8Array(8);
  const back = await pool.run(bytes, sent, { client, transfer: [sent.buffer] });
  t.equal(sent.byteLength, 0, 'it is there, and here no more');
  t.strictSame(back, new Uint8Array(8).fill(7));
});

t.test('what is attached goes with every task', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const pool = poolOf({ heard: resolve });
  t.teardown(() => pool.close());
  await pool.run(named('attached'), null, { client });
  t.equal(await promise, 'hello');
});

t.test('a signal ends a task that never looks at it, and one that waits', async (t) => {
  const pool = poolOf({});
  t.teardown(() => pool.close());
  const running = new AbortController();
  const waiting = new AbortController();
  const first = await pool.run(thread, null, { client });
  const endless = pool.run(spin, null, { client, signal: running.signal });
  const behind = pool.run(add, [1, 1], { client, signal: waiting.signal });
  const last = pool.run(thread, null, { client });
  waiting.abort(new Error('nobody waits'));
  await t.rejects(behind, { message: 'nobody waits' });
  running.abort(new Error('too long'));
  await t.rejects(endless, { message: 'too long' });
  t.not(await last, first, 'another thread has taken its place');
  const gone = AbortSignal.abort(new Error('gone'));
  await t.rejects(pool.run(add, [1, 1], { client, signal: gone }), { message: 'gone' });
});

t.test('too many that wait are refused, and the refusal names the limit', async (t) => {
  const pool = poolOf({ maxQueue: 2 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const held = pool.run(hold, flag, { client });
  const waiting = [pool.run(add, [1, 1], { client }), pool.run(add, [2, 2], { client: 'b' })];
  const refused = await pool.run(add, [3, 3], { client: 'c' });
  t.match(refused, {
    issues: [{ code: 'pool-full', text: /^2 tasks wait for a thread, of at most 2 \(HUFHIR_POOL_QUEUE/ }],
  });
  open();
  await held;
  t.strictSame(await Promise.all(waiting), [2, 4]);
  t.equal(await pool.run(add, [3, 3], { client: 'c' }), 6);
});

t.test('a client that floods the pool leaves places to others', async (t) => {
  const pool = poolOf({ maxQueue: 8 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const held = pool.run(hold, flag, { client: 'greedy' });
  const asked = (who: string, times: number) =>
    Array.from({ length: times }, () => pool.run(add, [1, 1], { client: who }));
  const all = [...asked('greedy', 8), ...asked('other', 8), ...asked('modest', 1)];
  open();
  await held;
  const refusals = (await Promise.all(all)).map((answer) => (answer instanceof Failure ? 'refused' : 'done'));
  t.strictSame(
    [refusals.slice(0, 8), refusals.slice(8, 16), refusals.slice(16)].map(
      (each) => each.filter((answer) => answer === 'done').length,
    ),
    [4, 2, 1],
  );
});

t.test('a task for which a thread is free does not wait, however many others do', async (t) => {
  const pool = poolOf({ threads: 2, maxQueue: 2 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const long = Array.from({ length: 4 }, () => pool.run(hold, flag, { client, long: true }));
  t.equal(await pool.run(add, [1, 1], { client: 'one' }), 2);
  for (let i = 0; i < 5; i++) t.equal(await pool.run(add, [1, i], { client: 'other' }), 1 + i);
  open();
  const refused = (await Promise.all(long)).filter((answer) => answer instanceof Failure);
  t.equal(refused.length, 2, 'one runs and one waits');
});

t.test('a client that asks for much waits behind itself', async (t) => {
  const pool = poolOf({});
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const order: string[] = [];
  const held = pool.run(hold, flag, { client: 'greedy' });
  const run = (client: string, name: string) => pool.run(thread, null, { client }).then(() => order.push(name));
  const all = [
    run('greedy', 'greedy 1'),
    run('greedy', 'greedy 2'),
    run('greedy', 'greedy 3'),
    run('modest', 'modest'),
  ];
  open();
  await Promise.all([held, ...all]);
  t.strictSame(order, ['greedy 1', 'modest', 'greedy 2', 'greedy 3']);
});

t.test('long tasks leave one thread to others', async (t) => {
  const pool = poolOf({ threads: 2 });
  const gates = [gate(), gate()] as const;
  t.teardown(() => pool.close());
  const long = gates.map(({ flag }) => pool.run(hold, flag, { client, long: true }));
  t.equal(await pool.run(add, [1, 1], { client: 'b' }), 2, 'beside a long one that runs and one that waits');
  for (const { open } of gates) open();
  const [first, second] = await Promise.all(long);
  t.type(first, 'number');
  t.type(second, 'number');
});

t.test('what runs or waits when the pool closes is refused', async (t) => {
  const pool = poolOf({});
  const running = pool.run(spin, null, { client });
  const waiting = pool.run(add, [1, 1], { client });
  const both = Promise.all([running, waiting]);
  await pool.close();
  const all = [...(await both), await pool.run(add, [1, 1], { client })];
  for (const answer of all) t.match(answer, { issues: [{ code: 'shutting-down' }] });
});

t.test('of the tasks of one lane one has a thread, and others pass them', async (t) => {
  const pool = poolOf({ threads: 3 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const lane = 'set';
  const first = pool.run(hold, flag, { client: 'a', lane });
  const second = pool.run(thread, null, { client: 'b', lane });
  t.equal(await pool.run(add, [1, 1], { client: 'b', lane: 'other' }), 2);
  t.equal(await pool.run(add, [1, 2], { client: 'b' }), 3);
  t.equal(pool.counts.running, 1);
  open();
  t.type(await first, 'number');
  t.type(await second, 'number');
});

t.test('a client has all threads but one', async (t) => {
  const pool = poolOf({ threads: 3 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const all = Array.from({ length: 5 }, () => pool.run(hold, flag, { client: 'greedy' }));
  t.equal(pool.counts.running, 2);
  t.equal(await pool.run(add, [1, 1], { client: 'other' }), 2);
  open();
  await Promise.all(all);
});

t.test('a task that takes more than its bounds loses its thread, and no other does', async (t) => {
  const pool = poolOf({ threads: 3 });
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  const bounds = { time: 3_600_000, memory: 200 };
  const held = pool.run(hold, flag, { client: 'b', bounds });
  await t.rejects(pool.run(named('fill'), null, { client, bounds }), { message: /more memory/ });
  await t.rejects(pool.run(spin, null, { client, bounds: { ...bounds, time: 1 } }), { message: /more time/ });
  t.equal(pool.counts.running, 1);
  open();
  t.type(await held, 'number');
  t.equal(await pool.run(add, [1, 1], { client, bounds }), 2);
});

t.test('the time of a task does not count while it waits for a thread', async (t) => {
  const pool = poolOf({});
  const { flag, open } = gate();
  t.teardown(() => pool.close());
  await pool.run(add, [0, 0], { client });
  const held = pool.run(hold, flag, { client });
  const waiting = pool.run(add, [1, 1], { client, bounds: { time: 5_000, memory: 1_000 } });
  await setTimeout(6_000);
  open();
  await held;
  t.equal(await waiting, 2);
});
