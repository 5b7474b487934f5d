import { and, type Filter, or } from '#search/model/filter.ts';

/** A filter without what its chains ask of contained resources: contained.test.ts is about that. */
export function chainsAlone(filter: Filter): Filter {
  switch (filter.op) {
    case 'and':
      return and(filter.of.map(chainsAlone));
    case 'or': {
      const isChain = filter.of.some((f) => f.op === 'chain');
      return or(filter.of.filter((f) => !isChain || f.op !== 'contained').map(chainsAlone));
    }
    case 'not':
      return { op: 'not', of: chainsAlone(filter.of) };
    case 'chain':
    case 'has':
      return { ...filter, where: chainsAlone(filter.where) };
    default:
      return filter;
  }
}
