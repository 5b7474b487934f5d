import { fail, type Outcome } from '#errors';
import { type DecodedQuery, decodePath, decodeQuery } from '#operations/request/query.ts';

/** The decoded parameters of a URL. */
export function queryOf(url: string): DecodedQuery {
  const mark = url.indexOf('?');
  return decodeQuery(mark < 0 ? '' : url.slice(mark + 1));
}

const base = '/fhir';

/** The decoded path behind the base. */
export function pathOf(url: string): Outcome<string> {
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  // The router decodes before it compares, so that the base itself may come encoded.
  if (whole !== base && !whole.startsWith(`${base}/`)) return fail('unknown-route', { found: '/…' });
  return decodePath(whole.slice(base.length + 1));
}
