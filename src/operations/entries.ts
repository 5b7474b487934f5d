import { Failure, fail, type Outcome } from '#errors';
import type { Context } from './context.ts';
import type { Request } from './request.ts';
import { route } from './route.ts';

/** A Bundle posted to the base: its type and its entries, each read or with what is wrong with it. */
export interface Incoming {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly Outcome<Request>[];
}

/** Reads a Bundle posted to the base (R4 http.html#transaction). */
export function readBundle(context: Context, body: unknown): Outcome<Incoming> {
  if (!isObject(body) || !('resourceType' in body)) return fail('missing-resource-type', {}, 'Bundle');
  const { resourceType, type, entry = [] } = body;
  if (resourceType !== 'Bundle') {
    return fail('type-mismatch', { found: String(resourceType), expected: 'Bundle' }, 'resourceType');
  }
  if (type !== 'batch' && type !== 'transaction') {
    return fail('bundle-type', { found: type === undefined ? 'missing' : String(type) }, 'Bundle.type');
  }
  if (!Array.isArray(entry)) {
    return fail('bundle-entry', { text: 'Bundle.entry is no list; expected a list of entries.' }, 'Bundle.entry');
  }
  const { maxEntries } = context.config;
  if (entry.length > maxEntries) {
    return fail('too-many-entries', { found: entry.length, expected: maxEntries }, 'Bundle.entry');
  }
  return { type, entries: entry.map((e, i) => readEntry(context, e, `Bundle.entry[${i}]`)) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readEntry(context: Context, raw: unknown, path: string): Outcome<Request> {
  const { request, resource, fullUrl } = isObject(raw) ? raw : {};
  if (!isObject(request)) {
    return fail('bundle-entry', { text: 'The entry has no request; expected method and url.' }, `${path}.request`);
  }
  const { method, url, ifNoneExist, ifMatch } = request;
  const missing = typeof method !== 'string' ? 'method' : typeof url !== 'string' ? 'url' : undefined;
  if (missing !== undefined) {
    return fail('bundle-entry', { text: `The request has no ${missing}.` }, `${path}.request.${missing}`);
  }
  const target = splitUrl(context, String(url));
  const interaction = route(context.definitions, String(method), target.path);
  if (interaction instanceof Failure) return located(interaction, `${path}.request.url`);
  if (interaction.code === 'bundle') {
    const text = 'A bundle stands within a bundle; expected an interaction with a resource.';
    return fail('bundle-entry', { text }, `${path}.request.url`);
  }
  const version = ifMatch === undefined ? undefined : versionOf(String(ifMatch));
  if (version instanceof Failure) return located(version, `${path}.request.ifMatch`);
  return {
    path,
    interaction,
    query: [...new URLSearchParams(target.query)],
    lenient: false,
    ...(resource !== undefined && { body: resource }),
    ...(typeof fullUrl === 'string' && { fullUrl }),
    ...(typeof ifNoneExist === 'string' && { ifNoneExist }),
    ...(version !== undefined && { ifMatch: version }),
  };
}

/** The version that a weak ETag names (R4 http.html#versioning). */
export function versionOf(etag: string): Outcome<number> {
  const version = /^(?:W\/)?"?(\d{1,10})"?$/.exec(etag.trim())?.[1];
  if (version === undefined)
    return fail('bad-header', { name: 'If-Match', found: etag, expected: 'an ETag such as W/"3"' });
  return Number(version);
}

/** Entry URLs are relative to the base; absolute ones under our base are taken as well. */
function splitUrl(context: Context, url: string): { path: string; query: string } {
  const own = `${context.config.baseUrl}/`;
  const relative = (url.startsWith(own) ? url.slice(own.length) : url).replace(/^\//, '');
  const mark = relative.indexOf('?');
  return mark < 0 ? { path: relative, query: '' } : { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
}

/** The same problems, told of a place in a bundle. */
function located(failed: Failure, path: string): Failure {
  const [first, ...rest] = failed.issues;
  const at = (i: typeof first) => ({ ...i, expression: path });
  return new Failure([at(first), ...rest.map(at)]);
}
