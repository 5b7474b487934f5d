import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';

/** The functions that a worker offers: one argument, which is copied, and a result that is copied back. */
export type Methods = Record<string, (argument: never) => unknown>;

/** Number of the call, method, argument. The calls of one turn travel in one message. */
export type Call = readonly [id: number, method: string, argument: unknown];

/** Number of the call, whether it went well, result or error. */
export type CallResult = readonly [id: number, ok: boolean, value: unknown];

/** Hears of the end of a call. */
export interface WaitingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread that answers calls is started with. */
export interface CalleeData<T> {
  readonly data: T;
  /** See `isAborted`. */
  readonly aborted: Int32Array;
}

/** The thread ended before it answered, by itself or at the end of the program. */
export class ThreadLost extends Error {}

/** Calls of one thread that are told apart by where they stand: of two this far apart one may miss its end, and goes on. */
const slots = 1024;

/** For the thread: whether the caller of a call has left. Of the calls of the thread that started this one. */
export function isAborted(aborted: Int32Array, id: number): boolean {
  return Atomics.load(aborted, id % slots) === id;
}

/** How a call is made. */
export interface CallOptions {
  /** Memory of the argument that goes over instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Takes the call back. The thread is told, and may end it. */
  readonly signal?: AbortSignal | undefined;
  /** Who asks, where calls wait for their turn: see FairCalls. Absent: the server itself. */
  readonly client?: string | undefined;
  /** Its answer is waited for, also when it was taken back: it may have been too late. */
  readonly certain?: boolean;
}

/** Who works: methods by name, and how much there is to do. */
export interface Callee<M extends Methods> {
  /** The calls not answered yet. */
  readonly load: number;
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<M[K]>>>;
  /** Makes a call of each thread, once it is done with what was asked before. */
  callEach<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<unknown>;
  end(): Promise<void>;
}

/** The other end: a thread of our own, or a port to one of another thread's. */
interface Peer {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: each event brings what it brings, as in Node's own declarations
  on(event: string, listener: (value: any) => void): unknown;
  end(): Promise<unknown>;
  readonly aborted?: Int32Array;
}

/** How a worker thread is started for these calls. */
export function worker(script: URL, data: unknown): () => Peer {
  return () => {
    const aborted = new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT));
    const workerData: CalleeData<unknown> = { data, aborted };
    // Flags of the main thread (a test runner's loaders, an inspector) are not for the workers.
    // A small young generation: what passes through is short-lived, and each thread would keep 50 MB for it otherwise.
    const started = new Worker(script, {
      workerData,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    });
    return Object.assign(started, { end: () => started.terminate(), aborted });
  };
}

/** The last of the ports that `Calls.connect` gave: once its thread is lost, so is the port, and another has to come. */
export class Port {
  #port: MessagePort | undefined;

  /** Takes a port where the one before was lost; closes it otherwise. */
  take(port: MessagePort): void {
    if (this.#port !== undefined) {
      port.close();
      return;
    }
    this.#port = port;
    port.on('close', () => {
      if (this.#port === port) this.#port = undefined;
    });
  }

  /** What `Calls` starts with. */
  readonly start = (): Peer => {
    const port = this.#port;
    if (port === undefined) throw new ThreadLost('The thread of the store is gone.');
    return Object.assign(port, { end: async () => port.close() });
  };
}

function lostBy(error: unknown): ThreadLost {
  return new ThreadLost(error instanceof Error ? error.message : String(error), { cause: error });
}

/** What asks a worker to answer calls that come through this port. */
export interface Connect {
  readonly port: MessagePort;
}

/**
 * The caller's end of a worker thread. If the thread dies, every call waiting fails with the reason, and the next one starts
 * another thread: the workers of this store keep no state that is not in the file.
 */
export class Calls<M extends Methods> implements Callee<M> {
  readonly #start: () => Peer;
  readonly #waiting = new Map<number, WaitingCall>();
  /** Undefined once it is lost. */
  #worker: Peer | undefined;
  #outbox: Call[] = [];
  #transfer: ArrayBuffer[] = [];
  #last = 0;
  #ended = false;

