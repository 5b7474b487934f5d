import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ColdCount, measureColdCount } from './cold.ts';
import type { District } from './district.ts';
import type { Extraction } from './extraction-child.ts';
import type { DistrictFigures, Growth, SearchFigures } from './growth-report.ts';
import { type Part, readHolding, storeFile } from './holding.ts';
import { get, type Shot } from './load.ts';
import { type Latency, type Manner, oneByOne, send } from './one-by-one.ts';
import { counts, type Found, type Material, type Query, queries } from './queries.ts';
import { drawSample } from './sample.ts';
import { startServer } from './server.ts';
import { bare, withBareServer } from './yardsticks.ts';

export interface GrowthOptions {
  readonly quick: boolean;
  readonly seed: number;
  /** Where districts are kept; without it the smaller ones are made, measured and deleted. */
  readonly folder: string | undefined;
  readonly say: (text: string) => void;
}

export interface Measurement {
  readonly growth: Growth;
  readonly extraction: Extraction;
  /** In the largest district: the smallest count of more than a million rows, else the largest there is. */
  /** With the file in the memory of the system, and without. */
  readonly coldCounts: readonly [ColdCount, ColdCount];
}

/** What one district showed; its totals are those of `counts`. */
interface Seen {
  readonly figures: DistrictFigures;
  readonly searches: readonly SearchFigures[];
  readonly totals: readonly number[];
}

/** Residents of the districts, and of a block of them. */
const sizes = { quick: [200, 400], usual: [1000, 8000], kept: [1000, 8000, 64_000] };
const blockSize = { quick: 200, usual: 1000 };

const manner = {
  quick: { warm: 3, counted: 8, seconds: 2 },
  usual: { warm: 40, counted: 200, seconds: 10 },
} as const satisfies Readonly<Record<string, Manner>>;

/** The same searches in districts of several sizes, one client at a time. */
export async function measureGrowth(options: GrowthOptions): Promise<Measurement> {
  const { quick, seed, say } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'hufhir-bench-'));
  const residents = quick ? sizes.quick : options.folder === undefined ? sizes.usual : sizes.kept;
  const districts = residents.map(
    (each): District => ({ residents: each, seed, block: quick ? blockSize.quick : blockSize.usual }),
  );
  try {
    const seen: Seen[] = [];
    for (const district of districts) seen.push(await measureDistrict(folder, district, options));
    const [largest] = residents.slice(-1);
    say('cold count …');
    const [file, path] = [storeFile(folder, largest ?? 0), countOf(seen.at(-1)?.totals ?? [])];
    // The first one brings what it reads into the memory of the system.
    const fromDisk = await measureColdCount(file, path, true);
    const coldCounts = [await measureColdCount(file, path, false), fromDisk] as const;
    say('extraction …');
    const [first] = districts;
    const extraction = await child<Extraction>('extraction-child.ts', [
      JSON.stringify(first),
      quick ? '2000' : '50000',
    ]);
    return {
      growth: { districts: seen.map(({ figures }) => figures), searches: together(seen) },
      extraction,
      coldCounts,
    };
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true });
  }
}

async function measureDistrict(folder: string, district: District, { quick, say }: GrowthOptions): Promise<Seen> {
  const { residents } = district;
  say(`district of ${residents} residents …`);
  await loadDistrict(folder, district);
  const holding = readHolding(folder, residents);
  if (holding?.sizes === undefined) throw new Error(`the loader left no district of ${residents} residents`);
  const how = quick ? manner.quick : manner.usual;
  const bareRoute = await withBareServer((origin) => oneByOne(origin, [bare], how));
  const file = storeFile(folder, residents);
  await readThrough(file);
  const server = await startServer({ HUFHIR_STORE: `sqlite:${file}` });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const ask = async (path: string): Promise<Found> => {
      const { text } = await send(agent, server.origin, get(path));
      return JSON.parse(text) as Found;
    };
    const material: Material = { residents: drawSample(district), ask };
    const asked: (readonly [Query, readonly Shot[]])[] = [];
    for (const query of queries) asked.push([query, await query.shots(material)]);
    // The server compiles what all searches share before the first of them is measured.
    for (const [, shots] of asked) await oneByOne(server.origin, shots.slice(-how.warm), { ...how, counted: 0 });
    const searches: SearchFigures[] = [];
    for (const [{ name, sameResult, entries }, shots] of asked) {
      const latency = await oneByOne(server.origin, shots, quick ? how : { ...how, entries });
      searches.push({ name, sameResult, example: exampleOf(shots[0]?.path ?? ''), at: [latency] });
      say(`${residents} residents, ${name}: ${told(latency)}`);
    }
    const totals: number[] = [];
    for (const count of counts) totals.push((await ask(count)).total ?? 0);
    const loaded = sumOf(holding.parts);
    const figures = { residents, ...loaded, sizes: holding.sizes, bareRoute };
    return { figures, searches, totals };
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** Leaves the file in the memory of the system, as far as there is room: no search waits for the disk then. */
async function readThrough(file: string): Promise<void> {
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }));
}

const told = ({ p50, p99, entries, requests, refusal }: Latency): string =>
  refusal ?? `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${entries.toFixed(1)} found, ${requests} requests`;

/** Without the cursor of a page link, which says nothing to a reader. */
const exampleOf = (path: string): string =>
  decodeURIComponent(path)
    .replace(/(_cursor=)[^&]*/, '$1…')
    .slice(0, 300);

function sumOf(parts: readonly Part[]): Pick<DistrictFigures, 'resources' | 'bytes' | 'loading'> {
  const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const resources = sum((part) => part.resources);
  return { resources, bytes: sum((part) => part.bytes), loading: resources / sum((part) => part.seconds) };
}

function together(seen: readonly Seen[]): readonly SearchFigures[] {
  return queries.flatMap(({ name }) => {
    const each = seen.flatMap(({ searches }) => searches.filter((search) => search.name === name));
    return each.slice(0, 1).map((search) => ({ ...search, at: each.flatMap(({ at }) => at) }));
  });
}

function countOf(totals: readonly number[]): string {
  const large = totals.filter((total) => total >= 1e6);
  const chosen = large.length > 0 ? Math.min(...large) : Math.max(...totals);
  return counts[totals.indexOf(chosen)] ?? '';
}

const script = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Loads it by the program of this clone if none is given. */
export async function loadDistrict(folder: string, district: District, clone?: string): Promise<void> {
  const file = clone === undefined ? script('load-district.ts') : join(clone, 'test/bench/load-district.ts');
  const loader = spawn(process.execPath, [file, folder, JSON.stringify(district)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(loader, 'exit');
  if (code !== 0) throw new Error(`load-district.ts ended with ${code}`);
}

async function child<T>(name: string, parameters: readonly string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [script(name), ...parameters]);
  return JSON.parse(stdout) as T;
}
