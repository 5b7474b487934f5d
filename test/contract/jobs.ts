import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Job, Jobs } from '#storage/shelf.ts';
import type { Open } from './build.ts';

const hour = 3_600_000;
const many = 100;

function job(id: string, more: Partial<Job> = {}): Job {
  return { id, owner: 'one', title: `do ${id}`, begun: 1000, request: `request of ${id}`, ...more };
}

/** Lets leases and lifetimes of 1 ms run out. */
const pass = () => setTimeout(5);

/** Adds a job that nobody does any more: who began it has not been heard of. */
async function addLost(jobs: Jobs, id: string, more: Partial<Job> = {}): Promise<void> {
  await jobs.add(job(id, more), 1, many);
  await pass();
}

/** Work that goes on after its request: whose it is, who does it, and how long its answer is kept. */
export function jobs(t: Test, open: Open): void {
  t.test('a job is its owner’s, who is told of it and gets its answer', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    t.strictSame(await jobs.list('one'), []);
    t.equal(await jobs.add(job('b', { begun: 2 }), hour, many), true);
    t.equal(await jobs.add(job('a', { begun: 2 }), hour, many), true);
    t.equal(await jobs.add(job('c', { begun: 1 }), hour, many), true);
    t.equal(await jobs.add(job('d', { owner: 'two' }), hour, many), true);
    const b = { id: 'b', owner: 'one', title: 'do b', begun: 2 };
    t.strictSame(await jobs.get('b', 'one'), b);
    const before = Date.now();
    t.equal(await jobs.end('b', 1, '"张三\u0000"', hour), true);
    const { ended = 0, expires = 0, answer, ...rest } = (await jobs.get('b', 'one')) ?? {};
    t.strictSame([rest, answer], [b, '"张三\u0000"']);
    t.ok(ended >= before && ended <= Date.now() && expires === ended + hour);
    t.strictSame(await jobs.list('one'), [
      { id: 'c', owner: 'one', title: 'do c', begun: 1 },
      { id: 'a', owner: 'one', title: 'do a', begun: 2 },
      { ...b, ended, expires },
    ]);
    t.strictSame(
      (await jobs.list('two')).map((j) => j.id),
      ['d'],
    );
    t.equal(await jobs.get('b', 'two'), undefined);
    t.equal(await jobs.cancel('b', 'two'), false);
    t.equal(await jobs.get('none', 'one'), undefined);
    t.equal(await jobs.cancel('none', 'one'), false);
    t.ok(await jobs.get('b', 'one'));
  });

  t.test('no more are kept than that, whatever their state', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    const own = (id: string) => job(id, { owner: id });
    const racers = Array.from({ length: 20 }, (_, i) => jobs.add(own(`j${i}`), hour, 3));
    const added = (await Promise.all(racers)).flatMap((is, i) => (is ? [`j${i}`] : []));
    t.equal(added.length, 3);
    const [a = '', b = '', c = ''] = added;
    t.equal(await jobs.end(a, 1, 'x', hour), true);
    t.equal(await jobs.cancel(b, b), true);
    t.equal(await jobs.add(own('d'), hour, 3), false, 'one is ended, one cancelled and still at work');
    t.equal(await jobs.end(b, 1, 'x', hour), false, 'the answer of a cancelled one is not kept');
    t.equal(await jobs.add(own('d'), hour, 3), true);
    t.equal(await jobs.cancel(a, a), true);
    t.equal(await jobs.add(own('e'), hour, 3), true, 'an ended one makes room at once');
    await jobs.end(c, 1, 'x', 1);
    await pass();
    t.equal(await jobs.add(own('f'), 1, 3), true, 'and so does one that expired');
    t.equal(await jobs.cancel('f', 'f'), true);
    await pass();
    t.equal(await jobs.add(own('g'), hour, 3), true, 'or was cancelled, and nobody is heard of who does it');
    t.equal(await jobs.add(own('h'), hour, 3), false);
  });

  t.test('an owner keeps no more than are left to others', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    const add = (id: string, owner: string) => jobs.add(job(id, { owner }), hour, 7);
    const table = [
      ['a', 'one', true],
      ['b', 'one', true],
      ['c', 'one', true],
      ['d', 'one', true],
      ['e', 'one', false],
      ['f', 'two', true],
      ['g', 'two', true],
      ['h', 'two', false],
      ['i', 'three', true],
      ['j', 'four', false],
    ] as const;
    for (const [id, owner, kept] of table) t.equal(await add(id, owner), kept, `${owner} ${id}`);
  });

  t.test('an answer expires', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    await jobs.add(job('a'), hour, many);
    await jobs.end('a', 1, 'x', 1);
    await pass();
    t.equal(await jobs.get('a', 'one'), undefined);
    t.strictSame(await jobs.list('one'), []);
    t.equal(await jobs.cancel('a', 'one'), false);
    t.equal(await jobs.beat('a', 1, hour), 'lost');
    t.equal(await jobs.take(hour), undefined);
  });

  t.test('one does it at a time: who lets the lease run out is shut out by the next', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    await jobs.add(job('a'), hour, many);
    t.equal(await jobs.take(hour), undefined, 'the first attempt is its caller’s');
    t.equal(await jobs.beat('a', 1, 1), 'running');
    await pass();
    t.equal(await jobs.beat('a', 1, hour), 'running', 'late, but nobody came meanwhile');
    t.equal(await jobs.take(hour), undefined);
    await jobs.beat('a', 1, 1);
    await pass();
    const takers = await Promise.all(Array.from({ length: 10 }, () => jobs.take(hour)));
    t.strictSame(
      takers.filter((taken) => taken !== undefined),
      [{ id: 'a', request: 'request of a', attempt: 2, lost: 1 }],
    );
    t.equal(await jobs.beat('a', 1, hour), 'lost');
    t.equal(await jobs.end('a', 1, 'late', hour), false);
    t.match(await jobs.get('a', 'one'), { answer: undefined });
    t.equal(await jobs.beat('a', 2, hour), 'running');
    t.equal(await jobs.end('a', 2, 'x', hour), true);
    t.match(await jobs.get('a', 'one'), { answer: 'x' });
    t.equal(await jobs.end('a', 2, 'again', hour), false);
    t.equal(await jobs.beat('a', 2, hour), 'lost', 'it is over');
    t.equal(await jobs.take(hour), undefined);
  });

  t.test('what is given back is taken at once, and does not count as lost', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    await addLost(jobs, 'second', { begun: 2 });
    await jobs.add(job('third', { begun: 3 }), 0, many);
    await jobs.add(job('first', { begun: 1 }), hour, many);
    t.equal(await jobs.beat('first', 1, 0), 'running');
    const request = (id: string) => `request of ${id}`;
    t.strictSame(await jobs.take(hour), { id: 'first', request: request('first'), attempt: 2, lost: 0 });
    t.strictSame(await jobs.take(hour), { id: 'second', request: request('second'), attempt: 2, lost: 1 });
    t.strictSame(await jobs.take(hour), { id: 'third', request: request('third'), attempt: 1, lost: 0 });
    t.equal(await jobs.beat('second', 2, 1), 'running');
    await pass();
    t.strictSame(await jobs.take(hour), { id: 'second', request: request('second'), attempt: 3, lost: 2 });
    t.equal(await jobs.take(hour), undefined);
  });

  t.test('a cancelled job is not there; who does it learns of it, and nobody takes it', async (t) => {
    const { store, close } = await open();
    t.teardown(close);
    const { jobs } = store;
    await jobs.add(job('a'), hour, many);
    t.equal(await jobs.cancel('a', 'one'), true);
    t.equal(await jobs.cancel('a', 'one'), false);
    t.equal(await jobs.get('a', 'one'), undefined);
    t.strictSame(await jobs.list('one'), []);
    t.equal(await jobs.beat('a', 1, 1), 'cancelled');
    await pass();
    t.equal(await jobs.take(hour), undefined);
    await addLost(jobs, 'b');
    t.equal(await jobs.cancel('b', 'one'), true);
    t.equal(await jobs.beat('b', 1, hour), 'lost', 'nobody was at work on it');
    await jobs.add(job('c'), hour, many);
    await jobs.cancel('c', 'one');
    t.equal(await jobs.beat('c', 1, 0), 'cancelled');
    t.equal(await jobs.take(hour), undefined);
  });

  t.test('jobs and answers are there after closing and opening', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    if (reopen === undefined) return t.pass('this store keeps nothing');
    const { jobs } = store;
    for (const id of ['a', 'b', 'c']) await jobs.add(job(id), hour, many);
    await jobs.end('a', 1, 'x'.repeat(1_000_000), hour);
    await jobs.cancel('c', 'one');
    const [listed, ended] = [await jobs.list('one'), await jobs.get('a', 'one')];
    t.equal(listed.length, 2);
    const again = (await reopen()).jobs;
    t.strictSame(await again.list('one'), listed);
    t.strictSame(await again.get('a', 'one'), ended);
    t.equal(await again.take(hour), undefined, 'the lease holds');
    t.equal(await again.beat('c', 1, hour), 'cancelled');
    t.equal(await again.beat('b', 1, 0), 'running');
    t.match(await again.take(hour), { id: 'b', attempt: 2 });
    return undefined;
  });
}
