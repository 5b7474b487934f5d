import { setImmediate } from 'node:timers/promises';
import { throwIfInterrupted } from './interruption.ts';

/** Milliseconds that a long piece of work may hold the event loop. */
const turn = 20;

/** Pieces of one request that are under way at once. */
const width = 32;

/** What a long loop awaits between its rounds, so that others are served meanwhile; rejects with Interrupted where its task is to end. */
export function yielder(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < turn) return;
    throwIfInterrupted();
    await setImmediate();
    since = performance.now();
  };
}

/** The results of the items, in their order; a few items are under way at once. */
export async function mapInBatches<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>): Promise<R[]> {
  const pause = yielder();
  const results: R[] = [];
  for (let i = 0; i < items.length; i += width) {
    results.push(...(await Promise.all(items.slice(i, i + width).map(work))));
    await pause();
  }
  return results;
}
