/**
 * What waits, first in first out for each client, clients in turn: whoever asks for much waits behind himself, and others are
 * served in between.
 */
export class FairQueue<T> {
  /** By client, in the order of their turns; none is empty. */
  readonly #lines = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many of a client wait. */
  sizeOf(client: string): number {
    return this.#lines.get(client)?.length ?? 0;
  }

  /** Whether one of those that wait is so. */
  some(is: (item: T) => boolean): boolean {
    for (const line of this.#lines.values()) if (line.some(is)) return true;
    return false;
  }

  /** Whoever floods a queue of so many places takes no more than are left to others, or these could not even wait. */
  isFull(client: string, places: number): boolean {
    const free = places - this.#size;
    const own = this.sizeOf(client);
    return free <= 0 || (own > 0 && own >= free);
  }

  push(client: string, item: T): void {
    const line = this.#lines.get(client);
    if (line === undefined) this.#lines.set(client, [item]);
    else line.push(item);
    this.#size += 1;
  }

  /** Puts one back, before all others, and gives its client the turn back. */
  unshift(client: string, item: T): void {
    const others = [...this.#lines];
    this.#lines.clear();
    this.#lines.set(client, [item]);
    for (const [other, line] of others) {
      if (other === client) this.#lines.get(client)?.push(...line);
      else this.#lines.set(other, line);
    }
    this.#size += 1;
  }

  /** The next one that may go; its client's turn comes again after all others. Undefined if none may. */
  shift(may: (item: T) => boolean): T | undefined {
    for (const [client, line] of this.#lines) {
      const place = line.findIndex(may);
      if (place < 0) continue;
      const [item] = line.splice(place, 1);
      this.#size -= 1;
      this.#lines.delete(client);
      if (line.length > 0) this.#lines.set(client, line);
      return item;
    }
    return undefined;
  }

  /** Takes one out before its turn; false if it does not wait any more. */
  remove(client: string, item: T): boolean {
    const line = this.#lines.get(client) ?? [];
    const place = line.indexOf(item);
    if (place < 0) return false;
    line.splice(place, 1);
    this.#size -= 1;
    if (line.length === 0) this.#lines.delete(client);
    return true;
  }
}
