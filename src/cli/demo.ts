import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generate } from '#seed/generate.ts';
import type { Command, Shell } from './command.ts';
import { indicatorTable } from './indicators.ts';
import { push } from './push.ts';
import { freePort } from './server.ts';

interface Options {
  readonly residents: number;
  readonly seed: number;
  readonly year: number;
  readonly port: number;
  readonly file: string;
  /** False: end when the table is printed. */
  readonly stay: boolean;
}

/**
 * `hufhir demo`: a fresh store, a generated district pushed over HTTP as its sources would, the five measures beside the
 * truth that the generator knows; then the server stays up. Exit code 1 if a count differs from the truth.
 */
export const demo: Command = async (shell) => {
  const options = await readOptions(shell);
  if (options === undefined) return 1;
  const { residents, seed, year, file } = options;
  for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true });
  mkdirSync(dirname(file), { recursive: true });
  const started = Date.now();
  const server = startServer(shell, options);
  const origin = `http://127.0.0.1:${options.port}`;
  try {
    await ready(origin, server);
    const district = generate({ residents, seed, year });
    shell.print(`长宁区演示数据 Demo district: ${residents} residents, seed ${seed}, ${year}`);
    const total = [...district.submissions].reduce((sum, { resources }) => sum + resources, 0);
    const pushed = await push(`${origin}/fhir`, district.submissions, total);
    shell.print(`已接收 Stored ${pushed.resources} resources in ${seconds(pushed.ms)} s`);
    const table = await indicatorTable(`${origin}/fhir`, year, district.truth);
    for (const line of table.lines) shell.print(line);
    shell.print(`全程 In all: ${seconds(Date.now() - started)} s`);
    if (!options.stay) return table.equal ? 0 : 1;
    shell.print(`控制台 Console: ${origin}/   FHIR: ${origin}/fhir   (Ctrl+C 结束 to end)`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(server, 'exit')]);
    return table.equal ? 0 : 1;
  } finally {
    await end(server);
  }
};

const seconds = (ms: number) => (ms / 1000).toFixed(1);

async function readOptions({ options, print }: Shell): Promise<Options | undefined> {
  const defaults = { residents: 2000, seed: 1, year: 2025, port: 8080 };
  const numbers = { ...defaults };
  for (const name of ['residents', 'seed', 'year', 'port'] as const) {
    const text = options[name];
    if (text === undefined) continue;
    if (!/^\d{1,7}$/.test(text)) {
      print(`--${name} is "${text}"; expected a whole number.`);
      return undefined;
    }
    numbers[name] = Number(text);
  }
  if (numbers.port === 0) numbers.port = await freePort('127.0.0.1');
  return { ...numbers, file: options.file ?? 'data/demo.db', stay: options.stay !== 'false' };
}

function startServer({ environment }: Shell, options: Options): ChildProcess {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith('HUFHIR_'));
  const env = {
    ...Object.fromEntries(others),
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: String(options.port),
    HUFHIR_STORE: `sqlite:${options.file}`,
    HUFHIR_LOG_LEVEL: 'warn',
  };
  const main = join(import.meta.dirname, '../main.ts');
  return spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function ready(origin: string, server: ChildProcess): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    if (server.exitCode !== null) throw new Error(`the server ended with exit code ${server.exitCode}`);
    const answered = await fetch(`${origin}/readyz`).catch(() => undefined);
    if (answered?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the server was not ready within 30 s');
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
