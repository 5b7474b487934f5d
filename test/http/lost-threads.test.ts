import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import t from 'tap';
import { sized } from '#test/process/sizes.ts';
import { entry, patient, startOn, transaction } from './harness.ts';
import { type Answered, keepAlive } from './keep-alive.ts';

const lanes = 8;
const each = sized(60, 600);
const rounds = sized(9, 60);
const largeBody = 5_000;
const system = 'urn:example:lost';

const text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(largeBody)}</div>` };
const person = (value: string, more: object = {}) => patient({ id: value, identifier: [{ system, value }], ...more });
const anonymous = (value: string) => ({ ...person(value), id: undefined });

type Ask = ReturnType<typeof keepAlive>['ask'];

/** Each way to write: what is sent, and how many Patients with that identifier are stored if it is answered as made. */
const ways: readonly (readonly [string, number, (ask: Ask, value: string) => Promise<Answered>])[] = [
  ['update', 1, (ask, value) => ask('PUT', `/Patient/${value}`, person(value))],
  ['create', 1, (ask, value) => ask('POST', '/Patient', anonymous(value))],
  ['large update', 1, (ask, value) => ask('PUT', `/Patient/${value}`, person(value, { text }))],
  [
    'conditional create',
    1,
    (ask, value) => ask('POST', '/Patient', anonymous(value), { 'if-none-exist': `identifier=${system}|${value}` }),
  ],
  [
    'transaction',
    3,
    (ask, value) =>
      ask(
        'POST',
        '',
        transaction(
          entry('POST', 'Patient', anonymous(value)),
          entry('PUT', `Patient/${value}`, person(value)),
          entry('PUT', `Patient?identifier=${system}|${value}-too`, {
            ...anonymous(value),
            identifier: [
              { system, value },
              { system, value: `${value}-too` },
            ],
          }),
          entry('GET', `Patient?identifier=${system}|${value}`),
          entry('GET', 'Patient?_count=2&_total=accurate'),
        ),
      ),
  ],
];

/** A batch tells of each entry; those that it did not make have the same refusal within. */
const batch = (ask: Ask, values: readonly string[]) =>
  ask('POST', '', { ...transaction(...values.map((v) => entry('PUT', `Patient/${v}`, person(v)))), type: 'batch' });

interface Refusal {
  readonly status: number;
  readonly issue: { readonly code: string; readonly details: { readonly coding: readonly { code: string }[] } }[];
}

const isUnavailable = ({ status, issue: [issue] }: Refusal): boolean =>
  status === 503 && issue?.code === 'transient' && issue.details.coding[0]?.code === 'store-unavailable';

/** What clients were told of what they wrote. */
class Ledger {
  /** How many Patients must carry an identifier. */
  readonly expected = new Map<string, number>();
  /** Answers that there must not be. */
  readonly strange: unknown[] = [];
  answered = 0;

  /** One write, which is made as a whole or not at all. */
  async write(ask: Ask, value: string, [what, count, send]: (typeof ways)[number]): Promise<void> {
    const answer = await send(ask, value);
    this.answered += 1;
    this.expected.set(value, this.#isMade(what, answer) ? count : 0);
    if (what !== 'transaction' || answer.status !== 200) return;
    // It was made, though what it reads afterwards may not be had.
    for (const { response } of JSON.parse(answer.text).entry) {
      if (!/^(200|201|503)/.test(response.status)) this.strange.push([what, response]);
    }
  }

  /** Of a batch, each entry is told of. */
  async writeBatch(ask: Ask, values: readonly string[]): Promise<void> {
    const answer = await batch(ask, values);
    this.answered += 1;
    const isAnswered = this.#isMade('batch', answer);
    for (const [i, value] of values.entries()) {
      const { response } = isAnswered ? JSON.parse(answer.text).entry[i] : { response: { status: '503' } };
      const status = Number.parseInt(response.status, 10);
      this.expected.set(value, status < 300 ? 1 : 0);
      if (!isAnswered || status < 300) continue;
      if (!isUnavailable({ status, issue: response.outcome.issue })) this.strange.push(['batch', response]);
    }
  }

  #isMade(what: string, { status, headers, text }: Answered): boolean {
    if (status < 300) return true;
    const told = isUnavailable({ status, issue: JSON.parse(text).issue }) && /^\d+$/.test(headers['retry-after'] ?? '');
    if (!told) this.strange.push([what, status, text]);
    return false;
  }

  /** Identifiers that more or fewer carry than was told. */
  async wrong(ask: Ask): Promise<readonly unknown[]> {
    const wrong: unknown[] = [];
    for (const [value, wanted] of this.expected) {
      const { text } = await ask('GET', `/Patient?identifier=${system}|${value}&_summary=count`);
      const { total } = JSON.parse(text);
      if (total !== wanted) wrong.push({ value, wanted, total });
    }
    return wrong;
  }
}

/** Ends threads while requests go on: mostly the writer, which is the first, at another moment each time. */
async function lose(threads: Worker[], ledger: Ledger, done: Promise<unknown>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const goal = ((round + 1) * lanes * each) / (rounds + 1);
    while (ledger.answered < goal) await setTimeout(1);
    const which = round % 3 === 2 ? 1 + (round % 2) : 0;
    const next = once(process, 'worker');
    await threads[which]?.terminate();
    // The next call starts another, if one comes.
    const [started] = (await Promise.race([next, done])) as [Worker | undefined];
    if (started === undefined) return;
    threads[which] = started;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'hufhir-lost-'));
t.teardown(() => rmSync(folder, { recursive: true }));

t.test(`threads of the store end amid requests, ${rounds} times: each answer tells what was made`, async (t) => {
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  t.teardown(() => process.off('worker', note));
  const settings = { HUFHIR_LARGE_BODY: String(largeBody), HUFHIR_POOL_THREADS: '1' };
  const { base, stop } = await startOn(join(folder, 'test.db'), settings, { log: pino({ level: 'silent' }) });
  const { ask, close } = keepAlive(base, lanes);
  t.teardown(async () => {
    close();
    await stop();
  });
  // The store starts its writer first, then its readers; with a thread of the pool, all are there.
  const ofStore = threads.slice(0, 3);
  t.equal((await ask('PUT', '/Patient/first', person('first', { text }))).status, 201);

  const ledger = new Ledger();
  const lane = async (own: number): Promise<void> => {
    for (let n = 0; n < each; n++) {
      const value = `l${own}-${n}`;
      const way = ways[n % (ways.length + 1)];
      if (way === undefined) await ledger.writeBatch(ask, [`${value}-a`, `${value}-b`]);
      else await ledger.write(ask, value, way);
    }
  };
  const done = Promise.all(Array.from({ length: lanes }, (_, own) => lane(own)));
  await Promise.all([done, lose(ofStore, ledger, done)]);
  t.strictSame(ledger.strange, [], 'each is answered as made, or with 503 and when to come again');
  t.strictSame(await ledger.wrong(ask), [], 'what was answered as made is stored, and what was refused is not');
  const refused = [...ledger.expected.values()].filter((count) => count === 0).length;
  t.comment(`${ledger.expected.size - refused} made, ${refused} refused`);
  t.equal((await fetch(new URL('/readyz', base))).status, 200);
});
