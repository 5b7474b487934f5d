import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Measure, Resource, SearchParameter } from '@medplum/fhirtypes';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { withCql } from '#measure/libraries.ts';
import { installGuide } from '#operations/conformance/guide.ts';
import { draftOf } from '#operations/write/draft.ts';
import { unrestricted } from '#security/rights.ts';
import type { Store, Transaction } from '#storage/store.ts';
import { readGuide } from '#terminology/guide.ts';
import { openFile } from '#test/contract/opened.ts';
import { patience, startServing } from '#test/process/hufhir.ts';
import { ask, type Reply, startOn } from './harness.ts';

/** What a start does with the guide that the store has, that of the program, and what clients did meanwhile. */

const root = new URL('../../', import.meta.url);
const whole = withCql(readGuide(root), new URL('profiles/', root));

const measure = (id: string, title: string, more: object = {}): Measure => ({
  resourceType: 'Measure',
  id,
  url: `https://h.example/Measure/${id}`,
  status: 'active',
  title,
  ...more,
});

const titled = (id: string, expression: string): SearchParameter => ({
  resourceType: 'SearchParameter',
  id,
  url: `https://h.example/SearchParameter/${id}`,
  name: 'Titled',
  status: 'active',
  description: 'Titles',
  code: id,
  base: ['Measure'],
  type: 'string',
  expression,
});

/** A new folder's file. */
function newFile(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-guide-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'test.db');
}

interface Line {
  readonly level: number;
  readonly msg: string;
}

/** A server with this guide, and what it logs of it. No operations: the guide is the whole of what it installs. */
async function start(file: string, guide: readonly Resource[]) {
  const lines: Line[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const server = await startOn(file, {}, { operations: [], guide, log });
  /** Upgrades and what is left, without the summary. */
  const told = () =>
    lines.flatMap(({ level, msg }) => (/^guide: (?!\S+\+)/.test(msg) ? [`${pino.levels.labels[level]} ${msg}`] : []));
  const summaries = () => lines.flatMap(({ msg }) => (/^guide: \S+\+/.test(msg) ? [msg] : []));
  return { ...server, told, summaries };
}

/** `2 title` of version 2, `gone` of what is deleted. */
function shown({ status, body }: Reply): string {
  return status === 200 ? `${body.meta.versionId} ${body.title}` : status === 410 ? 'gone' : String(status);
}

/** Asks until the server says that the parameter is ready. */
async function whenReady(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    await setTimeout(20);
  }
}

const found = ({ status, body }: Reply): unknown =>
  status === 200 ? (body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id).sort() : status;

type Act = 'changed' | 'deleted' | 'changed to the new text' | 'made again';

/** Title of the first guide, what a client does, titles of the second guide, and what then stands there and is told. */
const cases: readonly {
  readonly id: string;
  readonly first?: string;
  readonly act?: Act;
  readonly second?: string;
  readonly stands: string;
  readonly told?: string;
}[] = [
  { id: 'new', second: 'a', stands: '1 a' },
  { id: 'unchanged', first: 'a', second: 'a', stands: '1 a' },
  {
    id: 'upgraded',
    first: 'a',
    second: 'b',
    stands: '2 b',
    told: 'info guide: upgraded Measure/upgraded: version 1 became version 2',
  },
  { id: 'changed', first: 'a', act: 'changed', second: 'a', stands: '2 mine' },
  {
    id: 'changed-twice',
    first: 'a',
    act: 'changed',
    second: 'b',
    stands: '2 mine',
    told: 'warn guide: conflict, left Measure/changed-twice: the guide has a new text; version 1 was installed, version 2 was found',
  },
  { id: 'changed-alike', first: 'a', act: 'changed to the new text', second: 'b', stands: '2 b' },
  { id: 'deleted', first: 'a', act: 'deleted', second: 'a', stands: 'gone' },
  {
    id: 'deleted-twice',
    first: 'a',
    act: 'deleted',
    second: 'b',
    stands: 'gone',
    told: 'warn guide: conflict, left Measure/deleted-twice: the guide has a new text; version 1 was installed, version 2, a deletion, was found',
  },
  { id: 'made-again', first: 'a', act: 'made again', second: 'a', stands: '3 mine' },
  {
    id: 'own',
    act: 'changed',
    second: 'a',
    stands: '1 mine',
    told: 'warn guide: conflict, left Measure/own: the guide has a new text; nothing was installed, version 1 was found',
  },
  { id: 'own-alike', act: 'changed to the new text', second: 'a', stands: '1 a' },
  {
    id: 'withdrawn',
    first: 'a',
    stands: '1 a',
    told: 'info guide: left Measure/withdrawn, which the guide has no more',
  },
];

