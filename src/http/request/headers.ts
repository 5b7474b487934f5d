import type { IncomingHttpHeaders } from 'node:http';
import { Failure, fail } from '#errors';
import { readHeaderText } from '#operations/request/query.ts';

/** Headers whose text is read, kept or told again: it is UTF-8. */
const texts = [
  'Accept',
  'Content-Type',
  'If-Match',
  'If-None-Exist',
  'If-None-Match',
  'Prefer',
  'X-Correlation-Id',
  'X-Request-Id',
  'X-Security-Context',
];

/** Headers of which nothing beyond ASCII means anything. */
const plain = ['Content-Encoding', 'Expect', 'Host', 'If-Modified-Since', 'Origin'];

const named = [...texts, ...plain].map((name) => [name, name.toLowerCase(), plain.includes(name)] as const);

/**
 * Puts the text of the headers that this server reads in place of their bytes, which Node gives as characters of Latin-1: an id number
 * would not be known otherwise. A failure if one is no UTF-8.
 */
export function decodeHeaders(headers: IncomingHttpHeaders): Failure | undefined {
  for (const [name, key, isPlain] of named) {
    const value = headers[key];
    if (typeof value !== 'string') continue;
    const text = readHeaderText(name, value);
    if (text instanceof Failure) return text;
    if (text === value) continue;
    if (isPlain) return fail('bad-header', { name, found: text, expected: 'ASCII' });
    headers[key] = text;
  }
  // The names of codings know no case (RFC 9110), but the library that undoes them does.
  const { 'content-encoding': coding } = headers;
  if (coding !== undefined) headers['content-encoding'] = coding.toLowerCase();
  return undefined;
}
