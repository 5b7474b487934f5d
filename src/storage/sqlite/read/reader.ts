/** A thread of reads that may be long. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Call, CallResult } from '#threads/calls.ts';
import { openReads, type ReaderMethods } from './reads.ts';

const methods = openReads(String(workerData));

function answer([id, method, argument]: Call): CallResult {
  try {
    const work = methods[method as keyof ReaderMethods] as (argument: unknown) => unknown;
    return [id, true, work(argument)];
  } catch (error) {
    return [id, false, error];
  }
}

// One message each, so that no quick answer waits for a slow one behind it.
parentPort?.on('message', (calls: readonly Call[]) => {
  for (const call of calls) parentPort?.postMessage([answer(call)]);
});
