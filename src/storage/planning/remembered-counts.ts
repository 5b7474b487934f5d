import { LRUCache } from 'lru-cache';

/** Rows that are counted anew each time: as many cost less than a wrong choice. */
export const few = 200;

/** Rows up to which a common value is counted, once in a while. */
export const most = 100_000;

/** Values whose counts are remembered. */
const remembered = 5_000;

/** Characters of a question whose count is remembered: long lists hardly come again. */
const longest = 2_000;

interface Count {
  readonly rows: number;
  readonly work: number;
  /** The seq at which it was counted. */
  readonly at: number;
}

/** Rows up to which is counted what has more than a few; fewer where the count will not be remembered. */
export function boundOf(key: string): number {
  return key.length <= longest ? most : few * 100;
}

/**
 * How many rows lead from a value to resources. Rare values are to be counted when they are asked for; the counts of common
 * ones are remembered until the store has grown by half of them, since the values of one parameter are too unevenly spread
 * for averages.
 */
export class RememberedCounts {
  readonly #lastSeq: () => number;
  readonly #counts = new LRUCache<string, Count>({ max: remembered });

  /** `lastSeq` gives the highest seq: what the store has grown by is told from it. */
  constructor(lastSeq: () => number) {
    this.#lastSeq = lastSeq;
  }

  recall(key: string): number | undefined {
    const count = this.#counts.get(key);
    if (count === undefined) return undefined;
    if (this.#lastSeq() - count.at <= count.work / 2) return count.rows;
    this.#counts.delete(key);
    return undefined;
  }

  /** Gives back the rows. What took more `work` to count than there are rows is remembered as long as that many rows would be. */
  remember(key: string, rows: number, work = 0): number {
    if (key.length <= longest) this.#counts.set(key, { rows, work: Math.max(rows, work), at: this.#lastSeq() });
    return rows;
  }
}
