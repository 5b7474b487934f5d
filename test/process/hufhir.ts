import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** `hufhir <command>` in a process of its own, which ends with this one. */
export interface HufhirProcess {
  readonly child: ChildProcess;
  /** Its standard output so far. */
  readonly printed: () => string;
  /** Its standard error so far. */
  readonly said: () => string;
  /** Settles once it has ended and all its output is read, with its exit code; null if a signal killed it. */
  readonly ended: Promise<number | null>;
}

/** A server in a process of its own. */
export interface ServerProcess extends HufhirProcess {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** The origin with `/fhir`. */
  readonly base: string;
  readonly port: number;
}

const hour = String(60 * 60 * 1000);

/** No limit of time decides a test that is not about it. */
export const patience: Readonly<Record<string, string>> = {
  HUFHIR_SEARCH_TIMEOUT: hour,
  HUFHIR_CRITERIA_TIMEOUT: hour,
  HUFHIR_GUARD_TIMEOUT: hour,
  HUFHIR_BATCH_TIMEOUT: hour,
  HUFHIR_MEASURE_TIMEOUT: hour,
  HUFHIR_HEADERS_TIMEOUT: hour,
  HUFHIR_REQUEST_TIMEOUT: hour,
  HUFHIR_IDLE_TIMEOUT: hour,
  HUFHIR_STALL_TIMEOUT: hour,
  HUFHIR_SHUTDOWN_TIMEOUT: hour,
};

interface Start {
  /** The folder that it is started in; the clone, if none is given. */
  readonly cwd?: string;
  /** The clone whose program it is; this one, if none is given. */
  readonly clone?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Rights to files hold for it, as they do for all but root. */
  readonly restricted?: boolean;
}

/**
 * Starts `hufhir <args>`. Settles when its output matches, or when it has ended without. One that lost its port to another
 * process is started again: so let it choose the port (0).
 */
export async function startHufhir(args: readonly string[], until: RegExp, start: Start = {}): Promise<HufhirProcess> {
  const chosen = start.settings?.HUFHIR_PORT === '0' || args[args.indexOf('--port') + 1] === '0';
  for (;;) {
    const started = spawnHufhir(args, start);
    const { child, ended, printed } = started;
    const matches = Promise.withResolvers<void>();
    const look = () => {
      if (until.test(printed())) matches.resolve();
    };
    child.stdout?.on('data', look);
    await Promise.race([matches.promise, ended]);
    child.stdout?.off('data', look);
    if (!chosen || child.exitCode === null || !printed().includes('EADDRINUSE')) return started;
  }
}

/** As root still, since nobody else need be able to read the clone, but without what lets root pass over rights. */
const asOwner = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

function spawnHufhir(args: readonly string[], { clone = root, cwd = clone, settings = {}, restricted = false }: Start) {
  const preload = new URL('./end-with-parent.ts', import.meta.url).href;
  // Not the settings of the caller's own server.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('HUFHIR_'));
  const prefix = restricted && process.getuid?.() === 0 ? asOwner : [];
  const all = [...prefix, process.execPath, '--import', preload, join(clone, 'src/main.ts'), ...args];
  const child = spawn(all[0] ?? '', all.slice(1), {
    cwd,
    env: { ...Object.fromEntries(others), ...settings },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [printed, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    process.stderr.write(text);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, printed: () => printed, said: () => said };
}

const address = /console: (http:\/\/[\w.]+:(\d+))\//i;

/**
 * Starts a command that serves, and waits until it tells its address: `serve` does so when it listens, `demo` when the district
 * is loaded and evaluated. Rejects if it ends before.
 */
export async function startServing(args: readonly string[], start: Start): Promise<ServerProcess> {
  const started = await startHufhir(args, address, start);
  const [, origin, port] = address.exec(started.printed()) ?? [];
  if (origin === undefined) {
    throw new Error(`${args[0]} ended with ${await started.ended} before it served: ${started.printed()}`);
  }
  return { ...started, origin, base: `${origin}/fhir`, port: Number(port) };
}

/** Starts `serve` on a port of its own and the store of this folder. */
export function startServe(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const own = {
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: '0',
    HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}`,
    HUFHIR_LOG_LEVEL: 'error',
  };
  return startServing(['serve'], { settings: { ...own, ...patience, ...settings } });
}
