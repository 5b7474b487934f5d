import { Failure, fail, failIfAny, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/issues.ts';
import type { Context } from './context.ts';
import { checkElements, checkTexts, isObject } from './elements.ts';
import { refuseParameters } from './parameters.ts';
import { located, type Request } from './request.ts';
import { type Interaction, route } from './route.ts';

/** A Bundle posted to the base: its type and its entries, each read or with what is wrong with it. */
export interface Incoming {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly Outcome<Request>[];
}

/** Reads a Bundle posted to the base (R4 http.html#transaction). */
export function readBundle(context: Context, body: unknown): Outcome<Incoming> {
  if (!isObject(body) || !('resourceType' in body)) return fail('missing-resource-type', {}, 'Bundle');
  const { resourceType, entry = [], ...envelope } = body;
  if (resourceType !== 'Bundle') {
    return fail('type-mismatch', { found: shown(resourceType), expected: 'Bundle' }, 'resourceType');
  }
  const { type } = envelope;
  if (type !== 'batch' && type !== 'transaction') return fail('bundle-type', { found: shown(type) }, 'Bundle.type');
  if (!Array.isArray(entry)) {
    return fail('bundle-entry', { text: 'Bundle.entry is no list; expected a list of entries.' }, 'Bundle.entry');
  }
  const { maxEntries } = context.config;
  if (entry.length > maxEntries) {
    return fail('too-many-entries', { found: entry.length, expected: maxEntries }, 'Bundle.entry');
  }
  const issues = new Issues();
  checkElements(envelope, 'Bundle', 'Bundle', issues);
  const refused = failIfAny(issues.list);
  return refused ?? { type, entries: entry.map((e, i) => readEntry(context, type, e, `Bundle.entry[${i}]`)) };
}

/** The elements of an entry's request that are read, all of them text. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly ifNoneExist?: string;
  readonly ifMatch?: string;
}

function readEntry(context: Context, type: Incoming['type'], raw: unknown, path: string): Outcome<Request> {
  const entry = isObject(raw) ? raw : {};
  const asked = checkEntry(entry, path);
  if (asked instanceof Failure) return asked;
  const { method, url, ifNoneExist, ifMatch } = asked;
  const target = splitUrl(context, url);
  const interaction = route(context.definitions, method, target.path);
  if (interaction instanceof Failure) return located(interaction, `${path}.request.url`);
  const query = [...new URLSearchParams(target.query)];
  const refused = refuse(interaction, type, asked, path) ?? refuseParameters(interaction, query);
  if (refused !== undefined) return located(refused, refused.issues[0].expression ?? `${path}.request.url`);
  const version = ifMatch === undefined ? undefined : versionOf(ifMatch);
  if (version instanceof Failure) return located(version, `${path}.request.ifMatch`);
  const { resource, fullUrl } = entry;
  return {
    path,
    interaction,
    query,
    lenient: false,
    ...(resource !== undefined && { body: resource }),
    ...(typeof fullUrl === 'string' && { fullUrl }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
    ...(version !== undefined && { ifMatch: version }),
  };
}

/** The form of an entry: known elements, and text where text belongs. */
function checkEntry(entry: Readonly<Record<string, unknown>>, path: string): Outcome<Asked> {
  const issues = new Issues();
  const { request } = entry;
  checkElements(entry, 'Bundle.entry', path, issues);
  checkTexts(entry, ['fullUrl'], path, issues);
  if (isObject(request)) {
    for (const name of ['method', 'url']) {
      if (request[name] !== undefined) continue;
      issues.add(issue('bundle-entry', { text: `The request has no ${name}.` }, `${path}.request.${name}`));
    }
    checkTexts(request, ['method', 'url', 'ifNoneExist', 'ifMatch'], `${path}.request`, issues);
    for (const name of ['ifNoneMatch', 'ifModifiedSince']) {
      if (request[name] === undefined) continue;
      issues.add(issue('entry-not-supported', { found: name, target: 'Bundle' }, `${path}.request.${name}`));
    }
  } else {
    const text = 'The entry has no request; expected method and url.';
    issues.add(issue('bundle-entry', { text }, `${path}.request`));
  }
  return failIfAny(issues.list) ?? (request as Asked);
}

/** What an interaction may not be asked, or not be asked in an entry. */
function refuse(interaction: Interaction, type: Incoming['type'], asked: Asked, path: string): Failure | undefined {
  const { code } = interaction;
  const at = (name: string) => `${path}.request.${name}`;
  if (code === 'bundle') {
    const text = 'A bundle stands within a bundle; expected an interaction with a resource.';
    return fail('bundle-entry', { text }, at('url'));
  }
  if (code === 'operation' && type === 'transaction') {
    return fail('entry-not-supported', { found: `The operation ${interaction.name}`, target: type }, at('url'));
  }
  if (asked.ifNoneExist !== undefined && code !== 'create') {
    return fail('bundle-entry', { text: 'ifNoneExist belongs to a create (POST) alone.' }, at('ifNoneExist'));
  }
  if (asked.ifMatch !== undefined && code !== 'update' && code !== 'delete') {
    return fail('bundle-entry', { text: 'ifMatch belongs to an update (PUT) or a delete alone.' }, at('ifMatch'));
  }
  return undefined;
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