  constructor(start: () => Peer) {
    this.#start = () => this.#listen(start());
    this.#worker = this.#start();
  }

  #listen(peer: Peer): Peer {
    const lose = (reason: ThreadLost): void => {
      if (this.#worker === peer) this.#lose(reason);
    };
    peer.on('message', (answers: readonly CallResult[]) => {
      for (const answer of answers) this.#answered(answer);
    });
    peer.on('error', (error: unknown) => lose(lostBy(error)));
    peer.on('messageerror', (error: Error) => {
      lose(lostBy(error));
      void peer.end();
    });
    peer.on('exit', (code: number) => lose(new ThreadLost(`A thread of the store ended by itself (${code}).`)));
    peer.on('close', () => lose(new ThreadLost('The thread of the store is gone.')));
    return peer;
  }

  /** A port through which another thread can call the same worker; transfer it to that thread. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker ??= this.#start();
    const message: Connect = { port: port1 };
    this.#worker.postMessage(message, [port1]);
    return port2;
  }

  /** The calls not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  /** Rejects with what the thread threw, with the reason of a signal, and where the thread was lost. */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    { transfer = [], signal, certain = false }: CallOptions = {},
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const waiting = { resolve: (value: unknown) => resolve(value as Awaited<ReturnType<M[K]>>), reject };
      if (signal === undefined) this.post(method, argument, waiting);
      else this.post(method, argument, this.#abortable(this.#last + 1, signal, certain, waiting));
      this.#transfer.push(...transfer);
    });
  }

  /** A call that is answered without a promise, which is a good part of the price of a quick one. Gives its number. */
  post<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0], waiting: WaitingCall): number {
    const id = ++this.#last;
    try {
      if (this.#ended) throw new ThreadLost('The store is closed.');
      this.#worker ??= this.#start();
    } catch (error) {
      waiting.reject(error);
      return id;
    }
    this.#waiting.set(id, waiting);
    if (this.#outbox.length === 0) setImmediate(() => this.#send());
    this.#outbox.push([id, method, argument]);
    return id;
  }

  callEach<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<unknown> {
    return this.call(method, argument);
  }

  /** Tells the thread to leave a call, which fails unless it is too late for that. */
  stop(id: number): void {
    const { aborted } = this.#worker ?? {};
    if (aborted !== undefined) Atomics.store(aborted, id % slots, id);
  }

  /** Stays among those that wait until the thread is done with it: it has the work until then. */
  #abortable(id: number, signal: AbortSignal, certain: boolean, { resolve, reject }: WaitingCall): WaitingCall {
    const abort = (): void => {
      this.stop(id);
      if (!certain) reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const settled = (settle: (value: unknown) => void) => (value: unknown) => {
      signal.removeEventListener('abort', abort);
      settle(value);
    };
    return { resolve: settled(resolve), reject: settled(reject) };
  }

  async end(): Promise<void> {
    this.#ended = true;
    const worker = this.#worker;
    this.#lose(new ThreadLost('The store is closed.'));
    await worker?.end();
  }

  #send(): void {
    const calls = this.#outbox;
    const transfer = this.#transfer;
    this.#outbox = [];
    this.#transfer = [];
    const worker = this.#worker;
    if (worker === undefined || calls.length === 0) return;
    try {
      worker.postMessage(calls, transfer);
    } catch (error) {
      // An argument that cannot be copied: a bug of its caller, who hears of it; the rest is sent again, one by one.
      const [call] = calls;
      if (calls.length === 1 && call !== undefined) this.#answered([call[0], false, error]);
      else for (const one of calls) this.#sendOne(worker, one);
    }
  }

  #sendOne(worker: Peer, call: Call): void {
    try {
      worker.postMessage([call]);
    } catch (error) {
      this.#answered([call[0], false, error]);
    }
  }

  #answered([id, ok, value]: CallResult): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(value);
    else waiting?.reject(value);
  }

  #lose(reason: Error): void {
    this.#worker = undefined;
    this.#outbox = [];
    this.#transfer = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }
}
