/**
 * `npm run bench [-- --only start,create,bundle,import,read,search,evaluate,large,synthea,fairness,growth --residents N --seed N
 * --in-flight N --name NAME --quick]`: measures the server beside what the machine can do, prints the table and writes it to results/.
 * `growth` keeps its districts, and has a third one of 64,000 residents, where HUFHIR_BENCH_DATA names a folder for them.
 */
import { parseArgs } from 'node:util';
import { generate } from '#seed/generate.ts';
import { largeTransaction, perPatient, transactions } from './bundles.ts';
import { fairnessRows, measureFairness } from './fairness.ts';
import { measureGrowth } from './growth.ts';
import type { Growth } from './growth-report.ts';
import { growthRows } from './growth-rows.ts';
import { push, submissionsOf, synthea } from './importing.ts';
import { measureLarge, pace } from './large.ts';
import { measureEvaluation, measureReads, measureSearches, type Reading } from './reading.ts';
import { latency, type Measured, machine, row, tables, write, yardstickRows } from './report.ts';
import { type Server, startServer } from './server.ts';
import { measureCreates, measureTransactions } from './writing.ts';
import { mean, measureYardsticks } from './yardsticks.ts';

const topics = [
  'start',
  'create',
  'bundle',
  'import',
  'read',
  'search',
  'evaluate',
  'large',
  'synthea',
  'fairness',
  'growth',
];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: topics.join(',') },
    residents: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'in-flight': { type: 'string', default: '8' },
    name: { type: 'string', default: 'local' },
    quick: { type: 'boolean', default: false },
  },
});
const only = options.only.split(',');
const unknown = only.filter((topic) => !topics.includes(topic) && topic !== 'none');
if (unknown.length > 0) throw new Error(`--only knows ${topics.join(', ')} and none; found ${unknown.join(', ')}`);
const residents = Number(options.residents ?? (options.quick ? 200 : 2000));
const seconds = options.quick ? 2 : 8;
const inFlight = Number(options['in-flight']);
const seed = Number(options.seed);
const wants = (...names: readonly string[]): boolean => names.some((name) => only.includes(name));

const say = (text: string): void => void process.stderr.write(`${text}\n`);

say('yardsticks …');
const before = await measureYardsticks(seconds);
const measured: Measured[] = [];
const add = (made: Measured): void => {
  measured.push(made);
  say(`${made.name}: ${made.value.toFixed(2)} ${made.unit}`);
};

async function start(): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < (options.quick ? 1 : 3); i++) {
    const server = await startServer();
    times.push(server.startup / 1000);
    await server.stop();
  }
  times.sort((a, b) => a - b);
  add({
    name: 'ready on an empty store',
    value: times[times.length >> 1] ?? 0,
    unit: 's',
    yardstick: 'bareRoute',
    target: { comparator: '≤', value: 3, scale: 'time' },
  });
}

async function create(): Promise<void> {
  const server = await startServer();
  try {
    const target = { comparator: '≥', value: 2000, scale: 'rate' } as const;
    const reading = { name: 'create of one resource', ...(await measureCreates(server.origin, seconds)) };
    addReading(reading, { yardstick: 'bareInsert', target });
  } finally {
    await server.stop();
  }
}

async function bundle(name: string, settings: Readonly<Record<string, string>>, value: number): Promise<void> {
  const server = await startServer(settings);
  try {
    const sent = [...transactions(residents, seed).take(options.quick ? 20 : 200)];
    const result = await measureTransactions(server.origin, sent, inFlight);
    add({
      name: `transactions of ${perPatient} entries, ${name}, ${inFlight} in flight`,
      value: result.perSecond,
      unit: 'resources/s',
      yardstick: 'bareInsert',
      target: { comparator: '≥', value, scale: 'rate' },
      note: `${result.resources} resources in ${result.seconds.toFixed(1)} s, ${latency(result)}`,
    });
  } finally {
    await server.stop();
  }
}

async function large(server: Server): Promise<void> {
  const sent = largeTransaction(residents, seed + 1, options.quick ? 2e6 : 20e6);
  const { resources, bytes, seconds, rise, reads } = await measureLarge(server, sent);
  const size = `${(bytes / 1e6).toFixed(0)} MB`;
  add({
    name: `one transaction of ${size}`,
    value: resources / seconds,
    unit: 'resources/s',
    yardstick: 'bareInsert',
    note: `${resources} resources in ${seconds.toFixed(1)} s, HUFHIR_MAX_ENTRIES raised to ${maxEntries}`,
  });
  add({
    name: `rise of resident memory in the transaction of ${size}`,
    value: rise / 1e6,
    unit: 'MB',
    target: { comparator: '≤', value: 300, scale: 'fixed' },
  });
  add({
    name: `p99 of reads beside the transaction of ${size}`,
    value: reads.p99,
    unit: 'ms',
    target: { comparator: '≤', value: 250, scale: 'fixed' },
    note: `${reads.count} reads, one every ${pace} ms, p50 ${reads.p50.toFixed(2)} ms, slowest ${reads.slowest.toFixed(0)} ms`,
  });
}

