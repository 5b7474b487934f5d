/**
 * Loads a district into a store, without HTTP and without validation: takes the folder and the district as JSON in the first
 * two arguments. What the folder holds already stays, if it is the same; what an interrupted run left is gone on with.
 */
import { mkdirSync, rmSync } from 'node:fs';
import type { Resource } from '@medplum/fhirtypes';
import type { Context } from '#operations/request/context.ts';
import { putOf } from '#operations/write/write.ts';
import { unrestricted } from '#security/rights.ts';
import type { Draft, Write } from '#storage/store.ts';
import { block, type District, generator, platform } from './district.ts';
import { type Holding, type Origin, type Part, readHolding, sizesOf, storeFile, writeHolding } from './holding.ts';
import { extractionOf, openInside, withNewStore } from './indexing.ts';

/** Resources of a transaction, and transactions under way at any moment. */
const batch = 1000;
const inFlight = 4;

const [folder = '', given = ''] = process.argv.slice(2);
const district = JSON.parse(given) as District;
const file = storeFile(folder, district.residents);
const origin = await withNewStore((context, schema): Origin => {
  const extraction = extractionOf(context, [...platform(district), ...block(district, 0).take(1000)]);
  return { ...district, generator, schema, extraction };
});

/** Bytes of what the store adds. */
const stamp = '"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z"'.length;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function startHolding(): Holding {
  const found = readHolding(folder, district.residents);
  if (found !== undefined && JSON.stringify(found.origin) === JSON.stringify(origin)) return found;
  if (found !== undefined) say(`${file} was made by another program: made anew`);
  mkdirSync(folder, { recursive: true });
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  return { origin, parts: [] };
}

/** `again`: some of it may be there already, since an earlier run was ended in the middle of it. */
async function loadPart(context: Context, resources: Iterable<Resource>, again: boolean): Promise<Part> {
  const begun = performance.now();
  const underWay = new Set<Promise<void>>();
  let count = 0;
  let bytes = 0;
  for (const slice of slices(resources)) {
    const writes = slice.map((resource) => putOf(context, 'PUT', resource, resource.id ?? ''));
    count += writes.length;
    for (const { draft } of writes) if (draft !== undefined) bytes += bytesOf(draft);
    const work = transact(context, writes, again).finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= inFlight) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return { resources: count, bytes, seconds: (performance.now() - begun) / 1000 };
}

const bytesOf = ({ head, tail }: Draft): number => Buffer.byteLength(head) + Buffer.byteLength(tail) + stamp;

async function transact({ store }: Context, writes: readonly Write[], again: boolean): Promise<void> {
  const [first] = writes;
  if (again && first !== undefined && (await store.read(first.type, first.id)) !== undefined) return;
  const done = await store.transact({ guards: [], writes, references: 'lenient', rights: unrestricted });
  if ('conflict' in done) throw new Error(`the store refused a transaction: ${JSON.stringify(done)}`);
}

function* slices(resources: Iterable<Resource>): Generator<readonly Resource[]> {
  let slice: Resource[] = [];
  for (const resource of resources) {
    slice.push(resource);
    if (slice.length < batch) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function tell(parts: readonly Part[], all: number): void {
  const [resources, seconds] = [parts.map((p) => p.resources), parts.map((p) => p.seconds)].map((numbers) =>
    numbers.reduce((a, b) => a + b, 0),
  ) as [number, number];
  const left = (seconds / parts.length) * (all - parts.length);
  const rate = `${Math.round(resources / seconds)} resources/s`;
  say(`part ${parts.length} of ${all}: ${resources} resources, ${rate}, about ${(left / 60).toFixed(1)} min left`);
}

async function load(): Promise<void> {
  let holding = startHolding();
  if (holding.sizes !== undefined) return say(`${file} is there`);
  const context = await openInside(file);
  const all = 1 + Math.ceil(district.residents / district.block);
  const resumed = holding.parts.length;
  for (let i = resumed; i < all; i++) {
    const resources = i === 0 ? platform(district) : block(district, i - 1);
    const part = await loadPart(context, resources, i === resumed);
    holding = { ...holding, parts: [...holding.parts, part] };
    writeHolding(folder, holding);
    tell(holding.parts, all);
  }
  await context.store.close();
  writeHolding(folder, { ...holding, sizes: sizesOf(file) });
}

await load();
