import { ThreadLost } from '#threads/calls.ts';
import { StoreUnavailable, TooHeavy } from '../../store.ts';

/** How a failure of SQLite crosses threads: a copy of an error has neither its class nor its code. */
type PackedFailure = { readonly unavailable: string } | { readonly tooHeavy: number };

/**
 * Result codes of SQLite (sqlite.org/rescode.html) by which it is the file, the disk or the memory that fails, not the statement: BUSY,
 * LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
 */
const outside = new Set([5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26]);

/** What the caller is told of what was thrown: defects as they are. */
export function failureOf(error: unknown): PackedFailure | unknown {
  if (error instanceof TooHeavy) return { tooHeavy: error.size } satisfies PackedFailure;
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const { errcode, message } = error;
  if (typeof errcode !== 'number' || !outside.has(errcode & 0xff)) return error;
  return { unavailable: message } satisfies PackedFailure;
}

/** The error of what a thread told, of a thread that was lost, or of a statement of this one. */
export function errorOf(failure: unknown): unknown {
  if (failure instanceof TooHeavy) return failure;
  if (failure instanceof ThreadLost) return new StoreUnavailable(failure.message, { cause: failure });
  const packed = failureOf(failure);
  if (typeof packed !== 'object' || packed === null) return failure;
  if ('tooHeavy' in packed) return new TooHeavy(Number(packed.tooHeavy));
  return 'unavailable' in packed ? new StoreUnavailable(String(packed.unavailable)) : failure;
}

/** The answer of a thread, or what `errorOf` makes of its failure. */
export async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw errorOf(error);
  }
}
