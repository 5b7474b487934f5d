import { randomUUID } from 'node:crypto';
import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastifyCompress from '@fastify/compress';
import fastifyCors from '@fastify/cors';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Failure, fail, type Outcome } from '#errors';
import type { Caller, Context } from '#operations/request/context.ts';
import type { Interaction } from '#operations/request/route.ts';
import { mask } from '#resident-numbers';
import { unrestricted } from '#security/rights.ts';
import { dispatch } from '../dispatch.ts';
import { compression, cors } from '../request/codings.ts';
import { decodeHeaders } from '../request/headers.ts';
import {
  failureOf,
  maxHeaderSize,
  refuse,
  refuseConnection,
  refuseExpectation,
  unknownRoute,
} from '../response/refuse.ts';
import { serveApi } from './api.ts';
import { readBodies } from './bodies.ts';
import { boundConnections } from './connections.ts';
import { serveConsole } from './console.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { originGuard } from './origins.ts';
import { beginRequest, breakOff, crowded, endWith, hasLeft, isDropped, onLeaving, signalOf } from './pipelining.ts';
import { serveReadiness } from './readiness.ts';
import { type Shutdown, shutDownGracefully } from './shutdown.ts';
import { WaitingBytes } from './waiting-bytes.ts';

/** The HTTP face of a server: FHIR at `/fhir`, the console at `/`, health and metrics. It does not listen yet. */
export async function createServer(context: Context): Promise<FastifyInstance> {
  const { config } = context;
  const refuseError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    // Whoever gave up its work ended it so: nobody waits for an answer.
    if (isDropped(request.raw) || (hasLeft(reply.raw) && error.name === 'AbortError')) return reply.hijack();
    // Fastify ends the connection where it could not read a body.
    if (reply.hasHeader('connection') && !endWith(reply.raw)) reply.removeHeader('connection');
    return refuse(reply, failureOf(error, request));
  };
  const app = Fastify({
    bodyLimit: config.maxBody,
    loggerInstance: context.log as FastifyBaseLogger,
    // A logger of its own for each request costs more than routing it; the lines name the request instead.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (raw) => requestId(raw.headers['x-request-id']),
    requestTimeout: config.requestTimeout,
    keepAliveTimeout: config.idleTimeout,
    // While it closes, the server refuses in FHIR (see ending).
    return503OnClosing: false,
    http: nodeOptions(context),
    routerOptions: { maxParamLength: maxHeaderSize(context) },
    // What cannot be routed passes no hook.
    frameworkErrors: (error, request, reply) => refuseError(error, request, identify(request, reply)),
    clientErrorHandler: (error, socket) => breakOff(socket, refuseConnection(context, error, socket)),
  });
  prepare(context, app);
  // Fastify then keeps a place for them in every request, instead of changing the object's shape.
  app.decorateRequest(asked, undefined);
  app.decorateRequest(asking, undefined);
  const metrics = createMetrics(context);
  boundConnections(app, config);
  const waiting = new WaitingBytes(config.maxWaiting);
  readBodies(app, waiting, config.maxBody);
  app.setErrorHandler(refuseError);
  app.setNotFoundHandler((request, reply) => refuse(reply, unknownRoute(request)));
  const shutdown = shutDownGracefully(app, config.shutdownTimeout);
  accompany(app, context, metrics, shutdown);
  await app.register(fastifyCompress, compression);
  if (config.corsOrigins.length > 0) await app.register(fastifyCors, cors(config.corsOrigins));
  app.get('/healthz', async () => ({ status: 'ok' }));
  serveReadiness(app, context);
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.text()));
  await app.register(async (fhir) => serveFhir(context, shutdown, waiting, fhir));
  await serveApi(app, context);
  await serveConsole(app);
  return app;
}

