/** A seeded source of choices: the same seed gives the same data. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** True in about one of `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** One of the makers' results. */
  either<T>(...makers: readonly (() => T)[]): T {
    return this.pick(makers)();
  }

  /** None to `most` of what `make` gives; undefined if none, so that the element is absent. */
  some<T>(most: number, make: () => T): T[] | undefined {
    const count = this.below(most + 1);
    return count === 0 ? undefined : Array.from({ length: count }, make);
  }

  /** Absent in about one of three times. */
  maybe<T>(make: () => T): T | undefined {
    return this.oneIn(3) ? undefined : make();
  }
}
