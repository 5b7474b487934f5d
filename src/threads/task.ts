import type { Transferable } from 'node:worker_threads';
import type { Failure } from '#errors';

/** Work that a thread of the pool does: its name, and what goes in and comes out, both copied from thread to thread. */
export interface Task<Input, Result> {
  readonly name: string;
  /** Never there: it ties the types to the name. */
  readonly types?: (input: Input) => Result;
}

/** A result whose memory goes over instead of being copied. */
export class Transferred<Result> {
  readonly result: Result;
  readonly transfer: readonly Transferable[];
  constructor(result: Result, transfer: readonly Transferable[]) {
    this.result = result;
    this.transfer = transfer;
  }
}

/** What does the task of a name; expected failures are its results. */
export type TaskHandler<Input, Result> = (input: Input) => Promise<Result | Failure | Transferred<Result>>;

/** Handlers by the names of their tasks. Who asks knows the types: see `Task`. */
export type TaskHandlers = Readonly<Record<string, TaskHandler<never, unknown>>>;

/** The handler of one task, for a record of handlers. */
export function handling<Input, Result>(
  { name }: Task<Input, Result>,
  handler: TaskHandler<Input, Result>,
): TaskHandlers {
  return { [name]: handler };
}
