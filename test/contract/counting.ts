import type { Test } from 'tap';
import type { Store, Write } from '#storage/store.ts';
import { byIdentifier, carries, commit, type Open, plan, put, refers, remove, transaction } from './build.ts';

/** Numbers from a seed, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * below);
  };
}

const types = ['Patient', 'Basic', 'Observation'];

/** A write of one of a few resources, which refer to each other by id and by identifier, under one parameter or two. */
function anyWrite(below: (n: number) => number): Write {
  const reference = `${types[below(types.length)]}/r${below(5)}`;
  if (below(4) === 0) return remove(reference);
  const entries = Array.from({ length: below(4) }, () => {
    const param = below(2) === 0 ? 'subject' : 'author';
    return below(2) === 0
      ? refers(param, `${types[below(types.length)]}/r${below(7)}`)
      : byIdentifier(param, 'id', `${below(4)}`, 'Patient', below(2) === 0);
  });
  const own = reference.startsWith('Patient') ? [carries('id', `${below(4)}`)] : [];
  return put(reference, { entries: [...entries, ...own] });
}

async function counted(store: Store): Promise<unknown> {
  let pending = 0;
  let after: string | undefined;
  do {
    const page = await store.pending(7, after);
    pending += page.found.length;
    after = page.next;
  } while (after !== undefined);
  const counts = await Promise.all(types.map(async (type) => [type, (await store.find(plan(type))).found.length]));
  return { pending, resources: Object.fromEntries(counts.filter(([, n]) => n !== 0)) };
}

/** What a store keeps of itself is what counting gives. */
export function counting(t: Test, open: Open, rounds: number): void {
  t.test('statistics are those of what is stored, whatever was written', async (t) => {
    const { store, reopen, close } = await open();
    t.teardown(close);
    const seed = Number(process.env.HUFHIR_TEST_SEED ?? Date.now() % 1_000_000);
    t.comment(`HUFHIR_TEST_SEED=${seed}`);
    const below = generator(seed);
    for (let round = 0; round < rounds; round++) {
      const writes = new Map(
        Array.from({ length: 1 + below(4) }, () => anyWrite(below)).map((w) => [`${w.type}/${w.id}`, w]),
      );
      if (below(5) === 0) await store.transact(transaction([...writes.values(), put('Device/no', { expect: 9 })]));
      else await commit(store, ...writes.values());
      const { pending, resources } = await store.stats();
      const kept = { pending, resources };
      t.same(kept, await counted(store), `round ${round} of seed ${seed}`);
    }
    if (reopen === undefined) return;
    const again = await reopen();
    const { pending, resources } = await again.stats();
    t.same({ pending, resources }, await counted(again));
  });
}
