import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { type ServerProcess, startHufhir, startServe } from './hufhir.ts';

const log = { HUFHIR_LOG_LEVEL: 'info' };

interface Line {
  readonly level: number;
  readonly msg: string;
}

/** What a server has logged of its store so far; a request is one line of the log, too. */
function told({ printed }: ServerProcess): readonly Line[] {
  const lines = printed().split('\n').slice(0, -1);
  const logged = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  return logged.filter(({ msg }) => /test\.db|check/.test(msg));
}

async function until<T>(server: ServerProcess, find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (server.child.stdout === null) throw new Error('the output is not read');
    await once(server.child.stdout, 'data');
  }
}

/** The end of the check that the server makes beside its work. */
const result = (server: ServerProcess) =>
  until(server, () => told(server).find(({ msg }) => /is whole|problems found|without a result/.test(msg)));

async function kill({ child, ended }: ServerProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

async function stop({ child, ended }: ServerProcess): Promise<number | null> {
  child.kill('SIGTERM');
  return ended;
}

async function check(folder: string) {
  const settings = { HUFHIR_STORE: `sqlite:${join(folder, 'test.db')}` };
  const { ended, printed } = await startHufhir(['check'], /(?!)/, { settings });
  return { code: await ended, lines: printed().trim().split('\n') };
}

const put = (base: string, id: string) =>
  fetch(`${base}/Basic/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Basic', id, code: { text: 'x' } }),
  });

t.test('a killed server is noticed, and its store checked, once; a clean end is not', async (t) => {
  const folder = t.testdir();
  const first = await startServe(folder, log);
  t.equal((await put(first.base, 'a')).status, 201);
  await kill(first);
  const second = await startServe(folder, log);
  const { level, msg } = await result(second);
  t.match(msg, /test\.db is whole\.$/);
  t.equal(level, 30);
  const warnings = told(second).filter((line) => line.level >= 40);
  t.equal(warnings.length, 1);
  t.match(
    warnings[0]?.msg,
    /test\.db was not closed by the program that had it open last; it is checked while it serves/,
  );
  t.match(await (await fetch(`${second.origin}/metrics`)).text(), /^hufhir_store_problems 0$/m);
  t.equal(await stop(second), 0);
  t.strictSame(readdirSync(folder), ['test.db']);
  const third = await startServe(folder, log);
  t.strictSame(told(third), []);
  t.equal(await stop(third), 0);
});

t.test('two processes: a second one beside the first, and one that is killed beside another', async (t) => {
  const folder = t.testdir();
  const first = await startServe(folder, log);
  const second = await startServe(folder, log);
  t.strictSame(told(second), [], 'the first one is at work, not lost');
  await kill(first);
  t.equal((await put(second.base, 'a')).status, 201, 'the other works on');
  const third = await startServe(folder, log);
  t.strictSame(told(third), [], 'while one has it open nobody can tell');
  t.equal(await stop(third), 0);
  t.equal(await stop(second), 0);
  t.strictSame(readdirSync(folder), ['test.db'], 'the last one closes the store');
  const fourth = await startServe(folder, log);
  t.match((await result(fourth)).msg, /is whole/, 'it is noticed when the store was closed by all');
  t.equal(await stop(fourth), 0);
});

t.test('two servers that start at once after a kill', async (t) => {
  const folder = t.testdir();
  await kill(await startServe(folder, log));
  const servers = await Promise.all([startServe(folder, log), startServe(folder, log)]);
  const noticed = servers.filter((server) => told(server).length > 0);
  t.equal(noticed.length, 1);
  for (const server of noticed) t.match((await result(server)).msg, /is whole/);
  for (const server of servers) t.equal(await stop(server), 0);
  const next = await startServe(folder, log);
  t.strictSame(told(next), []);
  await stop(next);
});

t.test('damage found by the check is told at each start', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'test.db');
  const first = await startServe(folder, log);
  for (let i = 0; i < 40; i++) t.ok((await put(first.base, `a${i % 20}`)).ok);
  t.equal(await stop(first), 0);
  await kill(await startServe(folder, log));
  // What an end without power may do: one page of an index that the start does not read.
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const page = Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'history_version'").get()?.rootpage);
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0xee, (page - 1) * 4096 + 8, page * 4096);
  writeFileSync(file, bytes);
  for (const reason of [/was not closed/, /did not end, or found damage/]) {
    const server = await startServe(folder, log);
    const { level, msg } = await result(server);
    t.equal(level, 50);
    t.match(msg, /test\.db is damaged \(problems found: \d+\); restore a backup\.$/);
    t.match(told(server)[0]?.msg, reason);
    t.ok(told(server).length > 2, 'and each problem');
    t.notMatch(server.printed() + server.said(), /^ {4}at |"stack"/m);
    await until(server, () => (told(server).some(({ msg }) => /problems found/.test(msg)) ? true : undefined));
    let metrics = '';
    // It is noted in the store after it is logged; counts of the store are kept for a while.
    while (!/^hufhir_store_problems [1-9]/m.test(metrics)) {
      metrics = await (await fetch(`${server.origin}/metrics`)).text();
    }
    t.equal(await stop(server), 0);
    const checked = await check(folder);
    t.equal(checked.code, 1);
    for (const line of checked.lines) t.match(line, /test\.db is damaged: /);
  }
});

t.test('hufhir check: a closed store, one that is served, one that was killed', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'test.db');
  const whole = /^sqlite:.*test\.db is whole: (\d+) resources, (\d+) versions\.$/;
  const first = await startServe(folder);
  for (const id of ['a', 'b', 'b', 'b']) await put(first.base, id);
  await fetch(`${first.base}/Basic/a`, { method: 'DELETE' });
  const served = await check(folder);
  t.equal(served.code, 0);
  t.equal(served.lines.length, 1);
  const [, resources, versions] = whole.exec(served.lines[0] ?? '') ?? [];
  t.equal(Number(versions) - Number(resources), 4, 'two of a, two that b had before');
  t.equal(await stop(first), 0);
  const bytes = readFileSync(file);
  t.strictSame(await check(folder), served);
  t.ok(bytes.equals(readFileSync(file)));
  t.strictSame(readdirSync(folder), ['test.db'], 'it leaves nothing beside it');
  await kill(await startServe(folder));
  t.ok(existsSync(`${file}-wal`));
  t.match(await check(folder), { code: 0, lines: [whole] });
  const next = await startServe(folder, log);
  t.match((await result(next)).msg, /is whole/, 'which takes nothing from what the server notices');
  await stop(next);
});

t.test('hufhir check: what no engine knows', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'test.db');
  const first = await startServe(folder);
  for (const id of ['a', 'b', 'b', 'b']) await put(first.base, id);
  await stop(first);
  copyFileSync(file, `${file}.kept`);
  const rows = [
    [
      'DELETE FROM history WHERE version = 1',
      [/1 versions are missing from the count/, /1 superseded versions are missing/],
    ],
    [
      "UPDATE resource SET version = 0 WHERE id = 'a'",
      [/do not go|does not go/, /1 index entries belong to no resource/],
    ],
    [
      "DELETE FROM entries WHERE rid = (SELECT rid FROM resource WHERE id = 'a')",
      [/1 current resources have no index/],
    ],
    ['UPDATE history SET rid = 99999', [/2 superseded versions belong to no resource/]],
    ['UPDATE resource SET state = 7 WHERE seq = 3', [/1 resources have a version that does not go/]],
  ] as const;
  for (const [statement, expected] of rows) {
    copyFileSync(`${file}.kept`, file);
    const db = new DatabaseSync(file);
    db.exec(statement);
    db.close();
    const { code, lines } = await check(folder);
    t.equal(code, 1);
    t.equal(lines.length, expected.length, lines.join('\n'));
    for (const [i, says] of expected.entries()) t.match(lines[i], says);
  }
});
