import { Failure, fail, failIfAny, issue, type Outcome, shown } from '#errors';
import { Issues } from '#fhir/json/issues.ts';
import { parseResource } from '#fhir/json/json.ts';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { idNamed } from '#fhir/values/references.ts';
import { holdsResidentNumber } from '#resident-numbers';
import type { Context } from '../request/context.ts';
import { checkElements, checkTexts } from '../request/elements.ts';
import { refuseParameters } from '../request/parameters.ts';
import { readPreconditions } from '../request/preconditions.ts';
import { decodePath, readQuery } from '../request/query.ts';
import { located, type Patch, type Request } from '../request/request.ts';
import { type Interaction, route } from '../request/route.ts';

/** A Bundle posted to the base: its type and its entries, each read or with what is wrong with it. */
export interface ReadBundle {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly Outcome<Request>[];
}

/** Reads a Bundle posted to the base (R4 http.html#transaction). */
export function readBundle(context: Context, body: unknown, lenient: boolean): Outcome<ReadBundle> {
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
  if (refused !== undefined) return refused;
  const whole: Whole = { type, lenient, ...(type === 'batch' && { batch: fullUrlsOf(entry) }) };
  return { type, entries: entry.map((e, i) => readEntry(context, whole, e, `Bundle.entry[${i}]`)) };
}

/** The fullUrls that lead to nothing in a batch: names of its own, and those of what gets its id only when it is created. */
function fullUrlsOf(entries: readonly unknown[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap((entry) => {
      const { fullUrl, request } = isObject(entry) ? entry : {};
      if (typeof fullUrl !== 'string') return [];
      return /^urn:/i.test(fullUrl) || (isObject(request) && request.method === 'POST') ? [fullUrl] : [];
    }),
  );
}

/** The elements of an entry's request that are read, all of them text. */
interface EntryRequest {
  readonly method: string;
  readonly url: string;
  readonly ifNoneExist?: string;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
}

/** What holds for all entries of a bundle. */
interface Whole {
  readonly type: ReadBundle['type'];
  readonly lenient: boolean;
  /** The fullUrls of a batch that no reference may name. */
  readonly batch?: ReadonlySet<string>;
}

