import type { Worker } from 'node:worker_threads';

/** What a task may take. */
export interface TaskBounds {
  /** Milliseconds in its thread; what it waits for one does not count. */
  readonly time?: number;
  /** Megabytes of its thread's heap, with what is garbage there and not collected yet, and of what the heap refers to. */
  readonly memory?: number;
  /** Milliseconds of its thread's processor time. */
  readonly work?: number;
}

/** A task took more than it may, and its thread was ended. */
export class Exceeded extends Error {
  readonly what: keyof TaskBounds;
  /** It began to change what is stored, and nobody can tell how far that came. */
  readonly mayHaveCommitted: boolean;
  constructor(what: keyof TaskBounds, mayHaveCommitted = false) {
    super(`the task took more ${what} than it may`);
    this.what = what;
    this.mayHaveCommitted = mayHaveCommitted;
  }
}

/** Milliseconds between two looks at a heap: it grows by less than 100 MB meanwhile. */
const lookEvery = 50;

const megabyte = 1024 * 1024;

/**
 * What lets a thread's heap grow past the bound of its task by one step of the work, in which nobody can look at it. At its own limit V8 may
 * end the whole process (a single allocation that has no room), so that a thread is to be ended well before it.
 */
export const heapMargin = 2048;

/** Calls `exceed` once when a task takes more than it may, until what is answered is called. `worker` is its thread, once it runs. */
export function watch(
  { time, memory, work }: TaskBounds,
  worker: () => Worker | undefined,
  exceed: (what: keyof TaskBounds) => void,
): () => void {
  const timer = time === undefined ? undefined : setTimeout(() => exceed('time'), time);
  let watched = true;
  /** Of its thread when it was first looked at. */
  let workBefore: number | undefined;
  // A thread answers also while it is at work; one that ends meanwhile does not.
  const isTooLarge = async (most: number): Promise<boolean> => {
    const heap = await worker()?.getHeapStatistics();
    return heap !== undefined && heap.total_heap_size + heap.external_memory > most * megabyte;
  };
  const isTooMuch = async (most: number): Promise<boolean> => {
    const used = await worker()?.cpuUsage();
    if (used === undefined) return false;
    const now = (used.user + used.system) / 1_000;
    workBefore ??= now;
    return now - workBefore > most;
  };
  const look = async (): Promise<void> => {
    const [large, much] = await Promise.all([
      memory !== undefined && isTooLarge(memory),
      work !== undefined && isTooMuch(work),
    ]).catch(() => [false, false]);
    if (!watched) return;
    if (large || much) exceed(large ? 'memory' : 'work');
    else next = setTimeout(() => void look(), lookEvery);
  };
  let next = setTimeout(() => void look(), lookEvery);
  return () => {
    watched = false;
    clearTimeout(timer);
    clearTimeout(next);
  };
}

/** The same where V8 itself ended the thread. */
export function asExceeded(error: unknown): unknown {
  const { code } = error as { readonly code?: unknown };
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? new Exceeded('memory') : error;
}
