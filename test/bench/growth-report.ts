import type { Size } from './holding.ts';
import { number } from './numbers.ts';
import type { Latency } from './one-by-one.ts';

/** What searches cost in districts of several sizes. */
export interface Growth {
  /** From the smallest to the largest. */
  readonly districts: readonly DistrictFigures[];
  readonly searches: readonly SearchFigures[];
}

export interface DistrictFigures {
  readonly residents: number;
  readonly resources: number;
  /** Of the resources as JSON. */
  readonly bytes: number;
  /** Resources a second, without HTTP and without validation. */
  readonly loading: number;
  /** Of each table and index in the file. */
  readonly sizes: readonly Size[];
  /** The bare route, asked in the same way as the searches right before them. */
  readonly bareRoute: Latency;
}

export interface SearchFigures {
  readonly name: string;
  /** One of those that were asked. */
  readonly example: string;
  readonly sameResult: boolean;
  /** In the order of the districts. */
  readonly at: readonly Latency[];
}

/** A p50 in the largest district may be so many times that in the smallest, where the result has the same size. */
export const growthLimit = 1.3;

const answered = ({ requests, refusal }: Latency): boolean => requests > 0 && refusal === undefined;

/** Undefined where there is nothing to compare. */
export function growthOf({ at }: SearchFigures): number | undefined {
  const [first, last] = [at[0], at.at(-1)];
  if (first === undefined || last === undefined || at.length < 2) return undefined;
  return answered(first) && answered(last) ? last.p50 / first.p50 : undefined;
}

/** A Markdown table: a line for each search, p50 and p99 in milliseconds. */
export function growthTable({ districts, searches }: Growth): string {
  const head = [
    'search, one client',
    ...districts.map(({ residents, resources }) => `${number(residents)} residents, ${number(resources)} resources`),
    `growth (≤ ${growthLimit} with the same result)`,
    'met',
  ];
  const bare = ['bare route', ...districts.map(({ bareRoute }) => cell(bareRoute, false)), '', ''];
  const lines = [head, head.map(() => '-'), bare, ...searches.map(line)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function line(search: SearchFigures): readonly string[] {
  const growth = growthOf(search);
  const met = growth === undefined || !search.sameResult ? '' : growth <= growthLimit ? 'yes' : 'NO';
  const cells = search.at.map((latency) => cell(latency, true));
  return [search.name, ...cells, growth === undefined ? '' : `${number(growth)}×`, met];
}

function cell({ p50, p99, entries, requests, refusal }: Latency, found: boolean): string {
  if (refusal !== undefined) return `REFUSED: ${refusal.replaceAll(/[|\n]/g, ' ').slice(0, 100)}`;
  if (requests === 0) return 'NO ANSWER of the size that counts';
  const few = requests < 20 ? `, ${requests} requests` : '';
  return `${number(p50)} (p99 ${number(p99)}) ms${found ? `, ${number(entries)} found` : ''}${few}`;
}
