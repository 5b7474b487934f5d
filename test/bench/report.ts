import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Growth, growthTable } from './growth-report.ts';
import { number } from './numbers.ts';
import { reference, type Yardsticks } from './yardsticks.ts';

export type Yardstick = keyof typeof reference;

/** One measured value beside its yardstick and, if there is one, its target. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly yardstick?: Yardstick;
  readonly ratio?: number;
  /** What the value must reach on this machine: the target, scaled by the yardstick. */
  readonly target?: {
    readonly comparator: '≥' | '≤';
    readonly value: number;
    /** As the reference machine must reach it. */
    readonly unscaled: number;
    readonly met: boolean;
  };
  readonly note?: string;
}

export interface Run {
  readonly date: string;
  readonly name: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly residents: number;
  readonly rows: readonly Row[];
  /** Of the topic `growth`. */
  readonly growth?: Growth;
}

export interface Target {
  readonly comparator: '≥' | '≤';
  /** On the reference machine; a time grows as the machine gets slower, a rate shrinks, `fixed` stays. */
  readonly value: number;
  readonly scale: 'rate' | 'time' | 'fixed';
}

const yardstickValue = (yardsticks: Yardsticks, name: Yardstick): number =>
  name === 'bareInsert' ? yardsticks.bareInsert : yardsticks[name].perSecond;

export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly yardstick?: Yardstick;
  readonly target?: Target;
  readonly note?: string;
}

/** The value as a ratio to its yardstick, against its target scaled to this machine. */
export function row(yardsticks: Yardsticks, { target, ...measured }: Measured): Row {
  const { yardstick, value } = measured;
  const now = yardstick === undefined ? 1 : yardstickValue(yardsticks, yardstick);
  const speed = yardstick === undefined ? 1 : now / reference[yardstick];
  const rate = yardstick !== undefined && measured.unit.endsWith('/s');
  const base = rate ? { ...measured, ratio: value / now } : measured;
  if (target === undefined) return base;
  const scaled = target.value * (target.scale === 'rate' ? speed : target.scale === 'time' ? 1 / speed : 1);
  const met = target.comparator === '≥' ? value >= scaled : value <= scaled;
  return { ...base, target: { comparator: target.comparator, value: scaled, unscaled: target.value, met } };
}

/** `each` are the measurements that `y` is the mean of. */
export function yardstickRows(y: Yardsticks, each: readonly Yardsticks[]): readonly Row[] {
  const one = (yardstick: Yardstick, unit: string, note: string): Row => {
    const name = yardstickName[yardstick];
    const values = each.map((e) => number(yardstickValue(e, yardstick))).join(' and ');
    return { name: `yardstick: ${name}`, value: yardstickValue(y, yardstick), unit, note: `${values}${note}` };
  };
  return [
    one('bareRoute', 'requests/s', `; ${latency(y.bareRoute)}`),
    one('bareRead', 'requests/s', `; ${latency(y.bareRead)}`),
    one('bareInsert', 'rows/s', ''),
  ];
}

export function latency(load: { readonly p50: number; readonly p99: number; readonly generatorCores: number }): string {
  const cores = load.generatorCores.toFixed(2);
  return `p50 ${load.p50.toFixed(2)} ms, p99 ${load.p99.toFixed(2)} ms, generator ${cores} cores`;
}

export function machine(): Run['machine'] {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    system: process.platform,
  };
}

const yardstickName = {
  bareRoute: 'bare route',
  bareRead: 'bare route with a read',
  bareInsert: 'bare insert',
} as const;

const unscaled = (target: { readonly value: number; readonly unscaled: number }): string =>
  target.value === target.unscaled ? '' : ` (${number(target.unscaled)})`;

function cells(r: Row): readonly string[] {
  const target = r.target === undefined ? '' : `${r.target.comparator} ${number(r.target.value)}${unscaled(r.target)}`;
  const beside = r.yardstick === undefined ? '' : ` of the ${yardstickName[r.yardstick]}`;
  const ratio = r.ratio === undefined ? '' : `${(r.ratio * 100).toFixed(1)} %${beside}`;
  const met = r.target === undefined ? '' : r.target.met ? 'yes' : 'NO';
  return [r.name, `${number(r.value)} ${r.unit}`, ratio, target, met, r.note ?? ''];
}

/** A Markdown table. */
function table(rows: readonly Row[]): string {
  const head = ['what', 'measured', 'of its yardstick', 'target here (on the reference)', 'met', 'beside it'];
  return [head, head.map(() => '-'), ...rows.map(cells)].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The tables of a run, as Markdown. */
export function tables({ rows, growth }: Pick<Run, 'rows' | 'growth'>): string {
  return growth === undefined ? table(rows) : `${table(rows)}\n\n${growthTable(growth)}`;
}

const folder = fileURLToPath(new URL('./results/', import.meta.url));

/** Writes the run to results/<date>-<name>.json and the table of all runs to results/README.md; gives the file's name. */
export function write(run: Run): string {
  mkdirSync(folder, { recursive: true });
  const file = `${run.date.slice(0, 10)}-${run.name}.json`;
  writeFileSync(`${folder}${file}`, `${JSON.stringify(run, undefined, 2)}\n`);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const runs = files.map((name) => ({ name, run: JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as Run }));
  runs.sort((a, b) => b.run.date.localeCompare(a.run.date));
  writeFileSync(`${folder}README.md`, `${[introduction, ...runs.map(section)].join('\n\n')}\n`);
  return file;
}

const introduction = `# Benchmark results

Written by \`npm run bench\`. Yardsticks are measured in the same run: a bare Fastify route, the same with one SQLite
read, and a bare durable insert of 8 rows a commit. Targets are those of a quiet machine with
${number(reference.bareRoute)} and ${number(reference.bareRead)} requests/s and ${number(reference.bareInsert)} rows/s, scaled by the yardstick of this run.

The second table of a run, if it has one, is the growth of searches: the same questions about residents of the same kind in
districts of several sizes, one client on one connection, each answer asked for after the one before. Most ask about another
resident each time; the file is in the memory of the system, what is asked for not yet in that of the server. An answer that has
not the entries that the search is meant to find does not count. *Index* is everything in the file but the tables of the
resources and the key indexes of these. The cold count is the first search of a new server, after the system gave up what it
held of the file.`;

function section({ name, run }: { readonly name: string; readonly run: Run }): string {
  const machineText = Object.entries(run.machine).map(([key, value]) => `${key} ${value}`);
  return `## ${name.replace('.json', '')}\n\n${machineText.join(', ')}; ${run.residents} residents.\n\n${tables(run)}`;
}
