import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Failure, fail } from '#errors';
import type { Context } from '#operations/request/context.ts';
import { decodePath } from '#operations/request/query.ts';
import { requestEncodings } from '../request/codings.ts';
import { decodeHeaders } from '../request/headers.ts';
import type { HttpResponse } from '../request/messages.ts';
import { json } from '../request/negotiate.ts';
import { outcomeOf } from './outcome.ts';
import { bodied, type Presentation } from './render.ts';

const utf8 = `${json.mediaType}; charset=utf-8`;

/** An OperationOutcome in place of what was asked. */
export function refusal(failure: Failure, view: Presentation, headers: HttpResponse['headers'] = {}): HttpResponse {
  return bodied(
    failure.status,
    { ...headers, ...retryAfter(failure) },
    JSON.stringify(outcomeOf(failure.issues)),
    view,
  );
}

/** Seconds after which what could not be done now is worth another try (RFC 9110, 10.2.3). */
function retryAfter({ status }: Failure): HttpResponse['headers'] {
  return [503, 507, 429].includes(status) ? { 'retry-after': '1' } : {};
}

/** Sends an OperationOutcome in JSON: what is asked for is not known, or not to be told. */
export function refuse(reply: FastifyReply, failure: Failure): FastifyReply {
  const body = JSON.stringify(outcomeOf(failure.issues));
  return reply.code(failure.status).headers(retryAfter(failure)).header('content-type', utf8).send(body);
}

/** What the router could not decode. */
function badPath(url: string): Failure {
  const path = decodePath(url.replace(/\?.*$/s, ''));
  return path instanceof Failure ? path : fail('bad-request', { found: 'its path is badly encoded' });
}

/** How a failure passes through Fastify, which knows errors alone. */
export class PassedFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.issues[0].text);
    this.failure = failure;
  }
}

/** Fastify's own refusals become the catalogue's; anything else is a defect, told to the log alone. */
export function failureOf(error: FastifyError | PassedFailure, request: FastifyRequest): Failure {
  if (error instanceof PassedFailure) return error.failure;
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const found = request.headers['content-type'] ?? 'missing';
    return fail('unsupported-media-type', { name: 'Content-Type', found, expected: 'application/fhir+json' });
  }
  if (error.code === 'FST_CP_ERR_INVALID_CONTENT_ENCODING') {
    const found = request.headers['content-encoding'] ?? 'missing';
    return fail('unsupported-media-type', { name: 'Content-Encoding', found, expected: requestEncodings.join(', ') });
  }
  if (error.code === 'FST_CP_ERR_INVALID_CONTENT') {
    return fail('bad-request', { found: 'its body is not what its Content-Encoding says' });
  }
  // The client went away in the middle of its body: nobody reads this, and nothing is broken here.
  if (error.code === 'ECONNRESET') return fail('bad-request', { found: 'it was broken off' });
  if (error.code === 'FST_ERR_BAD_URL') return badPath(request.raw.url ?? '');
  const { statusCode } = error;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return fail('bad-request', { found: error.code ?? 'unreadable' });
  }
  request.log.error({ err: error, reqId: request.id }, 'defect');
  return fail('internal', { found: request.id });
}

/** Node would answer an unknown `Expect` without a word; this says in FHIR which it was (RFC 9110, 10.1.1). */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const { issues } =
    decodeHeaders(request.headers) ?? fail('bad-request', { found: `Expect: ${request.headers.expect}` });
  const body = JSON.stringify(outcomeOf(issues));
  const headers = { 'content-type': utf8, 'x-request-id': randomUUID(), connection: 'close' };
  response.writeHead(417, headers).end(body);
}

/** A path outside `/fhir`, as it may be told: its first part, without what may be a number of a resident. */
export function unknownRoute(request: FastifyRequest): Failure {
  const [first = ''] = (request.raw.url ?? '').slice(1).split(/[/?]/, 1);
  return fail('unknown-route', { found: `/${first.replace(/(%\w\w|\d{6,}[Xx]?)+/g, '…')}` });
}

/** Milliseconds in which the client may read why its connection ends. */
const closingDelay = 1_000;

/** The most bytes of URL and headers that are read: enough for a URL that is told to be too long. */
export function maxHeaderSize({ config }: Context): number {
  return config.maxUrl + config.maxHeaders;
}

/** Answers what is no HTTP request that could be routed, unless it has had its answer, and ends the connection. */
export function refuseConnection(
  context: Context,
  { code }: { readonly code?: string },
  socket: Socket,
): (answered: boolean) => void {
  return (answered) => {
    if (code === 'ECONNRESET' || !socket.writable) return;
    socket.end(answered ? '' : connectionRefusal(connectionFailure(context, code)));
    // Destroyed at once, the rest of what the client sent would make the system throw the answer away.
    setTimeout(() => socket.destroy(), closingDelay).unref();
  };
}

/** A refusal as it goes out where there is no request. */
export function connectionRefusal(failure: Failure): string {
  const { status, issues } = failure;
  const body = JSON.stringify(outcomeOf(issues));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(retryAfter(failure)).map(([name, value]) => `${name}: ${value}`),
    `Content-Type: ${utf8}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${randomUUID()}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function connectionFailure(context: Context, code: string | undefined): Failure {
  const { maxUrl, maxHeaders, headersTimeout, requestTimeout } = context.config;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return fail('request-timeout', { headers: headersTimeout, expected: requestTimeout });
  }
  if (code !== 'HPE_HEADER_OVERFLOW') return fail('bad-request', { found: code ?? 'unreadable' });
  return fail('header-too-large', { found: maxHeaderSize(context), expected: maxUrl, headers: maxHeaders });
}
