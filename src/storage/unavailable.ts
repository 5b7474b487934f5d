import { type Failure, fail } from '#errors';

/** The reason of a store whose disk takes no more; every other one is in the engine's own words. */
export const diskFull = 'its disk is full';

/** What a client is told of a store that cannot work now, for this reason. */
export function unavailable(reason: string): Failure {
  return reason === diskFull ? fail('store-full', {}) : fail('store-unavailable', { found: reason });
}
