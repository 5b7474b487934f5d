import type { Measurement } from './growth.ts';
import { type DistrictFigures, growthLimit, growthOf, type SearchFigures } from './growth-report.ts';
import { divided } from './holding.ts';
import { number } from './numbers.ts';
import type { Measured } from './report.ts';

/** What the topic `growth` says about its targets. */
export function growthRows({
  growth: { districts, searches },
  extraction,
  coldCounts,
}: Measurement): readonly Measured[] {
  const [first, last] = [districts[0], districts.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [
    ...(districts.length > 1
      ? growing(searches, `from ${number(first.residents)} to ${number(last.residents)} residents`)
      : []),
    ...slowest(searches, last),
    ...districts.flatMap(indexOf),
    ...coldCounts.map(
      (count, i): Measured => ({
        name: `cold count of ${number(count.rows)} rows${i === 0 ? '' : ', from the disk'}`,
        value: count.milliseconds,
        unit: 'ms',
        ...(count.rows >= 1e6
          ? { yardstick: 'bareRoute', target: { comparator: '≤', value: 300, scale: 'time' } }
          : {}),
        note: `the first search of a new server; the system held ${held(count.held)} of the file`,
      }),
    ),
    {
      name: 'extraction of the index entries of a resource',
      value: extraction.mean,
      unit: 'ms',
      yardstick: 'bareRoute',
      target: { comparator: '≤', value: 0.1, scale: 'time' },
      note: `mean of ${extraction.resources}; ${types(extraction.types)}`,
    },
  ];
}

const held = (bytes: number | undefined): string =>
  bytes === undefined ? 'it is not known how much' : `${bytes} bytes`;

const types = (means: Readonly<Record<string, number>>): string =>
  Object.entries(means)
    .toSorted(([, a], [, b]) => b - a)
    .map(([type, mean]) => `${type} ${mean.toFixed(4)}`)
    .join(', ');

function growing(searches: readonly SearchFigures[], range: string): readonly Measured[] {
  const same = searches.filter(({ sameResult }) => sameResult);
  const grown = same
    .map((search) => ({ name: search.name, growth: growthOf(search) }))
    .toSorted((a, b) => (b.growth ?? 0) - (a.growth ?? 0));
  const silent = grown.filter(({ growth }) => growth === undefined).map(({ name }) => name);
  const [worst] = grown;
  return [
    {
      name: `searches of the same result whose p50 grows at most ${growthLimit}-fold ${range}`,
      value: grown.filter(({ growth }) => growth !== undefined && growth <= growthLimit).length,
      unit: `of ${same.length}`,
      target: { comparator: '≥', value: same.length, scale: 'fixed' },
      note: [
        ...(worst?.growth === undefined ? [] : [`the most: ${worst.name} ${number(worst.growth)}×`]),
        ...(silent.length === 0 ? [] : [`not answered: ${silent.join(', ')}`]),
      ].join('; '),
    },
  ];
}

function slowest(searches: readonly SearchFigures[], { residents }: DistrictFigures): readonly Measured[] {
  const pages = searches
    .filter(({ sameResult }) => sameResult)
    .map(({ name, at }) => ({ name, p50: at.at(-1)?.p50 ?? 0 }))
    .toSorted((a, b) => b.p50 - a.p50);
  const [worst] = pages;
  if (worst === undefined) return [];
  return [
    {
      name: `p50 with ${number(residents)} residents, the slowest search of a page`,
      value: worst.p50,
      unit: 'ms',
      yardstick: 'bareRoute',
      target: { comparator: '≤', value: 5, scale: 'time' },
      note: worst.name,
    },
  ];
}

function indexOf({ residents, resources, bytes, loading, sizes }: DistrictFigures): readonly Measured[] {
  const { contents, keys, index } = divided(sizes);
  const share = (part: number): string => `${(part / bytes).toFixed(2)}×`;
  return [
    {
      name: `index of ${number(residents)} residents, by the bytes of the resources`,
      value: index / bytes,
      unit: 'times',
      target: { comparator: '≤', value: 0.8, scale: 'fixed' },
      note: `${number(resources)} resources of ${number(bytes / resources)} bytes; tables of the resources ${share(contents)}, their key indexes ${share(keys)}; ${largest(sizes)}; loaded at ${number(loading)} resources/s`,
    },
  ];
}

const largest = (sizes: DistrictFigures['sizes']): string =>
  sizes
    .slice(0, 8)
    .map(({ name, bytes }) => `${name} ${number(bytes / 1e6)} MB`)
    .join(', ');
