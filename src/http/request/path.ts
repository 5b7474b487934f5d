import { fail, type Outcome } from '#errors';
import type { Pairs } from '#operations/request/parameters.ts';

/** The decoded parameters of a URL. */
export function pairsOf(url: string): Pairs {
  const mark = url.indexOf('?');
  return mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))];
}

const base = '/fhir';

/** The decoded path behind the base. No path of FHIR has a `%` left, and what hides behind one must not be echoed. */
export function pathOf(url: string): Outcome<string> {
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  // The router decodes before it compares, so that the base itself may come encoded.
  if (whole !== base && !whole.startsWith(`${base}/`)) return fail('unknown-route', { found: '/…' });
  const path = whole.slice(base.length + 1);
  if (!path.includes('%')) return path;
  try {
    const decoded = decodeURIComponent(path);
    if (!decoded.includes('%')) return decoded;
  } catch {
    // Told below: what cannot be decoded, or is encoded twice, is the same to the client.
  }
  return fail('bad-request', { found: badPath });
}

/** What is wrong with a path that cannot be decoded. */
export const badPath = 'its path is badly encoded';
