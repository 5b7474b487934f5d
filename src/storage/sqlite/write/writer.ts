/** The thread of the only connection that writes. */

import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Call, type CalleeData, type CallResult, type Connect, isAborted } from '#threads/calls.ts';
import type { Lease } from '../../shelf.ts';
import type { ChangeConditions, ConditionConflict, Conflict, Stats } from '../../store.ts';
import { Connection } from '../database/connection.ts';
import { assertSame, identityOf, type StoreFile } from '../database/identity.ts';
import { Names } from '../database/names.ts';
import { beside } from '../database/obstacles.ts';
import { Planner } from '../planner/planner.ts';
import { failureOf, isFull } from '../wire/failure.ts';
import type { PackedCommit, PackedReindexed, PackedTransaction } from '../wire/pack.ts';
import { jobMethods } from './jobs.ts';
import { ShelfWriter } from './shelf.ts';
import { SavepointFailure, Transactor } from './transact.ts';

/** KiB of pages kept: the inner pages of the indexes should stay, or each insertion reads. */
const cache = 48_000;

/** A group is closed at this many transactions or characters, so that the first of it does not wait too long. */
const transactionsPerGroup = 256;
const charactersPerGroup = 8_000_000;

const {
  data: { path, identity },
  aborted,
} = workerData as CalleeData<StoreFile>;
// Before it is opened, or SQLite would make another.
assertSame(path, identity);
const connection = Connection.writer(path, cache);
const names = new Names(connection);
const shelf = new ShelfWriter(connection);
const transactor = new Transactor(connection, names, new Planner(connection, names), shelf);
const done = { groups: 0, transactions: 0 };
/** Characters of the group that the file had no room for, if nothing was written since: a probe that takes less would say nothing. */
let refused = 0;
const longestProbe = 1_000_000;
/** Who calls: the thread that started this one, and those that it connected. */
const callers = new Set<MessagePort>(parentPort === null ? [] : [parentPort]);
const queue: { readonly from: MessagePort; readonly call: Call }[] = [];

const methods = {
  transact: (transaction: PackedTransaction): PackedCommit | Conflict => transactor.transact(transaction),
  reindex: (asked: {
    records: readonly PackedReindexed[];
    conditions: ChangeConditions;
  }): ConditionConflict | undefined => transactor.reindex(asked.records, asked.conditions),
  lease: (asked: { name: string; owner: string; ms: number }): Lease | undefined => shelf.lease(asked),
  release: (lease: Lease): void => shelf.release(lease),
  key: (name: string): Uint8Array => shelf.key(name),
  probe: (_: null): void => shelf.keep({ probe: `${new Date().toISOString()} ${'x'.repeat(refused)}` }),
  counts: (_: null): Pick<Stats, 'groups' | 'transactions'> => done,
  ...jobMethods(connection),
  ready: (_: null): void => undefined,
  close: (_: null): void => undefined,
};

export type WriterMethods = typeof methods;

function receive(from: MessagePort, message: readonly Call[] | Connect): void {
  if ('port' in message) connect(message.port);
  else for (const call of message) queue.push({ from, call });
}

function connect(port: MessagePort): void {
  callers.add(port);
  port.on('close', () => callers.delete(port));
  listen(port);
}

/** Everything sent so far: what arrived while the last group was written belongs to the next. */
function collect(): void {
  for (const from of callers) {
    for (let next = receiveMessageOnPort(from); next !== undefined; next = receiveMessageOnPort(from)) {
      receive(from, next.message);
    }
  }
}

type Queued = (typeof queue)[number];

/** Characters of the transactions. */
function sizeOf(calls: readonly Queued[]): number {
  const sizes = calls.map(({ call: [, method, argument] }) =>
    method === 'transact' ? (argument as PackedTransaction).size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function nextGroup(): readonly Queued[] {
  let characters = 0;
  let end = 0;
  while (end < queue.length && end < transactionsPerGroup && characters < charactersPerGroup) {
    characters += sizeOf(queue.slice(end, end + 1));
    end += 1;
  }
  return queue.splice(0, end);
}

/** Of the calls of the thread that started this one; those of others end with their threads. */
function isTakenBack({ from, call: [id] }: Queued): boolean {
  return from === parentPort && isAborted(aborted, id);
}

function perform(queued: Queued): CallResult {
  const [id, method, argument] = queued.call;
  if (isTakenBack(queued)) return [id, false, undefined];
  try {
    const work = methods[method as keyof WriterMethods] as (argument: unknown) => unknown;
    return [id, true, work(argument)];
  } catch (error) {
    if (error instanceof SavepointFailure || !connection.db.isTransaction) throw error;
    return [id, false, failureOf(error)];
  }
}

/** The WAL of this connection, which stays as long as any has the file open. */
let wal: StoreFile | undefined;

function walOf(file: string): StoreFile {
  const name = beside(file, '-wal');
  return { path: name, identity: identityOf(name) };
}

/** One commit, and one sync of the disk, for the whole group. If that fails, nothing of the group happened. */
function commit(group: readonly Queued[]): readonly CallResult[] {
  try {
    // A store that is lost can be closed all the same.
    if (group.some(({ call: [, method] }) => method !== 'close')) {
      assertSame(path, identity);
      // What was committed last is in it alone.
      if (wal !== undefined) assertSame(wal.path, wal.identity);
    }
    connection.db.exec('BEGIN IMMEDIATE');
    wal ??= walOf(path);
    transactor.begin();
    const answers = group.map(perform);
    transactor.end();
    connection.db.exec('COMMIT');
    names.committed();
    refused = 0;
    done.groups += 1;
    done.transactions += group.filter(({ call: [, method] }) => method === 'transact').length;
    return answers;
  } catch (error) {
    if (connection.db.isTransaction) connection.db.exec('ROLLBACK');
    names.rolledBack();
    const cause = error instanceof SavepointFailure ? error.cause : error;
    if (isFull(cause)) refused = Math.min(longestProbe, Math.max(refused, sizeOf(group)));
    return group.map(({ call: [id] }) => [id, false, failureOf(cause)]);
  }
}

function work(): void {
  for (collect(); queue.length > 0; collect()) {
    const group = nextGroup();
    const answers = commit(group);
    if (group.some(({ call: [, method] }) => method === 'close')) connection.close();
    for (const caller of callers) {
      const own = answers.filter((_, i) => group[i]?.from === caller);
      if (own.length > 0) caller.postMessage(own);
    }
  }
}

function listen(port: MessagePort): void {
  port.on('message', (message: readonly Call[] | Connect) => {
    receive(port, message);
    work();
  });
}

for (const port of callers) listen(port);
