import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Of Linux: 0 is what all begin with, 19 works when nobody else does. */
const niceness = 10;

/**
 * Lets other threads of the process go first where all processors are busy: those that answer at once, and the one that commits. Linux knows
 * priorities of threads; elsewhere all stay alike.
 */
export function letOthersGoFirst(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, niceness);
  } catch {
    // The work is the same, and only as fair as the system makes it.
  }
}
