import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { entry, patient, transaction } from './harness.ts';

const rounds = sized(3, 12);
const width = 8;
const size = 40;
const silent = { HUFHIR_LOG_LEVEL: 'silent' };

const folder = mkdtempSync(join(tmpdir(), 'hufhir-kill-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const system = 'urn:example:bundle';

/** A bundle of new Patients, tagged with its name, the last of which refers to the first. */
function bundle(name: string): unknown {
  const meta = { tag: [{ system, code: name }] };
  const urn = 'urn:uuid:0e2b8d3c-0f6a-4a67-9d3e-444444444444';
  const patients = Array.from({ length: size - 1 }, (_, i) =>
    entry('POST', 'Patient', patient({ meta, birthDate: '1950-01-02' }), i === 0 ? { fullUrl: urn } : {}),
  );
  const last = { resourceType: 'Observation', meta, status: 'final', code: { text: 'x' }, subject: { reference: urn } };
  return transaction(...patients, entry('POST', 'Observation', last));
}

/** Sends bundles, several at once, until the server is gone; calls `acknowledged` for each that was answered 200. */
async function sendUntilDeath(base: string, round: number, acknowledged: (name: string) => void): Promise<string[]> {
  const sent: string[] = [];
  const one = async (lane: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const name = `${round}-${lane}-${i}`;
      sent.push(name);
      const headers = { 'content-type': 'application/fhir+json' };
      const body = JSON.stringify(bundle(name));
      const reply = await fetch(base, { method: 'POST', headers, body }).catch(() => undefined);
      if (reply === undefined) return;
      if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
      acknowledged(name);
      await reply.text().catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: width }, (_, lane) => one(lane)));
  return sent;
}

async function stored(base: string, name: string): Promise<number> {
  const counts = ['Patient', 'Observation'].map(async (type) => {
    const reply = await fetch(`${base}/${type}?_tag=${system}|${name}&_count=0&_total=accurate`);
    return ((await reply.json()) as { total: number }).total;
  });
  return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
}

t.test(
  `SIGKILL in the middle of an import, ${rounds} times: what was acknowledged is whole, nothing is partial`,
  async (t) => {
    const acknowledged = new Set<string>();
    const sent = new Set<string>();
    let server = await startServe(folder, silent);
    for (let round = 0; round < rounds; round++) {
      const { child, base } = server;
      const before = acknowledged.size;
      // Another moment each round: after another count of answers, and another time within the work after that.
      const answers = 2 + round * 3;
      const gone = once(child, 'exit');
      const all = await sendUntilDeath(base, round, (name) => {
        acknowledged.add(name);
        if (acknowledged.size === before + answers) setTimeout(() => child.kill('SIGKILL'), round * 2.7);
      });
      await gone;
      t.equal(child.signalCode, 'SIGKILL');
      for (const name of all) sent.add(name);
      server = await startServe(folder, silent);
      for (const name of all) {
        const count = await stored(server.base, name);
        if (acknowledged.has(name)) t.equal(count, size, `${name} was acknowledged`);
        else t.ok(count === 0 || count === size, `${name} was not acknowledged: ${count}`);
      }
    }
    let whole = 0;
    for (const name of acknowledged) if ((await stored(server.base, name)) === size) whole++;
    t.equal(whole, acknowledged.size, 'and stays so through every later kill');
    t.ok(sent.size > acknowledged.size, 'some bundles were under way when the server was killed');
    server.child.kill('SIGTERM');
    t.equal(await server.ended, 0);
  },
);
