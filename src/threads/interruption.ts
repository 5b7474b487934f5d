import { threadId } from 'node:worker_threads';

/**
 * What a task of a thread shares with who started it: three numbers. The first holds how many commits of the task are under way, and
 * whether the task is to end; once that is said no commit begins, and when none is under way the thread itself may be ended. The second
 * says which thread does it, the third how many commits it began.
 */
export type TaskState = Int32Array<SharedArrayBuffer>;

const asked = 1 << 30;

/** What a task rejects with that was asked to end. */
export class Interrupted extends Error {
  override readonly name = 'AbortError';
}

export function newTaskState(): TaskState {
  return new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
}

/** Asks a task to end. */
export function interrupt(state: TaskState): void {
  Atomics.or(state, 0, asked);
}

/** Whether nothing is lost if the thread of a task that was asked to end is ended now; it stays so. */
export function mayBeEnded(state: TaskState): boolean {
  return Atomics.load(state, 0) === asked;
}

/** That of the task which this thread is at. */
let current: TaskState | undefined;

/** In a thread, when a task begins: there is one at a time. */
export function beginTask(state: TaskState): void {
  current = state;
  Atomics.store(state, 1, threadId);
}

/** The number of the thread that does a task; 0 before one begins it. */
export function threadOf(state: TaskState): number {
  return Atomics.load(state, 1);
}

/** Whether a task began to change what is stored. */
export function mayHaveCommitted(state: TaskState): boolean {
  return Atomics.load(state, 2) > 0;
}

/** Whether the task that this thread is at was asked to end; never outside of a task. */
export function isInterrupted(): boolean {
  return current !== undefined && (Atomics.load(current, 0) & asked) !== 0;
}

/** Throws Interrupted where the task of this thread was asked to end. */
export function throwIfInterrupted(): void {
  if (isInterrupted()) throw new Interrupted('Nobody waits for it any more.');
}

/** A commit: either it does not begin, or the thread lives until its outcome is known. */
export async function uninterrupted<T>(commit: () => Promise<T>): Promise<T> {
  const state = current;
  if (state === undefined) return commit();
  for (;;) {
    const before = Atomics.load(state, 0);
    if ((before & asked) !== 0) throw new Interrupted('Nobody waits for it any more.');
    if (Atomics.compareExchange(state, 0, before, before + 1) === before) break;
  }
  Atomics.add(state, 2, 1);
  try {
    return await commit();
  } finally {
    Atomics.sub(state, 0, 1);
  }
}
