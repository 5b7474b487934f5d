/** The thread of the only connection that writes. */

import { randomBytes } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Call, CallResult, Connect } from '#threads/calls.ts';
import type { Conflict } from '../../store.ts';
import { Connection } from '../database/connection.ts';
import { sql } from '../database/fragment.ts';
import { Names } from '../database/names.ts';
import { Planner } from '../planner/planner.ts';
import type { PackedCommit, PackedReindexed, PackedTransaction } from '../wire/pack.ts';
import { jobMethods } from './jobs.ts';
import { SavepointFailure, Transactor } from './transact.ts';

/** KiB of pages kept: the inner pages of the indexes should stay, or each insertion reads. */
const cache = 48_000;

/** A group is closed at this many transactions or characters, so that the first of it does not wait too long. */
const transactionsPerGroup = 256;
const charactersPerGroup = 8_000_000;

const connection = Connection.writer(String(workerData), cache);
const names = new Names(connection);
const transactor = new Transactor(connection, names, new Planner(connection, names));
/** Who calls: the thread that started this one, and those that it connected. */
const callers = new Set<MessagePort>(parentPort === null ? [] : [parentPort]);
const queue: { readonly from: MessagePort; readonly call: Call }[] = [];

const methods = {
  transact: (transaction: PackedTransaction): PackedCommit | Conflict => transactor.apply(transaction),
  reindex: (records: readonly PackedReindexed[]): void => transactor.reindex(records),
  setNote: ({ name, value }: { name: string; value: string }): void => {
    const text = 'INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    connection.run(text, name, value);
  },
  lease: ({ name, owner, ms }: { name: string; owner: string; ms: number }): boolean => {
    const text = `INSERT INTO lease (name, owner, expires) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
      SET owner = excluded.owner, expires = excluded.expires WHERE lease.owner = excluded.owner OR lease.expires <= ?`;
    const now = Date.now();
    return connection.run(text, name, owner, now + ms, now) === 1;
  },
  secret: (name: string): Uint8Array => {
    connection.run('INSERT OR IGNORE INTO secret (name, bytes) VALUES (?, ?)', name, randomBytes(32));
    const bytes = connection.row(sql`SELECT bytes FROM secret WHERE name = ${name}`)?.[0];
    if (bytes instanceof Uint8Array) return bytes;
    throw new Error(`The secret ${name} is not in the store.`);
  },
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

function nextGroup(): readonly Queued[] {
  let characters = 0;
  let end = 0;
  while (end < queue.length && end < transactionsPerGroup && characters < charactersPerGroup) {
    const [, method, argument] = queue[end]?.call ?? [];
    if (method === 'transact') characters += (argument as PackedTransaction).size;
    end += 1;
  }
  return queue.splice(0, end);
}

function perform([id, method, argument]: Call): CallResult {
  try {
    const work = methods[method as keyof WriterMethods] as (argument: unknown) => unknown;
    return [id, true, work(argument)];
  } catch (error) {
    if (error instanceof SavepointFailure || !connection.db.isTransaction) throw error;
    return [id, false, error];
  }
}

/** One commit, and one sync of the disk, for the whole group. If that fails, nothing of the group happened. */
function commit(group: readonly Queued[]): readonly CallResult[] {
  try {
    connection.db.exec('BEGIN IMMEDIATE');
    transactor.begin();
    const answers = group.map(({ call }) => perform(call));
    connection.db.exec('COMMIT');
    names.committed();
    return answers;
  } catch (error) {
    if (connection.db.isTransaction) connection.db.exec('ROLLBACK');
    names.rolledBack();
    return group.map(({ call: [id] }) => [id, false, error]);
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
