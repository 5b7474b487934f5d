import { numberOf, plain, quantityOf, rangeOf, stringsOf, tokensOf } from './oracle-matching.ts';
import type { Stored } from './oracle-values.ts';
import type { World } from './oracle-world.ts';

type Key = string | bigint | number;

/** What a resource is sorted by: undefined if it has no value, null where R4 and the server's README leave the order open. */
function keyOf(world: World, resource: Stored, code: string, descending: boolean): Key | undefined | null {
  if (code === '_id') return resource.id;
  if (code === '_lastUpdated') return Date.parse(resource.meta?.lastUpdated ?? '');
  const parameter = world.parameter(resource.resourceType, code);
  if (parameter === undefined) return null;
  const found = world.values(resource, parameter).flatMap((v): (Key | null)[] => {
    switch (parameter.type) {
      case 'string':
        return stringsOf(v).map(plain);
      case 'token':
        return tokensOf(v).map((t) => t.code);
      case 'date':
        return [rangeOf(v)?.low].filter((low) => low !== undefined);
      case 'quantity': {
        const range = quantityOf(v)?.range;
        // What is greater than 5 begins after 5.
        return range === undefined ? [] : [range.low * 2n + (range.lowOpen ? 1n : 0n)];
      }
      case 'number':
        return [numberOf(v)?.low].filter((low) => low !== undefined);
      case 'reference': {
        const link = world.link(v);
        return link === undefined ? [] : [link.to === 'local' ? link.id : null];
      }
      default:
        return typeof v.value === 'string' ? [v.type === 'canonical' ? null : v.value] : [];
    }
  });
  if (found.includes(null)) return null;
  const keys = found.filter((k) => k !== null).sort(compare);
  return descending ? keys.at(-1) : keys[0];
}

/** Strings by code points, as UTF-8 has them. */
function compare(a: Key, b: Key): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The first two neighbours that stand in the wrong order by `_sort`, if any. */
export function misplaced(world: World, resources: readonly Stored[], sort: string): string | undefined {
  const orders = sort.split(',').map((part) => ({ code: part.replace(/^-/, ''), descending: part.startsWith('-') }));
  const rows = resources.map((r) => ({
    id: `${r.resourceType}/${r.id}`,
    keys: orders.map((o) => keyOf(world, r, o.code, o.descending)),
  }));
  for (const [i, row] of rows.entries()) {
    const next = rows[i + 1];
    if (next !== undefined && isAfter(row.keys, next.keys, orders)) {
      return `${row.id} (${row.keys.join(', ')}) stands before ${next.id} (${next.keys.join(', ')})`;
    }
  }
  return undefined;
}

type Keys = readonly (Key | undefined | null)[];

function isAfter(first: Keys, second: Keys, orders: readonly { readonly descending: boolean }[]): boolean {
  for (const [i, { descending }] of orders.entries()) {
    const [a, b] = [first[i], second[i]];
    if (a === null || b === null) return false;
    if (a === undefined && b === undefined) continue;
    if (a === undefined || b === undefined) return a === undefined;
    const order = compare(a, b) * (descending ? -1 : 1);
    if (order !== 0) return order > 0;
  }
  return false;
}
