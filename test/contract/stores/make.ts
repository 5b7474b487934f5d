/**
 * `node test/contract/stores/make.ts <clone>`: makes the store file of the schema that the program in this clone has, and puts it beside
 * this script. See the README of this folder.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { startServing } from '#test/process/hufhir.ts';
import { keepAlive } from '../../http/keep-alive.ts';
import { makeSteps } from './fill.ts';
import { steps } from './resources.ts';

const [clone] = process.argv.slice(2);
if (clone === undefined) throw new Error('Which program? Give the folder of its clone.');

const folder = mkdtempSync(join(tmpdir(), 'hufhir-make-'));
const file = join(folder, 'made.db');
try {
  // No more settings than the first program knew.
  const settings = {
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: '0',
    HUFHIR_STORE: `sqlite:${file}`,
    HUFHIR_LOG_LEVEL: 'warn',
  };
  const server = await startServing(['serve'], { clone, settings });
  const { ask, close } = keepAlive(server.base, 1);
  await makeSteps(ask, steps);
  close();
  server.child.kill('SIGTERM');
  const code = await server.ended;
  if (code !== 0) throw new Error(`The server ended with ${code}.`);
  const db = new DatabaseSync(file);
  db.exec('VACUUM');
  const schema = db.prepare('PRAGMA user_version').get()?.user_version;
  db.close();
  const packed = gzipSync(readFileSync(file), { level: 9 });
  const target = join(import.meta.dirname, `schema-${schema}.db.gz`);
  writeFileSync(target, packed);
  console.log(`${target}: ${packed.length} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}
