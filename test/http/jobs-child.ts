/** A server on a store (the first argument) with `$work` of a mode (the second): prints its base, and what `$work` says. */
import { startOn } from './harness.ts';
import { type Mode, withWork } from './jobs-work.ts';

const [, , file = '', mode = 'hang'] = process.argv;
const { base } = await startOn(file, { HUFHIR_JOB_LEASE: '1000' }, withWork(mode as Mode, console.log));
console.log(base);
