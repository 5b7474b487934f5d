/** Starts a server on the store of a folder (the first argument), prints its base, and stays. */
import { startServe } from '#test/process/hufhir.ts';

const { base } = await startServe(process.argv[2] ?? '');
console.log(base);
