/**
 * Times the extraction of index entries, alone on its thread: takes a district as JSON in the first argument and the
 * resources to take in the second, and prints milliseconds a resource, in all and by type, as one line of JSON.
 */
import type { Resource } from '@medplum/fhirtypes';
import type { Context } from '#operations/request/context.ts';
import { block, type District } from './district.ts';
import { received, withNewStore } from './indexing.ts';

export interface Extraction {
  /** Milliseconds a resource. */
  readonly mean: number;
  readonly resources: number;
  readonly types: Readonly<Record<string, number>>;
}

const rounds = 3;

const sum = (numbers: Iterable<number>): number => Iterator.from(numbers).reduce((total, each) => total + each, 0);

function measure({ index }: Context, resources: readonly Resource[]): Extraction {
  /** Milliseconds of one round. */
  const time = (some: readonly Resource[]): number => {
    const begun = performance.now();
    for (const resource of some) index(resource);
    return performance.now() - begun;
  };
  const byType = Map.groupBy(resources, ({ resourceType }): string => resourceType);
  time(resources);
  const spent = new Map<string, number>();
  for (let i = 0; i < rounds; i++) {
    for (const [type, some] of byType) spent.set(type, (spent.get(type) ?? 0) + time(some));
  }
  return {
    mean: sum(spent.values()) / rounds / resources.length,
    resources: resources.length,
    types: Object.fromEntries(
      [...spent].map(([type, milliseconds]) => [type, milliseconds / rounds / (byType.get(type)?.length ?? 1)]),
    ),
  };
}

const [district = '', most = ''] = process.argv.slice(2);
const resources = block(JSON.parse(district) as District, 0)
  .take(Number(most))
  .map(received)
  .toArray();
const extraction = await withNewStore((context) => measure(context, resources));
process.stdout.write(`${JSON.stringify(extraction)}\n`);