const guideOf = (which: 'first' | 'second', suffix = ''): Resource[] =>
  cases.flatMap(({ id, [which]: title }) => (title === undefined ? [] : [measure(id, `${title}${suffix}`)]));

t.test('what clients changed stays, what they did not is upgraded', async (t) => {
  const file = newFile(t);
  const first = await start(file, guideOf('first'));
  t.strictSame(first.told(), []);
  t.match(first.summaries(), [/^guide: [\d.]+\+\S{8}: 9 installed, 0 upgraded/]);
  for (const { id, act, second } of cases) {
    const path = `/Measure/${id}`;
    if (act === 'deleted' || act === 'made again') t.equal((await first.ask('DELETE', path)).status, 204);
    const title = act === 'changed to the new text' ? (second ?? '') : 'mine';
    if (act !== undefined && act !== 'deleted') t.ok((await first.ask('PUT', path, measure(id, title))).status < 300);
  }
  await first.stop();

  const stands = async (server: { ask: typeof first.ask }, when: string) => {
    for (const { id, stands } of cases)
      t.equal(shown(await server.ask('GET', `/Measure/${id}`)), stands, `${id} ${when}`);
  };
  const second = await start(file, guideOf('second'));
  await stands(second, 'at a restart with another guide');
  t.strictSame(second.told().sort(), cases.flatMap(({ told }) => told ?? []).sort(), 'told, a line each');
  const left = ['changed', 'changed-twice', 'deleted', 'deleted-twice', 'made-again', 'own'].map(
    (id) => `Measure/${id}`,
  );
  t.match(second.summaries(), [
    new RegExp(
      `^guide: \\S+ after \\S+: 1 installed, 1 upgraded, 2 found as they should be, 1 no longer in the guide; left as clients have them: ${left.join(', ')}$`,
    ),
  ]);
  await second.stop();

  const third = await start(file, guideOf('second'));
  await stands(third, 'at a restart with the same');
  t.strictSame([...third.told(), ...third.summaries()], [], 'a conflict is reported once');
  await third.stop();

  const fourth = await start(file, guideOf('second', '!'));
  t.equal(shown(await fourth.ask('GET', '/Measure/upgraded')), '3 b!');
  t.equal(
    shown(await fourth.ask('GET', '/Measure/changed-alike')),
    '3 b!',
    'a text that is the guide’s again is upgraded',
  );
  t.equal(shown(await fourth.ask('GET', '/Measure/own')), '1 mine');
  t.match(
    fourth.told().filter((line) => line.startsWith('warn')),
    left.map((name) => new RegExp(`^warn guide: conflict, left ${name}:`)),
    'and again for each version of the guide',
  );
  t.equal((await fourth.ask('PUT', '/Measure/own', measure('own', 'a?'))).status, 200);
  await fourth.stop();

  const fifth = await start(file, [measure('withdrawn', 'b'), measure('own', 'a?')]);
  t.equal(shown(await fifth.ask('GET', '/Measure/withdrawn')), '2 b', 'what comes back is upgraded');
  t.equal(shown(await fifth.ask('GET', '/Measure/own')), '2 a?');
  await fifth.stop();
});

