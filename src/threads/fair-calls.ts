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

/** A thread as it is needed here. */
export type CalledThread<M extends Methods> = Pick<Calls<M>, 'call' | 'post' | 'stop' | 'end'>;

/** Milliseconds between two looks at what is under way. Time is counted in looks: nobody is stopped because this thread stood still. */
const looking = 10;

/** Looks that go by at once while nothing waits: each wakes this thread. */
const unhurried = 5;

/** Looks that a call has before it makes room for others, by its level: 0.1 s, 1 s, 5 s, and what it takes. */
const slices = [10, 100, 500, Number.POSITIVE_INFINITY] as const;

/** The level from which on calls leave a thread to the others, if there are several. */
const longLevel = 2;

/** Calls that a thread has at hand, so that it need not wait for the next: the answer of one wakes this thread, which has more to do. */
const atHand = 8;

/** Looks after which what is at hand behind a call goes back to the queue. */
const patience = 2;

/** What the server itself asks for. */
const server = '';

interface FairCall {
  readonly client: string;
  readonly method: string;
  readonly argument: unknown;
  readonly options: CallOptions;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Among the slices. */
  level: number;
  isSettled: boolean;
  /** Stops listening to its signal. */
  unlisten: () => void;
}

/** A call on its way, by its number in its thread. */
interface SentCall {
  readonly call: FairCall;
  id: number;
}

/** A thread, and the calls that it has: it is at the first. */
interface Lane<M extends Methods> {
  readonly calls: CalledThread<M>;
  /** The level from which on it takes no calls. */
  readonly below: number;
  readonly sent: SentCall[];
  /** Since it began the first, as far as is known here. */
  looks: number;
  /** The thread was told to leave the first. */
  isStopped: boolean;
}

/**
 * Calls to threads that all do the same, one at a time, behind a queue that is bounded and fair between clients. A few short ones are at
 * hand in a thread, and go back to the queue where the one before them takes longer. A call whose slice is over while another client's
 * waits that has had no more is stopped, and begins anew with a longer slice: so calls must change nothing. A call that is aborted leaves
 * the queue, or its thread is told.
 */
export class FairCalls<M extends Methods> implements Callee<M> {
  readonly #lanes: readonly Lane<M>[];
  readonly #places: number;
  readonly #queue = new FairQueue<FairCall>();
  /** Those made since the last look, without those that were answered: what they hold would outlive them. */
  #young = new Set<FairCall>();
  /** Whether it is the turn of those that have had the least where long calls go. */
  #shortNext = false;
  #timer: NodeJS.Timeout | undefined;
  /** Looks that have gone by when it fires. */
  #coming = 0;
  /** What waits for an end of all calls. */
  #idle: (() => void)[] = [];
  #ended = false;

