import { TooHeavy } from '#storage/store.ts';

/**
 * What one request may bring to the thread that speaks HTTP. Beyond it the request is given up there, with TooHeavy, and begun anew in a
 * thread that holds up nobody: so no conductor asks how large a stored text may be.
 */
export class WorkBound {
  #left: number;
  #stays = false;

  /** In bytes of stored texts. */
  constructor(most: number) {
    this.#left = most;
  }

  /** Bytes that may still come. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  /** Counts what came. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new TooHeavy(bytes);
  }

  /** The request is known to be heavy, or to work on so many bytes. */
  exceed(bytes = 0): void {
    if (this.#left !== Number.POSITIVE_INFINITY) throw new TooHeavy(bytes);
  }

  /** What follows a write cannot be begun anew. */
  lift(): void {
    if (!this.#stays) this.#left = Number.POSITIVE_INFINITY;
  }

  /** The request needs this thread: whatever is too heavy is refused, a part of it at a time. */
  stay(): void {
    this.#stays = true;
  }
}
