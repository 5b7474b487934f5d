import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Failure, fail, type Outcome } from '#errors';
import { asExceeded, Exceeded, heapMargin, type TaskBounds, watch } from './bounds.ts';
import { FairQueue } from './fair-queue.ts';
import {
  beginTask,
  interrupt,
  mayBeEnded,
  mayHaveCommitted,
  newTaskState,
  type TaskState,
  threadOf,
} from './interruption.ts';
import { letOthersGoFirst } from './priority.ts';
import { type Task, type TaskHandler, type TaskHandlers, Transferred } from './task.ts';

/** How a task is to be run. */
export interface RunOptions {
  /** Who asked: tasks of one client wait behind each other, those of others do not. */
  readonly client: string;
  /**
   * Ends the task: it is asked to end, and soon after its thread is ended, and another takes its place. A commit that is under way is
   * waited for.
   */
  readonly signal?: AbortSignal | undefined;
  /** Memory of the input that goes over instead of being copied. */
  readonly transfer?: readonly Transferable[];
  /** It may take minutes: one thread stays free of such tasks, if there are several. */
  readonly long?: boolean;
  /** Of tasks that name the same, one at a time has a thread. */
  readonly lane?: string;
  /** What it may take: beyond it, its thread is ended, and it rejects with `Exceeded`. */
  readonly bounds?: TaskBounds;
  /** Bytes that it works on. */
  readonly weight?: number;
}

export interface PoolOptions {
  /** The module that a thread runs: its export `runTask` is what `taskRunner` gives. */
  readonly file: URL;
  /** Given to each thread when it starts. */
  readonly workerData: unknown;
  readonly threads: number;
  /** Tasks that may wait; those of one client take at most half of the places, and of what others leave. */
  readonly maxQueue: number;
  /** Megabytes of a thread's heap, where its tasks are bounded, and of its stack; what V8 thinks fit unless told. */
  readonly memory?: { readonly heap: number; readonly stack: number };
  /** Bytes that tasks under way may work on together; one alone may exceed it. What is light does not count. */
  readonly maxWeight: number;
  /** What goes with each task, so that a thread can reach what only the main thread has; `transfer` are ports in it. */
  readonly attach: () => { readonly ticket: unknown; readonly transfer: readonly Transferable[] };
}

/** A task on its way to a thread. */
interface TaskMessage {
  readonly name: string;
  readonly input: unknown;
  readonly ticket: unknown;
  readonly state: TaskState;
}

/** Failure is a class, which no copy between threads keeps. */
type TaskReply = { readonly result: unknown } | { readonly issues: Failure['issues'] };

interface WaitingTask {
  readonly client: string;
  readonly long: boolean;
  readonly lane: string | undefined;
  readonly weight: number;
  /** Gives what tells the caller how it ended. */
  readonly start: () => Promise<() => void>;
}

/** Bytes below which a task is light: any number of them take little memory beside each other. */
const light = 1024 * 1024;

/** Milliseconds that a task has to end by itself: a thread that has to be ended takes half a second of work to replace. */
const patience = 200;

/**
 * Milliseconds after which a task is ended though a commit of it is under way. By then the commit has been made, and the task does something
 * else that hears of nothing; whoever is told of its end learns that something may be stored.
 */
const commitPatience = 600;

/** Milliseconds without work after which a thread ends, and its memory is given back. */
const idleTimeout = 60_000;

// A small young generation, as in the threads of the store: each would keep 50 MB otherwise.
const maxYoungGenerationSizeMb = 16;

