import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type Config, isLoopback, loadConfig } from '#config';
import { Failure } from '#errors';
import { generate } from '#seed/generate.ts';
import { type Command, refused, type Shell } from './command.ts';
import { indicatorTable } from './indicators.ts';
import { obstacleAt, withPort } from './ports.ts';
import { push } from './push.ts';
import { greeting } from './serve.ts';

/** The only file that a demo replaces. */
const ownFile = 'data/demo.db';

interface DemoOptions {
  readonly residents: number;
  readonly seed: number;
  readonly year: number;
  /** What its server is told: host, port and store. */
  readonly settings: Readonly<Record<string, string>>;
  readonly config: Config;
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
  const foreign = foreignFile(options);
  if (foreign !== undefined) return told(foreign, shell);
  const unheard = await afterAWhile(() => portTaken(options));
  if (unheard !== undefined) return told(unheard, shell);
  // From before the old store goes until the new one is closed: two demos that begin together would fill one store.
  const giveBack = shell.reserveStore(options.config);
  if (giveBack instanceof Failure) return told(inUse(options, giveBack), shell);
  try {
    const obstacle = await afterAWhile(async () => replaced(options, shell));
    return obstacle === undefined ? await show(options, shell) : told(obstacle, shell);
  } finally {
    giveBack();
  }
};

/** Milliseconds that the server of a demo which was killed may take to end. */
const endingTime = 6_000;

/** What stands in the way still when the server of a demo that was killed has had the time to end. */
async function afterAWhile(obstacle: () => Promise<string | undefined>): Promise<string | undefined> {
  const deadline = Date.now() + endingTime;
  for (;;) {
    const found = await obstacle();
    if (found === undefined || Date.now() > deadline) return found;
    await setTimeout(250);
  }
}

function told(obstacle: string, { print }: Shell): number {
  print(obstacle);
  return 1;
}

/** The demo itself, with a place for its store; the exit code. */
async function show(options: DemoOptions, shell: Shell): Promise<number> {
  const { residents, seed, year } = options;
  const started = Date.now();
  const server = startServer(shell, options);
  const { baseUrl } = options.config;
  try {
    if (!(await ready(server, shell.print))) return 1;
    const district = generate({ residents, seed, year });
    shell.print(`长宁区演示数据 Demo district: ${residents} residents, seed ${seed}, ${year}`);
    const total = [...district.submissions].reduce((sum, { resources }) => sum + resources, 0);
    const pushed = await push(baseUrl, district.submissions, total);
    shell.print(`已接收 Stored ${pushed.resources} resources in ${seconds(pushed.ms)} s`);
    const table = await indicatorTable(baseUrl, year, district.truth);
    for (const line of table.lines) shell.print(line);
    shell.print(`全程 In all: ${seconds(Date.now() - started)} s`);
    if (!options.stay) return table.equal ? 0 : 1;
    shell.print(`控制台 Console: ${new URL('/', baseUrl)}   FHIR: ${baseUrl}   (Ctrl+C 结束 to end)`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(server, 'exit')]);
    return table.equal ? 0 : 1;
  } catch (error) {
    // What was under way breaks off a little before the end is known.
    await Promise.race([once(server, 'exit'), setTimeout(1_000)]);
    if (isRunning(server)) throw error;
    shell.print(`服务器已退出 The server ended (${endOf(server)}) while the demo used it.`);
    return 1;
  } finally {
    await end(server);
  }
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);

async function readOptions({ options, environment, print }: Shell): Promise<DemoOptions | undefined> {
  const numbers = { residents: 2000, seed: 1, year: 2025 };
  for (const name of ['residents', 'seed', 'year'] as const) {
    const text = options[name];
    if (text === undefined) continue;
    if (!/^\d{1,7}$/.test(text)) {
      print(`--${name} is "${text}"; expected a whole number.`);
      return undefined;
    }
    numbers[name] = Number(text);
  }
  const { port } = options;
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    print(`--port is "${port}"; expected a whole number up to 65535.`);
    return undefined;
  }
  const host = environment.HUFHIR_HOST ?? '127.0.0.1';
  if (!isLoopback(host)) {
    print(`HUFHIR_HOST is "${host}"; the demo asks for no token: expected a loopback address such as 127.0.0.1.`);
    return undefined;
  }
  const file = options.file ?? ownFile;
  const placed = await withPort({
    HUFHIR_AUTH: 'off',
    HUFHIR_STORE: `sqlite:${file}`,
    HUFHIR_HOST: host,
    HUFHIR_PORT: port ?? environment.HUFHIR_PORT ?? '8080',
  });
  if (placed instanceof Failure) return void refused(placed, print);
  const config = loadConfig(placed);
  if (config instanceof Failure) return void refused(config, print);
  return { ...numbers, settings: placed, config, file, stay: options.stay !== 'false' };
}

/** Why the demo must not begin: it would speak to a server that is not its own. */
async function portTaken({ config: { host, port } }: DemoOptions): Promise<string | undefined> {
  const unheard = await obstacleAt(host, port);
  if (unheard === undefined) return undefined;
  const [{ text }] = unheard.issues;
  const taken = `端口已被占用 Port ${port} is taken, perhaps by another demo: end it, or choose another with --port or HUFHIR_PORT.`;
  return text.includes('EADDRINUSE') ? taken : text;
}

/** Why the demo must not have its file: it would delete what is not its own. */
function foreignFile({ file }: DemoOptions): string | undefined {
  if (resolve(file) === resolve(ownFile) || !existsSync(file)) return undefined;
  return `文件已存在 ${file} exists already; the demo replaces no file but ${ownFile}.`;
}

/** Deletes the store of the last demo; why it must not: it is in use. */
function replaced(options: DemoOptions, { discardStore }: Shell): string | undefined {
  const foreign = foreignFile(options);
  if (foreign !== undefined || resolve(options.file) !== resolve(ownFile)) return foreign;
  const used = discardStore(options.config);
  return used === undefined ? undefined : inUse(options, used);
}

function inUse({ file }: DemoOptions, { issues }: Failure): string {
  return `文件正在使用 The demo cannot have ${file} for its store. ${issues[0].text} Or name another file with --file.`;
}

type Server = ChildProcessByStdio<null, Readable, null>;

function startServer({ environment }: Shell, { settings }: DemoOptions): Server {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith('HUFHIR_'));
  const env = { ...Object.fromEntries(others), ...settings, HUFHIR_LOG_LEVEL: 'warn' };
  const main = join(import.meta.dirname, '../main.ts');
  // It ends when the channel closes, so that it never outlives a demo that is killed.
  const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const;
  return spawn(process.execPath, [main, 'serve'], { env, stdio: [...stdio] }) as Server;
}

/** Whether the server itself says that it listens, before it ends; whatever else it says is passed on. */
async function ready(server: Server, print: (line: string) => void): Promise<boolean> {
  const says = Promise.withResolvers<boolean>();
  let listens = false;
  createInterface({ input: server.stdout }).on('line', (line) => {
    listens ||= line.startsWith(greeting);
    if (line.startsWith(greeting)) says.resolve(true);
    else print(line);
  });
  // By then all that it said has been read.
  server.once('close', () => {
    if (!listens) print(`服务器已退出 The server ended (${endOf(server)}) before it listened.`);
    says.resolve(false);
  });
  return says.promise;
}

function isRunning({ exitCode, signalCode }: Server): boolean {
  return exitCode === null && signalCode === null;
}

function endOf({ exitCode, signalCode }: Server): string {
  return signalCode ?? `exit code ${exitCode}`;
}

async function end(server: Server): Promise<void> {
  if (!isRunning(server)) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
