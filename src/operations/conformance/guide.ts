import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Resource } from '@medplum/fhirtypes';
import { unrestricted } from '#security/rights.ts';
import type { Lease } from '#storage/shelf.ts';
import type { Store } from '#storage/store.ts';
import type { Context } from '../request/context.ts';
import { definitionsIn, putOf } from '../write/write.ts';
import { software } from './capabilities.ts';
import {
  entryAfter,
  type Fate,
  type GuidePart,
  type GuideRecord,
  type PartState,
  partOf,
  stateOf,
  versionAfter,
  versionOf,
  withdrawn,
} from './guide-record.ts';
import { operationDefinitions } from './operation-definitions.ts';

/** The name under which the store keeps the record, and the lease of the process that installs. */
const setting = 'guide';

/** Milliseconds that an installation may take before another process takes over. */
const leased = 5_000;

/** Milliseconds between two looks of a process that finds another at work. */
const patience = 100;

/** How often it looks again because clients of another process changed what it had looked at. */
const attempts = 10;

/**
 * Puts the implementation guide (profiles/, terminology/) and the OperationDefinitions of our own operations into the store, so
 * that clients can read them. What stands there as it was installed is upgraded; what clients changed or deleted since then stays, and
 * the log tells where the guide has changed as well. A guide that the store refuses is a defect of the guide.
 */
export async function installGuide(context: Context, guide: readonly Resource[]): Promise<void> {
  const { store, parameters } = context;
  const parts = [...guide, ...operationDefinitions(context.operations)].map(partOf);
  if (isDone(await look(store, parts))) return;
  const owner = randomUUID();
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Two guides would not know of each other's changes: one process after the other.
    const lease = await waitForLease(context, owner);
    try {
      const seen = await look(store, parts);
      if (isDone(seen)) return;
      // What is written now is indexed by what is in force: by the parameters of clients, and in a new store by the guide's.
      if ((await store.lastSeq()) === 0) parameters.adopt(guide, await store.revision());
      else await parameters.refresh();
      const record = recordAfter(seen);
      if (!(await write(context, seen, record, lease))) continue;
      tellUpgrades(context, seen);
      tellRest(context, seen, record);
      return;
    } finally {
      await store.shelf.release(lease);
    }
  }
  throw new Error('the guide could not be stored: it was changed whenever it was looked at');
}

async function waitForLease({ store: { shelf }, log }: Context, owner: string): Promise<Lease> {
  for (let tried = 0; ; tried++) {
    const lease = await shelf.lease(setting, owner, leased);
    if (lease !== undefined) return lease;
    if (tried === 0) log.info(`guide: another process installs it; this one waits, ${leased} ms if that was ended`);
    await setTimeout(patience);
  }
}

/** What the store has of the guide at this moment. */
interface GuideLook {
  readonly record: GuideRecord | undefined;
  readonly parts: readonly GuidePart[];
  readonly states: readonly PartState[];
}

async function look(store: Store, parts: readonly GuidePart[]): Promise<GuideLook> {
  const record = await readRecord(store);
  const states = [];
  for (const part of parts) {
    const found = await store.read(part.resource.resourceType, part.id);
    states.push(stateOf(part, found, record));
  }
  return { record, parts, states };
}

const isWritten = ({ fate }: PartState): boolean => fate === 'install' || fate === 'upgrade';

function isDone(seen: GuideLook): boolean {
  if (seen.states.some(isWritten)) return false;
  return JSON.stringify(recordAfter(seen)) === JSON.stringify(seen.record);
}

/** Stores what is to be written, and the record with it; false if something is not as it was seen. */
async function write(context: Context, { states }: GuideLook, record: GuideRecord, lease: Lease): Promise<boolean> {
  const { revision } = context.definitions;
  const parts = states.filter(isWritten);
  const writes = parts.map(({ part, found }) => ({
    ...putOf(context, 'PUT', part.resource, part.id),
    expect: found?.content === undefined ? 0 : found.version,
  }));
  const { settings, ...raised } = definitionsIn(
    context,
    parts.map(({ part: { resource, id } }) => ({ type: resource.resourceType, id, resource })),
  );
  const done = await context.store.transact({
    guards: [],
    writes,
    references: 'lenient',
    rights: unrestricted,
    revision,
    lease,
    settings: { ...settings, [setting]: JSON.stringify(record) },
    ...raised,
  });
  if (!('conflict' in done)) return true;
  if (['version', 'revision', 'lease'].includes(done.conflict)) return false;
  throw new Error(`the guide could not be stored: ${JSON.stringify(done)}`);
}

function recordAfter({ record, parts, states }: GuideLook): GuideRecord {
  const entries = states.map((state) => [state.part.name, entryAfter(state)] as const);
  const gone = withdrawn(record, parts).map(([name, entry]) => [name, { ...entry, gone: true }] as const);
  return { version: versionOf(parts, software().version), resources: Object.fromEntries([...entries, ...gone]) };
}

async function readRecord({ shelf }: Store): Promise<GuideRecord | undefined> {
  const text = await shelf.setting(setting);
  return text === undefined ? undefined : JSON.parse(text);
}

function tellUpgrades({ log }: Context, { states }: GuideLook): void {
  for (const { part, found, fate } of states) {
    if (fate !== 'upgrade') continue;
    log.info(`guide: upgraded ${part.name}: version ${found?.version} became version ${versionAfter(found)}`);
  }
}

function tellRest({ log }: Context, { record, parts, states }: GuideLook, { version }: GuideRecord): void {
  for (const { part, known, found, fate } of states) {
    if (fate !== 'conflict') continue;
    const before = known?.installed === undefined ? 'nothing' : `version ${known.installed.version}`;
    const now = `version ${found?.version}${found?.content === undefined ? ', a deletion,' : ''}`;
    log.warn(`guide: conflict, left ${part.name}: the guide has a new text; ${before} was installed, ${now} was found`);
  }
  const gone = withdrawn(record, parts).filter(([, entry]) => !entry.gone);
  for (const [name] of gone) log.info(`guide: left ${name}, which the guide has no more`);
  const count = (fate: Fate) => states.filter((state) => state.fate === fate).length;
  const left = states.filter(({ fate }) => fate === 'left' || fate === 'conflict').map(({ part }) => part.name);
  const from = record === undefined ? '' : ` after ${record.version}`;
  const counts = `${count('install')} installed, ${count('upgrade')} upgraded, ${count('adopt')} found as they should be`;
  const stay = left.length === 0 ? 'none' : left.join(', ');
  log.info(
    `guide: ${version}${from}: ${counts}, ${gone.length} no longer in the guide; left as clients have them: ${stay}`,
  );
}
