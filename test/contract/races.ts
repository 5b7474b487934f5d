import type { Test } from 'tap';
import type { Filter } from '#search/model/filter.ts';
import type { Guard, Transaction, Version, Write } from '#storage/store.ts';
import { sized } from '#test/process/sizes.ts';
import { byIdentifier, carries, ids, isToken, plan, put, refers, remove, transaction } from './build.ts';
import { killing } from './killing.ts';
import { agree, conflictsIn, madeBy, type Pair, times, together } from './pair.ts';
import type { Share } from './processes.ts';
import { revisionRaces } from './revision-races.ts';
import type { RemoteStore } from './served.ts';

/** Transactions that each process makes at once. */
const width = 5;
const rounds = sized(12, 200);

/** What two processes on one store must not do to each other; `share` makes an empty store. */
export function races(t: Test, share: Share): void {
  const work = `${rounds} rounds`;
  const race = (title: string, run: (t: Test, pair: Pair) => Promise<void>) =>
    t.test(title, async (t) => {
      const store = share();
      t.teardown(() => store.discard());
      // They may have to make it: whoever comes second finds it half made.
      const pair: Pair = await Promise.all([store.join(), store.join()]);
      t.teardown(() => Promise.all(pair.map(({ end }) => end())));
      await run(t, pair);
      await agree(t, pair);
    });
  race(`${width} equal conditional creates in each of two processes make one, ${work}`, equalCreates);
  race(`what a guard excludes is not there when its transaction is committed, ${work}`, guardsAndPuts);
  race(`a strict reference and the deletion of its target, ${work}`, referencesAndDeletions);
  race(`two carriers of one identifier at once, ${work}`, carriersAtOnce);
  race('the place of a logical reference that one deleted and the other took', logicalPlaces);
  revisionRaces(race, rounds, width);
  killing(t, share);
}

async function logicalPlaces(t: Test, [a, b]: Pair): Promise<void> {
  const referring = (id: string) =>
    put(`Observation/${id}`, { entries: [byIdentifier('subject', 'id', 'x', 'Patient')] });
  const to = (id: string): Filter => ({
    op: 'match',
    param: 'subject',
    test: { kind: 'reference', type: 'Patient', id },
  });
  const steps = [
    [a, referring('o')],
    [a, remove('Observation/o')],
    [b, referring('p')],
    [a, referring('o')],
    [a, carrier('c', 'x')],
  ] as const;
  for (const [{ store }, write] of steps) t.ok('versions' in (await store.transact(transaction([write]))));
  const found = await b.store.find(plan('Observation', to('c')));
  t.strictSame([...ids(found)].sort(), ['o', 'p']);
}

/** A Patient who carries an identifier. */
const carrier = (id: string, value?: string) =>
  put(`Patient/${id}`, { patients: [id], entries: value === undefined ? [] : [carries('id', value)] });

const noneWith = (value: string): Guard => ({ plan: plan('Patient', isToken('identifier', 'id', value)), expect: [] });

/** The guard by itself, or every other time as one that was looked up before. */
async function looked(guard: Guard, store: RemoteStore, round: number): Promise<Guard> {
  if (round % 2 === 0) return guard;
  const { seq } = await store.find(guard.plan);
  return seq === undefined ? guard : { ...guard, seq };
}

async function equalCreates(t: Test, pair: Pair): Promise<void> {
  const wins = { first: 0, second: 0 };
  for (let round = 0; round < rounds; round++) {
    const value = `n${round}`;
    const [one, other] = together(pair, round);
    const guards = [await looked(noneWith(value), other, round)];
    const create = (store: RemoteStore, name: string) =>
      times(width, (i) => store.transact(transaction([carrier(`${value}-${name}${i}`, value)], { guards })));
    const [first, second] = await Promise.all([create(one, 'a'), create(other, 'b')]);
    const results = [...first, ...second];
    const made = madeBy(results).map(({ id }) => id);
    if (madeBy(first).length > 0) wins.first += 1;
    else wins.second += 1;
    const lost = conflictsIn(results).filter(
      (c) => c.conflict !== 'guard' || c.guard !== 0 || c.found.join() !== made.join(),
    );
    const found = await Promise.all(pair.map(async ({ store }) => ids(await store.find(noneWith(value).plan))));
    t.strictSame({ n: made.length, lost, found }, { n: 1, lost: [], found: [made, made] }, value);
  }
  t.comment(JSON.stringify(wins));
}

/** Each version with what is current before it, as `Type/id`. */
function replayed(versions: readonly Version[]): readonly { version: Version; before: ReadonlySet<string> }[] {
  const current = new Set<string>();
  return versions.map((version) => {
    const before = new Set(current);
    const name = `${version.type}/${version.id}`;
    if (version.content === undefined) current.delete(name);
    else current.add(name);
    return { version, before };
  });
}

/** Writes of one process one after the other, without waiting for the answers. */
const inOrder = (store: RemoteStore, ...writes: readonly Write[]) =>
  times(writes.length, (i) => store.transact(transaction(writes.slice(i, i + 1))));

