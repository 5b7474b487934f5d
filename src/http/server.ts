import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Failure, fail, type Outcome } from '#errors';
import type { Caller, Context } from '#operations/context.ts';
import { perform } from '#operations/perform.ts';
import type { Interaction } from '#operations/route.ts';
import { unrestricted } from '#security/rights.ts';
import { serveConsole } from './console.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { failureOf, maxHeaderSize, refuse, refuseConnection, send, unknownRoute } from './refusing.ts';
import { etagOf, locationOf, render } from './render.ts';
import { allowedMethods, readRequest } from './request.ts';

/** The HTTP face of a server: FHIR at `/fhir`, the console at `/`, health and metrics. It does not listen yet. */
export async function createServer(context: Context): Promise<FastifyInstance> {
  const { config } = context;
  const refuseError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
    refuse(reply, failureOf(context, error, request));
  const app = Fastify({
    bodyLimit: config.maxBody,
    logger: { level: config.logLevel },
    // A logger of its own for each request costs more than routing it; the lines name the request instead.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (raw) => requestId(raw.headers['x-request-id']),
    http: { maxHeaderSize: maxHeaderSize(context) },
    routerOptions: { maxParamLength: maxHeaderSize(context) },
    // What cannot be routed passes no hook.
    frameworkErrors: (error, request, reply) => refuseError(error, request, identify(request, reply)),
    clientErrorHandler: (error, socket) => refuseConnection(context, error, socket),
  });
  // Fastify then keeps a place for them in every request, instead of changing the object's shape.
  app.decorateRequest(asked, undefined);
  app.decorateRequest(asking, undefined);
  const metrics = createMetrics(context);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(refuseError);
  app.setNotFoundHandler((request, reply) => refuse(reply, unknownRoute(request)));
  app.addHook('onRequest', (request, reply, done) => {
    identify(request, reply);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    account(metrics, request, reply);
    done();
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => ({ status: 'ok', lastSeq: await context.store.lastSeq() }));
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.text()));
  await app.register(async (fhir) => serveFhir(context, fhir));
  await serveConsole(app);
  return app;
}

/** `/fhir` and all below. Who asks is settled before a body is read or a path judged: strangers learn nothing of either. */
function serveFhir(context: Context, fhir: FastifyInstance): void {
  fhir.addHook('onRequest', (request, reply, done) => {
    const caller = recognise(context, request);
    if (caller instanceof Failure) {
      refuse(reply.header('www-authenticate', 'Bearer'), caller);
      return;
    }
    (request as Asking)[asking] = caller;
    done();
  });
  const handler = (request: FastifyRequest, reply: FastifyReply) => answer(context, request, reply);
  fhir.all('/fhir', handler);
  fhir.all('/fhir/*', handler);
}

/** What the log and the metrics may know of a request: never its URL, which may name a resident. */
const asked = Symbol('interaction');
const asking = Symbol('caller');

interface Asking {
  [asked]?: Interaction;
  [asking]?: Caller;
}

async function answer(context: Context, http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const request = readRequest(context, http);
  if (request instanceof Failure) {
    if (request.status === 405) reply.header('allow', allowedMethods(context, http).join(', '));
    return refuse(reply, request);
  }
  (http as Asking)[asked] = request.interaction;
  const { [asking]: caller } = http as Asking;
  if (caller === undefined) throw new Error('a request came past the recognition of its caller');
  const result = await perform(context, caller, request);
  if (result instanceof Failure) return refuse(reply, result);
  reply.code(result.status);
  const { baseUrl } = context.config;
  if (result.kind === 'deleted' && result.version !== undefined) reply.header('etag', etagOf(result.version));
  if (result.kind === 'resource') {
    reply.header('etag', etagOf(result.version));
    reply.header('last-modified', new Date(result.version.lastUpdated).toUTCString());
    if (request.interaction.code === 'create' || request.interaction.code === 'update') {
      reply.header('location', locationOf(result.version, baseUrl));
    }
  }
  const body = render(result, baseUrl);
  return body === undefined ? reply.send() : send(reply, body);
}

/** Who asks. Until the server knows tokens, `required` lets nobody in but to the CapabilityStatement. */
function recognise({ config }: Context, { method, raw }: FastifyRequest): Outcome<Caller> {
  const open = (method === 'GET' || method === 'HEAD') && /^\/fhir\/metadata(\?|$)/.test(raw.url ?? '');
  return config.auth === 'off' || open ? { rights: unrestricted } : fail('login-required', {});
}

function identify(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.header('x-request-id', request.id);
}

function requestId(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && /^[\w.-]{1,64}$/.test(sent) ? sent : randomUUID();
}

function account(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const interaction = (request as Asking)[asked];
  const code = interaction?.code ?? 'other';
  const type = interaction !== undefined && 'type' in interaction ? (interaction.type ?? '') : '';
  const ms = reply.elapsedTime;
  metrics.observe(code, type, reply.statusCode, ms / 1000);
  request.log.info(
    {
      reqId: request.id,
      method: request.method,
      interaction: code,
      type,
      status: reply.statusCode,
      ms: Math.round(ms * 10) / 10,
    },
    'request',
  );
}
