import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sized } from '#test/process/sizes.ts';
import { clientsOf } from './clients.ts';
import { fill, whole } from './data.ts';
import { plainEvaluation } from './loads/measures.ts';
import { loads } from './loads.ts';
import { type Measured, measure } from './measuring.ts';
import { startProbed } from './server.ts';

/** Milliseconds of processor time of the main thread in one turn of its event loop: by that it holds up all others. */
const longestTurn = 50;
/** Bytes of the whole process, its threads included: above what was measured, which the collectors of its threads spread by a fifth. */
const mostMemory = 1.6e9;
/** Milliseconds of processor time in which work ends that nobody waits for. */
const longestAfter = 1_000;
/** Milliseconds after which clients leave that were not answered, so that the test ends. */
const most = 600_000;

const isLong = sized(0, 1) === 1;
const share = isLong ? 1 : 0.1;
const size = isLong ? whole : { patients: 2_000, observations: 1_000, concepts: 20_000 };

const folder = mkdtempSync(join(tmpdir(), 'hufhir-fairness-'));
await fill(folder, size);
const server = await startProbed(folder);
// The first evaluation translates the measure: seconds that are none of the loads'.
const first = clientsOf(server.origin);
await first.count('GET', plainEvaluation, undefined, { address: '127.0.9.2' });
first.close();
t.teardown(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function judge(t: Test, measured: Measured): void {
  const { answered, others, evaluations, cpu, memory, cpuAfter } = measured;
  t.comment(JSON.stringify({ cpu, delay: measured.delay, memory, cpuAfter, cpuDuring: measured.cpuDuring }));
  t.comment(JSON.stringify({ answered: answered?.tally, others: others.tally, evaluations }));
  t.ok(cpu <= longestTurn, `the main thread used ${cpu.toFixed(0)} ms in one turn, at most ${longestTurn}`);
  t.ok(memory <= mostMemory, `${(memory / 1e6).toFixed(0)} MB were resident, at most ${mostMemory / 1e6}`);
  t.ok((cpuAfter ?? Infinity) <= longestAfter, `${cpuAfter} ms of work went on afterwards, at most ${longestAfter}`);
  t.strictSame(answered?.refused, [], 'each request was answered, and so that its client knows what to do');
  t.strictSame(others.refused, [], 'nobody else lost a connection or met a defect');
  const statuses = Object.keys({ ...others.tally, ...evaluations });
  t.strictSame(
    statuses.filter((status) => status !== '200' && status !== '201'),
    [],
    'what others asked was done',
  );
  t.ok((evaluations[200] ?? 0) > 0, 'measures were evaluated');
  t.notOk(server.lost(), 'the server goes on');
}

t.test('one after the other', async (t) => {
  for (const { name, long } of loads) {
    if (long && !isLong) continue;
    await t.test(name, async (t) => judge(t, await measure(server, { names: [name], share, most })));
  }
});

t.test('all at once', async (t) => {
  const names = loads.filter(({ long }) => isLong || !long).map(({ name }) => name);
  judge(t, await measure(server, { names, share, most }));
});
