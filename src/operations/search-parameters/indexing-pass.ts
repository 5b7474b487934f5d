import type { Resource } from '@medplum/fhirtypes';
import { Failure } from '#errors';
import { parseResource } from '#fhir/json/json.ts';
import type { IndexRecord } from '#search/model/entry.ts';
import { everything, type Plan } from '#search/model/filter.ts';
import type { ChangeConditions, ConditionConflict, Reindexed, Store, Version } from '#storage/store.ts';
import type { Task } from '#threads/task.ts';
import { yielder } from '#threads/yielding.ts';

/** What indexing anew takes. */
export interface Indexing {
  readonly store: Store;
  readonly index: (resource: Resource) => IndexRecord;
  /** What must hold while it goes on. */
  readonly conditions: () => ChangeConditions;
}

/** The setting that tells which pass is under way. */
export const passSetting = 'indexing';

/** A pass that makes resources be indexed by some parameters: by the id of each, a hash of what its entries depend on. */
export interface IndexingPass {
  readonly parameters: Readonly<Record<string, string>>;
  readonly place: PassPlace;
}

/** How far a pass over all resources of some types is; it can go on from here after a restart. */
export interface PassPlace {
  readonly types: readonly string[];
  /** Resources that there were, and those that are done. */
  readonly total: number;
  readonly done: number;
  /** The place in `types`, and the store's own word for the place within that type. */
  readonly at: number;
  readonly after?: string;
}

/** Resources that are read at once, and characters of those that are indexed at once. */
export const page = 200;
const charactersAtOnce = 500_000;

/** What became of one page of a pass. */
export interface IndexedPage {
  readonly count: number;
  readonly next?: string;
  /** The conditions do not hold: nothing of the rest was made. */
  readonly conflict?: ConditionConflict;
}

/** Makes the index entries of the resources of one page anew. */
export type IndexPage = (plan: Plan, conditions: ChangeConditions) => Promise<IndexedPage>;

/** The same in a thread of the pool, which holds up nobody however large they are. */
export const indexPageTask: Task<{ readonly plan: Plan; readonly conditions: ChangeConditions }, IndexedPage> = {
  name: 'index-page',
};

/** Does that in this thread. */
export function pageIndexer({ store, index }: Pick<Indexing, 'store' | 'index'>): IndexPage {
  return async (plan, conditions) => {
    const { found, next } = await store.find(plan);
    const conflict = await reindex({ store, index, conditions: () => conditions }, found);
    return { count: found.length, ...(next !== undefined && { next }), ...(conflict !== undefined && { conflict }) };
  };
}

/** The place of a pass that has not begun. */
export async function firstPlace(store: Store, types: readonly string[]): Promise<PassPlace> {
  const { resources } = await store.stats();
  const total = types.reduce((sum, type) => sum + (resources[type] ?? 0), 0);
  return { types, total, done: 0, at: 0 };
}

/** Percent, never 100: what was written meanwhile follows. */
export function progressOf({ done, total }: PassPlace): number {
  return Math.min(99, Math.floor((100 * done) / Math.max(1, total)));
}

/**
 * Makes the index entries of the current resources anew, a page at a time, in turns with other work; gives the place after each page.
 * What is written after it began has entries by the same definitions already. Ends with a conflict where the conditions do not hold.
 */
export async function* indexAnew(
  indexPage: IndexPage,
  conditions: ChangeConditions,
  from: PassPlace,
): AsyncGenerator<PassPlace, ConditionConflict | undefined, undefined> {
  let { after, ...place } = from;
  for (let type = place.types[place.at]; type !== undefined; type = place.types[place.at]) {
    const plan: Plan = { types: [type], where: everything, sort: [], limit: page, total: 'none' };
    const { count, next, conflict } = await indexPage(after === undefined ? plan : { ...plan, after }, conditions);
    if (conflict !== undefined) return conflict;
    after = next;
    place = { ...place, done: place.done + count, at: next === undefined ? place.at + 1 : place.at };
    yield after === undefined ? place : { ...place, after };
  }
  return undefined;
}

/** The same for the versions of one page of `changes`: the history of a deleted resource is judged by its last contents. */
export async function reindex(
  { store, index, conditions }: Indexing,
  versions: readonly Version[],
): Promise<ConditionConflict | undefined> {
  const pause = yielder();
  let records: Reindexed[] = [];
  let characters = 0;
  // Before they are made: what changes meanwhile is a conflict.
  let asked = conditions();
  for (const { type, id, version, content } of versions) {
    await pause();
    // What a deletion made has no entries of its own.
    if (content === undefined) continue;
    const resource = parseResource(content, Number.POSITIVE_INFINITY);
    if (resource instanceof Failure) throw new Error(`the text of ${type}/${id} cannot be read`);
    records.push({ type, id, version, index: index(resource as Resource) });
    characters += content.length;
    if (characters < charactersAtOnce) continue;
    const conflict = await store.reindex(records, asked);
    if (conflict !== undefined) return conflict;
    records = [];
    characters = 0;
    asked = conditions();
  }
  return records.length === 0 ? undefined : store.reindex(records, asked);
}