t.test('a store of a program that kept no record is brought up to date, once', async (t) => {
  const file = newFile(t);
  const { store } = await openFile(file);
  const put = (resource: Measure) => ({
    method: 'PUT' as const,
    type: 'Measure',
    id: resource.id ?? '',
    draft: draftOf(resource, resource.id ?? ''),
    index: () => ({ entries: [], patients: [] }),
  });
  const transact = (writes: readonly Parameters<typeof store.transact>[0]['writes'][number][]) =>
    store.transact({ guards: [], references: 'lenient', rights: unrestricted, writes });
  await transact(['same', 'other', 'deleted'].map((id) => put(measure(id, 'a'))));
  await transact([{ ...put(measure('deleted', 'a')), method: 'DELETE', draft: undefined }]);
  await store.close();
  const guide = [measure('same', 'a'), measure('other', 'b'), measure('deleted', 'a'), measure('new', 'a')];
  const first = await start(file, guide);
  const stands = async (server: typeof first) =>
    Promise.all(guide.map(async ({ id }) => shown(await server.ask('GET', `/Measure/${id}`))));
  t.strictSame(await stands(first), ['1 a', '2 b', 'gone', '1 a']);
  t.strictSame(first.told(), ['info guide: upgraded Measure/other: version 1 became version 2']);
  t.equal((await first.ask('PUT', '/Measure/other', measure('other', 'mine'))).status, 200);
  await first.stop();
  const second = await start(file, guide);
  t.strictSame(await stands(second), ['1 a', '3 mine', 'gone', '1 a']);
  t.strictSame([...second.told(), ...second.summaries()], []);
  await second.stop();
});

/** A store that does something else around its transactions. */
function withTransact(store: Store, act: (real: Store['transact'], asked: Transaction) => Promise<unknown>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own = Reflect.get(target, name);
      if (typeof own !== 'function') return own;
      const real = own.bind(target);
      return name === 'transact' ? (asked: Transaction) => act(real, asked) : real;
    },
  });
}

t.test('what a client writes between the look and the write stays', async (t) => {
  const file = newFile(t);
  const { ask, context, stop, told } = await start(file, [measure('raced', 'a'), measure('other', 'a')]);
  let rounds = 0;
  const store = withTransact(context.store, async (transact, asked) => {
    if (rounds++ === 0) t.equal((await ask('PUT', '/Measure/raced', measure('raced', 'mine'))).status, 200);
    return transact(asked);
  });
  await installGuide({ ...context, store }, [measure('raced', 'b'), measure('other', 'b')]);
  t.equal(rounds, 2);
  t.equal(shown(await ask('GET', '/Measure/raced')), '2 mine');
  t.equal(shown(await ask('GET', '/Measure/other')), '2 b');
  t.match(told(), [/^info guide: upgraded Measure\/other/, /^warn guide: conflict, left Measure\/raced/]);
  await stop();
});

t.test('while another process installs, it waits', async (t) => {
  const { ask, context, stop, told } = await start(newFile(t), [measure('a', 'a')]);
  const { shelf } = context.store;
  const held = await shelf.lease('guide', 'another', 600_000);
  if (held === undefined) throw new Error('no lease');
  const installing = installGuide(context, [measure('a', 'b')]);
  await setTimeout(300);
  t.equal(shown(await ask('GET', '/Measure/a')), '1 a');
  await shelf.release(held);
  await installing;
  t.equal(shown(await ask('GET', '/Measure/a')), '2 b');
  t.match(told(), [
    /^info guide: another process installs it; this one waits/,
    'info guide: upgraded Measure/a: version 1 became version 2',
  ]);
  await stop();
});

t.test('two that start at once leave one guide, and its record', async (t) => {
  const ids = Array.from({ length: 20 }, (_, i) => `m${i}`);
  const guide = (title: string) => ids.map((id) => measure(id, title));
  for (const [one, other, stands] of [
    ['a', 'a', /^1 a$/],
    ['a', 'b', /^2 [ab]$/],
  ] as const) {
    const file = newFile(t);
    const servers = await Promise.all([start(file, guide(one)), start(file, guide(other))]);
    const [{ ask }] = servers;
    const all = async (from: typeof ask) =>
      Promise.all(ids.map(async (id) => shown(await from('GET', `/Measure/${id}`))));
    const titles = new Set(await all(ask));
    t.equal(titles.size, 1, [...titles].join());
    t.match([...titles], [stands]);
    t.strictSame(
      servers.flatMap((s) => s.told()).filter((line) => line.startsWith('warn')),
      [],
    );
    for (const { stop } of servers) await stop();
    const next = await start(file, guide('c'));
    t.match(
      await all(next.ask),
      ids.map(() => /^[23] c$/),
      'what they recorded is what they wrote',
    );
    await next.stop();
  }
});

