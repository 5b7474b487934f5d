import { containedParam } from '#search/model/entry.ts';
import { and, type Filter, nothing, or } from '#search/model/filter.ts';
import type { Names } from '../database/names.ts';

/** The filter without what asks for contained resources of a kind that no resource of the types has, or refers to so. */
export function pruneImpossible(filter: Filter, types: readonly number[], names: Names): Filter {
  switch (filter.op) {
    case 'and':
      return and(filter.of.map((f) => pruneImpossible(f, types, names)));
    case 'or':
      return or(filter.of.map((f) => pruneImpossible(f, types, names)));
    case 'chain':
      return { ...filter, where: pruneImpossible(filter.where, names.types(filter.types), names) };
    case 'has':
      return { ...filter, where: pruneImpossible(filter.where, names.types([filter.type]), names) };
    case 'contained': {
      const parts = filter.where.op === 'and' ? filter.where.of : [filter.where];
      const asked = parts.flatMap((f) => (f.op === 'match' ? [containedParam(filter.type, f.param)] : []));
      return asked.every((param) => names.params(types, param).length > 0) ? filter : nothing;
    }
    default:
      return filter;
  }
}
