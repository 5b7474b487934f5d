import { createServer } from 'node:net';
import { Failure, fail, type Outcome } from '#errors';

const otherHost = 'Choose another address with HUFHIR_HOST';

const listening: Readonly<Record<string, readonly [found: string, todo: string]>> = {
  EADDRINUSE: ['another program listens there', 'End it, or choose another port with HUFHIR_PORT'],
  EACCES: ['this user may not use that port', 'Choose one above 1023 with HUFHIR_PORT'],
  EPERM: ['this user may not use that port', 'Choose one above 1023 with HUFHIR_PORT'],
  EADDRNOTAVAIL: ['this machine has no such address', otherHost],
  EAFNOSUPPORT: ['this machine has no such addresses', otherHost],
  EINVAL: ['it is no address to listen at', otherHost],
  ENOTFOUND: ['the name is not known', otherHost],
  EAI_AGAIN: ['the name cannot be looked up now', otherHost],
};

/** Why nothing can be heard at a place; undefined if the error says something else. */
export function notListening(error: unknown, host: string, port: number): Failure | undefined {
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException;
  const reason = ['listen', 'bind', 'getaddrinfo'].includes(syscall) ? listening[code] : undefined;
  if (reason === undefined) return undefined;
  const [found, todo] = reason;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return fail('not-listening', { address: `${shownHost}:${port}`, found: `${found} (${code})`, todo });
}

/** A port that is free now, for settings with port 0: links need to know the port before the server listens. */
export async function freePort(host: string): Promise<number> {
  return bound(host, 0);
}

/** The same, of a host that may be none of this machine's. */
async function freePortOf(host: string): Promise<Outcome<number>> {
  return freePort(host).catch((error: unknown) => {
    const failure = notListening(error, host, 0);
    if (failure === undefined) throw error;
    return failure;
  });
}

/** The settings with a port that is free in place of 0; a host that is none of this machine's is a failure. */
export async function withPort<T extends Readonly<Record<string, string | undefined>>>(
  settings: T,
): Promise<Outcome<T>> {
  if (settings.HUFHIR_PORT !== '0') return settings;
  const port = await freePortOf(settings.HUFHIR_HOST ?? '127.0.0.1');
  return port instanceof Failure ? port : { ...settings, HUFHIR_PORT: String(port) };
}

/** Why nothing can be heard there now; undefined if it can. */
export async function obstacleAt(host: string, port: number): Promise<Failure | undefined> {
  try {
    await bound(host, port);
    return undefined;
  } catch (error) {
    const failure = notListening(error, host, port);
    if (failure === undefined) throw error;
    return failure;
  }
}

/** Takes the port, gives it back, and tells which it was. */
async function bound(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
