import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { StoreLog } from '../../driver.ts';
import { type Traces, whole } from '../database/traces.ts';

/** Problems that are logged one by one. */
const shown = 10;

/**
 * Checks a store that is in use. It takes as long as the file is large, so it is not waited for; and it is a process of its own, since
 * neither a thread nor the process around it can end while SQLite works there, and since a damaged file may end more than a thread.
 * `keep` keeps what came of it: until it is known to be whole, the check is made again at each start.
 */
export class BackgroundCheck {
  readonly #child;
  readonly #done: Promise<void>;
  #ending = false;

  constructor(path: string, keep: (value: string) => Promise<void>, log: StoreLog) {
    this.#child = fork(new URL('./check-process.ts', import.meta.url), [path], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#done = this.#tell(path, keep, log);
  }

  async #tell(path: string, keep: (value: string) => Promise<void>, log: StoreLog): Promise<void> {
    let problems: readonly string[] | undefined;
    this.#child.on('message', (found) => {
      problems = found as readonly string[];
    });
    // What it sent is here before the channel ends, and not always before its own end.
    const ended = Promise.all([once(this.#child, 'exit'), once(this.#child, 'disconnect')]);
    const [[code, signal]] = await ended.catch((error: Error) => [[error.message, null]]);
    if (this.#ending) return;
    if (problems === undefined) {
      log.warn(`The check of ${path} ended without a result (${signal ?? code}); the next start makes it again.`);
      return;
    }
    for (const problem of problems.slice(0, shown)) log.error(`${path} is damaged: ${problem}`);
    if (problems.length === 0) log.info(`${path} is whole.`);
    else log.error(`${path} is damaged (problems found: ${problems.length}); restore a backup.`);
    await keep(problems.length === 0 ? whole : String(problems.length)).catch((error: Error) =>
      log.error(`What the check of ${path} found cannot be noted in it: ${error.message}`),
    );
  }

  /** Ends it, whether it is done or not. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGKILL');
    await this.#done;
  }
}

/** One line for an end that was not clean, or for a check that is due since. */
export function warning(path: string, { unclean }: Traces): string {
  const why = unclean
    ? `${path} was not closed by the program that had it open last`
    : `The last check of ${path} did not end, or found damage`;
  return `${why}; it is checked while it serves.`;
}
