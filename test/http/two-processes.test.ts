import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type ServerProcess, startServe } from '#test/process/hufhir.ts';
import { sized } from '#test/process/sizes.ts';
import { type KeepAlive, keepAlive } from './keep-alive.ts';
import { type Found, largeBody, Population, resourceOf, type Traits, writeNext } from './population.ts';

const lanes = 8;
const writes = { created: sized(1_000, 4_000), others: sized(280, 2_000) };

interface Server extends KeepAlive {
  readonly process: ServerProcess;
}

async function start(folder: string): Promise<Server> {
  const process = await startServe(folder, { HUFHIR_LARGE_BODY: String(largeBody), HUFHIR_POOL_THREADS: '1' });
  return { ...keepAlive(process.base, 2 * lanes), process };
}

const definition = (more: object = {}) => ({
  resourceType: 'SearchParameter',
  id: 'marital',
  url: 'https://h.example/SearchParameter/marital',
  name: 'Marital',
  status: 'active',
  description: 'Marital status',
  code: 'marital',
  base: ['Patient'],
  type: 'token',
  expression: 'Patient.maritalStatus',
  ...more,
});

/** What a parameter finds by its expression. */
interface Sought {
  readonly query: string;
  readonly matches: (traits: Traits) => boolean;
}

const bachelors: Sought = { query: 'marital=S', matches: ({ marital }) => marital === 'S' };
const woman: Traits = { marital: 'M', gender: 'female' };
const women: Sought = { query: 'marital=female', matches: ({ gender }) => gender === 'female' };

/** All pages of a search; each page of the other server than the one before. */
async function search(servers: readonly Server[], query: string, headers = {}): Promise<Found> {
  const ids: string[] = [];
  let next: string | undefined = `/Patient?_count=500&_elements=id&${query}`;
  for (let page = 0; next !== undefined; page++) {
    const { ask, process } = servers[page % servers.length] as Server;
    const { status, text } = await ask('GET', next, undefined, headers);
    if (status !== 200) return { status, ids: [], text };
    const body = JSON.parse(text);
    ids.push(...(body.entry ?? []).map((e: { resource: { id: string } }) => e.resource.id));
    const link = body.link.find(({ relation }: { relation: string }) => relation === 'next');
    next = link?.url.slice(process.base.length);
  }
  return { status: 200, ids, text: '' };
}

const isRight = ({ status, missing, wrong }: Awaited<ReturnType<Population['compare']>>) =>
  status === 200 ? { missing, wrong } : status;
const right = { missing: [], wrong: [] };
const notReady = /is being indexed/;

/** Searches until it is answered; not ready is the only other answer that there may be. How long that takes is told. */
async function whenReady(t: Test, servers: readonly Server[], { query, matches }: Sought, population: Population) {
  const began = performance.now();
  for (let tries = 1; ; tries++) {
    const found = await population.compare(() => search(servers, query), matches);
    if (found.status !== 503 || !notReady.test(found.text)) {
      t.strictSame(isRight(found), right, `${query}: ${found.ids.length}, as soon as it is answered ${found.text}`);
      t.comment(`ready after ${Math.round(performance.now() - began)} ms, ${tries} tries`);
      return;
    }
    await setTimeout(25);
  }
}

/** The first search after a definition was acknowledged elsewhere knows it, whether it asks strictly or not. */
async function firstSearch(t: Test, servers: readonly Server[], { query, matches }: Sought, population: Population) {
  const strict = await population.compare(() => search(servers, query), matches);
  const lenient = await population.compare(() => search(servers, query, { prefer: 'handling=lenient' }), matches);
  for (const found of [strict, lenient]) {
    if (found.status !== 503) t.strictSame(isRight(found), right, `the first search: ${found.text}`);
    else t.match(found.text, notReady, 'the first search');
  }
}

interface Beside extends Both {
  readonly name: string;
  readonly writes: number;
  /** Begun in the middle, while writes go on. */
  readonly change: () => Promise<void>;
}

/** Writes on both servers, and a change in the middle of it. */
async function beside({ servers, population, name, writes, change }: Beside): Promise<void> {
  let [next, changing] = [0, undefined as Promise<void> | undefined];
  const lane = async (own: number): Promise<void> => {
    for (let n = 0; next < writes; n++) {
      if (++next > writes / 3) changing ??= change();
      await writeNext({ name: `${name}-${own}`, servers, population }, n);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, own) => lane(own)));
  await changing;
}

