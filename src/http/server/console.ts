import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Serves the console's files at `/`, and ECharts beside them. The pages themselves use only the public API. */
export async function serveConsole(app: FastifyInstance): Promise<void> {
  const echarts = dirname(createRequire(import.meta.url).resolve('echarts/package.json'));
  const root = join(import.meta.dirname, '../../console');
  await app.register(fastifyStatic, {
    root,
    allowedPath: (path) => !path.endsWith('.md'),
    setHeaders: (reply) => {
      reply.header(
        'content-security-policy',
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
      );
      reply.header('x-content-type-options', 'nosniff');
    },
  });
  app.get('/console/echarts.min.js', (_request, reply) => reply.sendFile('echarts.min.js', join(echarts, 'dist')));
}