async function guardsAndPuts(t: Test, pair: Pair): Promise<void> {
  const tally = { made: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const value = `n${round}`;
    const [one, other] = together(pair, round);
    const guards = [await looked(noneWith(value), other, round)];
    const plain = [
      carrier(`${value}-plain`, value),
      remove(`Patient/${value}-plain`),
      carrier(`${value}-plain`, value),
    ];
    const [guarded, put] = await Promise.all([
      times(width, (i) => one.transact(transaction([carrier(`${value}-guarded${i}`, value)], { guards }))),
      inOrder(other, ...plain.slice(0, 1 + (round % 3))),
    ]);
    const all = replayed(madeBy([...guarded, ...put]));
    const wrong = all.filter(({ version, before }) => version.id.includes('guarded') && before.size > 0);
    const others = conflictsIn([...guarded, ...put]).filter((c) => c.conflict !== 'guard' || c.found.length === 0);
    t.strictSame({ wrong, others, put: madeBy(put).length }, { wrong: [], others: [], put: 1 + (round % 3) }, value);
    tally.made += madeBy(guarded).length;
    tally.refused += conflictsIn(guarded).length;
  }
  t.comment(JSON.stringify(tally));
}

async function referencesAndDeletions(t: Test, pair: Pair): Promise<void> {
  const tally = { made: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const target = `Patient/t${round}`;
    const before = await inOrder(pair[round % 2 === 0 ? 0 : 1].store, put(target));
    const refer = (i: number): Transaction =>
      transaction([put(`Observation/o${round}-${i}`, { entries: [refers('subject', target)] })], {
        references: 'strict',
      });
    const [one, other] = together(pair, round);
    const [referring, changes] = await Promise.all([
      times(width, (i) => one.transact(refer(i))),
      inOrder(other, ...[remove(target), put(target), remove(target)].slice(0, 1 + (round % 3))),
    ]);
    const all = replayed(madeBy([...before, ...changes, ...referring]));
    const dangling = all.filter(({ version, before }) => version.type === 'Observation' && !before.has(target));
    const refused = conflictsIn([...referring, ...changes]);
    const others = refused.filter((c) => c.conflict !== 'reference' || c.reference !== target);
    t.strictSame({ dangling, others }, { dangling: [], others: [] }, target);
    tally.made += madeBy(referring).length;
    tally.refused += refused.length;
  }
  t.comment(JSON.stringify(tally));
}

/** What a store says of an observation that names its Patient by identifier: whom it leads to, in each way that there is to ask. */
async function leadsTo(store: RemoteStore, observation: string, patients: readonly string[]): Promise<unknown> {
  const own = { op: 'id', ids: [observation] } as const;
  const through = async (where: Filter) =>
    ids(await store.find(plan('Observation', { op: 'and', of: [own, where] }))).length === 1;
  const chained = async (id: string) =>
    through({ op: 'chain', param: 'subject', types: ['Patient'], where: { op: 'id', ids: [id] } });
  const referred = (id: string) =>
    through({ op: 'match', param: 'subject', test: { kind: 'reference', type: 'Patient', id } });
  const scan = await store.scan({ types: ['Observation'], patients, rights: { op: 'all' } });
  const named = async (ask: (id: string) => Promise<boolean>) => {
    const led = await Promise.all(patients.map(ask));
    return patients.filter((_, i) => led[i]);
  };
  return {
    chained: await named(chained),
    referred: await named(referred),
    scanned: scan
      .filter(({ records }) => records.some(({ id }) => id === observation))
      .map(({ patient }) => patient.id),
  };
}

async function carriersAtOnce(t: Test, pair: Pair): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const [x, y, o, value] = [`x${round}`, `y${round}`, `o${round}`, `n${round}`];
    const named = put(`Observation/${o}`, { entries: [byIdentifier('subject', 'id', value, 'Patient', true)] });
    // Of each step: what either process writes at once, and who is meant when both are done.
    const steps: readonly (readonly [string, Write, Write, readonly string[]])[] = [
      ['both come, and what names them', carrier(x, value), carrier(y, value), []],
      ['one goes, the other stays', remove(`Patient/${x}`), carrier(y, value), [y]],
      ['the one comes again, the other goes', carrier(x, value), remove(`Patient/${y}`), [x]],
      ['one loses it, the other gets it', carrier(x), carrier(y, value), [y]],
      ['it is written again while the one goes', named, remove(`Patient/${y}`), []],
    ];
    for (const [i, [title, left, right, meant]] of steps.entries()) {
      const after = await pair[0].store.lastSeq();
      const [one, other] = together(pair, round + i);
      const writing = [one.transact(transaction([left])), other.transact(transaction([right]))];
      if (i === 0) writing.push((round % 2 === 0 ? one : other).transact(transaction([named])));
      const refused = conflictsIn(await Promise.all(writing));
      const seen = await Promise.all(pair.map(({ store }) => leadsTo(store, o, [x, y])));
      const touched = await Promise.all(pair.map(async ({ store }) => (await store.touched(after, 100)).patients));
      const wanted = { chained: meant, referred: meant, scanned: meant };
      t.strictSame({ refused, seen }, { refused: [], seen: [wanted, wanted] }, `${value}: ${title}`);
      t.strictSame(touched[0], touched[1], 'both tell the same Patients');
      t.ok(
        meant.every((id) => touched[0]?.includes(id)),
        'whom it leads to now is touched',
      );
    }
  }
}
