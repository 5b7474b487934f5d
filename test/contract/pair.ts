import type { Test } from 'tap';
import type { Commit, Conflict, Version } from '#storage/store.ts';
import type { StoreProcess } from './processes.ts';
import type { RemoteStore } from './served.ts';

/** Two processes on one store. */
export type Pair = readonly [StoreProcess, StoreProcess];

/** Milliseconds until both begin: what is sent has arrived by then. */
const lead = 5;

/** The stores of both processes, for what begins at one moment: in each round one of them is a little earlier. */
export function together([a, b]: Pair, round: number): readonly [RemoteStore, RemoteStore] {
  const at = Date.now() + lead;
  const earlier = (round % 5) - 2;
  const stores = [a.from(at + Math.max(0, earlier)), b.from(at + Math.max(0, -earlier))] as const;
  return round % 2 === 0 ? stores : [stores[1], stores[0]];
}

/** Does it several times at once. */
export const times = <T>(n: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: n }, (_, i) => work(i)));

/** What was made, in the order of commits. */
export function madeBy(results: readonly (Commit | Conflict)[]): readonly Version[] {
  const made = results.flatMap((result) => ('versions' in result ? result.versions : []));
  return made.filter((version) => version !== undefined).sort((one, other) => one.seq - other.seq);
}

export const conflictsIn = (results: readonly (Commit | Conflict)[]): readonly Conflict[] =>
  results.filter((result) => 'conflict' in result);

/** Both see the same versions, whose seqs have no gaps and whose times never decrease. */
export async function agree(t: Test, pair: Pair): Promise<void> {
  const [seen, same] = await Promise.all(pair.map(({ store }) => changesOf(store)));
  if (seen === undefined) return;
  t.strictSame(same, seen, 'both processes see the same versions');
  const wrong = seen.filter(
    ({ seq, lastUpdated }, i) => seq !== i + 1 || lastUpdated < (seen[i - 1]?.lastUpdated ?? 0),
  );
  t.strictSame(wrong, [], `${seen.length} seqs without a gap, in the order of time`);
  const stats = await Promise.all(pair.map(async ({ store }) => (await store.stats()).resources));
  const current = new Map(seen.map(({ type, id, content }) => [`${type}/${id}`, content === undefined ? [] : [type]]));
  const counts = Object.groupBy([...current.values()].flat(), (type) => type);
  const counted = Object.fromEntries(Object.entries(counts).map(([type, all = []]) => [type, all.length]));
  for (const kept of stats) t.same(withoutZeros(kept), counted, 'what is kept of it is right');
}

const withoutZeros = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0));

/** All versions of a store. */
export async function changesOf(store: RemoteStore): Promise<readonly Version[]> {
  const all: Version[] = [];
  for (let page = await store.changes(0, 500); page.length > 0; page = await store.changes(all.at(-1)?.seq ?? 0, 500)) {
    all.push(...page);
  }
  return all;
}
