import { type Failure, fail } from '#errors';
import type { Page, Store } from '#storage/store.ts';

/**
 * What the entries of one bundle cost (HUFHIR_BATCH_TIMEOUT): the CPU that their thread used since the first, or what the store worked
 * for their searches and histories, whichever is more, since it may do so in that thread or in others. Waiting is no work.
 */
export class BatchWork {
  /** Milliseconds. */
  readonly #limit: number;
  readonly #begun = process.threadCpuUsage();
  #searched = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get over(): boolean {
    const { user, system } = process.threadCpuUsage(this.#begun);
    return Math.max(this.#searched, (user + system) / 1_000) > this.#limit;
  }

  /** What is told in the place of an answer to what was not begun. */
  refuse(expression?: string): Failure {
    return fail('batch-too-slow', { expected: this.#limit }, expression);
  }

  /** The store, whose work counts. */
  measured(store: Store): Store {
    const counted = async (read: Promise<Page>): Promise<Page> => {
      const begun = performance.now();
      const page = await read;
      this.#searched += page.spent ?? performance.now() - begun;
      return page;
    };
    const own: Pick<Store, 'find' | 'history'> = {
      find: (...asked) => counted(store.find(...asked)),
      history: (...asked) => counted(store.history(...asked)),
    };
    return new Proxy(store, {
      get: (target, name) => {
        const found: unknown = Reflect.get(own, name) ?? Reflect.get(target, name);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
  }
}
