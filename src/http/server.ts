import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Failure, fail } from '#errors';
import type { Caller, Context } from '#operations/context.ts';
import { perform } from '#operations/perform.ts';
import type { Interaction } from '#operations/route.ts';
import { unrestricted } from '#security/rights.ts';
import { serveConsole } from './console.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { fhirJson } from './negotiate.ts';
import { outcomeOf } from './outcome.ts';
import { etagOf, locationOf, render } from './render.ts';
import { readRequest } from './request.ts';

/** The HTTP face of a server: FHIR at `/fhir`, the console at `/`, health and metrics. It does not listen yet. */
export async function createServer(context: Context): Promise<FastifyInstance> {
  const { config } = context;
  const app = Fastify({
    bodyLimit: config.maxBody,
    logger: { level: config.logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (raw) => requestId(raw.headers['x-request-id']),
    routerOptions: { maxParamLength: config.maxUrl },
  });
  // Fastify then keeps a place for it in every request, instead of changing the object's shape.
  app.decorateRequest(asked, undefined);
  const metrics = createMetrics(context);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(reply, failureOf(context, error, request)));
  app.setNotFoundHandler((request, reply) => refuse(reply, fail('unknown-route', { found: pathOf(request) })));
  app.addHook('onResponse', async (request, reply) => account(metrics, request, reply));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => ({ status: 'ok', lastSeq: (await context.store.stats()).lastSeq }));
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.text()));
  const fhir = (request: FastifyRequest, reply: FastifyReply) => answer(context, request, reply);
  app.all('/fhir', fhir);
  app.all('/fhir/*', fhir);
  await serveConsole(app);
  return app;
}

/** What the log and the metrics may know of a request: never its URL, which may name a resident. */
const asked = Symbol('interaction');

interface Asking {
  [asked]?: Interaction;
}

async function answer(context: Context, http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('x-request-id', http.id);
  const request = readRequest(context, http);
  if (request instanceof Failure) return refuse(reply, request);
  (http as Asking)[asked] = request.interaction;
  const caller = recognise(context, request.interaction);
  if (caller instanceof Failure) return refuse(reply.header('www-authenticate', 'Bearer'), caller);
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
  return body === undefined ? reply.send() : reply.header('content-type', fhirJson).send(body);
}

/** Who asks. Until the server knows tokens, `required` lets nobody in but to the CapabilityStatement. */
function recognise(context: Context, interaction: Interaction): Caller | Failure {
  if (context.config.auth === 'off' || interaction.code === 'capabilities') return { rights: unrestricted };
  return fail('login-required', {});
}

function refuse(reply: FastifyReply, failure: Failure): FastifyReply {
  reply.code(failure.status).header('content-type', fhirJson);
  return reply.send(JSON.stringify(outcomeOf(failure.issues)));
}

/** Fastify's own refusals become the catalogue's; anything else is a defect, told to the log alone. */
function failureOf(context: Context, error: FastifyError, request: FastifyRequest): Failure {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return fail('body-too-large', { expected: context.config.maxBody });
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const found = request.headers['content-type'] ?? 'missing';
    return fail('unsupported-media-type', { found, expected: 'application/fhir+json' });
  }
  const { statusCode } = error;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return fail('bad-request', { found: error.code ?? 'unreadable' });
  }
  request.log.error({ err: error, reqId: request.id }, 'defect');
  return fail('internal', { found: request.id });
}

function requestId(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && /^[\w.-]{1,64}$/.test(sent) ? sent : randomUUID();
}

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?')[0] ?? '';
}

function account(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const interaction = (request as Asking)[asked];
  const code = interaction?.code ?? 'other';
  const type = interaction !== undefined && 'type' in interaction ? (interaction.type ?? '') : '';
  const ms = reply.elapsedTime;
  metrics.observe(code, type, reply.statusCode, ms / 1000);
  request.log.info(
    { method: request.method, interaction: code, type, status: reply.statusCode, ms: Math.round(ms * 10) / 10 },
    'request',
  );
}
