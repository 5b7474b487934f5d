import { large } from './loads/large.ts';
import type { Load } from './loads/load.ts';
import { measures } from './loads/measures.ts';
import { searches } from './loads/searches.ts';
import { writes } from './loads/writes.ts';

/** All loads, in the order in which they come one after the other. */
export const loads: readonly Load[] = [...searches, ...writes, ...large, ...measures];
