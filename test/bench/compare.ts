/**
 * `npm run bench:compare -- --with DIR [--only start,create,import,search --rounds N --residents N --seed N --name NAME --quick]`: this clone beside another, where `npm ci`
 * has run, by the processor time that a server takes for the same work. They take turns, so that other load meets both; the medians
 * of the rounds stand beside each other in the table, which is written to results/.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generate } from '#seed/generate.ts';
import { loadDistrict } from './growth.ts';
import { storeFile } from './holding.ts';
import { push, type Submission, submissionsOf } from './importing.ts';
import { get, type Shot } from './load.ts';
import { number } from './numbers.ts';
import { oneByOne } from './one-by-one.ts';
import { type Found, type Material, queries } from './queries.ts';
import { patients } from './reading.ts';
import { machine, type Row, tables, write } from './report.ts';
import { drawSample } from './sample.ts';
import { type Server, startServer } from './server.ts';
import { createShots } from './writing.ts';

const { values: options } = parseArgs({
  options: {
    with: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    residents: { type: 'string' },
    only: { type: 'string', default: 'start,create,import,search' },
    seed: { type: 'string', default: '1' },
    name: { type: 'string', default: 'compare' },
    quick: { type: 'boolean', default: false },
  },
});
if (options.with === undefined) throw new Error('--with names the clone to compare with');
const { quick } = options;
const only = options.only.split(',');
const residents = Number(options.residents ?? (quick ? 100 : 500));
const seed = Number(options.seed);
const rounds = Number(options.rounds);
const counts = quick ? { creates: 300, reads: 1000, searches: 20 } : { creates: 6000, reads: 20_000, searches: 300 };
const inFlight = 32;
/** Milliseconds that an idle server is given to give back what it started with. */
const idle = 10_000;
const district = { residents: quick ? 200 : 1000, seed, block: quick ? 200 : 1000 };

/** What a round of one clone measured: by name, microseconds of the processor a unit, or what the unit says. */
type Figures = Map<string, { readonly value: number; readonly unit: string }>;

