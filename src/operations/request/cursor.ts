import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { fail, type Outcome } from '#errors';
import type { Context } from './context.ts';

/** The name of the key. */
export const cursorKey = 'cursor';

/** Bytes of a state: well beyond what a link within HUFHIR_MAX_URL holds. */
const maxState = 16 * 1024 * 1024;

/**
 * Page links carry their state themselves, encrypted (AES-256-GCM) with a key kept in the store: every server process
 * before the same store can go on with them, nobody can read or forge them, and they expire (HUFHIR_CURSOR_LIFETIME). The state is
 * deflated, so that links stay within HUFHIR_MAX_URL where they can.
 */
export async function sealCursor(context: Context, purpose: string, state: unknown): Promise<string> {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await context.store.shelf.key(cursorKey), iv);
  cipher.setAAD(Buffer.from(purpose));
  const text = JSON.stringify({ until: Date.now() + context.config.cursorLifetime, state });
  const sealed = Buffer.concat([cipher.update(deflateRawSync(text)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The state of a link that this store sealed for this purpose; else 'bad-cursor'. */
export async function openCursor<T>(context: Context, purpose: string, token: string): Promise<Outcome<T>> {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < 29 || bytes.toString('base64url') !== token) return fail('bad-cursor', {});
  const decipher = createDecipheriv('aes-256-gcm', await context.store.shelf.key(cursorKey), bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(bytes.subarray(12, 28));
  let text: string;
  try {
    const deflated = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
    text = inflateRawSync(deflated, { maxOutputLength: maxState }).toString('utf8');
  } catch {
    return fail('bad-cursor', {});
  }
  const { until, state } = JSON.parse(text) as { until: number; state: T };
  return until < Date.now() ? fail('bad-cursor', {}) : state;
}
