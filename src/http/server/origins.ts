import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '#config';
import { type Failure, fail } from '#errors';

type Origins = Pick<Config, 'baseUrl' | 'corsOrigins'>;

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether a request comes by way of a web page that has no business here. Where no token is asked for, the browser's user
 * is all that stands between any page and the records: a page may send to this address without being able to read the answer,
 * or give the address a name of its own and read it too.
 */
export function originGuard({ baseUrl, corsOrigins }: Origins): (headers: IncomingHttpHeaders) => Failure | undefined {
  const { host: own, hostname, origin: ownOrigin } = new URL(baseUrl);
  const allowed = new Set([ownOrigin, ...corsOrigins]);
  return ({ host, origin }) => {
    if (host !== own && host !== undefined) {
      const name = host.toLowerCase().replace(/:\d*$/, '');
      if (name !== hostname && !loopback.test(name)) return fail('foreign-host', { found: host, expected: hostname });
    }
    if (origin === undefined || allowed.has(origin) || allowed.has('*') || origin === `http://${host}`) return;
    return fail('foreign-origin', { found: origin });
  };
}
