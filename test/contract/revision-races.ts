import type { Test } from 'tap';
import { sized } from '#test/process/sizes.ts';
import { put, transaction } from './build.ts';
import { conflictsIn, madeBy, type Pair, times, together } from './pair.ts';
import type { RemoteStore } from './served.ts';

const hour = 3_600_000;

type Race = (title: string, run: (t: Test, pair: Pair) => Promise<void>) => void;

/** Leases and the revision, of which there is one for all processes. */
export function revisionRaces(race: Race, rounds: number, width: number): void {
  race(`a lease has one holder, and each a higher fence, ${rounds} rounds`, (t, pair) =>
    leases(t, pair, rounds, width),
  );
  race(`a lost lease changes nothing, ${rounds} rounds`, (t, pair) => lostLeases(t, pair, rounds));
  race(`of ${2 * width} who raise a revision one does, ${rounds} rounds`, (t, pair) => raisers(t, pair, rounds, width));
  race('both processes write all the time, and neither is kept from it', turns);
}

async function leases(t: Test, pair: Pair, rounds: number, width: number): Promise<void> {
  let highest = 0;
  for (let round = 0; round < rounds; round++) {
    const take = (store: RemoteStore, name: string) =>
      times(width, (i) => store.lease('race', `${round} ${name}${i}`, hour));
    const [one, other] = together(pair, round);
    const taken = (await Promise.all([take(one, 'a'), take(other, 'b')])).flat().filter((lease) => lease !== undefined);
    const [lease] = taken;
    t.equal(taken.length, 1, 'one holder');
    t.ok(lease !== undefined && lease.fence > highest, 'whose fence is higher than all before');
    if (lease === undefined) return;
    highest = lease.fence;
    // It is released by the process that did not take it too: it is the lease that counts. Its time is over in other rounds.
    if (round % 2 === 0) await pair[round % 4 === 0 ? 0 : 1].store.release(lease);
    else t.equal((await pair[0].store.lease(lease.name, lease.owner, 0))?.fence, highest, 'its own is extended');
  }
}

async function lostLeases(t: Test, pair: Pair, rounds: number): Promise<void> {
  const tally = { before: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const [one, other] = together(pair, round);
    const slept = await pair[0].store.lease('work', `${round} slept`, 0);
    if (slept === undefined) throw new Error('no lease');
    const under = (store: RemoteStore, name: string, lease: typeof slept) =>
      store.transact(transaction([put(`Basic/${name}`)], { lease, settings: { holder: `${lease.fence}` } }));
    const [late, next] = await Promise.all([
      times(6, (i) => under(one, `${round}-${i}`, slept)),
      other.lease('work', `${round} next`, 0).then(async (lease) => {
        if (lease === undefined) throw new Error('no lease');
        return { lease, made: await under(other, `${round}-next`, lease) };
      }),
    ]);
    const after = await under(one, `${round}-late`, slept);
    const [first] = madeBy([next.made]);
    const tooLate = madeBy(late).filter(({ seq }) => seq > (first?.seq ?? 0));
    const refused = [...conflictsIn(late), ...conflictsIn([after])];
    const stored = await Promise.all(pair.map(({ store }) => store.read('Basic', `${round}-late`)));
    const holders = await Promise.all(pair.map(({ store }) => store.setting('holder')));
    t.strictSame(
      { tooLate, others: refused.filter((c) => c.conflict !== 'lease'), stored, holders, after },
      {
        tooLate: [],
        others: [],
        stored: [undefined, undefined],
        holders: [`${next.lease.fence}`, `${next.lease.fence}`],
        after: { conflict: 'lease' },
      },
      `fences ${slept.fence} and ${next.lease.fence}`,
    );
    tally.before += madeBy(late).length;
    tally.refused += refused.length;
  }
  t.comment(JSON.stringify(tally));
}

async function raisers(t: Test, pair: Pair, rounds: number, width: number): Promise<void> {
  const tally = { before: 0, refused: 0 };
  for (let revision = 0; revision < rounds; revision++) {
    const write = (store: RemoteStore, name: string, raises: boolean) =>
      times(width, (i) =>
        store.transact(transaction([put(`Basic/${name}${i}-${revision}`)], { revision, ...(raises && { raises }) })),
      );
    const [one, other] = together(pair, revision);
    // One process writes first and then raises, the other the other way round.
    const [c, a, b, d] = await Promise.all([
      write(one, 'c', false),
      write(one, 'a', true),
      write(other, 'b', true),
      write(other, 'd', false),
    ]);
    const [raised, written] = [
      [...a, ...b],
      [...c, ...d],
    ];
    const [winner, ...more] = madeBy(raised);
    const late = madeBy(written).filter(({ seq }) => seq > (winner?.seq ?? 0));
    const refused = conflictsIn([...raised, ...written]);
    const others = refused.filter((c) => c.conflict !== 'revision' || c.found !== revision + 1);
    const revisions = await Promise.all(pair.map(({ store }) => store.revision()));
    t.strictSame(
      { winner: winner?.type, more, late, others, revisions },
      { winner: 'Basic', more: [], late: [], others: [], revisions: [revision + 1, revision + 1] },
      `revision ${revision}`,
    );
    tally.before += madeBy(written).length;
    tally.refused += refused.length;
  }
  const stored = (await pair[1].store.stats()).resources.Basic;
  t.equal(stored, rounds + tally.before, 'what was refused is not stored');
  t.comment(JSON.stringify(tally));
}

/** Each lane of a process writes again as soon as it was answered, so that there is always something to be written. */
async function turns(t: Test, pair: Pair): Promise<void> {
  const lanes = 16;
  const each = sized(40, 400);
  const slowest = [0, 0];
  const refused: unknown[] = [];
  const lane = async (who: number, store: RemoteStore, name: string): Promise<void> => {
    for (let i = 0; i < each; i++) {
      const asked = performance.now();
      const done = await store.transact(transaction([put(`Basic/${name}-${i}`)]));
      if ('conflict' in done) refused.push(done);
      slowest[who] = Math.max(slowest[who] ?? 0, performance.now() - asked);
    }
  };
  await Promise.all(pair.map(({ store }, who) => times(lanes, (i) => lane(who, store, `${who}-${i}`))));
  t.strictSame(refused, []);
  t.comment(`the slowest of ${lanes * each} of each: ${slowest.map(Math.round).join(' and ')} ms`);
}