/** What holds for every request, whatever it asks for. */
function accompany(app: FastifyInstance, { config }: Context, metrics: Metrics, shutdown: Shutdown): void {
  // One hook for all that holds for every request: each hook costs as much as what is asked here.
  app.addHook('onRequest', (request, reply, done) => {
    if (isDropped(request.raw)) {
      reply.hijack();
      return;
    }
    identify(request, reply);
    onLeaving(reply.raw, () => account(metrics, request, reply));
    const refused = shutdown.now
      ? fail('shutting-down', {})
      : (crowded(request.raw, config.maxPipelined) ?? hostless(request));
    if (refused !== undefined) {
      endWith(reply.raw);
      refuse(reply.header('connection', 'close'), refused);
      return;
    }
    const unread = decodeHeaders(request.headers);
    if (unread === undefined) done();
    else refuse(reply, unread);
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (!hasLeft(reply.raw)) account(metrics, request, reply);
    shutdown.answered();
    done();
  });
}

function nodeOptions(context: Context) {
  const { headersTimeout, requestTimeout } = context.config;
  return {
    maxHeaderSize: maxHeaderSize(context),
    // Told in FHIR by a hook.
    requireHostHeader: false,
    // Fastify sets its own too late for Node, which compares the two when it makes the server.
    requestTimeout,
    headersTimeout: Math.min(headersTimeout, requestTimeout),
    connectionsCheckingInterval: Math.min(checking, headersTimeout, requestTimeout),
  };
}

function hostless({ raw, headers }: FastifyRequest): Failure | undefined {
  if (headers.host !== undefined || raw.httpVersion !== '1.1') return undefined;
  return fail('bad-request', { found: 'it has no Host' });
}

/** What Node would pass over, or answer by itself. */
function prepare(context: Context, app: FastifyInstance): void {
  // Every method has its answer under `/fhir`, at least 405.
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  // Their bytes are bounded; beyond a number Node would leave headers out, as if they had not been sent.
  app.server.maxHeadersCount = 0;
  app.server.prependListener('request', (request, response) => {
    beginRequest(request, response);
    relative(request);
  });
  app.server.on('checkExpectation', (request, response) => {
    beginRequest(request, response);
    if (endWith(response)) refuseExpectation(request, response);
  });
  // Without a listener it ends the connection at once, whatever is under way.
  app.server.on('connect', (_request, socket: Socket) => {
    breakOff(socket, refuseConnection(context, { code: 'CONNECT' }, socket));
  });
  // Whoever has sent all that it has to say waits for the answers; Node would hang up.
  Object.assign(app.server, { httpAllowHalfOpen: true });
}

/** RFC 9112, 3.2.2: a target may be a whole URL; its host goes before the header. */
function relative(request: IncomingMessage): void {
  const { url = '' } = request;
  if (url.startsWith('/')) return;
  const [, host, path] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (host === undefined) return;
  request.url = path?.startsWith('/') ? path : `/${path}`;
  if (request.headers.host !== undefined) request.headers.host = host;
}

/** Milliseconds between two looks for connections that take too long. */
const checking = 5_000;

/** Records are not for shared caches, and others keep them only to ask whether they are up to date; each form is another answer. */
const caching = { 'cache-control': 'no-cache, private', vary: 'Accept, accept-encoding, Origin' };

/** `/fhir` and all below. Who asks is known before a body is read or a path judged: strangers learn nothing of either. */
function serveFhir(context: Context, shutdown: Shutdown, waiting: WaitingBytes, fhir: FastifyInstance): void {
  const { config } = context;
  const guard = config.auth === 'off' ? originGuard(config) : undefined;
  fhir.addHook('onRequest', (request, reply, done) => {
    reply.headers(caching);
    const foreign = guard?.(request.headers);
    if (foreign !== undefined) {
      refuse(reply, foreign);
      return;
    }
    const caller = recognise(context, request, reply);
    if (caller instanceof Failure) {
      refuse(reply.header('www-authenticate', 'Bearer'), caller);
      return;
    }
    (request as Asking)[asking] = caller;
    done();
  });
  const handler = (request: FastifyRequest, reply: FastifyReply) => answer(context, shutdown, waiting, request, reply);
  fhir.all('/fhir', handler);
  fhir.all('/fhir/*', handler);
}

