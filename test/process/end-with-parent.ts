/**
 * Preloaded into a process that a test starts (`node --import`): it ends when the pipe at its standard input closes, and that
 * closes when the test ends, in whatever way. Waiting for that does not keep the process.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const { stdin } = process;
  stdin.on('error', () => process.exit(1));
  stdin.on('close', () => process.exit(1));
  stdin.resume();
  stdin.unref();
}
