import { setImmediate } from 'node:timers/promises';
import type { Callee, CallOptions, Methods } from './calls.ts';

/** Methods that are called where they are, instead of in a thread of their own. */
export class InlineCalls<M extends Methods> implements Callee<M> {
  readonly load = 0;
  readonly #methods: M;

  constructor(methods: M) {
    this.#methods = methods;
  }

  async call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    { signal }: CallOptions = {},
  ): Promise<Awaited<ReturnType<M[K]>>> {
    // As with a thread, others of this one have their turn in between.
    await setImmediate();
    signal?.throwIfAborted();
    const work = this.#methods[method] as (argument: unknown) => unknown;
    return work(argument) as Awaited<ReturnType<M[K]>>;
  }

  callEach<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<unknown> {
    return this.call(method, argument);
  }

  async end(): Promise<void> {}
}
