import { parseArgs } from 'node:util';
import { backup } from './backup.ts';
import { check } from './check.ts';
import type { Command, Parts } from './command.ts';
import { demo } from './demo.ts';
import { serve } from './serve.ts';

interface CommandEntry {
  readonly run: Command;
  readonly help: string;
  /** The names of its options, each with a value. */
  readonly options: readonly string[];
}

const commands: Readonly<Record<string, CommandEntry>> = {
  serve: { run: serve, help: 'start the server as the HUFHIR_* settings say', options: [] },
  check: {
    run: check,
    help: 'check that the store that HUFHIR_STORE names is whole, also while a server uses it',
    options: [],
  },
  backup: {
    run: backup,
    help: 'copy the store that HUFHIR_STORE names to a place where nothing is, also while a server uses it',
    options: ['to'],
  },
  demo: {
    run: demo,
    help: 'load a demo district into a fresh store, evaluate its indicators, keep serving',
    options: ['residents', 'seed', 'year', 'port', 'file', 'stay'],
  },
};

/** Runs `hufhir <command> [--option value]`; answers the exit code. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  parts: Parts,
): Promise<number> {
  // Whoever reads what is printed may go away; a server goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessUnread);
  const print = (line: string) => console.log(line);
  const [name = '', ...rest] = args;
  const command = commands[name];
  if (command === undefined) {
    print('hufhir <command> [--option value]');
    for (const [known, { help, options }] of Object.entries(commands)) {
      print(`  ${known}: ${help}${options.map((o) => ` [--${o}]`).join('')}`);
    }
    return name === '' || name === 'help' ? 0 : 1;
  }
  try {
    const known = Object.fromEntries(command.options.map((o) => [o, { type: 'string' as const }]));
    const { values } = parseArgs({ args: rest, options: known, strict: true });
    return await command.run({ options: values, environment, ...parts, print });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw error;
    print(error.message);
    return 1;
  }
}

function unlessUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
