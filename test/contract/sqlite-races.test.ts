import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startStoreProcess } from './processes.ts';
import { races } from './races.ts';

const script = new URL('./sqlite-process.ts', import.meta.url);
const folder = t.testdir();
let count = 0;

/** A file, of whose store nobody made anything yet. */
function share() {
  const own = join(folder, `store-${++count}`);
  return {
    join: () => startStoreProcess(script, [join(own, 'hufhir.db')]),
    discard: () => rmSync(own, { recursive: true, force: true }),
  };
}

t.test('sqlite: races of processes', async (t) => races(t, share));
