import type { Context } from '#operations/request/context.ts';
import type { Store } from '#storage/store.ts';
import type { Web } from './server.ts';

/** The rooms that only main may name. */
export interface Parts {
  readonly openStore: (location: string) => Promise<Store>;
  readonly createWeb: (context: Context) => Promise<Web>;
}

/** What a command works with. */
export interface Shell extends Parts {
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
}

/** A command of the CLI; it answers the exit code. */
export type Command = (shell: Shell) => Promise<number>;
