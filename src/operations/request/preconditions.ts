import { Failure, fail, type Outcome } from '#errors';
import type { Version } from '#storage/store.ts';

/** Versions that a client names; `*` is any. A tag that is none of ours names none. */
export type Etags = '*' | readonly number[];

/** What a request asks of the state before it acts (R4 http.html#concurrency, #cread; RFC 9110 section 13). */
export interface Preconditions {
  readonly ifMatch?: Etags;
  readonly ifNoneMatch?: Etags;
  /** Milliseconds since 1970. */
  readonly ifModifiedSince?: number;
}

const tag = /^(?:W\/)?"([^"]*)"$|^(\d{1,10})$/;

/** The versions that a list of weak ETags names (R4 http.html#versioning). */
function readEtags(name: string, text: string, path?: string): Outcome<Etags> {
  if (text.trim() === '*') return '*';
  const versions: number[] = [];
  for (const part of text.split(',')) {
    const [, quoted, bare] = tag.exec(part.trim()) ?? [];
    const version = quoted ?? bare;
    if (version === undefined)
      return fail('bad-header', { name, found: text, expected: 'an ETag such as W/"3", or *' }, path);
    if (/^[1-9]\d{0,9}$/.test(version)) versions.push(Number(version));
  }
  return versions;
}

/** Shared, since most requests have none. */
const none: Preconditions = {};

/**
 * The preconditions in headers, or in the elements of an entry's request, which stands at `path`. A date that is none is
 * passed over, as RFC 9110 asks.
 */
export function readPreconditions(
  given: { readonly ifMatch?: string; readonly ifNoneMatch?: string; readonly ifModifiedSince?: string },
  path?: string,
): Outcome<Preconditions> {
  if (given.ifMatch === undefined && given.ifNoneMatch === undefined && given.ifModifiedSince === undefined)
    return none;
  const read = (element: 'ifMatch' | 'ifNoneMatch', header: string): Outcome<Etags | undefined> => {
    const { [element]: text } = given;
    if (text === undefined) return undefined;
    return path === undefined ? readEtags(header, text) : readEtags(element, text, `${path}.${element}`);
  };
  const ifMatch = read('ifMatch', 'If-Match');
  const ifNoneMatch = read('ifNoneMatch', 'If-None-Match');
  if (ifMatch instanceof Failure) return ifMatch;
  if (ifNoneMatch instanceof Failure) return ifNoneMatch;
  const since = Date.parse(given.ifModifiedSince ?? '');
  return {
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(!Number.isNaN(since) && { ifModifiedSince: since }),
  };
}

/** Whether a version is among those named; undefined is a resource that does not exist. */
export function isAmong(etags: Etags, version: number | undefined): boolean {
  if (version === undefined) return false;
  return etags === '*' || etags.includes(version);
}

/** R4 http.html#cread: whether the client has this version already. If-None-Match goes before If-Modified-Since, whose clock has no
 * parts of a second. */
export function isUnmodified({ ifNoneMatch, ifModifiedSince }: Preconditions, version: Version): boolean {
  if (ifNoneMatch !== undefined) return isAmong(ifNoneMatch, version.version);
  if (ifModifiedSince === undefined) return false;
  return Math.floor(version.lastUpdated / 1000) <= Math.floor(ifModifiedSince / 1000);
}
