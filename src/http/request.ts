import type { FastifyRequest } from 'fastify';
import { Failure, fail, type Outcome } from '#errors';
import { parseResource } from '#fhir/json.ts';
import type { Context } from '#operations/context.ts';
import { versionOf } from '#operations/entries.ts';
import { refuseParameters } from '#operations/parameters.ts';
import type { Request } from '#operations/request.ts';
import { type Interaction, route } from '#operations/route.ts';
import { refuseEncoding, refuseFormat, refuseMediaType } from './negotiate.ts';

const form = 'application/x-www-form-urlencoded';

/** Reads an HTTP request under `/fhir` (R4 http.html) as what it asks of the conductors. */
export function readRequest(context: Context, http: FastifyRequest): Outcome<Request> {
  const url = http.raw.url ?? '';
  const { maxUrl } = context.config;
  if (url.length > maxUrl) return fail('url-too-long', { expected: maxUrl });
  const path = pathOf(url);
  if (path instanceof Failure) return path;
  const interaction = route(context.definitions, http.method, path);
  if (interaction instanceof Failure) return interaction;
  const mark = url.indexOf('?');
  const pairs = mark < 0 ? [] : [...new URLSearchParams(url.slice(mark + 1))];
  const format = pairs.find(([name]) => name === '_format')?.[1];
  const refused =
    refuseFormat(format, http.headers.accept) ??
    refuseParameters(interaction, pairs) ??
    refuseEncoding(http.headers['content-encoding']);
  if (refused !== undefined) return refused;
  return withBody(context, http, interaction, pairs);
}

function withBody(
  context: Context,
  http: FastifyRequest,
  interaction: Interaction,
  pairs: readonly [string, string][],
): Outcome<Request> {
  const { headers } = http;
  const bytes = Buffer.isBuffer(http.body) && http.body.length > 0 ? http.body : undefined;
  const lenient = /\bhandling\s*=\s*lenient\b/.test(String(headers.prefer ?? ''));
  const ifNoneExist = headers['if-none-exist'];
  const ifMatch = headers['if-match'] === undefined ? undefined : versionOf(headers['if-match']);
  if (ifMatch instanceof Failure) return ifMatch;
  const request = {
    interaction,
    query: pairs,
    lenient,
    ...(typeof ifNoneExist === 'string' && { ifNoneExist }),
    ...(ifMatch !== undefined && { ifMatch }),
  };
  const { code } = interaction;
  if (code === 'search-type' && http.method === 'POST') return withForm(request, headers['content-type'], bytes);
  if (code !== 'create' && code !== 'update' && code !== 'bundle' && code !== 'operation') return request;
  if (bytes === undefined) {
    if (code === 'operation') return request;
    return fail('body-empty', { expected: code === 'bundle' ? 'a Bundle' : 'a resource' });
  }
  const refused = refuseMediaType(headers['content-type']);
  if (refused !== undefined) return refused;
  const body = parseResource(bytes, context.config.maxDepth);
  return body instanceof Failure ? body : { ...request, body };
}

/** R4 http.html#search: the parameters of a `POST _search` are those of its URL and of its body. */
function withForm(request: Request, contentType: string | undefined, bytes: Buffer | undefined): Outcome<Request> {
  if (bytes === undefined) return request;
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== form) {
    return fail('unsupported-media-type', { name: 'Content-Type', found: contentType ?? 'missing', expected: form });
  }
  return { ...request, query: [...request.query, ...new URLSearchParams(bytes.toString('utf8'))] };
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods that the path of a request takes (RFC 9110, Allow). */
export function allowedMethods(context: Context, http: FastifyRequest): readonly string[] {
  const path = pathOf(http.raw.url ?? '');
  if (path instanceof Failure) return [];
  return methods.filter((method) => !(route(context.definitions, method, path) instanceof Failure));
}

/** The decoded path behind the base. No path of FHIR has a `%` left, and what hides behind one must not be echoed. */
function pathOf(url: string): Outcome<string> {
  const mark = url.indexOf('?');
  const path = url.slice('/fhir/'.length, mark < 0 ? undefined : mark);
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
