/**
 * Loaded before a server (`node --import`): measures its main thread, and tells whoever connects to the socket that
 * HUFHIR_TEST_PROBE names what it saw since the last one asked, as one line of JSON.
 */
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** What the main thread of a server did. */
export interface Turns {
  /** Milliseconds of processor time of the thread in its longest turn: to within `pace`. */
  readonly cpu: number;
  /** Milliseconds of the clock that its event loop was late: 99 of 100 times at most, and at most. */
  readonly delayP99: number;
  readonly delay: number;
}

/** Milliseconds between two looks: a turn that is longer is seen whole. */
const pace = 2;

function watch(path: string): void {
  const cpuNow = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const delays = monitorEventLoopDelay({ resolution: pace });
  delays.enable();
  let [last, longest] = [cpuNow(), 0];
  setInterval(() => {
    const now = cpuNow();
    longest = Math.max(longest, now - last);
    last = now;
  }, pace).unref();
  const server = createServer((socket) => {
    const turns: Turns = { cpu: longest, delayP99: delays.percentile(99) / 1e6, delay: delays.max / 1e6 };
    socket.on('error', () => undefined).end(`${JSON.stringify(turns)}\n`);
    [last, longest] = [cpuNow(), 0];
    delays.reset();
  });
  // A process that this one starts finds the place taken.
  server.on('error', () => undefined);
  server.listen(path).unref();
}

const { HUFHIR_TEST_PROBE: path } = process.env;
if (isMainThread && path !== undefined) watch(path);
