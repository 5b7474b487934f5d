import type { Resource } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import { Failure } from '#errors';
import { parseResource } from '#fhir/json/json.ts';
import type { IndexRecord } from '#search/model/entry.ts';
import { everything, type Plan } from '#search/model/filter.ts';
import { pages } from '#storage/pages.ts';
import type { Reindexed, Store, Version } from '#storage/store.ts';
import { yielder } from '#threads/yielding.ts';

/** What indexing anew takes. */
export interface Indexing {
  readonly store: Store;
  readonly index: (resource: Resource) => IndexRecord;
}

/** How far a pass over all resources of some types is; it can go on from here after a restart. */
export interface Pass {
  readonly types: readonly string[];
  /** The last version that there was when it began. */
  readonly seq: number;
  /** Resources that there were, and those that are done. */
  readonly total: number;
  readonly done: number;
  /** The place in `types`, and the store's own word for the place within that type. */
  readonly at: number;
  readonly after?: string;
}

/** Resources that are read at once, and characters of those that are indexed at once. */
const page = 200;
const charactersAtOnce = 500_000;

/** A pass that has not begun. */
export async function beginPass(store: Store, types: readonly string[]): Promise<Pass> {
  const seq = await store.lastSeq();
  const { resources } = await store.stats();
  const total = types.reduce((sum, type) => sum + (resources[type] ?? 0), 0);
  return { types, seq, total, done: 0, at: 0 };
}

/** Percent, never 100: what was written meanwhile follows. */
export function progressOf({ done, total }: Pass): number {
  return Math.min(99, Math.floor((100 * done) / Math.max(1, total)));
}

/** Makes the index entries of the current resources anew, a page at a time, in turns with other work; gives the place after each page. */
export async function* reindexPass(indexing: Indexing, from: Pass): AsyncIterable<Pass> {
  let { after, ...pass } = from;
  for (let type = pass.types[pass.at]; type !== undefined; type = pass.types[pass.at]) {
    const plan: Plan = { types: [type], where: everything, sort: [], limit: page, total: 'none' };
    const rest = after === undefined ? plan : { ...plan, after };
    for await (const { found, next } of pages((asked) => indexing.store.find(asked), rest)) {
      await reindex(indexing, found);
      after = next;
      pass = { ...pass, done: pass.done + found.length, at: next === undefined ? pass.at + 1 : pass.at };
      yield after === undefined ? pass : { ...pass, after };
    }
  }
}

/** The same for what was written after the pass had begun. */
export async function reindexChanges(indexing: Indexing, { types, seq }: Pass): Promise<void> {
  const end = await indexing.store.lastSeq();
  for (let at = seq; at < end; ) {
    const found = await indexing.store.changes(at, page);
    const last = found.at(-1);
    if (last === undefined) return;
    await reindex(
      indexing,
      found.filter((version) => types.includes(version.type)),
    );
    at = last.seq;
  }
}

async function reindex({ store, index }: Indexing, versions: readonly Version[]): Promise<void> {
  const pause = yielder();
  let records: Reindexed[] = [];
  let characters = 0;
  for (const { type, id, version, content } of versions) {
    await pause();
    // What a deletion made has no entries of its own.
    if (content === undefined) continue;
    const resource = parseResource(content, Number.POSITIVE_INFINITY);
    if (resource instanceof Failure) throw new Error(`the text of ${type}/${id} cannot be read`);
    records.push({ type, id, version, index: index(resource as Resource) });
    characters += content.length;
    if (characters < charactersAtOnce) continue;
    await store.reindex(records);
    records = [];
    characters = 0;
  }
  if (records.length > 0) await store.reindex(records);
}

/** What the entries mean: to be raised whenever a program makes others of the same resource. */
const indexVersion = '1';

/** The note of the store that tells the version of its entries. */
const versionNote = 'index';

export async function isIndexCurrent(store: Store): Promise<boolean> {
  return (await store.note(versionNote)) === indexVersion;
}

export function noteIndexCurrent(store: Store): Promise<void> {
  return store.setNote(versionNote, indexVersion);
}

/**
 * Makes the entries of a whole store anew, version by version: the history of a deleted resource is judged by the entries of
 * its last contents. What another program left half done begins again.
 */
export async function reindexAll(indexing: Indexing, log: Logger): Promise<void> {
  const end = await indexing.store.lastSeq();
  log.warn('The index was made by another version of this program: all resources are indexed anew.');
  let lastPercent = -10;
  for (let at = 0; at < end; ) {
    const found = await indexing.store.changes(at, page);
    const last = found.at(-1);
    if (last === undefined) break;
    await reindex(indexing, found);
    at = last.seq;
    const percent = Math.floor((100 * at) / end);
    if (percent < lastPercent + 10) continue;
    lastPercent = percent;
    log.info(`${percent} % of ${end} versions are indexed.`);
  }
  log.info('All resources are indexed.');
}
