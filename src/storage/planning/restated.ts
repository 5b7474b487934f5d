import { ucumSystem } from '#fhir/values/units.ts';
import { convertedRange } from '#search/match/matches.ts';
import type { Entry } from '#search/model/entry.ts';
import type { Compare, Test } from '#search/model/filter.ts';

/** What the test asks of a value in this unit, as `passes` of search/match/matches.ts has it; undefined if none of it can pass. */
export function inUnit(
  test: Extract<Test, { kind: 'quantity' }>,
  { system, code, unit }: Pick<Extract<Entry, { kind: 'quantity' }>, 'system' | 'code' | 'unit'>,
): readonly Compare[] | undefined {
  if (test.system !== undefined && test.system !== system) return undefined;
  if (test.unit !== undefined && test.unit !== code && test.unit !== unit) return undefined;
  if (test.code === undefined || test.code === code) return test.where;
  return test.system === ucumSystem ? convertedRange(test.where, test.code, code) : undefined;
}

/** The path and all paths that it lies in, with and without a slash at the end. */
export function pathsAbove(path: string): readonly string[] {
  const places = [...path.matchAll(/\//g)].map(({ index }) => index);
  const starts = [...places.map((place) => path.slice(0, place)), path];
  return starts.flatMap((start) => [start, `${start}/`]);
}

/** How all below a path begin: the segments of a path end with a slash, those of a version with a full stop. */
export function startBelow(path: string): string {
  return path + (path.includes('|') ? '.' : '/');
}