t.test('parameters of clients find what a start wrote, and those of the guide are upgraded', async (t) => {
  const file = newFile(t);
  const guide = (title: string, ...more: Resource[]) => [...whole, measure('a', title, { name: title }), ...more];
  const own = titled('own-title', 'Measure.title');
  const first = await start(file, guide('one', titled('theirs', 'Measure.title'), titled('unwanted', 'Measure.title')));
  t.equal((await first.ask('PUT', '/SearchParameter/own-title', own)).status, 201);
  const wait = (server: typeof first, query: string) =>
    whenReady(() => server.ask('GET', `/Measure?${query}`)).then(found);
  t.strictSame(await wait(first, 'own-title=one'), ['a']);
  t.strictSame(found(await first.ask('GET', '/Measure?theirs=one')), ['a'], 'ready from the first start');
  t.equal((await first.ask('DELETE', '/SearchParameter/unwanted')).status, 204);
  t.equal((await first.ask('PUT', '/Measure/b', measure('b', 'x', { name: 'two' }))).status, 201);
  await first.stop();

  // The guide's parameter means another element now, and a Measure has another title.
  const changed = guide('two', titled('theirs', 'Measure.name'), titled('unwanted', 'Measure.title'));
  const second = await start(file, changed);
  t.strictSame(found(await second.ask('GET', '/Measure?own-title=two')), ['a'], 'at once');
  t.strictSame(found(await second.ask('GET', '/Measure?own-title=one')), []);
  t.strictSame(await wait(second, 'theirs=two'), ['a', 'b'], 'in the background');
  t.equal((await second.ask('GET', '/SearchParameter/unwanted')).status, 410);
  t.equal((await second.ask('GET', '/Measure?unwanted=two')).status, 400);
  t.match(second.told(), [/upgraded Measure\/a:/, /upgraded SearchParameter\/theirs:/]);
  t.match(second.summaries(), [/left as clients have them: SearchParameter\/unwanted$/]);
  await second.stop();
});

t.test('a program whose files changed', async (t) => {
  const file = newFile(t);
  const clone = dirname(file);
  for (const name of ['package.json', 'bin', 'profiles', 'terminology', 'src', 'seed'])
    cpSync(new URL(name, root), join(clone, name), { recursive: true });
  symlinkSync(new URL('node_modules', root), join(clone, 'node_modules'));
  const settings = { HUFHIR_AUTH: 'off', HUFHIR_PORT: '0', HUFHIR_STORE: `sqlite:${file}`, ...patience };
  const run = async (act: (ask: (method: string, path: string, body?: unknown) => Promise<Reply>) => Promise<void>) => {
    const { base, child, ended, printed } = await startServing(['serve'], { clone, settings });
    await act((method, path, body) => ask(`${base}${path}`, method, body));
    child.kill('SIGTERM');
    t.equal(await ended, 0);
    return printed();
  };
  const measures = ['cn-sh-1-signing-coverage', 'cn-sh-11-record-coverage'] as const;
  const [changed, upgraded] = measures.map((id) => `/Measure/${id}`) as [string, string];
  await run(async (ask) => {
    t.equal((await ask('PUT', '/SearchParameter/own-title', titled('own-title', 'Measure.title'))).status, 201);
    await whenReady(() => ask('GET', '/Measure?own-title=x'));
    const { body } = await ask('GET', changed);
    t.equal((await ask('PUT', changed, { ...body, title: 'mine' })).status, 200);
    t.equal((await ask('DELETE', '/SearchParameter/street')).status, 204);
  });
  for (const id of measures) {
    const path = join(clone, `profiles/Measure-${id}.json`);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), title: 'another' }));
  }
  const log = await run(async (ask) => {
    t.equal(shown(await ask('GET', changed)), '2 mine');
    t.equal(shown(await ask('GET', upgraded)), '2 another');
    t.equal((await ask('GET', '/SearchParameter/street')).status, 410);
    t.equal((await ask('GET', '/Patient?street=310105001')).status, 400);
    t.strictSame(found(await ask('GET', '/Measure?own-title=another')), [measures[1]]);
    t.strictSame(found(await ask('GET', '/Measure?own-title=mine')), [measures[0]]);
  });
  t.match(log, `upgraded Measure/${measures[1]}: version 1 became version 2`);
  t.match(
    log,
    `conflict, left Measure/${measures[0]}: the guide has a new text; version 1 was installed, version 2 was found`,
  );
  t.match(log, /left as clients have them: .*SearchParameter\/street/);
});
