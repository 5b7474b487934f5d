import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';

/** The functions that a worker offers: one argument, which is copied, and a result that is copied back. */
export type Methods = Record<string, (argument: never) => unknown>;

/** Number of the call, method, argument. The calls of one turn travel in one message. */
export type Call = readonly [id: number, method: string, argument: unknown];

/** Number of the call, whether it went well, result or error. */
export type CallResult = readonly [id: number, ok: boolean, value: unknown];

interface WaitingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Who works: methods by name, and how much there is to do. */
export interface Callee<M extends Methods> {
  /** The calls not answered yet. */
  readonly load: number;
  call<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>>;
  end(): Promise<void>;
}

/** The other end: a thread of our own, or a port to one of another thread's. */
interface Peer {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: each event brings what it brings, as in Node's own declarations
  on(event: string, listener: (value: any) => void): unknown;
  end(): Promise<unknown>;
}

/** How a worker thread is started for these calls. */
export function worker(script: URL, workerData: unknown): () => Peer {
  // Flags of the main thread (a test runner's loaders, an inspector) are not for the workers.
  // A small young generation: what passes through is short-lived, and each thread would keep 50 MB for it otherwise.
  const options = { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 16 } };
  return () => {
    const started = new Worker(script, options);
    return Object.assign(started, { end: () => started.terminate() });
  };
}

/** The end of a port that `Calls.connect` gave; once its thread is lost, so is the port. */
export function connected(port: MessagePort): () => Peer {
  let open = true;
  port.on('close', () => {
    open = false;
  });
  return () => {
    if (!open) throw new Error('The thread of the store is gone.');
    return Object.assign(port, { end: async () => port.close() });
  };
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
    const lose = (reason: Error): void => {
      if (this.#worker === peer) this.#lose(reason);
    };
    peer.on('message', (answers: readonly CallResult[]) => {
      for (const answer of answers) this.#answered(answer);
    });
    peer.on('error', (error: unknown) => lose(error instanceof Error ? error : new Error(String(error))));
    peer.on('messageerror', (error: Error) => {
      lose(error);
      void peer.end();
    });
    peer.on('exit', (code: number) => lose(new Error(`A thread of the store ended by itself (${code}).`)));
    peer.on('close', () => lose(new Error('The thread of the store is gone.')));
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

  /** `transfer` is memory of the argument that goes over instead of being copied. */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error('The store is closed.'));
        return;
      }
      this.#worker ??= this.#start();
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: (value) => resolve(value as Awaited<ReturnType<M[K]>>), reject });
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push([id, method, argument]);
      this.#transfer.push(...transfer);
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    const worker = this.#worker;
    this.#lose(new Error('The store is closed.'));
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
    else waiting?.reject(value instanceof Error ? value : new Error(String(value)));
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
