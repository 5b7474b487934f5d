import { type Callee, type CallOptions, type Calls, type Methods, ThreadLost } from './calls.ts';
import { FairQueue } from './fair-queue.ts';

/** Too many calls wait. */
export class CallQueueFull extends Error {
  readonly waiting: number;
  readonly places: number;
  constructor(waiting: number, places: number) {
    super(`${waiting} calls wait, of at most ${places}`);
    this.waiting = waiting;
    this.places = places;
  }
}

/** Milliseconds after which a call makes room for others that wait. */
const slice = 100;

/** What the server itself asks for. */
const server = '';

interface FairCall {
  readonly client: string;
  readonly method: string;
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether nobody waits for it any more. */
  readonly isLeft: () => boolean;
  /** It took a slice while others waited. It is not told to make room again. */
  isLong: boolean;
}

/** A thread, and the call that it is at. */
interface Lane<M extends Methods> {
  readonly calls: Calls<M>;
  call: FairCall | undefined;
  /** `performance.now()` when it was sent. */
  begun: number;
  /** The thread was told to leave it. */
  isStopped: boolean;
}

/**
 * Calls to threads that all do the same, one at a time in each, behind a queue that is bounded and fair between clients. A call that takes
 * long while others wait is stopped, once, and begins anew among the long ones, which leave a thread to the others: so calls must change
 * nothing. A call that is aborted leaves the queue, or its thread is told.
 */
export class FairCalls<M extends Methods> implements Callee<M> {
  readonly #lanes: readonly Lane<M>[];
  readonly #places: number;
  readonly #queue = new FairQueue<FairCall>();
  /** Clients whose last call was stopped while others waited: the next is taken for a long one. */
  readonly #slow = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** What waits for an end of all calls. */
  #idle: (() => void)[] = [];
  #ended = false;

  /** `places` is how many calls may wait; those of one client take at most half of them, and of what others leave. */
  constructor(threads: readonly Calls<M>[], places: number) {
    this.#lanes = threads.map((calls) => ({ calls, call: undefined, begun: 0, isStopped: false }));
    this.#places = places;
  }

  get load(): number {
    return this.#queue.size + this.#lanes.filter(({ call }) => call !== undefined).length;
  }

  /**
   * Rejects with what the thread threw, with the reason of a signal, with ThreadLost, and with CallQueueFull where too many wait; the server
   * itself may always wait.
   */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    { signal, client = server }: CallOptions = {},
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended || signal?.aborted === true) {
        reject(this.#ended ? new ThreadLost('The store is closed.') : signal?.reason);
        return;
      }
      const made = { client, method, argument, isLong: false, resolve: resolve as FairCall['resolve'], reject };
      const call = signal === undefined ? { ...made, isLeft: () => false } : this.#abortable(made, signal);
      const lane = this.#queue.size === 0 ? this.#laneFor(call) : undefined;
      if (lane !== undefined) this.#start(lane, call);
      else if (client !== server && this.#queue.isFull(client, this.#places)) {
        call.reject(new CallQueueFull(this.#queue.size, this.#places));
      } else {
        this.#queue.push(client, call);
        this.#startWaiting();
      }
    });
  }

  async callEach<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<unknown> {
    if (this.load > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    return Promise.all(this.#lanes.map(({ calls }) => calls.call(method, argument)));
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    const closed = new ThreadLost('The store is closed.');
    for (let call = this.#queue.shift(() => true); call !== undefined; call = this.#queue.shift(() => true)) {
      call.reject(closed);
    }
    await Promise.all(this.#lanes.map(({ calls }) => calls.end()));
  }

  #abortable(made: Omit<FairCall, 'isLeft'>, signal: AbortSignal): FairCall {
    const leave = (): void => {
      const lane = this.#lanes.find((at) => at.call === call);
      if (lane === undefined) this.#queue.remove(call.client, call);
      else this.#stop(lane);
      made.reject(signal.reason);
    };
    const settled = (settle: (value: unknown) => void) => (value: unknown) => {
      signal.removeEventListener('abort', leave);
      settle(value);
    };
    const call: FairCall = {
      ...made,
      isLeft: () => signal.aborted,
      resolve: settled(made.resolve),
      reject: settled(made.reject),
    };
    signal.addEventListener('abort', leave, { once: true });
    return call;
  }

  /** A free thread that may take it. */
  #laneFor(call: FairCall): Lane<M> | undefined {
    return this.#mayStart(call) ? this.#lanes.find((lane) => lane.call === undefined) : undefined;
  }

  /** Long calls leave a thread to the others, if there are several. */
  #mayStart({ isLong, client }: FairCall): boolean {
    if (!isLong && !this.#slow.has(client)) return true;
    let long = 0;
    for (const { call } of this.#lanes) if (call?.isLong === true) long += 1;
    return long < Math.max(1, this.#lanes.length - 1);
  }

  #start(lane: Lane<M>, call: FairCall): void {
    call.isLong ||= this.#slow.has(call.client);
    lane.call = call;
    lane.begun = performance.now();
    lane.isStopped = false;
    lane.calls.call(call.method, call.argument as Parameters<M[string]>[0]).then(
      (value) => {
        this.#free(lane, call);
        call.resolve(value);
        this.#startWaiting();
      },
      (error) => {
        const isStopped = this.#free(lane, call) && !this.#ended;
        if (call.isLeft() || !isStopped) call.reject(error);
        else this.#queue.push(call.client, call);
        this.#startWaiting();
      },
    );
  }

  /** Whether the call of the thread was to make room. */
  #free(lane: Lane<M>, { client }: FairCall): boolean {
    lane.call = undefined;
    if (!lane.isStopped && performance.now() - lane.begun < slice) this.#slow.delete(client);
    return lane.isStopped;
  }

  #startWaiting(): void {
    for (const lane of this.#lanes) {
      if (lane.call !== undefined) continue;
      const next = this.#queue.shift((call) => this.#mayStart(call));
      if (next === undefined) break;
      this.#start(lane, next);
    }
    if (this.#queue.size > 0) {
      this.#makeRoom();
      return;
    }
    this.#slow.clear();
    if (this.#idle.length === 0 || this.load > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #stop(lane: Lane<M>): void {
    lane.isStopped = true;
    lane.calls.stopLast();
  }

  /** Stops the call that has run longest, if it had its slice and another client's could be made instead; else looks again in time. */
  #makeRoom(): void {
    let oldest: Lane<M> | undefined;
    for (const lane of this.#lanes) {
      // One at a time: what waits goes on when its thread has heard.
      if (lane.call === undefined || lane.isStopped) return;
      if (!lane.call.isLong && (oldest === undefined || lane.begun < oldest.begun)) oldest = lane;
    }
    if (oldest?.call === undefined) return;
    const { client } = oldest.call;
    const left = oldest.begun + slice - performance.now();
    if (left <= 0 && this.#queue.some((call) => call.client !== client && this.#mayStart(call))) {
      oldest.call.isLong = true;
      this.#slow.add(client);
      this.#stop(oldest);
      return;
    }
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#queue.size > 0) this.#makeRoom();
      },
      left > 0 ? left : slice,
    ).unref();
  }
}
