import { isUtf8 as isValidUtf8 } from 'node:buffer';
import { Failure, fail, failIfAny, type Outcome } from '#errors';
import { IllFormed } from '#fhir/json/issues.ts';
import { parseResource } from '#fhir/json/json.ts';
import { parseXml } from '#fhir/xml/read.ts';
import { jsonPatch } from '#operations/bundle/entries.ts';
import type { Context } from '#operations/request/context.ts';
import { operationOf } from '#operations/request/operation.ts';
import { type Pairs, refuseParameters } from '#operations/request/parameters.ts';
import { readPreconditions } from '#operations/request/preconditions.ts';
import { type DecodedQuery, readQuery } from '#operations/request/query.ts';
import type { Patch, Request } from '#operations/request/request.ts';
import { type Interaction, route } from '#operations/request/route.ts';
import { binaryIn, binaryOf, goesOutRaw, isForBinary } from './binary.ts';
import { readHttpDate } from './http-date.ts';
import type { HttpRequest } from './messages.ts';
import { formatOfBody, isUtf8, type NegotiatedForm, nameOf } from './negotiate.ts';
import { pathOf } from './path.ts';
import { readPrefer } from './prefer.ts';

const form = 'application/x-www-form-urlencoded';

/** Reads an HTTP request under `/fhir` (R4 http.html) as what it asks of the conductors. */
export function readRequest(
  context: Context,
  incoming: HttpRequest,
  { pairs, issues }: DecodedQuery,
  form: Outcome<NegotiatedForm>,
): Outcome<Request> {
  const { method, url } = incoming;
  const { maxUrl } = context.config;
  if (url.length > maxUrl) return fail('url-too-long', { found: url.length, expected: maxUrl });
  const path = pathOf(url);
  if (path instanceof Failure) return path;
  const interaction = route(context.definitions, method, path);
  if (interaction instanceof Failure) return interaction;
  if (form instanceof Failure && (asksPart(pairs) || !goesOutRaw(interaction, incoming))) return form;
  const refused =
    refuseOperation(context, interaction, incoming.body.length) ??
    failIfAny(issues) ??
    refuseParameters(interaction, pairs);
  return refused ?? withHeaders(context, incoming, interaction, pairs);
}

/** Whether a part of a resource is asked for, which is no content any more. */
function asksPart(pairs: Pairs): boolean {
  return pairs.some(([name, value]) => name === '_elements' || (name === '_summary' && value !== 'false'));
}

/** Refuses what no operation would heed before its body is read: that is done where everyone waits. */
function refuseOperation({ operations, config }: Context, interaction: Interaction, size: number): Failure | undefined {
  if (interaction.code !== 'operation') return undefined;
  const found = operationOf(operations, interaction);
  if (found instanceof Failure) return found;
  return size > config.maxOperationBody && found.judges !== true
    ? fail('operation-too-large', { found: size, expected: config.maxOperationBody })
    : undefined;
}

