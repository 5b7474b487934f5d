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

/** Calls that a thread has at hand, so that it need not wait for the next: the answer of one wakes this thread, which has more to do. */
const atHand = 8;

/** Milliseconds after which what is at hand behind a call goes back to the queue. */
const patience = 10;

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

/** A call on its way, by its number in its thread. */
interface SentCall {
  readonly call: FairCall;
  readonly id: number;
}

/** A thread, and the calls that it has: it is at the first. */
interface Lane<M extends Methods> {
  readonly calls: Calls<M>;
  readonly sent: SentCall[];
  /** `performance.now()` when it began the first, as far as is known here. */
  begun: number;
  /** The thread was told to leave the first. */
  isStopped: boolean;
}

/**
 * Calls to threads that all do the same, one at a time, behind a queue that is bounded and fair between clients. A few short ones are at
 * hand in a thread, and go back to the queue where the one before them takes longer. A call that takes long while others wait is stopped,
 * once, and begins anew among the long ones, which leave a thread to the others: so calls must change nothing. A call that is aborted
 * leaves the queue, or its thread is told.
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
    this.#lanes = threads.map((calls) => ({ calls, sent: [], begun: 0, isStopped: false }));
    this.#places = places;
  }

  get load(): number {
    return this.#lanes.reduce((sum, { sent }) => sum + sent.length, this.#queue.size);
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
      if (lane !== undefined) this.#send(lane, call);
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
      if (!this.#queue.remove(call.client, call)) this.#recall(call);
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
    return this.#mayStart(call) ? this.#lanes.find(({ sent }) => sent.length === 0) : undefined;
  }

  /** Long calls leave a thread to the others, if there are several. */
  #mayStart({ isLong, client }: FairCall): boolean {
    if (!isLong && !this.#slow.has(client)) return true;
    let long = 0;
    for (const { sent } of this.#lanes) if (sent[0]?.call.isLong === true) long += 1;
    return long < Math.max(1, this.#lanes.length - 1);
  }

  /** Whether a thread has calls at hand, and room for one more: behind a long one nothing waits. */
  #hasRoom({ sent, begun, isStopped }: Lane<M>): boolean {
    const [first] = sent;
    if (first === undefined || first.call.isLong || isStopped) return false;
    return sent.length < atHand && performance.now() - begun < patience;
  }

  #send(lane: Lane<M>, call: FairCall): void {
    call.isLong ||= this.#slow.has(call.client);
    if (lane.sent.length === 0) lane.begun = performance.now();
    const answer = lane.calls.call(call.method, call.argument as Parameters<M[string]>[0]);
    const sent: SentCall = { call, id: lane.calls.last };
    lane.sent.push(sent);
    answer.then(
      (value) => {
        if (this.#free(lane, sent) !== undefined) call.resolve(value);
        this.#startWaiting();
      },
      (error) => {
        if (error instanceof ThreadLost) this.#callBack(lane);
        const isStopped = this.#free(lane, sent);
        if (isStopped === true && !call.isLeft() && !this.#ended) this.#queue.push(call.client, call);
        else if (isStopped !== undefined) call.reject(error);
        this.#startWaiting();
      },
    );
  }

  /** Whether the call was to make room; undefined if it has gone back to the queue. */
  #free(lane: Lane<M>, sent: SentCall): boolean | undefined {
    const place = lane.sent.indexOf(sent);
    if (place < 0) return undefined;
    lane.sent.splice(place, 1);
    const now = performance.now();
    const { isStopped } = lane;
    if (!isStopped && now - lane.begun < slice) this.#slow.delete(sent.call.client);
    lane.isStopped = false;
    lane.begun = now;
    return isStopped;
  }

  #startWaiting(): void {
    for (const lane of this.#lanes) {
      if (this.#queue.size === 0) break;
      if (lane.sent.length > 0) continue;
      const next = this.#queue.shift((call) => this.#mayStart(call));
      if (next !== undefined) this.#send(lane, next);
    }
    for (const lane of this.#lanes) {
      // Several at once, since each message has its price.
      if (lane.sent.length > 1) continue;
      while (this.#queue.size > 0 && this.#hasRoom(lane)) {
        const next = this.#queue.shift(({ isLong, client }) => !isLong && !this.#slow.has(client));
        if (next === undefined) break;
        this.#send(lane, next);
      }
    }
    if (this.#lanes.some(({ sent }) => sent.length > 1)) this.#lookIn(patience);
    if (this.#queue.size > 0) this.#makeRoom();
    else this.#rest();
  }

  /** Nothing waits in the queue. */
  #rest(): void {
    this.#slow.clear();
    if (this.#idle.length === 0 || this.load > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #lookIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      for (const lane of this.#lanes) if (now - lane.begun >= patience) this.#callBack(lane);
      this.#startWaiting();
    }, milliseconds).unref();
  }

  /** What a thread has at hand goes back to the queue, so that it waits for no single thread. */
  #callBack(lane: Lane<M>): void {
    for (const { call, id } of lane.sent.splice(1).reverse()) {
      lane.calls.stop(id);
      this.#queue.unshift(call.client, call);
    }
  }

  /** Has a thread leave a call whose caller has left. */
  #recall(call: FairCall): void {
    for (const lane of this.#lanes) {
      const place = lane.sent.findIndex((sent) => sent.call === call);
      if (place === 0) this.#stop(lane);
      else if (place > 0) for (const { id } of lane.sent.splice(place, 1)) lane.calls.stop(id);
    }
  }

  #stop(lane: Lane<M>): void {
    this.#callBack(lane);
    const [first] = lane.sent;
    if (first === undefined) return;
    lane.isStopped = true;
    lane.calls.stop(first.id);
  }

  /** Stops the call that has run longest, if it had its slice and another client's could be made instead; else looks again in time. */
  #makeRoom(): void {
    let oldest: Lane<M> | undefined;
    for (const lane of this.#lanes) {
      const [first] = lane.sent;
      // One at a time: what waits goes on when its thread has heard.
      if (first === undefined || lane.isStopped) return;
      if (!first.call.isLong && (oldest === undefined || lane.begun < oldest.begun)) oldest = lane;
    }
    const call = oldest?.sent[0]?.call;
    if (oldest === undefined || call === undefined) return;
    const { client } = call;
    const left = oldest.begun + slice - performance.now();
    if (left <= 0 && this.#queue.some((waiting) => waiting.client !== client && this.#mayStart(waiting))) {
      call.isLong = true;
      this.#slow.add(client);
      this.#stop(oldest);
      return;
    }
    this.#lookIn(left > 0 ? left : slice);
  }
}
