import type { Worker } from 'node:worker_threads';

/** What a task may take. */
export interface TaskBounds {
  /** Milliseconds in its thread; what it waits for one does not count. */
  readonly time: number;
  /** Megabytes of its thread's heap, with what is garbage there and not collected yet, and of what the heap refers to. */
  readonly memory: number;
}

/** A task took more than it may, and its thread was ended. */
export class Exceeded extends Error {
  readonly what: keyof TaskBounds;
  constructor(what: keyof TaskBounds) {
    super(`the task took more ${what} than it may`);
    this.what = what;
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
  { time, memory }: TaskBounds,
  worker: () => Worker | undefined,
  exceed: (reason: Exceeded) => void,
): () => void {
  const timer = setTimeout(() => exceed(new Exceeded('time')), time);
  let watched = true;
  const look = async (): Promise<void> => {
    // A thread answers also while it is at work; one that ends meanwhile does not.
    const heap = await worker()
      ?.getHeapStatistics()
      .catch(() => undefined);
    if (!watched) return;
    if (heap !== undefined && heap.total_heap_size + heap.external_memory > memory * megabyte) {
      exceed(new Exceeded('memory'));
    } else next = setTimeout(() => void look(), lookEvery);
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
