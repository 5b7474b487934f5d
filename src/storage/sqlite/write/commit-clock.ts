import type { StoreLog } from '../../driver.ts';

/** How often the clock was seen to run backwards, and by how many milliseconds at least the last time. */
export interface ClockSteps {
  readonly steps: number;
  readonly ms: number;
}

/** The times of commits: the clock's, and while that is behind the last commit, one millisecond after the other. */
export class CommitClock {
  #seen = Number.NEGATIVE_INFINITY;
  #behind = false;
  #found: ClockSteps | undefined;

  /** The time of the commit after one of this time, in milliseconds since 1970. */
  after(last: number): number {
    const now = Date.now();
    const behind = now < last;
    // Behind already, it may run back once more.
    if (behind && (!this.#behind || now < this.#seen)) {
      const ms = now < this.#seen ? this.#seen - now : last - now;
      this.#found = { steps: (this.#found?.steps ?? 0) + 1, ms };
    }
    this.#behind = behind;
    this.#seen = now;
    return behind ? last + 1 : now;
  }

  /** Undefined if it never did. */
  get found(): ClockSteps | undefined {
    return this.#found;
  }
}

/** Tells the log of each step once, in whatever commit its thread hears of it. */
export class ClockWatch {
  readonly #log: StoreLog | undefined;
  #told = 0;

  constructor(log: StoreLog | undefined) {
    this.#log = log;
  }

  hear(found: ClockSteps | undefined): void {
    if (found === undefined || found.steps === this.#told) return;
    this.#told = found.steps;
    this.#log?.warn(
      `The clock ran backwards, by ${found.ms} ms at least: until it has caught up, each commit is a millisecond after the last one.`,
    );
  }
}
