import type { Logger } from 'pino';
import { unrestricted } from '#security/rights.ts';
import type { Store, Transaction } from '#storage/store.ts';
import { type Indexing, page, reindex } from './indexing-pass.ts';

/** What the entries mean: to be raised whenever a program makes others of the same resource. */
const indexVersion = '2';

/** The setting that tells the version of the entries; behind a blank the last seq that is done, while they are made. */
const versionSetting = 'index';

/** Whether the entries of the store are this program's, or are becoming so. */
export async function isIndexOurs(store: Store): Promise<boolean> {
  const setting = await store.shelf.setting(versionSetting);
  return setting === undefined || setting.split(' ')[0] === indexVersion;
}

/** Whether all entries are of this program's version. */
export async function isIndexCurrent(store: Store): Promise<boolean> {
  return (await store.shelf.setting(versionSetting)) === indexVersion;
}

/** From now on no program writes that makes other entries: it meets another revision. */
export async function claimIndex(store: Store, isNew: boolean): Promise<void> {
  if (isNew) await keep(store, { settings: { [versionSetting]: indexVersion } });
  else if (!(await isBegun(store)))
    await keep(store, { settings: { [versionSetting]: `${indexVersion} 0` }, raises: true });
}

async function isBegun(store: Store): Promise<boolean> {
  return (await store.shelf.setting(versionSetting))?.startsWith(`${indexVersion} `) === true;
}

/**
 * Makes the entries of a whole store anew, version by version: the history of a deleted resource is judged by the entries of
 * its last contents. It goes on where a process that was ended left it. `done` is kept with its end.
 */
export async function reindexAll(
  indexing: Indexing,
  log: Logger,
  done: () => Pick<Transaction, 'settings' | 'raises'>,
): Promise<void> {
  const { store } = indexing;
  const end = await store.lastSeq();
  const begun = Number((await store.shelf.setting(versionSetting))?.split(' ')[1] ?? 0);
  log.warn('The index was made by another version of this program: all resources are indexed anew.');
  let lastPercent = -10;
  for (let at = begun; at < end; ) {
    const found = await store.changes(at, page);
    const last = found.at(-1);
    if (last === undefined) break;
    const conflict = await reindex(indexing, found);
    if (conflict !== undefined) throw new Error(`the store is indexed by another program now (${conflict.conflict})`);
    at = last.seq;
    await keep(store, { settings: { [versionSetting]: `${indexVersion} ${at}` } });
    const percent = Math.floor((100 * at) / end);
    if (percent < lastPercent + 10) continue;
    lastPercent = percent;
    log.info(`${percent} % of ${end} versions are indexed.`);
  }
  const { settings, raises = false } = done();
  await keep(store, { settings: { ...settings, [versionSetting]: indexVersion }, raises });
  log.info('All resources are indexed.');
}

/** Keeps settings alone. */
async function keep(store: Store, kept: Pick<Transaction, 'settings' | 'raises'>): Promise<void> {
  const made = await store.transact({ guards: [], writes: [], references: 'lenient', rights: unrestricted, ...kept });
  if ('conflict' in made) throw new Error(`the settings of the index could not be kept: ${JSON.stringify(made)}`);
}
