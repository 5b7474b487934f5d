import type { Test } from 'tap';
import { sized } from '#test/process/sizes.ts';
import { byIdentifier, carries, ids, isToken, plan, put, refers, token, transaction } from './build.ts';
import { agree, madeBy, type Pair, times } from './pair.ts';
import type { Share } from './processes.ts';
import type { RemoteStore } from './served.ts';

const lanes = 4;
const rounds = sized(5, 40);

/** A transaction of which parts are easily told: a target, what refers to it in both ways, and a setting. */
const whole = (name: string) => {
  const tagged = { entries: [token('tag', '', name)] };
  const target = { entries: [...tagged.entries, carries('id', name)], patients: [`p${name}`] };
  const named = { entries: [...tagged.entries, byIdentifier('subject', 'id', name, 'Patient', true)] };
  const literal = { entries: [...tagged.entries, refers('subject', `Patient/p${name}`)], patients: [`p${name}`] };
  const writes = [
    put(`Observation/n${name}`, named),
    put(`Observation/l${name}`, literal),
    put(`Patient/p${name}`, target),
  ];
  return transaction(writes, { settings: { [name]: 'kept' } });
};

/** How much of it a store has. */
async function partsOf(store: RemoteStore, name: string): Promise<unknown> {
  const found = async (type: string) => ids(await store.find(plan(type, isToken('tag', '', name))));
  const [scanned] = await store.scan({ types: ['Observation'], patients: [`p${name}`], rights: { op: 'all' } });
  const records = scanned?.records.map(({ id }) => id).sort() ?? [];
  return [await found('Patient'), (await found('Observation')).toSorted(), records, await store.setting(name)];
}

const all = (name: string) => [[`p${name}`], [`l${name}`, `n${name}`], [`l${name}`, `n${name}`], 'kept'];
const none = [[], [], [], undefined];

/** Writers that end in the middle of their transactions. */
export function killing(t: Test, share: Share): void {
  t.test(`SIGKILL of a process that writes, ${rounds} times: what it told is there, and nothing by half`, async (t) => {
    const store = share();
    t.teardown(() => store.discard());
    const pair: Pair = await Promise.all([store.join(), store.join()]);
    t.teardown(() => Promise.all(pair.map(({ end }) => end())));
    const told = new Set<string>();
    let cut = 0;
    for (let round = 0; round < rounds; round++) {
      const killed = await store.join();
      const sent: string[] = [];
      let toldNow = 0;
      // After another count of answers in each round, and at another moment within the work after that.
      const enough = Promise.withResolvers<void>();
      const lane = async (lane: number): Promise<void> => {
        for (let i = 0; ; i++) {
          const name = `${round}-${lane}-${i}`;
          sent.push(name);
          const done = await killed.store.transact(whole(name)).catch(() => undefined);
          if (done === undefined) return;
          if (madeBy([done]).length !== 3) throw new Error(JSON.stringify(done));
          told.add(name);
          if (++toldNow === 5 + round * 3) enough.resolve();
        }
      };
      const writing = times(lanes, lane);
      // The other processes go on writing all the while.
      const beside = times(lanes, (i) => pair[i % 2 === 0 ? 0 : 1].store.transact(whole(`${round}-beside-${i}`)));
      await enough.promise;
      await new Promise((resolve) => setTimeout(resolve, (round * 1.3) % 7));
      await killed.kill();
      await writing;
      t.equal(madeBy(await beside).length, 3 * lanes, 'what others wrote was made');
      for (const name of sent) {
        const seen = await Promise.all(pair.map((process) => partsOf(process.store, name)));
        const wanted = told.has(name) || seen[0] === undefined || JSON.stringify(seen[0]) !== JSON.stringify(none);
        if (!told.has(name)) cut += 1;
        t.strictSame(seen, wanted ? [all(name), all(name)] : [none, none], `${name}: ${told.has(name)}`);
      }
    }
    t.comment(`${told.size} were told, ${cut} were under way`);
    await agree(t, pair);
  });
}