function withHeaders(
  context: Context,
  incoming: HttpRequest,
  interaction: Interaction,
  query: Pairs,
): Outcome<Request> {
  const { headers } = incoming;
  const prefer = headers.prefer === undefined ? undefined : readPrefer(headers.prefer);
  const ifNoneExist = criteriaOf(headers['if-none-exist'], interaction);
  if (ifNoneExist instanceof Failure) return ifNoneExist;
  const since = readHttpDate(headers['if-modified-since']);
  const preconditions = readPreconditions({
    ...(headers['if-match'] !== undefined && { ifMatch: headers['if-match'] }),
    ...(headers['if-none-match'] !== undefined && { ifNoneMatch: headers['if-none-match'] }),
    ...(since !== undefined && { ifModifiedSince: since }),
  });
  if (preconditions instanceof Failure) return preconditions;
  const request = {
    interaction,
    query,
    preconditions,
    lenient: prefer?.handling === 'lenient',
    ...(prefer?.async === true && { async: true }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
  };
  return withBody(context, incoming, request);
}

/** R4 http.html#ccreate. */
function criteriaOf(header: string | string[] | undefined, { code }: Interaction): Outcome<string | undefined> {
  if (typeof header !== 'string') return undefined;
  const name = 'If-None-Exist';
  // Its value may be a resident's.
  return code === 'create' ? header : fail('bad-header', { name, found: '…', expected: 'it at a create alone' });
}

function withBody(context: Context, incoming: HttpRequest, request: Request): Outcome<Request> {
  const { body: bytes, headers, method } = incoming;
  const { code } = request.interaction;
  switch (code) {
    case 'search-type':
    case 'search-system':
    case 'search-compartment':
      return method === 'POST' ? withForm(request, headers['content-type'], bytes) : request;
    case 'patch':
    case 'conditional-patch': {
      const patch = readPatch(context, incoming);
      return patch instanceof Failure ? patch : { ...request, patch };
    }
    case 'create':
    case 'update':
    case 'conditional-update': {
      if (isForBinary(request.interaction)) return withBinary(context, incoming, request);
      break;
    }
    case 'bundle':
      break;
    case 'operation':
      if (bytes.length > 0) break;
      return request;
    default:
      return request;
  }
  const body = readBody(context, incoming, code === 'bundle' ? 'a Bundle' : 'a resource');
  if (body instanceof Failure) {
    if (code !== 'operation' || body.status === 415) return body;
    return { ...request, unread: body, ...(body instanceof IllFormed && { body: body.value }) };
  }
  return { ...request, body };
}

/** R4 binary.html#rest. */
function withBinary(context: Context, incoming: HttpRequest, request: Request): Outcome<Request> {
  const { interaction } = request;
  const { body, headers } = incoming;
  const contentType = headers['content-type'];
  const format = formatOfBody(contentType);
  if (contentType !== undefined && format instanceof Failure) {
    return { ...request, body: binaryOf(interaction, incoming) };
  }
  const read = readBody(context, incoming, 'a resource');
  const held = format instanceof Failure || body.length === 0 ? read : binaryIn(interaction, incoming, format, read);
  return held instanceof Failure ? held : { ...request, body: held };
}

/** The resource in a body; `also` is another media type that would do. */
function readBody(
  { config }: Context,
  { body, headers }: HttpRequest,
  expected: string,
  also?: string,
): Outcome<unknown> {
  if (body.length === 0) return fail('body-empty', { expected });
  const format = formatOfBody(headers['content-type'], also);
  if (format instanceof Failure) return format;
  return format === 'xml' ? parseXml(body, config.maxDepth) : parseResource(body, config.maxDepth);
}

/** R4 http.html#patch: the media type tells which kind it is. */
function readPatch(context: Context, incoming: HttpRequest): Outcome<Patch> {
  const { body, headers } = incoming;
  const json = nameOf(headers['content-type']) === jsonPatch;
  const document =
    json && body.length > 0 && isUtf8(headers['content-type'] ?? '')
      ? parseResource(body, context.config.maxDepth)
      : readBody(context, incoming, 'a patch', jsonPatch);
  return document instanceof Failure ? document : { format: json ? 'json' : 'fhirpath', document };
}

/** R4 http.html#search: the parameters of a `POST _search` are those of its URL and of its body. */
function withForm(request: Request, contentType: string | undefined, bytes: Uint8Array): Outcome<Request> {
  if (bytes.length === 0) return request;
  if (contentType === undefined || nameOf(contentType) !== form || !isUtf8(contentType)) {
    return fail('unsupported-media-type', { name: 'Content-Type', found: contentType ?? 'missing', expected: form });
  }
  if (!isValidUtf8(bytes)) return fail('invalid-utf8', {});
  const own = readQuery(new TextDecoder().decode(bytes));
  return own instanceof Failure ? own : { ...request, query: [...request.query, ...own] };
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods that the path of a request takes (RFC 9110, Allow). */
export function allowedMethods(context: Context, url: string): readonly string[] {
  const path = pathOf(url);
  if (path instanceof Failure) return [];
  return methods.filter((method) => {
    const interaction = route(context.definitions, method, path);
    if (interaction instanceof Failure) return false;
    const refused = refuseOperation(context, interaction, 0);
    return refused?.status !== 405;
  });
}