/** The part of the CapabilityStatement that is about Patients. */
async function told({ ask }: Server): Promise<string> {
  const { rest } = JSON.parse((await ask('GET', '/metadata')).text);
  return JSON.stringify(rest[0].resource.find(({ type }: { type: string }) => type === 'Patient'));
}

/** Two servers, and what they were told. */
interface Both {
  readonly servers: readonly [Server, Server];
  readonly population: Population;
}

const define = async (t: Test, { ask }: Server, status: number, more?: object) =>
  t.equal((await ask('PUT', '/SearchParameter/marital', definition(more))).status, status);

const put = (population: Population, { ask }: Server, id: string, traits: Traits) =>
  population.write(id, traits, () => ask('PUT', `/Patient/${id}`, resourceOf(id, traits)));

interface Stage {
  readonly name: string;
  readonly writes: number;
  readonly change: (t: Test, both: Both) => Promise<void>;
  readonly sought: Sought;
}

const stages: readonly Stage[] = [
  {
    name: 'is created',
    writes: writes.created,
    change: async (t, { servers: [one, other], population }) => {
      t.equal((await search([other], bachelors.query)).status, 400, 'unknown before');
      await define(t, one, 201);
      await firstSearch(t, [other], bachelors, population);
      t.match(await told(other), /marital/, 'the CapabilityStatement tells of it');
      await whenReady(t, [other], bachelors, population);
    },
    sought: bachelors,
  },
  {
    name: 'gets another expression',
    writes: writes.others,
    change: async (t, { servers: [one, other], population }) => {
      await define(t, other, 200, { expression: 'Patient.gender' });
      await firstSearch(t, [one], women, population);
      await whenReady(t, [one], women, population);
    },
    sought: women,
  },
  {
    name: 'is deleted and comes again',
    writes: writes.others,
    change: async (t, { servers, population }) => {
      const [one, other] = servers;
      t.equal((await one.ask('DELETE', '/SearchParameter/marital')).status, 204);
      t.equal((await search([other], women.query)).status, 400, 'unknown at once');
      t.equal((await put(population, other, 'early', woman)).status, 200, 'what stood there changes meanwhile');
      for (let n = 0; n < 14; n++) await writeNext({ name: 'gone', servers, population }, n);
      await define(t, one, 201, { expression: 'Patient.gender' });
      await firstSearch(t, [other], women, population);
      await whenReady(t, [other], women, population);
    },
    sought: women,
  },
];

/** Defined on a server that is killed at once, or when its background work was woken by a search. */
async function killed(t: Test, { servers, population }: Both, code: string, isWoken: boolean): Promise<void> {
  const [one, other] = servers;
  const own = definition({ id: code, code, url: `https://h.example/SearchParameter/${code}` });
  t.equal((await one.ask('PUT', `/SearchParameter/${code}`, own)).status, 201);
  const sought = { ...bachelors, query: `${code}=S` };
  if (isWoken) await firstSearch(t, [one], sought, population);
  one.process.child.kill('SIGKILL');
  await firstSearch(t, [other], sought, population);
  t.match(await told(other), code, 'the CapabilityStatement tells of it');
  const change = () => whenReady(t, [other], sought, population);
  await beside({ servers: [other, other], population, name: code, writes: 56, change });
  await whenReady(t, [other], sought, population);
  await whenReady(t, [other], women, population);
  const { searchParam } = JSON.parse(await told(other));
  t.ok(
    searchParam.some(({ name }: { name: string }) => name === code),
    'and that it can be used',
  );
  one.close();
}

t.test('what one process defines is used by the other, and finds what either writes meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hufhir-two-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  // The store is new to both.
  const servers = await Promise.all([start(folder), start(folder)] as const);
  const [one, other] = servers;
  t.teardown(async () => {
    for (const { close } of servers) close();
    for (const { process } of servers) process.child.kill('SIGTERM');
    await other.process.ended;
  });
  const population = new Population();
  t.equal((await put(population, one, 'early', { marital: 'S', gender: 'male' })).status, 201);
  for (const { name, writes, change, sought } of stages) {
    await t.test(`a parameter ${name}, beside ${writes} writes`, async (t) => {
      const both = { servers, population };
      await beside({ ...both, name: name.replaceAll(/\W+/g, '-'), writes, change: () => change(t, both) });
      for (const asked of [[one], [other], servers]) await whenReady(t, asked, sought, population);
      t.comment(`${population.size} Patients`);
    });
  }
  await t.test('a parameter whose process is killed is made ready by the other', async (t) =>
    killed(t, { servers, population }, 'wed', false),
  );
  await t.test('also where the process had begun to', async (t) =>
    killed(t, { servers: [await start(folder), other], population }, 'woken', true),
  );
});
