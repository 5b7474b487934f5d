import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { generate } from '#seed/generate.ts';
import type { Command, Shell } from './command.ts';
import { indicatorTable } from './indicators.ts';
import { freePort, isFree } from './ports.ts';
import { push } from './push.ts';
import { greeting } from './serve.ts';

const host = '127.0.0.1';

/** The only file that a demo replaces. */
const ownFile = 'data/demo.db';

interface DemoOptions {
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
  const obstacle = await obstacleOf(options);
  if (obstacle !== undefined) {
    shell.print(obstacle);
    return 1;
  }
  const old = ['', '-wal', '-shm'].map((part) => file + part).filter((path) => existsSync(path));
  for (const path of old) rmSync(path);
  const started = Date.now();
  const server = startServer(shell, options);
  const origin = `http://${host}:${options.port}`;
  try {
    if (!(await ready(server, shell.print))) return 1;
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

async function readOptions({ options, print }: Shell): Promise<DemoOptions | undefined> {
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
  if (numbers.port > 65_535) {
    print(`--port is "${numbers.port}"; expected a whole number up to 65535.`);
    return undefined;
  }
  if (numbers.port === 0) numbers.port = await freePort(host);
  return { ...numbers, file: options.file ?? ownFile, stay: options.stay !== 'false' };
}

/** Why the demo must not begin: it would speak to a server that is not its own, or delete what is not its own. */
async function obstacleOf({ file, port }: DemoOptions): Promise<string | undefined> {
  if (!(await isFree(host, port))) {
    return `端口已被占用 Port ${port} is taken, perhaps by another demo: end it, or choose another with --port.`;
  }
  if (existsSync(file) && resolve(file) !== resolve(ownFile)) {
    return `文件已存在 ${file} exists already; the demo replaces no file but ${ownFile}.`;
  }
  // SQLite takes these away when the last program closes the file.
  const used = ['-wal', '-shm'].map((part) => file + part).find((path) => existsSync(path));
  if (used === undefined) return undefined;
  return `文件正在使用 ${file} is in use, since there is ${used}: end its server. If none runs, delete ${file}*.`;
}

type Server = ChildProcessByStdio<null, Readable, null>;

function startServer({ environment }: Shell, options: DemoOptions): Server {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith('HUFHIR_'));
  const env = {
    ...Object.fromEntries(others),
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: String(options.port),
    HUFHIR_STORE: `sqlite:${options.file}`,
    HUFHIR_LOG_LEVEL: 'warn',
  };
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
  server.once('close', (code, signal) => {
    if (!listens) print(`服务器已退出 The server ended (${signal ?? `exit code ${code}`}) before it listened.`);
    says.resolve(false);
  });
  return says.promise;
}

async function end(server: Server): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