/** What the log and the metrics may know of a request: never its URL, which may name a resident. */
const asked = Symbol('interaction');
const asking = Symbol('caller');

interface Asking {
  [asked]?: Interaction | undefined;
  [asking]?: Caller;
}

async function answer(
  context: Context,
  shutdown: Shutdown,
  waiting: WaitingBytes,
  http: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { [asking]: caller } = http as Asking;
  if (caller === undefined) throw new Error('a request came past the recognition of its caller');
  // Given up while its body came, or was unpacked.
  if (isDropped(http.raw)) return reply.hijack();
  const body = Buffer.isBuffer(http.body) ? http.body : nothing;
  const incoming = { method: http.method, url: http.raw.url ?? '', headers: http.headers, body };
  const done = await dispatch(context, caller, incoming);
  const outgoing = done instanceof Failure ? done : waiting.answer(reply.raw, caller.client, done);
  if (!(done instanceof Failure)) (http as Asking)[asked] = done.asked;
  if (outgoing instanceof Failure) return refuse(reply, outgoing);
  reply.code(outgoing.status);
  for (const name in outgoing.headers) reply.header(name, outgoing.headers[name]);
  if (shutdown.now && endWith(reply.raw)) reply.header('connection', 'close');
  // Raw content may be packed already, and the library would unpack it: it goes out as it is.
  const raw = outgoing.headers['content-security-policy'] !== undefined;
  const plain =
    raw || outgoing.body === undefined || http.headers['accept-encoding'] === undefined || http.method === 'HEAD';
  if (plain) return reply.send(outgoing.body);
  reply.compress(outgoing.body);
  return reply;
}

const nothing = new Uint8Array();

/** Who asks. Until the server knows tokens, `required` lets nobody in but to the CapabilityStatement, and addresses are identities. */
function recognise({ config }: Context, { method, raw, ip }: FastifyRequest, reply: FastifyReply): Outcome<Caller> {
  const open = (method === 'GET' || method === 'HEAD') && /^\/fhir\/metadata(\?|$)/.test(raw.url ?? '');
  if (config.auth !== 'off' && !open) return fail('login-required', {});
  return new Client(ip, reply.raw);
}

/** Who asks, by address. Its signal is made when somebody asks for it, and stays behind where the caller goes to another thread. */
class Client implements Caller {
  readonly rights = unrestricted;
  readonly identity: string;
  readonly client: string;
  readonly #response: ServerResponse;

  constructor(address: string, response: ServerResponse) {
    this.identity = `address:${address}`;
    this.client = address;
    this.#response = response;
  }

  get signal(): AbortSignal {
    return signalOf(this.#response);
  }
}

function identify(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { 'x-request-id': sent, 'x-correlation-id': correlation = sent } = request.headers;
  // R4 http.html#custom: an id of the client's that is not used comes back as that to which the request belongs.
  if (typeof correlation === 'string' && correlation !== request.id && isShown(correlation, /^[\x21-\x7e]{1,200}$/)) {
    reply.header('x-correlation-id', correlation);
  }
  return reply.header('x-request-id', request.id);
}

function requestId(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && isShown(sent, /^[\w.-]{1,64}$/) ? sent : randomUUID();
}

/** Whether a text of the client's may go into the log and come back. */
function isShown(text: string, form: RegExp): boolean {
  return form.test(text) && mask(text) === text;
}

/** The status of what has no answer, since its client left: that of nginx. */
const clientLeft = 499;

function account(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const interaction = (request as Asking)[asked];
  const code = interaction?.code ?? 'other';
  const type = interaction !== undefined && 'type' in interaction ? (interaction.type ?? '') : '';
  const ms = reply.elapsedTime;
  const status = hasLeft(reply.raw) ? clientLeft : reply.statusCode;
  metrics.observe(code, type, status, ms / 1000);
  request.log.info(
    {
      reqId: request.id,
      method: request.method,
      interaction: code,
      type,
      status,
      ms: Math.round(ms * 10) / 10,
    },
    'request',
  );
}