  /** `places` is how many calls may wait; those of one client take at most half of them, and of what others leave. */
  constructor(threads: readonly CalledThread<M>[], places: number) {
    const reserved = threads.length > 1 ? threads.length - 1 : undefined;
    this.#lanes = threads.map((calls, i) => {
      return { calls, below: i === reserved ? longLevel : slices.length, sent: [], looks: 0, isStopped: false };
    });
    this.#places = places;
  }

  get load(): number {
    let sum = this.#queue.size;
    for (const { sent } of this.#lanes) sum += sent.length;
    return sum;
  }

  /**
   * Rejects with what the thread threw, with the reason of a signal, with ThreadLost, and with CallQueueFull where too many wait; the server
   * itself may always wait. A signal is listened to only of calls that are not answered soon: it has its price, and a quick call is over
   * before anybody could leave.
   */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    options: CallOptions = {},
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new ThreadLost('The store is closed.'));
        return;
      }
      const { client = server, signal } = options;
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const call: FairCall = {
        client,
        method,
        argument,
        options,
        resolve: resolve as FairCall['resolve'],
        reject,
        level: 0,
        isSettled: false,
        unlisten: () => this.#young.delete(call),
      };
      const lane = this.#queue.size === 0 ? this.#lanes.find(({ sent }) => sent.length === 0) : undefined;
      if (lane === undefined && client !== server && this.#queue.isFull(client, this.#places)) {
        reject(new CallQueueFull(this.#queue.size, this.#places));
        return;
      }
      this.#young.add(call);
      if (lane !== undefined) this.#send(lane, call);
      else {
        this.#queue.push(client, call);
        this.#startWaiting();
      }
      this.#lookSoon();
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
      settle(call).reject(closed);
    }
    await Promise.all(this.#lanes.map(({ calls }) => calls.end()));
  }

  #listen(call: FairCall): void {
    const { signal } = call.options;
    if (call.isSettled || signal === undefined) return;
    const leave = (): void => {
      if (!this.#queue.remove(call.client, call)) this.#recall(call);
      settle(call).reject(signal.reason);
    };
    if (signal.aborted) leave();
    else {
      signal.addEventListener('abort', leave, { once: true });
      call.unlisten = () => signal.removeEventListener('abort', leave);
    }
  }

  #send(lane: Lane<M>, call: FairCall): void {
    if (lane.sent.length === 0) lane.looks = 0;
    const sent: SentCall = { call, id: 0 };
    lane.sent.push(sent);
    sent.id = lane.calls.post(call.method, call.argument as Parameters<M[string]>[0], {
      resolve: (value) => {
        if (this.#free(lane, sent) !== undefined) settle(call).resolve(value);
        this.#startWaiting();
      },
      reject: (error) => {
        if (error instanceof ThreadLost) this.#callBack(lane);
        const isStopped = this.#free(lane, sent);
        if (isStopped === true && !call.isSettled && !this.#ended) this.#queue.push(call.client, call);
        else if (isStopped !== undefined) settle(call).reject(error);
        this.#startWaiting();
      },
    });
  }

  /** Whether the call was to make room; undefined if it has gone back to the queue. */
  #free(lane: Lane<M>, sent: SentCall): boolean | undefined {
    const place = lane.sent.indexOf(sent);
    if (place < 0) return undefined;
    lane.sent.splice(place, 1);
    const { isStopped } = lane;
    lane.isStopped = false;
    lane.looks = 0;
    return isStopped;
  }

  #startWaiting(): void {
    if (this.#queue.size === 0) {
      if (this.#idle.length > 0) this.#tellIdle();
      return;
    }
    for (const lane of this.#lanes) {
      if (lane.sent.length > 0) continue;
      const next = this.#next(lane);
      if (next !== undefined) this.#send(lane, next);
    }
    for (const lane of this.#lanes) {
      // Several at once, since each message has its price.
      if (lane.sent.length > 1) continue;
      while (this.#queue.size > 0 && hasRoom(lane)) {
        const next = this.#queue.shift(({ level }) => level === 0);
        if (next === undefined) break;
        this.#send(lane, next);
      }
    }
  }

  /**
   * What a free thread begins: of those that have had the least the one whose client's turn it is. Where long ones go it is every other time
   * one that was stopped, so that these come to their end however many short ones there are.
   */
  #next({ below }: Lane<M>): FairCall | undefined {
    if (below === slices.length) {
      this.#shortNext = !this.#shortNext;
      const stopped = this.#shortNext ? undefined : this.#queue.shift(({ level }) => level > 0);
      if (stopped !== undefined) return stopped;
    }
    for (let least = 0; least < below; least++) {
      const next = this.#queue.shift(({ level }) => level === least);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  #tellIdle(): void {
    if (this.load > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #lookSoon(): void {
    const isHurried = this.#queue.size > 0 || this.#lanes.some(({ sent }) => sent.length > 1);
    const looks = isHurried ? 1 : unhurried;
    if (this.#timer !== undefined && this.#coming <= looks) return;
    clearTimeout(this.#timer);
    this.#coming = looks;
    this.#timer = setTimeout(() => this.#look(), looks * looking).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const young = this.#young;
    this.#young = new Set();
    for (const call of young) this.#listen(call);
    for (const lane of this.#lanes) {
      lane.looks += this.#coming;
      if (lane.looks >= patience) this.#callBack(lane);
    }
    this.#startWaiting();
    if (this.#queue.size > 0) this.#makeRoom();
    if (this.load > 0) this.#lookSoon();
  }

  /** What a thread has at hand goes back to the queue, so that it waits for no single thread. */
  #callBack(lane: Lane<M>): void {
    if (lane.sent.length < 2) return;
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

  /** Stops the call that has run longest of those that have to make room. */
  #makeRoom(): void {
    let oldest: Lane<M> | undefined;
    for (const lane of this.#lanes) {
      // One at a time: what waits goes on when its thread has heard.
      if (lane.sent.length === 0 || lane.isStopped) return;
      if (this.#hasToMakeRoom(lane) && (oldest === undefined || lane.looks > oldest.looks)) oldest = lane;
    }
    const call = oldest?.sent[0]?.call;
    if (oldest === undefined || call === undefined) return;
    const { looks } = oldest;
    call.level = slices.findIndex((slice) => slice > looks);
    this.#stop(oldest);
  }

  /** Whether it had its slice, and that of another client's call that it could make instead. */
  #hasToMakeRoom({ sent, looks, below }: Lane<M>): boolean {
    const call = sent[0]?.call;
    if (call === undefined || looks < (slices[call.level] ?? 0)) return false;
    return this.#queue.some(
      ({ client, level }) => client !== call.client && level < below && looks >= (slices[level] ?? 0),
    );
  }
}

/** Whether a thread has calls at hand, and room for one more: behind one that may take long nothing waits. */
function hasRoom({ sent, looks, isStopped }: Pick<Lane<Methods>, 'sent' | 'looks' | 'isStopped'>): boolean {
  const [first] = sent;
  return first?.call.level === 0 && !isStopped && looks < patience && sent.length < atHand;
}

/** From now on nobody waits for it. */
function settle(call: FairCall): FairCall {
  call.isSettled = true;
  call.unlisten();
  return call;
}
