/** A process that has the store of a file open (the first argument), and does what its parent asks. */
import { openFile } from './opened.ts';
import { serveStore } from './served.ts';

const { store } = await openFile(process.argv[2] ?? '');
serveStore(store);