/** Threads that start when they are needed, one task at a time in each, behind a queue that is fair between clients. */
export class ThreadPool {
  readonly #options: PoolOptions;
  readonly #piscina: Piscina;
  readonly #queue = new FairQueue<WaitingTask>();
  readonly #closing = new AbortController();
  /** What the threads are at. */
  readonly #running = new Set<WaitingTask>();
  #begun = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { memory } = options;
    const more = memory && { maxOldGenerationSizeMb: memory.heap + heapMargin, stackSizeMb: memory.stack };
    this.#piscina = new Piscina<TaskMessage, TaskReply>({
      filename: options.file.href,
      name: 'runTask',
      workerData: options.workerData,
      minThreads: 0,
      maxThreads: options.threads,
      idleTimeout,
      resourceLimits: { maxYoungGenerationSizeMb, ...more },
      // Flags of the main thread (a test runner's loaders, an inspector) are not for the others.
      execArgv: [],
      // Handlers are asynchronous and have ports of their own, which must be heard between tasks too.
      atomics: 'disabled',
    });
    // A thread that was lost between tasks failed nobody; the next task starts another.
    this.#piscina.on('error', () => undefined);
  }

  /**
   * The result, or the task's own failure; `pool-full` (503) where too many wait, `shutting-down` (503) where the pool is closed.
   * Rejects at a defect, where the thread was lost, with the signal's reason where it was aborted, and with `Exceeded`.
   */
  run<Input, Result>(task: Task<Input, Result>, input: Input, options: RunOptions): Promise<Outcome<Result>> {
    const { maxQueue } = this.#options;
    const { client, long = false, lane } = options;
    const { weight: bytes = 0 } = options;
    const weight = bytes < light ? 0 : bytes;
    if (this.#queue.isFull(client, maxQueue) && !this.#hasThreadFor({ client, long, lane, weight }))
      return Promise.resolve(fail('pool-full', { found: this.#queue.size, expected: maxQueue }));
    const closing = this.#closing.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing;
    return new Promise((resolve, reject) => {
      const start = (): Promise<() => void> => {
        signal.removeEventListener('abort', leave);
        return this.#send(task.name, input, signal, options).then(
          (result) => () => resolve(result as Outcome<Result>),
          (error) => () => (signal.aborted ? leave() : reject(error)),
        );
      };
      const waiting = { client, long, lane, weight, start };
      const leave = (): void => {
        this.#queue.remove(client, waiting);
        if (closing.aborted) resolve(fail('shutting-down', {}));
        else reject(signal.reason);
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(client, waiting);
      this.#startNext();
    });
  }

  /** Tasks that were begun so far, those under way, and those that wait. */
  get counts(): { readonly begun: number; readonly running: number; readonly waiting: number } {
    return { begun: this.#begun, running: this.#running.size, waiting: this.#queue.size };
  }

  /** Ends all threads; what runs or waits is refused. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#piscina.destroy();
  }

  /**
   * Whether a task would not wait: whatever waits before it could not start, and so needs what it does not need. Of several threads no
   * client has all, and none is without one that is free of long tasks.
   */
  #hasThreadFor({ client, long, lane, weight }: Omit<WaitingTask, 'start'>): boolean {
    const { threads, maxWeight } = this.#options;
    const most = Math.max(1, threads - 1);
    const running = [...this.#running];
    if (running.length >= threads || running.filter((task) => task.client === client).length >= most) return false;
    if (long && running.filter((task) => task.long).length >= most) return false;
    if (lane !== undefined && running.some((task) => task.lane === lane)) return false;
    const heavy = running.reduce((sum, task) => sum + task.weight, 0);
    return weight === 0 || heavy === 0 || heavy + weight <= maxWeight;
  }

  #startNext(): void {
    while (this.#running.size < this.#options.threads) {
      let isReserved = false;
      const next = this.#queue.shift((task) => {
        // Those behind a heavy one would take its room for ever.
        if (isReserved && task.weight > 0) return false;
        const may = this.#hasThreadFor(task);
        if (!may && this.#hasThreadFor({ ...task, weight: 0 })) isReserved = true;
        return may;
      });
      if (next === undefined) return;
      this.#running.add(next);
      this.#begun += 1;
      void next.start().then((tell) => {
        // Before the caller is told: it may ask for more at once.
        this.#running.delete(next);
        tell();
        this.#startNext();
      });
    }
  }

  async #send(
    name: string,
    input: unknown,
    signal: AbortSignal,
    { transfer: memory = [], bounds }: RunOptions,
  ): Promise<Outcome<unknown>> {
    const { ticket, transfer } = this.#options.attach();
    const state = newTaskState();
    const message: TaskMessage = { name, input, ticket, state };
    const ending = new AbortController();
    const worker = () => this.#piscina.threads.find((thread) => thread.threadId === threadOf(state));
    let exceeded: keyof TaskBounds | undefined;
    const end = (): void => ending.abort(signal.reason);
    const ender = new TaskEnder(state, end);
    const ask = (): void => ender.ask();
    const stopWatching =
      bounds &&
      watch(bounds, worker, (what) => {
        exceeded = what;
        // What takes too much memory is not asked to end: it would go on taking meanwhile.
        if (what === 'memory') end();
        else ask();
      });
    signal.addEventListener('abort', ask, { once: true });
    try {
      const transferList = [...transfer, ...memory];
      const reply: TaskReply = await this.#piscina.run(message, { signal: ending.signal, transferList });
      return 'issues' in reply ? new Failure(reply.issues) : reply.result;
    } catch (error) {
      throw exceeded === undefined ? asExceeded(error) : new Exceeded(exceeded, mayHaveCommitted(state));
    } finally {
      stopWatching?.();
      signal.removeEventListener('abort', ask);
      ender.stop();
    }
  }
}

/** Asks a task to end, and ends its thread where that does not help. */
class TaskEnder {
  readonly #state: TaskState;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: TaskState, end: () => void) {
    this.#state = state;
    this.#end = end;
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    interrupt(this.#state);
    let waited = 0;
    this.#timer = setInterval(() => {
      waited += patience;
      if (mayBeEnded(this.#state) || waited >= commitPatience) this.#end();
    }, patience);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** What a thread of the pool exports as `runTask`; `handlersOf` gives what the thread can do, with what came attached to the task. */
export function taskRunner(handlersOf: (ticket: unknown) => TaskHandlers): (message: TaskMessage) => Promise<unknown> {
  letOthersGoFirst();
  return async ({ name, input, ticket, state }) => {
    beginTask(state);
    const handlers = handlersOf(ticket);
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (handler === undefined) throw new Error(`No thread does the task ${name}`);
    const result = await (handler as TaskHandler<unknown, unknown>)(input);
    if (result instanceof Failure) return { issues: result.issues };
    if (!(result instanceof Transferred)) return { result };
    const reply: TaskReply = { result: result.result };
    return Piscina.move({ [Piscina.transferableSymbol]: [...result.transfer], [Piscina.valueSymbol]: reply } as never);
  };
}
