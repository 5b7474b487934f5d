/** What Fastify alone can do: `/bare` answers one JSON object, `/read` one text by a prepared read. Prints its port. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Fastify from 'fastify';

const folder = mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
const database = new DatabaseSync(join(folder, 'yardstick.db'));
database.exec('PRAGMA journal_mode = WAL; CREATE TABLE resource (id TEXT PRIMARY KEY, content TEXT NOT NULL)');
const insert = database.prepare('INSERT INTO resource VALUES (?, ?)');
const content = JSON.stringify({ resourceType: 'Patient', id: 'x', note: 'x'.repeat(1024) });
database.exec('BEGIN');
for (let i = 0; i < 1000; i++) insert.run(`patient-${i}`, content);
database.exec('COMMIT');
const select = database.prepare('SELECT content FROM resource WHERE id = ?');

const app = Fastify();
app.get('/bare', async () => ({ resourceType: 'Patient', id: 'patient-1', active: true }));
app.get<{ Params: { id: string } }>('/read/:id', (request, reply) =>
  reply.header('content-type', 'application/fhir+json').send(select.get(request.params.id)?.content),
);
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${(app.server.address() as AddressInfo).port}\n`);
process.once('SIGTERM', async () => {
  await app.close();
  database.close();
  rmSync(folder, { recursive: true });
});
