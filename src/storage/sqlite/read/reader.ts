/** A thread of reads that may be long. */

import { parentPort, workerData } from 'node:worker_threads';
import { type Call, type CalleeData, type CallResult, isAborted } from '#threads/calls.ts';
import type { StoreFile } from '../database/identity.ts';
import { failureOf } from '../wire/failure.ts';
import { openReads, type ReaderMethods } from './reads.ts';

const { data: file, aborted } = workerData as CalleeData<StoreFile>;
let current = 0;
const methods = openReads(file, () => isAborted(aborted, current));

function answer([id, method, argument]: Call): CallResult {
  current = id;
  try {
    if (isAborted(aborted, id)) return [id, false, undefined];
    const work = methods[method as keyof ReaderMethods] as (argument: unknown) => unknown;
    return [id, true, work(argument)];
  } catch (error) {
    return [id, false, failureOf(error)];
  }
}

// One message each, so that no quick answer waits for a slow one behind it.
parentPort?.on('message', (calls: readonly Call[]) => {
  for (const call of calls) parentPort?.postMessage([answer(call)]);
});
