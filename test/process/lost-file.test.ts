import { copyFileSync, existsSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { commit, put } from '#test/contract/build.ts';
import { openFile } from '../contract/opened.ts';
import { startHufhir, startServe } from './hufhir.ts';

/** Files that are not, or no longer, where a server or a command looks for them. */

const person = (id: string, more = '') =>
  JSON.stringify({ resourceType: 'Patient', id, name: [{ text: `张三${more}` }] });

async function ask(base: string, method: string, path: string, body?: string) {
  const headers = { 'content-type': 'application/fhir+json' };
  const response = await fetch(`${base}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, retry: response.headers.get('retry-after'), text: await response.text() };
}

t.test('a store whose file is taken away, or replaced, takes nothing more', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'test.db');
  const server = await startServe(folder, { HUFHIR_LARGE_BODY: '2000' });
  t.teardown(async () => {
    server.child.kill('SIGTERM');
    await server.ended;
  });
  const { base, origin } = server;
  const write = (id: string, more?: string) => ask(base, 'PUT', `/Patient/${id}`, person(id, more));
  t.equal((await write('a')).status, 201);
  const refused = { status: 503, retry: '1', text: /store-unavailable/ };
  renameSync(file, join(folder, 'kept.db'));
  t.match(await write('b'), { ...refused, text: /taken away/ });
  t.match(await write('c', 'x'.repeat(3000)), refused, 'a large one, in a thread that is started now');
  t.match(await ask(origin, 'GET', '/readyz'), { status: 503, text: /taken away/ });
  t.equal((await ask(base, 'GET', '/Patient/a')).status, 200, 'what it has open it reads');
  const { store } = await openFile(join(folder, 'other.db'));
  await store.close();
  copyFileSync(join(folder, 'other.db'), file);
  t.match(await write('b'), { ...refused, text: /another file/ });
  renameSync(join(folder, 'kept.db'), file);
  for (const id of ['b', 'c']) t.equal((await write(id, id === 'c' ? 'x'.repeat(3000) : '')).status, 201, id);
  renameSync(`${file}-wal`, join(folder, 'kept.wal'));
  t.match(await write('d'), { ...refused, text: /taken away/ }, 'what was committed last is in the WAL alone');
  renameSync(join(folder, 'kept.wal'), `${file}-wal`);
  t.equal((await write('d')).status, 201);
  renameSync(folder, `${folder}-moved`);
  t.match(await write('e'), refused);
  await setTimeout(1_100);
  t.equal((await ask(origin, 'GET', '/readyz')).status, 503);
  renameSync(`${folder}-moved`, folder);
  t.equal((await write('e')).status, 201);
  t.match(server.printed(), /"level":50.*cannot be used: its file was taken away/);
});

t.test('damage that is met is told once, and the server ends all the same', async (t) => {
  const folder = t.testdir();
  const server = await startServe(folder);
  const { base, origin } = server;
  t.equal((await ask(base, 'PUT', '/Patient/a', person('a'))).status, 201);
  const other = new DatabaseSync(join(folder, 'test.db'));
  // As random bytes in its pages would be.
  other.exec("UPDATE entries SET bytes = x'00ffffffffffffffff01' WHERE rid = (SELECT max(rid) FROM entries)");
  other.close();
  for (let i = 0; i < 3; i++) {
    const searched = await ask(base, 'GET', '/Patient?name:contains=x');
    t.match(searched, { status: 503, retry: '1', text: /malformed/ });
  }
  t.match(await ask(origin, 'GET', '/readyz'), { status: 503, text: /malformed/ });
  t.equal((await ask(base, 'GET', '/Patient/a')).status, 200);
  t.equal(server.printed().match(/"level":50.*malformed.*restore a backup/g)?.length, 1);
  server.child.kill('SIGTERM');
  t.equal(await server.ended, 0);
});

/** The lines and the exit code of a command. */
async function run(args: readonly string[], store: string) {
  const settings = { HUFHIR_AUTH: 'off', HUFHIR_STORE: `sqlite:${store}`, HUFHIR_LOG_LEVEL: 'error', HUFHIR_PORT: '0' };
  const { ended, printed, said } = await startHufhir(args, /$^/, { settings });
  const code = await ended;
  return { code, lines: `${printed()}${said()}`.split('\n').filter((line) => line !== '') };
}

t.test('commands on files that are in the way, or missing, end with one line', async (t) => {
  const folder = t.testdir();
  const at = (name: string) => join(folder, name);
  const { store } = await openFile(at('whole.db'));
  await commit(store, put('Basic/a'));
  await store.close();
  const foreign = new DatabaseSync(at('foreign.db'));
  foreign.exec('CREATE TABLE x (y)');
  foreign.close();
  writeFileSync(at('empty.db'), '');
  writeFileSync(at('left.db-wal'), 'left');
  symlinkSync(at('nowhere'), at('dangling.db'));
  copyFileSync(at('whole.db'), at('newer.db'));
  const newer = new DatabaseSync(at('newer.db'));
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  const table: readonly (readonly [readonly string[], string, RegExp])[] = [
    [['serve'], 'left.db', /left\.db.*it is gone, and left\.db-wal is left/],
    [['backup', '--to', at('left.db')], 'whole.db', /left\.db-wal.*there already/],
    [['backup', '--to', at('dangling.db')], 'whole.db', /dangling\.db.*there already/],
    [['backup', '--to', at('whole.db')], 'whole.db', /whole\.db.*there already/],
    [['backup', '--to', at('b.db')], 'missing.db', /missing\.db.*does not exist/],
    [['backup', '--to', at('b.db')], 'foreign.db', /foreign\.db.*another program/],
    [['backup', '--to', at('b.db')], 'empty.db', /empty\.db/],
    [['backup', '--to', at('b.db')], 'newer.db', /newer\.db.*schema 99/],
    [['backup', '--to', at('none/b.db')], 'whole.db', /none\/b\.db/],
    [['backup'], 'whole.db', /--to is missing/],
    [['check'], 'missing.db', /missing\.db/],
  ];
  for (const [args, name, says] of table) {
    const { code, lines } = await run(args, at(name));
    t.same([code, lines.length], [1, 1], lines.join('\n'));
    t.match(lines[0], says);
  }
  t.notOk(existsSync(at('b.db')) || existsSync(at('missing.db')), 'and nothing is made');
  t.match(await run(['backup', '--to', at('b.db')], at('whole.db')), { code: 0, lines: [/copied/] });
  t.match(await run(['check'], at('b.db')), { code: 0, lines: [/whole: 1 resources, 1 versions/] });
});

t.test('a check through a link sees what a server has written meanwhile', async (t) => {
  const folder = t.testdir();
  const link = join(folder, 'link.db');
  const { store } = await openFile(join(folder, 'real.db'));
  t.teardown(() => store.close());
  symlinkSync(join(folder, 'real.db'), link);
  for (let i = 0; i < 3; i++) await commit(store, put(`Basic/b${i}`));
  t.ok(readdirSync(folder).includes('real.db-wal'));
  t.match(await run(['check'], link), { code: 0, lines: [/3 resources, 3 versions/] });
});