function readEntry(context: Context, { type, lenient, batch }: Whole, raw: unknown, path: string): Outcome<Request> {
  const entry = isObject(raw) ? raw : {};
  const asked = checkEntry(entry, path);
  if (asked instanceof Failure) return asked;
  const { method, url, ifNoneExist } = asked;
  const target = splitUrl(context, url);
  const decoded = decodePath(target.path);
  const interaction = decoded instanceof Failure ? decoded : route(context.definitions, method, decoded);
  if (interaction instanceof Failure) return located(interaction, `${path}.request.url`);
  const query = readQuery(target.query, `${path}.request.url`);
  if (query instanceof Failure) return query;
  const { resource, fullUrl } = entry;
  const refused =
    refuse(interaction, type, asked, path) ??
    refuseResource(interaction, asked, resource, path) ??
    refuseParameters(interaction, query);
  if (refused !== undefined) return located(refused, refused.issues[0].expression ?? `${path}.request.url`);
  const preconditions = readPreconditions(asked, `${path}.request`);
  if (preconditions instanceof Failure) return preconditions;
  const patching = interaction.code === 'patch' || interaction.code === 'conditional-patch';
  const patch = patching ? patchOf(context, resource, `${path}.resource`) : undefined;
  if (patch instanceof Failure) return patch;
  return {
    path,
    interaction,
    query,
    lenient,
    preconditions,
    ...(method === 'HEAD' && { head: true }),
    ...(patch !== undefined && { patch }),
    ...(resource !== undefined && !patching && { body: resource }),
    ...(typeof fullUrl === 'string' && { fullUrl }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
    ...(batch !== undefined && { batch }),
  };
}

/** R4 http.html#patch: within a bundle a JSON Patch stands in a Binary, a FHIRPath Patch is a Parameters. */
function patchOf(context: Context, resource: unknown, path: string): Outcome<Patch> {
  const { resourceType, contentType, data } = isObject(resource) ? resource : {};
  if (resourceType === 'Parameters') return { format: 'fhirpath', document: resource };
  const json = resourceType === 'Binary' && contentType === jsonPatch && typeof data === 'string';
  if (!json) {
    const text = `The patch is ${shown(resourceType)}; expected Parameters, or a Binary of ${jsonPatch} with data.`;
    return fail('bundle-entry', { text }, path);
  }
  const document = parseResource(Buffer.from(data, 'base64'), context.config.maxDepth);
  return document instanceof Failure ? located(document, `${path}.data`) : { format: 'json', document };
}

/** R4 http.html#patch: the type of an RFC 6902 document. */
export const jsonPatch = 'application/json-patch+json';

const conditions = ['ifNoneExist', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince'] as const;

/** The form of an entry: known elements, and text where text belongs. */
function checkEntry(entry: JsonObject, path: string): Outcome<EntryRequest> {
  const issues = new Issues();
  const { request } = entry;
  checkElements(entry, 'Bundle.entry', path, issues);
  checkTexts(entry, ['fullUrl'], path, issues);
  checkFullUrl(entry.fullUrl, path, issues);
  if (isObject(request)) {
    for (const name of ['method', 'url']) {
      if (request[name] !== undefined) continue;
      issues.add(issue('bundle-entry', { text: `The request has no ${name}.` }, `${path}.request.${name}`));
    }
    checkTexts(request, ['method', 'url', ...conditions], `${path}.request`, issues);
    // A condition that says nothing is none, and the request would do more than was meant.
    for (const name of conditions.filter((c) => request[c] === undefined && request[`_${c}`] !== undefined)) {
      issues.add(issue('bundle-entry', { text: `${name} has no value; expected one.` }, `${path}.request.${name}`));
    }
  } else {
    const text = 'The entry has no request; expected method and url.';
    issues.add(issue('bundle-entry', { text }, `${path}.request`));
  }
  return failIfAny(issues.list) ?? (request as EntryRequest);
}

function checkFullUrl(fullUrl: unknown, path: string, issues: Issues): void {
  const id = typeof fullUrl === 'string' ? idNamed(fullUrl) : undefined;
  if (id === undefined || !holdsResidentNumber(id)) return;
  issues.add(issue('resident-number-as-id', { found: id }, `${path}.fullUrl`));
}

/** What an interaction may not be asked, or not be asked in an entry. */
function refuse(
  interaction: Interaction,
  type: ReadBundle['type'],
  asked: EntryRequest,
  path: string,
): Failure | undefined {
  const { code } = interaction;
  const at = (name: string) => `${path}.request.${name}`;
  if (code === 'bundle') {
    const text = 'A bundle stands within a bundle; expected an interaction with a resource.';
    return fail('bundle-entry', { text }, at('url'));
  }
  if (code === 'operation' && type === 'transaction') {
    return fail('entry-not-supported', { found: `The operation ${interaction.name}`, target: type }, at('url'));
  }
  for (const name of conditions) {
    const [by, pattern] = heeded[name];
    if (asked[name] === undefined || pattern.test(code)) continue;
    return fail('bundle-entry', { text: `${name} stands at a ${code}; expected ${by}.` }, at(name));
  }
  return undefined;
}

/** A resource where none is read: whoever sends one, a filter perhaps, expects something of it. */
function refuseResource(
  { code }: Interaction,
  { method }: EntryRequest,
  resource: unknown,
  path: string,
): Failure | undefined {
  const heeded = /^(create|.*update|.*patch)$/.test(code) || (code === 'operation' && method === 'POST');
  if (resource === undefined || heeded) return undefined;
  const text = `A resource stands at a ${code}; expected none, and parameters in the url.`;
  return fail('bundle-entry', { text }, `${path}.resource`);
}

/** The interactions that heed each condition. */
const heeded = {
  ifNoneExist: ['a create (POST) alone', /^create$/],
  ifMatch: ['an update (PUT), a patch or a delete', /(update|patch|delete)$/],
  ifNoneMatch: ['a read (GET) or an update (PUT)', /^(read|vread|update)$/],
  ifModifiedSince: ['a read (GET)', /^(read|vread)$/],
} as const;

/** Entry URLs are relative to the base; absolute ones under our base are taken as well. */
function splitUrl(context: Context, url: string): { path: string; query: string } {
  const own = `${context.config.baseUrl}/`;
  const relative = (url.startsWith(own) ? url.slice(own.length) : url).replace(/^\//, '');
  const mark = relative.indexOf('?');
  return mark < 0 ? { path: relative, query: '' } : { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
}
