import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { isIndexCurrent } from '#operations/search-parameters/index-version.ts';
import { schemaVersion } from '#storage/sqlite/database/schema.ts';
import { patience, startHufhir } from '#test/process/hufhir.ts';
import { openFile } from '../contract/opened.ts';
import { answersOf } from '../contract/stores/answers.ts';
import { makeSteps } from '../contract/stores/fill.ts';
import { laterSteps, steps } from '../contract/stores/resources.ts';
import { startOn } from './harness.ts';

/** Stores that earlier programs left (test/contract/stores), each opened by this one, beside a fresh store of the same resources. */

const packed = join(import.meta.dirname, '../contract/stores');
const names = readdirSync(packed).filter((name) => name.endsWith('.db.gz'));

/** The place of the store in its folder; of copies of a store, each has a folder of its own. */
const fileIn = (folder: string): string => join(folder, 'test.db');

/** A store as its program left it. */
function unpack(t: Test, name: string): string {
  const folder = join(t.testdir(), 'unpacked');
  mkdirSync(folder);
  writeFileSync(fileIn(folder), gunzipSync(readFileSync(join(packed, name))));
  return folder;
}

let copies = 0;

function copyOf(folder: string): string {
  const copy = join(folder, '..', `copy-${copies++}`);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Looks into a file, past every program. */
function rowsIn(folder: string, sql: string): readonly Readonly<Record<string, unknown>>[] {
  const db = new DatabaseSync(fileIn(folder));
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

const schemaOf = (folder: string): unknown => rowsIn(folder, 'PRAGMA user_version')[0]?.user_version;

/** Whether the entries are those of this program, all of them. It looks into a copy: opening a store brings it to today's schema. */
async function isCurrent(folder: string): Promise<boolean> {
  const { store } = await openFile(fileIn(copyOf(folder)));
  const current = await isIndexCurrent(store);
  await store.close();
  return current;
}

const fresh = await startOn(fileIn(t.testdir()));
await makeSteps(fresh.ask, steps);
const expected = await answersOf(fresh);
await makeSteps(fresh.ask, laterSteps);
const expectedLater = await answersOf(fresh);
await fresh.stop();

/** Every answer is that of a fresh store, and stays so when both go on alike: what an update replaces is what indexing made. */
async function checkAnswers(t: Test, server: Awaited<ReturnType<typeof startOn>>): Promise<void> {
  const answers = await answersOf(server);
  for (const [asked, answer] of expected) t.strictSame(answers.get(asked), answer, asked);
  await makeSteps(server.ask, laterSteps);
  const later = await answersOf(server);
  for (const [asked, answer] of expectedLater) t.strictSame(later.get(asked), answer, `later: ${asked}`);
}

t.test('there is a store of each earlier schema', (t) => {
  const schemas = names.map((name) => schemaOf(unpack(t, name)));
  const earlier = Array.from({ length: schemaVersion - 1 }, (_, i) => i + 1);
  t.strictSame(
    earlier.filter((schema) => !schemas.includes(schema)),
    [],
  );
  t.end();
});

t.test('each question finds something', (t) => {
  for (const [asked, { total = 0, found }] of expected) t.ok(total + found.length > 0, asked);
  t.end();
});

for (const name of names) {
  t.test(`${name} answers as a fresh store`, async (t) => {
    const folder = unpack(t, name);
    // Those of the one type of which there are very many are left out.
    const versions = rowsIn(
      folder,
      `
      SELECT type.name AS type, resource.id, made.version, made.content FROM
        (SELECT rid, version, content FROM history UNION ALL SELECT rid, version, content FROM resource) made
        JOIN resource USING (rid) JOIN type ON type.id = resource.type
        WHERE made.version > 0 AND type.name <> 'Basic'`,
    );
    const server = await startOn(fileIn(folder));
    t.teardown(server.stop);
    await checkAnswers(t, server);
    for (const { type, id, version, content } of versions) {
      const { status, body } = await server.ask('GET', `/${type}/${id}/_history/${version}`);
      const read = content === null ? { status } : { status, body };
      const stood = content === null ? { status: 410 } : { status: 200, body: JSON.parse(String(content)) };
      t.strictSame(read, stood, `${type}/${id}/_history/${version}`);
    }
  });
}

/** When a server is killed: at so many percent of its indexing, as its log tells. */
const moments: readonly (readonly [string, RegExp])[] = [
  ['when it begins', /indexed anew/],
  ['from 20 % on', /\b([2-9]\d|100) % of/],
  ['from 40 % on', /\b([4-9]\d|100) % of/],
  ['from 60 % on', /\b([6-9]\d|100) % of/],
];

/** Starts a server on a store and kills it when its log matches. */
async function killServing(t: Test, folder: string, when: RegExp): Promise<void> {
  const settings = {
    ...patience,
    HUFHIR_AUTH: 'off',
    HUFHIR_PORT: '0',
    HUFHIR_STORE: `sqlite:${fileIn(folder)}`,
    HUFHIR_LOG_LEVEL: 'info',
  };
  const { child, ended, printed } = await startHufhir(['serve'], when, { settings });
  child.kill('SIGKILL');
  await ended;
  t.equal(child.signalCode, 'SIGKILL', printed());
}

/**
 * A server may have indexed all before the signal comes. That is no kill that the test is about, so each works on a copy, and another
 * copy is taken then; how often says nothing about the server, but that it never succeeds does.
 */
const tries = 20;

for (const name of names) {
  t.test(`${name} survives ${moments.length} kills while it is indexed anew`, async (t) => {
    let folder = unpack(t, name);
    if (await isCurrent(folder)) {
      t.pass('its entries are those of this program');
      return;
    }
    const left = [...moments];
    for (let tried = 0; left[0] !== undefined && tried < tries; tried++) {
      const [told, when] = left[0];
      const copy = copyOf(folder);
      await killServing(t, copy, when);
      if (await isCurrent(copy)) continue;
      t.pass(`killed ${told}, before all was indexed`);
      folder = copy;
      left.shift();
    }
    t.strictSame(left, [], 'each kill came in time');
    const server = await startOn(fileIn(folder));
    t.teardown(server.stop);
    await checkAnswers(t, server);
    t.strictSame(rowsIn(folder, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  });
}
