import { constants } from 'node:zlib';
import type { FastifyCompressOptions } from '@fastify/compress';
import type { FastifyCorsOptions } from '@fastify/cors';

/** The content codings in which a body may come. What comes out of one is held to the limit of any body, so no bomb gets through. */
export const requestEncodings = ['gzip', 'br', 'deflate', 'identity'] as const;

/** Quality 4 packs FHIR nearly as small as the highest, at a fraction of the time. */
const brotliQuality = 4;

/** Bytes below which an answer is not packed: the saving would be less than the work. */
const threshold = 1_024;

/** R4 http.html#general: answers are packed as Accept-Encoding asks, bodies unpacked as Content-Encoding says. */
export const compression: FastifyCompressOptions = {
  // A hook for each answer costs more than asking for it where an answer may be packed.
  global: false,
  globalDecompression: true,
  threshold,
  encodings: ['br', 'gzip', 'deflate', 'identity'],
  requestEncodings: [...requestEncodings],
  brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } },
};

/** Which web pages may ask, and which headers of FHIR they may read (R4 security.html#cors). */
export function cors(origins: readonly string[]): FastifyCorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Progress', 'X-Request-Id'],
    maxAge: 600,
    strictPreflight: false,
  };
}
