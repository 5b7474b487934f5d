import { type Callee, Calls, type Port, worker } from '#threads/calls.ts';
import { FairCalls } from '#threads/fair-calls.ts';
import { InlineCalls } from '#threads/inline-calls.ts';
import type { StoreLog } from '../driver.ts';
import type { StoreFile } from './database/identity.ts';
import type { Presence } from './database/traces.ts';
import { openReads, type ReaderMethods } from './read/reads.ts';
import type { WriterMethods } from './write/writer.ts';

/** Threads of long reads: one goes on answering while another works. */
const readers = 2;

/** Who works for a store. */
export interface Workers {
  /** Whether the writer ends with the store. */
  readonly own: boolean;
  /** What says in the file that this process has it open. */
  readonly presence?: Presence;
  /** Where it tells of damage that it meets. */
  readonly log?: StoreLog;
  readonly writer: Calls<WriterMethods>;
  readonly readers: Callee<ReaderMethods>;
}

/** The threads of a store whose file is there: one that writes, and those of long reads, for which as many calls as are told may wait. */
export function startWorkers(file: StoreFile, readQueue: number): Workers {
  const reader = () => new Calls<ReaderMethods>(worker(new URL('./read/reader.ts', import.meta.url), file));
  return {
    own: true,
    writer: new Calls<WriterMethods>(worker(new URL('./write/writer.ts', import.meta.url), file)),
    readers: new FairCalls<ReaderMethods>(Array.from({ length: readers }, reader), readQueue),
  };
}

/**
 * What another thread of the process works with: it reads by itself, so its reads hold it up; what it writes goes to the thread that
 * writes for all. `isAborted` tells whether what the thread is at was given up.
 */
export function joinWorkers(file: StoreFile, port: Port, isAborted: () => boolean): Workers {
  const readers = new InlineCalls(openReads(file, isAborted));
  return { own: false, writer: new Calls<WriterMethods>(port.start), readers };
}
