import type { Config } from '#config';
import type { Failure, Outcome } from '#errors';
import type { StoreCheck } from '#storage/driver.ts';

/** A server that answers, and how to end it: it takes no new work, finishes what it has, and closes the store. */
export interface Running {
  readonly address: string;
  /** Of its FHIR API. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** What lies to the right of this room; main hands it in. */
export interface Parts {
  readonly startServer: (config: Config) => Promise<Outcome<Running>>;
  /** Checks the store that HUFHIR_STORE names, and changes nothing. */
  readonly checkStore: (config: Config) => Promise<Outcome<StoreCheck>>;
  /** Copies it to where nothing is. */
  readonly backUpStore: (config: Config, target: string) => Promise<Outcome<void>>;
  /** Keeps its place from others who would reserve it, until what is answered is called, or this process ends. */
  readonly reserveStore: (config: Config) => Outcome<() => void>;
  /** Deletes it, unless it is in use. */
  readonly discardStore: (config: Config) => Failure | undefined;
}

/** What a command works with. */
export interface Shell extends Parts {
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
}

/** A command of the CLI; it answers the exit code. */
export type Command = (shell: Shell) => Promise<number>;

/** Tells why a command cannot be done, a line for each reason; the exit code. */
export function refused({ issues }: Failure, print: Shell['print']): number {
  for (const issue of issues) print(issue.text);
  return 1;
}
