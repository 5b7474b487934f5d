/** The process of a check beside a server (see background.ts). Its argument is the file; it sends what it found, and ends. */

import { constants, setPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { checkInSteps } from './check.ts';

// Nobody waits for it, and clients of the server do.
setPriority(constants.priority.PRIORITY_LOW);
process.once('disconnect', () => process.exit());
// They come to all processes of a terminal or a service; the server ends it in its turn.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

const problems: string[] = [];
for await (const found of checkInSteps(process.argv[2] ?? '')) {
  problems.push(...found);
  // The moment in which it hears that the server is gone.
  await turn();
}
process.send?.(problems, () => process.disconnect());