async function importDistrict(server: Server): Promise<void> {
  const groups = submissionsOf(generate({ residents, seed, year: 2025 }).submissions);
  const result = await push(server.origin, groups, inFlight);
  if (!wants('import')) return;
  add({
    name: `import of the demo district, ${inFlight} in flight`,
    value: result.perSecond,
    unit: 'resources/s',
    yardstick: 'bareInsert',
    target: { comparator: '≥', value: 1500, scale: 'rate' },
    note: `${result.resources} resources in ${result.seconds.toFixed(1)} s, ${result.requests} requests, ${latency(result)}`,
  });
  memory(server, 'resident memory while importing the district');
}

async function importSynthea(): Promise<void> {
  const groups = synthea();
  if (groups === undefined) return say('Synthea is not beside the clone: left out');
  const server = await startServer();
  try {
    const result = await push(server.origin, groups, Math.min(4, inFlight));
    add({
      name: 'import of Synthea, 4 in flight',
      value: result.perSecond,
      unit: 'resources/s',
      yardstick: 'bareInsert',
      note: `${result.resources} resources in ${result.seconds.toFixed(1)} s, ${result.requests} requests, ${latency(result)}`,
    });
    memory(server, 'resident memory while importing Synthea');
  } finally {
    await server.stop();
  }
}

function memory(server: Server, name: string): void {
  const value = server.peakMemory() / 1e6;
  add({ name, value, unit: 'MB', target: { comparator: '≤', value: 500, scale: 'fixed' } });
}

function addReading(reading: Reading, beside: Pick<Measured, 'yardstick' | 'target'>): void {
  const failed = reading.failed === 0 ? '' : `; ${reading.failed} FAILED`;
  const note = `${latency(reading)}${failed}`;
  add({ name: reading.name, value: reading.perSecond, unit: 'requests/s', note, ...beside });
}

/** Undefined unless it is asked for. */
async function grow(): Promise<Growth | undefined> {
  if (!wants('growth')) return undefined;
  const folder = process.env.HUFHIR_BENCH_DATA;
  const measurement = await measureGrowth({ quick: options.quick, seed, folder, say });
  for (const made of growthRows(measurement)) add(made);
  return measurement.growth;
}

/** The large transaction holds more entries than the default allows. */
const maxEntries = '100000';

async function useDistrict(): Promise<void> {
  const server = await startServer({ HUFHIR_MAX_ENTRIES: maxEntries });
  try {
    say(`import of ${residents} residents …`);
    await importDistrict(server);
    if (wants('read')) {
      const target = { comparator: '≥', value: 7_680, scale: 'rate' } as const;
      for (const r of await measureReads(server.origin, seconds)) addReading(r, { yardstick: 'bareRoute', target });
    }
    if (wants('search')) {
      for (const r of await measureSearches(server.origin, seconds)) addReading(r, { yardstick: 'bareRead' });
    }
    if (wants('evaluate')) {
      const value = await measureEvaluation(server.origin);
      add({ name: `all measures over ${residents} residents`, value, unit: 's' });
    }
    if (wants('large')) await large(server);
  } finally {
    await server.stop();
  }
}

if (wants('start')) await start();
if (wants('create')) await create();
if (wants('bundle')) {
  await bundle('not validated', { HUFHIR_VALIDATION: 'off' }, 3000);
  await bundle('validated', {}, 1500);
}
if (wants('import', 'read', 'search', 'evaluate', 'large')) await useDistrict();
if (wants('synthea')) await importSynthea();
if (wants('fairness')) for (const made of fairnessRows(await measureFairness(options.quick, say))) add(made);
const growth = await grow();

say('yardsticks again …');
const after = await measureYardsticks(seconds);
const yardsticks = mean(before, after);
const rows = [...yardstickRows(yardsticks, [before, after]), ...measured.map((made) => row(yardsticks, made))];
const made = growth === undefined ? { rows } : { rows, growth };
process.stdout.write(`${tables(made)}\n`);
if (!options.quick && !wants('none')) {
  const file = write({ date: new Date().toISOString(), name: options.name, machine: machine(), residents, ...made });
  process.stdout.write(`\nwritten to test/bench/results/${file}\n`);
}
