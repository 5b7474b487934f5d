import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { openApi } from '#operations/conformance/openapi.ts';
import type { Context } from '#operations/request/context.ts';
import { StoreUnavailable } from '#storage/store.ts';

/** The API as a document at `/openapi.json`, and a page at `/api/` to try it. Like the console's files both are open to all. */
export async function serveApi(app: FastifyInstance, context: Context): Promise<void> {
  let made: { readonly revision: number; readonly document: Promise<Buffer> } | undefined;
  app.get('/openapi.json', async (_request, reply) => {
    try {
      await context.parameters.refresh();
    } catch (error) {
      // What is in force here describes the API while the store cannot be asked.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    const { revision } = context.definitions;
    if (made?.revision !== revision) made = { revision, document: describe(context) };
    const document = await made.document;
    reply.type('application/json; charset=utf-8').compress(document);
    return reply;
  });
  const script = readFileSync(new URL('./api-page.js', import.meta.url), 'utf8');
  // Relative, as are the page's links, so that a proxy may put a path before them all.
  app.get('/api', (_request, reply) => reply.redirect('api/'));
  app.get('/api/', (_request, reply) => guarded(reply).type('text/html; charset=utf-8').send(page));
  app.get('/api/page.js', (_request, reply) => guarded(reply).type('text/javascript; charset=utf-8').send(script));
  await app.register(fastifyStatic, {
    root: dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
    prefix: '/api/',
    decorateReply: false,
    allowedPath: (path) => assets.has(path),
    setHeaders: (reply) => guarded(reply),
  });
}

/** In turns, so that others are served meanwhile. */
async function describe(context: Context): Promise<Buffer> {
  const document = openApi(context);
  await setImmediate();
  const text = JSON.stringify(document);
  await setImmediate();
  return Buffer.from(text);
}

/** What the page takes from Swagger UI. */
const assets: ReadonlySet<string> = new Set(['/swagger-ui.css', '/swagger-ui-bundle.js']);

const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:";

function guarded<R extends Pick<FastifyReply, 'header'>>(reply: R): R {
  reply.header('content-security-policy', policy);
  reply.header('x-content-type-options', 'nosniff');
  return reply;
}

const page = `<!doctype html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>接口试用 API · Hufhir 沪FHIR</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="swagger-ui.css">
  <style>
    body { margin: 0; font: 16px / 1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
    header, #status { max-width: 1460px; margin: 0 auto; padding: 1rem 20px 0; }
    h1 { margin: 0; font-size: 1.5rem; }
    p { margin: 0; }
  </style>
  <script defer src="swagger-ui-bundle.js"></script>
  <script type="module" src="page.js"></script>
</head>
<body>
  <header>
    <h1>接口试用 <span lang="en">Try the API</span></h1>
    <p>选择资源类型，展开后可直接发送请求。 <span lang="en">Choose a type, open an entry and send a request.</span></p>
    <p><label>资源类型 <span lang="en">Resource type</span> <select id="type"></select></label></p>
    <p><a href="../openapi.json">openapi.json</a> · <a href="../fhir/metadata">CapabilityStatement</a> · <a href="../">控制台 <span lang="en">Console</span></a></p>
  </header>
  <p id="status" role="status">正在读取 <span lang="en">Loading</span> …</p>
  <main id="api"></main>
  <noscript>本页需要 JavaScript。 <span lang="en">This page needs JavaScript.</span></noscript>
</body>
</html>
`;
