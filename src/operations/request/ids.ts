import { randomFillSync } from 'node:crypto';

/** Random bytes for many ids: asking for a few costs nearly as much as for these. */
const pool = Buffer.alloc(16 * 256);
let used = pool.length;

/**
 * A new resource id: a UUID of version 7 (RFC 9562), so that ids made one after the other stand together in a store's
 * index of ids.
 */
export function newId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + 16);
  used += 16;
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
