import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { WaitingCall } from '#threads/calls.ts';
import { type CalledThread, FairCalls } from '#threads/fair-calls.ts';

interface Offered {
  [name: string]: (argument: never) => unknown;
  work(milliseconds: number): void;
}

/** A thread whose time is that of the test: what it is called for takes so many milliseconds of it. */
class SimulatedThread implements CalledThread<Offered> {
  #calls: { readonly id: number; left: number; isStopped: boolean; readonly waiting: WaitingCall }[] = [];
  #last = 0;

  post(_method: string, milliseconds: number, waiting: WaitingCall): number {
    this.#calls.push({ id: ++this.#last, left: milliseconds, isStopped: false, waiting });
    return this.#last;
  }

  stop(id: number): void {
    for (const call of this.#calls) if (call.id === id) call.isStopped = true;
  }

  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; ) {
      const [call] = this.#calls;
      if (call === undefined) return;
      const worked = call.isStopped ? 0 : Math.min(left, call.left);
      call.left -= worked;
      left -= worked;
      if (call.left > 0 && !call.isStopped) return;
      this.#calls.shift();
      if (call.isStopped) call.waiting.reject(new Error('stopped'));
      else call.waiting.resolve(undefined);
    }
  }

  async call(): Promise<never> {
    throw new Error('nobody calls this');
  }

  async end(): Promise<void> {}
}

function simulation(t: Test, count: number) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const threads = Array.from({ length: count }, () => new SimulatedThread());
  const calls = new FairCalls<Offered>(threads, 1000);
  const ended: string[] = [];
  let now = 0;
  /** Milliseconds until it is answered. */
  const ask = async (client: string, milliseconds: number): Promise<number> => {
    const begun = now;
    await calls.call('work', milliseconds, { client });
    ended.push(`${client} ${milliseconds}`);
    return now - begun;
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (const end = now + milliseconds; now < end; ) {
      now += 10;
      for (const thread of threads) thread.pass(10);
      mock.timers.tick(10);
      await setImmediate();
    }
  };
  return { ask, pass, ended };
}

const cases: readonly { says: string; asked: readonly (readonly [string, number])[]; ended: readonly string[] }[] = [
  {
    says: 'a short call passes those that have had more',
    asked: [
      ['a', 6000],
      ['b', 6000],
      ['c', 150],
      ['c', 2],
    ],
    ended: ['c 2', 'c 150', 'b 6000', 'a 6000'],
  },
  {
    says: 'a short call of a client passes its own long ones where others wait too',
    asked: [
      ['a', 9000],
      ['a', 9000],
      ['a', 20],
      ['b', 20],
    ],
    ended: ['b 20', 'a 20', 'a 9000', 'a 9000'],
  },
  {
    says: 'one of some seconds passes those to their end, as long as these have not begun so',
    asked: [
      ['a', 30_000],
      ['b', 30_000],
      ['c', 800],
      ['d', 4000],
    ],
    ended: ['c 800', 'd 4000', 'a 30000', 'b 30000'],
  },
  {
    says: 'nobody makes room for calls of the same client',
    asked: [
      ['a', 700],
      ['a', 600],
      ['a', 20],
    ],
    ended: ['a 600', 'a 20', 'a 700'],
  },
];

for (const { says, asked, ended: expected } of cases) {
  t.test(says, async (t) => {
    const { ask, pass, ended } = simulation(t, 2);
    for (const [client, milliseconds] of asked) void ask(client, milliseconds);
    await pass(120_000);
    t.strictSame(ended, expected);
  });
}

for (const [milliseconds, most] of [
  [2, 1030],
  [90, 1230],
  [150, 2500],
  [900, 6000],
] as const) {
  t.test(`${milliseconds} ms beside endless calls of many clients wait for short slices alone`, async (t) => {
    const { ask, pass } = simulation(t, 2);
    for (const client of ['a', 'b', 'c', 'd', 'e']) void ask(client, 1e9);
    for (const after of [50, 700, 3000, 20_000, 60_000]) {
      await pass(after);
      const answered = ask('x', milliseconds);
      await pass(most);
      const waited = await Promise.race([answered, setImmediate('unanswered')]);
      t.ok(typeof waited === 'number', `${waited} after ${after}`);
    }
  });
}

t.test("a client's short calls after a long one wait as if there had been none", async (t) => {
  const { ask, pass, ended } = simulation(t, 1);
  void ask('a', 3000);
  void ask('b', 20);
  await pass(8000);
  ended.length = 0;
  void ask('b', 500);
  void ask('a', 30);
  await pass(8000);
  t.strictSame(ended, ['a 30', 'b 500']);
});

t.test('long calls come to their end, however many short ones come', async (t) => {
  const { ask, pass, ended } = simulation(t, 2);
  void ask('a', 3000);
  void ask('b', 3000);
  for (let i = 0; i < 400; i++) {
    for (const client of ['c', 'd', 'e']) void ask(client, 90);
    await pass(100);
  }
  t.ok(ended.includes('a 3000') && ended.includes('b 3000'));
});

t.test('one client with many endless calls leaves others their turns', async (t) => {
  const { ask, pass } = simulation(t, 2);
  for (let i = 0; i < 200; i++) void ask('a', 1e9);
  for (let i = 0; i < 20; i++) {
    const answered = ask('b', 2);
    await pass(250);
    const waited = await Promise.race([answered, setImmediate('unanswered')]);
    t.ok(typeof waited === 'number', `${waited}`);
  }
});
