/** Work whose result several wait for. Each may leave; it is aborted once the last of them has left. */
export class SharedRun<T> {
  /** For who looks on, and keeps nothing going. */
  readonly result: Promise<T>;
  readonly #controller = new AbortController();
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.#controller.signal);
    // Whoever still waits hears of it.
    this.result.catch(() => undefined);
  }

  /** Nobody may join any more. */
  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The result. Rejects with the signal's reason where it is aborted before; without a signal nobody leaves. */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting += 1;
    if (signal === undefined) return this.result;
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      reject(signal.reason);
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#controller.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([this.result, promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