interface Clone {
  readonly folder: string;
  /** Where its district is. */
  readonly data: string;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Microseconds of the processor that all threads of a process took so far. */
function processorTime(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const each = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return each.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1000;
}

/** A unit of work, by what `work` says that it did. */
async function measure(figures: Figures, name: string, { pid }: Server, work: () => Promise<number>): Promise<void> {
  const before = processorTime(pid);
  const units = await work();
  figures.set(name, { value: (processorTime(pid) - before) / units, unit: 'µs' });
}

async function withServer(
  { folder }: Clone,
  settings: Readonly<Record<string, string>>,
  work: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await startServer(settings, folder);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

const submission = ({ method, path, body = '' }: Shot, i: number): Submission => ({
  source: `request ${i}`,
  method,
  path: path.replace('/fhir', ''),
  body: body.replaceAll('[<id>]', String(i)),
  resources: 1,
});

/** Sends the requests in turn, so many. */
async function send({ origin }: Server, shots: readonly Shot[], count: number): Promise<number> {
  const sent = Array.from({ length: count }, (_, i) => submission(shots[i % shots.length] ?? get('/'), i));
  return (await push(origin, [sent], inFlight)).requests;
}

/** How long it takes to be ready on an empty store, and what of the processor. */
async function start(clone: Clone, figures: Figures): Promise<void> {
  const [ready, processor]: [number[], number[]] = [[], []];
  for (let i = 0; i < (quick ? 1 : 5); i++) {
    await withServer(clone, {}, async (server) => {
      ready.push(server.startup);
      processor.push(processorTime(server.pid) / 1000);
    });
  }
  figures.set('ready on an empty store', { value: median(ready), unit: 'ms' });
  figures.set('ready on an empty store, processor', { value: median(processor), unit: 'ms' });
}

async function create(clone: Clone, figures: Figures): Promise<void> {
  await withServer(clone, {}, async (server) => {
    await setTimeout(quick ? 0 : idle);
    figures.set('resident memory of an idle server on an empty store', { value: server.memory() / 1e6, unit: 'MB' });
    const shots = await createShots(server.origin);
    await send(server, shots, counts.creates / 3);
    await measure(figures, 'create', server, () => send(server, shots, counts.creates));
  });
}

async function importAndRead(clone: Clone, figures: Figures): Promise<void> {
  await withServer(clone, {}, async (server) => {
    const groups = submissionsOf(generate({ residents, seed, year: 2025 }).submissions);
    const work = async () => (await push(server.origin, groups, 8)).resources;
    await measure(figures, 'import, a resource', server, work);
    const reads = (await patients(server.origin)).map((id) => get(`/fhir/Patient/${id}`));
    await send(server, reads, counts.reads / 10);
    await measure(figures, 'read by id', server, () => send(server, reads, counts.reads));
  });
}

async function search(clone: Clone, figures: Figures): Promise<void> {
  const settings = { HUFHIR_STORE: `sqlite:${storeFile(clone.data, district.residents)}` };
  await withServer(clone, settings, async (server) => {
    const ask = async (path: string) => (await (await fetch(`${server.origin}${path}`)).json()) as Found;
    const material: Material = { residents: drawSample(district), ask };
    const manner = { seconds: 600, entries: undefined };
    const asked: (readonly [name: string, shots: readonly Shot[]])[] = [];
    for (const { name, shots } of queries) asked.push([name, await shots(material)]);
    // The server compiles what searches share before the first of them is measured.
    for (const [, shots] of asked)
      await oneByOne(server.origin, shots, { ...manner, warm: counts.searches / 4, counted: 0 });
    for (const [name, shots] of asked) {
      await measure(figures, name, server, async () => {
        const { requests, refusal } = await oneByOne(server.origin, shots, {
          ...manner,
          warm: 0,
          counted: counts.searches,
        });
        if (refusal !== undefined) throw new Error(`${name} answered ${refusal}`);
        return requests;
      });
    }
    const all = asked.reduce((sum, [name]) => sum + (figures.get(name)?.value ?? 0), 0);
    figures.set('one of each search', { value: all, unit: 'µs' });
  });
}

const topics: Readonly<Record<string, (clone: Clone, figures: Figures) => Promise<void>>> = {
  start,
  create,
  import: importAndRead,
  search,
};

async function round(clone: Clone): Promise<Figures> {
  const figures: Figures = new Map();
  for (const topic of only) await topics[topic]?.(clone, figures);
  return figures;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Of one figure: the medians side by side; more than 1.05 times the other is too much. */
function comparison(name: string, own: readonly Figures[], other: readonly Figures[]): Row {
  const valuesOf = (runs: readonly Figures[]) => runs.map((figures) => figures.get(name)?.value ?? 0);
  const [value, before] = [median(valuesOf(own)), median(valuesOf(other))];
  const [most, list] = [before * 1.05, (values: readonly number[]) => values.map(number).join(', ')];
  return {
    name,
    value,
    unit: own[0]?.get(name)?.unit ?? '',
    ratio: value / before,
    target: { comparator: '≤', value: most, unscaled: most, met: value <= most },
    note: `${list(valuesOf(own))}; the other ${number(before)}: ${list(valuesOf(other))}`,
  };
}

const temporary = mkdtempSync(join(tmpdir(), 'hufhir-compare-'));
const folders = [fileURLToPath(new URL('../..', import.meta.url)), resolve(options.with)];
const [own, other] = folders.map((folder, i): Clone => ({ folder, data: join(temporary, String(i)) }));
try {
  if (own === undefined || other === undefined) throw new Error('there are two clones');
  for (const { folder, data } of [own, other]) await loadDistrict(data, district, folder);
  const seen = { own: [] as Figures[], other: [] as Figures[] };
  for (let i = 0; i < rounds; i++) {
    say(`round ${i + 1} of ${rounds} …`);
    // Who comes first takes turns too.
    if (i % 2 === 0) seen.other.push(await round(other));
    seen.own.push(await round(own));
    if (i % 2 === 1) seen.other.push(await round(other));
  }
  const rows = [...(seen.own[0]?.keys() ?? [])].map((name) => comparison(name, seen.own, seen.other));
  process.stdout.write(`${tables({ rows })}\n`);
  if (!quick) write({ date: new Date().toISOString(), name: options.name, machine: machine(), residents, rows });
} finally {
  rmSync(temporary, { recursive: true });
}
