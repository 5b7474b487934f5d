import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { type ServerProcess, startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { type KeepAlive, keepAlive } from './keep-alive.ts';
import { type Acknowledged, digestOf, Writer } from './mixed-writes.ts';
import { Random } from './search/oracle-random.ts';

const rounds = sized(10, 60);
const clients = ['127.0.0.1', '127.0.0.2'];
/** Of each client, at once. */
const lanes = 3;
const silent = { HUFHIR_LOG_LEVEL: 'silent' };

const seed = Number(process.env.HUFHIR_TEST_SEED ?? randomInt(2 ** 31));
const random = new Random(seed);

const folder = mkdtempSync(join(tmpdir(), 'hufhir-kill-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Lets all write, and kills the server at a moment within it: after some answers, or while a large transaction is worked on. */
async function killWithin({ child, base }: ServerProcess, writers: readonly Writer[]): Promise<number> {
  const moment = Promise.withResolvers<void>();
  const large = random.oneIn(2);
  let left = large ? 1 + random.below(6) : 1 + random.below(80);
  let answers = 0;
  const count = (counts: boolean) => {
    if (counts && --left === 0) moment.resolve();
  };
  const writing = Promise.all(
    writers.map((writer, i) =>
      writer.writeUntilLost(
        base,
        clients[i % clients.length] ?? '',
        (isLarge) => count(large && isLarge),
        () => {
          answers += 1;
          count(!large);
        },
      ),
    ),
  );
  const gone = once(child, 'exit');
  // A writer that meets a wrong answer ends the wait too.
  await Promise.race([moment.promise, writing]);
  await setTimeout(random.below(large ? 300 : 20));
  child.kill('SIGKILL');
  await gone;
  await writing;
  return answers;
}

/** How a version is read that was acknowledged, if not as it was told. */
async function wrong(ask: KeepAlive['ask'], { id, version, digest }: Acknowledged): Promise<string | undefined> {
  const read = await ask('GET', `/Patient/${id}/_history/${version}`);
  if (digest === undefined) return read.status === 410 ? undefined : `${id} was deleted, and is ${read.status}`;
  return read.status === 200 && digestOf(read.text) === digest
    ? undefined
    : `${id} ${version}: ${read.status} ${read.text.slice(0, 500)}`;
}

const names = Array.from({ length: clients.length * lanes }, (_, i) => `w${i}`);

t.test(
  `SIGKILL in the middle of mixed writes, ${rounds} times: what was acknowledged is there to the byte, and nothing by half; HUFHIR_TEST_SEED=${seed}`,
  async (t) => {
    const writers = names.map((name) => new Writer(name, random));
    const checked = new Map(writers.map((writer) => [writer, 0]));
    let cutLarge = 0;
    let server = await startServe(folder, silent);
    for (let round = 0; round < rounds; round++) {
      const answers = await killWithin(server, writers);
      t.equal(server.child.signalCode, 'SIGKILL');
      cutLarge += writers.filter(({ cut }) => cut?.large).length;
      server = await startServe(folder, silent);
      const { ask, close } = keepAlive(server.base, 8);
      const halves = await Promise.all(writers.map((writer) => writer.settle(ask)));
      t.strictSame(halves, Array(writers.length).fill(undefined), `round ${round}, ${answers} answers: all or nothing`);
      for (const writer of writers) {
        const last = round === rounds - 1;
        // In the end all of it: what was acknowledged stays through every later kill.
        const all = writer.acknowledged.slice(last ? 0 : checked.get(writer));
        checked.set(writer, writer.acknowledged.length);
        const lost: string[] = [];
        for (const one of all) lost.push((await wrong(ask, one)) ?? '');
        t.strictSame(
          lost.filter((text) => text !== ''),
          [],
        );
      }
      close();
    }
    const count = writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    t.comment(`${count} versions were acknowledged; ${cutLarge} large transactions were under way at a kill`);
    server.child.kill('SIGTERM');
    t.equal(await server.ended, 0);
  },
);
